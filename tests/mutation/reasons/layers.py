"""Why mutants of the part layers that no test kills compute the same."""

REASONS = [
]
