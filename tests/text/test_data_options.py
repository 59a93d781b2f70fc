"""The options: the original's defaults, and one clear sentence for every value that is wrong."""

from dataclasses import FrozenInstanceError, asdict, fields

import numpy as np
import pytest

from albert_np.text import DataOptions

QUIRKS = ["overfull_chunks", "single_sentence_negatives", "ngrams_across_sep", "ngrams_by_place",
          "mask_unknown", "replace_by_any_piece", "original_word_starts"]


def test_every_quirk_is_off_unless_asked_for():
    options, original = DataOptions(), DataOptions.original()
    assert not any(getattr(options, quirk) for quirk in QUIRKS)
    assert all(getattr(original, quirk) for quirk in QUIRKS)


def test_defaults_of_the_original():
    original = {"max_seq_length": 512, "max_predictions_per_seq": 20, "masked_lm_prob": 0.15,
                "short_seq_prob": 0.1, "dupe_factor": 40, "ngram": 3, "favor_shorter_ngram": True,
                "do_whole_word_mask": True, "do_permutation": False, "sentence_task": "sop",
                "masking": "fixed", "beginnings_only": False, "random_start": False}
    assert asdict(DataOptions.original()) == {**original, **dict.fromkeys(QUIRKS, True)}


def test_names_of_the_sentence_tasks():
    assert DataOptions.original(random_next_sentence=True).sentence_task == "nsp"
    assert DataOptions.original(random_next_sentence=False).sentence_task == "sop"
    assert DataOptions.original(sentence_task="none").sentence_task == "none"
    assert DataOptions(sentence_task="nsp").random_next_sentence
    assert not DataOptions().random_next_sentence
    with pytest.raises(ValueError, match="either random_next_sentence or sentence_task, not both"):
        DataOptions.original(random_next_sentence=True, sentence_task="nsp")
    with pytest.raises(ValueError, match="random_next_sentence must be True or False, not 1"):
        DataOptions.original(random_next_sentence=1)


def test_every_option_is_described():
    for field in fields(DataOptions):
        assert f"\n{field.name} : " in DataOptions.__doc__, field.name


def test_options_do_not_change_and_survive_as_dict():
    options = DataOptions.original(max_seq_length=np.int64(64))
    with pytest.raises(FrozenInstanceError):
        options.ngram = 1
    assert DataOptions(**asdict(options)) == options and options.room == 61


@pytest.mark.parametrize("name, value, message", [
    ("max_seq_length", 4, "max_seq_length is 4; it must be at least 5"),
    ("max_seq_length", 40.0, "max_seq_length is 40.0; it must be a whole number"),
    ("max_predictions_per_seq", 0, "max_predictions_per_seq is 0; it must be at least 1"),
    ("max_predictions_per_seq", True, "is True; it must be a whole number or None"),
    ("dupe_factor", 0, "dupe_factor is 0; it must be at least 1"),
    ("dupe_factor", None, "dupe_factor is None; it must be a whole number"),
    ("ngram", 0, "ngram is 0; it must be at least 1"),
    ("masked_lm_prob", 1.5, "prob is 1.5; it must be at least 0 and at most 1"),
    ("masked_lm_prob", float("nan"), "masked_lm_prob is nan; it must be a finite number"),
    ("masked_lm_prob", "0.15", "masked_lm_prob is '0.15'; it must be a finite number"),
    ("short_seq_prob", -0.1, "prob is -0.1; it must be at least 0 and at most 1"),
    ("sentence_task", "SOP", "sentence_task is 'SOP'; it must be one of sop, nsp, none"),
    ("masking", "static", "masking is 'static'; it must be one of dynamic, fixed"),
    ("do_permutation", 1, "do_permutation is 1; it must be True or False"),
    ("random_start", None, "random_start is None; it must be True or False"),
    *[(quirk, "yes", f"{quirk} is 'yes'; it must be True or False") for quirk in QUIRKS],
])
def test_bad_values(name, value, message):
    with pytest.raises(ValueError, match=message):
        DataOptions(**{name: value})
    with pytest.raises(ValueError, match=message):
        DataOptions.original(**{name: value})
