"""What one array's gradient check found, in numbers and in a sentence."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .likely_mistakes import likely_mistakes

DIRECTION = ("direction",)
RIGHT = 1e-6     # above this error no check passes, and the report says what it looks like


def name_of(path):
    """The keys that lead to an array as one printed name; no two paths have the same name.

    Keys are joined with dots. A key that could be mistaken for another path stands in brackets.

    Examples
    --------
    >>> name_of(("encoder", 0, "W")), name_of(("a.b",)), name_of(("0", "W"))
    ('encoder.0.W', "['a.b']", "['0'].W")
    """
    name = ""
    for key in path:
        text = str(key)
        plain = type(key) is int or (isinstance(key, str) and text != "" and not text.isdigit()
                                     and not set(text) & set(".[]"))
        name += f"[{key!r}]" if not plain else f".{text}" if name else text
    return name


@dataclass
class GradientReport:
    """The worst entry of one array.

    Attributes
    ----------
    path : tuple
        The keys that lead to the array.
    error : float
        The worst relative error among the entries that were checked.
    index : tuple
        The index of that entry, or ("direction",) if the entries agree and a random direction of
        the whole array does not.
    analytic, numerical : float
        What the backward pass says there, and what the forward passes say.
    entries : int
        How many entries were checked.
    largest : float
        The largest slope, in units of the floor.
    floor : float
        Below this size two numbers are compared absolutely.
    gradient, slopes : arrays like the array, or None
        All that both sides say; NaN in ``slopes`` at entries that were not checked.
    dy : tree like the outputs, or None
        The upstream gradient.
    """

    path: tuple
    error: float
    index: tuple
    analytic: float
    numerical: float
    entries: int
    largest: float
    floor: float = 0.0
    gradient: np.ndarray | None = field(default=None, repr=False, compare=False)
    slopes: np.ndarray | None = field(default=None, repr=False, compare=False)
    dy: object = field(default=None, repr=False, compare=False)

    @property
    def parameter(self):
        """The printed name of the array."""
        return name_of(self.path)

    @property
    def likely_mistakes(self):
        """Sentences that name what such a wrong gradient looks like; none if it is right."""
        if not self.error > RIGHT or self.slopes is None:
            return []
        if self.index == DIRECTION:
            return [f"the {self.entries} entries that were compared agree, another one does not: "
                    f"compare all of them with entries=None"]
        return likely_mistakes(self.gradient, self.slopes, self.dy, self.floor)

    def __str__(self):
        where = ", ".join(map(str, self.index))
        return "; ".join([
            f"{self.parameter}[{where}]: backward says {self.analytic:.9g}, "
            f"forward says {self.numerical:.9g}, relative error {self.error:.1e}",
            *self.likely_mistakes])
