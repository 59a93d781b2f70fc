"""Pictures of the tasks, from numbers that are already computed; no file computes a metric.

Each file has two functions: ``..._figure`` makes a matplotlib Figure, for a notebook or to change
it; ``plot_...`` saves that figure as PNG and returns the path. ``drawing`` has what they share.
"""

from .answer_attention import answer_attention_figure, plot_answer_attention
from .baselines_bars import baselines_bars_figure, plot_baselines_bars
from .confusion_matrix import confusion_matrix_figure, plot_confusion_matrix
from .entity_bars import entity_bars_figure, plot_entity_bars
from .learning_curves import learning_curves_figure, plot_learning_curves
from .reliability import plot_reliability, reliability_figure
from .similarity_scatter import plot_similarity_scatter, similarity_scatter_figure
from .translation_lengths import plot_translation_lengths, translation_lengths_figure

__all__ = [
    "answer_attention_figure",
    "baselines_bars_figure",
    "confusion_matrix_figure",
    "entity_bars_figure",
    "learning_curves_figure",
    "plot_answer_attention",
    "plot_baselines_bars",
    "plot_confusion_matrix",
    "plot_entity_bars",
    "plot_learning_curves",
    "plot_reliability",
    "plot_similarity_scatter",
    "plot_translation_lengths",
    "reliability_figure",
    "similarity_scatter_figure",
    "translation_lengths_figure",
]
