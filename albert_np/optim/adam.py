"""Adam as published."""

import numpy as np

from .moments import Leaves, learning_rate, update_moments
from .optimizer import Optimizer
from .settings import check_settings


class Adam(Optimizer):
    r"""Adam with bias correction and without weight decay.

    The moments of (MOM.1) start at 0 and are too small at first. After t steps m is a weighted sum
    of all gradients so far,

    .. math::

       m_t = (1 - \beta_1) \sum_{k=0}^{t-1} \beta_1^k\, g_{t-k},

    and the weights are a geometric series:

    .. math::

       (1 - \beta_1) \sum_{k=0}^{t-1} \beta_1^k
       = (1 - \beta_1) \cdot \frac{1 - \beta_1^t}{1 - \beta_1} = 1 - \beta_1^t

    If the expected gradient stays the same, the expected m is :math:`1 - \beta_1^t` times as large
    as the gradient. The same holds for v and :math:`1 - \beta_2^t`. Adam divides by both factors:

    .. math::
       :label: ADAM.1

       p \leftarrow p - \eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    params : tree of arrays
    lr : float or callable
        The learning rate, or a function from the step (0, 1, 2, ...) to it.
    betas : (float, float)
    eps : float

    Attributes
    ----------
    steps : int
        How many steps have been taken.

    References
    ----------
    Kingma and Ba 2015, algorithm 1.
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        check_settings(lr, betas, eps=eps)
        self.lr, self.betas, self.eps = lr, betas, eps
        self.leaves = Leaves(params, "mv")
        self.steps = 0

    def step(self, params=None, grads=None):
        """Change the parameters in place, or refuse both trees and change nothing: see `Leaves`.

        Examples
        --------
        The gradient is 2 and then 6. At the first step m = 1/2 * 2 and v = 1/4 * 4. Divided by
        1 - 1/2 and 1 - 3/4 they are 2 and 4, the gradient and its square, so p changes by the
        learning rate. At the second step m = 7/2, v = 39/4, and the factors are 3/4 and 7/16:

        >>> params, grads = {"W": np.array([[1.0]])}, {"W": np.array([[2.0]])}
        >>> optimizer = Adam(params, lr=0.25, betas=(0.5, 0.75))
        >>> optimizer.step(params, grads)
        >>> params["W"].round(6).tolist()
        [[0.75]]
        >>> grads = {"W": np.array([[6.0]])}
        >>> optimizer.step(params, grads)
        >>> params["W"].round(6).tolist()
        [[0.502865]]
        """
        lr = learning_rate(self.lr, self.steps)
        rows = self.leaves.rows(params, grads)
        self.steps += 1                                    # only now: nothing was refused
        first, second = (1 - beta**self.steps for beta in self.betas)
        for p, gradient, m, v, u, work in rows:
            update_moments(m, v, gradient, *self.betas, work)
            # plain: p -= lr * (m / first) / (sqrt(v / second) + eps)
            np.multiply(v, 1 / second, out=u)
            np.sqrt(u, out=u)
            u += self.eps
            np.divide(m, u, out=u)
            u *= lr / first
            p -= u                                                     # (ADAM.1)
