"""Why mutants of the part functional that no test kills compute the same."""

REASONS = [
]
