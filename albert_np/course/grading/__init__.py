"""Marking: the answers of students who are not trusted, run in a cage and compared outside it.

Read in this order: :mod:`~albert_np.course.grading.messages` (what may pass the wall),
:mod:`~albert_np.course.grading.linux` and :mod:`~albert_np.course.grading.cage` (how one function
of one student is run), :mod:`~albert_np.course.grading.sandbox` (the side of the wall that knows
the right numbers), :mod:`~albert_np.course.grading.marking` and
:mod:`~albert_np.course.grading.classes` (points for one submission and for a class).
"""
