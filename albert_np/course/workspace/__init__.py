"""The workspace: the folder in which a student writes the exercises.

Read ``empty_functions`` (modules of this package with nothing in their functions), ``pages`` (its
README, its tests, its pages for open exercises), then ``make_workspace``.
"""
