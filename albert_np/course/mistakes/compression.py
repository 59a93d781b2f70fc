"""Mistakes in making a model smaller, of unit 9."""

from ...gradcheck.planted_faults import Mistake

QUANT, PRUNE = "functional/quantization.py", "parameters/pruning.py"
SIZES = """\
    sizes = [[np.abs(head_gate_gradients(W_o, dW_o, A))
              for W_o, dW_o in zip(_output_maps(params), _output_maps(grads), strict=True)]
             for grads in gradients]
    if not sizes:
        raise ValueError("there are no gradients, so there is no importance of a head")
    importance = np.mean(sizes, axis=0) """

FAULTS = (
    Mistake("quantization_scale_of_signed_numbers", QUANT,
            "largest = np.abs(w).max(axis=axis", "largest = w.max(axis=axis",
            "The largest number is taken, not the largest absolute value.", "signs"),
    Mistake("quantization_scale_over_all_integers", QUANT,
            "scale = largest / Q ", "scale = largest / (2 * Q + 1) ",
            "The largest weight is divided by the number of all integers; on one side of 0 there "
            "are Q.", "each factor in one place"),
    Mistake("quantization_scale_over_128", QUANT,
            "scale = largest / Q ", "scale = largest / (Q + 1) ",
            "The largest weight is divided by Q + 1, so that it becomes Q + 1 and is cut off at "
            "Q.", "off by one"),
    Mistake("quantization_scale_of_zeros_is_0", QUANT,
            "return np.where(scale == 0, np.ones_like(scale), scale)", "return scale",
            "A column of zeros gets the scale 0, by which nothing can be divided.",
            "numerical stability"),
    Mistake("quantize_wraps_around", QUANT,
            "np.clip(np.rint(w / scale), -Q, Q)", "np.rint(w / scale).astype(np.int64)",
            "Nothing is cut off at Q, and an int8 goes on at -128 after 127.", "clamps"),
    Mistake("quantize_uses_minus_128", QUANT,
            "np.clip(np.rint(w / scale), -Q, Q)", "np.clip(np.rint(w / scale), -Q - 1, Q)",
            "The range is not symmetric: one integer more is used below 0.", "off by one"),
    Mistake("quantize_half_up", QUANT,
            "np.clip(np.rint(w / scale), -Q, Q)", "np.clip(np.floor(w / scale + 0.5), -Q, Q)",
            "A ratio half-way between two integers always goes up, so that w and -w do not get "
            "opposite integers.", "rounding"),
    Mistake("straight_through_without_upstream", QUANT, "dx = dy * inside ",
            "dx = inside + 0 * dy ", "The upstream gradient is missing.", "upstream gradients"),
    Mistake("straight_through_is_0", QUANT, "dx = dy * inside ", "dx = 0 * dy ",
            "This is the true derivative of a rounded number, with which nothing learns.",
            "rounding"),
    Mistake("straight_through_mask_inverted", QUANT, "dx = dy * inside ", "dx = dy * ~inside ",
            "The gradient passes where the number was cut off, and nowhere else.",
            "conventions of masks"),
    Mistake("head_gates_without_weights", PRUNE, "(W_o * dW_o).reshape(A, -1)",
            "(W_o**0 * dW_o).reshape(A, -1)",
            "The gate multiplies the weights: its slope has W_o as a factor.",
            "inner derivative"),
    Mistake("head_gates_averaged", PRUNE, ".reshape(A, -1).sum(axis=1)",
            ".reshape(A, -1).mean(axis=1)",
            "The terms of a head are averaged and not added up.", "means, not sums"),
    Mistake("head_gates_of_every_a_th_row", PRUNE, "(W_o * dW_o).reshape(A, -1).sum(axis=1)",
            "(W_o * dW_o).reshape(-1, A, W_o.shape[1]).sum(axis=(0, 2))",
            "Head h gets every A-th row; its D rows follow one another.", "layouts"),
    Mistake("head_gates_of_columns", PRUNE, "(W_o * dW_o).reshape(A, -1).sum(axis=1)",
            "np.array([part.sum() for part in np.array_split(W_o * dW_o, A, axis=1)])",
            "The columns are split into heads; a head has D rows of W_o.", "axes"),
    Mistake("head_importance_of_the_mean", PRUNE, SIZES,
            SIZES.replace("np.abs", "").replace("np.mean(sizes, axis=0)",
                                                "np.abs(np.mean(sizes, axis=0))"),
            "The absolute value is taken after the mean, where signs have cancelled.", "signs"),
    Mistake("head_importance_squared", PRUNE, "[[np.abs(head_gate_gradients(W_o, dW_o, A))",
            "[[(head_gate_gradients(W_o, dW_o, A))**2",
            "The gradients are squared; (PRUNE.2) takes their absolute values.",
            "roots and squares"),
    Mistake("head_importance_added_up", PRUNE, "np.mean(sizes, axis=0)", "np.sum(sizes, axis=0)",
            "The batches are added up and not averaged.", "means, not sums"),
)
