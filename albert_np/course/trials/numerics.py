"""Trials of the first unit: trees of arrays, and the gradient checks themselves."""

import numpy as np

UP_TO = 1e-6


def relative_error(f, draw):
    """Numbers alike, apart, tiny, and none at all."""
    a, n = (draw.normal(4).astype(float) for _ in range(2))
    for what, left, right in [("of two numbers", a[0], n[0]), ("of equal numbers", a[1], a[1]),
                              ("of tiny numbers", 1e-6 * abs(a[2]), 2e-6 * abs(n[2])),
                              ("with NaN", float("nan"), n[3])]:
        yield f"the error {what}", f.relative_error(left, right)
    yield "the error with a floor of 1", f.relative_error(1e-2 * a[0], 1e-2 * n[0], 1.0)


def derivative(f, draw):
    """Slopes of a function with outputs in a tree, by every method."""
    a, dy = draw.rng.standard_normal(5), [draw.rng.standard_normal(5), draw.rng.standard_normal()]

    def y_of(nudge):
        return [np.sin(a + nudge), np.exp(nudge) * a[0]]

    # A large h, so that what each method leaves out is seen.
    for method, step in (("centred", None), ("centred", 0.3), ("plain", 0.3), ("complex", None)):
        what = method if step is None else f"{method}, with h = {step}"
        yield f"the slope ({what})", f.derivative(y_of, dy, method, step)


def check_inputs_of(f, draw):
    """A right backward pass and a wrong one."""
    inputs = {"x": draw.rng.standard_normal(draw.T), "a": draw.rng.standard_normal(draw.T)}

    def forward(inputs):
        a, x = inputs["a"], inputs["x"]
        return a * x * x * x, inputs

    def right(inputs, dy, cache):
        a, x = cache["a"], cache["x"]
        return {"x": 3 * dy * a * x * x, "a": dy * x * x * x}

    def wrong(inputs, dy, cache):
        gradients = right(inputs, dy, cache)
        gradients["x"] = 2 * gradients["x"]
        return gradients

    reports = f.check_inputs_of(forward, right, inputs, rng=np.random.default_rng(3))
    yield "the parameters that were checked", [report.parameter for report in reports]
    yield "how many entries were checked", [report.entries for report in reports]
    yield "whether a right backward pass passes", max(r.error for r in reports) < UP_TO
    reports = f.check_inputs_of(forward, wrong, inputs, rng=np.random.default_rng(3))
    yield "which parameters of a wrong one fail", [report.error > 0.1 for report in reports]
    yield ("the share that is wrong at the worst entry",
           [np.round(abs(report.analytic / report.numerical), 3) for report in reports])


def global_norm(f, draw):
    """Of a tree."""
    tree = {"W": draw.normal(draw.E, draw.F), "blocks": [draw.normal(draw.H), draw.normal(3)]}
    yield "the norm", f.global_norm(tree)


def add_in_place(f, draw):
    """Into a tree, and what comes back."""
    total = {"W": draw.normal(draw.E, draw.F), "blocks": [draw.normal(draw.H)]}
    tree = {"W": draw.normal(draw.E, draw.F), "blocks": [draw.normal(draw.H)]}
    returned = f.add_in_place(total, tree)
    yield "the total", total
    yield "whether it returns the total", returned is total
