"""A model as a folder: ``config.json`` and ``model.safetensors``."""

import json
from pathlib import Path

import numpy as np

from ..config import AlbertConfig
from ..files import read_bytes, write_whole
from ..models import AlbertForPreTraining

CONFIG_NAME, WEIGHTS_NAME = "config.json", "model.safetensors"


def save_model(model, folder):
    """Write a model's configuration and weights; transformers can load the folder.

    Parameters
    ----------
    model : AlbertModel or AlbertForPreTraining
    folder : str or Path
        Made if it does not exist. Each file is written whole or not at all.
    """
    from safetensors.numpy import save

    folder = Path(folder)
    config = {**model.config.to_dict(), "architectures": [type(model).__name__]}
    write_whole(folder / CONFIG_NAME, (json.dumps(config, indent=2) + "\n").encode())
    write_whole(folder / WEIGHTS_NAME, save(model.state_dict(), metadata={"format": "pt"}))


def load_model(folder, model_class=AlbertForPreTraining, dtype=np.float32):
    """Read a model that :func:`save_model` wrote.

    Parameters
    ----------
    folder : str or Path
    model_class : AlbertForPreTraining or AlbertModel
    dtype : dtype
        Of the parameters, whatever that of the file is.

    Returns
    -------
    AlbertForPreTraining or AlbertModel

    Raises
    ------
    FileNotFoundError
        The folder lacks one of the two files.
    ValueError
        One of them is damaged, or they do not fit each other.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    folder = Path(folder)
    config = AlbertConfig.from_file(folder / CONFIG_NAME)
    weights = read_bytes(folder / WEIGHTS_NAME)
    try:
        state = load(weights)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f"{folder / WEIGHTS_NAME} is not a safetensors file: {error}") from None
    model = model_class(config, dtype=dtype)
    model.load_state_dict(state)
    return model
