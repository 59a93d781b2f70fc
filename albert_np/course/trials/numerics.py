"""Trials of the first unit: trees of arrays, and the gradient checks themselves."""

import numpy as np

from ...gradcheck.contract import prepare
from ...gradcheck.differences import HAS_EXTENDED
from .random_inputs import refused

UP_TO = 1e-6


def relative_error(f, draw):
    """Numbers alike, apart, tiny, and none at all."""
    a, n = (draw.normal(4).astype(float) for _ in range(2))
    for what, left, right in [
            ("of two numbers", a[0], n[0]), ("of equal numbers", a[1], a[1]),
            ("of two signs", a[3], -2 * a[3]), ("of two zeros", 0.0, 0.0),
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
    for method, step in (("centred", None), ("centred", 0.3), ("plain", 0.3), ("complex", None),
                         ("complex", 0.3), ("extended", None)):
        what = method if step is None else f"{method}, with h = {step}"
        yield f"the slope ({what})", float(f.derivative(y_of, dy, method, step))
    for method in ("centred", "plain", "complex"):
        nudges = []
        f.derivative(lambda nudge: nudges.append(nudge) or y_of(nudge), dy, method)
        yield f"how far it nudges ({method}), as a power of 10", np.log10(max(map(abs, nudges)))
    slope = f.derivative(y_of, dy, "extended")
    yield "the digits of the slope (extended)", np.finfo(np.asarray(slope).dtype).precision
    exact = np.sum(np.cos(a.astype(np.longdouble)) * dy[0]) + np.longdouble(a[0]) * dy[1]
    yield "whether all digits of the slope (extended) are right", bool(
        abs(slope - exact) < 100 * np.finfo(np.longdouble).eps * np.abs(a).sum())


def check_inputs_of(f, draw):
    """A right backward pass and wrong ones, each option, and what is refused."""
    inputs = {"x": draw.rng.standard_normal(draw.T), "a": draw.rng.standard_normal(draw.T)}
    kinds = []                                        # of the numbers that forward is given

    def forward(inputs):
        a, x = inputs["a"], inputs["x"]
        kinds.append(str(x.dtype))
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

    def right_but_for_one(inputs, dy, cache):
        gradients = right(inputs, dy, cache)
        gradients["x"][-2] *= 2
        return gradients

    def right_for_ones(inputs, dy, cache):
        return right(inputs, np.ones_like(dy), cache)

    def check(backward, forward=forward, inputs=inputs, **options):
        return f.check_inputs_of(forward, backward, inputs, rng=np.random.default_rng(4), **options)

    yield "the worst entry, if one is wrong", list(check(right_but_for_one)[0].index)
    yield "what forward and backward say there", abs(np.array(
        [[report.analytic / report.numerical] for report in check(right_but_for_one)[:1]]))
    yield "whether a backward pass fails that is right for an upstream gradient of ones", bool(
        max(report.error for report in check(right_for_ones)) > UP_TO)
    yield "how many entries are checked of entries=2", [
        report.entries for report in check(right, entries=2)]

    def right_but_for_1(inputs, dy, cache):           # far enough for every random direction
        gradients = right(inputs, dy, cache)
        gradients["x"][-2] += 1
        return gradients

    yield "whether a wrong entry fails that was not chosen", bool(
        max(report.error for report in check(right_but_for_1, entries=1)) > UP_TO)
    dy = draw.rng.standard_normal(draw.T)
    yield "what forward says at the worst entry, for a given dy", [
        report.numerical for report in check(right_but_for_one, dy=dy)[:1]]
    drawn = [[report.numerical for report in f.check_inputs_of(forward, right_but_for_one, inputs,
                                                               rng=rng)]
             for rng in (None, np.random.default_rng(0), np.random.default_rng(1))]
    yield "whether no generator draws what each seed draws", {
        str(seed): drawn[0] == other for seed, other in enumerate(drawn[1:])}
    kind_of = {"complex": np.complex128, **({"extended": np.clongdouble} if HAS_EXTENDED else {})}
    for method, kind in kind_of.items():
        kinds.clear()
        yield f"whether the error of a right backward pass is below 1e-13 ({method})", bool(
            max(report.error for report in check(right, method=method)) < 1e-13)
        yield f"whether forward is given {np.dtype(kind)} ({method})", str(np.dtype(kind)) in kinds
    tree = {"params": {"W": inputs["x"], "b": [inputs["a"]]}, "ids": np.arange(3)}

    def forward_of_tree(tree):
        return tree["params"]["W"] * tree["params"]["b"][0], tree

    def backward_of_tree(tree, dy, cache):
        W, b = tree["params"]["W"], tree["params"]["b"][0]
        return {"params": {"W": dy * b, "b": [dy * W]}}

    yield "the parameters of a tree", [
        report.parameter for report in check(backward_of_tree, forward_of_tree, tree)]
    calls = []

    def forgetful(inputs):
        calls.append(1)
        return (1 + (len(calls) > 12)) * inputs["x"] * inputs["a"], inputs

    def product(inputs, dy, cache):
        return {"x": dy * inputs["a"], "a": dy * inputs["x"]}

    yield "whether each breach of the contract is refused", {
        "an unknown method": refused(check, right, method="forwards"),
        "no entries": refused(check, right, entries=0),
        "a gradient that is missing": refused(check, lambda *_: {"x": inputs["x"]}),
        "inputs of float32": refused(check, right, forward, {
            key: array.astype(np.float32) for key, array in inputs.items()}),
        "a forward pass that remembers": refused(check, product, forgetful),
        "a complex step through np.abs": refused(
            check, lambda inputs, dy, cache: {"x": 2 * dy * np.abs(inputs["x"])},
            lambda inputs: (inputs["x"] * np.abs(inputs["x"]), None), {"x": inputs["x"]},
            method="complex"),
        "slopes below the rounding error": refused(
            check, lambda inputs, dy, cache: {"x": 1e-7 * dy},
            lambda inputs: (1e6 + 1e-7 * inputs["x"], None), {"x": inputs["x"]})}
    small = {"x": 1e-3 * inputs["x"]}

    def wave(inputs):
        return np.sin(1e3 * inputs["x"]), 1e3 * np.cos(1e3 * inputs["x"])

    def slope_of_wave(inputs, dy, slope):
        return {"x": dy * slope}

    yield "whether a right backward pass passes if its input is a thousandth", bool(
        max(report.error for report in check(slope_of_wave, wave, small)) < UP_TO)
    point = prepare(forward, right, inputs, "centred", np.random.default_rng(4))
    yield "slopes_at two entries of x", f.slopes_at(point, ("x",), [(0,), (draw.T - 1,)])


def global_norm(f, draw):
    """Of a tree."""
    tree = {"W": draw.normal(draw.E, draw.F), "blocks": [draw.normal(draw.H), draw.normal(3)]}
    yield "the norm", f.global_norm(tree)
    for what, size in (("overflow", 1e30), ("underflow", 1e-30)):
        size = size if draw.dtype == np.float32 else size**7
        leaves = np.zeros(2), np.full(4, size), np.full(5, -1.5 * size)
        yield f"the norm if squares {what}, over the size of the entries", f.global_norm(
            [leaf.astype(draw.dtype) for leaf in leaves]) / size
    yield "the norm of zeros", f.global_norm([np.zeros(3, draw.dtype)])
    tree["W"][0, 0] = np.inf
    yield "whether the norm is finite if an entry is not", bool(np.isfinite(f.global_norm(tree)))


def add_in_place(f, draw):
    """Into a tree, and what comes back."""
    total, tree = ({"W": draw.normal(draw.E, draw.F),
                    "blocks": [draw.normal(draw.H), {"b": draw.normal(draw.F)}]} for _ in range(2))
    W, b = total["W"], total["blocks"][1]["b"]
    returned = f.add_in_place(total, tree)
    yield "the total", total
    yield "whether it returns the total", returned is total
    yield "whether the arrays of the total are the same arrays", (
        total["W"] is W and total["blocks"][1]["b"] is b)
