"""The header of a safetensors file is checked, and only what is asked for is read."""

import json
import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import save_file

from albert_np.model_files.safetensors_file import open_safetensors
from albert_np.model_files.stored_tensor import as_floats, stored_array


def write(path, header, data=b"", length=None):
    """A safetensors file by hand."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    length = len(text) if length is None else length
    path.write_bytes(length.to_bytes(8, "little") + text + data)
    return path


def tensor(begin=0, end=8, dtype="F32", shape=(2,)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


@pytest.mark.parametrize("dtype", [
    np.float64, np.float32, np.float16, np.complex64, np.int64, np.int32, np.int16, np.int8,
    np.uint64, np.uint32, np.uint16, np.uint8, np.bool_])
def test_what_the_library_writes_comes_back(tmp_path, dtype, rng):
    arrays = {"a": rng.integers(0, 2, (3, 4)).astype(dtype), "scalar": np.array(1, dtype),
              "none": np.zeros((0, 5), dtype), "ü": rng.integers(0, 2, 7).astype(dtype)}
    save_file(arrays, tmp_path / "file", {"format": "pt"})
    stored = open_safetensors(tmp_path / "file")
    assert set(stored) == set(arrays)
    for name, array in arrays.items():
        assert stored[name].shape == array.shape
        read = stored[name].read()
        assert read.dtype == dtype
        np.testing.assert_array_equal(read, array)


def sentence(path):
    """What is said of a damaged file: one sentence with its name and the library's reason."""
    with pytest.raises(ValueError) as caught:
        open_safetensors(path)
    text, reason = str(caught.value), str(caught.value.__cause__).rstrip(".")
    assert text == f"The file {path} is cut short, damaged, or no safetensors file: {reason}."
    assert reason and "\n" not in text and len(text) < 600
    return text


@pytest.mark.parametrize("header, data", [
    ({"a": tensor()}, b"1234567"), ({"a": tensor()}, b"123456789"),
    ({"a": tensor(), "b": tensor()}, bytes(8)), ({"a": tensor(), "b": tensor(4, 12)}, bytes(12)),
    ({"a": tensor(), "b": tensor(12, 20)}, bytes(20)), ({"a": tensor(end=12)}, bytes(12)),
    ({"a": tensor(end=4)}, bytes(4)), ({"a": tensor(8, 0)}, bytes(8)),
    ({"a": tensor(-8, 0)}, bytes(8)), ({"a": tensor(dtype="F31")}, bytes(8)),
    ({"a": tensor(dtype=["F32"])}, bytes(8)), ({"a": tensor(shape=(-2,))}, bytes(8)),
    ({"a": tensor(shape=(2.0,))}, bytes(8)), ({"a": tensor(shape=(True, 2))}, bytes(8)),
    ({"a": tensor(shape=[1] * 40)}, bytes(4)),
    ({"a": tensor(shape=(2**62, 2**62, 0), end=0)}, b""),
    ({"a": tensor(shape=(2**40, 2**40))}, bytes(8)),
    ({"a": tensor(0, 2**62, shape=(2**60,))}, bytes(8)),
    ({"a": {"dtype": "F32", "shape": [2]}}, bytes(8)), ({"a": 3}, bytes(8)),
    ({"a": ["F32", [2], [0, 8]]}, bytes(8)), ({"__metadata__": {"a": 1}}, b""),
    (b"[]", b""), (b"{", b""), (b"\xff\xfe", b""), (b"[" * 10**5, b""),
    (b'{"a":' + b"9" * 9999 + b"}", b""), (b'{"a": 1, "a": 2}', b"")])
def test_headers_that_contradict_themselves_or_the_file(tmp_path, header, data):
    sentence(write(tmp_path / "file", header, data))


def test_a_name_that_occurs_twice(tmp_path):
    """The library takes the second; another reader might take the first."""
    entry = json.dumps(tensor())
    text = sentence(write(tmp_path / "file", f'{{"a": {entry}, "a": {entry}}}'.encode(), bytes(8)))
    assert "the name 'a' occurs twice" in text


@pytest.mark.parametrize("length", [3, 2**20, 2**40, 2**63, 2**64 - 1])
def test_a_wrong_length_of_the_header(tmp_path, length):
    sentence(write(tmp_path / "file", {"a": tensor()}, bytes(8), length))


@pytest.mark.parametrize("size", [0, 1, 7, 8])
def test_files_that_end_before_they_begin(tmp_path, size):
    (tmp_path / "file").write_bytes(b"\x09" * size)
    sentence(tmp_path / "file")


def test_no_file_and_no_tensors(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file .*nothing"):
        open_safetensors(tmp_path / "nothing")
    with pytest.raises(ValueError, match="cannot be read: it is a folder"):
        open_safetensors(tmp_path)
    assert open_safetensors(write(tmp_path / "file", {"__metadata__": {"a": "b"}})) == {}


def test_a_header_longer_than_any_model_needs(tmp_path):
    with open(tmp_path / "file", "wb") as file:
        file.write((2**30).to_bytes(8, "little"))
        file.truncate(2**31)                # two gigabytes, of which the disk holds one page
    tracemalloc.start()
    before = resident()
    sentence(tmp_path / "file")
    assert tracemalloc.get_traced_memory()[1] < 2**20 and resident() - before < 2**22
    tracemalloc.stop()


def test_bfloat16_and_what_numpy_lacks(tmp_path):
    """The bits of bfloat16, the bytes of others; neither hinders the tensors beside them."""
    path = write(tmp_path / "file", {
        "half": tensor(0, 4, "BF16"), "fp8": tensor(4, 6, "F8_E4M3"), "whole": tensor(6, 14)},
        bytes([0xC0, 0x3F, 0, 0xC0, 7, 9]) + np.array([1.5, -2], "<f4").tobytes())
    stored = open_safetensors(path)
    assert as_floats(stored["half"]).tolist() == [1.5, -2]
    assert stored["fp8"].read().tolist() == [7, 9] and stored["fp8"].dtype == "F8_E4M3"
    np.testing.assert_array_equal(stored["whole"].read(), [1.5, -2])      # not aligned


@pytest.mark.parametrize("dtype, name", [
    ("f2", "F16"), ("f8", "F64"), ("c8", "C64"), ("i4", "I32"), ("u1", "U8")])
def test_an_array_in_memory_is_called_as_in_a_file(dtype, name):
    stored = stored_array(np.ones((2, 3), dtype))
    assert stored[:2] == ((2, 3), name) and stored.read().dtype == dtype


def test_what_is_not_used_is_not_read(tmp_path):
    """A gigabyte that does not exist on the disk, and one small tensor behind it."""
    size = 2**30
    path = write(tmp_path / "file", {"large": tensor(0, size, shape=(size // 4,)),
                                     "small": tensor(size, size + 8)})
    with open(path, "r+b") as file:
        file.seek(0, 2)
        file.seek(file.tell() + size)
        file.write(np.array([1.5, -2], "<f4").tobytes())
    before = resident()
    stored = open_safetensors(path)
    np.testing.assert_array_equal(stored["small"].read(), [1.5, -2])
    large = stored["large"].read()          # still a view: nothing has been read
    assert resident() - before < 2**22
    assert large[:1000].sum() == 0 and resident() - before < 2**24


def resident():
    """Bytes of memory that this process really has."""
    import resource

    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def test_arrays_can_be_changed_and_the_file_stays(tmp_path):
    save_file({"a": np.ones(5, np.float32)}, tmp_path / "file")
    array = open_safetensors(tmp_path / "file")["a"].read()
    array += 1
    assert array.tolist() == [2] * 5
    assert open_safetensors(tmp_path / "file")["a"].read().tolist() == [1] * 5
