"""How to know that a gradient is right: differences, the complex step, planted faults.

Read ``differences``, ``one_check``, then the checks themselves: ``function_checks``,
``layer_checks``, ``model_checks``, ``task_checks``; ``all_checks`` is the list of them. ``report``
draws the errors, ``equations`` is the index of all equations and ``equation_pages`` prints them,
``planted_faults/`` is the catalogue of mistakes that ``planting`` tries.
"""

from .differences import (FLOOR, HAS_EXTENDED, STEP, GradientReport, cast_floats, check_directions,
                          check_gradients, check_inputs_of, derivative, nudged_output, random_like,
                          relative_error, working_copies)

__all__ = ["FLOOR", "HAS_EXTENDED", "STEP", "GradientReport", "cast_floats", "check_directions",
           "check_gradients", "check_inputs_of", "derivative", "nudged_output", "random_like",
           "relative_error", "working_copies"]
