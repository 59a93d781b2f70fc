"""Marking: points for one submission and for a class.

Read ``submissions`` (what was handed in), ``marking`` and ``classes``, then ``gradescope`` and
``autograder``, which do the same elsewhere; ``notebooks`` reads submissions that are notebooks.
Students' code runs in :mod:`albert_np.course.sandbox`.
"""
