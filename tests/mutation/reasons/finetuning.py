"""Why mutants of the part finetuning that no test kills compute the same."""

REASONS = [
]
