"""Why mutants of the part functional that no test kills compute the same."""

RESHAPE = ("~1 is -2, and NumPy's reshape takes any negative size for \"as many as are left\", not "
           "only -1.")
EITHER_WAY = ("At the threshold itself, and near it, the quick way and the careful way give the "
              "same digits.")

REASONS = [
    ("binary_cross_entropy.py", "missed == 0", "missed <= 0",
     "A target lies in [0, 1], and so does what the answer missed."),
    ("cross_entropy.py", "logits.reshape(-1, K)", ("reshape(- 2", "reshape(-2", "reshape(~1"),
     RESHAPE),
    ("embedding.py", "dy.reshape(-1, shape[1])", ("reshape(- 2", "reshape(-2", "reshape(~1"),
     RESHAPE),
    ("linear.py", "reshape(-1, W.shape", ("reshape(- 2", "reshape(-2", "reshape(~1"), RESHAPE),
    ("sums.py", "reshape(-1, factors", ("reshape(- 2", "reshape(-2", "reshape(~1"), RESHAPE),
    ("cross_entropy.py", "x.real.max(axis=-1", ("axis=1", "axis=+1"),
     "x has been reshaped to (N, K), so axis 1 is the last one."),
    ("cross_entropy.py", "e.sum(axis=-1)", ("axis=1", "axis=+1"),
     "e is (N, K), so axis 1 is the last one."),
    ("cross_entropy.py", "shift[:, 0]", ("shift[:, -1]", "shift[:, - 1]", "shift[:,  -1]"),
     "shift is (N, 1): its first column is its last."),
    ("dropout.py", "p == 0", "p <= 0", "A negative p has been refused two lines above."),
    ("dropout.py", "p <= 0.99", "p < 0.99",
     "At 0.99 itself, float32 draws are fine enough, and so are float64 draws."),
    ("embedding.py", "sorted_ids[1:] != sorted_ids[:-1]", "sorted_ids[1:] > sorted_ids[:-1]",
     "The ids are sorted: one that differs from the one before it is greater."),
    ("embedding.py", "argsort(ids, kind", "argsort(ids)",
     "The rows of one id are added up in another order; only the rounding may differ."),
    ("embedding.py", "run_starts, axis=0)", "run_starts)",
     "reduceat adds along axis 0 by default."),
    ("erf.py", "x.real < 0", "x.real <= 0",
     "It differs at 0 only, where the quotient for small x is used, which takes x without its "
     "sign."),
    ("erf.py", "np.asarray(_ALMOST_ONE, dtype=z.dtype)", "np.asarray(_ALMOST_ONE)",
     "The quotient is then computed in float64 and stored in the dtype of x; only the rounding "
     "may differ."),
    ("layer_norm.py", "FAR_FROM_0 = 4", "FAR_FROM_0 =", EITHER_WAY),
    ("layer_norm.py", "<= FAR_FROM_0", "< FAR_FROM_0", EITHER_WAY),
    ("layer_norm.py", "if hard.any():", "if True:",
     "Without a hard row, nothing is computed and nothing is replaced."),
    ("layer_norm.py", "[..., 0]", "[...,  -1]", "The last axis has the length 1."),
    ("softmax.py", "np.where(total == 0", "np.where(total <= 0",
     "A sum of exponentials is never negative."),
    ("softmax.py", "np.where(total == 0, 1, total)", "2, total",
     "If the sum is 0, every exponential of the row is 0, and 0/2 = 0/1."),
    ("softmax.py", "np.where(shift == -np.inf, 0, shift)", (" 1, shift", " -1, shift"),
     "-inf less any number is -inf."),
    ("sums.py", "factors[0].shape", ("factors[ -1]", "factors[-1]", "factors[- 1]"),
     "All factors have rows of the same length."),
    ("trees.py", "1e-20 < squares", ("<= squares", "< squares"), EITHER_WAY),
    ("trees.py", "max_norm < norm < np.inf", "max_norm <= norm < np.inf",
     "A gradient of just this norm is multiplied by 1."),
    ("trees.py", "> 1e-30", ">= 1e-30", EITHER_WAY),
]
