"""Mistakes in whole models, in those of tasks and in translation."""

from .fault import PlantedFault

FAULTS = (
    # ---- whole models ----------------------------------------------------------------------------

    PlantedFault(
        "tied_embedding_without_head", "models/pretraining.py",
        old='grads["embeddings"]["word"] += d_word',
        new="d_word *= 0",
        wrong="The tied word table gets no gradient from its use as output matrix.",
        concept="tied weights add up", caught_by="AlbertForPreTraining, sharing all"),
    PlantedFault(
        "tied_embedding_without_look_up", "models/pretraining.py",
        old='grads["embeddings"]["word"] += d_word',
        new='grads["embeddings"]["word"] = d_word',
        wrong="An = in place of a +=: the tied word table loses the gradient of the look-up.",
        concept="tied weights add up", caught_by="AlbertForPreTraining, sharing all"),
    PlantedFault(
        "sop_weight_forgotten_in_backward", "models/pretraining.py",
        old="+ d_loss * self.config.sop_weight",
        new="+ d_loss",
        wrong="The weight of the sentence-order loss is missing on the way back; with a weight "
              "of 1 nobody notices.",
        concept="test away from the initial values",
        caught_by="AlbertForPreTraining, sop_weight 0.3"),
    PlantedFault(
        "sop_weight_forgotten_in_forward", "models/pretraining.py",
        old="weighted = output.sop_loss * config.sop_weight",
        new="weighted = output.sop_loss",
        wrong="The weight of the sentence-order loss is missing in the loss.",
        concept="forward and backward belong together",
        caught_by="models/test_models.py::test_losses_by_definition"),
    PlantedFault(
        "pooler_gradient_lost", "models/trunk.py",
        old="for use in (d_hidden_states[-1], d_output.sequence_output, d_from_pooler):",
        new="for use in (d_hidden_states[-1], d_output.sequence_output):",
        wrong="The last hidden state gets nothing back from the pooler, and so nothing from "
              "the sentence-order loss.",
        concept="every use adds its part", caught_by="AlbertForPreTraining, sharing all"),
    PlantedFault(
        "masked_rows_misplaced", "models/pretraining.py",
        old="d_sequence[cache.masked] = d_rows",
        new="d_sequence.reshape(-1, d_rows.shape[1])[:len(d_rows)] = d_rows",
        wrong="The masked positions' gradients go to the first rows instead of to where they "
              "came from.",
        concept="the way back is the way there", caught_by="AlbertForPreTraining, sharing all"),
    PlantedFault(
        "mlm_loss_gradient_replaces", "models/pretraining.py",
        old="d_mlm_loss = float(d.mlm_loss or 0) + d_loss",
        new="d_mlm_loss = d_loss",
        wrong="A gradient given for the masked-LM loss alone is lost.",
        concept="every use adds its part",
        caught_by="AlbertForPreTraining, every output"),
    PlantedFault(
        "sentence_order_gradient_lost", "models/pretraining.py",
        old="contributions, d_sequence, d_pooled)",
        new="contributions, d_sequence)",
        wrong="The pooler gets nothing back from the sentence-order head; only the head itself "
              "learns.",
        concept="every use adds its part", caught_by="AlbertForPreTraining, sharing all"),
    PlantedFault(
        "parts_of_a_batch_weigh_the_same", "models/trunk.py",
        old="share = own / counts[name] if own else 0.0",
        new="share = 1 / 2",
        wrong="The parts of a batch are averaged as if each had as many masked pieces.",
        concept="means of means",
        caught_by="pretraining/test_pretraining.py::test_parts_add_up_to_the_whole_batch"),
    PlantedFault(
        "exported_weights_not_transposed", "parameters/state_dict.py",
        old='np.array(leaf.T if transposed else leaf, order="C")',
        new='np.array(leaf, order="C")',
        wrong="Weights are written (in, out) where (out, in) is expected; square ones load "
              "without complaint.",
        concept="layouts",
        caught_by="models/test_models.py::test_state_dict_is_transposed_and_a_copy"),

    # ---- heads and models of tasks, translation --------------------------------------------------

    PlantedFault(
        "classification_head_mask_forgotten", "layers/heads/classification_head.py",
        old="dx = dropout_backward(d_dropped, dropout_cache) ",
        new="dx = d_dropped ",
        wrong="The gradient passes through what dropout had set to 0.",
        concept="forward and backward belong together", caught_by="classification_head, dropout"),
    PlantedFault(
        "span_head_start_and_end_exchanged", "layers/heads/span_head.py",
        old="dy = np.stack([dstart, dend], axis=-1)",
        new="dy = np.stack([dend, dstart], axis=-1)",
        wrong="The gradients of start and end are exchanged.",
        concept="which column is which", caught_by="span_head"),
    PlantedFault(
        "span_head_stacked_in_front", "layers/heads/span_head.py",
        old="dy = np.stack([dstart, dend], axis=-1)",
        new="dy = np.stack([dstart, dend], axis=1)",
        wrong="Start and end are stacked along the tokens; a reshape later hides that the "
              "axes are mixed up.",
        concept="axes", caught_by="span_head"),
    PlantedFault(
        "squad_end_start_takes_the_upper_half", "layers/heads/squad2_end.py",
        old='linear_forward(x_start, dense["W"][H:],',
        new='linear_forward(x_start, dense["W"][:H],',
        wrong="The start's hidden state is multiplied by the half of W that belongs to the "
              "token.",
        concept="halves of a concatenation", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_end_halves_exchanged", "layers/heads/squad2_end.py",
        old="np.concatenate([dW_token, dW_start])",
        new="np.concatenate([dW_start, dW_token])",
        wrong="The two halves of dW are put on top of each other in the wrong order.",
        concept="halves of a concatenation", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_end_start_gets_nothing", "layers/heads/squad2_end.py",
        old="    np.add.at(dx, (rows, starts), dx_start) ",
        new="    dx = dx + 0 ",
        wrong="The start's hidden state gets its gradient as a token only, not that as a "
              "start.",
        concept="every use adds its part", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_end_equal_starts_overwrite", "layers/heads/squad2_end.py",
        old="np.add.at(dx, (rows, starts), dx_start)",
        new="dx[rows, starts] += dx_start",
        wrong="Where one token is the start twice, only one of the two gradients is added: += "
              "on an index array writes each place once.",
        concept="duplicates must add up", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_end_start_replaces_token", "layers/heads/squad2_end.py",
        old="np.add.at(dx, (rows, starts), dx_start)",
        new="dx[rows, starts] = dx_start",
        wrong="The gradient as a start replaces the one as a token.",
        concept="every use adds its part", caught_by="squad_head, the right start"),
    PlantedFault(
        "squad_end_sum_axes_exchanged", "layers/heads/squad2_end.py",
        old="d_of_token, d_of_start = du.sum(axis=1), du.sum(axis=2)",
        new="d_of_token, d_of_start = du[:, 0], du.sum(axis=2)",
        wrong="Only the first start's gradient reaches the tokens.",
        concept="sum over all the shared axes", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_end_start_of_the_last_token", "layers/heads/squad2_end.py",
        old="d_of_token, d_of_start = du.sum(axis=1), du.sum(axis=2)",
        new="d_of_token, d_of_start = du.sum(axis=1), du[:, :, -1]",
        wrong="The start gets the gradient of one token instead of that of all.",
        concept="sum over all the shared axes", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_end_bias_twice", "layers/heads/squad2_end.py",
        old='np.zeros_like(dense["b"])) ',
        new='dense["b"]) ',
        wrong="c is added with either half, and its gradient counted once.",
        concept="forward and backward belong together", caught_by="squad_end, several starts"),
    PlantedFault(
        "squad_answer_softmax_skipped", "layers/heads/squad2_answer.py",
        old="dstart = softmax_backward(dp, softmax_cache)",
        new="dstart = dp * p",
        wrong="The softmax's backward pass forgets the row sum: probabilities that compete "
              "seem independent.",
        concept="softmax", caught_by="squad_answer, dropout"),
    PlantedFault(
        "squad_answer_first_token_twice", "layers/heads/squad2_answer.py",
        old="dx[:, 0] += dfirst",
        new="dx[:, 0] = dfirst",
        wrong="The first token's own use replaces its part in the weighted mean.",
        concept="every use adds its part", caught_by="squad_answer, dropout"),
    PlantedFault(
        "squad_answer_every_token_first", "layers/heads/squad2_answer.py",
        old="dx[:, 0] += dfirst",
        new="dx += dfirst[:, None]",
        wrong="Every token gets the gradient that belongs to the first.",
        concept="padding and positions", caught_by="squad_answer, dropout"),
    PlantedFault(
        "squad_answer_mean_unweighted", "layers/heads/squad2_answer.py",
        old="dx = p[:, :, None] * dg[:, None]",
        new="dx = dg[:, None] * np.ones_like(p)[:, :, None] / p.shape[1]",
        wrong="The gradient of the weighted mean is shared out evenly.",
        concept="weighted sums", caught_by="squad_answer, dropout"),
    PlantedFault(
        "squad_answer_dropout_after_tanh_forgotten", "layers/heads/squad2_answer.py",
        old="du = tanh_backward(dropout_backward(d_dropped, dropout_cache), tanh_cache)",
        new="du = tanh_backward(d_dropped, tanh_cache)",
        wrong="The gradient passes through what dropout had set to 0.",
        concept="forward and backward belong together", caught_by="squad_answer, dropout"),
    PlantedFault(
        "squad_answer_halves_exchanged", "layers/heads/squad2_answer.py",
        old="dg, dfirst = d_both[:, :H], d_both[:, H:]",
        new="dfirst, dg = d_both[:, :H], d_both[:, H:]",
        wrong="The gradients of the two halves of the concatenation are exchanged.",
        concept="halves of a concatenation", caught_by="squad_answer, dropout"),
    PlantedFault(
        "squad_head_answer_without_say", "layers/heads/squad2_head.py",
        old="np.where(may_answer, dstart + dstart_answer, 0)",
        new="np.where(may_answer, dstart, 0)",
        wrong="The start's scores lose the gradient of their second use, the answerability.",
        concept="every use adds its part", caught_by="squad_head, the right start"),
    PlantedFault(
        "squad_head_mask_leaks", "layers/heads/squad2_head.py",
        old="np.where(may_answer, dstart + dstart_answer, 0)",
        new="dstart + dstart_answer",
        wrong="Gradients of hidden starts flow back, although the forward pass put a constant "
              "there.",
        concept="masks", caught_by="squad_head, the right start"),
    PlantedFault(
        "squad_head_end_mask_leaks", "layers/heads/squad2_head.py",
        old='params["end"], np.where(may_answer[:, None], dend, 0), end_cache)',
        new='params["end"], dend, end_cache)',
        wrong="Gradients of hidden ends flow back, although the forward pass put a constant "
              "there.",
        concept="masks", caught_by="squad_head, the best starts"),
    PlantedFault(
        "squad_head_end_forgotten", "layers/heads/squad2_head.py",
        old="dx = dx_start + dx_end + dx_answer",
        new="dx = dx_start + dx_answer",
        wrong="The hidden states get no gradient from the ends.",
        concept="every use adds its part", caught_by="squad_head, the best starts"),
    PlantedFault(
        "question_loss_not_halved", "models/question_answering.py",
        old="half = float(d.loss) / 2",
        new="half = float(d.loss)",
        wrong="The loss is the mean of two parts, and each gets the whole gradient.",
        concept="the loss's own factor", caught_by="AlbertForQuestionAnswering, positions"),
    PlantedFault(
        "question_positions_clipped_inside", "models/question_answering.py",
        old="starts, ends = answer_labels(start_positions, T)",
        new="starts, ends = answer_labels(start_positions.clip(max=T - 1), T)",
        wrong="An answer that lies behind the window is taken for the window's last token.",
        concept="labels that do not count",
        caught_by="models/test_task_models.py::test_positions_outside_do_not_count"),
    PlantedFault(
        "squad2_loss_not_halved", "models/squad2.py",
        old="half = float(d.loss) * share / 2",
        new="half = float(d.loss) * share",
        wrong="Each of the three terms gets the whole gradient instead of half of it.",
        concept="the loss's own factor", caught_by="AlbertForSquad2, answerable or not"),
    PlantedFault(
        "squad2_answerability_without_loss", "models/squad2.py",
        old="add((B,), self.dtype, d.cls_logits, cls))",
        new="add((B,), self.dtype, d.cls_logits, None))",
        wrong="The answerability gets no gradient from the loss.",
        concept="every use adds its part", caught_by="AlbertForSquad2, dropout"),
    PlantedFault(
        "squad2_starts_worst_first", "layers/heads/squad2_head.py",
        old='np.argsort(-start_logits.real, axis=-1, kind="stable")[:, :n_top]',
        new='np.argsort(start_logits.real, axis=-1, kind="stable")[:, :n_top]',
        wrong="The ends are scored after the worst starts instead of the best.",
        concept="order of sorting",
        caught_by="models/test_task_models.py::test_squad2_ends_after_each_of_the_best_starts"),
    PlantedFault(
        "squad2_padding_may_answer", "models/squad2.py",
        old="return attention_mask.reshape(shape[0], -1, shape[1]).any(axis=1)",
        new="return np.ones(shape, bool)",
        wrong="Padding may be part of an answer.",
        concept="padding",
        caught_by="models/test_task_models.py::test_squad2_hides_the_padding_by_itself"),
    PlantedFault(
        "choices_compete_across_questions", "models/multiple_choice.py",
        old="output.logits = scores.reshape(B, C) ",
        new="output.logits = scores.reshape(C, B).T ",
        wrong="The scores are laid out choice by choice, and choices of different questions "
              "compete.",
        concept="axes",
        caught_by="models/test_task_models.py::test_choices_compete_with_each_other"),
    PlantedFault(
        "choices_gradient_transposed", "models/trunk.py",
        old="gradient = gradient.reshape(shape)",
        new="gradient = gradient.T.reshape(shape)",
        wrong="The gradients of the choices' scores are dealt out in another order than the "
              "scores.",
        concept="axes", caught_by="AlbertForMultipleChoice, labels"),
    PlantedFault(
        "loss_and_logits_overwrite", "models/trunk.py",
        old="total = gradient if total is None else total + gradient",
        new="total = gradient",
        wrong="Of the gradients of loss and logits only the last counts.",
        concept="every use adds its part",
        caught_by="models/test_task_models.py::test_gradients_add_up_over_outputs"),
    PlantedFault(
        "pooled_gradient_replaces", "models/trunk.py",
        old="d = replace(d, pooled_output=add_optional(pooled, d.pooled_output))",
        new="d = replace(d, pooled_output=pooled)",
        wrong="The head's gradient replaces the one that was given for the pooled output "
              "itself.",
        concept="every use adds its part",
        caught_by="AlbertForSequenceClassification, every output"),
    PlantedFault(
        "sequence_gradient_replaces", "models/trunk.py",
        old="d = replace(d, sequence_output=add_optional(sequence, d.sequence_output))",
        new="d = replace(d, sequence_output=sequence)",
        wrong="The head's gradient replaces the one that was given for the hidden states "
              "themselves.",
        concept="every use adds its part", caught_by="AlbertForTokenClassification, every output"),
    PlantedFault(
        "masked_lm_untied", "models/masked_lm.py",
        old='        grads["embeddings"]["word"] += d_word',
        new='        grads["embeddings"]["word"] += 0 * d_word',
        wrong="The word table loses the gradient of its second use, the head.",
        concept="tied weights", caught_by="AlbertForMaskedLM, labels"),
    PlantedFault(
        "masked_lm_rows_at_the_front", "models/masked_lm.py",
        old="        d_sequence[masked] = d_rows",
        new="        d_sequence.reshape(-1, d_rows.shape[1])[:M] = d_rows",
        wrong="The gradients of the labelled tokens go to the first tokens of the batch.",
        concept="gathering and scattering", caught_by="AlbertForMaskedLM, labels"),
    PlantedFault(
        "regression_squares_everything_with_everything", "models/labels.py",
        old="        labels = labels[:, None]",
        new="        return labels",
        wrong="Labels (B,) meet logits (B, 1); where shapes are not checked, every text is "
              "compared with every label.",
        concept="broadcasting", caught_by="models/test_task_models.py::test_regression[1-labels1]"),
    PlantedFault(
        "several_labels_taken_for_one", "models/labels.py",
        old='return "single_label_classification" if whole else "multi_label_classification"',
        new='return "single_label_classification"',
        wrong="Labels that are not integers are taken for single classes.",
        concept="kinds of problems", caught_by="models/test_task_models.py::test_several_labels"),
    PlantedFault(
        "prefix_mask_sees_the_next_piece", "inference/translation/masks.py",
        old="(j < np.maximum(s, i + 1))",
        new="(j < np.maximum(s, i + 2))",
        wrong="A target token sees the piece that it is to predict; the loss falls to "
              "nothing, and so does the translation.",
        concept="leaks",
        caught_by="inference/test_translation.py::test_one_pass_predicts_what_growing_targets_predict"),
    PlantedFault(
        "prefix_mask_blind_to_itself", "inference/translation/masks.py",
        old="(j < np.maximum(s, i + 1))",
        new="(j < np.maximum(s, i))",
        wrong="A target token does not see itself, the last piece that was written.",
        concept="off by one",
        caught_by="inference/test_translation.py::test_mask_says_in_words_who_sees_whom"),
    PlantedFault(
        "prefix_mask_causal_source", "inference/translation/masks.py",
        old="(j < np.maximum(s, i + 1))",
        new="(j < i + 1)",
        wrong="The source, too, is read from left to right only.",
        concept="masks",
        caught_by="inference/test_translation.py::test_mask_says_in_words_who_sees_whom"),
    PlantedFault(
        "prefix_labels_not_shifted", "inference/translation/masks.py",
        old="following = np.roll(input_ids, -1, axis=1)",
        new="following = input_ids",
        wrong="Every token is to predict itself, which it sees.",
        concept="off by one",
        caught_by="inference/test_translation.py::test_labels_are_the_pieces_one_place_further_on"),
    PlantedFault(
        "prefix_labels_without_the_first_piece", "inference/translation/masks.py",
        old="asked = (i >= s[:, None] - 1) &",
        new="asked = (i >= s[:, None]) &",
        wrong="Nobody learns to predict the first piece of a target.",
        concept="off by one",
        caught_by="inference/test_translation.py::test_labels_are_the_pieces_one_place_further_on"),
    PlantedFault(
        "translation_reads_off_one_too_late", "inference/translation/decoding.py",
        old="positions=(s + t - 1)[:, None])",
        new="positions=np.minimum(s + t, (s + t).max() - 1)[:, None])",
        wrong="The next piece is read off at the padding.",
        concept="off by one",
        caught_by="inference/test_translation.py::test_sources_are_translated_as_if_alone[1]"),
    PlantedFault(
        "beam_not_normalised", "inference/translation/decoding.py",
        old="score = log_probability / n**self.alpha",
        new="score = log_probability",
        wrong="Short translations win for being short.",
        concept="length normalisation",
        caught_by="inference/test_translation.py::test_a_beam_of_everything_finds_the_best_of_all[1.0]"),
    PlantedFault(
        "beam_forgets_the_past", "inference/translation/decoding.py",
        old="total = log_p + np.array([so_far for _, so_far in self.live])[:, None]",
        new="total = log_p + 0 * np.array([so_far for _, so_far in self.live])[:, None]",
        wrong="Beginnings are compared by their last piece alone.",
        concept="sums of logarithms",
        caught_by="inference/test_translation.py::test_a_beam_of_everything_finds_the_best_of_all[0.0]"),
    PlantedFault(
        "beam_stops_too_early", "inference/translation/decoding.py",
        old="reachable = live[0][1] / (self.room + 1)**self.alpha",
        new="reachable = live[0][1] / (len(live[0][0]) + 1)**self.alpha",
        wrong="The search ends although a longer translation can still reach a better score.",
        concept="bounds that must hold",
        caught_by="inference/test_translation.py::test_a_longer_translation_may_still_win"),
)
