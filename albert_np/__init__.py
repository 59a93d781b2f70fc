"""ALBERT by hand: every forward and backward pass in NumPy, derived beside the line and proven.

Names are imported when they are first used, so that ``import albert_np`` costs next to nothing
and the mathematics needs NumPy alone.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "AlbertConfig": "config",
    "AlbertModel": "models",
    "AlbertForPreTraining": "models",
    "AlbertForMaskedLM": "models",
    "AlbertForMultipleChoice": "models",
    "AlbertForQuestionAnswering": "models",
    "AlbertForSequenceClassification": "models",
    "AlbertForSquad2": "models",
    "AlbertForTokenClassification": "models",
    "AlbertOutput": "models",
    "AlbertTokenizer": "text.tokenizer",
    "AdamW": "optim",
    "Adam": "optim",
    "LAMB": "optim",
    "SGD": "optim",
    "fill_mask": "inference",
    "sentence_vectors": "inference",
    "similarity": "inference",
    "parameter_table": "inference",
    "gradcheck": "",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'albert_np' has no attribute {name!r}")
    home = _HOMES[name]
    if not home:
        return import_module(f"albert_np.{name}")
    return getattr(import_module(f"albert_np.{home}"), name)


def __dir__():
    return sorted(__all__)
