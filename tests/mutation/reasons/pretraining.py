"""Why mutants of the part pretraining that no test kills compute the same."""

REASONS = [
]
