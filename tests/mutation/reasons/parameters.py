"""Why mutants of the part parameters that no test kills compute the same."""

ANY_NEGATIVE = "NumPy takes any negative size in reshape for the one that is to be worked out."

REASONS = [
    ("bert_names.py", "in_trunk != name", "in_trunk > name",
     "What follows the prefix comes after the prefix in the alphabet, for all names of weights."),
    ("bert_names.py", "in_trunk != name", "in_trunk is not name",
     "removeprefix returns the text itself if it has no such prefix."),
    ("initial_values.py", "waves.reshape(T, -1)", ("reshape(T, ~1)", "reshape(T, - 2)"),
     ANY_NEGATIVE),
    ("matching.py", "has_prefix: bool = False", "has_prefix: bool = True",
     "match always puts its own value there."),
    ("matching.py", "by_name[first].shape == by_name[second].shape",
     ("shape <= by_name", "shape >= by_name", "shape is not by_name"),
     "np.array_equal compares the shapes, too; before it, this only saves reading the numbers."),
    ("matching.py", 'get("tie_word_embeddings") is False', "== False",
     "JSON writes false and no other value that equals it."),
    ("original_names.py", 'differ = ("HF" in name.transposed) != (',
     ('name.transposed) > ("TF"', 'name.transposed) is not ("TF"'),
     "True and False exist once, and no weight is transposed in the original alone."),
    ("published_names.py", "name.shape.split()", "name.shape.rsplit()",
     "Without a limit to the number of cuts, the side to begin at makes no difference."),
    ("pruning.py", "reshape(A, -1", ("reshape(A, ~1", "reshape(A, - 2"), ANY_NEGATIVE),
    ("pruning.py", "leaf.ndim > 1", "leaf.ndim != 1", "No parameter is without an axis."),
]
