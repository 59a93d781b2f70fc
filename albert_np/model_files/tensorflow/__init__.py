"""The checkpoints of the original code, read without TensorFlow.

Read ``reader``, which needs ``sorted_table`` (the index), ``protobuf`` (its records) and ``crc32c``.
"""
