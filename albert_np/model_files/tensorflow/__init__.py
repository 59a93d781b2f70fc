"""The checkpoints of the original code, read without TensorFlow.

Read ``crc32c``, ``sorted_table`` (the index), then ``reader``.
"""
