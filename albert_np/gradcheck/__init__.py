"""How to know that a gradient is right: differences, the complex step, planted faults.

Read ``differences`` (slopes from forward passes), ``contract`` (what cannot be checked is refused),
``compare_gradients``, ``gradient_report`` with ``likely_mistakes``; then ``one_check`` and the
checks themselves: ``function_checks``, ``layer_checks``, ``model_checks``, ``task_checks``;
``all_checks`` is the list of them. ``report`` draws the errors, ``equations`` is the index of all
equations and ``equation_pages`` prints them, ``tracing/`` runs examples line by line,
``planted_faults/`` is the catalogue of mistakes that ``planting`` tries.
"""

from .compare_gradients import check_directions, check_gradients, check_inputs_of
from .differences import (BOUND, FLOOR, HAS_EXTENDED, STEP, cast_floats, derivative, nudged_output,
                          random_like, relative_error, working_copies)
from .gradient_report import GradientReport
from .likely_mistakes import likely_mistakes

__all__ = ["BOUND", "FLOOR", "HAS_EXTENDED", "STEP", "GradientReport", "cast_floats",
           "check_directions", "check_gradients", "check_inputs_of", "derivative",
           "likely_mistakes", "nudged_output", "random_like", "relative_error", "working_copies"]
