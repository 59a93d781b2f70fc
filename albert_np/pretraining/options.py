"""What a pretraining run can be told."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ..config import AlbertConfig
from ..files.json_objects import read_object
from ..files.options import (check_names, check_options, documented, option, options_from,
                             read_options)
from ..optim import LAMB, SGD, Adam, AdamW
from ..text.corpus.layouts import LAYOUTS
from ..text.data_options import DataOptions
from ..text.whole_words import SEGMENTERS

# A small ALBERT that learns within minutes. Published models start from a range of 0.02, which
# suits H = 768 and more; at H = 64 it would leave every attention uniform for thousands of steps.
# With lambda = 1 the order of short texts, which is soon learnt, would crowd out the words.
SMALL_CONFIG = dict(embedding_size=64, hidden_size=64, num_hidden_layers=3,
                    num_attention_heads=4, intermediate_size=256, initializer_range=0.05,
                    sop_weight=0.15)
OPTIMIZERS = {"adamw": AdamW, "lamb": LAMB, "adam": Adam, "sgd": SGD}
OPTIONS_NAME = "options.json"
# What may differ when a run goes on: neither the text nor the weights depend on it.
FREE = ("corpus", "tokenizer", "workers", "accumulation_steps", "recompute", "checkpoint_every",
        "keep_checkpoints", "evaluate_every", "tensorboard")


@documented
@dataclass(kw_only=True)
class PretrainingOptions:
    """What makes a pretraining run what it is; the run folder keeps it as ``options.json``.

    Raises
    ------
    ValueError
        A value is impossible; the message names the option, its value, and what it must be.
    """

    corpus: str | None = option(
        None, "the text to train on: .txt or .jsonl, also with .gz, a folder of such files, or a "
        "folder written by albert-np prepare; default: the documentation of this Python",
        metavar="PATH")
    layout: str = option(
        "auto", "how the text is written: lines (one sentence on each line, an empty line between "
        "documents), prose (running text), clauses (like prose, but ； also ends a Chinese "
        "sentence), or auto (look at the text)", choices=LAYOUTS)
    tokenizer: str | None = option(
        None, "a SentencePiece model, BERT's vocab.txt, or a folder with one; default: the "
        "tokenizer of a prepared corpus, or a new one trained on the training text", metavar="PATH")
    vocab_size: int = option(2000, "V, the number of pieces, if a tokenizer is trained")
    segmenter: str | None = option(
        None, "the library that finds the words of Chinese text, so that whole words are masked; "
        "it needs the extra chinese; default: every piece of Chinese is a word", choices=SEGMENTERS)
    held_out: float = option(
        0.1, "share of the text that is held out for evaluation, in whole documents. A prepared "
        "corpus was already divided by albert-np prepare", above=0, below=1)
    held_out_sequences: int = option(4000, "evaluate on at most this many sequences", least=1)
    data: dict | None = option(
        None, "fields of DataOptions that differ from their defaults. For the documentation of "
        "Python, beginnings_only is True unless it is given")
    config: dict | None = option(
        None, "fields of AlbertConfig that differ from SMALL_CONFIG, a small model")
    wave_start: bool = option(
        True, "before training, fill the position table with waves (WAVE.1). If this is off, it is "
        "filled with random numbers, as in google-research/albert. With waves a small model learns "
        "sooner to find the neighbours of a gap (default: on; with --config: off)",
        flags=("--wave-positions",))
    steps: int = option(9000, "number of batches to train on", least=1)
    batch_size: int = option(26, "B, sequences in a batch", least=1)
    learning_rate: float = option(
        3e-3, "in the warm-up the learning rate rises to this value. Then it falls on a straight "
        "line to 0 at the last step. The line has this value at step 0, and not at the end of the "
        "warm-up. So the rate drops a little when the warm-up ends", above=0,
        flags=("--learning-rate", "--lr"))
    warmup_steps: int | None = option(
        None, "number of steps in which the learning rate rises; default: one twentieth of the "
        "steps")
    optimizer: str = option("adamw", "the optimiser", choices=tuple(OPTIMIZERS))
    beta_2: float = option(
        0.98, "in each step the running mean of squared gradients keeps this share of its old "
        "value; sgd does not use it. The published models use 0.999. Then the mean changes too "
        "slowly for a run of a few thousand steps", least=0, below=1)
    weight_decay: float = option(0.01, "the weight decay of adamw and lamb", least=0)
    max_gradient_norm: float = option(
        1.0, "a gradient with a larger norm is shortened to this norm", above=0)
    seed: int = option(
        0, "the seed of all random numbers. If the seed and the division of a batch into parts are "
        "the same, the weights are the same, bit for bit", least=0)
    workers: int = option(
        2, "number of threads that share each batch; a small model uses processes (default: "
        "2, or 1 under mpiexec)", least=1)
    accumulation_steps: int = option(
        1, "divide each batch into this many portions and compute one after the other, to save "
        "memory", least=1)
    parts: int | None = option(
        None, "number of parts that each batch is divided into; default: processes x workers x "
        "accumulation_steps. Another number gives other rounding errors and, with dropout, other "
        "masks", least=1)
    recompute: bool = option(
        False, "save memory but take more time: keep only the input of each layer, and compute the "
        "layer again in the backward pass. The weights are the same, bit for bit")
    float64_sums: bool = option(
        False, "add the gradients of the parts of a batch in float64. Then the weights are the "
        "same, bit for bit, for any number of processes")
    checkpoint_every: int = option(
        500, "number of steps between checkpoints. An interrupted run continues from the last "
        "checkpoint", least=1)
    keep_checkpoints: int = option(2, "number of checkpoints to keep", least=1)
    evaluate_every: int = option(
        1000, "number of steps between evaluations. After each evaluation the model is saved in "
        "the run folder", least=1)
    tensorboard: bool = option(False, "write event files for TensorBoard too (extra tensorboard)")

    def __post_init__(self):
        for name in ("corpus", "tokenizer"):           # to be found from any folder later
            if getattr(self, name) is not None:
                setattr(self, name, str(Path(getattr(self, name)).resolve()))
        check_options(self)
        self.data, self.config = self.data or {}, self.config or {}
        data = options_from(DataOptions, self.data)
        if data.masked_lm_prob == 0 and data.sentence_task == "none":
            raise ValueError("masked_lm_prob is 0 and sentence_task is 'none', so there is nothing "
                             "to learn; change one of them")
        length = data.max_seq_length
        if "model_type" not in self.config:            # which every config.json has
            check_names(AlbertConfig, self.config)
        config = AlbertConfig.from_dict(self.config_values())
        if length > config.max_position_embeddings:
            raise ValueError(f"max_seq_length {length} is more than max_position_embeddings "
                             f"{config.max_position_embeddings}")

    def lasting(self):
        """The options that a run keeps to its end, as JSON gives them back (dict)."""
        values = {name: value for name, value in asdict(self).items() if name not in FREE}
        return json.loads(json.dumps(values))

    def config_values(self):
        """The fields of the configuration: those of a small model, changed by `config`."""
        length = DataOptions(**self.data).max_seq_length
        return {**SMALL_CONFIG, "max_position_embeddings": length, **self.config}


def read_run_options(output, options=PretrainingOptions):
    """The options that the run in a folder was begun with.

    Parameters
    ----------
    output : str or Path
    options : dataclass of options

    Returns
    -------
    instance of the dataclass

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
    command = "finetune" if "task" in read_object(path) else "pretrain"
    if (command == "finetune") != ("task" in options.__dataclass_fields__):
        raise ValueError(f"the run in {output} is one of albert-np {command}; go on with "
                         f"albert-np {command} --resume {output}")
    return read_options(path, options)
