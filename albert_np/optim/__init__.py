"""Optimisers, learning-rate schedules and gradient clipping, as the original trains ALBERT.

Every optimiser is used alike::

    optimizer = AdamW(model.params, lr=1e-3)
    optimizer.step(model.params, grads)         # changes the parameters in place

``lr`` is a number or a function of the step, such as :func:`warmup_polynomial_decay` makes. Read
``sgd``, ``adam``, ``adamw`` and ``lamb``, then ``schedules``. ``moments``, ``optimizer`` and
``settings`` hold what they share.
"""

from ..functional.trees import clip_by_global_norm
from .adam import Adam
from .adamw import AdamW
from .lamb import LAMB
from .schedules import warmup_polynomial_decay
from .sgd import SGD

__all__ = ["Adam", "AdamW", "LAMB", "SGD", "clip_by_global_norm", "warmup_polynomial_decay"]
