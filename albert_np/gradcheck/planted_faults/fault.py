"""What a mistake and a planted fault are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """A small edit of this package.

    Attributes
    ----------
    name : str
    file : str
        Relative to the package, such as "functional/layer_norm.py".
    old, new : str
        The right piece of source, which occurs exactly once in the file, and its faulty
        replacement.
    wrong : str
        What is wrong, in a sentence.
    concept : str
        What it teaches, in a few words.
    """

    name: str
    file: str
    old: str
    new: str
    wrong: str
    concept: str


@dataclass(frozen=True)
class PlantedFault(Mistake):
    """One mistake and the check that catches it.

    Attributes
    ----------
    caught_by : str
        A component of :func:`~albert_np.gradcheck.all_checks.all_checks`, such as "layer_norm",
        or a test, such as "layers/test_layers.py::test_heads_are_split_by_columns".
    """

    caught_by: str


def is_test(check):
    """Whether this ``caught_by`` names a test, as opposed to a gradient check."""
    return "::" in check
