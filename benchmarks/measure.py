"""How time is taken: sides in alternation, the load of the machine watched."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

SHORTEST = 0.3          # seconds; what is faster is repeated until it has taken as long
PAUSE = 0.1             # seconds between two sides, until the threads of the first have gone idle
BUSY = 0.15             # processors; other processes that use more are reported


@dataclass
class Row:
    """One line of the table: what several sides took for the same work.

    Attributes
    ----------
    name : str
    seconds : dict of str to list of float
        For each side, the seconds of one call in each round.
    others : list of float
        For each round, how many processors other processes kept busy.
    """

    name: str
    seconds: dict
    others: list = field(default_factory=list)

    def median(self, side):
        """Seconds, or None where there is no such side."""
        return median(self.seconds[side]) if side in self.seconds else None

    def best(self, kind):
        """The fastest side of a kind ("ours" or "floor"), or None."""
        sides = [side for side in self.seconds if side.split(",")[0] == kind]
        return min(sides, key=self.median, default=None)

    def ratio(self, above, below):
        """The median, over the rounds, of the one side's time over the other's; None without."""
        if above not in self.seconds or below not in self.seconds:
            return None
        return median(a / b for a, b in zip(self.seconds[above], self.seconds[below]))


class InThisProcess:
    """A side that needs no process of its own, with the ``run`` of :class:`worker.Worker`."""

    def __init__(self, call):
        self._call = call

    def run(self, repeats):
        """Seconds by the clock and of the processors."""
        began, cpu_began = time.perf_counter(), time.process_time()
        for _ in range(repeats):
            self._call()
        return time.perf_counter() - began, time.process_time() - cpu_began


def alternate(row_name, sides, rounds, say=print):
    """Let every side work once in each round, forwards and backwards in turn.

    A slow drift of the machine's speed (heat, other processes) then meets all sides alike, and the
    ratio within a round is free of it.

    Parameters
    ----------
    row_name : str
    sides : dict of str to Worker or InThisProcess
    rounds : int
    say : callable
        Receives a line for each round in which other processes used the machine.

    Returns
    -------
    Row
    """
    repeats = {}
    for name, side in sides.items():
        side.run(1)                                   # the first allocates and loads code
        repeats[name] = max(1, round(SHORTEST / side.run(1)[0]))
    row = Row(row_name, {name: [] for name in sides})
    for number in range(rounds):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        busy_before, began, own = busy_seconds(), time.perf_counter(), 0.0
        for name in order:
            time.sleep(PAUSE)
            seconds, cpu_seconds = sides[name].run(repeats[name])
            row.seconds[name].append(seconds / repeats[name])
            own += cpu_seconds
        if busy_before is not None:
            others = busy_seconds() - busy_before - own
            row.others.append(max(0.0, others / (time.perf_counter() - began)))
            if row.others[-1] > BUSY:
                say(f"  {row_name}, round {number + 1}: other processes keep "
                    f"{row.others[-1]:.2f} processors busy")
    return row


def check_agreement(results, mask=None, tolerance=1e-3):
    """Refuse to compare the speed of things that do not give the same result.

    Parameters
    ----------
    results : dict of str to array
        Of all sides but the floor, from the same initial weights.
    mask : boolean array (B, T), optional
        Where results that have these axes are compared: not at the padding.
    tolerance : float
        Relative to the largest number.

    Raises
    ------
    ValueError
    """
    results = {name: result[mask] if result.ndim == 3 and mask is not None else result
               for name, result in results.items()}
    (first_name, first), *others = results.items()
    for name, result in others:
        error = np.abs(result - first).max() / np.abs(first).max()
        if not error < tolerance:
            raise ValueError(f"{name} differs from {first_name} by {error:.1e}")


def busy_seconds():
    """Seconds that all processors together have been busy, or None where nobody tells."""
    try:
        words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    except OSError:                                   # not Linux
        return None
    user, nice, system, _, _, irq, softirq, *_ = (int(word) for word in words)
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
