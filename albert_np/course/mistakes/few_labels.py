"""Mistakes of unit 9: consistency, its ramp-up, and pseudo-labels."""

from ...gradcheck.planted_faults import Mistake

CONS, PSEUDO = "functional/consistency.py", "tasks/finetuning/pseudo_labels.py"
PROBABILITIES = """\
    p, _ = softmax_forward(logits)                                     # (..., K)
    q, _ = softmax_forward(other_logits)                               # (..., K)
"""
LOSS, DP = "    loss = np.square(p - q).mean() ", "    dp = (p - q) * (dloss * (2 / p.size)) "

FAULTS = (
    # ---- consistency -----------------------------------------------------------------------------
    Mistake("consistency_is_a_sum", CONS, LOSS, "    loss = np.square(p - q).sum() ",
            "The squares are summed; (CONS.1) divides by N and by K.", "means, not sums"),
    Mistake("consistency_halved", CONS, LOSS, "    loss = np.square(p - q).mean() / 2 ",
            "The mean is halved; (CONS.1) has no 1/2.", "each factor in one place"),
    Mistake("consistency_absolute", CONS, LOSS, "    loss = np.abs(p - q).mean() ",
            "The absolute values are averaged, not the squares.", "roots and squares"),
    Mistake("consistency_without_softmax", CONS, PROBABILITIES, "    p, q = logits, other_logits\n",
            "The logits are taken for probabilities: the softmax of both passes is missing.",
            "what is normalised"),
    Mistake("consistency_with_itself", CONS, "    q, _ = softmax_forward(other_logits) ",
            "    q, _ = softmax_forward(logits) ",
            "The first pass is compared with itself, so the loss is always 0.",
            "labels and data belong together"),
    Mistake("consistency_factor_2_missing", CONS, DP, "    dp = (p - q) * (dloss / p.size) ",
            "The derivative of a square is twice its base; the 2 is missing.", "power rule"),
    Mistake("consistency_not_averaged", CONS, DP, "    dp = (p - q) * (dloss * 2) ",
            "The 1/(NK) of the mean is missing in the gradient.", "each factor in one place"),
    Mistake("consistency_divided_by_the_batch", CONS, DP,
            "    dp = (p - q) * (dloss * (2 / len(p))) ",
            "The gradient is divided by the number of rows, the mean by the number of entries.",
            "each factor in one place"),
    Mistake("consistency_upstream_forgotten", CONS, DP, "    dp = (p - q) * (2 / p.size) ",
            "The gradient of the loss itself is taken to be 1.", "upstream gradients"),
    Mistake("consistency_second_softmax_forgotten", CONS, "    dz = softmax_backward(-dp, q) ",
            "    dz = -dp ",
            "The gradient of the second pass ends at its probabilities.", "chain rule"),
    Mistake("consistency_sides_swapped", CONS, "    return dx, dz\n", "    return dz, dx\n",
            "The gradients come back in the other order.", "labels and data belong together"),
    # ---- the ramp-up -----------------------------------------------------------------------------
    Mistake("ramp_up_not_squared", CONS, "math.exp(-5 * (1 - share)**2)",
            "math.exp(-5 * (1 - share))", "The square in the exponent is missing.",
            "roots and squares"),
    Mistake("ramp_up_exponent_sign", CONS, "math.exp(-5 * (1 - share)**2)",
            "math.exp(5 * (1 - share)**2)", "The exponent has the wrong sign.", "signs"),
    Mistake("ramp_up_linear", CONS, "math.exp(-5 * (1 - share)**2)", "share",
            "The weight rises in a straight line; (RAMP.1) is a bell curve.",
            "faithfulness to the original"),
    Mistake("ramp_up_falls_again", CONS, "share = min(step, ramp_steps) / ramp_steps",
            "share = step / ramp_steps",
            "After the ramp the weight falls again; it should stay the largest.", "clamps"),
    Mistake("ramp_up_one_step_early", CONS, "share = min(step, ramp_steps) / ramp_steps",
            "share = min(step, ramp_steps - 1) / max(1, ramp_steps - 1)",
            "The weight is the largest after R - 1 steps; (RAMP.1) divides by R.", "off by one"),
    Mistake("ramp_up_largest_forgotten", CONS, "return largest * math.exp", "return math.exp",
            "The largest weight is taken to be 1.", "each factor in one place"),
    # ---- pseudo-labels ---------------------------------------------------------------------------
    Mistake("pseudo_labels_above_only", PSEUDO, "probabilities.max(axis=-1) >= confidence",
            "probabilities.max(axis=-1) > confidence",
            "A row that reaches the threshold exactly is left out.", "conventions of masks"),
    Mistake("pseudo_labels_of_the_unsure", PSEUDO, "probabilities.max(axis=-1) >= confidence",
            "probabilities.max(axis=-1) <= confidence",
            "The rows that are not sure are kept, and the sure ones left out.", "signs"),
    Mistake("pseudo_labels_by_the_last_class", PSEUDO, "probabilities.max(axis=-1) >= confidence",
            "probabilities[:, -1] >= confidence",
            "Only the last class is compared with the threshold.", "axes"),
    Mistake("pseudo_labels_all_rows", PSEUDO, "probabilities.max(axis=-1) >= confidence",
            "probabilities.max(axis=-1) >= 0", "Every row is kept, sure or not.", "clamps"),
    Mistake("pseudo_labels_of_the_first_rows", PSEUDO, "probabilities[rows].argmax(axis=-1)",
            "probabilities[:len(rows)].argmax(axis=-1)",
            "The classes are those of the first rows, not of the kept ones.",
            "labels and data belong together"),
    Mistake("pseudo_labels_least_likely", PSEUDO, "probabilities[rows].argmax(axis=-1)",
            "probabilities[rows].argmin(axis=-1)", "The least likely class is taken.", "signs"),
    Mistake("pseudo_labels_counts_too_short", PSEUDO,
            "np.bincount(classes, minlength=probabilities.shape[-1])", "np.bincount(classes)",
            "Classes at the end that nothing was kept of have no count.", "axes"),
    Mistake("pseudo_labels_counts_of_all", PSEUDO,
            "np.bincount(classes, minlength=probabilities.shape[-1])",
            "np.bincount(probabilities.argmax(axis=-1), minlength=probabilities.shape[-1])",
            "The counts are of all rows, not of the kept ones.", "labels and data belong together"),
)
