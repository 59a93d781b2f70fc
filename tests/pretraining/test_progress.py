"""What a run shows while it goes on: a bar on a terminal, plain lines everywhere else."""

import contextlib
import os
import re
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from test_pretraining import SMALL

ROOT = Path(__file__).parents[2]
OPTIONS = {**SMALL, "steps": 40, "evaluate_every": 20, "progress": True}
CODE = f"""
import sys
from albert_np.pretraining import pretrain
pretrain(sys.argv[1], sys.argv[2], **{OPTIONS!r})
"""


def run(corpus, output, **streams):
    return subprocess.run([sys.executable, "-W", "error", "-c", CODE, str(output), str(corpus)],
                          env={**os.environ, "PYTHONPATH": str(ROOT)}, **streams)


@pytest.mark.slow
def test_plain_lines_without_a_terminal(corpus, tmp_path):
    done = run(corpus, tmp_path / "run", capture_output=True)
    output, error = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == 0 and error == ""
    assert "\r" not in output and "\x1b" not in output
    steps = re.findall(r"^step +(\d+) of 40   MLM loss \d\.\d{3}, SOP loss \d\.\d{3}, "
                       r"[\d,]+ tokens/s$", output, re.MULTILINE)
    assert steps == [str(step) for step in range(2, 41, 2)]
    assert re.findall(r"^step +(\d+)   held out: MLM loss", output, re.MULTILINE) == ["20", "40"]


@pytest.mark.slow
def test_a_bar_on_a_terminal(corpus, tmp_path):
    pty, fcntl, termios = map(pytest.importorskip, ("pty", "fcntl", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    with ThreadPoolExecutor(1) as pool:
        drawn = pool.submit(read_all, ours)             # or the terminal would be full some time
        try:
            done = run(corpus, tmp_path / "run", stdout=subprocess.PIPE, stderr=theirs)
        finally:
            os.close(theirs)
        drawn = drawn.result()
    assert done.returncode == 0 and "\r" in drawn and "40/40" in drawn and "SOP loss" in drawn
    output = done.stdout.decode()
    assert "of 40   MLM loss" not in output and output.count("held out: MLM loss") == 2


def read_all(descriptor):
    """What a terminal is sent until nobody is left to send anything."""
    with open(descriptor, "rb", buffering=0) as terminal:
        parts = []
        with contextlib.suppress(OSError):
            while part := terminal.read(4096):
                parts.append(part)
    return b"".join(parts).decode()
