"""Submissions of layer norm that a grader must survive: what they try, and what they deserve.

Each is the text of ``functional/layer_norm.py`` as a student might hand it in.
"""

import json

import numpy as np

from albert_np.course.checking.collect_answers import answers_of
from albert_np.course.checking.load_modules import reference_module

FILE = "functional/layer_norm.py"

RIGHT = """\
import numpy as np

def layer_norm_forward(x, gamma, beta, eps=1e-12):
    centred = x - x.mean(axis=-1, keepdims=True)
    inv_std = 1 / np.sqrt(np.square(centred).mean(axis=-1, keepdims=True) + eps)
    x_hat = centred * inv_std
    return gamma * x_hat + beta, (x_hat, inv_std, gamma)

def layer_norm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    rows = tuple(range(dy.ndim - 1))
    dx_hat = dy * gamma
    dx = inv_std * (dx_hat - dx_hat.mean(axis=-1, keepdims=True)
                    - x_hat * (dx_hat * x_hat).mean(axis=-1, keepdims=True))
    return dx, (dy * x_hat).sum(axis=rows), dy.sum(axis=rows)
"""

# The forward pass alone is right; the mean term is missing in the backward pass.
HALF_RIGHT = RIGHT.replace(" - dx_hat.mean(axis=-1, keepdims=True)\n", "\n")

SLOW = """\
import numpy as np

def layer_norm_forward(x, gamma, beta, eps=1e-12):
    x_hat, inv_std = np.empty_like(x), np.empty(x.shape[:-1] + (1,), x.dtype)
    for row in np.ndindex(x.shape[:-1]):
        mean = sum(x[row]) / x.dtype.type(x.shape[-1])
        square = sum((entry - mean) ** 2 for entry in x[row]) / x.dtype.type(x.shape[-1])
        inv_std[row] = 1 / np.sqrt(square + x.dtype.type(eps))
        for i in range(x.shape[-1]):
            x_hat[row][i] = (x[row][i] - mean) * inv_std[row][0]
            for _ in range(30):
                sum(range(100))
    return gamma * x_hat + beta, (x_hat, inv_std, gamma)

def layer_norm_backward(dy, cache):
    x_hat, inv_std, gamma = cache
    dx, dgamma, dbeta = np.empty_like(dy), np.zeros_like(gamma), np.zeros_like(gamma)
    H = dy.dtype.type(dy.shape[-1])
    for row in np.ndindex(dy.shape[:-1]):
        first = sum(dy[row][j] * gamma[j] for j in range(len(gamma))) / H
        second = sum(dy[row][j] * gamma[j] * x_hat[row][j] for j in range(len(gamma))) / H
        for i in range(len(gamma)):
            dgamma[i] += dy[row][i] * x_hat[row][i]
            dbeta[i] += dy[row][i]
            dx[row][i] = inv_std[row][0] * (dy[row][i] * gamma[i] - first
                                            - x_hat[row][i] * second)
    return dx, dgamma, dbeta
"""

OTHER_STYLE = """\
import numpy as np

def layer_norm_forward(x, gamma, beta, eps=1e-12):
    spread = x.std(axis=-1, keepdims=True)
    spread = np.sqrt(spread ** 2 + eps)
    unit = (x - np.average(x, axis=-1)[..., None]) / spread
    return np.einsum("...h,h->...h", unit, gamma) + beta, (unit, 1 / spread, gamma)

layer_norm_backward = lambda upstream, kept: (
    lambda u, g: (kept[1] * (g - g.mean(-1, keepdims=True)
                             - u * np.einsum("...h,...h->...", g, u)[..., None]
                             * u.dtype.type(1 / u.shape[-1])),
                  np.einsum("rh,rh->h", *(a.reshape(-1, u.shape[-1]) for a in (upstream, u))),
                  np.add.reduce(upstream.reshape(-1, u.shape[-1]))))(kept[0], upstream * kept[2])
"""

FLOAT32_ONLY = RIGHT + """
_forward, _backward = layer_norm_forward, layer_norm_backward

def _single(values):
    return [np.asarray(value, np.float32) for value in values]

def layer_norm_forward(x, gamma, beta, eps=1e-12):
    return _forward(*_single((x, gamma, beta)), eps)

def layer_norm_backward(dy, cache):
    return _backward(dy.astype(np.float32), _single(cache))
"""

IN_PLACE = RIGHT.replace("centred = x - x.mean(axis=-1, keepdims=True)",
                         "x -= x.mean(axis=-1, keepdims=True); centred = x")

ENDLESS = RIGHT.replace("    dx_hat =", "    while True:\n        pass\n    dx_hat =")

GREEDY = RIGHT.replace("    dx_hat =", "    np.ones((20, 2**27))\n    dx_hat =")

FORK = RIGHT + """
import ctypes, os, time

try:
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        ctypes.CDLL(None).prctl(15, b"{orphan}")
        time.sleep(600)
    os.fork()
except OSError:                    # where no other process may be started
    pass
"""

DELETE = RIGHT + """
import os, shutil

for folder in ("{victim}", os.getcwd()):
    shutil.rmtree(folder, ignore_errors=True)
try:
    os.chmod("{victim}", 0)
except OSError:
    pass
"""

FORGED = json.dumps({"score": 100, "tests": [{"name": "all", "score": 100, "max_score": 100}]})

PRINT_SCORES = HALF_RIGHT + f"""
import os, sys

for text in ({FORGED!r}, "ALL TESTS PASSED", "2.6 layer norm, backward: right, 5 points."):
    print(text, flush=True)
    print(text, file=sys.stderr, flush=True)
for descriptor in (0, 1, 2):
    try:
        os.write(descriptor, {FORGED.encode()!r})
    except OSError:
        pass
for name in ("results.json", "../results.json", "/autograder/results/results.json", "{{store}}"):
    try:
        open(name, "w").write({FORGED!r})
    except OSError:
        pass
"""

PATCH = HALF_RIGHT + """
import sys
import numpy.testing

np.allclose = np.array_equal = np.isclose = lambda *args, **named: True
np.testing.assert_allclose = lambda *args, **named: None
for name, module in list(sys.modules.items()):
    for part in ("judge", "check_exercise", "first_difference", "uses_solution", "forbid_solution"):
        if name.startswith("albert_np") and hasattr(module, part):
            setattr(module, part, lambda *args, **named: None)
import builtins
builtins.AssertionError = type("Nothing", (BaseException,), {})
"""

IMPORT = RIGHT[:RIGHT.index("def layer_norm_backward")] + """
from albert_np.functional.layer_norm import layer_norm_backward
"""

IMPORT_IN_DISGUISE = RIGHT[:RIGHT.index("def layer_norm_backward")] + """
import importlib

def layer_norm_backward(dy, cache):
    module = importlib.import_module("albert_np.functional." + "layer" + "_norm")
    return getattr(module, "layer_norm_backward")(dy, cache)
"""

READ_SOURCE = RIGHT[:RIGHT.index("def layer_norm_backward")] + """
def layer_norm_backward(dy, cache):
    import albert_np
    names = {}
    exec(open(albert_np.__path__[0] + "/functional/layer_norm.py").read().replace(
        "from .", "from albert_np.functional."), names)
    return names["layer_norm_backward"](dy, cache)
"""


def hard_coded(exercises):
    """A submission that knows the results for the inputs students have, and nothing else."""
    module, seen = reference_module(exercises[0]), []

    class Recorder:
        __file__ = None

        def __getattr__(self, name):
            def recorded(*arguments, **named):
                result = getattr(module, name)(*arguments, **named)
                seen.append((name, arguments[0], result))
                return result
            return recorded

    for exercise in exercises:
        answers_of(exercise, Recorder(), 0)
    known = [(name, float(first.sum()), [_literal(part) for part in _flat(result)])
             for name, first, result in seen]
    return f"""\
import numpy as np

KNOWN = {known!r}

def _recall(name, first):
    for known, total, parts in KNOWN:
        if known == name and abs(total - float(first.sum())) < 1e-6:
            return [np.array(values, dtype) for dtype, values in parts]
    raise ValueError("no idea")

def layer_norm_forward(x, gamma, beta, eps=1e-12):
    y, *cache = _recall("layer_norm_forward", x)
    return y, tuple(cache)

def layer_norm_backward(dy, cache):
    return tuple(_recall("layer_norm_backward", dy))
"""


def _flat(result):
    return [leaf for part in result for leaf in (part if isinstance(part, tuple) else (part,))]


def _literal(array):
    return str(np.asarray(array).dtype), np.asarray(array).tolist()
