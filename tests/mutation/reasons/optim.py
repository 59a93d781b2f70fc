"""Why mutants of the part optim that no test kills compute the same."""

REASONS = [
    ("lamb.py", "p_norm > 0 and u_norm > 0", ("p_norm != 0", "u_norm != 0"),
     "A norm is never negative, and a step refuses a gradient that is not finite."),
    ("moments.py", "sizes != self.branch_sizes", "sizes > self.branch_sizes",
     "All leaves have been found, so no branch has fewer than the parameters have."),
    ("moments.py", "leaf.itemsize >= 4", "leaf.itemsize >= 3",
     "No floating-point dtype has three bytes."),
    ("moments.py", "array.dtype != dtype", "array.dtype is not dtype",
     "NumPy has one object for each of its own dtypes."),
    ("moments.py", 'np.errstate(over="ignore")', "np.errstate()",
     "Not every library of matrix products reports an overflow to NumPy."),
    ("moments.py", "0 <= value < math.inf", "value != math.inf",
     "NaN is not at least 0, and nothing is greater than infinity."),
    ("settings.py", "< math.inf", ("!= math.inf", "is not math.inf"),
     "NaN is not at least 0, and nothing is greater than infinity."),
    ("schedules.py", "< math.inf", "!= math.inf",
     "NaN is not at least 0, and nothing is greater than infinity."),
    ("sgd.py", "out=step", "np.multiply(m, lr)", "The place of the result saves memory only."),
    ("moments.py", "!= self.branch_sizes", "> self.branch_sizes",
     "All leaves have been found, so no branch has fewer than the parameters have."),
]
