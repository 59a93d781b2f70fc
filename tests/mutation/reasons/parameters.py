"""Why mutants of the part parameters that no test kills compute the same."""

REASONS = [
]
