"""Ablations: one thing changed, several seeds each, and what can be said of the difference.

Read ``variants`` (the questions), ``run`` (the trials), then ``table`` (what they show).
"""

from .run import ablate

__all__ = ["ablate"]
