"""How the tests of this folder compare two sets of arrays."""

import numpy as np
import pytest

# The softmax does not feel the key bias, so its true gradient is 0 and what is computed is pure
# rounding: there is nothing to be relative to.
TRULY_ZERO = "attention.key.bias"

collect_ignore = ["make_reference.py"]      # a script, which needs PyTorch


def _errors(ours, theirs):
    """The error of every array, by name: max|a - b| / max|b|, or max|a - b| where b is 0."""
    errors = {}
    for name, b in theirs.items():
        a, b = np.asarray(ours[name]), np.asarray(b)
        assert a.shape == b.shape, f"{name} has shape {a.shape} instead of {b.shape}"
        size = np.abs(b).max()
        scale = 1 if size == 0 or name.endswith(TRULY_ZERO) else size
        errors[name] = np.abs(a.astype(np.float64) - b).max() / scale
    return errors


@pytest.fixture
def errors():
    """The function ``errors(ours, theirs)``, both dicts of arrays, giving a dict of floats."""
    return _errors


@pytest.fixture
def agree():
    """The function ``agree(ours, theirs, bound)``: same names, same shapes, every error small."""

    def check(ours, theirs, bound):
        assert set(ours) == set(theirs)
        found = _errors(ours, theirs)
        # Written so that a NaN counts as too large.
        wrong = {name: error for name, error in found.items() if not error <= bound}
        assert not wrong, f"off by more than {bound}: {wrong}"

    return check
