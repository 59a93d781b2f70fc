"""Marking: points for one submission and for a class.

Read ``read_submissions`` (what was handed in), ``mark_submission`` and ``mark_class``; then
``similarity`` (of each function to the package's), ``gradescope_results`` and ``gradescope_zip``
(the same at Gradescope), ``notebooks`` (the exercises as notebooks) and ``harmless_text`` (names
and remarks that do no harm). Students' code runs in
:mod:`albert_np.course.sandbox`.
"""
