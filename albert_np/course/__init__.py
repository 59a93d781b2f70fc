"""The course: exercises made from the source of this package, and a check that names the mistake.

``notes/`` has derivations in other languages.
An exercise is a function of this package that a student writes again. Read ``exercises`` (the
table: add an exercise there) and ``trials/`` (the questions put to each), then ``workspace/`` (what
a student gets), ``checking/`` (right or wrong, and which mistake), ``mistakes/`` (those of a
class), ``sandbox/`` (where students' code runs), ``marking/`` (points for a class) and
``teaching_page``. Apart from these, ``lecture/`` holds what the tutorials share, ``reader/`` makes
the pages that show each function line by line, and ``lab/`` serves these pages with numbers to type
over.
"""
