"""Hyperparameter search: many fine-tunings that differ in their options, best first.

Whatever an option of ``albert-np finetune`` sets can be searched. Read ``space``
(``lr=1e-5..1e-3:log``, read), ``points`` (what is tried; optuna draws), ``trials`` and ``watched``
(processes), ``table``, then ``study``: all of it in a folder.
"""

from .space import Axis, Option, options_of, read_space
from .study import search

__all__ = ["Axis", "Option", "options_of", "read_space", "search"]
