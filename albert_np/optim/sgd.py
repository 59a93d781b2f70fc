"""Stochastic gradient descent with momentum."""

import numpy as np

from ..parameters import flatten, zeros_like
from .moments import check_trees, learning_rate
from .optimizer import Optimizer


class SGD(Optimizer):
    r"""Follow the gradient, with a memory of where one was going.

    .. math::
       :label: SGD.1

       m \leftarrow \mu\, m + g, \qquad p \leftarrow p - \eta\, m

    Parameters
    ----------
    params : tree of arrays
    lr : float or callable
        The learning rate, or a function from the step (0, 1, 2, ...) to it.
    momentum : float
        0 is plain gradient descent.

    Attributes
    ----------
    steps : int
        How many steps have been taken.
    """

    def __init__(self, params, lr=0.1, momentum=0.9):
        self.lr, self.momentum = lr, momentum
        self.m = zeros_like(params)
        self.steps = 0

    def memory(self):
        """The tree that a step reads and changes beside the parameters."""
        return {"m": self.m}

    def step(self, params, grads):
        """Change the parameters in place.

        Parameters
        ----------
        params, grads : trees like the one the optimiser was made for
        """
        lr = learning_rate(self.lr, self.steps)
        params, grads, m = flatten(params), flatten(grads), flatten(self.m)
        check_trees(params, grads, m)
        for name, p in params.items():
            m[name] *= self.momentum
            m[name] += grads[name]
            p -= np.multiply(m[name], lr)                              # (SGD.1)
        self.steps += 1
