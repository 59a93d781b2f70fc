"""Trials of the optimisers: parameters after some steps."""

import numpy as np

from ...parameters import tree_map
from .random_inputs import refused


def _tree(draw):
    return {"W": draw.normal(draw.E, draw.F), "b": draw.normal(draw.F),
            "zero": np.zeros((3, draw.E), draw.dtype)}


def _steps(name, settings):
    def trial(f, draw):
        params = _tree(draw)
        schedule = [0.1, 0.03, 0.07, 0.02, 0.05]
        optimizer = getattr(f, name)(params, lr=schedule.__getitem__, **settings)
        for step in range(4):
            grads = tree_map(lambda p: draw.normal(*p.shape), params)
            optimizer.step(params, grads)
            yield f"the parameters after step {step + 1}", tree_map(np.copy, params)
        yield "how many steps it counts", optimizer.steps
        before, grads = tree_map(np.copy, params), tree_map(np.ones_like, params)
        infinite = {**grads, "b": np.full_like(grads["b"], np.inf)}
        yield "whether each gradient is refused", {
            "one of another shape": refused(optimizer.step, params, {**grads, "b": grads["W"]}),
            "one that is missing": refused(optimizer.step, params, {"W": grads["W"]}),
            "one that is not finite": refused(optimizer.step, params, infinite,
                                              error=FloatingPointError)}
        yield "whether a step that is refused changes nothing", optimizer.steps == 4 and all(
            bool((params[key] == before[key]).all()) for key in params)

    return trial


sgd_step = _steps("SGD", dict(momentum=0.8))
adam_step = _steps("Adam", dict(betas=(0.8, 0.95), eps=0.01))
adamw_step = _steps("AdamW", dict(betas=(0.8, 0.95), eps=0.01, weight_decay=0.3))
lamb_step = _steps("LAMB", dict(betas=(0.8, 0.95), eps=0.01, weight_decay=0.3))


def update_moments(f, draw):
    """Two steps."""
    m, v = draw.normal(draw.E, draw.F), np.abs(draw.normal(draw.E, draw.F))
    for step in (1, 2):
        f.update_moments(m, v, draw.normal(draw.E, draw.F), 0.8, 0.95, np.empty_like(m))
        yield f"m and v after step {step}", {"m": m, "v": v}


def decays(f, draw):
    """A matrix and a vector, and many of both in a random order."""
    yield "whether a matrix decays", bool(f.decays(draw.normal(draw.E, draw.F)))
    yield "whether a vector decays", bool(f.decays(draw.normal(draw.E)))
    axes = draw.integers(1, 3, 40)
    yield "whether each of several arrays decays", np.array(
        [bool(f.decays(draw.normal(*draw.integers(2, 6, n)))) for n in axes])


def trust_ratio(f, draw):
    """Of two matrices, and where either is 0."""
    p, u = draw.normal(draw.E, draw.F), draw.normal(draw.E, draw.F)
    yield "the ratio", f.trust_ratio(p, u)
    yield "the ratio of small ones", f.trust_ratio(p / 100, u / 100)
    yield "the ratio where p is 0", f.trust_ratio(0 * p, u)
    yield "the ratio where u is 0", f.trust_ratio(p, 0 * u)


def clip_by_global_norm(f, draw):
    """A long gradient and a short one."""
    for what, scale, most in (("long", 10.0, 1.5), ("short", 1e-3, 1.5), ("middling", 1.0, 0.5)):
        grads = tree_map(lambda leaf: leaf * draw.dtype.type(scale), _tree(draw))
        norm = f.clip_by_global_norm(grads, most)
        yield f"a {what} gradient, clipped", grads
        yield f"the norm of a {what} gradient", norm
    grads = {"b": np.array([1.0, np.inf], draw.dtype)}
    yield "the norm of a gradient that is not finite", f.clip_by_global_norm(grads, 1.5)
    yield "a gradient that is not finite, clipped", grads
    yield "whether a maximum of 0 and one of -1 are refused", [
        refused(f.clip_by_global_norm, _tree(draw), most) for most in (0, -1.0)]


def warmup_polynomial_decay(f, draw):
    """From the first step to beyond the last."""
    N = int(draw.integers(8, 15))
    rate = int(draw.integers(200, 900)) / 1000
    for what, arguments in [("", (rate, N, 3)), (", without warm-up", (rate, N)),
                            (", with a power and an end", (rate, N, 2, 2.0, 0.1)),
                            (", with warm-up alone", (rate, N, N)), (", of one step", (rate, 1))]:
        schedule = f.warmup_polynomial_decay(*arguments)
        yield f"the rates{what}", [float(schedule(step)) for step in range(N + 3)]
    yield "whether each is refused", {
        what: refused(f.warmup_polynomial_decay, *arguments) for what, arguments in {
            "a negative rate": (-0.1, N), "no steps": (0.1, 0),
            "more warm-up than steps": (0.1, N, N + 1), "a negative warm-up": (0.1, N, -1),
            "a negative power": (0.1, N, 2, -1.0), "an infinite end": (0.1, N, 2, 1.0, np.inf),
            "a rate of NaN": (np.nan, N)}.items()}
