"""The settings of an optimiser are checked when it is made."""

import math

from .moments import as_number


def check_settings(lr, betas=(), **others):
    """Refuse settings of an optimiser before its first step.

    Parameters
    ----------
    lr : number or callable
        A schedule is asked at each step only.
    betas : two numbers in [0, 1)
        Empty for an optimiser that has none.
    **others
        ``eps``, above 0; ``momentum``, in [0, 1); ``weight_decay``, at least 0. All are finite.

    Raises
    ------
    ValueError
        It names the setting, its value, and what it must be.
    """
    if not (callable(lr) or 0 <= as_number(lr) < math.inf):
        raise ValueError(f"lr is {lr!r}; it must be a finite number that is at least 0, or a "
                         f"function from the step to such a number")
    if betas != ():
        values = [as_number(beta) for beta in betas] if isinstance(betas, (tuple, list)) else []
        if len(values) != 2 or not all(0 <= beta < 1 for beta in values):
            raise ValueError(f"betas are {betas!r}; they must be two numbers in [0, 1)")
    for name, value in others.items():
        wanted, holds = LIMITS[name]
        if not holds(as_number(value)):
            raise ValueError(f"{name} is {value!r}; it must {wanted}")


LIMITS = {
    "eps": ("be a positive number", lambda x: 0 < x < math.inf),
    "momentum": ("lie in [0, 1)", lambda x: 0 <= x < 1),
    "weight_decay": ("be a finite number that is at least 0", lambda x: 0 <= x < math.inf)}
