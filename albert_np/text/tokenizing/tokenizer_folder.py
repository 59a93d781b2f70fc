"""The files of a tokenizer in a folder."""

import json
from pathlib import Path

from ...files.json_objects import read_object
from ...model_files.file_names import TOKENIZER_NAMES

MODEL_NAME, SETTINGS_NAME = TOKENIZER_NAMES
ORIGINAL_NAME = "30k-clean.model"       # beside checkpoints of the original code


def find_tokenizer(folder):
    """The SentencePiece model of a folder, and the settings beside it.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    model_file : Path
        It need not exist.
    settings : dict
        do_lower_case and keep_accents, where there is a ``tokenizer_config.json`` that has them.

    Raises
    ------
    FileNotFoundError
        There is no such folder, or it has the vocabulary of another kind of tokenizer.
    ValueError
        The settings cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")
    model_file = folder / MODEL_NAME
    if not model_file.exists() and (folder / ORIGINAL_NAME).exists():
        model_file = folder / ORIGINAL_NAME
    if not model_file.exists() and (folder / "vocab.txt").exists():
        raise FileNotFoundError(f"{folder} has no {MODEL_NAME} but a vocab.txt: its model (a "
                                f"Chinese ALBERT, for example) reads the ids of BERT's WordPiece, "
                                f"for which the library tokenizers has BertWordPieceTokenizer.")
    settings_file = folder / SETTINGS_NAME
    return model_file, _read_settings(settings_file) if settings_file.exists() else {}


def _read_settings(path):
    """The two settings that matter here, from a JSON file that may hold many others."""
    settings = read_object(path)
    known = {name: settings[name] for name in ("do_lower_case", "keep_accents") if name in settings}
    for name, value in known.items():
        if not isinstance(value, bool):
            raise ValueError(f"{name} in {path} must be true or false, not "
                             f"{json.dumps(value)[:80]}.")
    return known
