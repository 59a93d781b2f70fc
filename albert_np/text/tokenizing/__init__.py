"""What the tokenizer is made of: cleaning, the files of a folder, and training a new one.

Read ``preprocessing``, ``train_tokenizer``, ``tokenizer_folder``; ``arguments`` checks what is asked.
"""
