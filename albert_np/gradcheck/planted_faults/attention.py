"""Mistakes in attention."""

from .fault import PlantedFault

FAULTS = (
    # ---- attention -------------------------------------------------------------------------------

    PlantedFault(
        "heads_split_without_transpose", "layers/attention.py",
        old="return x.reshape(B, T, A, H // A).transpose(0, 2, 1, 3)",
        new="return x.reshape(B, A, T, H // A)",
        wrong="The reshape has the right shape and deals tokens out to heads instead of columns.",
        concept="reshape is not transpose",
        caught_by="layers/test_layers.py::test_heads_are_split_by_columns"),
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
        caught_by="layers/test_layers.py::test_attention_of_one_head_by_loops"),
    PlantedFault(
        "attention_scaled_by_hidden_size", "layers/attention.py",
        old="    z *= D**-0.5\n",
        new="    z *= x_q.shape[-1]**-0.5\n",
        wrong="The scores are divided by sqrt(H) instead of by sqrt(D); with one head that is "
              "the same.",
        concept="scaled dot products", caught_by="attention, no mask"),
    PlantedFault(
        "attention_scale_promotes_float32", "layers/attention.py",
        old="    z *= D**-0.5\n",
        new="    z = z / np.sqrt(D)\n",
        wrong="np.sqrt gives a float64 scalar, which turns all that follows from float32 into "
              "float64.",
        concept="dtypes", caught_by="models/test_models.py::test_float32_stays_float32"),
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
        old="dk = dz.mT @ q",
        new="dk = dz.mT @ q * D**0.5",
        wrong="dk misses the 1/sqrt(D); dq has it.",
        concept="chain rule", caught_by="attention, no mask"),
    PlantedFault(
        "attention_dk_from_wrong_axes", "layers/attention.py",
        old="dk = dz.mT @ q",
        new="dk = dz @ q",
        wrong="dk sums over the keys instead of over the queries: dz in place of its "
              "transpose, of the same shape.",
        concept="transposes", caught_by="attention, no mask"),
    PlantedFault(
        "attention_dq_from_wrong_axes", "layers/attention.py",
        old="dq = dz @ k ",
        new="dq = dz.mT @ k ",
        wrong="dq sums over the queries instead of over the keys.",
        concept="transposes", caught_by="attention, no mask"),
    PlantedFault(
        "attention_dv_not_transposed", "layers/attention.py",
        old="dv = cache.p_dropped.mT @ dc",
        new="dv = cache.p_dropped @ dc",
        wrong="dv sums over the keys instead of over the queries that used the value.",
        concept="transposes", caught_by="attention, no mask"),
    PlantedFault(
        "attention_dv_from_undropped_weights", "layers/attention.py",
        old="dv = cache.p_dropped.mT @ dc",
        new="dv = cache.softmax_cache.mT @ dc",
        wrong="dv uses the attention weights before dropout; the output was made with those "
              "after it.",
        concept="what the cache holds", caught_by="attention, dropout"),
    PlantedFault(
        "attention_dropout_not_in_backward", "layers/attention.py",
        old="    dp = dropout_backward(dp, cache.dropout_cache)\n",
        new="",
        wrong="The gradient of the attention weights does not pass through the dropout mask.",
        concept="the same mask both ways", caught_by="attention, dropout"),
    PlantedFault(
        "attention_softmax_backward_of_dropped", "layers/attention.py",
        old="masked_softmax_backward(dp, cache.softmax_cache)",
        new="masked_softmax_backward(dp, cache.p_dropped)",
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
        old="dx_kv = dx_k + dx_v",
        new="dx_kv = 0 * dx_k",
        wrong="x_kv went into two maps; neither's part of its gradient is kept.",
        concept="every use adds its part", caught_by="attention, no mask"),
    PlantedFault(
        "attention_only_dx_k", "layers/attention.py",
        old="dx_kv = dx_k + dx_v",
        new="dx_kv = dx_k",
        wrong="x_kv went into two maps; only the keys' part of its gradient is kept.",
        concept="every use adds its part", caught_by="attention, no mask"),
    PlantedFault(
        "attention_only_dx_v", "layers/attention.py",
        old="dx_kv = dx_k + dx_v",
        new="dx_kv = dx_v",
        wrong="x_kv went into two maps; only the values' part of its gradient is kept.",
        concept="every use adds its part", caught_by="attention, no mask"),
    PlantedFault(
        "attention_dx_averaged", "layers/attention.py",
        old="dx_kv = dx_k + dx_v",
        new="dx_kv = (dx_k + dx_v) / 2",
        wrong="The two parts of the gradient of x_kv are averaged instead of added.",
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
        old='linear_forward(x_kv, params["W_v"], params["b_v"])',
        new='linear_forward(x_kv, params["W_k"], params["b_k"])',
        wrong="The values are computed with the weights of the keys.",
        concept="copy and paste", caught_by="attention, no mask"),
    PlantedFault(
        "mask_ignored", "layers/attention.py",
        old="masked_softmax_forward(z, keep)",
        new="masked_softmax_forward(z, None)",
        wrong="The mask never reaches the softmax. Forward and backward agree; padding is seen.",
        concept="gradient checks do not see values",
        caught_by="layers/test_layers.py::test_padding_is_never_seen"),
    PlantedFault(
        "mask_of_other_queries", "layers/encoder.py",
        old="seen = keys_visible_to(keep, needed)",
        new="seen = keep if keep is None or needed is None else keep[:, :, :needed.shape[1]]",
        wrong="If the last layer is needed at R positions only, they get the mask rows of the "
              "first R positions. Forward and backward agree.",
        concept="gradient checks do not see values",
        caught_by="models/test_models.py::"
                  "test_last_layer_at_the_labels_gives_the_same_losses_and_gradients"),
    PlantedFault(
        "query_gradient_at_wrong_rows", "layers/encoder.py",
        old="dh = rows_at_backward(dx_q, rows_cache) + dx_kv",
        new="dh = rows_at_backward(dx_q, (rows_cache[0] if rows_cache[0] is None else "
            "np.sort(rows_cache[0]), rows_cache[1])) + dx_kv",
        wrong="The gradients of the rows at the positions are put back in ascending order, not "
              "in the order in which they were taken.",
        concept="scatter what was gathered", caught_by="encoder, some positions"),
    PlantedFault(
        "mask_hides_queries", "layers/attention.py",
        old="return keep[:, None, None, :] if",
        new="return keep[:, None, :, None] if",
        wrong="The padding mask hides queries instead of keys: padding leaks into every token.",
        concept="which axis is the key",
        caught_by="layers/test_layers.py::test_padding_is_never_seen"),
    PlantedFault(
        "mask_inverted", "layers/attention.py",
        old="keep = np.asarray(attention_mask) != 0",
        new="keep = np.asarray(attention_mask) == 0",
        wrong="1 means seen; here it means hidden.",
        concept="conventions of masks",
        caught_by="layers/test_layers.py::test_padding_is_never_seen"),
    PlantedFault(
        "mask_pairs_transposed", "layers/attention.py",
        old="else keep[:, None, :, :]",
        new="else keep[:, None].mT",
        wrong="Row i of the (T, T) mask says who may see i instead of what i may see: the past "
              "sees the future.",
        concept="which axis is the key",
        caught_by="layers/test_layers.py::test_pairwise_mask_of_the_past_is_causal"),
)
