"""Text of any size: from files to documents, and from documents to pieces that fill a disk.

Read ``corpora`` (a corpus in memory), ``sentences`` and ``layouts``, then ``blocks`` and
``tokenize_blocks``, ``shards``, ``prepare`` and ``prepared`` (a corpus larger than the memory).
"""
