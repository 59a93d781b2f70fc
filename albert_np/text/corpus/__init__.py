"""Text of any size: from files to documents, and from documents to pieces that fill a disk.

Read ``corpora`` and ``embedded`` (a corpus in memory), ``sentences`` and ``layouts``, then
``blocks``, ``sample``, ``tokenize_blocks``, ``tokenized_documents`` and ``shards``, ``manifest``,
``prepare`` and ``prepared`` (a corpus larger than the memory), with ``progress``.
"""
