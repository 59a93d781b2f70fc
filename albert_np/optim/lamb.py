"""LAMB, the optimiser that ALBERT was pretrained with."""

import numpy as np

from ..functional.trees import global_norm
from .moments import Leaves, decays, learning_rate, update_moments
from .optimizer import Optimizer
from .settings import check_settings


class LAMB(Optimizer):
    r"""AdamW's update, stretched for each matrix to a fixed fraction of the matrix's own length.

    With the moments of (MOM.1), for each parameter p:

    .. math::
       :label: LAMB.1

       u = \frac{m}{\sqrt v + \epsilon} + \lambda p, \qquad
       r = \frac{\lVert p \rVert}{\lVert u \rVert}, \qquad
       p \leftarrow p - \eta\, r\, u

    The trust ratio r makes every step change each matrix by the share :math:`\eta` of its norm,
    so that very large batches can be used with a very large learning rate. It is 1 where either
    norm is 0, and for biases, gammas and betas, which have no :math:`\lambda p` either.

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
    You et al. 2020; google-research/albert, ``lamb_optimizer.py``: no bias correction, and the
    ratio is not clamped.
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
        A matrix of 4 and a bias of 1, with gradients of 2. As in AdamW m / (sqrt(v) + 1) = 1/2,
        and the matrix has the decay 1/2 * 4 on top: u = 5/2. The trust ratio 4 / (5/2) makes its
        step a quarter of 4, the learning rate times its own norm. The bias has the ratio 1:

        >>> params = {"W": np.array([[4.0]]), "b": np.array([1.0])}
        >>> grads = {"W": np.array([[2.0]]), "b": np.array([2.0])}
        >>> optimizer = LAMB(params, lr=0.25, betas=(0.5, 0.75), eps=1.0, weight_decay=0.5)
        >>> optimizer.step(params, grads)
        >>> params["W"].round(12).tolist(), params["b"].tolist()
        ([[3.0]], [0.875])
        """
        lr = learning_rate(self.lr, self.steps)
        for p, gradient, m, v, u, work in self.leaves.rows(params, grads):
            update_moments(m, v, gradient, *self.betas, work)
            # plain: u = m / (sqrt(v) + eps) + weight_decay * p; p -= lr * norm(p) / norm(u) * u
            np.sqrt(v, out=u)
            u += self.eps
            np.divide(m, u, out=u)                                     # m / (sqrt(v) + eps)
            ratio = 1.0
            if decays(p):
                np.multiply(p, self.weight_decay, out=work)
                u += work
                ratio = trust_ratio(p, u)
            u *= lr * ratio
            p -= u                                                     # (LAMB.1)
        self.steps += 1


def trust_ratio(p, u):
    """The norm of p over the norm of u, or 1 where either is 0.

    Returns
    -------
    float

    Examples
    --------
    >>> p, u = np.array([[3.0, 4.0]]), np.array([[0.0, 2.0]])
    >>> trust_ratio(p, u), trust_ratio(p, 0 * u)
    (2.5, 1.0)
    """
    p_norm, u_norm = global_norm([p]), global_norm([u])
    return p_norm / u_norm if p_norm > 0 and u_norm > 0 else 1.0
