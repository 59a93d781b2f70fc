"""How text becomes training data: every option of the original, and its quirks one by one."""

from dataclasses import dataclass

from ..files.options import check_options, documented, option


@documented
@dataclass(frozen=True)
class DataOptions:
    """The settings of the data pipeline, from sentences to masked batches.

    An option of the original (google-research/albert, create_pretraining_data.py) has the
    original's name. The defaults are for a small model and a small corpus. Some rules of the
    original do harm. They are off by default, and each has a switch that brings it back.
    `DataOptions.original` brings all of them back. These switches are the last options, from
    `random_start` on.

    Raises
    ------
    ValueError
        A value has the wrong type or range, or is none of those listed.

    References
    ----------
    Lan et al. 2020, sections 3.1 and 4.1; google-research/albert, create_pretraining_data.py.
    """

    max_seq_length: int = option(
        40, "T, the number of tokens in a sequence. It includes three special tokens and at least "
        "one piece for each segment (original: 512)", least=5,
        flags=("--max-seq-length", "--max-length"))
    max_predictions_per_seq: int | None = option(
        None, "mask at most this many pieces of a sequence; default: no limit (original: 20, which "
        "is 4 % of a sequence of 512 tokens)", least=1)
    masked_lm_prob: float = option(
        0.15, "share of the tokens that is masked. [CLS] and [SEP] count as tokens here, but they "
        "are never masked. At least one piece is masked, unless the share is 0", least=0, most=1)
    short_seq_prob: float = option(
        0.1, "share of documents that are cut into shorter sequences of a random length, so that "
        "the model sees short inputs too", least=0, most=1)
    dupe_factor: int = option(
        1, "with fixed masking: number of different copies of the data (original: 40)", least=1)
    ngram: int = option(
        3, "the longest n-gram that is masked, in words; 1 masks single words", least=1)
    favor_shorter_ngram: bool = option(
        True, "draw n with a probability proportional to 1/n. Without it, these probabilities are "
        "reversed, so that the longest n-grams are the most frequent")
    do_whole_word_mask: bool = option(
        True, "mask all pieces of a word or none of them. Without it, every piece is treated as a "
        "word. In Chinese every piece is a word unless --segmenter finds the words")
    do_permutation: bool = option(
        False, "besides the masked pieces, choose the same number of other pieces in the same way. "
        "These pieces exchange their positions, and the model has to predict them too")
    sentence_task: str = option(
        "sop", "the question about two segments. sop: were they swapped? nsp: is the second one "
        "from another document? none: there is no question, the segments stay in order, and their "
        "label is -100", choices=("sop", "nsp", "none"))
    masking: str = option(
        "dynamic", "dynamic: make all random choices again in each epoch. fixed: make N copies of "
        "the data with different random choices, and repeat these copies; N is the dupe-factor. "
        "Epoch e uses copy e % N (original: fixed)", choices=("dynamic", "fixed"))
    beginnings_only: bool = option(
        False, "use only the pairs at the beginning of a document for the sentence task. All other "
        "pairs stay in order and have the label -100. In the middle of a short text, even people "
        "can rarely tell which of two sentences came first. On the documentation of Python this is "
        "on by default, because its texts are very short. The original does not have this option")
    random_start: bool = option(
        True, "begin the first chunk of a document at a random sentence among those that would fit "
        "into it. So every epoch cuts the same text at other places (original: at the first "
        "sentence)")
    overfull_chunks: bool = option(
        False, "end a chunk with the first sentence that reaches the target length. Then nearly "
        "every pair is too long and is truncated. At 512 tokens this loses little text, at 32 "
        "tokens nearly half of it. Without it, a chunk has as many sentences as fit")
    single_sentence_negatives: bool = option(
        False, "if a chunk has only one sentence, take its second segment from another document, "
        "with the label 1. This also happens if the task is sentence order, and then the subject "
        "of the text gives the answer away. Without it, a chunk has at least two sentences, and a "
        "single sentence at the end of a document is left out")
    ngrams_across_sep: bool = option(
        False, "an n-gram may contain words of both segments. A piece after [SEP] that does not "
        "begin a word belongs to the last word before [SEP]")
    ngrams_by_place: bool = option(
        False, "draw the first word of an n-gram, and then n. If the n-gram meets one that was "
        "chosen before, drop it. So long n-grams are rarer than their probability says. Without "
        "it, draw n first, and then one of the positions where such an n-gram still fits")
    mask_unknown: bool = option(
        False, "mask words that contain <unk> too. The model learns nothing from predicting <unk>")
    replace_by_any_piece: bool = option(
        False, "draw the random replacement of a piece from the whole vocabulary, special tokens "
        "included. Without it, draw only from the ordinary pieces")
    original_word_starts: bool = option(
        False, "a piece that contains one of ' < = > always begins a word, for example 's. Without "
        "it, these characters count as other punctuation does: only a single mark is a word of its "
        "own")

    @classmethod
    def original(cls, **changes):
        """Return the defaults of the original, with all of its quirks.

        Parameters
        ----------
        **changes
            Options with other values, by name. ``random_next_sentence=True`` may be given too. It
            is the original's name for ``sentence_task="nsp"``.

        Returns
        -------
        DataOptions

        Raises
        ------
        ValueError
            As for the class itself, or random_next_sentence contradicts sentence_task.
        """
        if "random_next_sentence" in changes:
            random_next = changes.pop("random_next_sentence")
            if not isinstance(random_next, bool):
                raise ValueError(f"random_next_sentence must be True or False, not "
                                 f"{random_next!r}.")
            if "sentence_task" in changes:
                raise ValueError("Give either random_next_sentence or sentence_task, not both: "
                                 "they are two names for one thing.")
            changes["sentence_task"] = "nsp" if random_next else "sop"
        return cls(**{"max_seq_length": 512, "max_predictions_per_seq": 20, "dupe_factor": 40,
                      "masking": "fixed", "random_start": False, "overfull_chunks": True,
                      "single_sentence_negatives": True, "ngrams_across_sep": True,
                      "ngrams_by_place": True, "mask_unknown": True,
                      "replace_by_any_piece": True, "original_word_starts": True, **changes})

    @property
    def random_next_sentence(self):
        """The original's name for ``sentence_task == "nsp"``."""
        return self.sentence_task == "nsp"

    @property
    def room(self):
        """How many pieces a sequence of `max_seq_length` holds besides [CLS] and two [SEP]."""
        return self.max_seq_length - 3

    @property
    def least_sentences(self):
        """A document with fewer sentences gives no pair of segments."""
        return 1 if self.single_sentence_negatives else 2

    def __post_init__(self):
        check_options(self)
