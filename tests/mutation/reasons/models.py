"""Why mutants of the part models that no test kills compute the same."""

REASONS = [
]
