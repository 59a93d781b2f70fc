"""Mistakes of unit 9 on trust: the temperature, and word flips."""

from ...gradcheck.planted_faults import Mistake

TEMP, FLIP = "functional/temperature.py", "functional/word_flips.py"
D_TAU = "dtau = -(dx * z).sum() / (tau * tau)"

FAULTS = (
    Mistake("temperature_inside_the_logarithm", TEMP, "cross_entropy_forward(x, labels",
            "cross_entropy_forward(z, labels", "The loss is that of the logits; the temperature is "
            "not used.", "forward and backward belong together"),
    Mistake("temperature_square", TEMP, "x = z / tau ", "x = z / (tau * tau) ",
            "The logits are divided by the square of the temperature.",
            "each factor in one place"),
    Mistake("temperature_ignored_rows_counted", TEMP,
            "loss, cache = cross_entropy_forward(x, labels, ignore_index) ",
            "loss, cache = cross_entropy_forward(x, labels, ignore_index)\n"
            "    loss = loss * logits.dtype.type(np.mean(labels != ignore_index)) ",
            "The sum is divided by the number of all rows, also those that are ignored.",
            "means, not sums"),
    Mistake("temperature_upstream_forgotten", TEMP, "cross_entropy_backward(dloss, loss_cache)",
            "cross_entropy_backward(1.0, loss_cache)",
            "The gradient of the loss itself is taken to be 1.", "upstream gradients"),
    Mistake("temperature_gradient_of_one_over_t", TEMP, D_TAU, "dtau = (dx * z).sum()",
            "This is the derivative with respect to 1/tau, not to tau.", "inner derivative"),
    Mistake("temperature_gradient_averaged", TEMP, D_TAU, "dtau = -(dx * z).mean() / (tau * tau)",
            "The parts of dtau are averaged; dx has its 1/N already.", "means, not sums"),
    Mistake("temperature_logits_multiplied", TEMP, "dz = dx / tau ", "dz = dx * tau ",
            "The gradient of the logits is multiplied by tau instead of divided by it.",
            "each factor in one place"),
    Mistake("flip_of_table_rows_alone", FLIP, "dx @ table.T ",
            "(dx @ table.T) * (dx.shape[-1]**-0.5) ",
            "The products are divided by a root, as scores of attention are.",
            "each factor in one place"),
    Mistake("flip_piece_that_is_there_added", FLIP, "return products - there ",
            "return products + there ", "The product of the row that is there is added instead of "
            "subtracted.", "signs"),
    Mistake("flip_divided_by_the_distance", FLIP, "return products - there ",
            "change = table - table[ids][..., None, :]\n"
            "    distance = np.sqrt(np.square(change).sum(axis=-1))\n"
            "    return (products - there) / np.where(distance == 0, 1, distance) ",
            "The estimates are divided by the distance of the two rows; (FLIP.1) does not divide.",
            "each factor in one place"),
)
