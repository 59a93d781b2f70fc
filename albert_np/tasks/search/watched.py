"""Run a command, and kill it when the process that started it ends.

``python watched.py COMMAND ...`` returns the command's exit status, 128 + n if signal n ended it.
Its standard input is a pipe from the process that started it. When that process closes the pipe, or
ends by Ctrl-C or because it was killed, the command is killed too. Otherwise a killed search would
leave its trials behind, and they would write into folders that are begun anew.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading


def _kill_when_alone(process):
    while os.read(0, 1024):          # not sys.stdin: its lock would be held at the end
        pass
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)      # a half-finished trial is of no use


if __name__ == "__main__":
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_kill_when_alone, args=(child,), daemon=True).start()
    status = child.wait()
    sys.exit(status if status >= 0 else 128 - status)
