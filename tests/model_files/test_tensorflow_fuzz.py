"""Damaged checkpoints by the hundred: each is read, or refused in one sentence, in little memory.

Half of the damage is done behind the checksums, so that these do not catch it first.
"""

import time
import tracemalloc

import numpy as np
import pytest
from tensorflow_files import header, table, variables, varint, write

from albert_np.model_files.tensorflow.reader import read_tensorflow

MEGABYTE = 1 << 20


def mutate(data, rng):
    """The bytes, damaged in one of many ways."""
    data = bytearray(data)
    at = int(rng.integers(len(data) + 1))
    kind = rng.integers(7)
    if kind == 0:                                                # a few bits
        for i in rng.integers(len(data), size=rng.integers(1, 9)):
            data[i] ^= 1 << rng.integers(8)
    elif kind == 1:                                              # cut short
        del data[at:]
    elif kind == 2:                                              # something left out
        del data[at:at + int(rng.integers(1, 50))]
    elif kind == 3:                                              # lengthened
        data[at:at] = rng.bytes(int(rng.integers(1, 2000)))
    elif kind == 4:                                              # a part twice
        data[at:at] = data[at:at + int(rng.integers(1, 200))]
    elif kind == 5:                                              # a number made huge
        huge = varint(2 ** int(rng.integers(7, 64)) - int(rng.integers(2)))
        data[at:at + int(rng.integers(len(huge) + 1))] = huge
    else:                                                        # bytes of 0, of 255
        data[at:at + 8] = bytes([rng.choice([0, 255])]) * 8
    return bytes(data)


def damaged_checkpoint(folder, rng):
    """Write a checkpoint of a few variables, one of its files damaged."""
    prefix = folder / "model.ckpt"
    for old in folder.iterdir():
        old.unlink()
    everything = dict(list(variables(rng)[1].items())[:14])
    if rng.random() < 0.5:
        spoilt = int(rng.integers(6))
        order = iter(range(100))
        write(prefix, everything, per_block=5,
              spoil=lambda block: mutate(block, rng) if next(order) == spoilt else block)
    else:
        write(prefix, everything, shards=int(rng.integers(1, 3)))
        victim = rng.choice(sorted(folder.iterdir()))
        victim.write_bytes(mutate(victim.read_bytes(), rng))
    return prefix


def outcome(prefix):
    """"read" or "refused", and the processor's seconds; anything else is a failure."""
    tracemalloc.start()
    begin = time.process_time()
    try:
        for array in read_tensorflow(prefix).values():
            assert isinstance(array, np.ndarray)
        result = "read"
    except (ValueError, FileNotFoundError) as error:
        assert "\n" not in str(error) and len(str(error)) < 5000
        result = "refused"
    seconds = time.process_time() - begin
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = sum(path.stat().st_size for path in prefix.parent.iterdir())
    assert peak < 100 * MEGABYTE + size
    return result, seconds


@pytest.mark.slow
def test_two_hundred_damaged_checkpoints(tmp_path, rng):
    outcomes = {outcome(damaged_checkpoint(tmp_path, rng))[0] for _ in range(200)}
    # Bytes added behind the data, or damage in an optimiser's slot, harm nothing.
    assert outcomes == {"read", "refused"}


@pytest.mark.thorough
def test_five_thousand_damaged_checkpoints(tmp_path):
    """None takes two seconds of the processor, which a sound one of this size needs 0.01 of."""
    rng = np.random.default_rng(1)
    assert max(outcome(damaged_checkpoint(tmp_path, rng))[1] for _ in range(5000)) < 2


def test_a_small_index_of_long_keys(tmp_path):
    """20,000 keys that share nearly all their letters: 180 kB that stand for 10 MB."""
    first = varint(0) + varint(0) + varint(2) + header()[:2]
    first += varint(0) + varint(486) + varint(0) + b"x" * 480 + b"%06d" % 0
    others = (varint(480) + varint(6) + varint(0) + b"%06d" % i for i in range(1, 19_999))
    keys = first + b"".join(others) + bytes(4)
    contents = iter([keys])
    (tmp_path / "model.ckpt.index").write_bytes(
        table([(b"", b"")], spoil=lambda block: next(contents, block)))
    assert outcome(tmp_path / "model.ckpt")[0] == "refused"
    with pytest.raises(ValueError, match="dtype that is not for numbers"):
        read_tensorflow(tmp_path / "model.ckpt")
