"""The course: exercises made from the source of this package, and a check that teaches.

An exercise is a function of this package that a student writes again. Which function is which exercise
stands in :mod:`albert_np.course.exercises`; what each is asked stands in
:mod:`albert_np.course.trials`; :mod:`albert_np.course.checking.judge_answers` compares the answers, and
:mod:`albert_np.course.checking.diagnose_fault` recognises the planted fault that gives the same ones.
"""
