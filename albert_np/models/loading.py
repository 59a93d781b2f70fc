"""A model as a folder: ``config.json`` and ``model.safetensors``, in and out."""

import warnings
from pathlib import Path

import numpy as np

from ..config import read_config
from ..files import write_together
from ..files.json_objects import json_file
from ..files.run_folders import unfinished_note
from ..functional.trees import flatten
from ..model_files.bert_names import from_bert
from ..model_files.file_names import (CONFIG_NAME, INDEX_NAME, PICKLE_NAME, QUANTIZED_NAME,
                                      WEIGHTS_NAME)
from ..model_files.folders import find_folder, find_original, weights_kind
from ..model_files.pytorch_file import open_pytorch
from ..model_files.quantized_file import open_quantized
from ..model_files.safetensors_file import open_safetensors
from ..model_files.sharded import open_sharded
from ..model_files.stored_tensor import FLOATS, as_floats
from ..parameters.initial_values import truncated_normal
from ..parameters.matching import match
from ..parameters.original_names import open_original
from .load_report import LoadReport

DEQUANTIZED = "the file holds 8-bit weights; they are computed with as float32"


def load_pretrained(model_class, name_or_folder, dtype=np.float32, seed=0, memory_map=False,
                    changes=None, ignore_mismatched_sizes=False):
    """A model with published weights; ``Model.from_pretrained`` is this function.

    Everything is checked before anything is allocated: the configuration, the header of the file
    of weights, and that the two fit. Each tensor that the model has is then read once; what it
    does not have is not read at all.

    Parameters
    ----------
    model_class : class
        Of :mod:`albert_np.models`.
    name_or_folder : str or Path
        A folder with ``config.json`` and weights (``model.safetensors``, sharded safetensors,
        ``pytorch_model.bin`` where PyTorch is installed, or the 8-bit weights of ``albert-np
        quantize``), the folder of a pretraining run, a folder of the hub's cache, a folder with a
        checkpoint of the original code, or a name on the hub.
    dtype : dtype
        Of the parameters, whatever that of the file is.
    seed : int
        For heads, or a pooler, that the file does not have. They are drawn like those of a fresh
        model.
    memory_map : bool
        Let parameters that need no conversion be views of the file, whose pages are read when
        they are first used and copied when they are first changed. The file must then stay as it
        is while the model is in use.
    changes : dict, optional
        Fields of the configuration to replace, for example ``{"hidden_dropout_prob": 0.1}``. With
        ``num_labels`` alone, the names of another number of labels are dropped.
    ignore_mismatched_sizes : bool
        Draw the tensors of a head that have another shape in the file, as for another number of
        labels; the rest of the model must fit.

    Returns
    -------
    model of the class asked for
        Its attribute ``load_report`` is a :class:`LoadReport`.

    Raises
    ------
    FileNotFoundError
        There is no such model, or a file of it is missing.
    ValueError
        A file is damaged or unsuitable, or configuration and weights do not fit each other; the
        sentence names the tensors that do not.
    ModuleNotFoundError
        The weights need a library that is not installed.
    ConnectionError
        The hub cannot be reached, and the model is not in its cache.
    """
    folder = find_folder(name_or_folder)
    file = weights_kind(folder)
    config, kind, notes = read_config(folder, file == "original", name_or_folder, changes)
    stored, source = _open_weights(folder, file, config)
    if kind == "bert":
        stored = from_bert(stored)
        notes.append("a BERT: nothing is shared, and its next-sentence head is the sentence-order "
                     "head here")
    unfinished = unfinished_note(folder)
    notes += [unfinished] * bool(unfinished) + [DEQUANTIZED] * (file == QUANTIZED_NAME)
    branches = model_class.components
    word = stored.get("albert.embeddings.word_embeddings.weight")
    if file == "original" and word is not None and len(word.shape) == 2 and (
            word.shape[1] == config.hidden_size != config.embedding_size):
        config.embedding_size = config.hidden_size
        notes.append("the word embeddings have the width H; if they are two matrices, V x E and "
                     "E x H, these were multiplied to V x H")
    if config.embedding_mapping and "embedding_mapping" not in (changes or {}) \
            and config.embedding_size == config.hidden_size \
            and not any("embedding_hidden_mapping_in" in name for name in stored):
        config.embedding_mapping = False
        notes.append("E = H and the file has no map from E to H, so the model has none either")
    matched = match(config, branches, stored, source, ignore_mismatched_sizes)

    model = model_class(config, seed=None, dtype=dtype)      # zeros, which take no memory yet
    report = LoadReport(str(source), model_class.__name__, seed, len(matched.found),
                        unused=matched.unused, ignored=matched.ignored, tied=matched.tied,
                        notes=notes)
    report.remarks = _remarks(name_or_folder, unfinished, file, matched.unknown)
    if matched.has_prefix != bool(model_class.prefix):
        report.prefix = "removed" if matched.has_prefix else "added"
    _fill(model, matched, report, memory_map)
    report.initialised = [name.hugging_face for name in matched.missing]
    report.mismatched = [f"{name.hugging_face} {shape}" for name, shape in matched.mismatched]
    _initialise(model, [*matched.missing, *(name for name, _ in matched.mismatched)], seed)
    model.load_report = report
    return model


def _remarks(name, unfinished, file, unknown):
    """What every command that uses the model prints."""
    remarks = [unfinished] * bool(unfinished)
    if file == QUANTIZED_NAME:
        remarks.append(f"{name}: {DEQUANTIZED}")
    if unknown:
        more = f" and {len(unknown) - 3} more" * (len(unknown) > 3)
        remarks.append(f"{name} has weights that the model has no place for; they are left out: "
                       f"{', '.join(unknown[:3])}{more}")
    return remarks


def _open_weights(folder, file, config):
    """The tensors of a folder by name, and the path that sentences call them by."""
    if file == "original":
        prefix = find_original(folder)
        return open_original(prefix, config), prefix
    openers = {WEIGHTS_NAME: open_safetensors, INDEX_NAME: open_sharded, PICKLE_NAME: open_pytorch,
               QUANTIZED_NAME: open_quantized}
    return openers[file](folder / file), folder / file


def _fill(model, matched, report, memory_map):
    """Put every tensor that was found into its place."""
    leaves = flatten(model.params)
    for name, stored in matched.found:
        leaf, values = leaves[name.ours], as_floats(stored)
        values = values.T if "HF" in name.transposed else values
        with np.errstate(over="ignore", invalid="ignore"):
            if memory_map and values.dtype == leaf.dtype and values.flags.aligned:
                _replace(model.params, name.ours, values)
            else:
                leaf[...] = values
                if not np.isfinite(leaf).all():
                    report.not_finite.append(name.hugging_face)
        if FLOATS[stored.dtype] != leaf.dtype.name:
            what = f"{FLOATS[stored.dtype]} to {leaf.dtype.name}"
            report.converted[what] = report.converted.get(what, 0) + 1
    if report.not_finite:
        report.notes.append(f"infinite numbers or NaN in {', '.join(report.not_finite)}")


def _replace(tree, dotted, array):
    """Put another array in the place of one leaf."""
    *nodes, last = dotted.split(".")
    for node in nodes:
        tree = tree[int(node) if isinstance(tree, list) else node]
    tree[last] = array


def _initialise(model, names, seed):
    """Draw what the file does not have: matrices at random, gammas 1; biases stay 0."""
    rng, leaves = np.random.default_rng(seed), flatten(model.params)
    for name in names:
        leaf = leaves[name.ours]
        if leaf.ndim > 1:
            leaf[...] = truncated_normal(rng, leaf.shape, model.config.initializer_range)
        elif name.ours.endswith("gamma"):
            leaf[...] = 1


def save_pretrained(model, folder, tokenizer=None):
    """Write a model so that :func:`load_pretrained` and transformers can load it.

    transformers finds the class of the same name. What it does not know (``sharing`` other than
    "all", ``cross_layer_residual``, a missing mapping) it ignores: such a model loads here only.
    The names of the weights then tell transformers that something is wrong, except for
    ``cross_layer_residual``, of which there is a warning here.

    Parameters
    ----------
    model : a model of :mod:`albert_np.models`
    folder : str or Path
        Made if it does not exist.
    tokenizer : AlbertTokenizer, optional
        Goes into the same folder.

    Raises
    ------
    ValueError
        The files cannot be written; those that were there before are then untouched.

    Warns
    -----
    UserWarning
        The model has ``cross_layer_residual``.
    """
    for sentence in ignored_by_transformers(model.config):
        warnings.warn(f"{folder}: {sentence}", stacklevel=3)
    write_together(model_files(model, folder, tokenizer))


def ignored_by_transformers(config):
    """What of a model transformers would leave out without a word: a list of sentences."""
    if not config.cross_layer_residual:
        return []
    return ["transformers does not know cross_layer_residual and would compute other numbers with "
            "these weights; the model is right in albert_np only"]


def model_files(model, folder, tokenizer=None):
    """What :func:`save_pretrained` writes: a dict from paths to bytes.

    Parameters
    ----------
    model, folder, tokenizer : as in :func:`save_pretrained`

    Returns
    -------
    dict of Path to bytes
    """
    from safetensors.numpy import save

    folder = Path(folder)
    config = {**model.config.to_dict(), "architectures": [type(model).__name__]}
    # transformers cuts texts at model_max_length and does not look into the config for it
    beside = {} if tokenizer is None else tokenizer.files(
        model_max_length=model.config.max_position_embeddings)
    return {
        folder / WEIGHTS_NAME: save(model.state_dict(), metadata={"format": "pt"}),
        **{folder / name: data for name, data in beside.items()},
        folder / CONFIG_NAME: json_file(config)}
