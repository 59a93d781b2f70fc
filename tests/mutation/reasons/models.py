"""Why mutants of the part models that no test kills compute the same."""

REASONS = [
    ("masked_lm.py", "logits.reshape(*masked.shape, -1)", "reshape(*masked.shape, - 2)",
     "NumPy takes any negative size in reshape for the one that is to be worked out."),
    ("pretraining.py", "logits.reshape(*masked.shape, -1)", "reshape(*masked.shape, - 2)",
     "NumPy takes any negative size in reshape for the one that is to be worked out."),
    ("sequence_classification.py", 'problem_of(self.config, labels) == "single_label',
     'problem_of(self.config, labels) >= "single_label',
     "The names of the other two problems come before this one in the alphabet."),
]
