"""The files of a tokenizer in a folder."""

import json
from pathlib import Path

from ...files.json_objects import read_object
from ...model_files.file_names import CONFIG_NAME, TOKENIZER_NAMES, VOCABULARY_NAMES

MODEL_NAME, SETTINGS_NAME = TOKENIZER_NAMES
ORIGINAL_NAME = "30k-clean.model"       # beside checkpoints of the original code


def find_tokenizer(folder):
    """The SentencePiece model of a folder, or its vocab.txt, and the settings beside it.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    model_file : Path
        It need not exist.
    settings : dict
        do_lower_case and keep_accents (beside a vocab.txt strip_accents and
        tokenize_chinese_chars), if there is a ``tokenizer_config.json`` that has them, and
        model_max_length, if the model in the folder or that file has one.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    ValueError
        The settings cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")
    model_file = folder / MODEL_NAME
    if not model_file.exists() and (folder / ORIGINAL_NAME).exists():
        model_file = folder / ORIGINAL_NAME
    names = ["do_lower_case", "keep_accents"]
    if not model_file.exists():
        for name in VOCABULARY_NAMES[::-1]:
            if (folder / name).exists():
                model_file = folder / name
                names = ["do_lower_case", "strip_accents", "tokenize_chinese_chars"]
    settings_file, config_file = folder / SETTINGS_NAME, folder / CONFIG_NAME
    settings = read_object(settings_file) if settings_file.exists() else {}
    config = read_object(config_file) if config_file.exists() else {}
    for length in (config.get("max_position_embeddings"), settings.get("model_max_length")):
        if type(length) is int and 2 <= length < 10**9:        # transformers: 10**30 for "unknown"
            return model_file, {**_checked(settings, names, settings_file),
                                "model_max_length": length}
    return model_file, _checked(settings, names, settings_file)


def _checked(settings, names, path):
    """The settings of cleaning, from a file that may hold many others."""
    known = {name: settings[name] for name in names if name in settings}
    if known.get("strip_accents", "") is None:             # as if it were not there
        del known["strip_accents"]
    for name, value in known.items():
        if not isinstance(value, bool):
            raise ValueError(f"{name} in {path} must be true or false, not "
                             f"{json.dumps(value)[:80]}.")
    return known
