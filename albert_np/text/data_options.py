"""How text becomes training data: every option of the original, and its quirks one by one."""

from dataclasses import dataclass, fields

import numpy as np

SENTENCE_TASKS = ("sop", "nsp", "none")
MASKINGS = ("dynamic", "fixed")


@dataclass(frozen=True)
class DataOptions:
    """The settings of the data pipeline, from sentences to masked batches.

    An option of the original (google-research/albert, create_pretraining_data.py) has the
    original's name. The defaults are what a small model on a small corpus needs. Where the original
    does something that is better not done, the sound way is the default and a switch of its own
    brings the quirk back; `DataOptions.original` turns all of them on.

    Attributes
    ----------
    max_seq_length : int, T
        The length of a sequence with its three special tokens. Original: 512.
    max_predictions_per_seq : int, optional
        How many pieces of a sequence are masked at most. None: no limit. Original: 20, which is 4 %
        of a sequence of 512 tokens.
    masked_lm_prob : float
        The share of the tokens, special ones included, that is masked: at least one piece, or
        none at all where this is 0.
    short_seq_prob : float
        The share of documents that are cut into sequences shorter than max_seq_length, of a random
        length: the model should see short inputs too.
    dupe_factor : int
        How many different copies of the data there are where `masking` is "fixed"; not read
        otherwise. Original: 40.
    ngram : int
        The longest n-gram that is masked, in words; 1 masks single words.
    favor_shorter_ngram : bool
        Draw n with a probability in proportion to 1/n. False turns these probabilities around, so
        that the longest n-grams are the most frequent.
    do_whole_word_mask : bool
        Mask all pieces of a word or none. False makes every piece a word of its own.
    do_permutation : bool
        Choose up to as many further pieces, in the same way, and permute them among themselves;
        the model has to predict these too.
    sentence_task : "sop", "nsp" or "none"
        "sop" asks whether two neighbouring segments were swapped. "nsp" asks whether the second
        segment comes from another document (the original's random_next_sentence=True). "none" asks
        nothing: segments stay in order and have the label -100.
    masking : "dynamic" or "fixed"
        "dynamic" draws everything anew in each epoch. "fixed" draws dupe_factor different copies of
        the data once and repeats them: epoch e has the random draws of pass ``e % dupe_factor``.
        Original: "fixed".
    beginnings_only : bool
        Ask the sentence task only where a pair is the beginning of its document; the other pairs
        stay in order and have the label -100. In the middle of a short text hardly anyone can tell
        which of two sentences came first; that something begins can be seen. Not in the original.
    random_start : bool
        The first chunk of a document begins at a random one of the sentences that it would hold, so
        that another epoch cuts the same text elsewhere. Original: False, at the first sentence.
    overfull_chunks : bool
        A chunk ends with the first sentence that reaches the target length, so that nearly every
        pair is truncated. That costs little at 512 tokens and nearly half of the text at 32.
        Default: as many sentences as fit. Original: True.
    single_sentence_negatives : bool
        A chunk of one sentence gets a second segment from another document and the label 1, also
        where the task is sentence order: its subject alone gives it away. Default: a chunk takes at
        least two sentences, and one that is left over at the end of a document is dropped.
        Original: True.
    ngrams_across_sep : bool
        An n-gram may have words of both segments, and a piece after [SEP] that does not begin a
        word belongs to the last word before it. Original: True.
    ngrams_by_place : bool
        Draw the first word of an n-gram, then n, and give the n-gram up where it meets one that was
        chosen before. Long ones meet others more often, so they become rarer than their
        probability says. Default: draw n, then one of the places where such an n-gram still fits.
        Original: True.
    mask_unknown : bool
        Words with <unk> in them may be chosen, though nothing can be learnt from guessing
        "something unknown". Original: True.
    replace_by_any_piece : bool
        The random replacement is drawn from the whole vocabulary, special tokens included. Default:
        ordinary pieces. Original: True.
    original_word_starts : bool
        Pieces with one of ``' < = >`` in them always begin a word, ``'s`` for instance. Default:
        these count as other punctuation does, and only a single mark is a word of its own.
        Original: True.

    Raises
    ------
    ValueError
        A value has the wrong type or range, or is none of those listed.

    References
    ----------
    Lan et al. 2020, sections 3.1 and 4.1; google-research/albert, create_pretraining_data.py.
    """

    max_seq_length: int = 40
    max_predictions_per_seq: int | None = None
    masked_lm_prob: float = 0.15
    short_seq_prob: float = 0.1
    dupe_factor: int = 1
    ngram: int = 3
    favor_shorter_ngram: bool = True
    do_whole_word_mask: bool = True
    do_permutation: bool = False
    sentence_task: str = "sop"
    masking: str = "dynamic"
    beginnings_only: bool = False
    random_start: bool = True
    overfull_chunks: bool = False
    single_sentence_negatives: bool = False
    ngrams_across_sep: bool = False
    ngrams_by_place: bool = False
    mask_unknown: bool = False
    replace_by_any_piece: bool = False
    original_word_starts: bool = False

    @classmethod
    def original(cls, **changes):
        """The original's defaults, with all of its quirks.

        Parameters
        ----------
        **changes
            Options that are to differ, by name; besides those of this class,
            ``random_next_sentence=True``, the original's name for ``sentence_task="nsp"``.

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
        """How many pieces a sequence holds besides [CLS] and two [SEP]."""
        return self.max_seq_length - 3

    def __post_init__(self):
        self._check_integer("max_seq_length", 5, " (three special tokens, a piece per segment)")
        if self.max_predictions_per_seq is not None:
            self._check_integer("max_predictions_per_seq", 1, ", or None for no limit")
        self._check_integer("dupe_factor", 1)
        self._check_integer("ngram", 1)
        for name in ("masked_lm_prob", "short_seq_prob"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) \
                    or not 0 <= value <= 1:
                raise ValueError(f"{name} must be a number from 0 to 1, not {value!r}.")
        for name, known in (("sentence_task", SENTENCE_TASKS), ("masking", MASKINGS)):
            value = getattr(self, name)
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}.")
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is bool and not isinstance(value, bool):
                raise ValueError(f"{field.name} must be True or False, not {value!r}.")

    def _check_integer(self, name, least, remark=""):
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}{remark}, not "
                             f"{value!r}.")
