"""A run as a folder of 8-bit weights, with everything that predicting needs."""

import os
from pathlib import Path

from ... import models
from ...inference.load import check_vocabulary, load_config, load_model
from ...model_files.file_names import QUANTIZED_NAME
from ...model_files.folders import weights_kind
from ...models.quantized import save_quantized
from ...text.tokenizer import AlbertTokenizer
from .settings import FILE_NAME, read_settings


def quantize_run(run, output):
    """Write the model of a run with its matrices in 8 bits.

    Parameters
    ----------
    run : str or Path
        The folder of a fine-tuned run, of a pretraining run, or another folder with a model and
        its tokenizer.
    output : str or Path
        It must not exist.

    Returns
    -------
    albert_np.models.quantized.Quantized

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such run, it has 8-bit weights already, its files are damaged, or the output
        exists or cannot be written.
    """
    run, output = Path(run), Path(output)
    if not run.is_dir():
        raise ValueError(f"{run} is no folder of a run; give the folder that albert-np finetune or "
                         f"albert-np pretrain wrote")
    if os.path.lexists(output):
        raise ValueError(f"{output} exists already; it stays as it is: remove it, or give --output "
                         f"another name")
    if weights_kind(run) == QUANTIZED_NAME:
        raise ValueError(f"{run} has 8-bit weights already ({QUANTIZED_NAME}); give the run that "
                         f"it was made of")
    settings = read_settings(run)
    model = load_model(run, _model_class(load_config(run)))
    tokenizer = AlbertTokenizer.from_pretrained(run)
    check_vocabulary(model, tokenizer)
    beside = {} if settings is None else {FILE_NAME: settings.to_bytes()}
    return save_quantized(model, output, tokenizer, beside)


def _model_class(config):
    """The class that the configuration names; that of pretraining if it names none of ours."""
    for name in config.extra.get("architectures") or ():
        if name in models.__all__ and name.startswith("Albert"):
            return getattr(models, name)
    return models.AlbertForPreTraining
