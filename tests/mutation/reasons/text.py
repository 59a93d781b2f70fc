"""Why mutants of the part text that no test kills compute the same."""

REASONS = [
    ("batches.py", "needs {end[i, 0]}", ("end[i, -1]",), "`end` has one column."),
    ("masking.py", "copy=False", ("copy=True", "astype(dtype)"),
     "Only saves a copy of an array that is new anyway."),
    ("masking.py", "masked_lm_prob > 0", ("!= 0",), "The options refuse a share below 0."),
    ("masking.py", "2 * L", ("np.full(L + 2", "np.full(L << 1", "3 * L", "2 << L"),
     "One more number at the end, which nothing reads; or another size above every budget."),
    ("masking.py", "2 * self.ends.size",
     ("2 + self", "2 | self", "2 ^ self", "3 *", "1 *", "2 << self"),
     "Any number above every budget strikes an n-gram out."),
    ("masking.py", "@lru_cache", ("",), "The cache only saves working the table out anew."),
    ("masking.py", "np.minimum(n, left), 1)", ("left), 0)", "left), -1)"),
     "A row of which nothing is left finds nothing, whatever n."),
    ("masking.py", "for _ in range(N - 1)", ("N * 1", "N | 1", "N ^ 1", "N + 1", "N - 0", "N // 1",
                                             "N / 1", "N ** 1", "N << 1"),
     "n stays as it is once it is 1 or fits: a further step changes nothing."),
    ("segments.py", "if D > 1", ("D != 1",), "There is at least one document here."),
    ("segments.py", "sop, nsp =", (">= \"sop\"", "<= \"nsp\""),
     "Of the three names only this one is on that side of itself."),
]
