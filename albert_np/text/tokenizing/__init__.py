"""What the tokenizer is made of: cleaning, the files of a folder, and training a new one.

Read ``preprocessing``, ``train_tokenizer``, ``sentencepiece_file``, ``tokenizer_folder``,
``tokenizer_json`` (the same tokenizer for transformers), then ``tokenizer_calls`` and
``wordpiece_tokenizer`` (BERT's, which most Chinese ALBERTs have); ``arguments`` checks the
arguments of a call, ``rows`` makes its arrays, and ``offsets`` says where in the text each piece
comes from.
"""
