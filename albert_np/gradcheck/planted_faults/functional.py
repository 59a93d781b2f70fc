"""Mistakes in the elementary functions."""

from .fault import PlantedFault

FAULTS = (
    # ---- linear map ------------------------------------------------------------------------------

    PlantedFault(
        "linear_square_weight_untransposed", "functional/linear.py",
        old="dx = (dy_rows @ W.T).reshape(x.shape)",
        new="dx = (dy_rows @ W).reshape(x.shape)",
        wrong="dx is dy W instead of dy W^T; where W is square, the shape does not give it away.",
        concept="transposes", caught_by="pooler"),
    PlantedFault(
        "linear_weight_gradient_averaged", "functional/linear.py",
        old="dW = x_rows.T @ dy_rows",
        new="dW = x_rows.T @ dy_rows / len(x_rows)",
        wrong="dW is the mean over the rows instead of their sum; a mean belongs into the "
              "loss, if anywhere.",
        concept="every row adds its part", caught_by="linear"),
    PlantedFault(
        "linear_bias_gradient_averaged", "functional/linear.py",
        old="db = dy_rows.sum(axis=0)",
        new="db = dy_rows.mean(axis=0)",
        wrong="db is the mean over the rows instead of their sum.",
        concept="every row adds its part", caught_by="linear"),
    PlantedFault(
        "linear_bias_gradient_of_last_row", "functional/linear.py",
        old="db = dy_rows.sum(axis=0)",
        new="db = dy_rows[-1]",
        wrong="db keeps the gradient of the last row only, as an = in place of a += would.",
        concept="every row adds its part", caught_by="linear"),
    PlantedFault(
        "linear_bias_gradient_of_first_axis", "functional/linear.py",
        old="db = dy_rows.sum(axis=0)",
        new="db = dy.sum(axis=0)",
        wrong="db is summed over the batch but not over the tokens.",
        concept="sum over all the shared axes", caught_by="linear"),
    PlantedFault(
        "linear_bias_forgotten", "functional/linear.py",
        old="    y += b ",
        new="    y += 0 ",
        wrong="The forward pass forgets b, and the backward pass goes on giving it a gradient.",
        concept="forward and backward belong together", caught_by="linear"),

    # ---- embedding look-up -----------------------------------------------------------------------

    PlantedFault(
        "embedding_duplicates_overwrite", "functional/embedding.py",
        old="add_rows(dtable, ids.reshape(-1), dy.reshape(-1, shape[1]))",
        new="dtable[ids] = dy",
        wrong="A token that occurs twice keeps the gradient of its last occurrence only.",
        concept="duplicate tokens add up", caught_by="embedding"),
    PlantedFault(
        "embedding_fancy_index_adds_once", "functional/embedding.py",
        old="add_rows(dtable, ids.reshape(-1), dy.reshape(-1, shape[1]))",
        new="dtable[ids] += dy",
        wrong="NumPy's indexed += reads before it writes, so that a token occurring twice is "
              "counted once.",
        concept="duplicate tokens add up", caught_by="embedding"),
    PlantedFault(
        "embedding_rows_not_sorted", "functional/embedding.py",
        old='order = np.argsort(ids, kind="stable")',
        new="order = np.arange(len(ids))",
        wrong="Only neighbouring duplicates are added up; those further apart overwrite each "
              "other.",
        concept="duplicate tokens add up",
        caught_by="functional/test_functional.py::test_embedding_adds_up_duplicates"),
    PlantedFault(
        "embedding_negative_ids_accepted", "functional/embedding.py",
        old="(0 <= ids.min() and ids.max() < len(table))",
        new="ids.max() < len(table)",
        wrong="An id of -1 reads the last row of the table, where it should be refused.",
        concept="negative indices count from the end",
        caught_by="functional/test_functional.py::test_embedding_refuses_ids_outside_the_table"),

    PlantedFault(
        "rows_put_to_the_front", "functional/embedding.py",
        old="np.put_along_axis(dx, positions[:, :, None], dy, axis=1)",
        new="dx[:, :dy.shape[1]] = dy",
        wrong="The gradients of the rows that were taken go to the first rows.",
        concept="scatter what was gathered", caught_by="rows_at"),

    # ---- softmax ---------------------------------------------------------------------------------

    PlantedFault(
        "softmax_without_row_sum", "functional/softmax.py",
        old="dx = dp - row_sum(dp, p)",
        new="dx = dp.copy()",
        wrong="The row sum is missing: each probability is treated as if it did not depend on "
              "the other scores.",
        concept="the softmax couples a row", caught_by="softmax"),
    PlantedFault(
        "softmax_diagonal_only", "functional/softmax.py",
        old="dx = dp - row_sum(dp, p)",
        new="dx = (1 - p) * dp",
        wrong="Only the diagonal of the Jacobian is used, which is the sigmoid's derivative.",
        concept="the softmax couples a row", caught_by="softmax"),
    PlantedFault(
        "softmax_row_sum_over_wrong_axis", "functional/softmax.py",
        old="row_sum(dp, p)",
        new="(dp * p).sum(axis=-2, keepdims=True)",
        wrong="The sum runs over the queries instead of over the keys of each.",
        concept="which axis is the row", caught_by="softmax"),
    PlantedFault(
        "softmax_gradient_divided_by_batch", "functional/softmax.py",
        old="    dx *= p ",
        new="    dx *= p / len(dp) ",
        wrong="The gradient is divided by the batch size; that factor belongs to the mean in "
              "the loss.",
        concept="each factor in one place", caught_by="softmax"),
    PlantedFault(
        "softmax_sign_of_row_sum", "functional/softmax.py",
        old="dx = dp - row_sum(dp, p)",
        new="dx = dp + row_sum(dp, p)",
        wrong="The row sum is added instead of subtracted.",
        concept="quotient rule", caught_by="softmax"),
    PlantedFault(
        "softmax_normalised_over_wrong_axis", "functional/softmax.py",
        old="np.divide(e, row_sum(e), out=e)",
        new="e / e.sum(axis=-2, keepdims=True)",
        wrong="The forward pass normalises columns while the backward pass thinks of rows.",
        concept="which axis is the row", caught_by="softmax"),
    PlantedFault(
        "softmax_without_shift", "functional/softmax.py",
        old="e = np.exp(x - shift) ",
        new="e = np.exp(x) ",
        wrong="Without subtracting the maximum, large scores overflow to infinity.",
        concept="numerical stability",
        caught_by="functional/test_functional.py::test_softmax_does_not_overflow"),
    PlantedFault(
        "mask_after_softmax", "functional/softmax.py",
        old="    if keep is None:\n"
            "        return softmax_forward(x)\n",
        new="    p, _ = softmax_forward(x)\n"
            "    if keep is not None:\n"
            "        p = p * keep\n"
            "    return p, p\n",
        wrong="The mask is applied after the softmax, so that the visible probabilities no "
              "longer sum to 1.",
        concept="mask before normalising",
        caught_by="functional/test_functional.py::test_masked_softmax_is_softmax_over_what_is_kept"),
    PlantedFault(
        "masked_scores_become_zero", "functional/softmax.py",
        old="scores = np.where(keep, x, -np.inf)",
        new="scores = np.where(keep, x, 0.0)",
        wrong="A masked score is set to 0, whose exponential is 1: hidden keys still get a share.",
        concept="a mask is minus infinity, not 0",
        caught_by="layers/test_layers.py::test_padding_is_never_seen"),
    PlantedFault(
        "masked_row_of_nothing_is_nan", "functional/softmax.py",
        old="np.divide(e, np.where(total == 0, 1, total), out=e)",
        new="e / total",
        wrong="A query that may see no key at all divides 0 by 0.",
        concept="the empty row", caught_by="masked_softmax"),

    # ---- layer normalisation ---------------------------------------------------------------------

    PlantedFault(
        "layer_norm_without_mean_term", "functional/layer_norm.py",
        old="dx = dx_hat - row_mean(dx_hat)",
        new="dx = dx_hat.copy()",
        wrong="The mean's own dependence on x is forgotten (first mean term).",
        concept="both statistics depend on x", caught_by="layer_norm"),
    PlantedFault(
        "layer_norm_without_variance_term", "functional/layer_norm.py",
        old="    dx -= x_hat * row_mean(dx_hat, x_hat)\n",
        new="",
        wrong="The standard deviation's own dependence on x is forgotten (second mean term).",
        concept="both statistics depend on x", caught_by="layer_norm"),
    PlantedFault(
        "layer_norm_gamma_forgotten", "functional/layer_norm.py",
        old="dx_hat = dy * gamma",
        new="dx_hat = dy",
        wrong="dx_hat leaves out gamma, which is right only at the start, where gamma is 1.",
        concept="test away from the initial values", caught_by="layer_norm"),
    PlantedFault(
        "layer_norm_inv_std_forgotten", "functional/layer_norm.py",
        old="    dx *= inv_std ",
        new="    dx *= 1 ",
        wrong="dx leaves out the division by the standard deviation.",
        concept="chain rule", caught_by="layer_norm"),
    PlantedFault(
        "layer_norm_second_mean_over_tokens", "functional/layer_norm.py",
        old="row_mean(dx_hat, x_hat)",
        new="(dx_hat * x_hat).mean(axis=-2, keepdims=True)",
        wrong="The second mean runs over the tokens instead of over the features.",
        concept="which axis is the row", caught_by="layer_norm"),
    PlantedFault(
        "layer_norm_second_mean_is_a_sum", "functional/layer_norm.py",
        old="row_mean(dx_hat, x_hat)",
        new="(dx_hat * x_hat).sum(axis=-1, keepdims=True)",
        wrong="The second term misses its 1/H.",
        concept="means, not sums", caught_by="layer_norm"),
    PlantedFault(
        "layer_norm_dgamma_without_x_hat", "functional/layer_norm.py",
        old="dgamma = column_sum(dy, x_hat)",
        new="dgamma = column_sum(dy)",
        wrong="dgamma leaves out x_hat, the factor that gamma multiplies.",
        concept="product rule", caught_by="layer_norm"),
    PlantedFault(
        "layer_norm_dgamma_over_features", "functional/layer_norm.py",
        old="dgamma = column_sum(dy, x_hat)",
        new="dgamma = (dy * x_hat).sum(axis=-1)",
        wrong="dgamma is summed over the features and not over the rows; the shape is that of "
              "the rows.",
        concept="sum over all the shared axes", caught_by="layer_norm"),
    PlantedFault(
        "layer_norm_dbeta_of_first_sequence", "functional/layer_norm.py",
        old="dbeta = column_sum(dy)",
        new="dbeta = column_sum(dy[0])",
        wrong="dbeta is summed over the tokens but not over the batch.",
        concept="sum over all the shared axes", caught_by="layer_norm"),
    PlantedFault(
        "layer_norm_dbeta_averaged", "functional/layer_norm.py",
        old="dbeta = column_sum(dy)",
        new="dbeta = dy.mean(axis=tuple(range(dy.ndim - 1)))",
        wrong="dbeta is the mean over the rows instead of their sum.",
        concept="every row adds its part", caught_by="layer_norm"),
    PlantedFault(
        "layer_norm_eps_outside_root", "functional/layer_norm.py",
        old="inv_std = 1 / np.sqrt(variance + eps)",
        new="inv_std = 1 / (np.sqrt(variance) + eps)",
        wrong="eps is added to the standard deviation instead of to the variance; the "
              "derivative is another.",
        concept="where eps stands", caught_by="layer_norm, large eps"),
    PlantedFault(
        "layer_norm_without_eps", "functional/layer_norm.py",
        old="inv_std = 1 / np.sqrt(variance + eps)",
        new="inv_std = 1 / np.sqrt(variance)",
        wrong="Without eps a row of equal numbers divides by 0.",
        concept="numerical stability",
        caught_by="functional/test_functional.py::test_layer_norm_of_equal_numbers_is_beta"),
    PlantedFault(
        "layer_norm_unbiased_variance", "functional/layer_norm.py",
        old="variance = row_mean(centred, centred)",
        new="variance = np.square(centred).sum(axis=-1, keepdims=True) / (x.shape[-1] - 1)",
        wrong="The variance is divided by H - 1 instead of by H.",
        concept="biased variance",
        caught_by="functional/test_functional.py::test_layer_norm_normalises_rows"),
    PlantedFault(
        "layer_norm_over_the_batch", "functional/layer_norm.py",
        old="centred = x - row_mean(x)",
        new="centred = x - x.mean(axis=0, keepdims=True)",
        wrong="The mean is taken over the batch, as batch normalisation does.",
        concept="which axis is the row",
        caught_by="functional/test_functional.py::test_layer_norm_normalises_rows"),

    # ---- activations -----------------------------------------------------------------------------

    PlantedFault(
        "gelu_x_phi_term_missing", "functional/gelu.py",
        old="dx = dy * (Phi + x * phi)",
        new="dx = dy * Phi",
        wrong="Half of the product rule is missing: x times the derivative of Phi.",
        concept="product rule", caught_by="gelu"),
    PlantedFault(
        "gelu_x_before_phi_missing", "functional/gelu.py",
        old="dx = dy * (Phi + x * phi)",
        new="dx = dy * (Phi + phi)",
        wrong="The density is not multiplied by x.",
        concept="product rule", caught_by="gelu"),
    PlantedFault(
        "gelu_density_not_normalised", "functional/gelu.py",
        old="phi = INV_SQRT_2PI * np.exp(-0.5 * x * x)",
        new="phi = np.exp(-0.5 * x * x)",
        wrong="The factor 1/sqrt(2 pi) of the normal density is missing.",
        concept="chain rule", caught_by="gelu"),
    PlantedFault(
        "gelu_density_without_half", "functional/gelu.py",
        old="phi = INV_SQRT_2PI * np.exp(-0.5 * x * x)",
        new="phi = INV_SQRT_2PI * np.exp(-x * x)",
        wrong="The exponent is -x^2 instead of -x^2/2: the inner derivative of erf(x/sqrt 2) "
              "done halfway.",
        concept="inner derivative", caught_by="gelu"),
    PlantedFault(
        "gelu_backward_of_tanh_form", "functional/gelu.py",
        old="phi = INV_SQRT_2PI * np.exp(-0.5 * x * x)",
        new="t = np.tanh(SQRT_2_OVER_PI * x * (1 + CUBIC * x * x))\n"
            "    phi = 0.5 * (1 - t * t) * SQRT_2_OVER_PI * (1 + 3 * CUBIC * x * x)",
        wrong="The density is that of the tanh form: nearly right, by a few parts in a thousand.",
        concept="nearly right is wrong", caught_by="gelu"),
    PlantedFault(
        "gelu_without_sqrt_half", "functional/gelu.py",
        old="Phi = 0.5 * (1 + erf(x * SQRT_HALF))",
        new="Phi = 0.5 * (1 + erf(x))",
        wrong="erf is asked at x instead of at x/sqrt(2).",
        concept="what erf means",
        caught_by="functional/test_functional.py::test_gelu_is_x_times_the_normal_distribution"),
    PlantedFault(
        "gelu_new_inner_derivative_missing", "functional/gelu.py",
        old="dx = du ",
        new="dx = np.full_like(du, 2) ",
        wrong="The derivative of the tanh's argument is missing.",
        concept="inner derivative", caught_by="gelu_new"),
    PlantedFault(
        "gelu_new_first_term_missing", "functional/gelu.py",
        old="    dx += 1 ",
        new="    dx += 0 ",
        wrong="Half of the product rule is missing: the derivative of the x in front.",
        concept="product rule", caught_by="gelu_new"),
    PlantedFault(
        "gelu_new_tanh_not_squared", "functional/gelu.py",
        old="dx *= 1 - s",
        new="dx *= 0.5",
        wrong="The derivative of tanh is (1 + t)(1 - t); the second factor is missing.",
        concept="derivative of tanh", caught_by="gelu_new"),
    PlantedFault(
        "gelu_new_factor_3_missing", "functional/gelu.py",
        old="du = 2 * SQRT_2_OVER_PI * 3 * CUBIC * x",
        new="du = 2 * SQRT_2_OVER_PI * CUBIC * x",
        wrong="The derivative of x^3 is 3 x^2; the 3 is missing.",
        concept="power rule", caught_by="gelu_new"),
    PlantedFault(
        "gelu_new_cubic_missing", "functional/gelu.py",
        old=" u = SQRT_2_OVER_PI * CUBIC * x ",
        new=" u = 0 * x ",
        wrong="The forward pass leaves out the cubic term.",
        concept="forward and backward belong together", caught_by="gelu_new"),
    PlantedFault(
        "gelu_table_mixes_forms", "functional/activations.py",
        old='"gelu_new": (gelu_new_forward, gelu_new_backward)',
        new='"gelu_new": (gelu_forward, gelu_new_backward)',
        wrong="The forward pass is the erf form, the backward pass that of the tanh form.",
        concept="forward and backward belong together", caught_by="feed_forward, gelu_new"),
    PlantedFault(
        "gelu_table_has_one_form", "functional/activations.py",
        old='"gelu": (gelu_forward, gelu_backward)',
        new='"gelu": (gelu_new_forward, gelu_new_backward)',
        wrong="Both names lead to the tanh form. The gradients are right, those of another "
              "function.",
        concept="gradient checks do not see values",
        caught_by="parity/test_reference.py::test_pretraining"),
    PlantedFault(
        "erf_sign_lost", "functional/erf.py",
        old="result[~near] = sign[~near] * (1 - erfc)",
        new="result[~near] = 1 - erfc",
        wrong="erf is odd, but far from 0 the sign of x is lost.",
        concept="symmetry", caught_by="functional/test_functional.py::test_erf_is_good_to_1e_15"),
    PlantedFault(
        "tanh_not_squared", "functional/activations.py",
        old="dx = dy * (1 - y * y)",
        new="dx = dy * (1 - y)",
        wrong="The derivative of tanh is 1 - y^2, not 1 - y.",
        concept="derivative of tanh", caught_by="tanh"),
    PlantedFault(
        "tanh_caches_input", "functional/activations.py",
        old="    return y, y\n",
        new="    return y, x\n",
        wrong="The cache holds x, but the backward formula 1 - y^2 is in terms of y.",
        concept="what the cache holds", caught_by="tanh"),
    PlantedFault(
        "relu_passes_everything", "functional/activations.py",
        old="dx = dy * positive",
        new="dx = dy",
        wrong="The gradient passes where x was negative, too.",
        concept="chain rule", caught_by="relu"),
    PlantedFault(
        "relu_looks_at_dy", "functional/activations.py",
        old="dx = dy * positive",
        new="dx = dy * (dy > 0)",
        wrong="The sign of the upstream gradient decides instead of the sign of x.",
        concept="what the cache holds", caught_by="feed_forward, relu"),

    # ---- dropout ---------------------------------------------------------------------------------

    PlantedFault(
        "dropout_backward_not_scaled", "functional/dropout.py",
        old="dx = dy * mask",
        new="dx = dy * (mask > 0)",
        wrong="The forward pass scales by 1/(1-p), the backward pass only sets to zero.",
        concept="the same mask both ways", caught_by="dropout"),
    PlantedFault(
        "dropout_backward_not_masked", "functional/dropout.py",
        old="dx = dy * mask",
        new="dx = dy",
        wrong="The gradient passes through entries that were dropped.",
        concept="the same mask both ways", caught_by="dropout"),
    PlantedFault(
        "dropout_not_scaled", "functional/dropout.py",
        old="np.asarray(1 / (1 - p), dtype",
        new="np.asarray(1, dtype",
        wrong="What is kept is not scaled up, so that the mean shrinks while training.",
        concept="inverted dropout",
        caught_by="functional/test_functional.py::test_dropout_keeps_the_mean_and_the_share"),
    PlantedFault(
        "dropout_scaled_by_p", "functional/dropout.py",
        old="np.asarray(1 / (1 - p), dtype",
        new="np.asarray(1 / p, dtype",
        wrong="What is kept is scaled by 1/p instead of by 1/(1-p).",
        concept="inverted dropout",
        caught_by="functional/test_functional.py::test_dropout_keeps_the_mean_and_the_share"),
    PlantedFault(
        "dropout_keeps_what_it_should_drop", "functional/dropout.py",
        old="dtype=np.float32) >= p",
        new="dtype=np.float32) < p",
        wrong="Entries are kept with probability p and dropped with 1-p.",
        concept="inverted dropout",
        caught_by="functional/test_functional.py::test_dropout_keeps_the_mean_and_the_share"),
    PlantedFault(
        "dropout_while_predicting", "functional/dropout.py",
        old="    if rng is None or p == 0:\n"
            "        return x, None\n",
        new="    rng = rng or np.random.default_rng()\n",
        wrong="Dropout stays on where it was turned off.",
        concept="training and prediction differ",
        caught_by="functional/test_functional.py::test_dropout_is_off_without_rng"),

    # ---- losses ----------------------------------------------------------------------------------

    PlantedFault(
        "cross_entropy_divided_by_all_rows", "functional/cross_entropy.py",
        old="total = w.sum()",
        new="total = len(w)",
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
        old="row_losses = np.log(sum_e) + shift[:, 0] - x[rows, classes]",
        new="row_losses = -np.log(e[rows, classes] / sum_e)",
        wrong="The logarithm is taken of a probability that may have been rounded to 0.",
        concept="numerical stability",
        caught_by="functional/test_functional.py::test_cross_entropy_of_huge_logits_is_finite"),
    PlantedFault(
        "cross_entropy_shift_forgotten", "functional/cross_entropy.py",
        old="np.log(sum_e) + shift[:, 0] - x[rows, classes]",
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
)
