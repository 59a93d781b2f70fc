"""The gradient of the whole model for random configurations, masks and labels.

The list in ``albert_np/gradcheck/all_checks.py`` holds the cases that somebody thought of. Here
chance puts together what nobody did: two heads, three groups of two, only the attention shared,
the second sequence hidden but for one token, no label anywhere, dropout on.
"""

import numpy as np
import pytest
from hypothesis import given
from random_configurations import IGNORED, cases, number_of_examples

from albert_np.gradcheck import check_directions, check_inputs_of
from albert_np.gradcheck.one_check import random_parameters
from albert_np.models import AlbertForPreTraining, AlbertOutput
from albert_np.parameters import flatten, tree_map

BOUNDS = {"centred": 1e-6, "complex": 1e-12}
OTHER_OUTPUTS = ("prediction_logits", "sop_logits", "sequence_output", "pooled_output",
                 "hidden_states", "attentions")


def functions_of(case):
    """Forward and backward pass as ``gradcheck`` takes them: functions of the parameters.

    The checker weighs every number that comes out with one of size 1. So that the sum is of size
    1 however many there are, and its rounding far below the bounds, each output is divided by the
    square root of the number of its entries.
    """
    model = AlbertForPreTraining(case.config, dtype=np.float64)

    def forward(params):
        model.params = params
        rng = np.random.default_rng(case.seed) if case.dropout else None    # the same mask again
        output, cache = model.forward(**case.inputs, **case.labels, rng=rng)
        names = [name for name in ("loss", "mlm_loss", "sop_loss")
                 if getattr(output, name) is not None]
        names = ["loss"] if case.only_the_loss else [*names, *OTHER_OUTPUTS]
        return tree_map(shrink, {name: getattr(output, name) for name in names}), cache

    def backward(params, dy, cache):
        model.params = params
        return model.backward(cache, AlbertOutput(**tree_map(shrink, dy)))

    return forward, backward


def shrink(array):
    """The array over the square root of its size (which is 0 where no position has a label)."""
    return array / max(np.size(array), 1) ** 0.5


def labels_count(case):
    """Whether the loss is that of any label, and not 0 whatever the parameters are."""
    weights = {"labels": 1, "sentence_order_label": case.config.sop_weight}
    return any(weights[name] and (labels != IGNORED).any() for name, labels in case.labels.items())


def check_gradient(case):
    """Along random directions of all parameters at once, and of one entry of each of them."""
    forward, backward = functions_of(case)
    if case.only_the_loss and not labels_count(case):
        with pytest.raises(ValueError, match="no output changes"):     # a loss of no label is 0
            check_directions(forward, backward, random_parameters(case.config))
        return
    params = random_parameters(case.config, seed=case.seed)
    rng = np.random.default_rng(case.seed)
    # relu has a kink: between x - h and x + h some of its inputs change sign, and then the
    # difference is not the slope. The complex step goes off at a right angle and meets no kink.
    methods = ["complex"] if case.config.hidden_act == "relu" else ["centred", "complex"]
    for method in methods:
        report = check_directions(forward, backward, params, rng=rng, directions=1, method=method)
        assert report.error <= BOUNDS[method], f"{method}: {report}"
    reports = check_inputs_of(forward, backward, params, rng=rng, entries=1, method="complex")
    assert {report.parameter for report in reports} == set(flatten(params))
    for report in reports:
        assert report.error <= BOUNDS["complex"], str(report)


@number_of_examples(8)
@given(cases())
def test_gradient(case):
    check_gradient(case)


@pytest.mark.thorough
@number_of_examples(500)
@given(cases())
def test_gradient_of_many(case):
    check_gradient(case)
