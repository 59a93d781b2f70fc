"""The original checkpoints, read without TensorFlow.

``model.ckpt-best.index`` is a sorted table (``sorted_table``) from the name of each variable to
a small message: dtype, shape, which data file, where in it, checksum.
``model.ckpt-best.data-00000-of-00001`` is the numbers, one variable after another.
"""

import math
from pathlib import Path

import numpy as np

from ...files import read_bytes
from ..protobuf import read_fields
from .crc32c import masked_crc32c
from .sorted_table import read_table

# The numbers of TensorFlow's types.proto.
_BFLOAT16 = 14
_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 4: "u1", 5: "<i2", 6: "i1", 9: "<i8", 10: "?",
           _BFLOAT16: "<u2", 17: "<u2", 19: "<f2", 22: "<u4", 23: "<u8"}
_MOST_DIMENSIONS = 8
_LARGEST_INDEX = 1 << 24        # bytes; that of a BERT with its optimiser has some 30,000
# What an optimiser keeps beside each variable, and the number of the step.
_OPTIMISER = ("adam_m", "adam_v", "global_step")
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"      # in files of TensorFlow 2: text, no numbers


def read_tensorflow(prefix):
    """All variables of a TensorFlow checkpoint, but not what the optimiser keeps.

    Parameters
    ----------
    prefix : str or Path
        The part that the names of the files have in common, such as
        ``albert_base/model.ckpt-best``. The ``.index`` file itself may be named too.

    Returns
    -------
    dict of str to array
        Under their original names, such as ``bert/embeddings/word_embeddings``, in the original's
        layout (kernels are (in, out)) and in the dtypes of the file; bfloat16, which NumPy does
        not have, becomes float32.

    Raises
    ------
    FileNotFoundError
        One of the files is missing.
    ValueError
        The index is damaged, or does not fit the data, or a variable is of a kind that a
        checkpoint of a model does not have. Checksums are compared.

    References
    ----------
    TensorFlow, ``core/protobuf/tensor_bundle.proto`` and ``core/util/tensor_bundle``.
    """
    prefix = str(prefix).removesuffix(".index")
    index = Path(f"{prefix}.index")
    # A file without end is refused before it is read.
    if index.is_file() and index.stat().st_size > _LARGEST_INDEX:
        raise ValueError(f"{index} has {index.stat().st_size} bytes; the index of a checkpoint is "
                         f"smaller than {_LARGEST_INDEX}")
    data = read_bytes(index)
    try:
        entries = dict(read_table(data))
        files = _data_files(prefix, entries.pop(b"", b""))
        entries = {_name(key): _entry(value) for key, value in entries.items()}
        wanted = {name: entry for name, entry in entries.items()
                  if name.split("/")[-1] not in _OPTIMISER and name != _OBJECT_GRAPH}
        plans = {name: _plan(name, entry, files) for name, entry in wanted.items()}
    except ValueError as error:
        raise ValueError(f"{index} cannot be used as the index of a checkpoint: {error}") from None
    _refuse_repetition(index, plans)
    return {name: _read(name, *plan) for name, plan in plans.items()}


def _data_files(prefix, header):
    """The paths of the data files, from the header, which stands under the empty name."""
    header = dict(read_fields(header))
    count = header.get(1, 0)
    if not isinstance(count, int):
        raise ValueError("its header has text where the number of data files should be")
    if not 1 <= count <= 99_999:
        raise ValueError(f"its header says that there are {count} data files")
    if header.get(2, 0) != 0:
        raise ValueError("its header says that the data are not little-endian")
    # No list: a name is made when it is needed.
    return lambda i: (Path(f"{prefix}.data-{i:05d}-of-{count:05d}") if 0 <= i < count else None)


def _name(key):
    if key.startswith(b"\0"):
        raise ValueError("it holds slices of a variable that was kept in parts; save the model "
                         "again without partitioning")
    try:
        return key.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"the name {key!r} is not UTF-8 text") from None


def _entry(message):
    """What is said of one variable: dtype, shape, file, offset, size, checksum.

    As everywhere in this format, a number that is not there is 0.
    """
    fields, shape = {}, ()
    for number, value in read_fields(message):
        if number == 2:
            shape = _shape(value)
        elif number in (1, 3, 4, 5, 6, 7):
            if isinstance(value, int) != (number != 7):
                raise ValueError(f"field {number} of an entry is of the wrong type")
            fields[number] = value
    return (fields.get(1, 0), shape, fields.get(3, 0), fields.get(4, 0), fields.get(5, 0),
            fields.get(6, 0), 7 in fields)


def _shape(message):
    """The sizes of the dimensions: field 1 of each field 2."""
    if not isinstance(message, bytes):
        raise ValueError("the shape of an entry is of the wrong type")
    shape = []
    for number, dimension in read_fields(message):
        if number == 2:
            fields = dict(read_fields(dimension)) if isinstance(dimension, bytes) else {}
            size = fields.get(1, 0)
            if not isinstance(size, int):
                raise ValueError("a dimension of an entry is of the wrong type")
            shape.append(size)
    return tuple(shape)


def _plan(name, entry, files):
    """Where to read one variable, everything checked that can be checked beforehand."""
    kind, shape, shard, offset, size, checksum, has_slices = entry
    if has_slices:
        raise ValueError(f"{name} was kept in parts; save the model again without partitioning")
    if kind not in _DTYPES:
        raise ValueError(f"{name} has a dtype that is not for numbers (TensorFlow's number {kind})")
    dtype = np.dtype(_DTYPES[kind])
    if len(shape) > _MOST_DIMENSIONS:
        raise ValueError(f"{name} has {len(shape)} dimensions")
    if 0 in shape or math.prod(shape) * dtype.itemsize != size:
        raise ValueError(f"{name} has the shape {shape} and {size} bytes, which do not fit")
    path = files(shard)
    if path is None:
        raise ValueError(f"{name} is said to be in data file {shard}, which there is not")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}, which the checkpoint's index names.")
    length = path.stat().st_size
    if offset + size > length:
        raise ValueError(f"{name} is said to end at byte {offset + size} of {path}, which has "
                         f"{length}; the file was cut short, or the index is damaged")
    return path, dtype, shape, offset, size, checksum, kind == _BFLOAT16


def _refuse_repetition(index, plans):
    """No byte belongs to two variables; otherwise a small file could fill the memory."""
    places = sorted((str(path), offset, offset + size, name)
                    for name, (path, _, _, offset, size, *_) in plans.items())
    for (path, _, end, name), (next_path, start, _, next_name) in zip(places, places[1:]):
        if path == next_path and start < end:
            raise ValueError(f"{index} says that {name} and {next_name} lie in the same place of "
                             f"{path}")


def _read(name, path, dtype, shape, offset, size, checksum, is_bfloat16):
    """One variable."""
    try:
        flat = np.fromfile(path, dtype, count=size // dtype.itemsize, offset=offset)
    except OSError as error:
        raise ValueError(f"The file {path} cannot be read: {error.strerror or error}.") from error
    if flat.nbytes != size or masked_crc32c(flat) != checksum:
        raise ValueError(f"{name} in {path} does not agree with its checksum; the file is damaged")
    if is_bfloat16:                        # the upper half of a float32
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    return flat.reshape(shape)
