"""Options on the command line, made from the fields of a dataclass of options."""

import argparse
from dataclasses import MISSING, fields

from ..files.options import kinds_of

# The fields of AlbertConfig that describe a model to be trained from scratch.
CONFIG = ("hidden_size", "embedding_size", "num_hidden_layers", "num_attention_heads",
          "intermediate_size", "num_hidden_groups", "inner_group_num", "sharing", "hidden_act",
          "initializer_range")


def add_options(parser, options, names, defaults=None, prefix=""):
    """Add some fields of a dataclass of options to a parser or to a group of it.

    Only what is typed becomes an attribute of the namespace; the default is that of the field.

    Parameters
    ----------
    parser : argparse.ArgumentParser or argument group
    options : dataclass
        Its fields are made by :func:`~albert_np.files.options.option`.
    names : iterable of str
    defaults : dict, optional
        Defaults to be shown that are not those of the fields.
    prefix : str
        Words before each help.
    """
    kinds, known = kinds_of(options), {each.name: each for each in fields(options)}
    for name in names:
        each, kind = known[name], kinds[name][0]
        about = each.metadata
        flags = about["flags"] or (f"--{name.replace('_', '-')}",)
        default, text = (defaults or {}).get(name, each.default), prefix + about["help"]
        if default not in (None, MISSING) and default is not False and "default" not in text:
            text += f" (default: {'on' if default is True else default})"
        if kind is bool:
            how = {"action": argparse.BooleanOptionalAction}
        elif about["choices"]:                         # which are checked with the other options
            how = {"metavar": f"{{{','.join(about['choices'])}}}"}
        else:
            how = {"type": kind, "metavar": about["metavar"] or {int: "N", float: "X"}[kind]}
        parser.add_argument(*flags, dest=name, default=argparse.SUPPRESS,
                            required=each.default is MISSING, help=text.replace("%", "%%"), **how)


def given(namespace, names):
    """Those of the names that were typed, with their values: a dict."""
    return {name: value for name, value in vars(namespace).items() if name in names}


def fill_when_chosen(parser, fill):
    """Call ``fill(parser)`` when the command is chosen: other commands need not import its options.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    fill : callable
        Adds the options.
    """
    parse = parser.parse_known_args

    def fill_and_parse(*arguments, **more):
        parser.parse_known_args = parse
        fill(parser)
        return parse(*arguments, **more)

    parser.parse_known_args = fill_and_parse
