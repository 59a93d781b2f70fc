"""Mistakes in optimisers and learning rates."""

from .fault import PlantedFault

FAULTS = (
    # ---- optimisers ------------------------------------------------------------------------------

    PlantedFault(
        "adamw_decays_biases", "optim/adamw.py",
        old="if decays(p):",
        new="if True:",
        wrong="Biases, gammas and betas are decayed too.",
        concept="what is decayed",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adamw_decay_through_moments", "optim/adamw.py",
        old="update_moments(m, v, gradient, *self.betas, work)\n",
        new="gradient = gradient + self.weight_decay * p * decays(p)\n"
            "            update_moments(m, v, gradient, *self.betas, work)\n",
        wrong="The decay is added to the gradient as well and so goes through the moments, as "
              "L2 regularisation does.",
        concept="decoupled weight decay",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adamw_decay_not_scaled_by_lr", "optim/adamw.py",
        old="                u += work\n"
            "            u *= lr\n",
        new="                p -= work\n"
            "            u *= lr\n",
        wrong="The decay is not multiplied by the learning rate.",
        concept="decoupled weight decay",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adamw_root_missing", "optim/adamw.py",
        old="np.sqrt(v, out=u)",
        new="np.copyto(u, v)",
        wrong="The update is divided by v instead of by its root.",
        concept="units of an update",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adamw_eps_inside_root", "optim/adamw.py",
        old="np.sqrt(v, out=u)\n"
            "            u += self.eps",
        new="np.sqrt(v + self.eps, out=u)",
        wrong="eps is added to v instead of to its root.",
        concept="where eps stands",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adam_second_moment_not_corrected", "optim/adam.py",
        old="np.multiply(v, 1 / second, out=u)",
        new="np.copyto(u, v)",
        wrong="The bias correction of v is missing.",
        concept="bias correction",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adam_first_moment_not_corrected", "optim/adam.py",
        old="u *= lr / first",
        new="u *= lr",
        wrong="The bias correction of m is missing.",
        concept="bias correction",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "adam_correction_one_step_late", "optim/adam.py",
        old="beta**self.steps for",
        new="beta**(self.steps + 1) for",
        wrong="The bias correction counts the first step as the second.",
        concept="off by one",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "moments_decay_everything", "optim/moments.py",
        old="return parameter.ndim > 1",
        new="return parameter.ndim > 0",
        wrong="Vectors count as matrices: biases, gammas and betas get decay and trust ratio.",
        concept="what is decayed",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "moments_square_missing", "optim/moments.py",
        old="np.multiply(gradient, gradient, out=work)",
        new="np.abs(gradient, out=work)",
        wrong="v is the running mean of |g| instead of g^2.",
        concept="units of an update",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "moments_betas_mixed_up", "optim/moments.py",
        old="m *= beta_1",
        new="m *= beta_2",
        wrong="m decays with the beta of v.",
        concept="running means",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "moments_share_of_gradient_missing", "optim/moments.py",
        old="np.multiply(gradient, 1 - beta_1, out=work)",
        new="np.copyto(work, gradient)",
        wrong="The gradient enters m whole instead of with the share 1 - beta_1.",
        concept="running means",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "lamb_ratio_inverted", "optim/lamb.py",
        old="return p_norm / u_norm if",
        new="return u_norm / p_norm if",
        wrong="The trust ratio is the norm of u over that of p.",
        concept="trust ratio",
        caught_by="optim/test_optim.py::test_lamb_moves_each_matrix_by_its_share"),
    PlantedFault(
        "lamb_ratio_for_excluded", "optim/lamb.py",
        old="ratio = 1.0\n",
        new="ratio = trust_ratio(p, u)\n",
        wrong="The trust ratio is applied to biases, gammas and betas as well.",
        concept="trust ratio",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "lamb_ratio_before_decay", "optim/lamb.py",
        old="                u += work\n"
            "                ratio = trust_ratio(p, u)",
        new="                ratio = trust_ratio(p, u)\n"
            "                u += work",
        wrong="The trust ratio is taken before the decay is added to u.",
        concept="trust ratio",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "lamb_zeros_never_move", "optim/lamb.py",
        old="u_norm > 0 else 1.0",
        new="u_norm > 0 else 0.0",
        wrong="A matrix of zeros has the trust ratio 0 and stays as it is for ever.",
        concept="trust ratio",
        caught_by="optim/test_optim.py::test_lamb_of_zeros_takes_a_plain_step"),
    PlantedFault(
        "sgd_climbs", "optim/sgd.py",
        old="p -= np.multiply(m, lr, out=step)",
        new="p += np.multiply(m, lr, out=step)",
        wrong="The step goes up the gradient instead of down.",
        concept="signs", caught_by="optim/test_optim.py::test_original_test_problem"),
    PlantedFault(
        "sgd_momentum_sign", "optim/sgd.py",
        old="m += gradient",
        new="m -= gradient",
        wrong="The memory collects minus the gradient, and the step subtracts it.",
        concept="signs", caught_by="optim/test_optim.py::test_original_test_problem"),
    PlantedFault(
        "sgd_momentum_replaced_by_rest", "optim/sgd.py",
        old="m *= self.momentum",
        new="m *= 1 - self.momentum",
        wrong="The memory is kept with 1 - momentum.",
        concept="running means",
        caught_by="optim/test_optim.py::test_hundred_steps_are_those_of_the_published_formulas"),
    PlantedFault(
        "warmup_off_by_one", "optim/schedules.py",
        old="return lr * step / warmup_steps",
        new="return lr * (step + 1) / warmup_steps",
        wrong="The warm-up is one step ahead: the first step has a learning rate above 0.",
        concept="off by one", caught_by="optim/test_optim.py::test_warmup_and_decay"),
    PlantedFault(
        "decay_counted_from_warmup", "optim/schedules.py",
        old="remaining = 1 - min(step, total_steps) / total_steps",
        new="remaining = 1 - (min(step, total_steps) - warmup_steps) / (total_steps - "
            "warmup_steps)",
        wrong="The decay begins at the end of the warm-up; the original counts from step 0.",
        concept="faithfulness to the original",
        caught_by="optim/test_optim.py::test_warmup_and_decay"),
    PlantedFault(
        "learning_rate_below_zero", "optim/schedules.py",
        old="min(step, total_steps) / total_steps",
        new="step / total_steps",
        wrong="After the last step the learning rate goes on falling and becomes negative.",
        concept="clamps", caught_by="optim/test_optim.py::test_warmup_and_decay"),
    PlantedFault(
        "clipping_scales_every_gradient", "functional/trees.py",
        old="if max_norm < norm < np.inf:",
        new="if 0 < norm < np.inf:",
        wrong="Short gradients are stretched to the maximum, too.",
        concept="clipping is not normalising", caught_by="functional/test_trees.py::test_clipping"),
    PlantedFault(
        "clipping_parameter_by_parameter", "functional/trees.py",
        old="leaf *= max_norm**(1 / times) / norm**(1 / times)",
        new='leaf *= min(1, max_norm / global_norm({"": leaf}))',
        wrong="Each parameter is clipped on its own, which turns the gradient into another "
              "direction.",
        concept="one vector of all parameters",
        caught_by="functional/test_trees.py::test_clipping"),
    PlantedFault(
        "norm_without_root", "functional/trees.py",
        old="np.sqrt(squares)",
        new="squares",
        wrong="The norm is the sum of squares, without the root.",
        concept="one vector of all parameters",
        caught_by="functional/test_trees.py::test_clipping"),
)
