"""Mistakes in activations and dropout."""

from .fault import PlantedFault

FAULTS = (
    # ---- activations -----------------------------------------------------------------------------

    PlantedFault(
        "gelu_x_phi_term_missing", "functional/gelu.py",
        old="slope = Phi + x * phi",
        new="slope = Phi",
        wrong="Half of the product rule is missing: x times the derivative of Phi.",
        concept="product rule", caught_by="gelu"),
    PlantedFault(
        "gelu_x_before_phi_missing", "functional/gelu.py",
        old="slope = Phi + x * phi",
        new="slope = Phi + phi",
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
            "            phi = 0.5 * (1 - t * t) * SQRT_2_OVER_PI * (1 + 3 * CUBIC * x * x)",
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
        old="dx = twice_slope ",
        new="dx = np.full_like(twice_slope, 2) ",
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
        old="twice_slope = 2 * SQRT_2_OVER_PI * 3 * CUBIC * x",
        new="twice_slope = 2 * SQRT_2_OVER_PI * CUBIC * x",
        wrong="The derivative of x^3 is 3 x^2; the 3 is missing.",
        concept="power rule", caught_by="gelu_new"),
    PlantedFault(
        "gelu_new_cubic_missing", "functional/gelu.py",
        old=" s = -2 * SQRT_2_OVER_PI * CUBIC * x ",
        new=" s = 0 * x ",
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
        old="# (TANH.1)\n    return y, y\n",
        new="# (TANH.1)\n    return y, x\n",
        wrong="The cache holds x, but the backward formula 1 - y^2 is in terms of y.",
        concept="what the cache holds", caught_by="tanh"),
    PlantedFault(
        "relu_passes_everything", "functional/activations.py",
        old="dx = dy * np.sign(y.real)",
        new="dx = dy",
        wrong="The gradient passes where x was negative, too.",
        concept="chain rule", caught_by="relu"),
    PlantedFault(
        "relu_looks_at_dy", "functional/activations.py",
        old="dx = dy * np.sign(y.real)",
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
        old="dtype=digits) >= p",
        new="dtype=digits) < p",
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
)
