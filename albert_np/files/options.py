"""Options that are said once: each is a field of a dataclass, with its default, help and limits.

The fields give the arguments of a function, the options on the command line, the checks, the file
in the folder of a run, and the documentation of the dataclass.
"""

import inspect
import math
import operator
import textwrap
import typing
from dataclasses import MISSING, field, fields
from difflib import get_close_matches
from numbers import Integral, Real
from types import NoneType

from .json_objects import read_object

_KINDS = {int: "a whole number", float: "a finite number", bool: "True or False", str: "a text",
          dict: "a dictionary", NoneType: "None"}
_LIMITS = {"least": ("at least", operator.ge), "above": ("above", operator.gt),
           "most": ("at most", operator.le), "below": ("below", operator.lt)}


def option(default, help, *, choices=None, flags=(), metavar=None, **limits):
    """Make a field of a dataclass of options.

    Parameters
    ----------
    default : object
        ``dataclasses.MISSING`` if the option must be given.
    help : str
        What it does, without a capital and a full stop; also shown on the command line.
    choices : tuple of str, optional
        The values there are.
    flags : tuple of str
        Names on the command line, if it is not the name of the field with dashes.
    metavar : str, optional
        What stands for the value on the command line.
    **limits
        ``least``, ``above``, ``most``, ``below``: bounds of a number.
    """
    return field(default=default, metadata={"help": help, "choices": choices, "flags": flags,
                                            "metavar": metavar, "limits": limits})


def kinds_of(cls):
    """The types that each field of a dataclass of options accepts: dict of str to tuple."""
    return {name: typing.get_args(hint) or (hint,)
            for name, hint in typing.get_type_hints(cls).items()}


def documented(cls):
    """Describe the fields of a dataclass in its docstring: a decorator."""
    lines, kinds = ["", "", "Parameters", "----------"], kinds_of(cls)
    for each in fields(cls):
        choices, limits = each.metadata.get("choices"), each.metadata.get("limits")
        names = [kind.__name__ for kind in kinds[each.name] if kind is not NoneType]
        words = [f"{{{', '.join(map(repr, choices))}}}" if choices else " or ".join(names)]
        words += [_in_words(limits)] if limits else []
        words += (["optional"] if each.default is None
                  else [f"default {each.default!r}"] if each.default is not MISSING else [])
        text = each.metadata.get("help", "")
        lines += [f"{each.name} : {', '.join(words)}",
                  *textwrap.wrap(f"{text[:1].upper()}{text[1:]}.", 100, initial_indent="    ",
                                 subsequent_indent="    ")]
    cls.__doc__ = inspect.cleandoc(cls.__doc__ or "") + "\n".join(lines) + "\n"
    return cls


def check_options(options):
    """Refuse a value of the wrong type, none of the choices, or beyond its limits.

    Parameters
    ----------
    options : instance of a dataclass of options

    Raises
    ------
    ValueError
        It names the option, its value, and what it must be.
    """
    kinds = kinds_of(type(options))
    for each in fields(options):
        value, wanted = getattr(options, each.name), None
        choices, limits = each.metadata.get("choices"), each.metadata.get("limits") or {}
        if not any(_is_a(value, kind) for kind in kinds[each.name]):
            wanted = " or ".join(_KINDS[kind] for kind in kinds[each.name])
        elif value is None:
            continue
        elif choices and value not in choices:
            wanted = f"one of {', '.join(choices)}"
        elif not all(_LIMITS[name][1](value, bound) for name, bound in limits.items()):
            wanted = _in_words(limits)
        if wanted:
            raise ValueError(f"{each.name} is {value!r}; it must be {wanted}")


def check_names(cls, names):
    """Refuse a name that is no field of a dataclass of options.

    Raises
    ------
    ValueError
        It lists the fields whose names are nearly the same, or all of them.
    """
    known = [each.name for each in fields(cls)]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known)
            raise ValueError(f"{name} is no field of {cls.__name__}; "
                             + (f"did you mean {' or '.join(near)}?" if near
                                else f"there are {', '.join(known)}"))


def options_from(cls, values):
    """A dataclass of options with these values, a dict.

    Raises
    ------
    ValueError
        A name is unknown, an option that must be given is missing, or a value is impossible.
    """
    check_names(cls, values)
    missing = [each.name for each in fields(cls) if each.default is each.default_factory is MISSING
               and each.name not in values]
    if missing:
        raise ValueError(f"{cls.__name__} needs {' and '.join(missing)}")
    return cls(**values)


def read_options(path, cls):
    """The options in a JSON file that holds a value for every field.

    Parameters
    ----------
    path : str or Path
    cls : dataclass of options

    Returns
    -------
    instance of the dataclass

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file, or it is damaged.
    """
    values = read_object(path)
    missing = [each.name for each in fields(cls) if each.name not in values]
    try:
        check_names(cls, values)
        if missing:
            raise ValueError(f"it lacks {', '.join(missing)}")
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{path} does not hold the options of a run of this version: {error}"
                         ) from None


def _is_a(value, kind):
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is float:
        try:
            return isinstance(value, Real) and math.isfinite(value)
        except OverflowError:                          # an int beyond the largest float
            return False
    return isinstance(value, Integral if kind is int else kind)


def _in_words(limits):
    return " and ".join(f"{_LIMITS[name][0]} {bound}" for name, bound in limits.items())
