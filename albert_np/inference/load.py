"""A model and its tokenizer, by one name."""

from pathlib import Path

from ..config import PUBLISHED, AlbertConfig
from ..models import AlbertForPreTraining, AlbertModel


def load(name_or_folder, model_class=AlbertForPreTraining):
    """Read a model and the tokenizer that belongs to it.

    Parameters
    ----------
    name_or_folder : str or Path
        A folder such as a run leaves.
    model_class : AlbertForPreTraining or AlbertModel

    Returns
    -------
    (model, tokenizer)

    Raises
    ------
    FileNotFoundError
        There is no such folder, or it lacks a file.
    ValueError
        A file is damaged, or model and tokenizer have different vocabularies.
    """
    from ..checkpoint import load_model
    from ..text.tokenizer import AlbertTokenizer

    tokenizer = AlbertTokenizer.from_folder(name_or_folder)
    model = load_model(name_or_folder, AlbertForPreTraining)
    if model_class is AlbertModel:
        trunk = AlbertModel(model.config)
        trunk.params = {name: model.params[name] for name in AlbertModel.components}
        model = trunk
    check_vocabulary(model, tokenizer)
    return model, tokenizer


def load_config(name_or_file):
    """Read a configuration, without any weights.

    Parameters
    ----------
    name_or_file : str or Path
        A folder with a ``config.json``, such a file, or a published name (``albert-base-v2``).

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
    if not path.exists():
        if str(name_or_file).removeprefix("albert/") in PUBLISHED:
            return AlbertConfig.from_name(name_or_file)
        raise FileNotFoundError(f"There is no folder or file {path}, nor is this a published name "
                                f"such as albert-base-v2.")
    return AlbertConfig.from_file(path)


def check_vocabulary(model, tokenizer):
    """ValueError unless model and tokenizer have equally many pieces."""
    if model.config.vocab_size != tokenizer.vocab_size:
        raise ValueError(f"The model has a vocabulary of {model.config.vocab_size} pieces and the "
                         f"tokenizer one of {tokenizer.vocab_size}; they do not belong together.")
