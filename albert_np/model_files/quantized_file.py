"""Weights in 8 bits as a file: an int8 tensor for each matrix, and a float32 scale for each row.

In the layout of published weights a matrix is (out, in), so a row of the file is an output of the
map. A row of an embedding table is one piece, or one position. Vectors (biases and layer norms)
stay as they are. They are few, and a layer norm multiplies everything.

The file has a name of its own, ``model-int8.safetensors``. No other library takes its integers for
weights by mistake.
"""

import numpy as np

from ..functional.quantization import dequantize, quantization_scale, quantize
from .safetensors_file import open_safetensors
from .stored_tensor import StoredTensor

SCALE = ".scale"         # what the name of a matrix gets, for the name of its scales


def quantized_tensors(tensors):
    """Quantise every matrix of a file of weights, and leave the vectors.

    Parameters
    ----------
    tensors : dict of str to float array
        In the layout of published weights.

    Returns
    -------
    dict of str to array
        Of each matrix an int8 array of its name, and under the name with ``.scale`` a float32
        array (rows,).

    Raises
    ------
    ValueError
        A number is NaN or infinite; the sentence names the tensor.

    Examples
    --------
    >>> stored = quantized_tensors({"W": np.array([[1.0, -254.0]]), "b": np.array([0.5])})
    >>> stored["W"].tolist(), stored["W.scale"].tolist(), stored["b"].tolist()
    ([[0, -127]], [2.0], [0.5])
    """
    stored = {}
    for name, array in tensors.items():
        if array.ndim < 2:
            stored[name] = array
            continue
        try:
            scale = quantization_scale(array.astype(np.float32, copy=False), axis=-1)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        stored[name], stored[name + SCALE] = quantize(array, scale), scale.reshape(len(array))
    return stored


def dequantized(stored):
    """The tensors of such a file as floats, each computed when it is read.

    Parameters
    ----------
    stored : dict of str to StoredTensor
        As :func:`~albert_np.model_files.safetensors_file.open_safetensors` lists them.

    Returns
    -------
    dict of str to StoredTensor
        Without the scales; every matrix is float32.

    Raises
    ------
    ValueError
        A matrix and its scales do not belong together; the sentence names it.
    """
    floats = {}
    for name, tensor in stored.items():
        scale = stored.get(name + SCALE)
        if tensor.dtype == "I8":
            if scale is None or scale.dtype != "F32" or scale.shape != tensor.shape[:1] \
                    or len(tensor.shape) != 2:
                raise ValueError(f"{name[:80]} is in 8 bits and needs a float32 scale for each of "
                                 f"its rows under the name {name[:80]}{SCALE}")
            floats[name] = _matrix(tensor, scale)
        elif not (name.endswith(SCALE) and name.removesuffix(SCALE) in stored):
            floats[name] = tensor
    return floats


def _matrix(tensor, scale):
    def read():
        return dequantize(tensor.read(), scale.read()[:, None])

    return StoredTensor(tensor.shape, "F32", read)


def open_quantized(path):
    """Check a file of 8-bit weights and list its tensors as floats.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict of str to StoredTensor

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`~albert_np.model_files.safetensors_file.open_safetensors`, or a matrix and its
        scales do not belong together.
    """
    try:
        return dequantized(open_safetensors(path))
    except ValueError as error:
        raise error if str(path) in str(error) else ValueError(f"{path}: {error}") from None
