"""Why mutants of the part models that no test kills compute the same."""

REASONS = [
    ("masked_lm.py", "logits.reshape(*masked.shape, -1)", "reshape(*masked.shape, - 2)",
     "NumPy takes any negative size in reshape for the one that is to be worked out."),
    ("pretraining.py", "logits.reshape(*masked.shape, -1)", "reshape(*masked.shape, - 2)",
     "NumPy takes any negative size in reshape for the one that is to be worked out."),
    ("sequence_classification.py", 'problem_of(self.config, labels) == "single_label',
     'problem_of(self.config, labels) >= "single_label',
     "The names of the other two problems come before this one in the alphabet."),
    ("squad2.py", "end_logits[:, 0]", "end_logits[:, -1]",
     "With labels the ends are scored for one start only: the first is also the last."),
    ("squad2.py", "(p_mask == 1).all", "(p_mask >= 1).all",
     "p_mask holds 0 and 1 only; the line before has checked that."),
]
