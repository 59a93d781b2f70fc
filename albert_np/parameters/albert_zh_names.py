"""Checkpoints of albert_zh, a Chinese ALBERT in TensorFlow, brought to the original's names.

Its encoder has the names of BERT's with ``layer_shared`` in place of ``layer_0``, ``layer_1``, ...
Its word embeddings are two matrices, (V, E) and (E, H). What follows has the width H: positions and
token types are added after the second matrix, and the masked-LM head multiplies by both. So their
product is a table (V, H) of an ALBERT with E = H, which computes the same.

References
----------
github.com/brightmart/albert_zh, modeling.py
"""

_WORD = "bert/embeddings/word_embeddings"
_SHARED = "bert/encoder/layer_shared/"
_BLOCK = "bert/encoder/transformer/group_0/inner_group_0/"
_NAMES = (
    # albert_zh                   the original
    ("attention/self/",           "attention_1/self/"),
    ("attention/output/dense/",   "attention_1/output/dense/"),
    ("attention/output/LayerNorm/", "LayerNorm/"),
    ("intermediate/dense/",       "ffn_1/intermediate/dense/"),
    ("output/dense/",             "ffn_1/intermediate/output/dense/"),
    ("output/LayerNorm/",         "LayerNorm_1/"),
)


def is_albert_zh(tensors):
    """Whether the variables of a checkpoint have albert_zh's names (bool)."""
    return any(name.startswith(_SHARED) for name in tensors)


def from_albert_zh(tensors):
    """The variables of a checkpoint of albert_zh under the original's names.

    Parameters
    ----------
    tensors : dict of str to array

    Returns
    -------
    dict of str to array
        The word embeddings are (V, H). A variable that an ALBERT does not have keeps its name.

    Examples
    --------
    >>> from_albert_zh({"bert/encoder/layer_shared/output/LayerNorm/beta": 0})
    {'bert/encoder/transformer/group_0/inner_group_0/LayerNorm_1/beta': 0}
    """
    renamed = {}
    for name, array in tensors.items():
        if name.startswith(_SHARED):
            rest = name.removeprefix(_SHARED)
            for theirs, original in _NAMES:
                if rest.startswith(theirs):
                    name = _BLOCK + original + rest.removeprefix(theirs)
                    break
        renamed[name] = array
    second = renamed.pop(f"{_WORD}_2", None)
    if second is not None and _WORD in renamed:
        renamed[_WORD] = renamed[_WORD] @ second                                    # (V, H)
    return renamed
