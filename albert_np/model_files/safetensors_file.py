"""Reading safetensors files with the safetensors library, as views of the file.

The library checks the whole header against the file before anything is allocated. Making the arrays
stays by hand, because the library cannot do two things with NumPy: it has no bfloat16 there, and it
copies every tensor into memory. Here a tensor is a view of the file, which is mapped into memory: a
tensor that nobody asks for is never read from the disk.
"""

import contextlib
from pathlib import Path

import numpy as np

from ..files.git_lfs import refuse_pointer
from ..files.json_objects import parse_object
from .stored_tensor import StoredTensor

DTYPES = {"BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4",
          "I32": "<i4", "U64": "<u8", "I64": "<i8", "F16": "<f2", "BF16": "<u2", "F32": "<f4",
          "F64": "<f8", "C64": "<c8"}


@contextlib.contextmanager
def reading(path, kind="file"):
    """Open a file with the library; whatever is wrong with the file becomes one sentence.

    Parameters
    ----------
    path : str or Path
    kind : str
        What the sentences call the file.

    Yields
    ------
    safetensors.safe_open

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file cannot be read, is a pointer of Git LFS, is cut short, or its header contradicts
        itself or the file.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no {kind} {path}.")
    with contextlib.suppress(OSError):                  # which the library will meet again
        refuse_pointer(path)
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        with safe_open(path, framework="numpy") as file:
            yield file
    except OSError as error:
        raise ValueError(f"The {kind} {path} cannot be read: {error.strerror or error}."
                         ) from error
    # The library looks up in NumPy whatever dtype a header names: an AttributeError, a TypeError.
    except (SafetensorError, AttributeError, KeyError, TypeError, ValueError, MemoryError) as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise ValueError(f"The {kind} {path} is cut short, damaged, or no safetensors file: "
                         f"{reason}.") from error


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
    FileNotFoundError, ValueError
        As :func:`reading`.
    """
    with reading(path), open(path, "rb") as file:
        # The length of the header, the header, and the tensors one after the other.
        begin = 8 + int.from_bytes(file.read(8), "little")
        entries = parse_object(file.read(begin - 8), "its header")
        entries.pop("__metadata__", None)
        # "c", copy on write: a page is copied when it is written to, and the file stays as it is.
        data = np.asarray(np.memmap(path, np.uint8, "c"))[begin:]
        return {name: _stored(entry["dtype"], tuple(entry["shape"]),
                              data[slice(*entry["data_offsets"])])
                for name, entry in entries.items()}


def _stored(dtype, shape, data):
    """A tensor whose array is a view of its bytes; if NumPy lacks the dtype, the bytes."""
    def read():
        return data.view(DTYPES[dtype]).reshape(shape) if dtype in DTYPES else data

    return StoredTensor(shape, dtype, read)
