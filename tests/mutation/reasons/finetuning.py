"""Why mutants of the part finetuning that no test kills compute the same."""

REASONS = [
    ("pictures.py", "_logits[0]", "_logits[ -1]",
     "The batch has one row, which is its first and its last."),
    ("run.py", "settings.max_length > ", "settings.max_length >= ",
     "If both are equal, the same number is set once more."),
    ("start.py", "sum(axis=-1)", "sum(axis=+1)",
     "The table has two axes, so that the last is number 1."),
    ("batches.py", "np.argsort(-lengths", "np.argsort(~lengths",
     "~n is -n - 1: the order is the same."),
    ("predicting.py", "workers=2", "workers=",
     "How many threads work changes the time alone."),
    ("pictures.py", ".split()", ".rsplit()",
     "Without a limit, both cut at every space."),
    ("recipes/entities.py", '== "I-"', '>= "I-"',
     "Of all tags only O is behind I- in the alphabet, and it has no type to be the same."),
    ("trainer.py", ">= patience", "== patience",
     "The difference grows by one, so that it is equal before it is greater."),
]
