"""Run a command, and end it when whoever asked for it is gone.

``python watched.py COMMAND ...`` runs the command and returns its exit status. Its standard input
is a rope that the asking process holds the other end of: when that end is let go, on purpose, by
Ctrl-C, or because the process was killed, the command is killed too. Without this a killed search
would leave its trials behind, writing into folders that are being begun anew.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading


def run_watched(command):
    """Run a command while standard input is open.

    Parameters
    ----------
    command : list of str

    Returns
    -------
    int
        Its exit status; 128 + n where signal n ended it, as shells say it.
    """
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_kill_when_alone, args=(process,), daemon=True).start()
    status = process.wait()
    return status if status >= 0 else 128 - status


def _kill_when_alone(process):
    # Not sys.stdin: its lock would be held when the interpreter ends.
    while os.read(0, 1024):
        pass
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)      # a half-finished trial is of no use


if __name__ == "__main__":
    sys.exit(run_watched(sys.argv[1:]))
