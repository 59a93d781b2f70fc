"""Mistakes in the linear map, the look-up, softmax and layer norm."""

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
        old="db = np.dot(np.ones(len(dy_rows), dy.dtype), dy_rows)",
        new="db = dy_rows.mean(axis=0)",
        wrong="db is the mean over the rows instead of their sum.",
        concept="every row adds its part", caught_by="linear"),
    PlantedFault(
        "linear_bias_gradient_of_last_row", "functional/linear.py",
        old="db = np.dot(np.ones(len(dy_rows), dy.dtype), dy_rows)",
        new="db = dy_rows[-1]",
        wrong="db keeps the gradient of the last row only, as an = in place of a += would.",
        concept="every row adds its part", caught_by="linear"),
    PlantedFault(
        "linear_bias_gradient_of_first_axis", "functional/linear.py",
        old="db = np.dot(np.ones(len(dy_rows), dy.dtype), dy_rows)",
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
        old="add_rows(dtable, ids.ravel(), dy.reshape(-1, shape[1]))",
        new="dtable[ids] = dy",
        wrong="A token that occurs twice keeps the gradient of its last occurrence only.",
        concept="duplicate tokens add up", caught_by="embedding"),
    PlantedFault(
        "embedding_fancy_index_adds_once", "functional/embedding.py",
        old="add_rows(dtable, ids.ravel(), dy.reshape(-1, shape[1]))",
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
        old="mean = row_mean(x) ",
        new="mean = x.mean(axis=0, keepdims=True) ",
        wrong="The mean is taken over the batch, as batch normalisation does.",
        concept="which axis is the row",
        caught_by="functional/test_functional.py::test_layer_norm_normalises_rows"),

    # ---- word flips ------------------------------------------------------------------------------

    PlantedFault(
        "flip_without_the_piece_that_is_there", "functional/word_flips.py",
        old="return products - there ",
        new="return products ",
        wrong="The estimate is of adding the new row; the row that is there is not taken away.",
        concept="invariances",
        caught_by="functional/test_word_flips.py::test_a_flip_to_the_same_piece_changes_nothing"),
    PlantedFault(
        "flip_sign", "functional/word_flips.py",
        old="return products - there ",
        new="return there - products ",
        wrong="The sign is wrong: the best flip of an attack lowers the loss.",
        concept="signs",
        caught_by="functional/test_word_flips.py::test_the_estimate_of_a_linear_loss_is_exact"),
)
