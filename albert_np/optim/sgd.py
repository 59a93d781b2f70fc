"""Stochastic gradient descent with momentum."""

import numpy as np

from .moments import Leaves, learning_rate
from .optimizer import Optimizer
from .settings import check_settings


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
        check_settings(lr, momentum=momentum)
        self.lr, self.momentum = lr, momentum
        self.leaves = Leaves(params, "m")
        self.steps = 0

    def step(self, params=None, grads=None):
        """Change the parameters in place, or refuse both trees and change nothing: see `Leaves`.

        Examples
        --------
        The gradient is 2 both times. m becomes 2 and then 1/2 * 2 + 2 = 3:

        >>> params, grads = {"W": np.array([[1.0]])}, {"W": np.array([[2.0]])}
        >>> optimizer = SGD(params, lr=0.25, momentum=0.5)
        >>> optimizer.step(params, grads)
        >>> params["W"].tolist()
        [[0.5]]
        >>> optimizer.step(params, grads)
        >>> params["W"].tolist()
        [[-0.25]]
        """
        lr = learning_rate(self.lr, self.steps)
        for p, gradient, m, step, _ in self.leaves.rows(params, grads):
            # plain: m = momentum * m + g; p -= lr * m
            m *= self.momentum
            m += gradient
            p -= np.multiply(m, lr, out=step)                          # (SGD.1)
        self.steps += 1
