"""Mistakes in the losses."""

from .fault import PlantedFault

FAULTS = (
    # ---- losses ----------------------------------------------------------------------------------

    PlantedFault(
        "cross_entropy_divided_by_all_rows", "functional/cross_entropy.py",
        old="w = w / total if total != 0 else w",
        new="w = w / len(w)",
        wrong="The mean is over all rows instead of over those that have a label. The gradient "
              "agrees.",
        concept="gradient checks do not see values",
        caught_by="functional/test_functional.py::test_cross_entropy"),
    PlantedFault(
        "cross_entropy_counts_ignored", "functional/cross_entropy.py",
        old="w = counted.astype(x.real.dtype)",
        new="w = np.ones(len(x), x.real.dtype)",
        wrong="Rows to be ignored are counted as if their label were 0.",
        concept="ignored labels", caught_by="functional/test_functional.py::test_cross_entropy"),
    PlantedFault(
        "cross_entropy_weights_not_in_total", "functional/cross_entropy.py",
        old="w = w / total if total != 0 else w",
        new="w = w / counted.sum() if total != 0 else w",
        wrong="The weighted sum is divided by the number of rows instead of by the sum of the "
              "weights.",
        concept="weighted means", caught_by="functional/test_functional.py::test_cross_entropy"),
    PlantedFault(
        "cross_entropy_of_nothing_is_nan", "functional/cross_entropy.py",
        old="w = w / total if total != 0 else w",
        new="w = w / total",
        wrong="A batch without any label divides 0 by 0.",
        concept="the empty mean",
        caught_by="functional/test_functional.py::test_cross_entropy_of_nothing_is_0"),
    PlantedFault(
        "cross_entropy_log_of_probability", "functional/cross_entropy.py",
        old="row_losses = np.log(sum_e) - (x[rows, classes] - shift[:, 0])",
        new="row_losses = -np.log(e[rows, classes] / sum_e)",
        wrong="The logarithm is taken of a probability that may have been rounded to 0.",
        concept="numerical stability",
        caught_by="functional/test_functional.py::test_cross_entropy_of_huge_logits_is_finite"),
    PlantedFault(
        "cross_entropy_shift_forgotten", "functional/cross_entropy.py",
        old="np.log(sum_e) - (x[rows, classes] - shift[:, 0])",
        new="np.log(sum_e) - x[rows, classes]",
        wrong="The maximum was subtracted in the exponent and is not added again outside.",
        concept="numerical stability",
        caught_by="functional/test_functional.py::test_cross_entropy"),
    PlantedFault(
        "cross_entropy_one_hot_forgotten", "functional/cross_entropy.py",
        old="dx[np.arange(len(dx)), classes] -= scale",
        new="dx[np.arange(len(dx)), classes] -= 0 * scale",
        wrong="The gradient is the softmax alone; the 1 of the right class is never taken off.",
        concept="softmax minus one-hot", caught_by="cross_entropy"),
    PlantedFault(
        "cross_entropy_one_hot_added", "functional/cross_entropy.py",
        old="dx[np.arange(len(dx)), classes] -= scale",
        new="dx[np.arange(len(dx)), classes] += scale",
        wrong="The one-hot label is added instead of subtracted.",
        concept="softmax minus one-hot", caught_by="cross_entropy"),
    PlantedFault(
        "cross_entropy_one_hot_not_scaled", "functional/cross_entropy.py",
        old="dx[np.arange(len(dx)), classes] -= scale",
        new="dx[np.arange(len(dx)), classes] -= 1",
        wrong="The 1 of the right class does not get the row's share of the mean.",
        concept="softmax minus one-hot", caught_by="cross_entropy"),
    PlantedFault(
        "cross_entropy_upstream_forgotten", "functional/cross_entropy.py",
        old="scale = dloss * w ",
        new="scale = w ",
        wrong="The gradient of the loss itself is taken to be 1, which is wrong as soon as "
              "losses are weighed.",
        concept="upstream gradients", caught_by="cross_entropy"),
    PlantedFault(
        "cross_entropy_weights_dropped", "functional/cross_entropy.py",
        old="scale = dloss * w ",
        new="scale = dloss * (w > 0) / (w > 0).sum() ",
        wrong="The weights of the forward pass are missing in the backward pass.",
        concept="forward and backward belong together", caught_by="cross_entropy, weights"),
    PlantedFault(
        "binary_cross_entropy_not_averaged", "functional/binary_cross_entropy.py",
        old="(dloss * (1 / sigmoid.size))",
        new="dloss",
        wrong="The forward pass averages, the backward pass does not divide by N.",
        concept="each factor in one place", caught_by="binary_cross_entropy"),
    PlantedFault(
        "binary_cross_entropy_divided_by_batch", "functional/binary_cross_entropy.py",
        old="(dloss * (1 / sigmoid.size))",
        new="(dloss * (1 / len(sigmoid)))",
        wrong="The mean is over all entries, but the gradient is divided by the number of rows.",
        concept="each factor in one place", caught_by="binary_cross_entropy"),
    PlantedFault(
        "binary_cross_entropy_sigmoid_twice", "functional/binary_cross_entropy.py",
        old="dx = (sigmoid - targets) * ",
        new="dx = (sigmoid - targets) * sigmoid * (1 - sigmoid) * ",
        wrong="The derivative of the sigmoid has cancelled against that of the logarithm; it "
              "is applied again.",
        concept="what cancels", caught_by="binary_cross_entropy"),
    PlantedFault(
        "distillation_square_of_temperature_forgotten", "functional/distillation.py",
        old="teacher_weight * temperature**2 * mean",
        new="teacher_weight * mean",
        wrong="The factor tau^2 is missing, so the teacher counts less, the higher the temperature "
              "is.",
        concept="each factor in one place", caught_by="distillation"),
    PlantedFault(
        "distillation_divergence_reversed", "functional/distillation.py",
        old="q * (log_q - log_p)",
        new="p * (log_p - log_q)",
        wrong="It is the divergence of q from p, whose gradient is another one.",
        concept="forward and backward belong together", caught_by="distillation"),
    PlantedFault(
        "distillation_teacher_at_temperature_1", "functional/distillation.py",
        old="log_q = _log_softmax(teacher_logits.reshape(-1, K), temperature)",
        new="log_q = _log_softmax(teacher_logits.reshape(-1, K), 1.0)",
        wrong="Only the student's logits are divided by the temperature. The gradient agrees.",
        concept="gradient checks do not see values",
        caught_by="functional/test_distillation.py::test_distillation"),
    PlantedFault(
        "distillation_log_of_probability", "functional/distillation.py",
        old="log_p = _log_softmax(logits.reshape(-1, K), temperature)",
        new="log_p = np.log(np.exp(_log_softmax(logits.reshape(-1, K), temperature)))",
        wrong="The logarithm is taken of a probability that may have been rounded to 0.",
        concept="numerical stability",
        caught_by="functional/test_distillation.py::test_distillation_of_huge_logits_is_finite"),
    PlantedFault(
        "distillation_counts_ignored", "functional/distillation.py",
        old="(w * divergence)[w != 0].sum()",
        new="divergence.mean()",
        wrong="The teacher's term is the mean over all rows, the ignored ones too.",
        concept="ignored labels", caught_by="distillation"),
    PlantedFault(
        "distillation_chain_rule_forgotten", "functional/distillation.py",
        old="(scale * temperature)[:, None]",
        new="(scale * temperature**2)[:, None]",
        wrong="The logits are divided by tau before the softmax; this 1 / tau is missing.",
        concept="chain rule", caught_by="distillation"),
    PlantedFault(
        "distillation_gradient_sign", "functional/distillation.py",
        old="dx_of_teacher = (p - q) * ",
        new="dx_of_teacher = (q - p) * ",
        wrong="The teacher's part is q - p instead of p - q, and the student moves away from it.",
        concept="signs", caught_by="distillation"),
    PlantedFault(
        "distillation_weights_exchanged", "functional/distillation.py",
        old="dloss * (1 - teacher_weight), label_cache",
        new="dloss * teacher_weight, label_cache",
        wrong="The labels' part of the gradient has the weight of the teacher.",
        concept="the loss's own factor", caught_by="distillation"),
    PlantedFault(
        "distillation_upstream_forgotten", "functional/distillation.py",
        old="scale = dloss * teacher_weight * w",
        new="scale = teacher_weight * w",
        wrong="The gradient of the loss itself is taken to be 1 in the teacher's part.",
        concept="upstream gradients", caught_by="distillation"),
    PlantedFault(
        "mean_squared_error_factor_2_missing", "functional/mean_squared_error.py",
        old="(2 / difference.size)",
        new="(1 / difference.size)",
        wrong="The derivative of a square is twice its base; the 2 is missing.",
        concept="power rule", caught_by="mean_squared_error"),
    PlantedFault(
        "mean_squared_error_difference_reversed", "functional/mean_squared_error.py",
        old="difference = predictions - targets",
        new="difference = targets - predictions",
        wrong="The loss is the same, but every gradient has the wrong sign.",
        concept="signs", caught_by="mean_squared_error"),
    PlantedFault(
        "mean_squared_error_is_a_sum", "functional/mean_squared_error.py",
        old="np.square(difference).mean()",
        new="np.square(difference).sum()",
        wrong="The forward pass sums where the backward pass divides by N.",
        concept="each factor in one place", caught_by="mean_squared_error"),
    PlantedFault(
        "temperature_multiplies", "functional/temperature.py",
        old="x = z / tau ",
        new="x = z * tau ",
        wrong="The logits are multiplied by the temperature, so that a high one makes the model "
              "surer. The backward pass divides.",
        concept="forward and backward belong together", caught_by="temperature_scaling"),
    PlantedFault(
        "temperature_logits_not_divided", "functional/temperature.py",
        old="dz = dx / tau ",
        new="dz = dx ",
        wrong="The gradient of the logits misses the factor 1/tau.",
        concept="inner derivative", caught_by="temperature_scaling"),
    PlantedFault(
        "temperature_square_missing", "functional/temperature.py",
        old="-(dx * z).sum() / (tau * tau)",
        new="-(dx * z).sum() / tau",
        wrong="The derivative of z/tau is -z/tau^2; tau stands there once.",
        concept="quotient rule", caught_by="temperature_scaling"),
    PlantedFault(
        "temperature_sign", "functional/temperature.py",
        old="-(dx * z).sum() / (tau * tau)",
        new="(dx * z).sum() / (tau * tau)",
        wrong="The minus of the derivative of 1/tau is missing. A search for the best temperature "
              "runs the wrong way.",
        concept="signs", caught_by="temperature_scaling"),
    PlantedFault(
        "temperature_of_scaled_logits", "functional/temperature.py",
        old="z, tau, loss_cache = cache",
        new="z, tau, loss_cache = cache[0] / cache[1], *cache[1:]",
        wrong="dtau is computed from logits that are divided by tau already; (TEMP.3) has them as "
              "they were.",
        concept="each factor in one place", caught_by="temperature_scaling"),
    PlantedFault(
        "consistency_of_logits", "functional/consistency.py",
        old="    loss = np.square(p - q).mean() ",
        new="    loss = np.square(logits - other_logits).mean() ",
        wrong="The logits are compared, not the probabilities: of two sure passes that agree, one "
              "can have larger logits.",
        concept="what is normalised", caught_by="consistency"),
    PlantedFault(
        "consistency_divided_by_rows", "functional/consistency.py",
        old="    loss = np.square(p - q).mean() ",
        new="    loss = np.square(p - q).sum(axis=-1).mean() ",
        wrong="The mean is over the rows only; the 1/K is missing, and backward has it.",
        concept="each factor in one place", caught_by="consistency"),
    PlantedFault(
        "consistency_softmax_forgotten_backward", "functional/consistency.py",
        old="    dx = softmax_backward(dp, p) ",
        new="    dx = dp ",
        wrong="The gradient ends at the probabilities and never goes through the first softmax.",
        concept="chain rule", caught_by="consistency"),
    PlantedFault(
        "consistency_other_pass_has_the_same_sign", "functional/consistency.py",
        old="    dz = softmax_backward(-dp, q) ",
        new="    dz = softmax_backward(dp, q) ",
        wrong="Both passes move in the same direction, and their difference stays.",
        concept="signs", caught_by="consistency"),
    PlantedFault(
        "consistency_other_pass_with_the_first_softmax", "functional/consistency.py",
        old="    dz = softmax_backward(-dp, q) ",
        new="    dz = softmax_backward(-dp, p) ",
        wrong="The second pass goes back through the probabilities of the first pass.",
        concept="what the cache holds", caught_by="consistency"),
    PlantedFault(
        "consistency_other_pass_is_fixed", "functional/consistency.py",
        old="    dz = softmax_backward(-dp, q) ",
        new="    dz = 0 * softmax_backward(-dp, q) ",
        wrong="The second pass is treated as a fixed target. That is temporal ensembling; the "
              "loss of the Pi-model has a gradient for both.",
        concept="every use adds its part", caught_by="consistency"),
    PlantedFault(
        "ramp_up_falls", "functional/consistency.py",
        old="math.exp(-5 * (1 - share)**2)",
        new="math.exp(-5 * share**2)",
        wrong="The weight falls where it should rise: it counts most when the model knows nothing.",
        concept="signs", caught_by="functional/test_consistency.py::test_ramp_up"),
)
