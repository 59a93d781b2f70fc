"""The original format, written by the tests' own writer and read by the package."""

import numpy as np
import pytest
from tensorflow_files import (block, checksum, crc32c_bit_by_bit, entry, header, integer, table,
                              text, variables, varint, write)

from albert_np.model_files.protobuf import read_fields, read_varint
from albert_np.model_files.tensorflow.crc32c import crc32c, masked_crc32c
from albert_np.model_files.tensorflow.reader import read_tensorflow
from albert_np.model_files.tensorflow.sorted_table import read_table


def assert_equal(ours, expected):
    assert set(ours) == set(expected)
    for name, array in expected.items():
        assert ours[name].dtype == array.dtype, name
        np.testing.assert_array_equal(ours[name], array, err_msg=name)


@pytest.fixture
def prefix(tmp_path):
    return tmp_path / "model.ckpt-best"


# ---- sound files --------------------------------------------------------------------------------

@pytest.mark.parametrize("shards, per_block", [(1, 100), (1, 3), (3, 5)])
def test_the_weights_and_nothing_of_the_optimiser(prefix, rng, shards, per_block):
    weights, everything = variables(rng)
    write(prefix, everything, shards, per_block=per_block)
    assert_equal(read_tensorflow(prefix), weights)


def test_the_index_file_may_be_named(prefix, rng):
    weights, everything = variables(rng)
    write(prefix, everything)
    assert_equal(read_tensorflow(f"{prefix}.index"), weights)


def test_dtypes_and_shapes(prefix, rng):
    values = {name: (40 * rng.standard_normal((2, 3, 4))).astype(name)
              for name in ("float64", "float32", "float16", "int32", "int64", "uint8", "bool")}
    values["a scalar"] = np.array(2.5, np.float32)
    write(prefix, values)
    ours = read_tensorflow(prefix)
    assert_equal(ours, values)
    assert ours["a scalar"].shape == ()


def test_bfloat16_becomes_float32(prefix):
    halves = np.array([[0x3F80, 0xC020], [0x0000, 0x7F80]], np.uint16)
    write(prefix, {"x": halves.astype(np.int32)}, changes={"x": {
        "dtype": 14, "size": 8, "crc": checksum(halves.tobytes())}})
    prefix.with_name("model.ckpt-best.data-00000-of-00001").write_bytes(halves.tobytes())
    assert_equal(read_tensorflow(prefix),
                 {"x": np.array([[1, -2.5], [0, np.inf]], np.float32)})


def test_the_text_of_tensorflow_2_is_passed_over(prefix):
    x = np.arange(3, dtype=np.float32)
    write(prefix, {"x": x, "_CHECKPOINTABLE_OBJECT_GRAPH": np.zeros(2, np.uint8)},
          changes={"_CHECKPOINTABLE_OBJECT_GRAPH": {"dtype": 7}})
    assert_equal(read_tensorflow(prefix), {"x": x})


# ---- the parts ----------------------------------------------------------------------------------

@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 63, 64, 65, 127, 128, 129, 1000])
def test_checksums_of_every_length(rng, length):
    data = rng.integers(0, 256, length, np.uint8).tobytes()
    assert crc32c(data) == crc32c_bit_by_bit(data)
    assert masked_crc32c(data) == checksum(data)


@pytest.mark.parametrize("rest", [0, 1, 3, 4, 700])
def test_checksums_over_more_than_one_chunk(rng, monkeypatch, rest):
    monkeypatch.setattr("albert_np.model_files.tensorflow.crc32c.CHUNK", 1024)
    data = rng.integers(0, 256, 3 * 1024 + rest, np.uint8).tobytes()
    assert crc32c(data) == crc32c_bit_by_bit(data)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**35, 2**64 - 1])
def test_varints(number):
    data = b"ab" + varint(number) + b"c"
    assert read_varint(data, 2) == (number, len(data) - 1)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 9, b"\xff" * 20,
                                  b"\xff" * 9 + b"\x02"])
def test_varints_that_do_not_end_or_are_too_large(data):
    with pytest.raises(ValueError, match="^at position 0 there is no whole number of at most 64"):
        read_varint(data, 0)


def test_fields_of_every_wire_type():
    message = (integer(1, 300) + b"\x11" + bytes(range(8)) + text(3, b"Hi") + b"\x25\x01\0\0\x80"
               + text(16, b""))
    assert list(read_fields(message)) == [(1, 300), (2, 0x0706050403020100), (3, b"Hi"),
                                          (4, 0x80000001), (16, b"")]


@pytest.mark.parametrize("message, said", [
    (b"\x0a\x05abc", "field 1 is 5 bytes long, of which there are 3"),
    (b"\x0d\0\0\0", "field 1 is 4 bytes long, of which there are 3"),
    (b"\x0b", "field 1 has the unknown wire type 3"),
    (b"\x08", "at position 1 there is no whole number")])
def test_messages_that_are_none(message, said):
    with pytest.raises(ValueError, match=said):
        list(read_fields(message))


def test_tables_of_many_blocks():
    entries = [(f"key {i:04d}".encode() + b"x" * (i % 7), bytes([i % 256]) * (i % 300))
               for i in range(500)]
    for per_block in (1, 7, 16, 17, 500):
        assert list(read_table(table(entries, per_block))) == entries
    assert list(read_table(table([]))) == []


# ---- damaged files ------------------------------------------------------------------------------

def refusal(prefix, kind=ValueError):
    """The one sentence with which a checkpoint is refused."""
    with pytest.raises(kind) as caught:
        read_tensorflow(prefix)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 500
    return message


def test_missing_files(prefix, rng):
    assert refusal(prefix, FileNotFoundError) == f"There is no file {prefix}.index."
    write(prefix, variables(rng)[1], shards=2)
    second = prefix.with_name("model.ckpt-best.data-00001-of-00002")
    second.unlink()
    assert refusal(prefix, FileNotFoundError) == (f"There is no file {second}, which the "
                                                  f"checkpoint's index names.")


def test_an_index_cut_anywhere(prefix, rng):
    write(prefix, variables(rng)[1])
    index = prefix.with_name("model.ckpt-best.index")
    whole = index.read_bytes()
    for length in {0, 1, 47, 48, 49, *range(0, len(whole), 101), len(whole) - 1}:
        index.write_bytes(whole[:length])
        assert "it does not end as a sorted table does" in refusal(prefix)


def test_data_cut_short(prefix, rng):
    write(prefix, variables(rng)[1])
    data = prefix.with_name("model.ckpt-best.data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:1000])
    assert f"of {data}, which has 1000; the file was cut short" in refusal(prefix)


def test_one_bit_of_the_data(prefix, rng):
    weights, everything = variables(rng)
    write(prefix, everything)
    data = prefix.with_name("model.ckpt-best.data-00000-of-00001")
    changed = bytearray(data.read_bytes())
    changed[3] ^= 1                                    # of the first by name, ...embeddings/beta
    data.write_bytes(changed)
    assert refusal(prefix) == (f"bert/embeddings/LayerNorm/beta in {data} does not agree with its "
                               f"checksum; the file is damaged")


def test_one_bit_of_the_index(prefix, rng):
    write(prefix, variables(rng)[1])
    index = prefix.with_name("model.ckpt-best.index")
    changed = bytearray(index.read_bytes())
    changed[10] ^= 4
    index.write_bytes(changed)
    assert "the block at 0 does not agree with its checksum" in refusal(prefix)


def test_compressed_blocks(prefix, rng):
    write(prefix, variables(rng)[1], compression=1)
    assert "is compressed (kind 1); only uncompressed ones can be read" in refusal(prefix)


X = np.arange(6, dtype=np.float32).reshape(2, 3)
HUGE = 2**62


@pytest.mark.parametrize("change, said", [
    ({"dtype": 7}, r"x has a dtype that is not for numbers \(TensorFlow's number 7\)"),
    ({"dtype": 2}, r"x has the shape \(2, 3\) and 24 bytes, which do not fit"),
    ({"shape": (3, 3)}, r"x has the shape \(3, 3\) and 24 bytes, which do not fit"),
    ({"shape": (HUGE, HUGE)}, "bytes, which do not fit"),
    ({"shape": (-2, -3)}, "bytes, which do not fit"),
    ({"shape": (0, HUGE), "size": 0}, "bytes, which do not fit"),
    ({"shape": (2, 3) + (1,) * 30}, "x has 32 dimensions"),
    ({"shape": (HUGE,), "size": 4 * HUGE % 2**64}, "bytes, which do not fit"),
    ({"shape": (2**50,), "size": 2**52}, "which has 36; the file was cut short, or the index"),
    ({"offset": 13}, "x is said to end at byte 37 of .*, which has 36"),
    ({"offset": 2**63}, "x is said to end at byte .*, which has 36"),
    ({"shard": 1}, "x is said to be in data file 1, which there is not"),
    ({"shard": -1}, "which there is not"),
    ({"offset": 4}, "says that x and y lie in the same place of"),
    ({"crc": 1}, "x in .* does not agree with its checksum")])
def test_entries_that_do_not_fit(prefix, change, said):
    write(prefix, {"x": X, "y": X[0]}, changes={"x": change})
    with pytest.raises(ValueError, match=said):
        read_tensorflow(prefix)


@pytest.mark.parametrize("entries, said", [
    ([], "its header says that there are 0 data files"),
    ([(b"", header(0))], "its header says that there are 0 data files"),
    ([(b"", header(10**6))], "its header says that there are 1000000 data files"),
    ([(b"", text(1, b"one"))], "its header has text where the number of data files should be"),
    ([(b"", header(endianness=1))], "its header says that the data are not little-endian"),
    ([(b"", header()), (b"x", entry(X) + text(7, b""))], "x was kept in parts"),
    ([(b"", header()), (b"\0\1x", entry(X))], "it holds slices of a variable"),
    ([(b"", header()), (b"\xff", entry(X))], r"the name b'\\xff' is not UTF-8 text"),
    ([(b"", header()), (b"x", integer(2, 5))], "the shape of an entry is of the wrong type"),
    ([(b"", header()), (b"x", text(1, b""))], "field 1 of an entry is of the wrong type"),
    ([(b"", header()), (b"x", text(2, text(2, text(1, b""))))], "a dimension of an entry is of"),
    ([(b"", header()), (b"x", b"\x0b")], "unknown wire type 3"),
    ([(b"", header()), (b"x" * 501, entry(X))], "a key is 50. bytes long; at most 500"),
    ([(b"", header()), (b"y", b""), (b"x", b"")], "the key b'x' does not come after b'y'"),
    ([(b"", header()), (b"y", b""), (b"y", b"")], "the key b'y' does not come after b'y'")])
def test_tables_that_are_not_the_index_of_a_checkpoint(prefix, entries, said):
    prefix.with_name("model.ckpt-best.index").write_bytes(table(entries))
    with pytest.raises(ValueError, match=f"model.ckpt-best.index cannot be used .*{said}"):
        read_tensorflow(prefix)


def test_more_entries_than_a_checkpoint_has(monkeypatch):
    monkeypatch.setattr("albert_np.model_files.tensorflow.sorted_table.MOST_ENTRIES", 3)
    entries = [(bytes([i]), b"") for i in range(4)]
    assert list(read_table(table(entries[:3]))) == entries[:3]
    with pytest.raises(ValueError, match="it has more than 3 entries"):
        list(read_table(table(entries)))


def test_an_index_too_large_to_be_one(prefix):
    with open(f"{prefix}.index", "wb") as file:
        file.truncate(1 << 40)                         # takes no room on the disk
    assert refusal(prefix) == (f"{prefix}.index has {1 << 40} bytes; the index of a checkpoint is "
                               f"smaller than 16777216")


@pytest.mark.parametrize("contents, said", [
    (b"\x05\x01\0a" + bytes(8), r"asks for 5 \+ 1 \+ 0 bytes"),          # shares what is not there
    (b"\0\x01\x50a" + bytes(8), r"asks for 0 \+ 1 \+ 80 bytes"),
    (b"\0\x01" + bytes([0, 0, 0, 0, 1, 0, 0, 0]), "there is no whole number"),
    (bytes([255] * 4), "a block of 4 bytes claims 4294967295 restart positions"),
    (b"", "a block of 0 bytes claims 0 restart positions")])
def test_blocks_that_are_none(contents, said):
    with pytest.raises(ValueError, match=said):
        list(read_table(table([(b"a", b"")], spoil=lambda _: contents)))


@pytest.mark.parametrize("handles, said", [
    ([(0, 10_000)], "a block of 10000 bytes at 0 would reach beyond"),
    ([(HUGE, HUGE)], "would reach beyond the end of the blocks"),
    ([(0, None), (0, None)], "the block at 0 begins before the last one ends")])
def test_handles_that_lead_astray(handles, said):
    """The index of a table is itself a block; its handles here are made up."""
    first = table([(b"a", b"b")])
    size = first.index(bytes([1, 0, 0, 0])) + 4        # where the count of restarts ends
    sealed = first[:size + 5]
    blocks = [(bytes([i]), varint(start) + varint(size if length is None else length))
              for i, (start, length) in enumerate(handles)]
    index = block(blocks, interval=1) + b"\0"
    footer = varint(0) + varint(0) + varint(len(sealed)) + varint(len(index) - 1)
    data = sealed + index + checksum(index).to_bytes(4, "little") + footer.ljust(40, b"\0")
    with pytest.raises(ValueError, match=said):
        list(read_table(data + bytes.fromhex("57fb808b247547db")))
