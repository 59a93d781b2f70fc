"""What a pretraining run can be told."""

from dataclasses import dataclass
from pathlib import Path

from ..config import AlbertConfig
from ..files.options import (check_names, check_options, documented, option, options_from,
                             read_options)
from ..optim import LAMB, SGD, Adam, AdamW
from ..text.corpus.layouts import LAYOUTS
from ..text.data_options import DataOptions

# A small ALBERT that learns within minutes. Published models start from a range of 0.02, which
# suits H = 768 and more; at H = 64 it would leave every attention uniform for thousands of steps.
# With lambda = 1 the order of short texts, which is soon learnt, would crowd out the words.
SMALL_CONFIG = dict(embedding_size=64, hidden_size=64, num_hidden_layers=3,
                    num_attention_heads=4, intermediate_size=256, initializer_range=0.05,
                    sop_weight=0.15)
OPTIMIZERS = {"adamw": AdamW, "lamb": LAMB, "adam": Adam, "sgd": SGD}
OPTIONS_NAME = "options.json"


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
        None, "text (.txt), JSON lines (.jsonl), either with .gz, a folder of such files, or one "
        "that albert-np prepare wrote; default: the documentation of this Python", metavar="PATH")
    layout: str = option(
        "auto", "how the text is laid out: lines (a sentence a line, an empty line between "
        "documents), prose (running text), or auto (look at the text)", choices=LAYOUTS)
    tokenizer: str | None = option(
        None, "a SentencePiece model or a folder with one; default: that of a prepared corpus, or "
        "train one on the training text", metavar="PATH")
    vocab_size: int = option(2000, "V, pieces of a tokenizer that is trained")
    held_out: float = option(
        0.1, "share of the text that is kept for evaluation, in whole documents; a prepared corpus "
        "has its own", above=0, below=1)
    held_out_sequences: int = option(4000, "evaluate on at most this many sequences", least=1)
    data: dict | None = option(
        None, "fields of DataOptions that differ from their defaults; in the documentation of "
        "Python beginnings_only is True unless it is given")
    config: dict | None = option(
        None, "fields of AlbertConfig that differ from SMALL_CONFIG, a small model")
    wave_start: bool = option(
        True, "start the position table from waves (WAVE.1), from which a small model finds the "
        "neighbours of a gap sooner, or from random rows, as the original does (default: waves; "
        "with --config random rows)", flags=("--wave-positions",))
    steps: int = option(9000, "batches to train on", least=1)
    batch_size: int = option(26, "B, sequences in a batch", least=1)
    learning_rate: float = option(
        3e-3, "the warm-up rises to it; after that the rate lies on the line that falls from it at "
        "step 0 to 0 at the last step", above=0, flags=("--learning-rate", "--lr"))
    warmup_steps: int | None = option(
        None, "steps in which the learning rate rises; default: a twentieth of the steps")
    optimizer: str = option("adamw", "the optimiser", choices=tuple(OPTIMIZERS))
    beta_2: float = option(
        0.98, "how slowly the running mean of squared gradients forgets; not used by sgd. The "
        "published models have 0.999, which is slow for a run of a few thousand steps", least=0,
        below=1)
    weight_decay: float = option(0.01, "the weight decay of adamw and lamb", least=0)
    max_gradient_norm: float = option(1.0, "longer gradients are shortened to this norm", above=0)
    seed: int = option(
        0, "the seed of everything that is drawn; the same seed and parts give the same weights, "
        "bit for bit", least=0)
    workers: int = option(
        2, "threads among which each batch is divided (default: 2; with several processes on the "
        "command line 1)", least=1)
    accumulation_steps: int = option(
        1, "work through each batch in this many portions, to save memory", least=1)
    parts: int | None = option(
        None, "into how many parts each batch is divided; default: processes x workers x "
        "accumulation_steps. Another number gives other roundings and, with dropout, other masks",
        least=1)
    recompute: bool = option(
        False, "save memory and take more time: keep only the input of each layer and compute the "
        "layer again in the backward pass; the weights are the same, bit for bit")
    float64_sums: bool = option(
        False, "sum the gradients of the parts in float64: the weights are the same, bit for bit, "
        "however many processes share the work")
    checkpoint_every: int = option(
        500, "steps between checkpoints, from which an interrupted run goes on", least=1)
    keep_checkpoints: int = option(2, "how many checkpoints are kept", least=1)
    evaluate_every: int = option(
        1000, "steps between evaluations; after each the model in the run folder is brought up to "
        "date", least=1)
    tensorboard: bool = option(
        False, "write event files for TensorBoard too (extra tensorboard)")

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

    def config_values(self):
        """The fields of the configuration: those of a small model, changed by `config`."""
        length = DataOptions(**self.data).max_seq_length
        return {**SMALL_CONFIG, "max_position_embeddings": length, **self.config}


def read_run_options(output):
    """The `PretrainingOptions` that the run in a folder was begun with.

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
    return read_options(path, PretrainingOptions)
