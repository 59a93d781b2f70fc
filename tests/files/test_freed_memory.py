"""Memory that a process keeps: what the system is asked for once training has begun."""

import platform
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "benchmarks" / "step_pages.py"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_a_steady_step_takes_no_memory_from_the_system():
    """At most 64 KiB; with ``--give-back`` it takes a megabyte and more."""
    printed = subprocess.run([sys.executable, PAGES], text=True, check=True,
                             capture_output=True).stdout
    pages = [int(word) for word in printed.split()]
    assert statistics.median(pages[6:]) <= 16
