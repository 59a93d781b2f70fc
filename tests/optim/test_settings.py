"""Optimisers with settings that are not the defaults, by their published formulas."""

import numpy as np
import pytest

from albert_np.optim import LAMB, SGD, Adam, AdamW, warmup_polynomial_decay
from albert_np.parameters import flatten

STEPS, LR, BETAS, EPS, DECAY, MOMENTUM = 12, 0.03, (0.8, 0.6), 1e-2, 0.2, 0.5


def a_tree(rng):
    """A matrix, which decays, and a vector, which does not."""
    return {"W": rng.standard_normal((4, 3)), "b": rng.standard_normal(3)}


def published(kind, p, gradients, decay):
    """A parameter after all steps."""
    m, v = np.zeros_like(p), np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        if kind is SGD:
            m = MOMENTUM * m + g
            p = p - LR * m
            continue
        m, v = BETAS[0] * m + (1 - BETAS[0]) * g, BETAS[1] * v + (1 - BETAS[1]) * g**2
        if kind is Adam:
            p = p - LR * (m / (1 - BETAS[0]**t)) / (np.sqrt(v / (1 - BETAS[1]**t)) + EPS)
            continue
        update = m / (np.sqrt(v) + EPS) + decay * p
        trust = np.linalg.norm(p) / np.linalg.norm(update) if kind is LAMB and p.ndim > 1 else 1
        p = p - LR * trust * update
    return p


@pytest.mark.parametrize("kind, settings", [
    (AdamW, dict(betas=BETAS, eps=EPS, weight_decay=DECAY)),
    (LAMB, dict(betas=BETAS, eps=EPS, weight_decay=DECAY)),
    (Adam, dict(betas=BETAS, eps=EPS)), (SGD, dict(momentum=MOMENTUM))])
def test_the_settings_are_those_of_the_formulas(rng, kind, settings):
    params = a_tree(rng)
    start = {name: leaf.copy() for name, leaf in params.items()}
    all_grads = [{name: 0.05 * leaf for name, leaf in a_tree(rng).items()} for _ in range(STEPS)]
    optimizer = kind(params, lr=LR, **settings)
    for grads in all_grads:
        optimizer.step(params, {name: leaf.copy() for name, leaf in grads.items()})
    for name, decay in (("W", DECAY), ("b", 0.0)):
        expected = published(kind, start[name], [grads[name] for grads in all_grads], decay)
        np.testing.assert_allclose(params[name], expected, rtol=1e-12, atol=1e-14)
    assert optimizer.steps == STEPS == optimizer.state()["steps"]


@pytest.mark.parametrize("kind", [AdamW, LAMB])
def test_without_decay_nothing_pulls_towards_zero(rng, kind):
    params = a_tree(rng)
    before = {name: leaf.copy() for name, leaf in params.items()}
    kind(params, lr=0.1, weight_decay=0.0).step(
        params, {name: np.zeros_like(leaf) for name, leaf in params.items()})
    assert all(np.array_equal(params[name], before[name]) for name in params)


def test_the_decay_of_the_rate_has_a_power_and_an_end():
    """At every step of 20, 5 of them of warm-up, and beyond the last."""
    for power in (0.5, 1.0, 2.0, 3.0):
        schedule = warmup_polynomial_decay(0.5, 20, 5, power=power, end_lr=0.1)
        expected = [0.5 * t / 5 if t < 5 else 0.4 * (1 - min(t, 20) / 20)**power + 0.1
                    for t in range(25)]
        assert [schedule(t) for t in range(25)] == pytest.approx(expected)


def test_a_schedule_is_asked_for_the_number_of_steps_taken(rng):
    for kind in (AdamW, LAMB, Adam, SGD):
        params, asked = a_tree(rng), []
        optimizer = kind(params, lr=lambda step, asked=asked: asked.append(step) or 0.0)
        before = {name: leaf.copy() for name, leaf in flatten(params).items()}
        for _ in range(3):
            optimizer.step(params, a_tree(rng))
        assert asked == [0, 1, 2]
        assert all(np.array_equal(params[name], before[name]) for name in params)
