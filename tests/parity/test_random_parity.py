"""Random configurations against transformers and torch.autograd, in float64.

``test_pytorch_parity.py`` names its cases; here chance puts them together, out of what both
implementations have. What the two answer differently on purpose is not drawn; the tests at the
end say what it is.
"""

import numpy as np
import pytest
from hypothesis import given
from random_configurations import IGNORED, cases, number_of_examples

from albert_np.config import AlbertConfig
from albert_np.models import AlbertForPreTraining

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from both_sides import (SMALL, arrays, make_inputs, objective, one_thread, pair,
                        random_upstream, run_torch, without_repetition)

pytestmark = pytest.mark.parity

BOUND = 1e-10
# Chance also draws batches in which a gradient is truly 0: that of the key bias always, that of
# queries and keys where there is but one token to look at, that of the sentence-order head where
# two opposite labels cancel. Both sides then compute a rounding of their own, and the one is no
# fraction of the other. Losses and gradients are of the size of 1 here, so a tensor below a
# thousandth is compared absolutely, to 1e-13: a few hundred roundings of a float64.
FLOOR = 1e-3


def check(ours, theirs):
    """Same names, same shapes, and max|a - b| / max(max|b|, FLOOR) within the bound."""
    assert set(ours) == set(theirs)
    for name, b in theirs.items():
        a = np.asarray(ours[name])
        assert a.shape == b.shape, f"{name} has shape {a.shape} instead of {b.shape}"
        if b.size:
            error = np.abs(a - b).max() / max(np.abs(b).max(), FLOOR)
            assert error <= BOUND, f"{name} is off by {error:.1e}"     # a NaN fails, too


def outputs_of(theirs, case):
    """Every output of the torch model under the names of ours, for whichever labels there are."""
    if len(case.labels) == 2:
        return run_torch(theirs, case.inputs, case.labels)      # the loss is transformers' own
    outputs = run_torch(theirs, case.inputs)                    # which it has for both labels only
    for name, labels in case.labels.items():
        labels = torch.tensor(labels)
        kind, logits = ("mlm_loss", "prediction_logits") if name == "labels" else (
            "sop_loss", "sop_logits")
        if name == "labels":
            outputs[logits], labels = outputs[logits][labels != IGNORED], labels[labels != IGNORED]
        outputs[kind] = outputs["loss"] = torch.nn.functional.cross_entropy(outputs[logits], labels)
    return outputs


def gradients_of(theirs):
    """Every gradient by name; of what was not reached, which torch leaves at None, zeros."""
    return {name: np.zeros(p.shape) if p.grad is None else p.grad.numpy()
            for name, p in theirs.named_parameters()}


def check_outputs_and_gradients(case):
    """Losses, logits, hidden states, attentions, pooled output and the gradient of every weight."""
    ours, theirs = pair(AlbertForPreTraining, case.config, np.float64)
    expected = outputs_of(theirs, case)
    output, cache = ours.forward(**case.inputs, **case.labels)
    check(without_repetition(output), arrays(expected))

    upstream = {"loss": 1.0} if case.only_the_loss else random_upstream(
        expected, np.float64, np.random.default_rng(case.seed))
    objective(expected, upstream).backward()
    check(ours.state_dict(ours.backward(cache, upstream)), gradients_of(theirs))


@number_of_examples(10)
@given(case=cases(for_transformers=True))
def test_outputs_and_gradients(case):
    check_outputs_and_gradients(case)


@pytest.mark.thorough
@number_of_examples(200)
@given(case=cases(for_transformers=True))
def test_outputs_and_gradients_of_many(case):
    check_outputs_and_gradients(case)


# ---- what the two answer differently on purpose -------------------------------------------------

@pytest.mark.parametrize("name, part", [("labels", "mlm_loss"),
                                        ("sentence_order_label", "sop_loss")])
def test_no_label_counts(name, part):
    """The mean over no labels: NaN in torch, and with it the whole loss; 0 here.

    The gradients agree even then: torch's has no NaN, but that of the other kind of label alone.
    """
    config = AlbertConfig(**SMALL)
    ours, theirs = pair(AlbertForPreTraining, config, np.float64)
    inputs, labels = make_inputs(config, (2, 5), "padding", np.random.default_rng(1))
    labels[name] = np.full_like(labels[name], IGNORED)
    expected = run_torch(theirs, inputs, labels)
    expected["loss"].backward()
    output, cache = ours.forward(**inputs, **labels)

    assert np.isnan(expected["loss"].item()) and np.isnan(expected[part].item())
    assert getattr(output, part) == 0
    other = "sop_loss" if part == "mlm_loss" else "mlm_loss"
    check({"loss": output.loss}, {"loss": expected[other].detach().numpy()})
    check(ours.state_dict(ours.backward(cache)), gradients_of(theirs))


def test_query_that_may_see_nothing():
    """It attends to nothing here; transformers, which adds a huge negative number, to everything.

    In one layer, what other tokens become does not depend on it.
    """
    config = AlbertConfig(**{**SMALL, "num_hidden_layers": 1})
    ours, theirs = pair(AlbertForPreTraining, config, np.float64)
    inputs, _ = make_inputs(config, (2, 5), "queries", np.random.default_rng(2))
    inputs["attention_mask"][1, 3] = 0
    output, _ = ours.forward(**inputs)
    expected = arrays(run_torch(theirs, inputs))
    assert (output.attentions[0][1, :, 3] == 0).all()
    np.testing.assert_allclose(expected["attentions.0"][1, :, 3], 1 / 5, rtol=1e-15)
    others = np.ones((2, 5), bool)
    others[1, 3] = False
    check({"h": output.sequence_output[others]}, {"h": expected["hidden_states.1"][others]})
