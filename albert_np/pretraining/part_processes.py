"""The parts of a batch on processes that share memory, in the place of threads."""

import contextlib
import mmap
import multiprocessing
import multiprocessing.util
import signal
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..files.processes import interrupts_left_to_us
from ..files.threads import one_thread_each
from ..functional.trees import count, tree_map

SMALL = 1_000_000      # up to so many parameters, processes are faster than threads


@contextlib.contextmanager
def pool_of_workers(work, model, workers, alone=True):
    """Make the pool that works out the parts of each batch: processes or threads.

    Two threads of one process share one Python interpreter. It runs the lines between two NumPy
    calls of one thread at a time, so one thread often waits for the other. In a step of a small
    model there is little work between two lines: two threads make a step of the default model 1.2
    times as fast as one, and two processes make it 1.7 times as fast. A large model gains nothing:
    its threads compute nearly all the time.

    So models with at most 1 million parameters get processes, where the system can copy a process
    (Linux). All others get threads. The results are the same, bit for bit.

    Parameters
    ----------
    work : callable
        As for `PartProcesses`.
    model : a model of :mod:`albert_np.models`
    workers : int
    alone : bool
        Whether no other process trains this model. MPI does not allow a process to be copied.

    Yields
    ------
    PartProcesses or concurrent.futures.ThreadPoolExecutor
    """
    use_processes = (alone and workers > 1 and count(model.params) <= SMALL
                     and sys.platform == "linux" and not multiprocessing.current_process().daemon)
    with PartProcesses(work, model, workers) if use_processes else ThreadPoolExecutor(
            workers) as pool:
        yield pool


class PartProcesses:
    """Worker processes: copies of this one, made once, which share the parameters with it.

    Each worker waits for an item at its end of a pipe. Before the items are sent, the parameters
    are copied to memory that all processes share. A worker leaves its gradients in other shared
    memory, and sends the rest of its answer through the pipe. This process is the first worker.

    Parameters
    ----------
    work : callable
        ``work(model, *item) -> (answer, grads)`` for one item.
    model : a model of :mod:`albert_np.models`
        Only its parameters may change after this.
    workers : int
        This process is one of them.
    """

    def __init__(self, work, model, workers):
        self.work, self.model = work, model
        self.params = _shared_like(model.params)
        self.grads = [_shared_like(model.params) for _ in range(workers - 1)]
        self.pipes, self.processes = [], []
        # At the latest when Python ends.
        self.end = multiprocessing.util.Finalize(self, _end, (self.processes, self.pipes),
                                                 exitpriority=1)
        context = multiprocessing.get_context("fork")
        with interrupts_left_to_us(), warnings.catch_warnings():
            # Python 3.12 warns if a process that has threads is copied. No lock is held here.
            warnings.simplefilter("ignore", DeprecationWarning)
            for grads in self.grads:
                ours, theirs = context.Pipe()
                process = context.Process(
                    target=_serve, args=(ours, theirs, work, model, self.params, grads),
                    daemon=True)
                process.start()
                theirs.close()
                self.pipes.append(ours)
                self.processes.append(process)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.end()

    def map(self, items):
        """Work out the items, as many side by side as there are workers.

        Parameters
        ----------
        items : list of tuples
            Random generators among them are copied: those of this process stay as they are.

        Yields
        ------
        (answer, grads)
            In the order of the items. The grads of an item may be overwritten when the next one is
            asked for.

        Raises
        ------
        ChildProcessError
            A worker has ended: the system killed it, or an earlier call ended with an error.
        """
        tree_map(np.copyto, self.params, self.model.params)
        try:
            for start in range(0, len(items), len(self.pipes) + 1):
                first, *others = items[start:start + len(self.pipes) + 1]
                for pipe, item in zip(self.pipes, others):
                    self._to(pipe, item)
                yield self.work(self.model, *first)
                for pipe, grads, _ in zip(self.pipes, self.grads, others):
                    yield self._answer_of(pipe), grads
        except BaseException:
            self.end()                     # an answer in a pipe would be taken for the next one
            raise

    def _to(self, pipe, item):
        try:
            pipe.send(item)
        except OSError:
            self._refuse()

    def _answer_of(self, pipe):
        try:
            answer, error = pipe.recv()
        except (EOFError, OSError):
            self._refuse()
        if error is not None:
            raise error
        return answer

    def _refuse(self):
        raise ChildProcessError("a worker process of the training has ended: it was killed, or "
                                "there was too little memory for it") from None


def _shared_like(tree):
    """A tree of arrays of the same shapes in memory that later copies of this process share."""
    return tree_map(lambda leaf: np.frombuffer(mmap.mmap(-1, max(leaf.nbytes, 1)), leaf.dtype,
                                               leaf.size).reshape(leaf.shape), tree)


def _end(processes, pipes):
    for process, pipe in zip(processes, pipes):
        process.kill()                                     # it has nothing of its own to save
        process.join()
        pipe.close()


def _serve(ours, theirs, work, model, params, grads):
    """Work out items until the pipe ends: what a worker does."""
    ours.close()                    # else the end of the first process would not end this pipe
    signal.signal(signal.SIGTERM, signal.SIG_IGN)       # the first process decides when to stop
    model.params = params
    with one_thread_each(), np.errstate(over="ignore", invalid="ignore"):
        while True:
            try:
                item = theirs.recv()
            except EOFError:
                return
            try:
                answer, found = work(model, *item)
                tree_map(np.copyto, grads, found)
                theirs.send((answer, None))
            except Exception as error:
                theirs.send((None, error))
