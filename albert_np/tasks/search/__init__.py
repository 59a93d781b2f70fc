"""Hyper-parameter search: many fine-tunings that differ in their options, best first.

Whatever an option of ``albert-np finetune`` sets can be searched, on a grid or at random. The
points come from scikit-learn's ``ParameterGrid`` and ``ParameterSampler``; every one is a process
of its own, which leaves its results in a folder of its own.

=============== ===================================================================
options.py      which options there are, and what their values may be
space.py        ``lr=1e-5..1e-3:log``, read
draw.py         the points to try
watched.py      a process that ends with the one that started it
trials.py       trials: started, several at a time, and what came of them
table.py        best first: the table, as text, CSV and JSON
run.py          all of it in a folder, which can be gone on with
=============== ===================================================================

Its picture is in :mod:`albert_np.plotting.search_trials`.
"""

from .options import Option, options_of
from .run import search
from .space import Axis, read_space

__all__ = ["Axis", "Option", "options_of", "read_space", "search"]
