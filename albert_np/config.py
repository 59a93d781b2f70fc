"""The configuration of an ALBERT, the eight published ones, and exact parameter counts."""

from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path

from .files import write_whole
from .files.json_objects import json_file, read_object
from .files.options import check_names, check_options, documented, option
from .model_files.file_names import CONFIG_NAME, ORIGINAL_CONFIG_NAME
from .model_files.folders import find_folder
from .model_files.settings import read_settings

SHARINGS = ("all", "attention", "ffn", "none")
ACTIVATION_NAMES = ("gelu", "gelu_new", "relu", "tanh", "linear")
PROBLEM_TYPES = ("regression", "single_label_classification", "multi_label_classification")
MOST_BLOCKS = 10_000        # applications of a layer; the largest published model has 24
MOST_CLASSES = 100_000


@documented
@dataclass
class AlbertConfig:
    """What an ALBERT looks like. The defaults are those of ``albert-base-v2``.

    The first block of fields has the names and meanings of the published ``config.json``; the
    second block is this implementation's own. Published models use the defaults of the second.

    Raises
    ------
    ValueError
        A value is impossible or two values contradict each other.

    References
    ----------
    Lan et al. 2020, section 3 and table 1; google-research/albert, ``modeling.py``.
    """

    vocab_size: int = option(30000, "V, the number of pieces in the vocabulary", least=1)
    embedding_size: int = option(128, "E, the number of columns of the embedding tables", least=1)
    hidden_size: int = option(768, "H, the number of columns of the hidden states", least=1)
    num_hidden_layers: int = option(
        12, "L, how many times the layer is applied", least=1, flags=("--layers",))
    num_hidden_groups: int = option(
        1, "divide the L layers into this many groups. Each group has its own parameters", least=1,
        flags=("--groups",))
    num_attention_heads: int = option(
        12, "A, the number of attention heads. H is divided among them", least=1,
        flags=("--heads",))
    intermediate_size: int = option(
        3072, "F, the number of features inside the feed-forward network", least=1)
    inner_group_num: int = option(
        1, "number of different blocks within each layer, applied one after the other", least=1,
        flags=("--inner-groups",))
    hidden_act: str = option(
        "gelu_new", "the activation inside the feed-forward network. gelu is the erf form and "
        "gelu_new is the tanh form, as in transformers (google-research/albert has the tanh form "
        "and calls it gelu)", choices=ACTIVATION_NAMES, flags=("--activation",))
    hidden_dropout_prob: float = option(
        0.0, "probability of setting an entry of a hidden state to 0", least=0, below=1,
        flags=("--dropout",))
    attention_probs_dropout_prob: float = option(
        0.0, "probability of setting an attention weight to 0", least=0, below=1,
        flags=("--attention-dropout",))
    classifier_dropout_prob: float = option(
        0.1, "probability of setting an input of a task's head to 0", least=0, below=1)
    max_position_embeddings: int = option(512, "rows of the position table", least=1)
    type_vocab_size: int = option(2, "rows of the token-type table", least=1)
    initializer_range: float = option(
        0.02, "standard deviation of the first weights. They are normally distributed and "
        "truncated at two standard deviations. For small models use 1/sqrt(H) or a little less",
        above=0)
    layer_norm_eps: float = option(1e-12, "the epsilon inside the root of layer normalisation",
                                   above=0)
    pad_token_id: int = option(0, "the id of <pad>", least=0)
    bos_token_id: int | None = option(2, "the id of [CLS]", least=0)
    eos_token_id: int | None = option(3, "the id of [SEP]", least=0)
    num_labels: int | None = option(
        None, "K, how many classes or numbers to predict there are; None means as many as id2label "
        "has, or 2", least=1)
    id2label: dict | None = option(
        None, "the name of each class by its number, 0 to K - 1; label2id is the way back")
    problem_type: str | None = option(
        None, "what AlbertForSequenceClassification predicts; None leaves it to the labels",
        choices=PROBLEM_TYPES)

    sharing: str = option(
        "all", "what the layers share: everything (all, ALBERT), only the attention blocks "
        "(attention), only the feed-forward blocks (ffn), or nothing (none, BERT). ALBERT paper, "
        "section 4.5", choices=SHARINGS)
    embedding_mapping: bool = option(
        True, "whether a linear map leads from E to H. It may be left out only if E = H (BERT)")
    cross_layer_residual: bool = option(
        False, "whether each application of a layer adds its input to its output, h' = h + f(h; W)")
    sop_weight: float = option(1.0, "lambda, the weight of the sentence-order loss", least=0)
    extra: dict = field(default_factory=dict, repr=False, compare=False, metadata={
        "help": "keys of a config.json that have no meaning here; kept, to be written back"})

    def __post_init__(self):
        self._settle_labels()
        check_options(self)
        self.sop_weight = float(self.sop_weight)        # NumPy's float64 would promote the loss
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(f"hidden_size {self.hidden_size} is not divisible by "
                             f"num_attention_heads {self.num_attention_heads}")
        if self.pad_token_id >= self.vocab_size:
            raise ValueError(f"pad_token_id {self.pad_token_id} is not in the vocabulary, as "
                             f"vocab_size is {self.vocab_size}")
        if self.num_hidden_groups > self.num_hidden_layers:
            raise ValueError(f"num_hidden_groups {self.num_hidden_groups} is more than "
                             f"num_hidden_layers {self.num_hidden_layers}")
        if not self.embedding_mapping and self.embedding_size != self.hidden_size:
            raise ValueError(f"embedding_mapping may be left out only where embedding_size equals "
                             f"hidden_size; they are {self.embedding_size} and {self.hidden_size}")

    def _settle_labels(self):
        """Keys of ``id2label`` as numbers (JSON makes them words), and ``num_labels`` from it."""
        if self.id2label is not None:
            names = self.id2label
            if not isinstance(names, dict) or not names or (
                    {str(key) for key in names} != {str(i) for i in range(len(names))}):
                raise ValueError(f"id2label is {names!r}; it must give a name to each class, "
                                 f"numbered from 0")
            self.id2label = {int(key): names[key] for key in sorted(names, key=int)}
            if self.num_labels not in (None, len(names)):
                raise ValueError(f"num_labels is {self.num_labels}, but id2label names "
                                 f"{len(names)} classes")
        if self.num_labels is None:
            self.num_labels = 2 if self.id2label is None else len(self.id2label)

    @property
    def label2id(self):
        """The number of each class by its name, or None where classes have no names."""
        return None if self.id2label is None else {name: i for i, name in self.id2label.items()}

    @property
    def label_names(self):
        """The name of each class; LABEL_0, LABEL_1, ... as in transformers where none is given."""
        if self.id2label is None:
            return tuple(f"LABEL_{i}" for i in range(self.num_labels))
        return tuple(self.id2label.values())

    # ---- reading and writing -------------------------------------------------------------------

    @classmethod
    def from_name(cls, name, **changes):
        """The configuration of a published model, e.g. ``from_name("albert-base-v2")``.

        ``changes`` replace single fields: ``from_name("albert-base-v2", hidden_dropout_prob=0.1)``.
        """
        key = str(name).removeprefix("albert/")
        if key not in PUBLISHED:
            raise ValueError(f"there is no published configuration {name!r}; "
                             f"known are {', '.join(PUBLISHED)}")
        return cls(**{**PUBLISHED[key], **changes})

    @classmethod
    def from_dict(cls, values):
        """From the dictionary of a ``config.json``; unknown keys go to ``extra``."""
        if not isinstance(values, dict):
            raise ValueError(f"a configuration is a dictionary, not a {type(values).__name__}")
        names = {f.name for f in fields(cls)} - {"extra"}
        values = {key: value for key, value in values.items() if key != "label2id"}
        known = {key: value for key, value in values.items() if key in names}
        extra = {key: value for key, value in values.items() if key not in names}
        return cls(**known, extra=extra)

    def to_dict(self):
        """A dictionary ready to be written as ``config.json``; ``from_dict`` reads it back."""
        values = asdict(self)
        if self.id2label is not None:
            values["label2id"] = self.label2id
        for name, default in (("num_labels", 2), ("id2label", None), ("problem_type", None)):
            if values[name] == default:
                del values[name]               # the pretrained models have no classes to tell of
        return {"architectures": ["AlbertForPreTraining"], "model_type": "albert",
                **values.pop("extra"), **values}

    @classmethod
    def from_file(cls, path):
        """From a ``config.json`` or from the folder that holds one."""
        path = Path(path)
        path = path / "config.json" if path.is_dir() else path
        if not path.exists():
            raise FileNotFoundError(f"there is no configuration file {path}")
        values = read_object(path)
        try:
            return cls.from_dict(values)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    @classmethod
    def from_pretrained(cls, name_or_folder, **changes):
        """That of a published model, in a folder or on the hub; ``changes`` replace fields."""
        folder = find_folder(name_or_folder, weights=False)
        original = (not (folder / CONFIG_NAME).exists()
                    and (folder / ORIGINAL_CONFIG_NAME).exists())
        return read_config(folder, original, name_or_folder, changes)[0]

    def save_pretrained(self, folder):
        """Write ``config.json`` into a folder."""
        write_whole(Path(folder) / "config.json", json_file(self.to_dict()))

    # ---- what follows from the fields ----------------------------------------------------------

    @cached_property
    def schedule(self):
        """Which attention block and which feed-forward block each application of a layer uses.

        Sharing is nothing but these index lists. With ``inner_group_num`` = 1 there is one
        application a depth.

        Returns
        -------
        list of (int, int)
            (attention block, feed-forward block), L x ``inner_group_num`` pairs.

        Notes
        -----
        Depth l belongs to group int(l / (L / G)), rounded as transformers does. The original
        computes int(l / L * G), which differs for a few uneven (L, G) and never for G = 1.
        """
        layers_per_group = self.num_hidden_layers / self.num_hidden_groups
        shared = [int(depth / layers_per_group) * self.inner_group_num + inner
                  for depth in range(self.num_hidden_layers)
                  for inner in range(self.inner_group_num)]
        own = list(range(len(shared)))
        attention = shared if self.sharing in ("all", "attention") else own
        feed_forward = shared if self.sharing in ("all", "ffn") else own
        return list(zip(attention, feed_forward))

    def parameter_counts(self):
        """Exact number of parameters by component; tied weights are counted once.

        Returns
        -------
        dict of str to int
            embeddings, mapping, attention, feed_forward, pooler, mlm_head, sop_head. The first
            five make up ``AlbertModel``, all of them ``AlbertForPreTraining``.
        """
        V, E, H, F = (self.vocab_size, self.embedding_size, self.hidden_size,
                      self.intermediate_size)
        attention_blocks, feed_forward_blocks = (1 + max(i) for i in zip(*self.schedule))
        return {
            "embeddings": (V + self.max_position_embeddings + self.type_vocab_size) * E + 2 * E,
            "mapping": (E * H + H) if self.embedding_mapping else 0,
            "attention": attention_blocks * (4 * (H * H + H) + 2 * H),
            "feed_forward": feed_forward_blocks * ((H * F + F) + (F * H + H) + 2 * H),
            "pooler": H * H + H,
            "mlm_head": (H * E + E) + 2 * E + V,
            "sop_head": H * 2 + 2,
        }


# v1 was trained with the tanh form of GELU, though its published files say "gelu".
PUBLISHED = {
    name: dict(hidden_size=H, num_hidden_layers=L, num_attention_heads=A, intermediate_size=4 * H,
               hidden_act="gelu_new", hidden_dropout_prob=dropout,
               attention_probs_dropout_prob=dropout)
    for name, H, L, A, dropout in (
        #                      H     L   A   dropout
        ("albert-base-v1", 768, 12, 12, 0.1),
        ("albert-large-v1", 1024, 24, 16, 0.1),
        ("albert-xlarge-v1", 2048, 24, 16, 0.1),
        ("albert-xxlarge-v1", 4096, 12, 64, 0.0),
        ("albert-base-v2", 768, 12, 12, 0.0),
        ("albert-large-v2", 1024, 24, 16, 0.0),
        ("albert-xlarge-v2", 2048, 24, 16, 0.0),
        ("albert-xxlarge-v2", 4096, 12, 64, 0.0))}


def read_config(folder, original=False, name="", changes=None):
    """The configuration in a folder of published weights.

    Parameters
    ----------
    folder, original, name
        As in :func:`~albert_np.model_files.settings.read_settings`.
    changes : dict, optional
        Fields that the user wants otherwise, and perhaps ``label2id``. Another number of labels
        drops the names of the old ones.

    Returns
    -------
    config : AlbertConfig
    kind : {"albert", "bert"}
    notes : list of str

    Raises
    ------
    FileNotFoundError
        There is no configuration.
    ValueError
        It cannot be read, is not that of an ALBERT or a BERT, or has absurd sizes.
    """
    changes = _settled_changes(changes or {})
    check_names(AlbertConfig, changes)
    values, kind, notes, path = read_settings(folder, original, name, "hidden_act" in changes)
    try:
        config = AlbertConfig.from_dict(values)
        if changes.get("num_labels", config.num_labels) != config.num_labels:
            changes = {"id2label": None, **changes}
        config = replace(config, **changes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    _check_sizes(config, path)
    return config, kind, notes


def _settled_changes(changes):
    """The changes without ``label2id``, and with ``num_labels`` wherever labels are named."""
    changes = dict(changes)
    back = changes.pop("label2id", None)
    if back is not None:
        if not isinstance(back, dict):
            raise ValueError(f"label2id is {back!r}; it must be a dictionary")
        names = {str(i): name for name, i in back.items()}
        given = changes.setdefault("id2label", names)
        if not isinstance(given, dict) or {str(i): given[i] for i in given} != names:
            raise ValueError(f"label2id is {back!r}, which is not the way back from id2label, "
                             f"{given!r}")
    if changes.get("id2label") is not None:
        changes.setdefault("num_labels", None)                 # as many as have a name
    return changes


def _check_sizes(config, path):
    """Refuse what would take for ever before a single weight is looked at.

    All other sizes are compared with the shapes in the file of weights.
    """
    blocks = config.num_hidden_layers * config.inner_group_num
    if blocks > MOST_BLOCKS:
        raise ValueError(f"{path}: num_hidden_layers {_short(config.num_hidden_layers)} with "
                         f"inner_group_num {_short(config.inner_group_num)} is absurd: more than "
                         f"{MOST_BLOCKS} layers to go through")
    if config.num_labels > MOST_CLASSES:
        raise ValueError(f"{path}: num_labels {_short(config.num_labels)} is absurd: more than "
                         f"{MOST_CLASSES} classes")


def _short(number):
    return number if number < 10**20 else "of more than 20 digits"
