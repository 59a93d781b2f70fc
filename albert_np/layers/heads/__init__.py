"""Heads: from hidden states to scores, one file for each kind of output.

Read ``masked_lm_head`` (which uses the word table a second time) and ``sentence_order_head``. Then
read the heads of the tasks: ``classification_head``, ``span_head``, and ``squad2_head`` with its
parts ``squad2_end`` and ``squad2_answer``.
"""
