"""Stopping a run without loss."""

import contextlib
import signal
import threading
from types import SimpleNamespace


class RunStopped(Exception):
    """A run was asked to stop, and did, with everything saved.

    Attributes
    ----------
    signal : int
        SIGINT or SIGTERM.
    """

    def __init__(self, signal, message):
        super().__init__(message)
        self.signal = signal


@contextlib.contextmanager
def stop_requests():
    """Turn Ctrl-C and SIGTERM into a wish, to be granted at the next good moment.

    ::

        with stop_requests() as requests:
            for step in ...:
                ...
                if requests.signal is not None:
                    ...                            # save a checkpoint and stop

    A second Ctrl-C does not wait: it raises KeyboardInterrupt wherever the program is. Signals
    reach Python's main thread only; in another thread nothing is changed and no wish ever comes.

    Yields
    ------
    object
        Its attribute ``signal`` is None, or the number of the signal that came.
    """
    requests = SimpleNamespace(signal=None)
    if threading.current_thread() is not threading.main_thread():
        yield requests
        return

    def note(number, frame):
        if number == requests.signal == signal.SIGINT:
            raise KeyboardInterrupt
        requests.signal = number

    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, note)
        yield requests
    finally:
        for number, handler in before.items():
            # None: a handler that was not set from Python, which Python cannot set again.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
