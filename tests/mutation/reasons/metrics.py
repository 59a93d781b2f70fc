"""Why mutants of the part metrics that no test kills compute the same."""

BLOCK = "The size of a block only changes how much is done at a time; tests compare several sizes."

REASONS = [
    ("baselines/", "most_common(1)[0]", ("most_common(1)[ -1]", "most_common(1)[-1]"),
     "The list has one entry."),
    ("baselines/choices.py", "vectors[2:2 + C]", ("vectors[2: 3 + C",),
     "The loop ends with the answers, whatever else follows on their vectors."),
    ("metrics/answers.py", "sums[:, 0] / len(pairs)", ("sums[:, -1]", "sums[:,  -1]"),
     "The sums have one column."),
    ("metrics/labels.py", "sums[:, 0] / len(labels)", ("sums[:, -1]", "sums[:,  -1]"),
     "The sums have one column."),
    ("bootstrap.py", "_BLOCK = 1 << 20", ("_BLOCK",), BLOCK),
    ("scores.py", "_BLOCK = 64", ("_BLOCK",), BLOCK),
    ("scores.py", "np.array_split(drawn", ("_BLOCK",), BLOCK),
    ("scores.py", "stats.rankdata(", ("- (len(x)", "+ (len(x)", "- len(x)"),
     "A correlation does not depend on what is subtracted from all ranks."),
    ("scores.py", "< 1e-12 * squares", ("<= 1e-12",),
     "Variances are either of the size of the squares or of rounding, far from the limit."),
    ("entities.py", "key=lambda row: -row[-1]", ("~row[-1]",),
     "~n is -n - 1: the order of whole numbers is the same."),
    ("metrics/translation.py", "seen[0]", ("seen[ -1]", "seen[-1]", "seen[- 1]"),
     "The library counts once."),
    ("uncertainty.py", ".all(axis=-1) & ", ".all(axis=-1) * ",
     "The product of two booleans is their \"and\"."),
    ("uncertainty.py", "< 1e-3", "<= 1e-3",
     "The difference is a multiple of 2**-53, and 1e-3 is not."),
    ("uncertainty.py", "np.where(p > 0", "np.where(p != 0", "A probability is never negative."),
    ("uncertainty.py", "np.where(p > 0, p, 1)", "np.where(p > 0, p, 2)",
     "The logarithm of this number is multiplied by 0."),
]
