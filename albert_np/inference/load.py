"""A model and its tokenizer, by one name."""

from pathlib import Path

import numpy as np

from ..config import PUBLISHED, AlbertConfig
from ..models import AlbertForPreTraining
from ..models.loading import load_pretrained


def load(name_or_folder, model_class=AlbertForPreTraining):
    """Read a model and the tokenizer that belongs to it.

    Parameters
    ----------
    name_or_folder : str or Path
        A folder such as a run leaves, or a name on the hub.
    model_class : AlbertForPreTraining or AlbertModel

    Returns
    -------
    (model, tokenizer)

    Raises
    ------
    FileNotFoundError
        There is no such folder, or it lacks a file.
    ValueError
        A file is damaged, lacks weights that are needed or has some that are no numbers, or model
        and tokenizer have different vocabularies.
    """
    from ..text.tokenizer import AlbertTokenizer

    tokenizer = AlbertTokenizer.from_pretrained(name_or_folder)
    model = load_pretrained(model_class, name_or_folder)
    missing = [name for name in model.load_report.initialised
               if not name.startswith(("albert.pooler", "pooler", "sop_classifier"))]
    if missing:
        raise ValueError(f"{name_or_folder} lacks weights that are needed: {', '.join(missing)}")
    check_finite(model)
    check_vocabulary(model, tokenizer)
    return model, tokenizer


def load_config(name_or_file):
    """Read a configuration, without any weights.

    Parameters
    ----------
    name_or_file : str or Path
        A ``config.json``, a folder that has one, or a name on the hub; the published names
        (``albert-base-v2``) are known without asking.

    Returns
    -------
    AlbertConfig

    Raises
    ------
    FileNotFoundError
        There is none of these.
    ValueError
        The file is no configuration.
    """
    path = Path(name_or_file)
    if path.is_file():
        return AlbertConfig.from_file(path)
    if not path.exists() and str(name_or_file).removeprefix("albert/") in PUBLISHED:
        return AlbertConfig.from_name(name_or_file)
    return AlbertConfig.from_pretrained(name_or_file)


def check_finite(model):
    """ValueError if a model was loaded with weights that are NaN or infinite."""
    report = model.load_report
    if report.not_finite:
        first, *others = report.not_finite
        raise ValueError(f"{report.source} has NaN or infinite numbers in {first}"
                         + (f" and {len(others)} more tensors" if others else "")
                         + "; with such weights no output is a number")


def check_vocabulary(model, tokenizer):
    """ValueError unless model and tokenizer have equally many pieces."""
    if model.config.vocab_size != tokenizer.vocab_size:
        raise ValueError(f"The model has a vocabulary of {model.config.vocab_size} pieces and the "
                         f"tokenizer one of {tokenizer.vocab_size}; they do not belong together.")


def load_model(folder, model_class=AlbertForPreTraining, dtype=np.float32):
    """Read a model from a folder of one's own, in which nothing may be missing.

    Raises
    ------
    FileNotFoundError, ValueError
        As there, or a tensor of the model is not in the file.
    """
    model = load_pretrained(model_class, Path(folder), dtype)
    check_finite(model)
    if model.load_report.initialised:
        raise ValueError(f"{folder} does not have all of {model_class.__name__}: "
                         f"{', '.join(model.load_report.initialised)} is missing")
    return model
