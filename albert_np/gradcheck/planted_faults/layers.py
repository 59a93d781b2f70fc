"""Mistakes in embeddings, blocks, the encoder and the heads."""

from .fault import PlantedFault

FAULTS = (
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
        concept="off by one",
        caught_by="layers/test_layers.py::test_embeddings_are_the_sum_of_three"),
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
        old="dx_q = ds + dx_q",
        new="dx_q = dx_q",
        wrong="The residual link's gradient is missing.",
        concept="residual links", caught_by="attention_block"),
    PlantedFault(
        "residual_of_wrong_rows", "layers/encoder.py",
        old="x_q, rows_cache = rows_at_forward(x, needed)",
        new="x_q, rows_cache = (x if needed is None else x[:, :needed.shape[1]]), "
            "rows_at_forward(x, needed)[1]",
        wrong="The last layer is computed for the first R rows, not for those at the R "
              "positions.",
        concept="scatter what was gathered", caught_by="encoder, some positions"),
    PlantedFault(
        "attention_path_dropped", "layers/encoder_layer.py",
        old="dx_q = ds + dx_q",
        new="dx_q = ds",
        wrong="Only the residual link's gradient is kept; the path through the queries is lost.",
        concept="residual links", caught_by="attention_block"),
    PlantedFault(
        "attention_residual_skips_layer_norm", "layers/encoder_layer.py",
        old="dx_q = ds + dx_q",
        new="dx_q = dy + dx_q",
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
        old='params["attention"], (da, dp), attention_cache)',
        new='params["attention"], (dy, dp), attention_cache)',
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
        old="_generator(state))", new="None)",
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
        old="dx_q = dh + dx_q if cross_layer_residual else dx_q",
        new="dx_q = dx_q",
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
        caught_by="layers/test_layers.py::test_contributions_of_the_depths_add_up"),
    PlantedFault(
        "tree_sum_assigns", "functional/trees.py",
        old="total[key] += branch",
        new="total[key] = branch",
        wrong="Adding one tree to another replaces its leaves instead.",
        concept="= in place of +=", caught_by="encoder, sharing all"),

    # ---- heads -----------------------------------------------------------------------------------

    PlantedFault(
        "tied_gradient_not_transposed", "layers/heads/masked_lm_head.py",
        old="dword = dword_T.T",
        new="dword = dword_T",
        wrong="The gradient of the transposed table is handed back as that of the table.",
        concept="transposes", caught_by="masked_lm_head, gelu_new"),
    PlantedFault(
        "output_bias_gradient_lost", "layers/heads/masked_lm_head.py",
        old='"bias": dbias',
        new='"bias": 0 * dbias',
        wrong="The bias of the vocabulary gets no gradient.",
        concept="every parameter is checked", caught_by="masked_lm_head, gelu_new"),
    PlantedFault(
        "head_activation_forgotten", "layers/heads/masked_lm_head.py",
        old="du = activation_backward(dg, activation_cache)",
        new="du = dg",
        wrong="The derivative of the head's activation is missing.",
        concept="chain rule", caught_by="masked_lm_head, gelu_new"),
    PlantedFault(
        "head_layer_norm_forgotten", "layers/heads/masked_lm_head.py",
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
        caught_by="layers/test_layers.py::test_pooler_takes_the_first_token"),
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
        old="du = dy * (1 - y * y)",
        new="du = dy",
        wrong="The derivative of tanh is missing.",
        concept="chain rule", caught_by="pooler"),
    PlantedFault(
        "sentence_order_bias_lost", "layers/heads/sentence_order_head.py",
        old='"b": db}',
        new='"b": 0 * db}',
        wrong="The bias of the sentence-order head gets no gradient.",
        concept="every parameter is checked", caught_by="sentence_order_head"),
)
