"""Hyperparameter search: many fine-tunings that differ in their options, best first.

Whatever an option of ``albert-np finetune`` sets can be searched, on a grid, at random, or by
optuna's TPE. Read ``space`` (``lr=1e-5..1e-3:log``, read) and ``options``, ``points`` (what is
tried), ``trials`` and ``watched`` (processes), ``table``, then ``study``: all of it in a folder.
"""

from .options import Option, options_of
from .space import Axis, read_space
from .study import search

__all__ = ["Axis", "Option", "options_of", "read_space", "search"]
