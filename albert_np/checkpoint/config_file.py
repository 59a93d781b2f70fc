"""The configuration beside published weights, with what it says and does not mean."""

import re
from dataclasses import fields, replace
from pathlib import Path

from ..config import AlbertConfig
from ..files.json_objects import read_object
from .places import CONFIG_NAME, ORIGINAL_CONFIG_NAME, find_folder

MOST_BLOCKS = 10_000        # applications of a layer; the largest published model has 24
MOST_CLASSES = 100_000


def read_config(folder, original=False, name="", changes=None):
    """The configuration in a folder of published weights.

    The original code says "gelu" and means its tanh form. Its checkpoints, and the files of the
    v1 models, which were made from them, say so too; transformers takes "gelu" for the erf form.
    A file is taken for one of those where the name says so, or where it has the key
    "net_structure_type", which the original writes, and no "transformers_version", which
    transformers adds when it saves a model anew.

    Parameters
    ----------
    folder : str or Path
    original : bool
        Whether the weights are a checkpoint of the original code (``albert_config.json``).
    name : str
        What the user called the model.
    changes : dict, optional
        Fields of the configuration that the user wants otherwise.

    Returns
    -------
    config : AlbertConfig
    kind : {"albert", "bert"}
        A BERT is the ALBERT that shares nothing; the names of its weights are its own.
    notes : list of str

    Raises
    ------
    FileNotFoundError
        There is no configuration.
    ValueError
        It cannot be read, is not that of an ALBERT or a BERT, or has absurd sizes.
    """
    changes = changes or {}
    unknown = set(changes) - {field.name for field in fields(AlbertConfig)}
    if unknown:
        raise ValueError(f"the configuration has no field {', '.join(sorted(unknown))}")
    path = Path(folder) / (ORIGINAL_CONFIG_NAME if original else CONFIG_NAME)
    if not path.exists():
        raise FileNotFoundError(f"There is no configuration file {path}.")
    values, notes = read_object(path), []
    kind = values.get("model_type", "albert")
    if kind not in ("albert", "bert"):
        raise ValueError(f"{path} is the configuration of a model of the type {str(kind)[:80]!r}, "
                         f"not of an ALBERT or a BERT")
    if original and values.get("hidden_act", "") is None:
        values["hidden_act"] = "linear"         # the original's word for no activation
    if kind == "albert" and values.get("hidden_act") == "gelu" and "hidden_act" not in changes:
        if original or _is_v1(folder, name) or ("net_structure_type" in values
                                                and "transformers_version" not in values):
            values["hidden_act"] = "gelu_new"
            notes.append("the configuration says 'gelu' and means the tanh form 'gelu_new', with "
                         "which these weights were trained; hidden_act='gelu' takes the erf form")
        else:
            notes.append("hidden_act is 'gelu', the erf form; weights of ALBERT v1 were trained "
                         "with the tanh form, which hidden_act='gelu_new' takes")
    try:
        config = _from_bert(values) if kind == "bert" else AlbertConfig.from_dict(values)
        if changes:
            config = replace(config, **changes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    _check_sizes(config, path)
    return config, kind, notes


def _from_bert(values):
    from .bert_names import bert_config

    return bert_config(values)


def read_pretrained_config(name_or_folder, changes=None):
    """The AlbertConfig of a model, wherever it is: see :func:`read_config`."""
    folder = find_folder(name_or_folder, weights=False)
    original = not (folder / CONFIG_NAME).exists() and (folder / ORIGINAL_CONFIG_NAME).exists()
    return read_config(folder, original, name_or_folder, changes)[0]


def _is_v1(folder, name):
    """Whether the name, or the folder's place in the hub's cache, is that of a v1 model."""
    published = r"(.*[/\\]|.*--)?albert-(base|large|xlarge|xxlarge)-v1"
    folder = Path(folder)
    return any(re.fullmatch(published, text)
               for text in (str(name), folder.name, folder.parent.parent.name))


def _check_sizes(config, path):
    """Refuse what would take for ever before a single weight is looked at.

    All other sizes are compared with the shapes in the file of weights.
    """
    blocks = config.num_hidden_layers * config.inner_group_num
    if blocks > MOST_BLOCKS:
        raise ValueError(f"{path}: num_hidden_layers {_short(config.num_hidden_layers)} with "
                         f"inner_group_num {_short(config.inner_group_num)} is absurd: more than "
                         f"{MOST_BLOCKS} layers to go through")
    classes = getattr(config, "num_labels", config.extra.get("num_labels"))
    if isinstance(classes, int) and classes > MOST_CLASSES:
        raise ValueError(f"{path}: num_labels {_short(classes)} is absurd: more than "
                         f"{MOST_CLASSES} classes")


def _short(number):
    return number if number < 10**20 else "of more than 20 digits"
