"""Why mutants of the part finetuning that no test kills compute the same."""

REASONS = [
    ("batches.py", "np.argsort(-lengths", "np.argsort(~lengths",
     "~n is -n - 1: the order is the same."),
    ("predicting.py", "workers=2", "workers=",
     "How many threads work changes the time alone."),
]
