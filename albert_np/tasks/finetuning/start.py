"""The two starts of a fine-tuning run: from pretrained weights, and from scratch."""

from dataclasses import replace

import numpy as np

from ...config import AlbertConfig
from ...inference.load import check_finite, check_vocabulary, load_config
from ...models import AlbertModel
from ...models.loading import load_pretrained
from ...parameters.initial_values import wave_positions
from ...text.tokenizer import AlbertTokenizer
from .source_task import task_of_head

# What a model from scratch looks like where nothing else is said.
FRESH_CONFIG = {"embedding_size": 128, "hidden_size": 256, "num_hidden_layers": 4,
                "num_attention_heads": 4, "intermediate_size": 1024, "initializer_range": 0.05,
                "max_position_embeddings": 128}

# What a configuration says of labels, until a task says more.
NO_LABELS = {"num_labels": 2, "id2label": None, "problem_type": None}

POOLER = "pooler."            # the names of its weights; no other weights of a trunk may be missing


def from_pretrained(model_class, name_or_folder, changes, max_length, seed=0, task=None):
    """A pretrained trunk under a head for the task, and its tokenizer.

    Parameters
    ----------
    model_class : class of :mod:`albert_np.models`
    name_or_folder : str or Path
        A pretraining run, a folder of published weights, or a name on the hub.
    changes : dict
        Fields of the configuration.
    max_length : int
        Where the model has fewer positions, the table of positions gets further rows: waves, from
        which they are learnt.
    seed : int
        Of the head, if the model has none yet, or one for other labels or another task.
    task : str, optional
        What the model is to learn. None: a head of the same shape counts as one for this task.

    Returns
    -------
    (model, tokenizer)

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`albert_np.models.loading.load_pretrained`; or weights are NaN or infinite, or
        model and tokenizer do not belong together.
    """
    tokenizer = AlbertTokenizer.from_pretrained(name_or_folder)
    before, config = task_of_head(name_or_folder), load_config(name_or_folder)
    same_task = task is None or before in (None, task)
    if same_task and _fits(config, changes):
        model = load_pretrained(model_class, name_or_folder, seed=seed, changes=changes)
    else:
        model = _fresh_head(model_class, name_or_folder,
                            changes if same_task else {**NO_LABELS, **changes}, seed)
    reason = _why_new(model, name_or_folder, config, changes, before, task)
    if reason is not None:
        model.load_report.notes.append(f"the head is new because {reason}")
    check_finite(model)
    check_vocabulary(model, tokenizer)
    if max_length > model.config.max_position_embeddings:
        model.load_report.notes.append(
            f"the model has {model.config.max_position_embeddings} positions; those from there to "
            f"{max_length} are new, and have only this training to be learnt in")
        add_positions(model, max_length)
    return model, tokenizer


def kept_labels(name_or_folder, labels):
    """Labels in the order in which a model knows them, if it knows these very labels.

    Parameters
    ----------
    name_or_folder : str or Path
        The model.
    labels : tuple of str

    Returns
    -------
    tuple of str
    """
    known = load_config(name_or_folder).id2label
    if known is not None and sorted(known.values()) == sorted(labels):
        return tuple(known.values())
    return tuple(labels)


def _fits(config, changes):
    """Whether a head of the model, if it has one, is for these labels."""
    known, labels = config.id2label, changes.get("id2label")
    if known is not None and labels is not None:
        return known == labels
    return changes.get("num_labels", config.num_labels) == config.num_labels


def _why_new(model, source, config, changes, before, task):
    """Why a head was drawn, in words; None if it was read, or if nothing was asked about it."""
    known, labels = config.id2label, changes.get("id2label")
    if task is not None and before not in (None, task):
        return f"{source} has learnt the task {before}, not {task}"
    if known is not None and labels is not None and known != labels:
        return f"the labels are not those of the model ({_listed(list(known.values()))})"
    if task is None or all(name.startswith(POOLER) for name in model.load_report.initialised):
        return None
    return (f"{source} has no head for the task {task}" if before is None else
            f"the head of {source} is one of another kind")


def _fresh_head(model_class, name_or_folder, changes, seed):
    """The trunk alone, since a head for other labels or another task would not fit."""
    trunk = load_pretrained(AlbertModel, name_or_folder, seed=seed)
    model = model_class(replace(trunk.config, **changes), seed=seed)
    model.params.update({name: branch for name, branch in trunk.params.items()
                         if name in model.params})
    model.load_report = trunk.load_report
    if "pooler" not in model.params:
        model.load_report.initialised = [name for name in model.load_report.initialised
                                         if not name.startswith(POOLER)]
    model.load_report.initialised += [name for name in model.state_dict()
                                      if not name.startswith("albert.")]
    return model


def start_notes(model, source):
    """What of a model was not simply read from its source, in sentences.

    Parameters
    ----------
    model : a model that was loaded
    source : str
        The name of the model or its folder.

    Returns
    -------
    list of str
    """
    report, notes = model.load_report, []
    if report.initialised:
        notes.append(f"new weights, drawn with seed {report.seed}: {_listed(report.initialised)}")
    if report.unused:
        notes.append(f"weights of {source} that are left out: {_listed(report.unused)}")
    return notes + list(report.notes)


def _listed(names):
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more


def add_positions(model, T):
    """Let a model read longer texts: rows of waves, as long as its own, follow its positions.

    Parameters
    ----------
    model : any model
        Changed in place.
    T : int
        Positions that it is to have.
    """
    table = model.params["embeddings"]["position"]                                   # (T0, E)
    length = np.sqrt(np.square(table).sum(axis=-1).mean())
    waves = wave_positions(T, table.shape[1])[len(table):]
    waves = waves * (length / np.sqrt(np.square(waves).sum(axis=-1).mean()))
    model.params["embeddings"]["position"] = np.concatenate([table, waves.astype(table.dtype)])
    model.config = replace(model.config, max_position_embeddings=T)


def from_scratch(model_class, config, tokenizer, changes, seed):
    """A model that has learnt nothing, for a tokenizer.

    Parameters
    ----------
    model_class : class of :mod:`albert_np.models`
    config : dict or AlbertConfig
        A dict holds what differs from `FRESH_CONFIG`.
    tokenizer : AlbertTokenizer
    changes : dict
        Fields of the configuration that the task asks for.
    seed : int

    Returns
    -------
    model
        Its positions start as waves, as those of ``albert-np pretrain`` do.
    """
    ids = {"vocab_size": tokenizer.vocab_size, "pad_token_id": tokenizer.pad_token_id,
           "bos_token_id": tokenizer.cls_token_id, "eos_token_id": tokenizer.sep_token_id}
    values = {**FRESH_CONFIG, **config} if isinstance(config, dict) else config.to_dict()
    model = model_class(replace(AlbertConfig.from_dict({**values, **ids}), **changes), seed=seed)
    table = model.params["embeddings"]["position"]
    table[:] = wave_positions(*table.shape)
    return model
