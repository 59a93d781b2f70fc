"""Several processes are one run: the same weights, the same files, one end."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from test_pretraining import small_batches, small_config
from test_resume import OPTIONS, assert_same_run, newest

from albert_np.commands.cli import main
from albert_np.models import AlbertForPreTraining
from albert_np.parameters import flatten
from albert_np.pretraining import find_communicator, pretrain, resume
from albert_np.pretraining.distributed import Alone
from albert_np.pretraining.parallel import losses_and_gradients

pytest.importorskip("sentencepiece")

pytestmark = pytest.mark.usefixtures("no_pictures")

MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join(
    [str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
# Starting processes under MPI, which needs the extra and an MPI library.
mpi = pytest.mark.mpi
needs_mpi = pytest.mark.skipif(
    MPIEXEC is None or importlib.util.find_spec("mpi4py") is None,
    reason="mpi4py or mpiexec is not installed")

# Begins the run, or goes on with it; what is to disturb it happens on every rank before.
RUN = """
import os, signal, sys
from pathlib import Path
from albert_np.pretraining import RunStopped, find_communicator, pretrain, results, resume, trainer
output, corpus, options, disturb = Path(sys.argv[1]), sys.argv[2], eval(sys.argv[3]), sys.argv[4]
results.plot_losses = lambda *arguments: None     # takes longer than all the steps
ranks = find_communicator()
exec(disturb)
with ranks.ending_together():
    try:
        if (output / "options.json").exists():
            resume(output, ranks, progress=False)
        else:
            pretrain(output, corpus, **options, communicator=ranks, progress=False)
    except RunStopped as stop:
        sys.exit(128 + stop.signal)
"""

# In step 8, rank 1 does something.
IN_STEP_8 = """
original, calls = trainer.losses_and_gradients, []
def disturbed(*arguments):
    calls.append(1)
    if len(calls) == 8 and ranks.rank == 1:
        {deed}
    return original(*arguments)
trainer.losses_and_gradients = disturbed
"""

# Between what a rank says and the end of all there is time for another to say the same.
SLOW_END = """
import time
class Slow:
    comm = ranks.comm
    def __getattr__(self, name):
        if name == "Abort":
            time.sleep(0.5)
        return getattr(self.comm, name)
ranks.comm = Slow()
"""


def start(ranks, *arguments):
    """Run Python with these arguments on so many ranks."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]),
                   "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                   "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}
    return subprocess.run([MPIEXEC, "-n", str(ranks), sys.executable, *map(str, arguments)],
                          env=environment, capture_output=True, text=True, timeout=60)


def run(ranks, folder, corpus, disturb="", **changes):
    options = {**OPTIONS, "workers": 1, **changes}
    return start(ranks, "-c", RUN, folder, corpus, options, disturb)


# ---- one process ---------------------------------------------------------------------------------

def test_a_process_that_was_not_started_by_mpiexec_is_alone(monkeypatch):
    for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    alone, grads = find_communicator(), {"W": np.ones(3)}
    assert type(alone) is Alone and (alone.rank, alone.size) == (0, 1)
    assert alone.sum_gradients(grads) is grads and (grads["W"] == 1).all()
    assert alone.own([4, 5]) == alone.gather([4, 5]) == [4, 5]
    assert alone.largest(7) == alone.from_first(lambda: 7) == 7
    with pytest.raises(OSError), alone.ending_together():
        raise OSError


def test_several_processes_without_mpi4py_are_refused(monkeypatch):
    monkeypatch.setenv("PMI_SIZE", "4")
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ValueError, match="need mpi4py .* pip install mpi4py mpich"):
        find_communicator()


class Pretended(Alone):
    """One of several ranks, whose sums somebody else makes."""

    def __init__(self, rank, size):
        self.rank, self.size = rank, size

    def own(self, items):
        return np.array_split(np.asarray(items), self.size)[self.rank]


def test_the_shares_of_the_ranks_add_up_to_the_whole():
    """Also where the rows of the batch are too few to give every part one."""
    model = AlbertForPreTraining(small_config(), seed=1)
    batch = next(small_batches(np.random.default_rng(0)))
    B = len(batch["input_ids"])
    for parts in (3, B + 2):
        whole = flatten(losses_and_gradients(model, batch, [None] * parts)[1])
        shares = [flatten(losses_and_gradients(model, batch, [None] * parts, None,
                                               Pretended(rank, 3))[1]) for rank in range(3)]
        for name, gradient in whole.items():
            np.testing.assert_allclose(sum(share[name] for share in shares), gradient,
                                       rtol=1e-4, atol=1e-6)


def test_float64_sums_are_rounded_once():
    model = AlbertForPreTraining(small_config(), seed=1)
    batch = next(small_batches(np.random.default_rng(0)))
    rounded = flatten(losses_and_gradients(model, batch, [None] * 3, None, Alone(), True)[1])
    by_hand = [flatten(losses_and_gradients(model, batch, [None] * 3, None, Pretended(rank, 3))[1])
               for rank in range(3)]
    for name, gradient in rounded.items():
        expected = sum(part[name].astype(np.float64) for part in by_hand)
        assert gradient.dtype == np.float32 and (gradient == expected.astype(np.float32)).all()


class Doubling:
    """A communicator of two ranks, of which the other one always has what this one has."""

    rank, size = 0, 2

    def __init__(self):
        self.sent = []

    def Allreduce(self, send, buffer):
        self.sent.append((buffer.dtype, buffer.size))
        buffer *= 2


def test_sums_are_made_in_the_dtype_of_the_gradients(monkeypatch):
    """Trees of other sizes and dtypes follow each other; each is sent in a buffer of its own kind.

    In float32, 1 + 2^-40 would be 1.
    """
    monkeypatch.setitem(sys.modules, "mpi4py", SimpleNamespace(MPI=SimpleNamespace(IN_PLACE=None)))
    from albert_np.pretraining.distributed import Ranks

    ranks, small = Ranks(Doubling()), 2.0**-40
    kinds = [(np.float64, 3), (np.float32, 3), (np.float64, 3), (np.float64, 5), (np.float32, 5),
             (np.float32, 2), (np.float32, 2)]
    for dtype, n in kinds:
        W, b = np.full((2, n), 1 + small, dtype), np.arange(2 * n, dtype=dtype)[::2]
        summed = ranks.sum_gradients({"a": [W], "b": b})
        assert summed["b"] is b and summed["a"][0] is W and W.dtype == dtype
        assert (W == dtype(2) * dtype(1 + small)).all() and b.tolist() == list(range(0, 4 * n, 4))
    assert ranks.comm.sent == [(np.dtype(dtype), 3 * n) for dtype, n in kinds]    # one message each
    assert (W == 2).all() and np.float64(1 + small) != 1 == np.float32(1 + small)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_the_shares_of_all_ranks_are_the_whole_in_order(monkeypatch, size):
    monkeypatch.setitem(sys.modules, "mpi4py", SimpleNamespace(MPI=SimpleNamespace(IN_PLACE=None)))
    from albert_np.pretraining.distributed import Ranks

    for count in range(12):
        shares = [Ranks(SimpleNamespace(rank=rank, size=size)).own(range(count))
                  for rank in range(size)]
        assert [item for share in shares for item in share] == list(range(count))
        sizes = [len(share) for share in shares]
        assert sizes == sorted(sizes, reverse=True) and sizes[0] - sizes[-1] <= 1


# ---- several -------------------------------------------------------------------------------------

METHODS = """
import numpy as np
from albert_np.pretraining import find_communicator
ranks = find_communicator()
assert ranks.size == 3
assert ranks.own(range(7)) == [[0, 1, 2], [3, 4], [5, 6]][ranks.rank]
assert ranks.gather(ranks.own("abcdefg")) == list("abcdefg")
assert ranks.gather(ranks.own("a")) == ["a"]
assert ranks.largest(-ranks.rank) == 0 and ranks.largest(ranks.rank) == 2
assert ranks.from_first(lambda: [ranks.rank]) == [0]
for dtype, small in ((np.float32, 2.0**-20), (np.float64, 2.0**-50)):
    W, b = np.full((2, 3), small, dtype), np.arange(4, dtype=dtype)[::2]
    if ranks.rank == 1:
        W[0, 0] = 1                                 # the sum of 1 and twice something small
    grads = {"a": [W], "b": b}
    for repeat in (1, 3):                           # the buffer is used again
        summed = ranks.sum_gradients(grads)
        assert summed is grads and summed["b"] is b and W.dtype == dtype
        assert (W[1] == np.array(3 * repeat * small, dtype)).all()
        assert (W[0, 0] == np.array(repeat * (1 + 2 * small), dtype)) and 1 + 2 * small > 1
        assert (b == 3 * repeat * np.array([0, 2])).all()
    ranks.check_same(grads, "the tree")
try:
    ranks.check_same({"W": np.full(2, float(ranks.rank == 2))}, "the tree")
except ValueError as error:
    assert str(error).startswith("the tree is no longer the same on all ranks")
else:
    assert False
"""


@mpi
@needs_mpi
def test_the_methods_of_a_communicator():
    done = start(3, "-c", METHODS)
    assert done.returncode == 0, done.stderr


@mpi
@needs_mpi
def test_two_ranks_are_two_threads(corpus, undisturbed, tmp_path):
    done = run(2, tmp_path / "run", corpus)
    assert done.returncode == 0, done.stderr
    assert_same_run(tmp_path / "run", undisturbed)


@mpi
@needs_mpi
def test_with_float64_sums_nothing_depends_on_the_number_of_ranks(corpus, tmp_path):
    done = run(3, tmp_path / "ranks", corpus, workers=2, float64_sums=True, steps=20)
    assert done.returncode == 0, done.stderr
    pretrain(tmp_path / "alone", corpus, **{**OPTIONS, "steps": 20}, parts=6, float64_sums=True,
             progress=False)
    assert_same_run(tmp_path / "ranks", tmp_path / "alone")


@pytest.fixture(scope="module")
def killed(corpus, tmp_path_factory):
    """A run of two ranks, one of which was killed in step 8."""
    folder = tmp_path_factory.mktemp("killed") / "run"
    done = run(2, folder, corpus, IN_STEP_8.format(deed="os.kill(os.getpid(), signal.SIGKILL)"))
    assert done.returncode != 0 and newest(folder) == 6
    return folder


@mpi
@needs_mpi
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_a_killed_rank_loses_nothing_that_was_saved(killed, corpus, undisturbed, tmp_path, ranks):
    """Its end is the end of all; then as many processes go on, or more, or a single one."""
    shutil.copytree(killed, tmp_path / "run")
    if ranks == 1:
        resume(tmp_path / "run", progress=False)
    else:
        done = run(ranks, tmp_path / "run", corpus)
        assert done.returncode == 0, done.stderr
    assert_same_run(tmp_path / "run", undisturbed)


@mpi
@needs_mpi
@pytest.mark.thorough
def test_twenty_kills_of_any_rank_change_nothing(corpus, tmp_path):
    """At random moments, each a little after the run has got further than before."""
    changes = dict(checkpoint_every=1, steps=160)
    pretrain(tmp_path / "undisturbed", corpus, **{**OPTIONS, **changes}, progress=False)
    random, pids, kills = np.random.default_rng(0), tmp_path / "pids", 0
    pids.mkdir()
    note = f"Path({str(pids)!r}, str(ranks.rank)).write_text(str(os.getpid()))"
    while True:
        before = newest(tmp_path / "run")
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(run, 2, tmp_path / "run", corpus, note, **changes)
            while not future.done() and newest(tmp_path / "run") == before:
                time.sleep(0.001)
            time.sleep(random.uniform(0, 0.01))
            if kills < 20 and not future.done():
                os.kill(int((pids / str(random.integers(2))).read_text()), signal.SIGKILL)
                kills += 1
            if future.result().returncode == 0:
                break
    assert kills == 20
    assert_same_run(tmp_path / "run", tmp_path / "undisturbed")
    assert not list((tmp_path / "run").rglob("*.damaged"))


@mpi
@needs_mpi
def test_a_signal_to_one_rank_stops_all_after_the_same_step(corpus, undisturbed, tmp_path):
    done = run(2, tmp_path / "run", corpus,
               IN_STEP_8.format(deed="os.kill(os.getpid(), signal.SIGTERM)"))
    assert done.returncode == 143 and newest(tmp_path / "run") == 8, done.stderr
    assert run(2, tmp_path / "run", corpus).returncode == 0
    assert_same_run(tmp_path / "run", undisturbed)


@mpi
@needs_mpi
@pytest.mark.parametrize("disturb, changes, sentence", [
    (SLOW_END, dict(learning_rate=1e30), "the loss is nan and the gradient norm nan at step"),
    (IN_STEP_8.format(deed="raise OSError(5, 'Input/output error', 'text.npy')"), {},
     "text.npy: Input/output error\n")])
def test_what_goes_wrong_is_said_once(corpus, tmp_path, disturb, changes, sentence):
    """By rank 0 where all find the same fault, by the only one that does where there is one."""
    done = run(2, tmp_path / "run", corpus, disturb, **changes)
    assert done.returncode != 0 and done.stderr.count("albert-np: ") == 1, done.stderr
    assert f"albert-np: {sentence}" in done.stderr and "Traceback" not in done.stderr


@mpi
@needs_mpi
def test_the_command_prints_and_writes_once(corpus, tmp_path):
    """Started by mpiexec as two processes it takes one thread in each, alone it takes two."""
    command = ["pretrain", "--corpus", corpus, "--vocab-size", 45, "--steps", 6,
               "--max-seq-length", 16]
    done = start(2, "-m", "albert_np", *command, "--output", tmp_path / "ranks")
    assert done.returncode == 0, done.stderr
    for sentence in ("corpus     ", "step      6   held out: ", "The run is in ", "Held-out text "):
        assert done.stdout.count(sentence) == 1, done.stdout
    assert main([*map(str, command), "--output", str(tmp_path / "alone"), "--quiet"]) == 0
    assert_same_run(tmp_path / "ranks", tmp_path / "alone")

    done = start(2, "-m", "albert_np", *command, "--output", tmp_path / "ranks")
    assert done.returncode != 0 and done.stderr.count("albert-np: the folder ") == 1
