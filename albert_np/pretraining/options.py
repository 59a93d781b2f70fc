"""The options of a run: checked before anything is read, and kept in its folder."""

import json
from pathlib import Path

from ..config import AlbertConfig
from ..files import read_text, write_whole
from ..optim import LAMB, SGD, Adam, AdamW
from ..text.data_options import DataOptions

# A small ALBERT that learns within minutes. Published models start from a range of 0.02, which
# suits H = 768 and more; at H = 64 it would leave every attention uniform for thousands of steps.
# With lambda = 1 the order of short texts, which is soon learnt, would crowd out the words.
SMALL_CONFIG = dict(embedding_size=64, hidden_size=64, num_hidden_layers=3,
                    num_attention_heads=4, intermediate_size=256, initializer_range=0.05,
                    sop_weight=0.15)
OPTIMIZERS = {"adamw": AdamW, "lamb": LAMB, "adam": Adam, "sgd": SGD}
OPTIONS_NAME = "options.json"


def check_options(options):
    """Refuse what cannot work.

    Parameters
    ----------
    options : dict
        The arguments of :func:`~albert_np.pretraining.pretrain`.

    Raises
    ------
    ValueError
        That names the option, its value, and what it must be.
    """
    least = {"steps": 1, "evaluate_every": 1, "checkpoint_every": 1, "keep_checkpoints": 1,
             "batch_size": 1, "held_out_sequences": 1, "workers": 1, "accumulation_steps": 1,
             "seed": 0, "weight_decay": 0, "beta_2": 0}
    for name, smallest in least.items():
        if not options[name] >= smallest:
            raise ValueError(f"{name} is {options[name]}; it must be at least {smallest}")
    if options["parts"] is not None and options["parts"] < 1:
        raise ValueError(f"parts is {options['parts']}; it must be at least 1")
    for name in ("learning_rate", "max_gradient_norm"):
        if not 0 < options[name] < float("inf"):
            raise ValueError(f"{name} is {options[name]}; it must be a positive number")
    if not options["beta_2"] < 1:
        raise ValueError(f"beta_2 is {options['beta_2']}; it must lie in [0, 1)")
    if not 0 < options["held_out"] < 1:
        raise ValueError(f"held_out is {options['held_out']}; it is a share of the text, between "
                         f"0 and 1")
    if options["optimizer"] not in OPTIMIZERS:
        raise ValueError(f"optimizer is {options['optimizer']!r}; known are "
                         f"{', '.join(OPTIMIZERS)}")
    _check_config(options["config"] or {}, options["data"] or {})


def config_values(config, data):
    """The fields of the configuration: those of a small model, changed by what was asked for."""
    length = DataOptions(**data).max_seq_length
    return {**SMALL_CONFIG, "max_position_embeddings": length, **config}


def _check_config(config, data):
    known = DataOptions.__dataclass_fields__
    unknown = [name for name in data if name not in known]
    if unknown:
        raise ValueError(f"{unknown[0]} is no field of DataOptions; there are {', '.join(known)}")
    length = DataOptions(**data).max_seq_length
    config = AlbertConfig.from_dict(config_values(config, data))
    if length > config.max_position_embeddings:
        raise ValueError(f"max_seq_length {length} is more than max_position_embeddings "
                         f"{config.max_position_embeddings}")
    if config.extra and "model_type" not in config.extra:      # which every config.json has
        raise ValueError(f"{next(iter(config.extra))} is no field of AlbertConfig")


def write_options(output, options):
    """Keep the options in the run folder, so that the run can go on."""
    write_whole(output / OPTIONS_NAME, (json.dumps(options, indent=2) + "\n").encode())


def read_options(output, known):
    """The options that a run was begun with.

    Parameters
    ----------
    output : Path
    known : collection of str
        The names that there are.

    Returns
    -------
    dict

    Raises
    ------
    FileNotFoundError
        The folder holds no run.
    ValueError
        The file is damaged.
    """
    path = Path(output) / OPTIONS_NAME
    if not path.exists():
        raise FileNotFoundError(f"There is no run in {output} that could go on: it has no "
                                f"{OPTIONS_NAME}.")
    try:
        options = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is damaged: {error}.") from None
    if not isinstance(options, dict) or set(options) != set(known):
        raise ValueError(f"{path} does not hold the options of a run of this version; it must "
                         f"have exactly {', '.join(sorted(known))}.")
    check_options(options)
    return options
