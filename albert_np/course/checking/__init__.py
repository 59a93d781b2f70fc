"""Checking: is an exercise solved, and if not, which mistake was made?

Read ``load_modules`` (a student's file, the package's own, one with a planted fault) and
``exercises_used`` and ``functions_allowed`` (which of the package's functions a student may
call), then ``collect_answers``,
``compare_arrays``, ``verdict`` and ``judge_answers``; then ``fault_places``, ``mistake_themes``,
``two_mistakes`` (two of them at once), ``variations`` (small changes of the package's functions)
and ``diagnose_fault`` (which known mistake, or which change, gives the same answers), and
``student_report`` (what a student reads).
"""
