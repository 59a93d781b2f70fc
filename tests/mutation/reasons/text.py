"""Why mutants of the part text that no test kills compute the same."""

REASONS = [
]
