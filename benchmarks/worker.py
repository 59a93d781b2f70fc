"""A side in a process of its own: it works when it is told to, and says how long it took.

So each side runs as its users run it, with its own threads and its own way with memory, and no
side's idle threads are in the way of another's. (Our ``keep_freed_memory`` would otherwise serve
PyTorch too, and make its steps a tenth faster than they are.)
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np


class Worker:
    """The process of one side.

    Parameters
    ----------
    kind : {"ours", "floor", "torch", "onnx"}
    workload : Workload
    task, positions : as in :func:`sides.our_call`
    threads : int
    parts : int
        Ours and the floor: of the batch, a thread for each, and the other threads for the matrix
        products of each part.
    compiled : bool
        PyTorch: compiled.
    """

    def __init__(self, kind, workload, task, positions, threads, parts=1, compiled=False):
        folder = tempfile.TemporaryDirectory()
        self._files = folder
        options = dict(kind=kind, workload=asdict(workload), task=task, positions=positions,
                       threads=threads, parts=parts, compiled=compiled,
                       result=str(Path(folder.name) / "result.npy"))
        for_products = str(max(1, threads // parts))
        self._errors = open(Path(folder.name) / "errors", "w+")
        self._process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(options)], text=True, stderr=self._errors,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": for_products,
                 "OMP_NUM_THREADS": str(threads)})
        self._hear()
        self.result = np.load(options["result"])

    def run(self, repeats):
        """Let it work.

        Returns
        -------
        (float, float)
            Seconds by the clock and seconds of the processors, of all repetitions together.
        """
        self._process.stdin.write(f"{repeats}\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self):
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            said = self._errors.read().strip().splitlines()
            raise RuntimeError(f"a side ended: {said[-1] if said else 'without a word'}")
        return json.loads(line)

    def close(self):
        """End it."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()
        self._files.cleanup()


def call_of(options):
    """What these options say is to be timed."""
    from workloads import AlbertConfig, Workload

    given = options["workload"]
    workload = Workload(**{**given, "config": AlbertConfig(**given["config"])})
    task, positions, threads = (options[name] for name in ("task", "positions", "threads"))
    if options["kind"] == "torch":
        from torch_side import torch_call
        return torch_call(workload, task, positions, threads, options["compiled"])
    if options["kind"] == "onnx":
        from torch_side import onnx_call
        return onnx_call(workload, threads)
    from sides import floor_call, our_call

    from albert_np.files.freed_memory import keep_freed_memory

    keep_freed_memory()
    make = {"ours": our_call, "floor": floor_call}[options["kind"]]
    return make(workload, task, positions, options["parts"])


def processor_seconds():
    """What this process and its workers have used so far."""
    spent = time.process_time()
    for worker in multiprocessing.active_children():
        fields = Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()
        spent += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return spent


def main():
    options = json.loads(sys.argv[1])
    protocol = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)                                   # what libraries print is not an answer
    call = call_of(options)
    result = call()                                 # the first call allocates and loads code
    np.save(options["result"], np.concatenate(result) if isinstance(result, list)
            else np.array(np.nan if result is None else result))
    print("[]", file=protocol, flush=True)
    for line in sys.stdin:
        began, cpu_began = time.perf_counter(), processor_seconds()
        for _ in range(int(line)):
            call()
        answer = time.perf_counter() - began, processor_seconds() - cpu_began
        print(json.dumps(answer), file=protocol, flush=True)


if __name__ == "__main__":
    main()
