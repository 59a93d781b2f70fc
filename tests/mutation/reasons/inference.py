"""Why mutants of the part inference that no test kills compute the same."""

REASONS = [
]
