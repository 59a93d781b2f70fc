"""Learning rates that change with the step."""

import math

from .moments import as_number


def warmup_polynomial_decay(lr, total_steps, warmup_steps=0, power=1.0, end_lr=0.0):
    r"""Rise linearly from 0, then fall to ``end_lr`` at the end.

    .. math::
       :label: LR.1

       \eta_t = \begin{cases}
         \eta\; t / \text{warmup} & t < \text{warmup} \\
         (\eta - \eta_{\text{end}}) \left(1 - \min(t, N)/N\right)^{\text{power}}
           + \eta_{\text{end}} & \text{otherwise} \end{cases}

    Parameters
    ----------
    lr : float
    total_steps : int
        N.
    warmup_steps : int
    power : float
        1: a straight line down.
    end_lr : float

    Returns
    -------
    callable
        From the step (0, 1, 2, ...) to the learning rate.

    Raises
    ------
    ValueError
        A rate or the power is negative or not finite, there is no step, or the warm-up is longer
        than all steps.

    Notes
    -----
    As the original's: the first step of a warm-up has learning rate 0, and the decay counts from
    step 0, so that the rate jumps down a little where the warm-up ends.

    References
    ----------
    google-research/albert, ``optimization.py``.

    Examples
    --------
    >>> schedule = warmup_polynomial_decay(1.0, total_steps=10, warmup_steps=2)
    >>> [round(schedule(t), 2) for t in range(12)]
    [0.0, 0.5, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0, 0.0]
    """
    for name, value in (("lr", lr), ("power", power), ("end_lr", end_lr)):
        if not 0 <= as_number(value) < math.inf:
            raise ValueError(f"{name} is {value}; it must be a finite number that is at least 0")
    if not as_number(total_steps) >= 1:
        raise ValueError(f"total_steps is {total_steps}; it must be at least 1")
    if not 0 <= as_number(warmup_steps) <= total_steps:
        raise ValueError(f"warmup_steps is {warmup_steps}; it must lie between 0 and total_steps, "
                         f"which is {total_steps}")

    def schedule(step):
        if step < warmup_steps:
            return lr * step / warmup_steps
        remaining = 1 - min(step, total_steps) / total_steps
        return (lr - end_lr) * remaining**power + end_lr               # (LR.1)

    return schedule
