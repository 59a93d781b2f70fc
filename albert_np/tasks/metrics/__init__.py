"""Figures of merit from the standard libraries, each with a bootstrap interval.

Every function takes ``rng=None`` and returns a `Figure`; with a generator it has an interval. Read
``bootstrap`` and ``labels``; then ``label_sets``, ``scores``, ``entities``, ``answers``,
``translation``, ``calibration`` and ``uncertainty``. ``checks`` refuses lists of unequal length.
"""

from .answers import (answer_scores, best_null_threshold, exact_match, normalise_answer,
                      normalise_chinese_answer, overlap_f1)
from .bootstrap import Figure, bootstrap
from .calibration import calibration_bins, expected_calibration_error
from .entities import entity_f1, entity_scores
from .label_sets import label_scores, macro_f1, micro_f1
from .labels import accuracy, confusion_matrix, f1, matthews
from .scores import pearson, spearman
from .translation import bleu, bleu_by_length, chrf
from .uncertainty import uncertainty

__all__ = [
    "Figure",
    "accuracy",
    "answer_scores",
    "best_null_threshold",
    "bleu",
    "bleu_by_length",
    "bootstrap",
    "calibration_bins",
    "chrf",
    "confusion_matrix",
    "entity_f1",
    "entity_scores",
    "exact_match",
    "expected_calibration_error",
    "f1",
    "label_scores",
    "macro_f1",
    "matthews",
    "micro_f1",
    "normalise_answer",
    "normalise_chinese_answer",
    "overlap_f1",
    "pearson",
    "spearman",
    "uncertainty",
]
