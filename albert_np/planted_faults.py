"""The catalogue of planted faults: classic mistakes, each a small edit of one line of this package.

They are data. :mod:`albert_np.planting` puts each into a copy of the package and runs the check
that is meant to catch it. Read the list as a list of what goes wrong when backward passes are
written by hand; some of these mistakes train without complaint for days.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlantedFault:
    """One mistake and the check that catches it.

    Attributes
    ----------
    name : str
    file : str
        Relative to the package, such as "functional/layer_norm.py".
    old, new : str
        The right piece of source, which occurs exactly once in the file, and its faulty
        replacement.
    wrong : str
        What is wrong, in a sentence.
    concept : str
        What it teaches, in a few words.
    caught_by : str
        A component of :func:`~albert_np.gradient_checks.all_checks`, such as "layer_norm", or a
        test, such as "test_layers.py::test_heads_are_split_by_columns".
    """

    name: str
    file: str
    old: str
    new: str
    wrong: str
    concept: str
    caught_by: str


def is_test(check):
    """Whether this ``caught_by`` names a test, as opposed to a gradient check."""
    return "::" in check


PLANTED_FAULTS = (
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
        caught_by="test_functional.py::test_embedding_adds_up_duplicates"),
    PlantedFault(
        "embedding_negative_ids_accepted", "functional/embedding.py",
        old="(0 <= ids.min() and ids.max() < len(table))",
        new="ids.max() < len(table)",
        wrong="An id of -1 reads the last row of the table, where it should be refused.",
        concept="negative indices count from the end",
        caught_by="test_functional.py::test_embedding_refuses_ids_outside_the_table"),

    PlantedFault(
        "rows_put_to_the_front", "functional/rows.py",
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
        caught_by="test_functional.py::test_softmax_does_not_overflow"),
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
        caught_by="test_functional.py::test_masked_softmax_is_softmax_over_what_is_kept"),
    PlantedFault(
        "masked_scores_become_zero", "functional/softmax.py",
        old="scores = np.where(keep, x, -np.inf)",
        new="scores = np.where(keep, x, 0.0)",
        wrong="A masked score is set to 0, whose exponential is 1: hidden keys still get a share.",
        concept="a mask is minus infinity, not 0",
        caught_by="test_layers.py::test_padding_is_never_seen"),
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
        caught_by="test_functional.py::test_layer_norm_of_equal_numbers_is_beta"),
    PlantedFault(
        "layer_norm_unbiased_variance", "functional/layer_norm.py",
        old="variance = row_mean(centred, centred)",
        new="variance = np.square(centred).sum(axis=-1, keepdims=True) / (x.shape[-1] - 1)",
        wrong="The variance is divided by H - 1 instead of by H.",
        concept="biased variance",
        caught_by="test_functional.py::test_layer_norm_normalises_rows"),
    PlantedFault(
        "layer_norm_over_the_batch", "functional/layer_norm.py",
        old="centred = x - row_mean(x)",
        new="centred = x - x.mean(axis=0, keepdims=True)",
        wrong="The mean is taken over the batch, as batch normalisation does.",
        concept="which axis is the row",
        caught_by="test_functional.py::test_layer_norm_normalises_rows"),

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
        caught_by="test_functional.py::test_gelu_is_x_times_the_normal_distribution"),
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
        concept="symmetry", caught_by="test_functional.py::test_erf_is_good_to_1e_15"),
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
        caught_by="test_functional.py::test_dropout_keeps_the_mean_and_the_share"),
    PlantedFault(
        "dropout_scaled_by_p", "functional/dropout.py",
        old="np.asarray(1 / (1 - p), dtype",
        new="np.asarray(1 / p, dtype",
        wrong="What is kept is scaled by 1/p instead of by 1/(1-p).",
        concept="inverted dropout",
        caught_by="test_functional.py::test_dropout_keeps_the_mean_and_the_share"),
    PlantedFault(
        "dropout_keeps_what_it_should_drop", "functional/dropout.py",
        old="dtype=np.float32) >= p",
        new="dtype=np.float32) < p",
        wrong="Entries are kept with probability p and dropped with 1-p.",
        concept="inverted dropout",
        caught_by="test_functional.py::test_dropout_keeps_the_mean_and_the_share"),
    PlantedFault(
        "dropout_while_predicting", "functional/dropout.py",
        old="    if rng is None or p == 0:\n"
            "        return x, None\n",
        new="    rng = rng or np.random.default_rng()\n",
        wrong="Dropout stays on where it was turned off.",
        concept="training and prediction differ",
        caught_by="test_functional.py::test_dropout_is_off_without_rng"),

    # ---- losses ----------------------------------------------------------------------------------

    PlantedFault(
        "cross_entropy_divided_by_all_rows", "functional/cross_entropy.py",
        old="total = w.sum()",
        new="total = len(w)",
        wrong="The mean is over all rows instead of over those that have a label. The gradient "
              "agrees.",
        concept="gradient checks do not see values",
        caught_by="test_functional.py::test_cross_entropy"),
    PlantedFault(
        "cross_entropy_counts_ignored", "functional/cross_entropy.py",
        old="w = counted.astype(x.real.dtype)",
        new="w = np.ones(len(x), x.real.dtype)",
        wrong="Rows to be ignored are counted as if their label were 0.",
        concept="ignored labels", caught_by="test_functional.py::test_cross_entropy"),
    PlantedFault(
        "cross_entropy_weights_not_in_total", "functional/cross_entropy.py",
        old="w = w / total if total != 0 else w",
        new="w = w / counted.sum() if total != 0 else w",
        wrong="The weighted sum is divided by the number of rows instead of by the sum of the "
              "weights.",
        concept="weighted means", caught_by="test_functional.py::test_cross_entropy"),
    PlantedFault(
        "cross_entropy_of_nothing_is_nan", "functional/cross_entropy.py",
        old="w = w / total if total != 0 else w",
        new="w = w / total",
        wrong="A batch without any label divides 0 by 0.",
        concept="the empty mean",
        caught_by="test_functional.py::test_cross_entropy_of_nothing_is_0"),
    PlantedFault(
        "cross_entropy_log_of_probability", "functional/cross_entropy.py",
        old="row_losses = np.log(sum_e) + shift[:, 0] - x[rows, classes]",
        new="row_losses = -np.log(e[rows, classes] / sum_e)",
        wrong="The logarithm is taken of a probability that may have been rounded to 0.",
        concept="numerical stability",
        caught_by="test_functional.py::test_cross_entropy_of_huge_logits_is_finite"),
    PlantedFault(
        "cross_entropy_shift_forgotten", "functional/cross_entropy.py",
        old="np.log(sum_e) + shift[:, 0] - x[rows, classes]",
        new="np.log(sum_e) - x[rows, classes]",
        wrong="The maximum was subtracted in the exponent and is not added again outside.",
        concept="numerical stability", caught_by="test_functional.py::test_cross_entropy"),
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

    # ---- attention -------------------------------------------------------------------------------

    PlantedFault(
        "heads_split_without_transpose", "layers/attention.py",
        old="return x.reshape(B, T, A, H // A).transpose(0, 2, 1, 3)",
        new="return x.reshape(B, A, T, H // A)",
        wrong="The reshape has the right shape and deals tokens out to heads instead of columns.",
        concept="reshape is not transpose",
        caught_by="test_layers.py::test_heads_are_split_by_columns"),
    PlantedFault(
        "heads_merged_without_transpose", "layers/attention.py",
        old="return x.transpose(0, 2, 1, 3).reshape(B, T, A * D)",
        new="return x.reshape(B, T, A * D)",
        wrong="The heads are merged by a reshape alone, which mixes tokens.",
        concept="reshape is not transpose", caught_by="attention, no mask"),
    PlantedFault(
        "heads_of_dc_split_without_transpose", "layers/attention.py",
        old="dc = split_heads(dc, A)",
        new="dc = dc.reshape(dc.shape[0], A, -1, D)",
        wrong="The forward pass moved the numbers one way, the backward pass moves the "
              "gradients another.",
        concept="reshape is not transpose", caught_by="attention, no mask"),
    PlantedFault(
        "attention_scores_not_scaled", "layers/attention.py",
        old="    z *= D**-0.5\n",
        new="",
        wrong="The scores are not divided by sqrt(D).",
        concept="scaled dot products",
        caught_by="test_layers.py::test_attention_of_one_head_by_loops"),
    PlantedFault(
        "attention_scaled_by_hidden_size", "layers/attention.py",
        old="    z *= D**-0.5\n",
        new="    z *= x.shape[-1]**-0.5\n",
        wrong="The scores are divided by sqrt(H) instead of by sqrt(D); with one head that is "
              "the same.",
        concept="scaled dot products", caught_by="attention, no mask"),
    PlantedFault(
        "attention_scale_promotes_float32", "layers/attention.py",
        old="    z *= D**-0.5\n",
        new="    z = z / np.sqrt(D)\n",
        wrong="np.sqrt gives a float64 scalar, which turns all that follows from float32 into "
              "float64.",
        concept="dtypes", caught_by="test_models.py::test_float32_stays_float32"),
    PlantedFault(
        "attention_gradient_of_scores_not_scaled", "layers/attention.py",
        old="    dz *= D**-0.5\n",
        new="",
        wrong="The 1/sqrt(D) of the forward pass is missing in dq and in dk.",
        concept="chain rule", caught_by="attention, no mask"),
    PlantedFault(
        "attention_dq_not_scaled", "layers/attention.py",
        old="    dz *= D**-0.5\n    dq = dz @ k ",
        new="    dq = dz @ k\n    dz *= D**-0.5 ",
        wrong="dq misses the 1/sqrt(D); dk has it.",
        concept="chain rule", caught_by="attention, no mask"),
    PlantedFault(
        "attention_dk_not_scaled", "layers/attention.py",
        old="dk = dz.swapaxes(-1, -2) @ q",
        new="dk = dz.swapaxes(-1, -2) @ q * D**0.5",
        wrong="dk misses the 1/sqrt(D); dq has it.",
        concept="chain rule", caught_by="attention, no mask"),
    PlantedFault(
        "attention_dk_from_wrong_axes", "layers/attention.py",
        old="dk = dz.swapaxes(-1, -2) @ q",
        new="dk = dz @ q",
        wrong="dk sums over the keys instead of over the queries: dz in place of its "
              "transpose, of the same shape.",
        concept="transposes", caught_by="attention, no mask"),
    PlantedFault(
        "attention_dq_from_wrong_axes", "layers/attention.py",
        old="dq = dz @ k ",
        new="dq = dz.swapaxes(-1, -2) @ k ",
        wrong="dq sums over the queries instead of over the keys.",
        concept="transposes", caught_by="attention, no mask"),
    PlantedFault(
        "attention_dv_not_transposed", "layers/attention.py",
        old="dv = p_dropped.swapaxes(-1, -2) @ dc",
        new="dv = p_dropped @ dc",
        wrong="dv sums over the keys instead of over the queries that used the value.",
        concept="transposes", caught_by="attention, no mask"),
    PlantedFault(
        "attention_dv_from_undropped_weights", "layers/attention.py",
        old="dv = p_dropped.swapaxes(-1, -2) @ dc",
        new="dv = softmax_cache.swapaxes(-1, -2) @ dc",
        wrong="dv uses the attention weights before dropout; the output was made with those "
              "after it.",
        concept="what the cache holds", caught_by="attention, dropout"),
    PlantedFault(
        "attention_dropout_not_in_backward", "layers/attention.py",
        old="    dp = dropout_backward(dp, dropout_cache)\n",
        new="",
        wrong="The gradient of the attention weights does not pass through the dropout mask.",
        concept="the same mask both ways", caught_by="attention, dropout"),
    PlantedFault(
        "attention_softmax_backward_of_dropped", "layers/attention.py",
        old="masked_softmax_backward(dp, softmax_cache)",
        new="masked_softmax_backward(dp, p_dropped)",
        wrong="The softmax's backward gets the dropped weights, which are not a softmax of "
              "anything.",
        concept="what the cache holds", caught_by="attention, dropout"),
    PlantedFault(
        "attention_gradient_of_weights_lost", "layers/attention.py",
        old="dp = dp + dp_output",
        new="dp = dp + 0 * dp_output",
        wrong="The attention weights are an output too; the gradient they get from outside is "
              "lost.",
        concept="every use adds its part", caught_by="attention, no mask"),
    PlantedFault(
        "attention_gradient_of_weights_replaces", "layers/attention.py",
        old="dp = dp + dp_output",
        new="dp = dp_output",
        wrong="The gradient that the attention weights get from outside replaces the one from "
              "the values.",
        concept="= in place of +=", caught_by="attention, no mask"),
    PlantedFault(
        "attention_only_dx_q", "layers/attention.py",
        old="dx = dx_q + dx_k + dx_v",
        new="dx = dx_q",
        wrong="x went into three maps; only the queries' part of dx is kept.",
        concept="every use adds its part", caught_by="attention, no mask"),
    PlantedFault(
        "attention_only_dx_k", "layers/attention.py",
        old="dx = dx_q + dx_k + dx_v",
        new="dx = dx_k",
        wrong="x went into three maps; only the keys' part of dx is kept.",
        concept="every use adds its part", caught_by="attention, no mask"),
    PlantedFault(
        "attention_only_dx_v", "layers/attention.py",
        old="dx = dx_q + dx_k + dx_v",
        new="dx = dx_v",
        wrong="x went into three maps; only the values' part of dx is kept.",
        concept="every use adds its part", caught_by="attention, no mask"),
    PlantedFault(
        "attention_dx_averaged", "layers/attention.py",
        old="dx = dx_q + dx_k + dx_v",
        new="dx = (dx_q + dx_k + dx_v) / 3",
        wrong="The three parts of dx are averaged instead of added.",
        concept="every use adds its part", caught_by="attention, no mask"),
    PlantedFault(
        "attention_key_bias_has_gradient", "layers/attention.py",
        old='"b_k": db_k',
        new='"b_k": db_q',
        wrong="The key bias gets the query bias's gradient; its own is 0, as the softmax does "
              "not feel it.",
        concept="invariances", caught_by="attention, no mask"),
    PlantedFault(
        "attention_values_from_keys", "layers/attention.py",
        old='linear_forward(x, params["W_v"], params["b_v"])',
        new='linear_forward(x, params["W_k"], params["b_k"])',
        wrong="The values are computed with the weights of the keys.",
        concept="copy and paste", caught_by="attention, no mask"),
    PlantedFault(
        "mask_ignored", "layers/attention.py",
        old="masked_softmax_forward(z, keys_visible_to(keep, queries))",
        new="masked_softmax_forward(z, None)",
        wrong="The mask never reaches the softmax. Forward and backward agree; padding is seen.",
        concept="gradient checks do not see values",
        caught_by="test_layers.py::test_padding_is_never_seen"),
    PlantedFault(
        "mask_of_other_queries", "layers/attention.py",
        old="masked_softmax_forward(z, keys_visible_to(keep, queries))",
        new="masked_softmax_forward(z, None if keep is None else keep[:, :, :z.shape[2]])",
        wrong="Where few queries ask, each gets the mask row of another: the first R in place of "
              "its own. Forward and backward agree.",
        concept="gradient checks do not see values",
        caught_by="test_models.py::"
                  "test_last_layer_where_asked_gives_the_same_losses_and_gradients"),
    PlantedFault(
        "query_gradient_at_wrong_rows", "layers/attention.py",
        old="dx_q = rows_at_backward(dx_q, rows_cache)",
        new="dx_q = rows_at_backward(dx_q, (rows_cache[0] if rows_cache[0] is None else "
            "np.sort(rows_cache[0]), rows_cache[1]))",
        wrong="The gradients of the queries are put back in the order of the positions, not in "
              "that in which they were taken.",
        concept="scatter what was gathered", caught_by="attention, some queries"),
    PlantedFault(
        "mask_hides_queries", "layers/attention.py",
        old="return keep[:, None, None, :] if",
        new="return keep[:, None, :, None] if",
        wrong="The padding mask hides queries instead of keys: padding leaks into every token.",
        concept="which axis is the key", caught_by="test_layers.py::test_padding_is_never_seen"),
    PlantedFault(
        "mask_inverted", "layers/attention.py",
        old="keep = np.asarray(attention_mask) != 0",
        new="keep = np.asarray(attention_mask) == 0",
        wrong="1 means seen; here it means hidden.",
        concept="conventions of masks", caught_by="test_layers.py::test_padding_is_never_seen"),
    PlantedFault(
        "mask_pairs_transposed", "layers/attention.py",
        old="else keep[:, None, :, :]",
        new="else keep[:, None].swapaxes(-1, -2)",
        wrong="Row i of the (T, T) mask says who may see i instead of what i may see: the past "
              "sees the future.",
        concept="which axis is the key",
        caught_by="test_layers.py::test_pairwise_mask_of_the_past_is_causal"),

    # ---- embeddings ------------------------------------------------------------------------------

    PlantedFault(
        "position_gradient_of_first_sequence", "layers/embeddings.py",
        old="dposition[:ds.shape[1]] = ds.sum(axis=0)",
        new="dposition[:ds.shape[1]] = ds[0]",
        wrong="Every sequence of the batch used row t; only the first one's gradient is kept.",
        concept="sum over all the shared axes", caught_by="embeddings, E != H"),
    PlantedFault(
        "position_gradient_averaged", "layers/embeddings.py",
        old="dposition[:ds.shape[1]] = ds.sum(axis=0)",
        new="dposition[:ds.shape[1]] = ds.mean(axis=0)",
        wrong="The sequences' gradients are averaged instead of added.",
        concept="every row adds its part", caught_by="embeddings, E != H"),
    PlantedFault(
        "position_gradient_at_the_end", "layers/embeddings.py",
        old="dposition[:ds.shape[1]] = ds.sum(axis=0)",
        new="dposition[-ds.shape[1]:] = ds.sum(axis=0)",
        wrong="The gradient goes to the last T rows of the table; the first T were used.",
        concept="the way back is the way there", caught_by="embeddings, E != H"),
    PlantedFault(
        "positions_start_at_1", "layers/embeddings.py",
        old='params["position"][:T]',
        new='params["position"][1:T + 1]',
        wrong="The first token gets the second position.",
        concept="off by one", caught_by="test_layers.py::test_embeddings_are_the_sum_of_three"),
    PlantedFault(
        "token_type_gradient_lost", "layers/embeddings.py",
        old='"token_type": embedding_backward(ds, type_cache)',
        new='"token_type": np.zeros_like(params["token_type"])',
        wrong="The token types are part of the sum and get no gradient.",
        concept="every parameter is checked", caught_by="embeddings, E != H"),
    PlantedFault(
        "word_gradient_before_layer_norm", "layers/embeddings.py",
        old='"word": embedding_backward(ds, word_cache)',
        new='"word": embedding_backward(dnormed, word_cache)',
        wrong="The word table gets the gradient behind the layer norm instead of the one "
              "before it.",
        concept="chain rule", caught_by="embeddings, E != H"),
    PlantedFault(
        "embeddings_dropout_not_in_backward", "layers/embeddings.py",
        old="dnormed = dropout_backward(dh, dropout_cache)",
        new="dnormed = dh",
        wrong="The embeddings' dropout is forgotten on the way back.",
        concept="the same mask both ways", caught_by="embeddings, E != H"),
    PlantedFault(
        "mapping_bias_gradient_lost", "layers/embeddings.py",
        old='{"W": dW, "b": db}',
        new='{"W": dW, "b": np.zeros_like(db)}',
        wrong="The bias of the map from E to H gets no gradient.",
        concept="every parameter is checked", caught_by="embeddings, E != H"),

    # ---- blocks and feed-forward network ---------------------------------------------------------

    PlantedFault(
        "attention_residual_dropped", "layers/encoder_layer.py",
        old="dx = rows_at_backward(ds, rows_cache) + dx_attention",
        new="dx = dx_attention",
        wrong="The residual link's gradient is missing.",
        concept="residual links", caught_by="attention_block"),
    PlantedFault(
        "residual_of_wrong_rows", "layers/encoder_layer.py",
        old="x_asked, rows_cache = rows_at_forward(x, queries)",
        new="x_asked, rows_cache = x[:, :attended.shape[1]], rows_at_forward(x, queries)[1]",
        wrong="The residual link brings the first R rows to the R positions that asked.",
        concept="scatter what was gathered", caught_by="attention_block, some queries"),
    PlantedFault(
        "attention_path_dropped", "layers/encoder_layer.py",
        old="dx = rows_at_backward(ds, rows_cache) + dx_attention",
        new="dx = rows_at_backward(ds, rows_cache)",
        wrong="Only the residual link's gradient is kept; the path through the attention is lost.",
        concept="residual links", caught_by="attention_block"),
    PlantedFault(
        "attention_residual_skips_layer_norm", "layers/encoder_layer.py",
        old="dx = rows_at_backward(ds, rows_cache) + dx_attention",
        new="dx = rows_at_backward(dy, rows_cache) + dx_attention",
        wrong="The residual link gets dy as if it ran around the layer norm, as it does in "
              "pre-LN models.",
        concept="post-LN and pre-LN", caught_by="attention_block"),
    PlantedFault(
        "feed_forward_residual_dropped", "layers/encoder_layer.py",
        old="dx = ds + dx_fed",
        new="dx = dx_fed",
        wrong="The residual link's gradient is missing.",
        concept="residual links", caught_by="feed_forward_block"),
    PlantedFault(
        "feed_forward_path_dropped", "layers/encoder_layer.py",
        old="dx = ds + dx_fed",
        new="dx = ds",
        wrong="Only the residual link's gradient is kept; the path through the network is lost.",
        concept="residual links", caught_by="feed_forward_block"),
    PlantedFault(
        "attention_block_dropout_not_in_backward", "layers/encoder_layer.py",
        old="dattended = dropout_backward(ds, dropout_cache)",
        new="dattended = ds",
        wrong="The dropout behind the attention is forgotten on the way back.",
        concept="the same mask both ways", caught_by="attention_block"),
    PlantedFault(
        "feed_forward_block_dropout_not_in_backward", "layers/encoder_layer.py",
        old="dfed = dropout_backward(ds, dropout_cache)",
        new="dfed = ds",
        wrong="The dropout behind the feed-forward network is forgotten on the way back.",
        concept="the same mask both ways", caught_by="feed_forward_block"),
    PlantedFault(
        "residual_behind_dropout", "layers/encoder_layer.py",
        old="dfed = dropout_backward(ds, dropout_cache)",
        new="ds = dfed = dropout_backward(ds, dropout_cache)",
        wrong="The residual link's gradient is dropped along; in the forward pass dropout "
              "stands beside the link.",
        concept="residual links", caught_by="feed_forward_block"),
    PlantedFault(
        "blocks_not_chained", "layers/encoder_layer.py",
        old='attention_block_backward(params["attention"], (da, dp)',
        new='attention_block_backward(params["attention"], (dy, dp)',
        wrong="The attention block gets the layer's dy instead of what came out of the "
              "feed-forward block.",
        concept="chain rule", caught_by="encoder_layer"),
    PlantedFault(
        "feed_forward_activation_forgotten", "layers/feed_forward.py",
        old="du = activation_backward(dg, activation_cache)",
        new="du = dg",
        wrong="The derivative of the activation is missing.",
        concept="chain rule", caught_by="feed_forward, gelu_new"),
    PlantedFault(
        "feed_forward_first_bias_lost", "layers/feed_forward.py",
        old='"b_1": db_1',
        new='"b_1": 0 * db_1',
        wrong="The first bias gets no gradient.",
        concept="every parameter is checked", caught_by="feed_forward, gelu_new"),

    # ---- encoder: sharing over depth -------------------------------------------------------------

    PlantedFault(
        "shared_gradient_of_last_depth_only", "layers/encoder.py",
        old="add_in_place(_layer(grads, attention_index, feed_forward_index), layer_grads)",
        new="if depth == len(schedule) - 1:\n"
            "            add_in_place(_layer(grads, attention_index, feed_forward_index), "
            "layer_grads)",
        wrong="Only the last depth's contribution to the shared weights is counted.",
        concept="shared weights add up", caught_by="encoder, sharing all"),
    PlantedFault(
        "shared_gradient_assigned", "layers/encoder.py",
        old="add_in_place(_layer(grads, attention_index, feed_forward_index), layer_grads)",
        new='grads["attention"][attention_index] = layer_grads["attention"]\n'
            '        grads["feed_forward"][feed_forward_index] = layer_grads["feed_forward"]',
        wrong="An = in place of a +=: each depth overwrites the gradient of the one above it.",
        concept="= in place of +=", caught_by="encoder, sharing all"),
    PlantedFault(
        "shared_attention_gradient_assigned", "layers/encoder.py",
        old="add_in_place(_layer(grads, attention_index, feed_forward_index), layer_grads)",
        new='grads["attention"][attention_index] = layer_grads["attention"]\n'
            '        add_in_place(grads["feed_forward"][feed_forward_index], '
            'layer_grads["feed_forward"])',
        wrong="The feed-forward block adds up its depths, the attention block is overwritten "
              "by each.",
        concept="= in place of +=", caught_by="encoder, sharing attention"),
    PlantedFault(
        "one_cache_for_all_depths", "layers/encoder.py",
        old="layer_cache, rows_cache = caches[depth]",
        new="layer_cache, rows_cache = caches[-1]",
        wrong="Every depth uses the last one's cache, as if it were kept on the one shared "
              "layer object.",
        concept="one cache for each use", caught_by="encoder, sharing all"),
    PlantedFault(
        "recomputed_layer_without_dropout", "layers/encoder.py",
        old="keep, config, _generator(state), asked)", new="keep, config, None, asked)",
        wrong="The layer is computed again without the dropout of the first time.",
        concept="a recomputation repeats what was drawn", caught_by="encoder, recomputed layers"),
    PlantedFault(
        "recomputed_layer_with_other_masks", "layers/encoder.py",
        old="    bit_generator.state = state\n", new="",
        wrong="The layer is computed again with dropout masks of its own.",
        concept="a recomputation repeats what was drawn", caught_by="encoder, recomputed layers"),
    PlantedFault(
        "depths_in_forward_order", "layers/encoder.py",
        old="for depth in reversed(range(len(schedule))):",
        new="for depth in range(len(schedule)):",
        wrong="The backward pass runs through the depths in the order of the forward pass.",
        concept="backwards means backwards", caught_by="encoder, sharing all"),
    PlantedFault(
        "schedule_of_first_depth", "layers/encoder.py",
        old="attention_index, feed_forward_index = schedule[depth]",
        new="attention_index, feed_forward_index = schedule[0]",
        wrong="Every depth's gradient goes to the first block. Where all is shared, that is "
              "right.",
        concept="sharing is data", caught_by="encoder, sharing none"),
    PlantedFault(
        "cross_layer_residual_dropped", "layers/encoder.py",
        old="dh = dh_asked + dh_layer if cross_layer_residual else dh_layer",
        new="dh = dh_layer",
        wrong="The residual link around the whole layer gets no gradient.",
        concept="residual links", caught_by="encoder, cross-layer residual"),
    PlantedFault(
        "hidden_state_gradient_replaces", "layers/encoder.py",
        old="dh = dh + d_hidden_states[depth]",
        new="dh = d_hidden_states[depth]",
        wrong="A hidden state's gradient from outside replaces the one from the depths above.",
        concept="= in place of +=", caught_by="encoder, sharing all"),
    PlantedFault(
        "hidden_state_gradient_lost", "layers/encoder.py",
        old="if d_hidden_states[depth] is not None:",
        new="if depth == 0 and d_hidden_states[depth] is not None:",
        wrong="The inner hidden states' gradients from outside are lost.",
        concept="every use adds its part", caught_by="AlbertModel, every output"),
    PlantedFault(
        "attentions_of_last_depth", "layers/encoder.py",
        old="(dh, d_attentions[depth])",
        new="(dh, d_attentions[-1])",
        wrong="Every depth gets the gradient of the last one's attention weights.",
        concept="one cache for each use", caught_by="encoder, sharing all"),
    PlantedFault(
        "contributions_reversed", "layers/encoder.py",
        old="contributions.insert(0, layer_grads)",
        new="contributions.append(layer_grads)",
        wrong="The depths' contributions are listed from the deepest to the shallowest.",
        concept="order of depths",
        caught_by="test_layers.py::test_contributions_of_the_depths_add_up"),
    PlantedFault(
        "tree_sum_assigns", "parameters.py",
        old="total[key] += branch",
        new="total[key] = branch",
        wrong="Adding one tree to another replaces its leaves instead.",
        concept="= in place of +=", caught_by="encoder, sharing all"),

    # ---- heads -----------------------------------------------------------------------------------

    PlantedFault(
        "tied_gradient_not_transposed", "layers/masked_lm_head.py",
        old="dword = dword_T.T",
        new="dword = dword_T",
        wrong="The gradient of the transposed table is handed back as that of the table.",
        concept="transposes", caught_by="masked_lm_head, gelu_new"),
    PlantedFault(
        "output_bias_gradient_lost", "layers/masked_lm_head.py",
        old='"bias": dbias',
        new='"bias": 0 * dbias',
        wrong="The bias of the vocabulary gets no gradient.",
        concept="every parameter is checked", caught_by="masked_lm_head, gelu_new"),
    PlantedFault(
        "head_activation_forgotten", "layers/masked_lm_head.py",
        old="du = activation_backward(dg, activation_cache)",
        new="du = dg",
        wrong="The derivative of the head's activation is missing.",
        concept="chain rule", caught_by="masked_lm_head, gelu_new"),
    PlantedFault(
        "head_layer_norm_forgotten", "layers/masked_lm_head.py",
        old="du = activation_backward(dg, activation_cache)",
        new="du = activation_backward(de, activation_cache)",
        wrong="The gradient goes around the head's layer norm.",
        concept="chain rule", caught_by="masked_lm_head, gelu_new"),
    PlantedFault(
        "pooler_takes_last_token", "layers/pooler.py",
        old="linear_forward(x[:, 0], params",
        new="linear_forward(x[:, -1], params",
        wrong="The pooler reads the last token instead of [CLS].",
        concept="which token is [CLS]",
        caught_by="test_layers.py::test_pooler_takes_the_first_token"),
    PlantedFault(
        "pooler_gradient_to_last_token", "layers/pooler.py",
        old="dx[:, 0] = dfirst",
        new="dx[:, -1] = dfirst",
        wrong="The gradient goes to the last token; the first was read.",
        concept="the way back is the way there", caught_by="pooler"),
    PlantedFault(
        "pooler_gradient_to_all_tokens", "layers/pooler.py",
        old="dx[:, 0] = dfirst",
        new="dx[:] = dfirst[:, None]",
        wrong="Every token gets the gradient, of which only the first was used.",
        concept="the way back is the way there", caught_by="pooler"),
    PlantedFault(
        "pooler_tanh_forgotten", "layers/pooler.py",
        old="du = tanh_backward(dy, tanh_cache)",
        new="du = dy",
        wrong="The derivative of tanh is missing.",
        concept="chain rule", caught_by="pooler"),
    PlantedFault(
        "sentence_order_bias_lost", "layers/sentence_order_head.py",
        old='"b": db}',
        new='"b": 0 * db}',
        wrong="The bias of the sentence-order head gets no gradient.",
        concept="every parameter is checked", caught_by="sentence_order_head"),

    # ---- whole models ----------------------------------------------------------------------------

    PlantedFault(
        "tied_embedding_without_head", "models.py",
        old='grads["embeddings"]["word"] += d_word',
        new="d_word *= 0",
        wrong="The tied word table gets no gradient from its use as output matrix.",
        concept="tied weights add up", caught_by="AlbertForPreTraining, sharing all"),
    PlantedFault(
        "tied_embedding_without_look_up", "models.py",
        old='grads["embeddings"]["word"] += d_word',
        new='grads["embeddings"]["word"] = d_word',
        wrong="An = in place of a +=: the tied word table loses the gradient of the look-up.",
        concept="tied weights add up", caught_by="AlbertForPreTraining, sharing all"),
    PlantedFault(
        "sop_weight_forgotten_in_backward", "models.py",
        old="+ d_loss * self.config.sop_weight",
        new="+ d_loss",
        wrong="The weight of the sentence-order loss is missing on the way back; with a weight "
              "of 1 nobody notices.",
        concept="test away from the initial values",
        caught_by="AlbertForPreTraining, sop_weight 0.3"),
    PlantedFault(
        "sop_weight_forgotten_in_forward", "models.py",
        old="weighted = output.sop_loss * config.sop_weight",
        new="weighted = output.sop_loss",
        wrong="The weight of the sentence-order loss is missing in the loss.",
        concept="forward and backward belong together",
        caught_by="test_models.py::test_losses_by_definition"),
    PlantedFault(
        "pooler_gradient_lost", "models.py",
        old="for use in (d_hidden_states[-1], d_output.sequence_output, d_from_pooler):",
        new="for use in (d_hidden_states[-1], d_output.sequence_output):",
        wrong="The last hidden state gets nothing back from the pooler, and so nothing from "
              "the sentence-order loss.",
        concept="every use adds its part", caught_by="AlbertForPreTraining, sharing all"),
    PlantedFault(
        "masked_rows_misplaced", "models.py",
        old="d_sequence[looked_at] = d_rows",
        new="d_sequence.reshape(-1, d_rows.shape[1])[:len(d_rows)] = d_rows",
        wrong="The masked positions' gradients go to the first rows instead of to where they "
              "came from.",
        concept="the way back is the way there", caught_by="AlbertForPreTraining, sharing all"),
    PlantedFault(
        "mlm_loss_gradient_replaces", "models.py",
        old="d_mlm_loss = float(d.mlm_loss or 0) + d_loss",
        new="d_mlm_loss = d_loss",
        wrong="A gradient given for the masked-LM loss alone is lost.",
        concept="every use adds its part",
        caught_by="test_pretraining.py::test_parts_add_up_to_the_whole_batch"),
    PlantedFault(
        "sentence_order_gradient_lost", "models.py",
        old="pooled_output=_sum(d_pooled, d.pooled_output)",
        new="pooled_output=d.pooled_output",
        wrong="The pooler gets nothing back from the sentence-order head; only the head itself "
              "learns.",
        concept="every use adds its part", caught_by="AlbertForPreTraining, sharing all"),
    PlantedFault(
        "parts_of_a_batch_weigh_the_same", "pretraining/parallel.py",
        old="mlm_share = len(labels) / max(masked, 1)",
        new="mlm_share = 1 / len(own)",
        wrong="The parts of a batch are averaged as if each had as many masked pieces.",
        concept="means of means",
        caught_by="test_pretraining.py::test_parts_add_up_to_the_whole_batch"),
    PlantedFault(
        "exported_weights_not_transposed", "state_dict.py",
        old='np.array(leaf.T if transposed else leaf, order="C")',
        new='np.array(leaf, order="C")',
        wrong="Weights are written (in, out) where (out, in) is expected; square ones load "
              "without complaint.",
        concept="layouts", caught_by="test_models.py::test_state_dict_is_transposed_and_a_copy"),

    # ---- heads and models of tasks, translation --------------------------------------------------

    PlantedFault(
        "classification_head_mask_forgotten", "layers/classification_head.py",
        old="dx = dropout_backward(d_dropped, dropout_cache) ",
        new="dx = d_dropped ",
        wrong="The gradient passes through what dropout had set to 0.",
        concept="forward and backward belong together", caught_by="classification_head, dropout"),
    PlantedFault(
        "span_head_start_and_end_exchanged", "layers/span_head.py",
        old="dy = np.stack([dstart, dend], axis=-1)",
        new="dy = np.stack([dend, dstart], axis=-1)",
        wrong="The gradients of start and end are exchanged.",
        concept="which column is which", caught_by="span_head"),
    PlantedFault(
        "span_head_stacked_in_front", "layers/span_head.py",
        old="dy = np.stack([dstart, dend], axis=-1)",
        new="dy = np.stack([dstart, dend], axis=1)",
        wrong="Start and end are stacked along the tokens; a reshape later hides that the "
              "axes are mixed up.",
        concept="axes", caught_by="span_head"),
    PlantedFault(
        "squad_end_start_takes_the_upper_half", "layers/squad_end.py",
        old='linear_forward(x_start, dense["W"][H:],',
        new='linear_forward(x_start, dense["W"][:H],',
        wrong="The start's hidden state is multiplied by the half of W that belongs to the "
              "token.",
        concept="halves of a concatenation", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_end_halves_exchanged", "layers/squad_end.py",
        old="np.concatenate([dW_token, dW_start])",
        new="np.concatenate([dW_start, dW_token])",
        wrong="The two halves of dW are put on top of each other in the wrong order.",
        concept="halves of a concatenation", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_end_start_gets_nothing", "layers/squad_end.py",
        old="    np.add.at(dx, (rows, starts), dx_start) ",
        new="    dx = dx + 0 ",
        wrong="The start's hidden state gets its gradient as a token only, not that as a "
              "start.",
        concept="every use adds its part", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_end_equal_starts_overwrite", "layers/squad_end.py",
        old="np.add.at(dx, (rows, starts), dx_start)",
        new="dx[rows, starts] += dx_start",
        wrong="Where one token is the start twice, only one of the two gradients is added: += "
              "on an index array writes each place once.",
        concept="duplicates must add up", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_end_start_replaces_token", "layers/squad_end.py",
        old="np.add.at(dx, (rows, starts), dx_start)",
        new="dx[rows, starts] = dx_start",
        wrong="The gradient as a start replaces the one as a token.",
        concept="every use adds its part", caught_by="squad_head, the right start"),
    PlantedFault(
        "squad_end_sum_axes_exchanged", "layers/squad_end.py",
        old="d_of_token, d_of_start = du.sum(axis=1), du.sum(axis=2)",
        new="d_of_token, d_of_start = du[:, 0], du.sum(axis=2)",
        wrong="Only the first start's gradient reaches the tokens.",
        concept="sum over all the shared axes", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_end_start_of_the_last_token", "layers/squad_end.py",
        old="d_of_token, d_of_start = du.sum(axis=1), du.sum(axis=2)",
        new="d_of_token, d_of_start = du.sum(axis=1), du[:, :, -1]",
        wrong="The start gets the gradient of one token instead of that of all.",
        concept="sum over all the shared axes", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_end_bias_twice", "layers/squad_end.py",
        old='np.zeros_like(dense["b"])) ',
        new='dense["b"]) ',
        wrong="c is added with either half, and its gradient counted once.",
        concept="forward and backward belong together", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_answer_softmax_skipped", "layers/squad_answer.py",
        old="dstart = softmax_backward(dp, softmax_cache)",
        new="dstart = dp * p",
        wrong="The softmax's backward pass forgets the row sum: probabilities that compete "
              "seem independent.",
        concept="softmax", caught_by="squad_answer, dropout"),
    PlantedFault(
        "squad_answer_first_token_twice", "layers/squad_answer.py",
        old="dx[:, 0] += dfirst",
        new="dx[:, 0] = dfirst",
        wrong="The first token's own use replaces its part in the weighted mean.",
        concept="every use adds its part", caught_by="squad_answer, dropout"),
    PlantedFault(
        "squad_answer_every_token_first", "layers/squad_answer.py",
        old="dx[:, 0] += dfirst",
        new="dx += dfirst[:, None]",
        wrong="Every token gets the gradient that belongs to the first.",
        concept="padding and positions", caught_by="squad_answer, dropout"),
    PlantedFault(
        "squad_answer_mean_unweighted", "layers/squad_answer.py",
        old="dx = p[:, :, None] * dg[:, None]",
        new="dx = dg[:, None] * np.ones_like(p)[:, :, None] / p.shape[1]",
        wrong="The gradient of the weighted mean is shared out evenly.",
        concept="weighted sums", caught_by="squad_answer, dropout"),
    PlantedFault(
        "squad_answer_dropout_after_tanh_forgotten", "layers/squad_answer.py",
        old="du = tanh_backward(dropout_backward(d_dropped, dropout_cache), tanh_cache)",
        new="du = tanh_backward(d_dropped, tanh_cache)",
        wrong="The gradient passes through what dropout had set to 0.",
        concept="forward and backward belong together", caught_by="squad_answer, dropout"),
    PlantedFault(
        "squad_answer_halves_exchanged", "layers/squad_answer.py",
        old="dg, dfirst = d_both[:, :H], d_both[:, H:]",
        new="dfirst, dg = d_both[:, :H], d_both[:, H:]",
        wrong="The gradients of the two halves of the concatenation are exchanged.",
        concept="halves of a concatenation", caught_by="squad_answer, dropout"),
    PlantedFault(
        "squad_head_answer_without_say", "layers/squad_head.py",
        old="np.where(may_answer, dstart + dstart_answer, 0)",
        new="np.where(may_answer, dstart, 0)",
        wrong="The start's scores lose the gradient of their second use, the answerability.",
        concept="every use adds its part", caught_by="squad_head, the right start"),
    PlantedFault(
        "squad_head_mask_leaks", "layers/squad_head.py",
        old="np.where(may_answer, dstart + dstart_answer, 0)",
        new="dstart + dstart_answer",
        wrong="Gradients of hidden starts flow back, although the forward pass put a constant "
              "there.",
        concept="masks", caught_by="squad_head, the right start"),
    PlantedFault(
        "squad_head_end_mask_leaks", "layers/squad_head.py",
        old='params["end"], np.where(may_answer[:, None], dend, 0), end_cache)',
        new='params["end"], dend, end_cache)',
        wrong="Gradients of hidden ends flow back, although the forward pass put a constant "
              "there.",
        concept="masks", caught_by="squad_head, the best starts"),
    PlantedFault(
        "squad_head_end_forgotten", "layers/squad_head.py",
        old="dx = dx_start + dx_end + dx_answer",
        new="dx = dx_start + dx_answer",
        wrong="The hidden states get no gradient from the ends.",
        concept="every use adds its part", caught_by="squad_head, the best starts"),
    PlantedFault(
        "question_loss_not_halved", "task_models/question_answering.py",
        old="half = float(d.loss) / 2",
        new="half = float(d.loss)",
        wrong="The loss is the mean of two parts, and each gets the whole gradient.",
        concept="the loss's own factor", caught_by="AlbertForQuestionAnswering, positions"),
    PlantedFault(
        "question_positions_clipped_inside", "task_models/question_answering.py",
        old="output.start_logits, np.clip(start_positions, 0, T), ignore_index=T)",
        new="output.start_logits, np.clip(start_positions, 0, T - 1), ignore_index=T)",
        wrong="An answer that lies behind the window is taken for the window's last token.",
        concept="labels that do not count",
        caught_by="test_task_models.py::test_positions_outside_do_not_count"),
    PlantedFault(
        "squad2_loss_not_halved", "task_models/squad2.py",
        old="half = float(d.loss) / 2 ",
        new="half = float(d.loss) ",
        wrong="Each of the three terms gets the whole gradient instead of half of it.",
        concept="the loss's own factor", caught_by="AlbertForSquad2, answerable or not"),
    PlantedFault(
        "squad2_answerability_without_loss", "task_models/squad2.py",
        old="add((B,), self.dtype, d.cls_logits, cls))",
        new="add((B,), self.dtype, d.cls_logits, None))",
        wrong="The answerability gets no gradient from the loss.",
        concept="every use adds its part", caught_by="AlbertForSquad2, dropout"),
    PlantedFault(
        "squad2_starts_worst_first", "layers/squad_head.py",
        old='np.argsort(-start_logits.real, axis=-1, kind="stable")[:, :n_top]',
        new='np.argsort(start_logits.real, axis=-1, kind="stable")[:, :n_top]',
        wrong="The ends are scored after the worst starts instead of the best.",
        concept="order of sorting",
        caught_by="test_task_models.py::test_squad2_ends_after_each_of_the_best_starts"),
    PlantedFault(
        "squad2_padding_may_answer", "task_models/squad2.py",
        old="return attention_mask.reshape(shape[0], -1, shape[1]).any(axis=1)",
        new="return np.ones(shape, bool)",
        wrong="Padding may be part of an answer.",
        concept="padding",
        caught_by="test_task_models.py::test_squad2_hides_the_padding_by_itself"),
    PlantedFault(
        "choices_compete_across_questions", "task_models/multiple_choice.py",
        old="output.logits = scores.reshape(B, C) ",
        new="output.logits = scores.reshape(C, B).T ",
        wrong="The scores are laid out choice by choice, and choices of different questions "
              "compete.",
        concept="axes", caught_by="test_task_models.py::test_choices_compete_with_each_other"),
    PlantedFault(
        "choices_gradient_transposed", "task_models/common.py",
        old="total += gradient.reshape(shape)",
        new="total += gradient.T.reshape(shape)",
        wrong="The gradients of the choices' scores are dealt out in another order than the "
              "scores.",
        concept="axes", caught_by="AlbertForMultipleChoice, labels"),
    PlantedFault(
        "loss_and_logits_overwrite", "task_models/common.py",
        old="total += gradient.reshape(shape)",
        new="total = gradient.reshape(shape)",
        wrong="Of the gradients of loss and logits only the last counts.",
        concept="every use adds its part",
        caught_by="test_task_models.py::test_gradients_add_up_over_outputs"),
    PlantedFault(
        "pooled_gradient_replaces", "task_models/common.py",
        old="d = replace(d, pooled_output=_sum(pooled, d.pooled_output))",
        new="d = replace(d, pooled_output=pooled)",
        wrong="The head's gradient replaces the one that was asked of the pooled output "
              "itself.",
        concept="every use adds its part",
        caught_by="AlbertForSequenceClassification, every output"),
    PlantedFault(
        "sequence_gradient_replaces", "task_models/common.py",
        old="d = replace(d, sequence_output=_sum(sequence, d.sequence_output))",
        new="d = replace(d, sequence_output=sequence)",
        wrong="The head's gradient replaces the one that was asked of the hidden states "
              "themselves.",
        concept="every use adds its part", caught_by="AlbertForTokenClassification, every output"),
    PlantedFault(
        "masked_lm_untied", "task_models/masked_lm.py",
        old='        grads["embeddings"]["word"] += d_word',
        new='        grads["embeddings"]["word"] += 0 * d_word',
        wrong="The word table loses the gradient of its second use, the head.",
        concept="tied weights", caught_by="AlbertForMaskedLM, labels"),
    PlantedFault(
        "masked_lm_rows_at_the_front", "task_models/masked_lm.py",
        old="        d_sequence[looked_at] = d_rows",
        new="        d_sequence.reshape(-1, d_rows.shape[1])[:M] = d_rows",
        wrong="The gradients of the labelled tokens go to the first tokens of the batch.",
        concept="gathering and scattering", caught_by="AlbertForMaskedLM, labels"),
    PlantedFault(
        "regression_squares_everything_with_everything", "task_models/labels.py",
        old="        labels = labels[:, None]",
        new="        return labels",
        wrong="Labels (B,) meet logits (B, 1); where shapes are not checked, every text is "
              "compared with every label.",
        concept="broadcasting", caught_by="test_task_models.py::test_regression[1-labels1]"),
    PlantedFault(
        "several_labels_taken_for_one", "task_models/labels.py",
        old='return "single_label_classification" if whole else "multi_label_classification"',
        new='return "single_label_classification"',
        wrong="Labels that are not integers are taken for single classes.",
        concept="kinds of problems", caught_by="test_task_models.py::test_several_labels"),
    PlantedFault(
        "prefix_mask_sees_the_next_piece", "translation/masks.py",
        old="(j < np.maximum(s, i + 1))",
        new="(j < np.maximum(s, i + 2))",
        wrong="A target token sees the piece that it is to predict; the loss falls to "
              "nothing, and so does the translation.",
        concept="leaks",
        caught_by="test_translation.py::test_one_pass_predicts_what_growing_targets_predict"),
    PlantedFault(
        "prefix_mask_blind_to_itself", "translation/masks.py",
        old="(j < np.maximum(s, i + 1))",
        new="(j < np.maximum(s, i))",
        wrong="A target token does not see itself, the last piece that was written.",
        concept="off by one",
        caught_by="test_translation.py::test_mask_says_in_words_who_sees_whom"),
    PlantedFault(
        "prefix_mask_causal_source", "translation/masks.py",
        old="(j < np.maximum(s, i + 1))",
        new="(j < i + 1)",
        wrong="The source, too, is read from left to right only.",
        concept="masks", caught_by="test_translation.py::test_mask_says_in_words_who_sees_whom"),
    PlantedFault(
        "prefix_labels_not_shifted", "translation/masks.py",
        old="following = np.roll(input_ids, -1, axis=1)",
        new="following = input_ids",
        wrong="Every token is to predict itself, which it sees.",
        concept="off by one",
        caught_by="test_translation.py::test_labels_are_the_pieces_one_place_further_on"),
    PlantedFault(
        "prefix_labels_without_the_first_piece", "translation/masks.py",
        old="asked = (i >= s[:, None] - 1) &",
        new="asked = (i >= s[:, None]) &",
        wrong="Nobody learns to predict the first piece of a target.",
        concept="off by one",
        caught_by="test_translation.py::test_labels_are_the_pieces_one_place_further_on"),
    PlantedFault(
        "translation_reads_off_one_too_late", "translation/decoding.py",
        old="queries=(s + t - 1)[:, None])",
        new="queries=np.minimum(s + t, (s + t).max() - 1)[:, None])",
        wrong="The next piece is read off at the padding.",
        concept="off by one",
        caught_by="test_translation.py::test_sources_are_translated_as_if_alone[1]"),
    PlantedFault(
        "beam_not_normalised", "translation/decoding.py",
        old="score = log_probability / n**self.alpha",
        new="score = log_probability",
        wrong="Short translations win for being short.",
        concept="length normalisation",
        caught_by="test_translation.py::test_a_beam_of_everything_finds_the_best_of_all[1.0]"),
    PlantedFault(
        "beam_forgets_the_past", "translation/decoding.py",
        old="total = log_p + np.array([so_far for _, so_far in self.live])[:, None]",
        new="total = log_p + 0 * np.array([so_far for _, so_far in self.live])[:, None]",
        wrong="Beginnings are compared by their last piece alone.",
        concept="sums of logarithms",
        caught_by="test_translation.py::test_a_beam_of_everything_finds_the_best_of_all[0.0]"),
    PlantedFault(
        "beam_stops_too_early", "translation/decoding.py",
        old="reachable = live[0][1] / (self.room + 1)**self.alpha",
        new="reachable = live[0][1] / (len(live[0][0]) + 1)**self.alpha",
        wrong="The search ends although a longer translation can still reach a better score.",
        concept="bounds that must hold",
        caught_by="test_translation.py::test_a_longer_translation_may_still_win"),

    # ---- optimisers ------------------------------------------------------------------------------

    PlantedFault(
        "adamw_decays_biases", "optim/adamw.py",
        old="if decays(p):",
        new="if True:",
        wrong="Biases, gammas and betas are decayed too.",
        concept="what is decayed",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adamw_decay_through_moments", "optim/adamw.py",
        old="update_moments(m, v, gradient, *self.betas, work)\n",
        new="gradient = gradient + self.weight_decay * p * decays(p)\n"
            "            update_moments(m, v, gradient, *self.betas, work)\n",
        wrong="The decay is added to the gradient as well and so goes through the moments, as "
              "L2 regularisation does.",
        concept="decoupled weight decay",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adamw_decay_not_scaled_by_lr", "optim/adamw.py",
        old="                u += work\n"
            "            u *= lr\n",
        new="                p -= work\n"
            "            u *= lr\n",
        wrong="The decay is not multiplied by the learning rate.",
        concept="decoupled weight decay",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adamw_root_missing", "optim/adamw.py",
        old="np.sqrt(v, out=u)",
        new="np.copyto(u, v)",
        wrong="The update is divided by v instead of by its root.",
        concept="units of an update",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adamw_eps_inside_root", "optim/adamw.py",
        old="np.sqrt(v, out=u)\n"
            "            u += self.eps",
        new="np.sqrt(v + self.eps, out=u)",
        wrong="eps is added to v instead of to its root.",
        concept="where eps stands",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adam_second_moment_not_corrected", "optim/adam.py",
        old="np.multiply(v, 1 / second, out=u)",
        new="np.copyto(u, v)",
        wrong="The bias correction of v is missing.",
        concept="bias correction",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adam_first_moment_not_corrected", "optim/adam.py",
        old="u *= lr / first",
        new="u *= lr",
        wrong="The bias correction of m is missing.",
        concept="bias correction",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adam_correction_one_step_late", "optim/adam.py",
        old="beta**self.steps for",
        new="beta**(self.steps + 1) for",
        wrong="The bias correction counts the first step as the second.",
        concept="off by one",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "moments_decay_everything", "optim/moments.py",
        old="return parameter.ndim > 1",
        new="return parameter.ndim > 0",
        wrong="Vectors count as matrices: biases, gammas and betas get decay and trust ratio.",
        concept="what is decayed",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "moments_square_missing", "optim/moments.py",
        old="np.multiply(gradient, gradient, out=work)",
        new="np.abs(gradient, out=work)",
        wrong="v is the running mean of |g| instead of g^2.",
        concept="units of an update",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "moments_betas_mixed_up", "optim/moments.py",
        old="m *= beta_1",
        new="m *= beta_2",
        wrong="m decays with the beta of v.",
        concept="running means",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "moments_share_of_gradient_missing", "optim/moments.py",
        old="np.multiply(gradient, 1 - beta_1, out=work)",
        new="np.copyto(work, gradient)",
        wrong="The gradient enters m whole instead of with the share 1 - beta_1.",
        concept="running means",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "lamb_ratio_inverted", "optim/lamb.py",
        old="return p_norm / u_norm if",
        new="return u_norm / p_norm if",
        wrong="The trust ratio is the norm of u over that of p.",
        concept="trust ratio",
        caught_by="test_optim.py::test_lamb_moves_each_matrix_by_its_share"),
    PlantedFault(
        "lamb_ratio_for_excluded", "optim/lamb.py",
        old="ratio = 1.0\n",
        new="ratio = trust_ratio(p, u)\n",
        wrong="The trust ratio is applied to biases, gammas and betas as well.",
        concept="trust ratio",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "lamb_ratio_before_decay", "optim/lamb.py",
        old="                u += work\n"
            "                ratio = trust_ratio(p, u)",
        new="                ratio = trust_ratio(p, u)\n"
            "                u += work",
        wrong="The trust ratio is taken before the decay is added to u.",
        concept="trust ratio",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "lamb_zeros_never_move", "optim/lamb.py",
        old="u_norm > 0 else 1.0",
        new="u_norm > 0 else 0.0",
        wrong="A matrix of zeros has the trust ratio 0 and stays as it is for ever.",
        concept="trust ratio", caught_by="test_optim.py::test_lamb_of_zeros_takes_a_plain_step"),
    PlantedFault(
        "sgd_climbs", "optim/sgd.py",
        old="p -= np.multiply(m[name], lr)",
        new="p += np.multiply(m[name], lr)",
        wrong="The step goes up the gradient instead of down.",
        concept="signs", caught_by="test_optim.py::test_original_test_problem"),
    PlantedFault(
        "sgd_momentum_sign", "optim/sgd.py",
        old="m[name] += grads[name]",
        new="m[name] -= grads[name]",
        wrong="The memory collects minus the gradient, and the step subtracts it.",
        concept="signs", caught_by="test_optim.py::test_original_test_problem"),
    PlantedFault(
        "sgd_momentum_replaced_by_rest", "optim/sgd.py",
        old="m[name] *= self.momentum",
        new="m[name] *= 1 - self.momentum",
        wrong="The memory is kept with 1 - momentum.",
        concept="running means",
        caught_by="test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "warmup_off_by_one", "optim/schedules.py",
        old="return lr * step / warmup_steps",
        new="return lr * (step + 1) / warmup_steps",
        wrong="The warm-up is one step ahead: the first step has a learning rate above 0.",
        concept="off by one", caught_by="test_optim.py::test_warmup_and_decay"),
    PlantedFault(
        "decay_counted_from_warmup", "optim/schedules.py",
        old="remaining = 1 - min(step, total_steps) / total_steps",
        new="remaining = 1 - (min(step, total_steps) - warmup_steps) / (total_steps - "
            "warmup_steps)",
        wrong="The decay begins at the end of the warm-up; the original counts from step 0.",
        concept="faithfulness to the original", caught_by="test_optim.py::test_warmup_and_decay"),
    PlantedFault(
        "learning_rate_below_zero", "optim/schedules.py",
        old="min(step, total_steps) / total_steps",
        new="step / total_steps",
        wrong="After the last step the learning rate goes on falling and becomes negative.",
        concept="clamps", caught_by="test_optim.py::test_warmup_and_decay"),
    PlantedFault(
        "clipping_scales_every_gradient", "optim/clipping.py",
        old="if norm > max_norm:",
        new="if norm > 0:",
        wrong="Short gradients are stretched to the maximum, too.",
        concept="clipping is not normalising", caught_by="test_optim.py::test_clipping"),
    PlantedFault(
        "clipping_parameter_by_parameter", "optim/clipping.py",
        old="leaf *= max_norm / norm",
        new='leaf *= min(1, max_norm / global_norm({"": leaf}))',
        wrong="Each parameter is clipped on its own, which turns the gradient into another "
              "direction.",
        concept="one vector of all parameters", caught_by="test_optim.py::test_clipping"),
    PlantedFault(
        "norm_without_root", "parameters.py",
        old="np.sqrt(sum(",
        new="abs(sum(",
        wrong="The norm is the sum of squares, without the root.",
        concept="one vector of all parameters", caught_by="test_optim.py::test_clipping"),

    # ---- text: masking, segments, batches --------------------------------------------------------

    PlantedFault(
        "masking_never_random", "text/masking.py",
        old="np.where(u < 0.8, tokenizer",
        new="np.where(u < 0.9, tokenizer",
        wrong="90 % become [MASK], none a random piece: 80/10/10 mixed up.",
        concept="80/10/10", caught_by="text/test_masking.py::test_hundred_thousand_sequences"),
    PlantedFault(
        "masking_half_random", "text/masking.py",
        old="np.where(u < 0.9, random_ids",
        new="np.where(u < 0.85, random_ids",
        wrong="5 % become a random piece and 15 % stay what they are.",
        concept="80/10/10", caught_by="text/test_masking.py::test_hundred_thousand_sequences"),
    PlantedFault(
        "masking_random_special", "text/masking.py",
        old="tokenizer.ordinary_ids[rng.integers(len(tokenizer.ordinary_ids), size=M)]",
        new="rng.integers(len(tokenizer.is_word_start), size=M)",
        wrong="The random piece may be [CLS], [SEP] or padding.",
        concept="special tokens",
        caught_by="text/test_masking.py::test_hundred_thousand_sequences"),
    PlantedFault(
        "masking_special_tokens", "text/masking.py",
        old="barred[tokenizer.special_ids] = True",
        new="barred[tokenizer.pad_token_id] = True",
        wrong="[CLS] and [SEP] are chosen like words.",
        concept="special tokens", caught_by="text/test_masking.py::test_what_cannot_be_masked"),
    PlantedFault(
        "masking_labels_everywhere", "text/masking.py",
        old="np.where(chosen, input_ids, NO_LABEL)",
        new="np.where(input_ids >= 0, input_ids, NO_LABEL)",
        wrong="Every position gets a label, not only the chosen ones.",
        concept="ignored labels", caught_by="text/test_masking.py::test_share_of_all_tokens"),
    PlantedFault(
        "masking_labels_inverted", "text/masking.py",
        old="np.where(chosen, input_ids, NO_LABEL)",
        new="np.where(chosen, NO_LABEL, input_ids)",
        wrong="The labels stand where nothing was hidden.",
        concept="ignored labels", caught_by="text/test_masking.py::test_share_of_all_tokens"),
    PlantedFault(
        "masking_labels_after_replacement", "text/masking.py",
        old="np.where(chosen, input_ids, NO_LABEL)",
        new="np.where(chosen, masked_ids, NO_LABEL)",
        wrong="The labels are read after the replacement: the answer to [MASK] is [MASK].",
        concept="order of operations",
        caught_by="text/test_masking.py::test_hundred_thousand_sequences"),
    PlantedFault(
        "masking_counts_padding", "text/masking.py",
        old="lengths = (input_ids != tokenizer.pad_token_id).sum(axis=1)",
        new="lengths = np.full(len(input_ids), input_ids.shape[1])",
        wrong="Padding counts for the 15 %, so that short sequences are masked too much.",
        concept="padding", caught_by="text/test_masking.py::test_share_of_all_tokens"),
    PlantedFault(
        "masking_pieces_not_words", "text/masking.py",
        old="begins | barrier if options.do_whole_word_mask else np.ones(len(begins), bool)",
        new="np.ones(len(begins), bool)",
        wrong="Single pieces are masked, and the rest of the word gives them away.",
        concept="whole words",
        caught_by="text/test_masking.py::test_sizes_are_those_of_the_plain_words"),
    PlantedFault(
        "masking_lengths_uniform", "text/masking.py",
        old="p = 1 / np.arange(1, options.ngram + 1)",
        new="p = np.ones(options.ngram)",
        wrong="The lengths of the n-grams are equally likely instead of going with 1/n.",
        concept="n-gram lengths", caught_by="text/test_masking.py::test_lengths_drawn"),
    PlantedFault(
        "masking_ngrams_overlap", "text/masking.py",
        old="overlaps = (self.positions < stop[:, None]) & (self.ends > start[:, None])",
        new="overlaps = (self.positions < stop[:, None]) & (self.ends == stop[:, None])",
        wrong="Only n-grams that end with the chosen one are struck out, so that others may "
              "overlap it.",
        concept="n-gram lengths",
        caught_by="text/test_masking.py::test_ngrams_stay_inside_their_segment_and_apart"),
    PlantedFault(
        "masking_changes_its_input", "text/masking.py",
        old="masked_ids = input_ids.copy()",
        new="masked_ids = input_ids",
        wrong="The original text is overwritten; the next epoch starts from masked text.",
        concept="views and copies",
        caught_by="text/test_masking.py::test_replacement_leaves_its_input_alone"),
    PlantedFault(
        "masking_one_key_for_all_lengths", "text/masking.py",
        old="keys = rng.random((N * B, W))",
        new="keys = np.tile(rng.random((B, W)), (N, 1))",
        wrong="All lengths share the keys of the places: where no long n-gram was chosen, a short "
              "one is chosen too seldom.",
        concept="draws that depend on each other",
        caught_by="text/test_masking.py::test_same_statistics_as_the_plain_version"),
    PlantedFault(
        "permutation_across_rows", "text/masking.py",
        old="order = np.lexsort((rng.random(len(row)), row))",
        new="order = rng.permutation(len(row))",
        wrong="Pieces are permuted among all sequences of the batch.",
        concept="every row for itself",
        caught_by="text/test_masking.py::test_every_order_of_permuted_pieces_is_as_likely"),
    PlantedFault(
        "sentence_order_labels_inverted", "text/segments.py",
        old="IN_ORDER, SWAPPED, RANDOM_NEXT, NOT_ASKED = 0, 1, 1, -100",
        new="IN_ORDER, SWAPPED, RANDOM_NEXT, NOT_ASKED = 1, 0, 0, -100",
        wrong="Swapped pairs are labelled 0 and pairs in order 1.",
        concept="conventions of labels",
        caught_by="text/test_segments.py::test_twenty_thousand_pairs"),
    PlantedFault(
        "sentence_order_label_without_swap", "text/segments.py",
        old="a, b, label = b, a, SWAPPED",
        new="label = SWAPPED",
        wrong="The label says swapped, but nothing was.",
        concept="labels and data belong together",
        caught_by="text/test_segments.py::test_twenty_thousand_pairs"),
    PlantedFault(
        "sentence_order_swap_without_label", "text/segments.py",
        old="a, b, label = b, a, SWAPPED",
        new="a, b = b, a",
        wrong="The segments are swapped, and the label does not say so.",
        concept="labels and data belong together",
        caught_by="text/test_segments.py::test_twenty_thousand_pairs"),
    PlantedFault(
        "sentence_order_rarely_swapped", "text/segments.py",
        old="elif sop and asked and rng.random() < 0.5:",
        new="elif sop and asked and rng.random() < 0.4:",
        wrong="Two pairs in five are swapped instead of one in two.",
        concept="balanced classes",
        caught_by="text/test_segments.py::test_twenty_thousand_pairs"),
    PlantedFault(
        "sentence_order_no_room_for_special", "text/data_options.py",
        old="return self.max_seq_length - 3",
        new="return self.max_seq_length - 2",
        wrong="The pair has three special tokens; there is room for two.",
        concept="off by one",
        caught_by="text/test_segments.py::test_twenty_thousand_pairs"),
    PlantedFault(
        "next_sentence_of_the_same_document", "text/segments.py",
        old="other += other >= d",
        new="other += 0",
        wrong="The random second segment may come from the same document, and is called random.",
        concept="labels and data belong together",
        caught_by="text/test_segments.py::test_next_sentence"),
    PlantedFault(
        "next_sentence_loses_text", "text/segments.py",
        old="stop = middle     ",
        new="pass              ",
        wrong="The sentences whose place a random segment took are never seen.",
        concept="off by one segment",
        caught_by="text/test_segments.py::test_next_sentence"),
    PlantedFault(
        "truncation_from_one_end", "text/segments.py",
        old="a = a + rng.binomial(length_a - keep_a, 0.5)",
        new="a = a + 0",
        wrong="Only the ends of segments are ever cut off.",
        concept="truncation",
        caught_by="text/test_segments.py::test_truncation_takes_from_both_ends"),
    PlantedFault(
        "padding_is_visible", "text/batches.py",
        old="(t < end).astype(np.int8)",
        new="(t < T + 0 * end).astype(np.int8)",
        wrong="The attention mask does not hide the padding.",
        concept="padding", caught_by="text/test_batches.py::test_layout"),
    PlantedFault(
        "segments_split_one_early", "text/batches.py",
        old="(t >= end_a)",
        new="(t >= end_a - 1)",
        wrong="The [SEP] behind the first segment counts as the second segment.",
        concept="off by one", caught_by="text/test_batches.py::test_layout"),
)
