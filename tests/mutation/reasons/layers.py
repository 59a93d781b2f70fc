"""Why mutants of the part layers that no test kills compute the same."""

REASONS = [
    ("attention.py", "x_q.shape[-1] // config", "x_q.shape[-1] / config",
     "The configuration refuses an H that A does not divide, and D is used in D**-0.5 only, "
     "where 4.0 does as well as 4."),
    ("attention.py", "keep.ndim == 2", "keep.ndim <= 2",
     "A mask of fewer than two axes is an IndexError either way."),
    ("attention.py", "keep.shape[2] == 1", "keep.shape[2] <= 1",
     "It differs for sequences without a token only."),
    ("encoder.py", "depth == len(schedule)", "depth >= len(schedule)",
     "No depth is larger than the number of layers."),
    ("squad2_head.py", "axis=-1, kind", ("argsort(-start_logits.real, kind", "axis=1,", "axis=+1,"),
     "The scores are (B, T), so the last axis is axis 1, and argsort takes it by default."),
    ("squad2_answer.py", "[g, x[:, 0]], axis=-1", ("axis=1", "axis=+1"),
     "Both are (B, H), so axis 1 is the last one."),
    ("squad2_answer.py", "return y[:, 0]", ("y[:, -1]", "y[:,  -1]", "y[:, - 1]"),
     "y is (B, 1): its first column is its last."),
    ("squad2_head.py", "HIDDEN = -1e30", "1e+30", "1e30 and 1e30 + 1 are the same float."),
    ("squad2_head.py", "y[..., 0]", ("y[..., -1]", "y[...,  -1]", "y[..., - 1]"),
     "y is (B, T, 1): the first of its last axis is the last."),
    ("squad2_end.py", "y[..., 0]", ("y[..., -1]", "y[...,  -1]", "y[..., - 1]"),
     "y is (B, K, T, 1): the first of its last axis is the last."),
    ("encoder.py", "depth == len(schedule)", "depth is len(schedule)",
     "CPython has one object for each small integer."),
    ("squad2_answer.py", "[:, 0]", "[:, -1]", "The axis has the length 1."),
    ("squad2_answer.py", "[..., 0]", "[..., -1]", "The axis has the length 1."),
]
