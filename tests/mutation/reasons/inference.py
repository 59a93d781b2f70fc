"""Why mutants of the part inference that no test kills compute the same."""

REASONS = [
    ("batches_by_length.py", "np.zeros(len(order) + 1, int)", "np.zeros(len(order) << 1, int)",
     "The further zeros of the longer array are never read."),
    ("batches_by_length.py", "np.argsort(-np", "np.argsort(~np",
     "~n is -n - 1: the order is the same."),
    ("batches_by_length.py", "== 0] = 0", ("<= 0] = 0",),
     "An attention mask holds zeros and ones, so nothing is below 0."),
    ("text_windows.py", "np.zeros_like(mask)", "np.ones_like(mask)",
     "What stands at the padding is never seen, and its hidden states are set to 0."),
    ("text_windows.py", "if cut == 1", "if cut <= 1",
     "The line is reached only if at least one text was cut."),
    ("inference/", "[0] if isinstance(", "[ -1] if isinstance(",
     "A single text gives a list of one, whose first element is its last."),
    ("vectors.py", "(t > 0) & (t < n - 1)", "(t > 0) * (t < n - 1)",
     "The product of two truth values is their and."),
    ("decoding.py", "batch_size=", "batch_size=",
     "How many sources are translated side by side bounds the memory; the translations are the "
     "same."),
    ("decoding.py", "< np.inf", "!= np.inf",
     "Nothing is above infinity, and NaN is refused by the first comparison."),
    ("decoding.py", "len(self.finished) < self.beams", "len(self.finished) != self.beams",
     "There are never more finished ones than beams."),
]
