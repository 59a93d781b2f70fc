"""The gradient checks of the functions."""

import numpy as np

from .. import functional as F
from .one_check import POSITIONS, B, E, GradientCheck, H, T, V


def function_checks():
    """The functions of :mod:`albert_np.functional`."""
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.standard_normal(shape)

    ids = np.array([[3, 1, 3, 16, 0], [3, 2, 2, 5, 1]])                # duplicates must add up
    keep = np.array([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0]], bool)          # the second row sees nothing
    labels = np.array([3, -100, 0, 16, 3, -100, 7])
    weights = np.array([0.5, 2.0, 1.0, 0.0, 3.0, 1.0, 0.25])
    teacher = 2 * np.random.default_rng(1).standard_normal((7, V))
    away_from_0 = normal(3, 5)
    away_from_0 += np.sign(away_from_0) * 0.1                          # relu has a kink there

    def dropout(x):
        return F.dropout_forward(x, 0.4, np.random.default_rng(7))

    return [
        _function("linear", F.linear_forward, F.linear_backward,
                  x=normal(B, T, E), W=normal(E, H), b=normal(H)),
        _function("rows_at", lambda x: F.rows_at_forward(x, POSITIONS), F.rows_at_backward,
                  x=normal(B, T, E)),
        _function("embedding", lambda table: F.embedding_forward(table, ids),
                  F.embedding_backward, table=normal(V, E)),
        _function("layer_norm", F.layer_norm_forward, F.layer_norm_backward,
                  x=normal(B, T, H), gamma=normal(H), beta=normal(H)),
        _function("layer_norm, large eps",
                  lambda x, gamma, beta: F.layer_norm_forward(x, gamma, beta, eps=0.5),
                  F.layer_norm_backward, x=normal(B, T, H), gamma=normal(H), beta=normal(H)),
        _function("gelu", F.gelu_forward, F.gelu_backward, x=2 * normal(B, T, E)),
        _function("gelu_new", F.gelu_new_forward, F.gelu_new_backward, x=2 * normal(B, T, E)),
        _function("relu", F.relu_forward, F.relu_backward, x=away_from_0),
        _function("tanh", F.tanh_forward, F.tanh_backward, x=normal(B, T)),
        _function("softmax", F.softmax_forward, F.softmax_backward, x=normal(B, 3, T)),
        _function("masked_softmax", lambda x: F.masked_softmax_forward(x, keep[:, None, :]),
                  F.masked_softmax_backward, x=normal(B, 3, T)),
        _function("dropout", dropout, F.dropout_backward, x=normal(B, T, E)),
        _function("cross_entropy", lambda x: F.cross_entropy_forward(x, labels),
                  F.cross_entropy_backward, x=normal(7, V)),
        _function("cross_entropy, weights",
                  lambda x: F.cross_entropy_forward(x, labels, weights=weights),
                  F.cross_entropy_backward, x=normal(7, V)),
        _function("distillation",
                  lambda x: F.distillation_forward(x, teacher, labels, 3.0, 0.25),
                  F.distillation_backward, x=normal(7, V)),
        _function("distillation, weights",
                  lambda x: F.distillation_forward(x, teacher, labels, 0.5, 0.75, weights=weights),
                  F.distillation_backward, x=normal(7, V)),
        _function("mean_squared_error",
                  lambda x: F.mean_squared_error_forward(x, np.arange(3.0)),
                  F.mean_squared_error_backward, x=normal(3)),
        _function("binary_cross_entropy",
                  lambda x: F.binary_cross_entropy_forward(x, np.eye(3, 4)),
                  F.binary_cross_entropy_backward, x=3 * normal(3, 4)),
        _function("temperature_scaling",
                  lambda x, temperature: F.temperature_scaling_forward(x, temperature, labels),
                  F.temperature_scaling_backward, x=3 * normal(7, V), temperature=np.array(1.7)),
        # The straight-through gradient is that of the function without the rounding.
        _function("fake_quantize",
                  lambda x: F.fake_quantize_forward(x, np.array([0.3]), bits=3, rounded=False),
                  F.fake_quantize_backward, x=np.linspace(-2, 2, 15).reshape(3, 5)),
        _function("consistency", F.consistency_forward, F.consistency_backward,
                  logits=2 * normal(3, 4), other_logits=2 * normal(3, 4)),
    ]


def _function(component, forward, backward, **arguments):
    """A check of ``forward(*arrays)`` and ``backward(dy, cache) -> gradients in that order``."""
    names = list(arguments)

    def forward_of_inputs(inputs):
        return forward(*inputs.values())

    def backward_of_inputs(inputs, dy, cache):
        gradients = backward(dy, cache)
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        return dict(zip(names, gradients, strict=True))

    return GradientCheck(component, forward_of_inputs, backward_of_inputs, arguments)
