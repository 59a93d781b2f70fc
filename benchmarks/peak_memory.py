"""The peak memory of a training step, each side in a process of its own.

    python benchmarks/peak_memory.py ours base

prints, as JSON, by how many MB the highest resident memory has grown since the side's libraries
were imported. Linux only.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def highest_memory():
    """The highest resident memory of this process so far, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("the system does not say how much memory a process uses")


def growth(side, name, steps=3):
    """Run some training steps of a side here; MB beyond the import."""
    import sides
    import workloads

    from albert_np.files.freed_memory import keep_freed_memory

    workload = {"base": workloads.base(8, 128), "small": workloads.small(),
                "default": workloads.default_pretraining()}[name]
    if side == "ours":
        keep_freed_memory()
        before = highest_memory()
        step = sides.our_call(workload, "training", sides.AS_THEY_ARE, 1)
    else:
        import torch.optim  # noqa: F401
        import torch_side
        from transformers import AlbertForPreTraining  # noqa: F401

        before = highest_memory()
        positions = sides.LABELLED if side == "torch, labelled" else sides.ALL
        step = torch_side.torch_call(workload, "training", positions,
                                     int(os.environ.get("OMP_NUM_THREADS", 1)), False)
    for _ in range(steps):
        step()
    return highest_memory() - before


def measure(side, name, threads=1):
    """The same in a new process.

    Returns
    -------
    float
        MB.
    """
    threads = str(threads)
    answer = subprocess.run(
        [sys.executable, __file__, side, name], capture_output=True, text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads})
    if answer.returncode:
        raise RuntimeError(answer.stderr.strip().splitlines()[-1])
    return json.loads(answer.stdout)


if __name__ == "__main__":
    print(json.dumps(growth(*sys.argv[1:3])))
