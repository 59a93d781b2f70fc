"""A sample of a corpus of any size, spread over all of it, to train a tokenizer on."""

UNIT_BYTES = 1 << 16                 # the sample consists of stretches of about this many bytes


def sample_blocks(blocks, limit):
    """Choose stretches at equal distances, so many that they stay below a limit.

    How long the corpus is shows only at its end. So every stretch is taken at first; whenever the
    limit is passed, every second one is given back and the distance doubles.

    Parameters
    ----------
    blocks : iterable of Block
    limit : int
        Bytes.

    Returns
    -------
    kept : list of Block
        Between half of the limit and the limit, or the whole corpus if that is smaller.
    distance : int
        One stretch of so many is kept; 1 means that all of them are.
    """
    kept, size, distance = [], 0, 1
    for number, unit in enumerate(unit for block in blocks for unit in _units(block)):
        if number % distance:
            continue
        kept.append(unit)
        size += len(unit.data)
        while size > limit and len(kept) > 1:
            kept, distance = kept[::2], 2 * distance
            size = sum(len(unit.data) for unit in kept)
    return kept, distance


def _units(block):
    """Cut a block into stretches that end with a line."""
    begin, line = 0, block.line
    while begin < len(block.data):
        end = block.data.find(b"\n", begin + UNIT_BYTES) + 1 or len(block.data)
        data = block.data[begin:end]
        yield block._replace(data=data, position=block.position + begin, line=line)
        begin, line = end, line + data.count(b"\n")
