"""How far a long reading has come: a bar on a terminal, a line now and then elsewhere."""

import sys
import time

STEP = 0.1                           # a line for every such share, where there is no terminal


class Progress:
    """Shows on standard error how many bytes of a total are done. To be used in a ``with``.

    Parameters
    ----------
    name : str
        What is being done.
    total : int
        Bytes.
    shown : bool
        False shows nothing.
    """

    def __init__(self, name, total, shown=True):
        self.name, self.total, self.shown = name, total, shown
        self.done, self._said, self._began, self._bar = 0, 0.0, time.perf_counter(), None

    def __enter__(self):
        if self.shown and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=self.total, desc=self.name, unit="B", unit_scale=True)
        return self

    def __exit__(self, *error):
        if self._bar is not None:
            self._bar.close()

    def update(self, bytes_done):
        """So many more bytes are done."""
        self.done += bytes_done
        share = self.done / max(1, self.total)
        if self._bar is not None:
            self._bar.update(bytes_done)
        elif self.shown and share >= self._said + STEP:
            self._said = share - share % STEP
            speed = self.done / 1e6 / max(1e-9, time.perf_counter() - self._began)
            print(f"{self.name} {share:.0%} of {self.total / 1e6:,.1f} MB, {speed:.1f} MB/s",
                  file=sys.stderr, flush=True)
