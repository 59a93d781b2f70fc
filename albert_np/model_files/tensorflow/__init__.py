"""The checkpoints of the original code, read without TensorFlow.

Read ``crc32c``, ``protobuf`` (the records of an index), ``sorted_table`` (the index), then
``reader``.
"""
