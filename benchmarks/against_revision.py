"""Is this version faster than an earlier one?

    python benchmarks/against_revision.py HEAD~1
    python benchmarks/against_revision.py 1b2c3d4 --workload small --rounds 15

puts the package as it was at a revision into a temporary folder, starts a process for it and one
for the files as they are now, and lets them take training steps and forward passes in turn. Prints
the time now over the time then: the median of the ratios within the rounds, and their quartiles.

Both use one thread and are measured by the processor time of that thread, so that other processes
disturb the comparison less than they would by the clock.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORKLOADS = ("default", "small", "base")


def worker(name, seconds=0.25):
    """Measure whenever a line comes in: a training step or a forward pass."""
    import sides
    import workloads

    from albert_np.files.freed_memory import keep_freed_memory

    keep_freed_memory()
    workload = {"default": workloads.default_pretraining(), "small": workloads.small(),
                "base": workloads.base(8, 128)}[name]
    calls = {task: sides.our_call(workload, task, sides.AS_THEY_ARE, 1)
             for task in ("training", "forward")}
    repeats = {}
    for task in map(str.strip, sys.stdin):
        call = calls[task]
        if task not in repeats:
            call()
            began = time.thread_time()
            call()
            repeats[task] = max(1, round(seconds / (time.thread_time() - began)))
        began = time.thread_time()
        for _ in range(repeats[task]):
            call()
        print(json.dumps((time.thread_time() - began) / repeats[task]), flush=True)


class Version:
    """A process that has imported the package from a folder."""

    def __init__(self, folder, workload):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1",
                       "PYTHONPATH": os.pathsep.join([str(folder), str(HERE)])}
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"import against_revision as a; a.worker({workload!r})"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=folder)

    def measure(self, task):
        """Seconds of one call."""
        self.process.stdin.write(task + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def compare(then, now, workload, rounds):
    """Ratios of each task, now over then."""
    then, now = Version(then, workload), Version(now, workload)
    results = {}
    for task in ("training", "forward"):
        ratios = []
        for number in range(rounds + 1):
            seconds = {}
            for version in (then, now) if number % 2 else (now, then):
                seconds[version] = version.measure(task)
            if number:                                          # the first warms up
                ratios.append((seconds[now] / seconds[then], seconds[now]))
        results[task] = sorted(ratios)
    then.end()
    now.end()
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", help="of the project, as git knows it")
    parser.add_argument("--workload", choices=WORKLOADS, action="append",
                        help="default: default and small")
    parser.add_argument("--rounds", type=int, default=9, metavar="N")
    options = parser.parse_args()
    archive = subprocess.run(["git", "archive", options.revision, "albert_np"], cwd=HERE.parent,
                             capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        tarfile.open(fileobj=io.BytesIO(archive)).extractall(folder)
        for workload in options.workload or ("default", "small"):
            for task, ratios in compare(folder, HERE.parent, workload, options.rounds).items():
                n = len(ratios)
                low, middle, high = (ratios[i * (n - 1) // 4][0] for i in (1, 2, 3))
                print(f"{workload:8} {task:9} now / then {middle:.3f} ({low:.3f} to {high:.3f}), "
                      f"now {1000 * min(s for _, s in ratios):.1f} ms")


if __name__ == "__main__":
    main()
