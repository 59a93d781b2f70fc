"""Baselines without a neural network: the figures a model must be compared with.

Every function takes training rows and the rows to guess for, and returns one prediction for each
of the latter. The trivial ones do not look at the text; the others are linear models over TF-IDF
(how often a word stands in a text, times how rare it is elsewhere), from scikit-learn. Read
``labels`` first; ``similarity``, ``choices``, ``tags``, ``questions`` and ``translation`` are
written alike. ``vectors`` has the TF-IDF; ``checks`` refuses empty training data.
"""

from .choices import commonest_place, tfidf_choices
from .labels import commonest_label, commonest_labels, tfidf_label_sets, tfidf_labels
from .questions import first_sentences, overlapping_sentences
from .similarity import mean_score, tfidf_similarity
from .tags import commonest_tags, outside
from .translation import commonest_target, nearest_translation

__all__ = [
    "commonest_label",
    "commonest_labels",
    "commonest_place",
    "commonest_tags",
    "commonest_target",
    "first_sentences",
    "mean_score",
    "nearest_translation",
    "outside",
    "overlapping_sentences",
    "tfidf_choices",
    "tfidf_label_sets",
    "tfidf_labels",
    "tfidf_similarity",
]
