"""ALBERT by hand in NumPy: every forward and backward pass, derived beside the line and checked.

The folders, in the order of a course; each imports only from those above it:

- ``files``: files that are whole or absent, locks, threads.
- ``functional``: linear map, softmax, GELU, layer norm, dropout, losses, trees of arrays.
- ``model_files``: published weights and settings as files, from folders and from the hub.
- ``config.py``: the sizes of an ALBERT and how many parameters follow from them.
- ``parameters``: the tree of arrays, its first values, and its published names.
- ``optim``: AdamW, LAMB, warm-up, clipping.
- ``layers``: embeddings, attention, feed-forward, the encoder and its sum over depth, heads.
- ``text``: tokenizer, sentence order, masking, batches, corpora of any size.
- ``models``: layers put together, with losses; loading and saving.
- ``plotting``: every picture.
- ``inference``: guesses, sentence vectors, batches by length, translation.
- ``pretraining``: the training loop, run checkpoints, evaluation, ablations.
- ``tasks``: data sets, metrics, baselines, fine-tuning, hyperparameter search.
- ``gradcheck``: differences, the complex step, every check, all equations, planted faults.
- ``course``: exercises, the self-check, sandbox and marking; what the tutorials share.
- ``commands``: the command line, one file a command.

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
