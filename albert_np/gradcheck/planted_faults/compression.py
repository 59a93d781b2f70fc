"""Mistakes in making a model smaller: quantisation and pruning."""

from .fault import PlantedFault

QUANT, PRUNE = "functional/quantization.py", "parameters/pruning.py"
QUANT_TESTS, PRUNE_TESTS = "functional/test_quantization.py", "parameters/test_pruning.py"

FAULTS = (
    PlantedFault(
        "quantization_128_integers", QUANT,
        old="Q = 2**(int(bits) - 1) - 1 ",
        new="Q = 2**(int(bits) - 1) ",
        wrong="The largest integer is taken to be 128, which an int8 does not have: it becomes "
              "-128.",
        concept="off by one",
        caught_by=f"{QUANT_TESTS}::test_no_number_moves_by_more_than_half_a_scale"),
    PlantedFault(
        "quantization_one_scale_for_all", QUANT,
        old="np.abs(w).max(axis=axis, keepdims=True, initial=0) ",
        new="np.abs(w).max(keepdims=True, initial=0) + 0 * np.abs(w).max(axis=axis, keepdims=True, "
            "initial=0) ",
        wrong="The largest weight of the whole matrix sets the scale of every column.",
        concept="axes", caught_by=f"{QUANT_TESTS}::test_columns_keep_their_own_precision"),
    PlantedFault(
        "quantization_truncates", QUANT,
        old="np.clip(np.rint(w / scale), -Q, Q)",
        new="np.clip(np.trunc(w / scale), -Q, Q)",
        wrong="The ratio is cut towards 0 in place of rounded, so that the error reaches a whole "
              "scale.",
        concept="rounding",
        caught_by=f"{QUANT_TESTS}::test_no_number_moves_by_more_than_half_a_scale"),
    PlantedFault(
        "int8_products_overflow", QUANT,
        old="x_q.astype(np.int32) @ w_q.astype(np.int32)",
        new="x_q @ w_q",
        wrong="The products are added up in int8, which ends at 127.",
        concept="dtypes",
        caught_by=f"{QUANT_TESTS}::test_the_product_is_that_of_the_dequantised_matrices"),
    PlantedFault(
        "fake_quantization_stops_at_q", QUANT,
        old="np.abs(u.real) <= Q + 0.5",
        new="np.abs(u.real) <= Q",
        wrong="The range ends at Q and not half a step later. The largest weight of a column is Q "
              "times its scale up to round-off, and loses its gradient at random.",
        concept="clamps",
        caught_by=f"{QUANT_TESTS}::test_no_weight_is_cut_off_by_its_own_scale"),
    PlantedFault(
        "straight_through_everywhere", QUANT,
        old="dx = dy * inside ",
        new="dx = dy * (inside | True) ",
        wrong="Numbers that are cut off get a gradient too, though the clipped identity is "
              "constant there.",
        concept="clamps", caught_by="fake_quantize"),
    PlantedFault(
        "head_gates_by_column", PRUNE,
        old="(W_o * dW_o).reshape(A, -1).sum(axis=1)",
        new="(W_o * dW_o).reshape(-1, A).sum(axis=0)",
        wrong="Every A-th number is added up, but a head is D rows that follow each other.",
        concept="reshape is not transpose",
        caught_by=f"{PRUNE_TESTS}::test_the_gradient_of_a_gate_is_that_of_differences"),
    PlantedFault(
        "head_importance_without_sizes", PRUNE,
        old="sizes = [[np.abs(head_gate_gradients(W_o, dW_o, A))",
        new="sizes = [[+(head_gate_gradients(W_o, dW_o, A))",
        wrong="The gradients of the batches keep their signs, so that help and harm cancel.",
        concept="signs", caught_by=f"{PRUNE_TESTS}::test_importance_is_the_mean_of_sizes"),
)
