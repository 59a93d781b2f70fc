"""The table of exercises: the functions of each, its points, and the trials that check it.

To change the course, add, move or remove lines here. Everything else follows: the student's
workspace, the checks, the marks and the page for the teacher.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exercise:
    """One thing for a student to write.

    Attributes
    ----------
    id : str
        Unit and number, such as "3.2".
    title : str
    module : str
        The file of the functions, relative to the package; "" for an open exercise.
    functions : tuple of str
        What is emptied: functions, and methods as "AdamW.step". The first one gives the exercise
        its name. The name of a constant adds the planted faults in it; it is not emptied.
    points : int
    checks : tuple of str
        The trials that check it, see :mod:`albert_np.course.trials`.
    read : str
        Equations and pages to read first.
    rubric : tuple of (int, str)
        Of an open exercise, which people mark: points, and what they are given for.
    helpers : tuple of str
        Private functions beside them that compute the same. They are emptied too, and nobody needs
        to write them.
    """

    id: str
    title: str
    module: str
    functions: tuple
    points: int
    checks: tuple
    read: str
    rubric: tuple = ()
    helpers: tuple = ()

    @property
    def unit(self):
        """The number of its unit."""
        return int(self.id.partition(".")[0])

    @property
    def emptied(self):
        """The names of all functions that are emptied, and of constants."""
        return self.functions + self.helpers

    @property
    def open(self):
        """Whether people mark it, by its rubric."""
        return bool(self.rubric)


@dataclass(frozen=True)
class Unit:
    """A week or so of the course.

    Attributes
    ----------
    number : int
    title : str
    tutorials : str
        The scripts in ``tutorials/`` that go with it, without their ending.
    goals : str
        What a student can do afterwards.
    """

    number: int
    title: str
    tutorials: str
    goals: str


def _exercise(id, title, module, functions, points, read, checks=None, helpers=()):
    functions = tuple(functions.split())
    return Exercise(id, title, module, functions, points,
                    tuple((checks or functions[0].rpartition(".")[2]).split()), read,
                    helpers=helpers)


FN, LAY, TEXT, HEADS = "functional/", "layers/", "text/", "layers/heads/"

EXERCISES = (
    # ---- 1: numerics and gradient checks ----
    _exercise("1.1", "relative error", "gradcheck/differences.py", "relative_error", 1, "FD.3"),
    _exercise("1.2", "numerical derivatives", "gradcheck/differences.py", "derivative", 3,
              "FD.1, FD.2"),
    _exercise("1.3", "check every input of a function", "gradcheck/compare_gradients.py",
              "check_inputs_of slopes_at", 4, "FD.1, FD.3, tutorial 2"),
    _exercise("1.4", "the norm of a tree", "functional/trees.py", "global_norm", 1, "CLIP.1"),
    _exercise("1.5", "adding up trees", "functional/trees.py", "add_in_place", 2, "ENC.3"),
    _exercise("1.6", "the error function", FN + "erf.py", "erf", 2, "ERF.1"),
    # ---- 2: elementary functions ----
    _exercise("2.1", "linear map, forward", FN + "linear.py", "linear_forward", 1, "LIN.1"),
    _exercise("2.2", "linear map, backward", FN + "linear.py", "linear_backward", 3,
              "LIN.2, LIN.3, LIN.4"),
    _exercise("2.3", "softmax, forward", FN + "softmax.py", "softmax_forward", 2, "SM.1"),
    _exercise("2.4", "softmax, backward", FN + "softmax.py", "softmax_backward", 3, "SM.2"),
    _exercise("2.5", "layer norm, forward", FN + "layer_norm.py", "layer_norm_forward", 2,
              "LN.1, LN.2", helpers=("_normalise_hard",)),
    _exercise("2.6", "layer norm, backward", FN + "layer_norm.py", "layer_norm_backward", 5,
              "LN.3, LN.4, LN.5"),
    _exercise("2.7", "GELU with erf, forward", FN + "gelu.py", "gelu_forward", 1, "GELU.1"),
    _exercise("2.8", "GELU with erf, backward", FN + "gelu.py", "gelu_backward", 2, "GELU.2"),
    _exercise("2.9", "GELU with tanh, forward", FN + "gelu.py", "gelu_new_forward", 1, "GELU.3"),
    _exercise("2.10", "GELU with tanh, backward", FN + "gelu.py", "gelu_new_backward", 3,
              "GELU.4, GELU.5"),
    _exercise("2.11", "tanh, forward", FN + "activations.py", "tanh_forward", 1, "TANH.1"),
    _exercise("2.12", "tanh, backward", FN + "activations.py", "tanh_backward", 1, "TANH.2"),
    _exercise("2.13", "ReLU, both ways", FN + "activations.py",
              "relu_forward relu_backward ACTIVATIONS", 2, "RELU.1, RELU.2",
              "relu_forward relu_backward activation_table"),
    _exercise("2.14", "dropout, forward", FN + "dropout.py", "dropout_forward", 2, "DO.1"),
    _exercise("2.15", "dropout, backward", FN + "dropout.py", "dropout_backward", 1, "DO.2"),
    _exercise("2.16", "cross-entropy, forward", FN + "cross_entropy.py", "cross_entropy_forward", 4,
              "CE.1"),
    _exercise("2.17", "cross-entropy, backward", FN + "cross_entropy.py", "cross_entropy_backward",
              3, "CE.2"),
    # ---- 3: attention ----
    _exercise("3.1", "splitting heads", LAY + "attention.py", "split_heads", 1, "ATT.1"),
    _exercise("3.2", "merging heads", LAY + "attention.py", "merge_heads", 1, "ATT.4"),
    _exercise("3.3", "who may be seen", LAY + "attention.py", "visible_keys", 2, "SM.3"),
    _exercise("3.4", "masked softmax", FN + "softmax.py", "masked_softmax_forward", 3, "SM.3"),
    _exercise("3.5", "taking rows and giving them back", FN + "embedding.py",
              "rows_at_forward rows_at_backward", 2, "ROW.1, ROW.2",
              "rows_at_forward rows_at_backward"),
    _exercise("3.6", "attention, forward", LAY + "attention.py", "attention_forward", 5,
              "ATT.1, ATT.2, ATT.3, ATT.4"),
    _exercise("3.7", "attention, backward", LAY + "attention.py", "attention_backward", 8,
              "ATT.5, ATT.6, ATT.7, ATT.8, ATT.9"),
    # ---- 4: embeddings and tying ----
    _exercise("4.1", "embedding look-up", FN + "embedding.py", "embedding_forward", 2, "EMB.1"),
    _exercise("4.2", "embedding, backward", FN + "embedding.py", "embedding_backward", 3, "EMB.2"),
    _exercise("4.3", "sums over equal ids", FN + "embedding.py", "add_rows", 2, "EMB.2"),
    _exercise("4.4", "factorised embeddings, forward", LAY + "embeddings.py", "embeddings_forward",
              3, "FE.1, FE.2"),
    _exercise("4.5", "factorised embeddings, backward", LAY + "embeddings.py",
              "embeddings_backward", 5, "FE.3"),
    _exercise("4.6", "masked-LM head, forward", HEADS + "masked_lm_head.py",
              "masked_lm_head_forward", 2, "MLM.1, MLM.2"),
    _exercise("4.7", "masked-LM head, backward", HEADS + "masked_lm_head.py",
              "masked_lm_head_backward", 4, "MLM.3, MLM.4, MLM.5"),
    # ---- 5: the shared encoder ----
    _exercise("5.1", "feed-forward network, forward", LAY + "feed_forward.py",
              "feed_forward_forward", 1, "FF.1"),
    _exercise("5.2", "feed-forward network, backward", LAY + "feed_forward.py",
              "feed_forward_backward", 3, "FF.2"),
    _exercise("5.3", "attention block, forward", LAY + "encoder_layer.py",
              "attention_block_forward", 2, "BLK.1"),
    _exercise("5.4", "attention block, backward", LAY + "encoder_layer.py",
              "attention_block_backward", 3, "BLK.2"),
    _exercise("5.5", "feed-forward block, backward", LAY + "encoder_layer.py",
              "feed_forward_block_backward", 2, "BLK.3"),
    _exercise("5.6", "encoder layer, backward", LAY + "encoder_layer.py", "encoder_layer_backward",
              2, "LAY.1, LAY.2"),
    _exercise("5.7", "encoder, forward", LAY + "encoder.py", "encoder_forward", 4, "ENC.1, ENC.2"),
    _exercise("5.8", "encoder, backward", LAY + "encoder.py", "encoder_backward", 7,
              "ENC.3, ENC.4"),
    _exercise("5.9", "drawing the same masks again", LAY + "encoder.py", "_generator", 1, "ENC.1",
              "generators"),
    # ---- 6: the two objectives and their data ----
    _exercise("6.1", "how many pieces to hide", TEXT + "masking.py", "prediction_budget", 1,
              "the docstring"),
    _exercise("6.2", "lengths of n-grams", TEXT + "masking.py", "ngram_probabilities", 1,
              "Lan et al. 2020, eq. 3"),
    _exercise("6.3", "what may be hidden", TEXT + "masking.py", "_tables", 3, "the docstring",
              "piece_tables"),
    _exercise("6.4", "n-grams that do not overlap", TEXT + "masking.py", "Ngrams.strike_out", 2,
              "the docstring"),
    _exercise("6.5", "80, 10 and 10 per cent", TEXT + "masking.py", "replace_chosen", 3,
              "the docstring"),
    _exercise("6.6", "pieces in another order", TEXT + "masking.py", "permute_chosen", 2,
              "the docstring"),
    _exercise("6.7", "a masked batch and its labels", TEXT + "masking.py", "mask_batch", 3,
              "Lan et al. 2020, section 4.1"),
    _exercise("6.8", "cutting documents into pairs", TEXT + "segments.py", "_cut IN_ORDER", 6,
              "Lan et al. 2020, section 3.1", "cut_segments"),
    _exercise("6.9", "truncating a pair", TEXT + "segments.py", "truncate", 2, "the docstring"),
    _exercise("6.10", "laying out a batch", TEXT + "batches.py", "lay_out", 3, "the docstring"),
    _exercise("6.11", "pooler, forward", LAY + "pooler.py", "pooler_forward", 1, "POOL.1"),
    _exercise("6.12", "pooler, backward", LAY + "pooler.py", "pooler_backward", 2, "POOL.2"),
    _exercise("6.13", "sentence-order head, backward", HEADS + "sentence_order_head.py",
              "sentence_order_head_backward", 1, "SOP.2"),
    _exercise("6.14", "both objectives, forward", "models/pretraining.py",
              "AlbertForPreTraining.forward", 4, "PRE.1", "pretraining_forward"),
    _exercise("6.15", "both objectives, backward", "models/pretraining.py",
              "AlbertForPreTraining.backward", 6, "PRE.2, MLM.5", "pretraining_backward"),
    _exercise("6.16", "the trunk, backward", "models/trunk.py", "albert_backward", 3,
              "ENC.3, POOL.2"),
    _exercise("6.17", "room beside the special pieces", TEXT + "data_options.py",
              "DataOptions.room", 1, "the docstring"),
    # ---- 7: optimisers and a training run ----
    _exercise("7.1", "gradient descent with momentum", "optim/sgd.py", "SGD.step", 2, "SGD.1",
              "sgd_step"),
    _exercise("7.2", "running means", "optim/moments.py", "update_moments", 2, "MOM.1"),
    _exercise("7.3", "what decays", "optim/moments.py", "decays", 1, "ADAMW.1"),
    _exercise("7.4", "Adam", "optim/adam.py", "Adam.step", 3, "ADAM.1", "adam_step"),
    _exercise("7.5", "AdamW", "optim/adamw.py", "AdamW.step", 3, "ADAMW.1", "adamw_step"),
    _exercise("7.6", "the trust ratio", "optim/lamb.py", "trust_ratio", 1, "LAMB.1"),
    _exercise("7.7", "LAMB", "optim/lamb.py", "LAMB.step", 3, "LAMB.1", "lamb_step"),
    _exercise("7.8", "warm-up and decay", "optim/schedules.py", "warmup_polynomial_decay", 3,
              "LR.1"),
    _exercise("7.9", "clipping", "functional/trees.py", "clip_by_global_norm", 2, "CLIP.1"),
    # ---- 8: fine-tuning ----
    _exercise("8.1", "mean squared error, forward", FN + "mean_squared_error.py",
              "mean_squared_error_forward", 1, "MSE.1"),
    _exercise("8.2", "mean squared error, backward", FN + "mean_squared_error.py",
              "mean_squared_error_backward", 1, "MSE.2"),
    _exercise("8.3", "binary cross-entropy, backward", FN + "binary_cross_entropy.py",
              "binary_cross_entropy_backward", 2, "BCE.1, BCE.2"),
    _exercise("8.4", "classification head, backward", HEADS + "classification_head.py",
              "classification_head_backward", 2, "CLS.1, CLS.2"),
    _exercise("8.5", "span head, backward", HEADS + "span_head.py", "span_head_backward", 2,
              "SPAN.1, SPAN.2"),
    _exercise("8.6", "adding gradients of one output", "models/trunk.py", "add", 2, "PRE.2",
              "add_gradients"),
    _exercise("8.7", "from a head into the trunk", "models/trunk.py", "trunk_backward", 2,
              "PRE.2"),
    _exercise("8.8", "which problem the labels pose", "models/labels.py",
              "problem_of check_problem_labels", 2, "MSE.1, BCE.1, CE.1",
              "problem_of check_problem_labels"),
    _exercise("8.9", "questions, forward", "models/question_answering.py",
              "AlbertForQuestionAnswering.forward", 3, "QA.1", "question_answering_forward"),
    _exercise("8.10", "questions, backward", "models/question_answering.py",
              "AlbertForQuestionAnswering.backward", 3, "QA.2", "question_answering_backward"),
    _exercise("8.11", "choices, forward", "models/multiple_choice.py",
              "AlbertForMultipleChoice.forward", 2, "CLS.1, CE.1", "multiple_choice_forward"),
    _exercise("8.12", "masked words alone, backward", "models/masked_lm.py",
              "AlbertForMaskedLM.backward", 3, "MLM.5", "masked_lm_backward"),
    _exercise("8.13", "is there an answer, backward", HEADS + "squad2_answer.py",
              "squad_answer_backward", 4, "SQA.3, SQA.4"),
    _exercise("8.14", "where an answer ends, forward", HEADS + "squad2_end.py", "squad_end_forward",
              3, "SQE.1, SQE.2, SQE.3"),
    _exercise("8.15", "where an answer ends, backward", HEADS + "squad2_end.py",
              "squad_end_backward", 5, "SQE.4, SQE.5"),
    _exercise("8.16", "the SQuAD 2 head, forward", HEADS + "squad2_head.py", "squad_head_forward",
              3, "SQ.1"),
    _exercise("8.17", "the SQuAD 2 head, backward", HEADS + "squad2_head.py", "squad_head_backward",
              4, "SQ.2, SQ.3"),
    _exercise("8.18", "the SQuAD 2 model, backward", "models/squad2.py", "AlbertForSquad2.backward",
              3, "SQUAD.1, SQUAD.2", "squad2_backward"),
    _exercise("8.19", "where an answer may be", "models/squad2.py", "_may_answer", 1, "SQ.1",
              "may_answer"),
    _exercise("8.20", "the mask of a prefix language model", "inference/translation/masks.py",
              "prefix_lm_mask", 2, "PLM.1"),
    _exercise("8.21", "labels of a prefix language model", "inference/translation/masks.py",
              "next_piece_labels", 2, "PLM.2"),
    _exercise("8.22", "the next piece", "inference/translation/decoding.py",
              "next_log_probabilities", 3, "BEAM.3"),
    _exercise("8.23", "the score of a translation", "inference/translation/decoding.py",
              "BeamSearch.hypothesis", 1, "BEAM.1"),
    _exercise("8.24", "one step of beam search", "inference/translation/decoding.py",
              "BeamSearch.advance", 4, "BEAM.1"),
    _exercise("8.25", "when a search is over", "inference/translation/decoding.py",
              "BeamSearch.settled", 2, "BEAM.2"),
    _exercise("8.26", "weights for another library", "parameters/state_dict.py", "to_state_dict", 2,
              "the docstring"),
    # ---- 9: smaller, fewer labels, other senses ----
    _exercise("9.1", "learning from a teacher, forward", FN + "distillation.py",
              "distillation_forward", 4, "KD.1, KD.2, KD.3"),
    _exercise("9.2", "learning from a teacher, backward", FN + "distillation.py",
              "distillation_backward", 3, "KD.4"),
    _exercise("9.3", "eight-bit integers", FN + "quantization.py", "quantization_scale quantize", 3,
              "QUANT.2, QUANT.3", "quantization_scale quantize",
              helpers=("fake_quantize_forward",)),
    _exercise("9.4", "the straight-through gradient", FN + "quantization.py",
              "fake_quantize_backward", 1, "QUANT.7, QUANT.8"),
    _exercise("9.5", "the importance of heads", "parameters/pruning.py",
              "head_gate_gradients head_importance", 3, "PRUNE.1, PRUNE.2",
              "head_gate_gradients head_importance"),
    _exercise("9.6", "consistency under dropout", FN + "consistency.py",
              "consistency_forward consistency_backward ramp_up", 4,
              "CONS.1, CONS.2, CONS.3, CONS.4, RAMP.1",
              "consistency_forward consistency_backward ramp_up"),
    _exercise("9.7", "pseudo-labels by confidence", "tasks/finetuning/pseudo_labels.py",
              "choose_pseudo_labels", 2, "PSEUDO.1"),
    _exercise("9.8", "patches to embeddings, forward", LAY + "patch_embeddings.py",
              "patch_embeddings_forward patchify", 4, "PATCH.1, PATCH.2, PATCH.3, PATCH.4",
              "patch_embeddings_forward patchify"),
    _exercise("9.9", "patches to embeddings, backward", LAY + "patch_embeddings.py",
              "patch_embeddings_backward unpatchify", 5, "PATCH.5, PATCH.6, PATCH.7",
              "patch_embeddings_backward unpatchify"),
    _exercise("9.10", "temperature scaling, both ways", FN + "temperature.py",
              "temperature_scaling_forward temperature_scaling_backward", 3,
              "TEMP.1, TEMP.2, TEMP.3",
              "temperature_scaling_forward temperature_scaling_backward"),
    _exercise("9.11", "the first-order estimate of a flip", FN + "word_flips.py", "flip_estimates",
              2, "FLIP.1"),
)

# A rubric adds up to 10. It is marked by people, on top of the points of the exercises.
_PLOT = (3, "The axes, the units and what is held fixed are named.")


def _open(unit, title, read, *rubric):
    return Exercise(f"{unit}.open", title, "", (), sum(points for points, _ in rubric), (), read,
                rubric)


OPEN_EXERCISES = (
    _open(1, "Plot the error of a centred difference of sin against h, from 1e-12 to 1, once plain "
             "and once with (FD.1), and explain both slopes and the lowest point.",
          "tutorials/02_gradient_checking.py", _PLOT,
          (4, "Truncation and round-off are told apart, each with its power of h."),
          (3, "The best h of either method is predicted from them, and compared.")),
    _open(2, "Choose one planted fault of layer norm that a loss curve would not show, and make it "
             "visible with three numbers.", "LN.5",
          (4, "The three numbers differ clearly between the right and the faulty function."),
          (4, "It is explained why training goes on in spite of the fault."),
          (2, "It is said which gradient check would have caught it at once.")),
    _open(3, "Leave out 1/sqrt(D) and plot the entropy of the attention against D, with it and "
             "without it.", "ATT.2", _PLOT,
          (4, "The variance of a score of D random products is derived."),
          (3, "It is said what the flat softmax and the sharp one do to the gradient.")),
    _open(4, "How many parameters does the factorisation save, and what does it cost? Compare E = "
             "H with two smaller E on the built-in text (`albert-np ablate`).", "FE.2", _PLOT,
          (4, "The counts are derived as a formula in V, E and H, and agree with the model's."),
          (3, "The conclusion goes no further than the runs' scatter allows.")),
    _open(5, "Plot the norm of each depth's contribution to a shared gradient, before and after a "
             "short training, and explain the shape.", "ENC.3", _PLOT,
          (4, "It is explained why one cache for each depth is needed."),
          (3, "The change by training is described and a cause is proposed that can be tested.")),
    _open(6, "Replace sentence order by next sentence (or leave the task out) in a short "
             "pretraining run, and compare the masked-LM loss and what the pooled vector knows.",
          "Lan et al. 2020, sections 3.1 and 4.6", _PLOT,
          (4, "The two tasks are compared on the same text with the same budget."),
          (3, "It is explained what a model can use to solve either task.")),
    _open(7, "Train the same small model with SGD, AdamW and LAMB, each at three learning rates, "
             "and explain the differences in the first hundred steps.", "ADAMW.1, LAMB.1", _PLOT,
          (4, "Warm-up, missing bias correction and trust ratio are told apart."),
          (3, "The comparison is fair: the same batches, the same number of steps, more than one "
              "seed.")),
    _open(8, "Fine-tune a pretrained and an untrained model on the same task with 50, 200 and 800 "
             "examples; plot the score with its scatter.", "the page on fine-tuning", _PLOT,
          (4, "A baseline that knows no language stands beside both."),
          (3, "The conclusion names what the comparison does not show.")),
    _open(9, "Distil a fine-tuned model into students of 1, 2 and 4 layers, each also trained on "
             "the labels alone; plot the score against the size.", "KD.3, the page on fine-tuning",
          _PLOT,
          (4, "Both kinds of students have the same rows, the same steps and more than one seed."),
          (3, "It is said what the teacher knew that the labels do not say.")),
)

UNITS = (
    Unit(1, "Numerics and gradient checks", "02_gradient_checking",
         "check a gradient by finite differences, and say how far to trust the check"),
    Unit(2, "Elementary functions", "03_softmax_gelu_layer_norm",
         "derive a backward pass by hand, index by index, and write it without loops"),
    Unit(3, "Attention", "04_attention",
         "follow a gradient through several uses of one array, through heads and masks"),
    Unit(4, "Embeddings and tying", "05_factorized_embeddings",
         "add up the gradients of a weight that is used more than once"),
    Unit(5, "The shared encoder", "06_one_layer_twelve_times",
         "put layers together, and explain what sharing means for gradients and memory"),
    Unit(6, "The two objectives and their data", "07_masked_language_model 08_sentence_order",
         "make training data that ask what they are meant to ask, and differentiate a sum of "
         "losses"),
    Unit(7, "Optimisers and a training run", "09_pretraining 10_optimizers",
         "turn a gradient into a step, and tell a bad learning rate from a bad gradient"),
    Unit(8, "Fine-tuning", "11_finetuning_classification 13_question_answering 15_translation",
         "put a head on a trained encoder, for labels, spans, choices and translation"),
    Unit(9, "Smaller, fewer labels, other senses",
         "22_smaller 23_a_few_labels 24_words_and_pictures 25_when_not_to_trust_it",
         "make a model smaller, learn from few labels, read pictures, and know when not to trust "
         "it"),
)


def exercise_named(id):
    """The exercise of that id, open or not.

    Raises
    ------
    ValueError
        There is none.
    """
    for exercise in (*EXERCISES, *OPEN_EXERCISES):
        if exercise.id == id:
            return exercise
    raise ValueError(f"There is no exercise {id!r}; the exercises run from {EXERCISES[0].id} to "
                     f"{EXERCISES[-1].id}, and `albert-np course check` lists them.")


def parse_units(text):
    """Units such as "1-6" or "2,4,7-8".

    Returns
    -------
    list of int

    Raises
    ------
    ValueError
        The text is no such list.
    """
    known = [unit.number for unit in UNITS]
    units = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        last = last or first
        if not (first.isdecimal() and last.isdecimal()
                and int(first) in known and int(last) in known and int(first) <= int(last)):
            raise ValueError(f"--units says {text!r}; it should name units from {known[0]} to "
                             f"{known[-1]}, such as 1-6 or 2,4,7-8.")
        units |= set(range(int(first), int(last) + 1))
    return sorted(units)


def exercises_of_units(units):
    """The exercises of some units, in their order."""
    return [exercise for exercise in EXERCISES if exercise.unit in units]
