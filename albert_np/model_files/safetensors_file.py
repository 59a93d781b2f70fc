"""Reading safetensors files. Nothing is allocated before all of the header has been checked.

Such a file is eight bytes with the length n of the header, n bytes of JSON, and the tensors::

    {"name": {"dtype": "F32", "shape": [2, 768], "data_offsets": [begin, end]}, ...}

The offsets count from the end of the header. The tensors fill the rest of the file without gaps.
The file is mapped into memory: a tensor that nobody asks for is never read from the disk.

References
----------
https://huggingface.co/docs/safetensors, "Format".
"""

import math
from pathlib import Path

import numpy as np

from ..files.json_objects import parse_object
from .stored_tensor import StoredTensor

LONGEST_HEADER = 2 * 2**20      # bytes, room for 20,000 tensors; the largest BERT has 400
MOST_AXES = 16

# Stored as: of what NumPy cannot express, the bytes.
DTYPES = {"BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4",
          "I32": "<i4", "U64": "<u8", "I64": "<i8", "F16": "<f2", "BF16": "<u2", "F32": "<f4",
          "F64": "<f8", "C64": "<c8", "F8_E4M3": "u1", "F8_E5M2": "u1", "F8_E8M0": "u1"}


def open_safetensors(path):
    """Check a safetensors file and list its tensors.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict of str to StoredTensor
        Their arrays lie in memory that belongs to this process: they may be written to, which
        the file does not notice. The file must not be cut while they are in use.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file cannot be read, is cut short, or its header contradicts itself or the file.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    if not path.is_file():
        raise ValueError(f"{path} is no file, where one is needed.")
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            begin, entries = _read_header(file, size, path)
        # "c", copy on write: a page is copied when it is written to, and the file stays as it is.
        data = np.asarray(np.memmap(path, np.uint8, "c"))[begin:] if entries else None
    except OSError as error:
        raise ValueError(f"The file {path} cannot be read: {error.strerror or error}."
                         ) from error
    tensors = {name: _check_entry(name, entry, path) for name, entry in entries.items()}
    _check_offsets(tensors, size - begin, path)
    return {name: StoredTensor(shape, dtype, _reader(data, dtype, shape, *span))
            for name, (dtype, shape, span) in tensors.items()}


def _read_header(file, size, path):
    """Where the data begin, and the entries of the header as they stand there."""
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > size - 8:
        raise ValueError(f"{path} is cut short, or no safetensors file: it has {size} bytes, "
                         f"where its header alone would end at {8 + length}.")
    if length > LONGEST_HEADER:
        raise ValueError(f"{path} is no safetensors file of an ALBERT: its header would have "
                         f"{length} bytes, more than {LONGEST_HEADER}.")
    try:
        text = file.read(length).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is damaged, or no safetensors file: its header is not UTF-8."
                         ) from None
    entries = parse_object(text, f"{path} is damaged, or no safetensors file: its header")
    entries.pop("__metadata__", None)
    return 8 + length, entries


def _check_entry(name, entry, path):
    """(dtype, shape, (begin, end)) of one tensor."""
    where = f"{path} is damaged: in its header, the tensor {name[:80]!r} has"
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{where} not exactly a dtype, a shape and data_offsets.")
    dtype, shape, span = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"{where} the dtype {_short(dtype)}; known are {', '.join(DTYPES)}.")
    if not _are_counts(shape) or len(shape) > MOST_AXES:
        raise ValueError(f"{where} the shape {_short(shape)}, which is no list of at most "
                         f"{MOST_AXES} counts.")
    if not _are_counts(span) or len(span) != 2:
        raise ValueError(f"{where} the data_offsets {_short(span)}, which are no pair of counts.")
    needed = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
    if span[1] - span[0] != needed:
        raise ValueError(f"{where} the data_offsets {_short(span)}, where {dtype} of shape "
                         f"{_short(shape)} needs {_short(needed)} bytes.")
    return dtype, tuple(shape), tuple(span)


def _check_offsets(tensors, available, path):
    """The tensors lie one after the other, and fill the file."""
    position = 0
    for name, (_, _, (begin, end)) in sorted(tensors.items(), key=lambda item: item[1][2]):
        if begin != position:
            raise ValueError(f"{path} is damaged: the tensor {name[:80]!r} begins at {begin}, "
                             f"where the one before it ends at {position}.")
        position = end
    if position != available:
        raise ValueError(f"{path} is cut short or damaged: its tensors have {position} bytes, "
                         f"where the file has {available}.")


def _reader(data, dtype, shape, begin, end):
    """A function that gives the array: a view of the file, which is read when it is used."""
    def read():
        return data[begin:end].view(DTYPES[dtype]).reshape(shape)

    return read


def _are_counts(values):
    """Whether this is a list of whole numbers from 0 to 2^63."""
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**63 for v in values)


def _short(value):
    """A value in a sentence, however long it is."""
    try:
        text = repr(value)
    except ValueError:          # Python refuses to print an integer of thousands of digits
        return "(a very long number)"
    return text if len(text) <= 80 else text[:77] + "..."
