"""How many pages of memory a training step takes from the system, step by step.

``python benchmarks/step_pages.py`` takes twelve steps of the default pretraining model and prints
the pages (of 4 KiB) that the system had to find and clear for each. The first steps fill the memory
that the process keeps (``albert_np/files/freed_memory.py``). After them, a step takes none: the
arrays of a step lie where those of the step before were. ``--give-back`` leaves the C library as
it is.
"""

import os
import resource
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"                # before NumPy is imported

from sides import AS_THEY_ARE, our_call  # noqa: E402
from workloads import default_pretraining  # noqa: E402

from albert_np.files.freed_memory import keep_freed_memory  # noqa: E402


def pages_of_steps(steps, threads=2):
    """New pages of each step.

    Returns
    -------
    list of int
    """
    step = our_call(default_pretraining(), "training", AS_THEY_ARE, threads)
    counts = [resource.getrusage(resource.RUSAGE_SELF).ru_minflt]
    for _ in range(steps):
        step()
        counts.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
    return [after - before for before, after in zip(counts, counts[1:])]


if __name__ == "__main__":
    if "--give-back" not in sys.argv:
        keep_freed_memory()
    print(*pages_of_steps(12))
