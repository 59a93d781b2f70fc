"""The settings beside published weights, with what they say and do not mean."""

import re
from pathlib import Path

from ..files.json_objects import read_object
from .bert_names import bert_settings
from .file_names import CONFIG_NAME, ORIGINAL_CONFIG_NAME


def read_settings(folder, original=False, name="", keep_activation=False):
    """The settings in a folder of published weights, brought to the meaning they have here.

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
    keep_activation : bool
        Take ``hidden_act`` as it is written.

    Returns
    -------
    values : dict
        The fields of an :class:`~albert_np.config.AlbertConfig`, and keys without meaning here.
    kind : {"albert", "bert"}
        A BERT is the ALBERT that shares nothing; the names of its weights are its own.
    notes : list of str
    path : Path
        The file.

    Raises
    ------
    FileNotFoundError
        There is no file of settings.
    ValueError
        It cannot be read, or is not that of an ALBERT or a BERT.
    """
    path = Path(folder) / (ORIGINAL_CONFIG_NAME if original else CONFIG_NAME)
    if original and not path.exists():                  # albert_config_tiny.json, and so on
        others = list(Path(folder).glob("albert_config*.json"))
        path = others[0] if len(others) == 1 else path
    if not path.exists():
        raise FileNotFoundError(f"There is no configuration file {path}.")
    values, notes = read_object(path), []
    kind = values.get("model_type", "albert")
    if kind not in ("albert", "bert"):
        raise ValueError(f"{path} is the configuration of a model of the type {str(kind)[:80]!r}, "
                         f"not of an ALBERT or a BERT")
    if values.get("ln_type", "postln") != "postln":
        raise ValueError(f"{path} says ln_type {str(values['ln_type'])[:20]!r}: in this model "
                         f"layer norm comes before attention and feed-forward, and after them in "
                         f"an ALBERT")
    if original and values.get("hidden_act", "") is None:
        values["hidden_act"] = "linear"         # the original's word for no activation
    if kind == "albert" and values.get("hidden_act") == "gelu" and not keep_activation:
        if original or _is_v1(folder, name) or ("net_structure_type" in values
                                                and "transformers_version" not in values):
            values["hidden_act"] = "gelu_new"
            notes.append("the configuration says 'gelu' and means the tanh form 'gelu_new', with "
                         "which these weights were trained; hidden_act='gelu' takes the erf form")
        else:
            notes.append("hidden_act is 'gelu', the erf form; weights of ALBERT v1 were trained "
                         "with the tanh form, which hidden_act='gelu_new' takes")
    if kind == "bert":
        try:
            values = bert_settings(values)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    return values, kind, notes, path


def _is_v1(folder, name):
    """Whether the name, or the folder's place in the hub's cache, is that of a v1 model."""
    published = r"(.*[/\\]|.*--)?albert-(base|large|xlarge|xxlarge)-v1"
    folder = Path(folder)
    return any(re.fullmatch(published, text)
               for text in (str(name), folder.name, folder.parent.parent.name))
