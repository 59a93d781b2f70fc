"""How time is taken: sides in alternation, the load of the machine watched."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

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


def seconds_of(side, repeats=1):
    """Seconds of one call, the mean of so many."""
    with side.prepared():
        began = time.perf_counter()
        for _ in range(repeats):
            side.call()
        return (time.perf_counter() - began) / repeats


def alternate(row_name, sides, rounds, say=print):
    """Call every side once in each round, forwards and backwards in turn.

    A slow drift of the machine's speed (heat, other processes) then meets all sides alike, and the
    ratio within a round is free of it.

    Parameters
    ----------
    row_name : str
    sides : dict of str to Side
    rounds : int
    say : callable
        Receives a line for each round in which other processes used the machine.

    Returns
    -------
    Row
    """
    repeats = {}
    for name, side in sides.items():                  # the first call allocates and loads code
        seconds_of(side)
        repeats[name] = max(1, round(SHORTEST / seconds_of(side)))
    row = Row(row_name, {name: [] for name in sides})
    for number in range(rounds):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        watch = OtherLoad()
        for name in order:
            time.sleep(PAUSE)
            row.seconds[name].append(seconds_of(sides[name], repeats[name]))
        row.others.append(watch.stop())
        if (row.others[-1] or 0) > BUSY:
            say(f"  {row_name}, round {number + 1}: other processes keep {row.others[-1]:.2f} "
                f"processors busy")
    return row


class OtherLoad:
    """How many processors were kept busy by other processes since this object was made."""

    def __init__(self):
        self._before = self._now()

    @staticmethod
    def _now():
        times = os.times()
        own = times.user + times.system + times.children_user + times.children_system
        try:
            words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        except OSError:                                # not Linux
            return time.perf_counter(), own, None
        user, nice, system, _, _, irq, softirq, *_ = (int(word) for word in words)
        ticks = os.sysconf("SC_CLK_TCK")
        return time.perf_counter(), own, (user + nice + system + irq + softirq) / ticks

    def stop(self):
        """Processors, or None where the system does not tell."""
        (began, own_before, busy_before), (now, own, busy) = self._before, self._now()
        if busy is None:
            return None
        return max(0.0, (busy - busy_before - (own - own_before)) / (now - began))
