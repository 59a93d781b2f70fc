"""Mistakes with a teacher, of unit 9."""

from ...gradcheck.planted_faults import Mistake

KD = "functional/distillation.py"

LOG_Q = "log_q = _log_softmax(teacher_logits.reshape(-1, K), temperature)   # (N, K)\n"
MEAN = "        mean = (w * divergence)[w != 0].sum()\n"
LOG_P = "    log_p = _log_softmax(logits.reshape(-1, K), temperature)"

FAULTS = (
    Mistake("distillation_temperature_times", KD, LOG_Q + LOG_P,
            (LOG_Q + LOG_P).replace("temperature)", "1 / temperature)"),
            "The logits are multiplied by the temperature; (KD.1) divides.",
            "each factor in one place"),
    Mistake("distillation_temperature_not_squared", KD, "temperature**2 * mean",
            "temperature * mean", "The temperature in (KD.3) is not squared.",
            "each factor in one place"),
    Mistake("distillation_labels_at_the_temperature", KD,
            "cross_entropy_forward(logits, labels, ignore_index, weights)",
            "cross_entropy_forward(logits / temperature, labels, ignore_index, weights)",
            "The labels' logits are divided by the temperature too; (KD.3) does not.",
            "each factor in one place"),
    Mistake("distillation_weights_in_the_wrong_places", KD,
            "((1 - teacher_weight) * label_loss\n                + teacher_weight * ",
            "(teacher_weight * label_loss\n                + (1 - teacher_weight) * ",
            "alpha weighs the labels and 1 - alpha the teacher.", "the loss's own factor"),
    Mistake("distillation_without_the_entropy_of_the_teacher", KD, "q * (log_q - log_p)",
            "-q * log_p", "log q is missing: this is the cross-entropy of p and q. Its gradient is "
            "right.", "gradient checks do not see values"),
    Mistake("distillation_averaged_over_classes", KD, "terms.sum(axis=-1)", "terms.mean(axis=-1)",
            "The terms of a row are averaged over the classes instead of added up.",
            "means, not sums"),
    Mistake("distillation_weights_for_labels_alone", KD, MEAN,
            "        w = (w != 0).astype(w.dtype) / max(1, (w != 0).sum())\n" + MEAN,
            "The weights of the rows are used for the labels, not for the teacher.",
            "each factor in one place"),
    Mistake("distillation_not_averaged", KD, "(w * divergence)[w != 0].sum()",
            "divergence[w != 0].sum()", "The rows' shares of the mean are missing.",
            "means, not sums"),
    Mistake("distillation_ruled_out_is_nan", KD, "np.where(q == 0, 0, q * (log_q - log_p))",
            "q * (log_q - log_p)",
            "A class that the teacher rules out gives 0 times infinity.", "numerical stability"),
    Mistake("distillation_gradient_without_temperature", KD, "(scale * temperature)[:, None]",
            "scale[:, None]", "The temperature is missing in the gradient: tau^2 / tau is tau.",
            "each factor in one place"),
    Mistake("distillation_gradient_over_temperature", KD, "(scale * temperature)[:, None]",
            "(scale / temperature)[:, None]",
            "The tau^2 of (KD.3) is missing in the gradient; 1/tau is left.",
            "each factor in one place"),
    Mistake("distillation_labels_with_full_weight", KD, "dloss * (1 - teacher_weight), label_cache",
            "dloss, label_cache", "The labels' part of the gradient lacks the factor 1 - alpha.",
            "the loss's own factor"),
    Mistake("distillation_teacher_with_full_weight", KD, "scale = dloss * teacher_weight * w",
            "scale = dloss * w", "The teacher's part of the gradient lacks the factor alpha.",
            "the loss's own factor"),
    Mistake("distillation_gradient_of_teacher_alone", KD,
            "dx_of_labels + dx_of_teacher.reshape(dx_of_labels.shape)",
            "dx_of_teacher.reshape(dx_of_labels.shape)",
            "The labels' part of the gradient is missing.", "the loss's own factor"),
    Mistake("distillation_gradient_not_averaged", KD, "scale = dloss * teacher_weight * w",
            "scale = dloss * teacher_weight * (w != 0)",
            "The rows' shares of the mean are missing in the gradient.", "means, not sums"),
    Mistake("distillation_gradient_of_ignored_rows", KD, "scale = dloss * teacher_weight * w",
            "scale = dloss * teacher_weight * np.full_like(w, 1 / len(w))",
            "Ignored rows get a gradient of the teacher's part, and count in its mean.",
            "means, not sums"),
)
