"""Heads: from hidden states to scores, one file for each kind of output.

Read ``masked_lm_head`` (the table used twice), ``sentence_order_head``, then those of the tasks:
``classification_head``, ``span_head``, and ``squad2_head`` with its ``squad2_end`` and
``squad2_answer``.
"""
