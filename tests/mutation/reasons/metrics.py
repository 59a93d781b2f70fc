"""Why mutants of the part metrics that no test kills compute the same."""

REASONS = [
]
