"""``--resume RUN``: a run goes on with the options that it was begun with."""

import argparse


class Resume(argparse.Action):
    """The action of ``--resume``: beside it nothing else has to be given."""

    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, values)
        for action in parser._actions:
            action.required = False


def refuse_others(options, kept=("resume", "quiet")):
    """Refuse options beside ``--resume``: they would be ignored.

    Parameters
    ----------
    options : argparse.Namespace
        With ``parser``, from which it comes.
    kept : tuple of str
        Options that may be given too.

    Raises
    ------
    ValueError
        Another option is given; the sentence names it.
    """
    for action in options.parser._actions:
        value = getattr(options, action.dest, action.default)
        if value != action.default and action.dest not in kept:
            name = action.option_strings[0] if action.option_strings else value
            raise ValueError(f"--resume goes on with the options that the run was begun with; "
                             f"remove {name}")
