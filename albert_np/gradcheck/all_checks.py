"""The list of all gradient checks of this package: what is checked, on what, to which bound."""

from .function_checks import function_checks
from .layer_checks import layer_checks
from .model_checks import model_checks
from .task_checks import task_checks


def all_checks():
    """Every gradient check of the package.

    Returns
    -------
    list of GradientCheck
    """
    return [*function_checks(), *layer_checks(), *model_checks(), *task_checks()]


def run_all(method="centred", seed=0, only=None):
    """Run every check, one after the other.

    Parameters
    ----------
    method : {"centred", "complex", "extended"}
    seed : int
    only : str, optional
        Run those whose component contains this word.

    Yields
    ------
    (GradientCheck, list of GradientReport)
    """
    for check in all_checks():
        if only is None or only in check.component:
            yield check, check.run(method, seed)
