"""Why mutants of the part optim that no test kills compute the same."""

REASONS = [
]
