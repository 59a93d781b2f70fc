"""A table of keys and values in one file, sorted by key: the form of LevelDB and TensorFlow.

::

    block, block, ... | index block | footer

Every block is followed by one byte, its compression, and four, its checksum. A block holds
entries, and after them the positions where a key is written in full, which serve a search and are
skipped here. The footer says where the index block is; the values of the index block say where the
others are ("handles": position and size).
"""

from ..protobuf import read_varint
from .crc32c import masked_crc32c

_MAGIC = bytes.fromhex("57fb808b247547db")
_FOOTER = 48                    # two handles, filled up to 40 bytes, then the magic number
_TRAILER = 5
_LONGEST_KEY = 500              # far beyond any name; keys are stored as differences and so
MOST_ENTRIES = 20_000          # a small file could ask for much memory


def read_table(data):
    """All entries of a table, in order.

    Parameters
    ----------
    data : bytes
        The whole file.

    Yields
    ------
    key, value : bytes

    Raises
    ------
    ValueError
        The data are not such a table, are damaged or are compressed; the message says where. The
        entries before the damage have been given by then.

    References
    ----------
    LevelDB, ``doc/table_format.md``; TensorFlow, ``lib/io/table_format.txt``.
    """
    if len(data) < _FOOTER or data[-len(_MAGIC):] != _MAGIC:
        raise ValueError("it does not end as a sorted table does; it is another kind of file, or "
                         "was cut short")
    footer = len(data) - _FOOTER
    at, handles = footer, []
    for _ in range(4):
        number, at = read_varint(data, at)
        handles.append(number)
    _, _, start, size = handles                     # the first one leads to a block without use
    last, count, end = b"", 0, 0
    for _, handle in _entries(_block(data, start, size, footer)):
        start, after = read_varint(handle, 0)
        size, _ = read_varint(handle, after)
        if start < end:
            raise ValueError(f"the block at {start} begins before the last one ends, at {end}")
        end = start + size
        for key, value in _entries(_block(data, start, size, footer)):
            if count and key <= last:
                raise ValueError(f"the key {key!r} does not come after {last!r}")
            last, count = key, count + 1
            if count > MOST_ENTRIES:
                raise ValueError(f"it has more than {MOST_ENTRIES} entries")
            yield key, value


def _block(data, start, size, end):
    """The contents of one block, which must lie before ``end``."""
    if start + size + _TRAILER > end:
        raise ValueError(f"a block of {size} bytes at {start} would reach beyond the end of the "
                         f"blocks, {end}")
    compression = data[start + size]
    if compression:
        raise ValueError(f"the block at {start} is compressed (kind {compression}); only "
                         f"uncompressed ones can be read")
    stored = int.from_bytes(data[start + size + 1:start + size + _TRAILER], "little")
    if masked_crc32c(data[start:start + size + 1]) != stored:
        raise ValueError(f"the block at {start} does not agree with its checksum")
    return data[start:start + size]


def _entries(block):
    """The entries of one block: each key is stored as what differs from the one before."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    if end < 0:
        raise ValueError(f"a block of {len(block)} bytes claims {restarts} restart positions")
    at, key = 0, b""
    while at < end:
        shared, at = read_varint(block, at, end)
        added, at = read_varint(block, at, end)
        size, at = read_varint(block, at, end)
        if shared > len(key) or added + size > end - at:
            raise ValueError(f"the entry that ends its head at {at} of a block of {end} bytes "
                             f"asks for {shared} + {added} + {size} bytes")
        if shared + added > _LONGEST_KEY:
            raise ValueError(f"a key is {shared + added} bytes long; at most {_LONGEST_KEY} are "
                             f"expected")
        key = key[:shared] + block[at:at + added]
        yield key, block[at + added:at + added + size]
        at += added + size
