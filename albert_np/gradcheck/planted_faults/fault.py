"""What a planted fault is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlantedFault:
    """One mistake and the check that catches it.

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
    caught_by : str
        A component of :func:`~albert_np.gradcheck.all_checks.all_checks`, such as "layer_norm",
        or a test, such as "layers/test_layers.py::test_heads_are_split_by_columns".
    """

    name: str
    file: str
    old: str
    new: str
    wrong: str
    concept: str
    caught_by: str


def is_test(check):
    """Whether this ``caught_by`` names a test, as opposed to a gradient check."""
    return "::" in check
