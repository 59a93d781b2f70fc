"""The parser of all commands: what was wrong stands in the last line, below a short usage."""

import argparse


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` whose errors show what a command needs, and not its every option."""

    def error(self, message):
        """Print the usage in one line and the sentence in another, and end with status 2."""
        needed = [word for action in self._actions for word in _needed(action)]
        self.exit(2, f"usage: {' '.join([self.prog, *needed])} [options]   (all options: "
                     f"{self.prog} --help)\n{self.prog}: error: {message}\n")


def _needed(action):
    """How an argument that must be given is typed: a list of words, empty for other arguments."""
    name = str(action.metavar or action.dest)
    if action.option_strings:
        return [action.option_strings[0], name] if action.required else []
    return [f"[{name} ...]" if action.nargs == "*" else name]
