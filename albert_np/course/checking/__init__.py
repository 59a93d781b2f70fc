"""Checking: is an exercise solved, and if not, which mistake was made?

Read ``load_modules`` (a student's file, the package's own, one with a planted fault),
``collect_answers``, ``compare_arrays``, ``verdict`` and ``judge_answers``; then ``fault_places``,
``mistake_themes`` and ``diagnose_fault`` (which planted fault gives the same answers), and
``student_report`` (what a student reads).
"""
