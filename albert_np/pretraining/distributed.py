"""One training by several processes, on one machine or on many, which talk by MPI.

``mpiexec -n 4 albert-np pretrain`` starts four processes, called ranks. Each holds the whole model,
draws the same batches, and works out the gradient of its own share of the rows; the gradients are
summed over the ranks, and every rank takes the same step. Rank 0 alone reads the text and writes
files; the others get by message what it has read.

The training loop knows nothing of this. It asks a communicator which part of the work is its own,
and hands it what is to be summed; `Alone`, the communicator of a single process, gives everything
back as it is. mpi4py is imported when several processes were started, and not before.
"""

import contextlib
import os
import sys
import time
import traceback
import zlib

import numpy as np

from ..files import in_a_sentence
from ..parameters import count, flatten

# What mpiexec tells the processes it starts: MPICH and Intel MPI, Open MPI.
_LAUNCHERS = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
_PATIENCE = 3.0     # seconds in which rank 0 can say what went wrong before another rank does
_PASSED_ON = 0.3    # seconds in which mpiexec can pass on what was said; Abort may end it before


def find_communicator(mpi=False):
    """The communicator of this process: with the others that mpiexec started, or alone.

    Parameters
    ----------
    mpi : bool
        Use MPI even where the environment does not tell of several processes, for a launcher that
        is not known here.

    Returns
    -------
    Alone or Ranks

    Raises
    ------
    ValueError
        There are several processes, but mpi4py or its MPI library is missing or another one.
    """
    started = max(int(os.environ.get(name, 1)) for name in _LAUNCHERS)
    if started <= 1 and not mpi:
        return Alone()
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:        # RuntimeError: there is no MPI library
        raise ValueError(f"Several processes need mpi4py and an MPI library ({error}); install "
                         f"them with pip install mpi4py mpich") from None
    if MPI.COMM_WORLD.size < started:
        raise ValueError(f"mpiexec started {started} processes, but mpi4py sees "
                         f"{MPI.COMM_WORLD.size}: they belong to different MPI libraries; use the "
                         f"mpiexec of the one that mpi4py loads.")
    return Ranks(MPI.COMM_WORLD)


class Alone:
    """A single process: all work is its own, and there is nobody to wait for.

    Attributes
    ----------
    rank : int
        0, 1, ..., size - 1. Rank 0 writes.
    size : int
        How many processes work on this run.
    """

    rank, size = 0, 1

    def own(self, items):
        """The share of this rank in a sequence: whole and in order if the shares are joined."""
        return items

    def gather(self, items):
        """The lists of all ranks joined in the order of the ranks, on every rank."""
        return items

    def sum_gradients(self, grads):
        """The sum of the trees of all ranks, on every rank.

        Parameters
        ----------
        grads : tree of arrays
            Of one dtype, in which they are summed. Changed in place.

        Returns
        -------
        tree of arrays
            ``grads``
        """
        return grads

    def largest(self, number):
        """The largest of the numbers that the ranks have."""
        return number

    def from_first(self, make):
        """What rank 0 gets from ``make()``, on every rank.

        Parameters
        ----------
        make : callable
            Called by rank 0 alone. What it returns must be such as pickle can pack.

        Returns
        -------
        object
        """
        return make()

    def check_same(self, tree, what):
        """Make sure that all ranks hold the same numbers, bit for bit.

        Parameters
        ----------
        tree : tree of arrays
        what : str
            Begins the sentence that is said where they do not.
        """

    def ending_together(self):
        """A context in which the failure of one rank ends them all."""
        return contextlib.nullcontext()


class Ranks(Alone):
    """This process and the others of an MPI communicator.

    All methods but `own` are calls in which the ranks meet: each rank must make the same ones in
    the same order.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm
    """

    def __init__(self, comm):
        from mpi4py import MPI

        self.comm, self.rank, self.size = comm, comm.rank, comm.size
        self._buffer, self._in_place = np.empty(0), MPI.IN_PLACE

    def own(self, items):
        """The share of this rank: contiguous, the first ranks taking one more if need be."""
        items = list(items)
        each, more = divmod(len(items), self.size)
        first = self.rank * each + min(self.rank, more)
        return items[first:first + each + (self.rank < more)]

    def gather(self, items):
        return [item for share in self.comm.allgather(list(items)) for item in share]

    def sum_gradients(self, grads):
        r"""Add the trees of all ranks up: one message, whatever the number of parameters.

        .. math::
           :label: MPI.1

           g = \sum_{r=0}^{R-1} g_r

        A message costs some time however short it is, so the leaves travel together, copied into
        one flat buffer that is kept from step to step. Each rank gets the same sum, bit for bit.
        """
        leaves = flatten(grads).values()
        dtype = np.result_type(*leaves)
        if self._buffer.size != count(grads) or self._buffer.dtype != dtype:
            self._buffer = np.empty(count(grads), dtype)
        ends = np.cumsum([leaf.size for leaf in leaves])
        pieces = [self._buffer[end - leaf.size:end].reshape(leaf.shape)
                  for leaf, end in zip(leaves, ends)]
        for leaf, piece in zip(leaves, pieces):
            piece[...] = leaf
        self.comm.Allreduce(self._in_place, self._buffer)                      # (MPI.1)
        for leaf, piece in zip(leaves, pieces):
            leaf[...] = piece
        return grads

    def largest(self, number):
        return max(self.comm.allgather(number))

    def from_first(self, make):
        return self.comm.bcast(make() if self.rank == 0 else None)

    def check_same(self, tree, what):
        """Make sure that all ranks hold the same numbers.

        Processors of different kinds round their matrix products differently. The gradients are
        summed once for all, but each rank works out their norm for itself.

        Raises
        ------
        ValueError
            They do not.
        """
        digest = 0
        for leaf in flatten(tree).values():
            digest = zlib.crc32(np.ascontiguousarray(leaf), digest)
        if len(set(self.comm.allgather(digest))) > 1:
            raise ValueError(f"{what} is no longer the same on all ranks; use machines of one "
                             f"kind, with the same versions of everything")

    @contextlib.contextmanager
    def ending_together(self):
        """A context in which the failure of one rank ends them all.

        The others may be waiting for a message that will never come. What went wrong is said once:
        where every rank finds the same fault, rank 0 is the first to speak, and that ends the rest.
        """
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            if self.rank:
                time.sleep(_PATIENCE)
            expected = isinstance(error, (ValueError, OSError, FloatingPointError))
            interrupted = isinstance(error, KeyboardInterrupt)
            if expected or interrupted:
                what = "interrupted" if interrupted else in_a_sentence(error)
                print(f"albert-np: {what}", file=sys.stderr)
            else:
                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            time.sleep(_PASSED_ON)
            self.comm.Abort(130 if interrupted else 2 if expected else 1)
