"""What the optimisers share: running means of the gradient, and where to keep them."""

import numpy as np

from ..parameters import flatten, zeros_like


def decays(parameter):
    """Whether weight decay and LAMB's trust ratio apply to this parameter.

    They apply to matrices and embedding tables and not to biases, gammas and betas, which are
    exactly the vectors. The original excludes by name: ``LayerNorm``, ``layer_norm``, ``bias``.
    """
    return parameter.ndim > 1


def update_moments(m, v, gradient, beta_1, beta_2, work):
    r"""Running means of the gradient and of its square, in place.

    .. math::
       :label: MOM.1

       m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
       v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2

    Parameters
    ----------
    m, v, gradient, work : arrays of one shape
        ``work`` is overwritten.
    beta_1, beta_2 : float
    """
    np.multiply(gradient, 1 - beta_1, out=work)
    m *= beta_1
    m += work
    np.multiply(gradient, gradient, out=work)
    work *= 1 - beta_2
    v *= beta_2
    v += work                                                          # (MOM.1)


def check_trees(params, grads, moments):
    """Refuse trees that do not belong together, before any parameter has been changed.

    Parameters
    ----------
    params, grads, moments : dicts from dotted names to arrays

    Raises
    ------
    ValueError
        That names the first parameter without a gradient or moment of its shape.
    """
    for name, parameter in params.items():
        for what, tree in (("gradient", grads), ("moment in this optimiser", moments)):
            if name not in tree:
                raise ValueError(f"{name} has no {what}")
            if tree[name].shape != parameter.shape:
                raise ValueError(f"{name} has shape {parameter.shape}, but its {what} has shape "
                                 f"{tree[name].shape}")


class Moments:
    """The trees m and v of an optimiser, with two buffers to compute in.

    Parameters
    ----------
    params : tree of arrays
    """

    def __init__(self, params):
        self.m, self.v = zeros_like(params), zeros_like(params)
        largest = max(flatten(params).values(), key=lambda leaf: leaf.size)
        self._work = np.empty((2, largest.size), largest.dtype)

    def leaves(self, params, grads):
        """Parameter, gradient, m, v and two work arrays of its shape, for every parameter."""
        grads, m, v = flatten(grads), flatten(self.m), flatten(self.v)
        params = flatten(params)
        check_trees(params, grads, m)
        for name, parameter in params.items():
            first, second = (row[:parameter.size].reshape(parameter.shape) for row in self._work)
            yield parameter, grads[name], m[name], v[name], first, second


def learning_rate(lr, step):
    """The learning rate at a step: a number stays, a schedule is asked."""
    return float(lr(step) if callable(lr) else lr)
