"""Why mutants of the part finetuning that no test kills compute the same."""

REASONS = [
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
