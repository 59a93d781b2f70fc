"""Weights that PyTorch pickled. Only PyTorch's own loader opens them, and only for weights."""

import contextlib

from ..files.git_lfs import refuse_pointer
from .stored_tensor import StoredTensor, stored_array

CONVERT = ("On a machine that has PyTorch and transformers, "
           "AlbertForPreTraining.from_pretrained(folder).save_pretrained(new_folder) writes a "
           "model.safetensors instead, which needs neither.")


def open_pytorch(path):
    """The tensors of a ``pytorch_model.bin``.

    A pickle can run any code. PyTorch's loader with ``weights_only=True`` refuses everything but
    tensors and plain containers.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict of str to StoredTensor

    Raises
    ------
    ModuleNotFoundError
        PyTorch is not installed; the sentence says how to convert the file.
    ValueError
        The file is a pointer of Git LFS, PyTorch refuses it, or it holds no dictionary of tensors.
    """
    with contextlib.suppress(OSError):
        refuse_pointer(path)
    try:
        import torch
    except ImportError:
        raise ModuleNotFoundError(f"{path} is a pickle, which only PyTorch can read safely, and "
                                  f"PyTorch is not installed. {CONVERT}") from None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:      # of whatever kind: the file is not ours
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(f"{path} cannot be read as weights alone, and nothing else is read from a "
                         f"pickle: {reason}") from error
    if not isinstance(state, dict) or not all(
            isinstance(name, str) and torch.is_tensor(value) for name, value in state.items()):
        raise ValueError(f"{path} holds no dictionary from names to tensors.")
    return {name: _stored(torch, tensor) for name, tensor in state.items()}


def _stored(torch, tensor):
    if tensor.dtype == torch.bfloat16:
        bits = tensor.contiguous().view(torch.uint16).numpy()
        return StoredTensor(tuple(tensor.shape), "BF16", lambda: bits)
    return stored_array(tensor.numpy())
