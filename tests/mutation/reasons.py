"""Why a mutant that no test kills computes the same.

An entry has a piece of the path, a piece of the line, a piece of the line that it becomes (or
several: one must fit), and the reason.
"""

REASONS = [
]
