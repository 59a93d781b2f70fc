"""Which ablations there are: what their variants change, what is measured, what the paper found."""

from dataclasses import dataclass, field

_PAPER_SHARING = {"all": 80.1, "attention": 81.7, "ffn": 80.2, "none": 81.6}           # table 4
_PAPER_EMBEDDING = {"none": (81.3, 81.7, 81.8, 82.3), "all": (79.0, 80.1, 79.6, 79.8)}  # table 3
_PAPER_TASK = {"none": (54.9, 52.4, 53.3), "nsp": (54.5, 90.5, 52.0),                  # table 5
               "sop": (54.0, 78.9, 86.5)}


@dataclass(frozen=True)
class Variant:
    """One row of the table.

    Attributes
    ----------
    name : str
        Short; also the name of the files of its runs.
    place : str
        What is written below it in the picture.
    config, data : dict
        The fields of AlbertConfig and of DataOptions in which it differs from the base.
    group : str
        Variants of one group have one colour.
    paper : tuple of str
        The paper's figures for it, one for each of `Ablation.paper_columns`.
    """

    name: str
    place: str
    config: dict = field(default_factory=dict)
    data: dict = field(default_factory=dict)
    group: str = ""
    paper: tuple = ()


@dataclass(frozen=True)
class Column:
    """A figure that is measured on held-out text.

    Attributes
    ----------
    heading : str
    batches : str
        On which of the ablation's held-out batches.
    key : str
        Which figure of :func:`~albert_np.pretraining.evaluate`.
    chance : float, optional
        What tossing a coin gives.
    """

    heading: str
    batches: str
    key: str
    chance: float | None = None

    @property
    def is_share(self):
        """Whether the figure is an accuracy, to be shown in percent."""
        return self.key.endswith("accuracy")


@dataclass(frozen=True)
class Claim:
    """Something that should be seen in the table: one variant above another, or level with it.

    Attributes
    ----------
    words : str
    column : str
        The heading of the column that shows it.
    higher, lower : str
        Names of variants.
    source : str
        Who says so, with the figures there.
    level : bool
        The claim is that the two do not differ.
    """

    words: str
    column: str
    higher: str
    lower: str
    source: str
    level: bool = False


@dataclass(frozen=True)
class Ablation:
    """Runs that differ in one thing.

    Attributes
    ----------
    name, title : str
    steps : int
        Of each run, unless another number is asked for.
    variants : tuple of Variant
    columns : tuple of Column
    batches : dict
        Held-out batches by name: the fields of DataOptions in which they differ from the base.
        All variants are measured on the same ones.
    claims : tuple of Claim
    paper_columns : tuple of str
        Headings of the paper's figures.
    paper_panel : bool
        Draw the paper's (only) figure in a panel of its own.
    paper_places : tuple of str
        What is written below that panel, where the paper's sizes are others.
    notes : tuple of str
        What one has to know to read the table.
    """

    name: str
    title: str
    steps: int
    variants: tuple
    columns: tuple
    batches: dict
    claims: tuple
    paper_columns: tuple = ()
    paper_panel: bool = False
    paper_places: tuple = ()
    notes: tuple = ()


MLM_LOSS = Column("MLM loss", "text", "mlm_loss")
MLM = Column("MLM accuracy", "text", "mlm_accuracy")
SOP = Column("SOP accuracy", "text", "sop_accuracy", 0.5)
_STANDARD = dict(columns=(MLM_LOSS, MLM, SOP), batches={"text": {}})
_AVERAGE = ("The paper's figure is the average over five tasks after fine-tuning a far larger "
            "model ({where}): compare the order, not the number.")


def _sharing(H):
    words = {"all": "all", "attention": "attention", "ffn": "feed-\nforward",
             "none": "none"}
    return Ablation(
        "sharing", "What the layers share", 2500,
        tuple(Variant(name, word, {"sharing": name}, paper=(f"{_PAPER_SHARING[name]}",))
              for name, word in words.items()),
        **_STANDARD, paper_columns=("paper: average",), paper_panel=True,
        notes=(_AVERAGE.format(where="table 4, E = 128"),),
        claims=(
            Claim("Sharing everything costs accuracy", "MLM accuracy", "none", "all",
                  "the paper: 81.6 against 80.1"),
            Claim("Sharing attention alone costs next to nothing", "MLM accuracy", "none",
                  "attention", "the paper: 81.6 against 81.7", level=True),
            Claim("Sharing the feed-forward network costs more than sharing attention",
                  "MLM accuracy", "attention", "ffn", "the paper: 81.7 against 80.2"),
            Claim("Once the feed-forward network is shared, sharing attention too costs little",
                  "MLM accuracy", "ffn", "all", "the paper: 80.2 against 80.1", level=True)))


def _embedding(H):
    sizes, their_sizes = (H // 8, H // 4, H // 2, H), (64, 128, 256, 768)
    variants = []
    for sharing, paper in _PAPER_EMBEDDING.items():
        for E, their_E, average in zip(sizes, their_sizes, paper):
            # As in the original: where E = H, nothing has to be mapped.
            variants.append(Variant(
                f"E{E}-{sharing}", f"E = {E}",
                {"embedding_size": E, "sharing": sharing, "embedding_mapping": E != H},
                group={"none": "nothing shared", "all": "everything shared"}[sharing],
                paper=(f"{average}", f"{their_E}")))
    smallest, small, _, largest = (f"E{E}" for E in sizes)
    return Ablation(
        "embedding", "The size of the embedding", 1300, tuple(variants), **_STANDARD,
        paper_columns=("paper: average", "its E"), paper_panel=True,
        paper_places=tuple(f"E = {their_E}" for their_E in their_sizes),
        notes=(_AVERAGE.format(where="table 3, H = 768"),
               f"Where E = H = {H}, the map from E to H is left out, as in the paper."),
        claims=(
            Claim("With nothing shared, the largest embedding is better than the smallest",
                  "MLM accuracy", f"{largest}-none", f"{smallest}-none",
                  "the paper: 82.3 against 81.3"),
            Claim("With everything shared, the smallest embedding is too small", "MLM accuracy",
                  f"{small}-all", f"{smallest}-all", "the paper: 80.1 against 79.0"),
            Claim("With everything shared, a small embedding is better than the largest",
                  "MLM accuracy", f"{small}-all", f"{largest}-all",
                  "the paper: 80.1 against 79.8"),
            Claim("Sharing everything costs accuracy at a small embedding", "MLM accuracy",
                  f"{small}-none", f"{small}-all", "the paper: 81.7 against 80.1"),
            Claim("Sharing everything costs accuracy at the largest embedding", "MLM accuracy",
                  f"{largest}-none", f"{largest}-all", "the paper: 82.3 against 79.8")))


def _sentence_task(H):
    headings = ("MLM accuracy", "NSP accuracy", "SOP accuracy")
    return Ablation(
        "sentence-task", "What is asked about two segments", 3300,
        tuple(Variant(name, word, data={"sentence_task": name},
                      paper=tuple(f"{value}" for value in _PAPER_TASK[name]))
              for name, word in (("none", "nothing"), ("nsp", "next\nsentence"),
                                 ("sop", "sentence\norder"))),
        columns=(Column("MLM loss", "in order", "mlm_loss"),
                 Column(headings[0], "in order", "mlm_accuracy"),
                 Column(headings[1], "nsp", "sop_accuracy", 0.5),
                 Column(headings[2], "sop", "sop_accuracy", 0.5)),
        batches={"in order": {"sentence_task": "none"}, "nsp": {"sentence_task": "nsp"},
                 "sop": {"sentence_task": "sop"}},
        paper_columns=("paper: MLM", "NSP", "SOP"),
        notes=("Every model is asked all three: words in segments that stand in order, whether the "
               "second segment comes from another document (NSP), and whether the two were swapped "
               "(SOP). The label 1 means \"not what comes next\" in both tasks.",
               "The head of a model that was asked nothing was never trained: it answers at "
               "random, and near 50 % is all that can be expected of it.",
               "The paper's figures are percentages in its table 5, of a far larger model."),
        claims=(
            Claim("Next-sentence training does not teach order: it is level with no training",
                  headings[2], "nsp", "none", "the paper: 52.0 against 53.3", level=True),
            Claim("Order has to be trained to be told", headings[2], "sop", "nsp",
                  "the paper: 86.5 against 52.0"),
            Claim("Order training teaches something about next sentences", headings[1], "sop",
                  "none", "the paper: 78.9 against 52.4"),
            Claim("Next sentences are told best by the model trained for it", headings[1], "nsp",
                  "sop", "the paper: 90.5 against 78.9"),
            Claim("A sentence task takes a little from the words", headings[0], "none", "sop",
                  "the paper: 54.9 against 54.0")))


def _masking(H):
    variants = (
        Variant("n-grams", "n-grams\n(default)"),
        Variant("words", "words", data={"ngram": 1}),
        Variant("pieces", "pieces", data={"ngram": 1, "do_whole_word_mask": False}),
        Variant("fixed", "drawn\nonce", data={"masking": "fixed", "dupe_factor": 1}),
        Variant("capped", "at\nmost 2",
                data={"max_predictions_per_seq": 2}))
    return Ablation(
        "masking", "What is masked", 2000, variants,
        columns=(MLM_LOSS, MLM, Column("on single pieces", "pieces", "mlm_accuracy"), SOP),
        batches={"text": {}, "pieces": {"ngram": 1, "do_whole_word_mask": False}},
        notes=("n-grams: up to 3 words, drawn anew in each epoch. drawn once: the same cuts and "
               "masks in each epoch. at most 2: about the 4 % that the original's cap of 20 leaves "
               "of 512 tokens.",
               "All are measured on the same held-out text, masked by n-grams, and once more "
               "masked by single pieces.",
               "The paper has no table of this."),
        claims=(
            Claim("n-grams are learnt best by masking n-grams", "MLM accuracy", "n-grams", "pieces",
                  "to be expected"),
            Claim("single pieces are learnt best by masking single pieces", "on single pieces",
                  "pieces", "n-grams", "to be expected"),
            Claim("Masks drawn anew are at least as good as masks drawn once", "MLM accuracy",
                  "n-grams", "fixed", "RoBERTa, Liu et al. 2019, section 4.1"),
            Claim("Fewer predictions in a sequence teach less in the same number of steps",
                  "MLM accuracy", "n-grams", "capped", "to be expected")))


def _lambda(H):
    weights = (0, 0.05, 0.15, 0.5, 1)
    return Ablation(
        "lambda", "The weight of the sentence-order loss", 2000,
        tuple(Variant(f"lambda={weight:g}", f"λ = {weight:g}", {"sop_weight": float(weight)})
              for weight in weights), **_STANDARD,
        notes=("The sentence-order head of λ = 0 was never trained: it answers at random.",
               "The paper has λ = 1 and no table of this."),
        claims=(
            Claim("A larger λ tells order better", "SOP accuracy", "lambda=1", "lambda=0.05",
                  "to be expected"),
            Claim("A larger λ takes from the words", "MLM accuracy", "lambda=0.05", "lambda=1",
                  "to be expected"),
            Claim("The default, λ = 0.15, costs no words", "MLM accuracy", "lambda=0",
                  "lambda=0.15", "to be expected", level=True)))


_MAKERS = {"sharing": _sharing, "embedding": _embedding, "sentence-task": _sentence_task,
           "masking": _masking, "lambda": _lambda}
NAMES = tuple(_MAKERS)


def ablation_of(name, hidden_size):
    """An ablation by its name.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    hidden_size : int, H
        The sizes of the embeddings are H/8, H/4, H/2 and H.

    Returns
    -------
    Ablation

    Raises
    ------
    ValueError
        There is none of that name, or H is too small for it.
    """
    if name not in _MAKERS:
        raise ValueError(f"there is no ablation {name!r}; known are {', '.join(NAMES)}")
    if name == "embedding" and (hidden_size < 8 or hidden_size % 8):
        raise ValueError(f"hidden_size is {hidden_size}; the embedding ablation divides it by 8")
    return _MAKERS[name](hidden_size)
