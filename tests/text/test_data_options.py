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
        assert f"\n    {field.name} : " in DataOptions.__doc__, field.name


def test_options_do_not_change_and_survive_as_dict():
    options = DataOptions.original(max_seq_length=np.int64(64))
    with pytest.raises(FrozenInstanceError):
        options.ngram = 1
    assert DataOptions(**asdict(options)) == options and options.room == 61


@pytest.mark.parametrize("name, value, message", [
    ("max_seq_length", 4, "max_seq_length must be an integer of at least 5 .*, not 4"),
    ("max_seq_length", 40.0, "max_seq_length must be an integer .*, not 40.0"),
    ("max_predictions_per_seq", 0, "must be an integer of at least 1, or None .*, not 0"),
    ("max_predictions_per_seq", True, "max_predictions_per_seq must be an integer.*, not True"),
    ("dupe_factor", 0, "dupe_factor must be an integer of at least 1, not 0"),
    ("dupe_factor", None, "dupe_factor must be an integer of at least 1, not None"),
    ("ngram", 0, "ngram must be an integer of at least 1, not 0"),
    ("masked_lm_prob", 1.5, "masked_lm_prob must be a number from 0 to 1, not 1.5"),
    ("masked_lm_prob", float("nan"), "masked_lm_prob must be a number from 0 to 1, not nan"),
    ("masked_lm_prob", "0.15", "masked_lm_prob must be a number from 0 to 1, not '0.15'"),
    ("short_seq_prob", -0.1, "short_seq_prob must be a number from 0 to 1, not -0.1"),
    ("sentence_task", "SOP", "sentence_task must be one of sop, nsp, none, not 'SOP'"),
    ("masking", "static", "masking must be one of dynamic, fixed, not 'static'"),
    ("do_permutation", 1, "do_permutation must be True or False, not 1"),
    ("random_start", None, "random_start must be True or False, not None"),
    *[(quirk, "yes", f"{quirk} must be True or False, not 'yes'") for quirk in QUIRKS],
])
def test_bad_values(name, value, message):
    with pytest.raises(ValueError, match=message):
        DataOptions(**{name: value})
    with pytest.raises(ValueError, match=message):
        DataOptions.original(**{name: value})
