"""The parser of all commands: what was wrong stands in the last line, below a short usage."""

import argparse
from difflib import get_close_matches


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` whose options may be anywhere.

    Its errors show a short usage, and name options and commands that are spelt nearly alike.
    """

    _words = ()                # those of the command line that this parser reads
    about_unknown = ""         # said of an unknown option, if none is spelt nearly alike

    def parse_known_args(self, args=None, namespace=None):
        """Add the words that come after an option to the list of texts, files or runs.

        argparse itself fills such a list once: with the words before the next option.
        """
        self._words = () if args is None else tuple(args)
        options, left = super().parse_known_args(args, namespace)
        if any(map(_is_option, left)):
            self.error(f"unrecognized arguments: {' '.join(left)}")
        for action in self._actions:
            if action.nargs in ("*", "+") and not action.option_strings:
                setattr(options, action.dest, [*getattr(options, action.dest), *left])
                left = []
        return options, left

    def error(self, message):
        """Print the usage in one line and the sentence in another, and end with status 2."""
        unknown = next(self._unknown_options(), None)
        if unknown is not None:
            # A mistyped option is the cause: of "--data is required", too.
            message = (f"there is no option {unknown}"
                       + (_meant(unknown, self._option_string_actions) or self.about_unknown))
        needed = [word for action in self._actions for word in _needed(action)]
        self.exit(2, f"usage: {' '.join([self.prog, *needed])} [options]   (all options: "
                     f"{self.prog} --help)\n{self.prog}: error: {message}\n")

    def _check_value(self, action, value):
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            error.message += _meant(str(value), map(str, action.choices))
            raise

    def _unknown_options(self):
        """The options among the words that this parser does not have."""
        has_commands = any(isinstance(action.choices, dict) for action in self._actions)
        for word in self._words:
            if word == "--" or has_commands and not word.startswith("-"):
                return                         # what follows is for others
            name = word.partition("=")[0]
            if _is_option(name) and not name[1:2].isdigit() and not any(
                    option.startswith(name) for option in self._option_string_actions):
                yield name


def _meant(word, known):
    """A question with the known words that are nearest to a mistyped one; empty if none is."""
    names = {name.lstrip("-"): name for name in known}
    near = get_close_matches(word.lstrip("-").lower(), names, cutoff=0.6)
    return f"; did you mean {' or '.join(names[each] for each in near)}?" if near else ""


def _is_option(word):
    """Whether a word is meant as an option; a text that begins with a dash has spaces."""
    return word.startswith("-") and len(word) > 1 and " " not in word


def _needed(action):
    """How an argument that must be given is typed: a list of words, empty for other arguments."""
    name = str(action.metavar or action.dest)
    if action.option_strings:
        return [action.option_strings[0], name] if action.required else []
    return [f"[{name} ...]" if action.nargs == "*" else name]
