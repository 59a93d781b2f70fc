"""Why mutants of the part optim that no test kills compute the same."""

REASONS = [
    ("moments.py", "sizes != self.branch_sizes", "sizes > self.branch_sizes",
     "All leaves have been found, so no branch has fewer than the parameters have."),
]
