"""Several ranks without MPI: each is a thread, and they exchange their messages in memory."""

import io
import json
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from test_pretraining import small_batches
from test_resume import OPTIONS, assert_same_run

from albert_np import AlbertForPreTraining
from albert_np.functional import IGNORED
from albert_np.gradcheck.one_check import small_config
from albert_np.parameters import flatten
from albert_np.pretraining import (distributed, evaluate, find_communicator, pretrain, resume,
                                   run)
from albert_np.pretraining.distributed import Alone, Ranks
from albert_np.pretraining.parallel import losses_and_gradients

pytestmark = pytest.mark.usefixtures("no_pictures")


class Comm:
    """What `Ranks` uses of a communicator of MPI; ``world`` is what the ranks share."""

    def __init__(self, rank, world):
        self.rank, self.size, self.world = rank, world.size, world

    def allgather(self, item):
        self.world.barrier.wait(20)
        self.world.items[self.rank] = item
        self.world.barrier.wait(20)
        return list(self.world.items)

    def bcast(self, item):
        return self.allgather(item)[0]

    def Allreduce(self, send, buffer):
        assert send == "in place"
        sent = self.allgather(buffer.copy())
        assert {array.dtype for array in sent} == {buffer.dtype}     # as MPI takes for granted
        buffer[...] = sum(sent)


def on_ranks(size, work):
    """The results of ``work(ranks)`` on each of so many ranks; an error of one ends them all."""
    world = SimpleNamespace(size=size, items=[None] * size, barrier=threading.Barrier(size))
    results, errors = [None] * size, []

    def run(rank):
        try:
            results[rank] = work(Ranks(Comm(rank, world)))
        except Exception as error:
            errors.append(error)
            world.barrier.abort()

    threads = [threading.Thread(target=run, args=[rank]) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


@pytest.fixture(autouse=True)
def mpi4py(monkeypatch):
    """A module in place of mpi4py; ``COMM_WORLD`` has three ranks."""
    for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    MPI = SimpleNamespace(IN_PLACE="in place", COMM_WORLD=SimpleNamespace(rank=1, size=3))
    monkeypatch.setitem(sys.modules, "mpi4py", SimpleNamespace(MPI=MPI))


# ---- which communicator --------------------------------------------------------------------------

@pytest.mark.parametrize("environment, mpi", [
    ({"PMI_SIZE": "2"}, False), ({"PMI_SIZE": "3"}, False), ({"OMPI_COMM_WORLD_SIZE": "3"}, False),
    ({"PMI_SIZE": "1", "OMPI_COMM_WORLD_SIZE": "2"}, False), ({}, True), ({"PMI_SIZE": "1"}, True)],
    ids=str)
def test_processes_that_were_started_together_are_ranks(monkeypatch, environment, mpi):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ranks = find_communicator(mpi)
    assert type(ranks) is Ranks and (ranks.rank, ranks.size) == (1, 3)


@pytest.mark.parametrize("environment", [{}, {"PMI_SIZE": "1"}, {"OMPI_COMM_WORLD_SIZE": "1"}],
                         ids=str)
def test_one_process_does_not_import_mpi4py(monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert type(find_communicator()) is Alone


def test_another_mpi_library_is_refused(monkeypatch):
    monkeypatch.setenv("PMI_SIZE", "4")
    with pytest.raises(ValueError, match="mpiexec started 4 processes, but mpi4py sees 3: they "
                                         "belong to different MPI libraries"):
        find_communicator()


def test_a_missing_mpi_library_is_named(monkeypatch):
    class Broken:
        def __getattr__(self, name):
            raise RuntimeError("cannot load MPI library")

    monkeypatch.setitem(sys.modules, "mpi4py", Broken())
    with pytest.raises(ValueError, match=r"need mpi4py and an MPI library \(cannot load MPI"):
        find_communicator(mpi=True)


# ---- messages ------------------------------------------------------------------------------------

@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_every_rank_gets_what_all_have(size):
    def work(ranks):
        assert list(ranks.own("abcdefg")) == list(np.array_split(list("abcdefg"), size)[ranks.rank])
        return (ranks.gather(ranks.own(iter("abcdefg"))), ranks.gather(ranks.own("a")),
                ranks.largest(ranks.rank), ranks.largest(-ranks.rank),
                ranks.from_first(lambda: [ranks.rank]))

    assert on_ranks(size, work) == [(list("abcdefg"), ["a"], size - 1, 0, [0])] * size


def test_rank_0_alone_calls_what_it_is_to_make():
    called = []
    on_ranks(3, lambda ranks: ranks.from_first(lambda: called.append(ranks.rank)))
    assert called == [0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_trees_of_all_ranks_are_summed_in_place(dtype):
    def work(ranks):
        W, v, b = (np.full(shape, value, dtype) for shape, value in (
            ((2, 3), 1 + ranks.rank), ((3, 2), 10 + ranks.rank), ((2,), 100)))
        for _ in range(2):                                      # the buffer is used again
            grads = {"layers": [{"W": W.T}, {"v": v}], "b": b}
            assert ranks.sum_gradients(grads) is grads
        return W, v, b

    for W, v, b in on_ranks(3, work):
        assert (W == 3 * (1 + 2 + 3)).all() and (v == 3 * (10 + 11 + 12)).all()
        assert (b == 9 * 100).all() and W.dtype == v.dtype == b.dtype == dtype


def test_numbers_that_differ_in_the_last_bit_are_noticed():
    """In any leaf, on any rank; every rank hears of it."""
    def work(ranks, leaf=None, rank=None):
        tree = {"a": np.ones((2, 3), np.float32).T, "b": [np.arange(3.0), np.zeros(2)]}
        if ranks.rank == rank:
            array = tree["a"] if leaf == "a" else tree["b"][leaf]
            array[-1] = np.nextafter(array[-1], array.dtype.type(9))
        try:
            return ranks.check_same(tree, "the model at step 3")
        except ValueError as error:
            return str(error)

    assert on_ranks(3, work) == [None] * 3
    for leaf in ("a", 0, 1):
        for rank in range(3):
            for said in on_ranks(3, lambda ranks: work(ranks, leaf, rank)):
                assert said.startswith("the model at step 3 is no longer the same on all ranks; "
                                       "use machines of one kind")


# ---- the end -------------------------------------------------------------------------------------

class Output(io.StringIO):
    """A stream that remembers what had been written when it was flushed last."""

    flushed = ""

    def flush(self):
        self.flushed = self.getvalue()


@pytest.mark.parametrize("rank", [0, 1, 2])
@pytest.mark.parametrize("error, status, said", [
    (ValueError("steps is 0"), 2, "albert-np: steps is 0\n"),
    (FloatingPointError("the loss diverges"), 2, "albert-np: the loss diverges\n"),
    (OSError(5, "Input/output error", "text.npy"), 2, "albert-np: text.npy: Input/output error\n"),
    (KeyboardInterrupt(), 130, "albert-np: interrupted\n"),
    (ZeroDivisionError("by nought"), 1, None)], ids=lambda value: type(value).__name__)
def test_the_failure_of_one_rank_ends_them_all(monkeypatch, rank, error, status, said):
    """Rank 0 speaks at once; another one waits, and may have been ended before it speaks.

    Each waits once more between its words and the end: mpiexec passes them on in the meantime.
    """
    ended, slept, out, err = [], [], Output(), Output()
    comm = SimpleNamespace(rank=rank, size=3, Abort=lambda status: ended.append(
        (status, out.flushed, err.flushed, list(slept))))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(distributed.time, "sleep", slept.append)
    with Ranks(comm).ending_together():
        print("step 7")
        raise error
    (code, printed, complained, waited), = ended
    assert code == status and printed == "step 7\n"
    assert len(waited) == (2 if rank else 1)
    assert all(seconds >= 1 for seconds in waited[:-1]) and 0.1 <= waited[-1] < 1
    if said is None:
        assert complained.startswith("Traceback") and "by nought" in complained
    else:
        assert complained == said


def test_without_a_failure_nobody_is_ended():
    with Ranks(SimpleNamespace(rank=0, size=2)).ending_together():       # it has no Abort
        done = True
    assert done


# ---- work that is shared -------------------------------------------------------------------------

def test_ranks_evaluate_their_own_batches_and_get_the_figures_of_all():
    """Seven batches on three ranks; and on five ranks, of which three have none of two."""
    batches = list(small_batches(np.random.default_rng(0), 7))
    batches[3]["labels"][:] = IGNORED
    model, passes = AlbertForPreTraining(small_config()), []
    expected, few = evaluate(model, batches), evaluate(model, batches[:2])

    def forward(*arguments, forward=model.forward, **others):
        passes.append(1)
        return forward(*arguments, **others)

    model.forward = forward
    assert on_ranks(3, lambda ranks: evaluate(model, iter(batches), ranks)) == [expected] * 3
    assert on_ranks(5, lambda ranks: evaluate(model, batches[:2], ranks)) == [few] * 5
    assert len(passes) == 7 + 2


@pytest.mark.parametrize("size, parts", [(2, 2), (2, 4), (3, 7), (5, 3)])
def test_ranks_share_the_parts_of_a_batch(size, parts):
    """Summed in float64, the gradients are the same, bit for bit, as those of one process."""
    batch = next(small_batches(np.random.default_rng(0)))

    def work(ranks):
        model = AlbertForPreTraining(small_config(hidden_dropout_prob=0.1))
        rngs = [np.random.default_rng(part) for part in range(parts)]
        losses, grads = losses_and_gradients(model, batch, rngs, None, ranks, True)
        return vars(losses), flatten(grads)

    expected, whole = work(Alone())
    for losses, grads in on_ranks(size, work):
        assert losses == expected
        for name, gradient in whole.items():
            assert gradient.dtype == grads[name].dtype == np.float32
            np.testing.assert_array_equal(grads[name], gradient)


# ---- a run ---------------------------------------------------------------------------------------

def test_a_run_of_three_ranks_is_a_run_of_three_parts(corpus, tmp_path, capsys, monkeypatch):
    """Only rank 0 reads, writes and prints; every rank returns the same figures."""
    called = []

    def noting(name, function):
        def call(*arguments, **others):
            called.append(name)
            return function(*arguments, **others)

        return call

    for name in ("claim_folder", "open_run_data", "evaluate_baseline", "release_folder",
                 "save_checkpoint", "write_results", "read_run_options", "newest_checkpoint"):
        monkeypatch.setattr(run, name, noting(name, getattr(run, name)))
    options = {**OPTIONS, "steps": 4, "checkpoint_every": 2, "workers": 1}
    pretrain(tmp_path / "alone", corpus, **options, parts=3, float64_sums=True, progress=False)
    capsys.readouterr()
    once = called[:]
    found = on_ranks(3, lambda ranks: pretrain(tmp_path / "ranks", corpus, **options,
                                               float64_sums=True, communicator=ranks))
    assert called == once * 2 and once.count("save_checkpoint") == 2
    assert json.loads((tmp_path / "ranks" / "options.json").read_text())["parts"] == 3
    assert_same_run(tmp_path / "ranks", tmp_path / "alone")
    assert found[0]["results"] == found[1]["results"] == found[2]["results"]
    said = capsys.readouterr().out
    for words in ("corpus     ", "tokenizer  ", "baseline   bigram", "parameters: hidden",
                  "step      1 of", "step      4   held out", "The run is in"):
        assert said.count(words) == 1, words

    (tmp_path / "ranks" / "model.safetensors").unlink()
    (tmp_path / "ranks" / "results.json").unlink()
    called.clear()
    again = on_ranks(3, lambda ranks: resume(tmp_path / "ranks", ranks, progress=False))
    assert called == ["read_run_options", "newest_checkpoint", "open_run_data",
                      *["evaluate_baseline"] * 2, "release_folder", "write_results"]
    for result in again:
        assert result["results"]["held_out"]["loss"] == found[0]["results"]["held_out"]["loss"]
    assert_same_run(tmp_path / "ranks", tmp_path / "alone")
