"""Processes that work for the first one: they leave Ctrl-C to it, and end when it is gone."""

import contextlib
import multiprocessing
import multiprocessing.resource_tracker
import os
import signal
import threading


@contextlib.contextmanager
def interrupts_left_to_us():
    """Start processes in this context, and Ctrl-C reaches none of them, not even while it starts.

    A terminal sends SIGINT to all processes at once. The first one answers it and ends the others.
    They would only print where they were, and a pool may wait forever for one that ended while it
    started. So SIGINT is blocked for a moment, and new processes inherit that.
    """
    multiprocessing.resource_tracker.ensure_running()   # starting it would unblock SIGINT again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent():
    """Watch the first process from a thread, and end this one when it is gone, even if killed."""
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end():
    multiprocessing.parent_process().join()
    os._exit(1)
