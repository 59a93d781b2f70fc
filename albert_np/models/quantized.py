"""A model as a folder whose matrices have 8 bits: a quarter as large."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files import make_folder, write_together
from ..model_files.file_names import QUANTIZED_NAME, WEIGHTS_NAME
from ..model_files.quantized_file import dequantized, quantized_tensors
from ..model_files.stored_tensor import as_floats, stored_array
from .loading import model_files


@dataclass
class Quantized:
    """What was written, and what was lost.

    Attributes
    ----------
    matrices, vectors : int
        How many arrays have 8 bits now, and how many are as before.
    numbers : int
        How many numbers the matrices have together.
    bytes_before, bytes_after : int
        Of the file of weights, in float32 and in 8 bits.
    largest_error : float
        By how much the weight moved that moved most.
    largest_weight : float
        The largest absolute value of its row in the file.
    where : str
        The tensor of this weight, by the name in the file.
    """

    matrices: int
    vectors: int
    numbers: int
    bytes_before: int
    bytes_after: int
    largest_error: float
    largest_weight: float
    where: str


def save_quantized(model, folder, tokenizer=None, beside=None):
    """Write a model with its matrices in 8 bits (QUANT.3), as a new folder, whole or not at all.

    ``from_pretrained`` reads it into float32. The model then computes with the numbers that the
    integers stand for (QUANT.4).

    Parameters
    ----------
    model : a model of :mod:`albert_np.models`
    folder : str or Path
        It must not exist.
    tokenizer : AlbertTokenizer, optional
        Goes into the same folder.
    beside : dict of str to bytes, optional
        Further files, by name.

    Returns
    -------
    Quantized

    Raises
    ------
    ValueError
        The folder exists or cannot be written, or a weight is NaN or infinite.
    """
    from safetensors.numpy import save

    folder = Path(folder)
    if os.path.lexists(folder):
        raise ValueError(f"{folder} exists already; it stays as it is: remove it, or choose "
                         f"another name")
    tensors = model.state_dict()
    stored = quantized_tensors(tensors)
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    files = model_files(model, part, tokenizer)
    before = len(files.pop(part / WEIGHTS_NAME))
    files[part / QUANTIZED_NAME] = save(stored, metadata={"format": "albert_np int8"})
    files |= {part / name: data for name, data in (beside or {}).items()}
    try:
        make_folder(part)        # a failure here is told with the name that was given
        write_together(files)
        os.rename(part, folder)
    except OSError as error:
        raise ValueError(f"The folder {folder} cannot be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Quantized(*_counts(tensors), before, len(files[part / QUANTIZED_NAME]),
                     *_largest_error(tensors, stored))


def _counts(tensors):
    matrices = [array for array in tensors.values() if array.ndim > 1]
    return len(matrices), len(tensors) - len(matrices), sum(array.size for array in matrices)


def _largest_error(tensors, stored):
    """The largest error, the largest weight of its row, and the tensor that it is in."""
    floats = dequantized({name: stored_array(array) for name, array in stored.items()})
    found = 0.0, 0.0, ""
    for name, array in tensors.items():
        if array.ndim > 1:
            errors = np.abs(as_floats(floats[name]) - array).max(axis=1)
            row = int(errors.argmax())
            found = max(found, (float(errors[row]), float(np.abs(array[row]).max()), name))
    return found
