"""AdamW as the original code has it."""

import numpy as np

from .moments import Leaves, decays, learning_rate, update_moments
from .optimizer import Optimizer
from .settings import check_settings


class AdamW(Optimizer):
    r"""Adam with decoupled weight decay and without bias correction.

    With the moments of (MOM.1), for each parameter p:

    .. math::
       :label: ADAMW.1

       u = \frac{m}{\sqrt v + \epsilon} + \lambda p, \qquad p \leftarrow p - \eta\, u

    where :math:`\lambda p` is left out for biases, gammas and betas.

    Parameters
    ----------
    params : tree of arrays
    lr : float or callable
        The learning rate, or a function from the step (0, 1, 2, ...) to it.
    betas : (float, float)
    eps : float
    weight_decay : float

    Attributes
    ----------
    steps : int
        How many steps have been taken.

    References
    ----------
    google-research/albert, ``optimization.py``; Loshchilov and Hutter 2019. The missing bias
    correction is the original's: m and v start at 0, so early steps are larger than Adam's, by the
    factor :math:`(1-\beta_1^t)/\sqrt{1-\beta_2^t}`: 3.2 at the first step, 6.6 at the twelfth, and
    back to 1 after some thousands. Warm-up hides that.
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01):
        check_settings(lr, betas, eps=eps, weight_decay=weight_decay)
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.leaves = Leaves(params, "mv")
        self.steps = 0

    def step(self, params=None, grads=None):
        """Change the parameters in place, or refuse both trees and change nothing: see `Leaves`.

        Examples
        --------
        A matrix and a bias, both 1, with gradients of 2. With m = 1/2 * 2, v = 1/4 * 4 and
        epsilon = 1, m / (sqrt(v) + 1) = 1/2. The matrix alone has the decay, 1/2 * 1, on top:

        >>> params = {"W": np.array([[1.0]]), "b": np.array([1.0])}
        >>> grads = {"W": np.array([[2.0]]), "b": np.array([2.0])}
        >>> optimizer = AdamW(params, lr=0.25, betas=(0.5, 0.75), eps=1.0, weight_decay=0.5)
        >>> optimizer.step(params, grads)
        >>> params["W"].tolist(), params["b"].tolist()
        ([[0.75]], [0.875])
        """
        lr = learning_rate(self.lr, self.steps)
        for p, gradient, m, v, u, work in self.leaves.rows(params, grads):
            update_moments(m, v, gradient, *self.betas, work)
            # plain: p -= lr * (m / (sqrt(v) + eps) + weight_decay * p)
            np.sqrt(v, out=u)
            u += self.eps
            np.divide(m, u, out=u)                                     # m / (sqrt(v) + eps)
            if decays(p):
                np.multiply(p, self.weight_decay, out=work)
                u += work
            u *= lr
            p -= u                                                     # (ADAMW.1)
        self.steps += 1
