"""What all figures need: two lists of equal length, and a library."""

from importlib import import_module


def check_alike(first, second, names):
    """ValueError unless both have the same length, which is not 0.

    Parameters
    ----------
    first, second : sequences
    names : (str, str)
    """
    if len(first) != len(second):
        raise ValueError(f"There are {len(first)} {names[0]} and {len(second)} {names[1]}; there "
                         f"must be one for each.")
    if not len(first):
        raise ValueError(f"There are no {names[0]} to compute a figure from.")


def library(module, package):
    """Import a module of a library that this package does not require.

    Parameters
    ----------
    module : str
        What to import.
    package : str
        The name under which pip installs the library.

    Returns
    -------
    module

    Raises
    ------
    ValueError
        It is not installed.
    """
    try:
        return import_module(module)
    except ImportError:
        raise ValueError(f"This needs {package}; install it with pip install {package}.") from None
