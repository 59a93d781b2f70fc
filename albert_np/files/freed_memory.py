"""Keeping freed memory, for speed."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3      # glibc's malloc.h
_LARGEST = 2**31 - 1


def keep_freed_memory():
    """Ask the C library to keep large blocks that are freed, for the next array that needs one.

    Every training step allocates the same large arrays again. glibc gives blocks above 128 KB
    back to the operating system at once, which must then find, clear and map the pages again:
    that costs a small model a third of its time. The process keeps its peak memory instead.

    Where the C library is not glibc, nothing happens.

    Returns
    -------
    bool
        Whether it was done.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    # Some versions of glibc allow a threshold of 32 MB at most.
    kept = mallopt(_M_MMAP_THRESHOLD, 2**30) or mallopt(_M_MMAP_THRESHOLD, 2**25)
    return bool(kept and mallopt(_M_TRIM_THRESHOLD, _LARGEST) and mallopt(_M_TOP_PAD, 2**28))
