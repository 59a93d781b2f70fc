"""Checkpoints of the original code, brought to Hugging Face's names and layouts."""

import re

from ..model_files.stored_tensor import stored_array
from .albert_zh_names import from_albert_zh, is_albert_zh
from .published_names import NOT_WEIGHTS, name_table


def open_original(prefix, config):
    """The tensors of an original checkpoint.

    Parameters
    ----------
    prefix : str or Path
        ``.../model.ckpt-best``, without ".index".
    config : AlbertConfig

    Returns
    -------
    dict of str to StoredTensor
        A tensor that an ALBERT does not have keeps its name. Those of the optimiser are left out.
        Checkpoints of albert_zh have other names, which become these too.

    Raises
    ------
    ValueError, FileNotFoundError
        See ``albert_np.model_files.tensorflow.reader.read_tensorflow``.
    """
    from ..model_files.tensorflow.reader import read_tensorflow

    names = {name.original: name for name in name_table(config)}
    tensors, read = {}, read_tensorflow(prefix)
    for original, array in (from_albert_zh(read) if is_albert_zh(read) else read).items():
        if re.search(NOT_WEIGHTS, original):
            continue
        name = names.get(original.removeprefix("module/"))      # modules of TF-Hub add that
        if name is None:
            tensors[original] = stored_array(array)
        else:
            # What both sides store the same way round, they need no transposition for.
            differ = ("HF" in name.transposed) != ("TF" in name.transposed)
            tensors[name.hugging_face] = stored_array(array.T if differ else array)
    return tensors
