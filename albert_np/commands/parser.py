"""The parser of all commands: what was wrong stands in the last line, below a short usage."""

import argparse


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` whose options may be anywhere, and whose errors show a short usage."""

    def parse_known_args(self, args=None, namespace=None):
        """Add the words that come after an option to the list of texts, files or runs.

        argparse itself fills such a list once: with the words before the next option.
        """
        options, left = super().parse_known_args(args, namespace)
        for action in self._actions:
            if action.nargs in ("*", "+") and not action.option_strings \
                    and not any(map(_is_option, left)):
                setattr(options, action.dest, [*getattr(options, action.dest), *left])
                left = []
        return options, left

    def error(self, message):
        """Print the usage in one line and the sentence in another, and end with status 2."""
        needed = [word for action in self._actions for word in _needed(action)]
        self.exit(2, f"usage: {' '.join([self.prog, *needed])} [options]   (all options: "
                     f"{self.prog} --help)\n{self.prog}: error: {message}\n")


def _is_option(word):
    """Whether a word is meant as an option; a text that begins with a dash has spaces."""
    return word.startswith("-") and " " not in word


def _needed(action):
    """How an argument that must be given is typed: a list of words, empty for other arguments."""
    name = str(action.metavar or action.dest)
    if action.option_strings:
        return [action.option_strings[0], name] if action.required else []
    return [f"[{name} ...]" if action.nargs == "*" else name]
