"""Worker processes that share memory: the same results as threads, and nobody is left behind."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from test_pretraining import small_batches

from albert_np import AlbertForPreTraining
from albert_np.gradcheck.one_check import small_config
from albert_np.optim import AdamW
from albert_np.parameters import count, flatten, tree_map
from albert_np.pretraining import part_processes, train
from albert_np.pretraining.parallel import losses_and_gradients, work_out_part
from albert_np.pretraining.part_processes import PartProcesses, pool_of_workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are not copied here")


def trained(dtype=np.float32, **options):
    model = AlbertForPreTraining(small_config(hidden_dropout_prob=0.2), dtype=dtype)
    before = {name: id(leaf) for name, leaf in flatten(model.params).items()}
    rows = train(model, AdamW(model.params, lr=0.01), small_batches(np.random.default_rng(0), 4), 4,
                 rng=np.random.default_rng(1), progress=False, **options)
    assert {name: id(leaf) for name, leaf in flatten(model.params).items()} == before
    return flatten(model.params), [row["loss"] for row in rows]


@pytest.mark.parametrize("options", [
    {}, {"accumulation_steps": 2}, {"parts": 3}, {"parts": 1}, {"recompute": True},
    {"float64_sums": True}, {"workers": 3}, {"workers": 3, "parts": 7}, {"dtype": np.float64},
    {"float64_sums": True, "recompute": True, "parts": 11}], ids=str)
def test_processes_compute_what_threads_compute(options, monkeypatch):
    options = {"workers": 2, **options}
    params, losses = trained(**options)
    monkeypatch.setattr(part_processes, "SMALL", 0)
    expected, expected_losses = trained(**options)
    assert losses == expected_losses and len(set(losses)) == 4
    for name in expected:
        assert np.array_equal(params[name], expected[name]), name
    assert multiprocessing.active_children() == []


def test_who_gets_threads(monkeypatch):
    model = AlbertForPreTraining(small_config())

    def kind(workers=2, alone=True):
        with pool_of_workers(work_out_part, model, workers, alone) as pool:
            return type(pool)

    assert kind() is PartProcesses
    assert kind(workers=1) is kind(alone=False) is ThreadPoolExecutor
    size = count(model.params)
    for small, expected in ((size, PartProcesses), (size - 1, ThreadPoolExecutor)):
        monkeypatch.setattr(part_processes, "SMALL", small)
        assert kind() is expected


@pytest.mark.parametrize("module, name, value", [
    (sys, "platform", "darwin"),                         # where a copy of a process is not safe
    (multiprocessing, "current_process", lambda: SimpleNamespace(daemon=True))],
    ids=["another system", "a process that may have no children"])
def test_processes_that_cannot_be_copied_get_threads(monkeypatch, module, name, value):
    model = AlbertForPreTraining(small_config())
    with monkeypatch.context() as patch:
        patch.setattr(module, name, value)
        with pool_of_workers(work_out_part, model, 2) as pool:
            assert type(pool) is ThreadPoolExecutor


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_items_come_back_in_order_with_the_parameters_of_now(workers):
    """However many there are; parameters may have any shape, and different dtypes."""
    def work(model, number):
        return number, tree_map(lambda leaf: leaf * leaf.dtype.type(number), model.params)

    params = {"W": np.arange(6.0).reshape(2, 3), "none": np.zeros((0, 4), np.float32),
              "b": [np.ones(2, np.float32), np.array(2.0)]}
    model = SimpleNamespace(params=params)
    with PartProcesses(work, model, workers) as pool:
        for items in (0, 1, 2, 3, 7, 4):
            params["W"] += 1
            params["b"][1][...] = items
            found = [(answer, tree_map(np.copy, grads))
                     for answer, grads in pool.map([(number,) for number in range(items)])]
            assert [answer for answer, _ in found] == list(range(items))
            for number, grads in found:
                expected = flatten(work(model, number)[1])
                for name, leaf in flatten(grads).items():
                    assert leaf.dtype == expected[name].dtype
                    assert np.array_equal(leaf, expected[name]), name


def test_a_worker_has_one_thread_and_does_not_warn():
    """An overflow is noticed by the training loop, and would be an error here."""
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def work(model, number):
        threads = {pool["num_threads"] for pool in threadpoolctl.threadpool_info()
                   if pool["user_api"] == "blas"}
        with np.errstate(**{} if number else dict(over="ignore")):       # the first item is ours
            return threads, {"W": model.params["W"] * np.float32(1e38)}

    model = SimpleNamespace(params={"W": np.full(2, 3e38, np.float32)})
    with threadpoolctl.threadpool_limits(2, user_api="blas"), PartProcesses(work, model, 3) as pool:
        (ours, _), *others = pool.map([(number,) for number in range(3)])
    assert ours == {2} and [threads for threads, _ in others] == [{1}] * 2


def test_an_error_of_a_worker_is_raised_here():
    model = AlbertForPreTraining(small_config())
    batch = next(small_batches(np.random.default_rng(0)))
    batch["input_ids"][-1, 0] = 10**6                       # in the second half
    with (pool_of_workers(work_out_part, model, 2) as pool,
          pytest.raises(ValueError, match="1000000")):
        losses_and_gradients(model, batch, [None, None], pool)


def test_after_an_error_no_answer_is_taken_for_a_later_one():
    """The first part fails here while the worker computes the second, whose answer would stay."""
    model = AlbertForPreTraining(small_config())
    good, bad = (next(small_batches(np.random.default_rng(0))) for _ in range(2))
    bad["input_ids"][0, 0] = 10**6
    with pool_of_workers(work_out_part, model, 2) as pool:
        with pytest.raises(ValueError, match="1000000"):
            losses_and_gradients(model, bad, [None, None], pool)
        with pytest.raises(ChildProcessError):
            losses_and_gradients(model, good, [None, None], pool)


def test_a_worker_that_was_killed_is_told():
    model = AlbertForPreTraining(small_config())
    batch = next(small_batches(np.random.default_rng(0)))
    with pool_of_workers(work_out_part, model, 3) as pool:
        losses_and_gradients(model, batch, [None] * 3, pool)
        pool.processes[1].kill()
        with pytest.raises(ChildProcessError, match="a worker process of the training has ended"):
            for _ in range(3):
                losses_and_gradients(model, batch, [None] * 3, pool)


def test_workers_end_at_once_under_a_handler_of_signals():
    """A run that notes signals and has no step left ends its workers before they have begun."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        model = AlbertForPreTraining(small_config())
        for _ in range(20):
            with pool_of_workers(work_out_part, model, 3) as pool:
                pass
            assert not any(process.is_alive() for process in pool.processes)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_signal_to_all_processes_is_left_to_the_first():
    """It ends the step that it is in, and for this it needs its workers."""
    model = AlbertForPreTraining(small_config())
    batch = next(small_batches(np.random.default_rng(0)))
    with pool_of_workers(work_out_part, model, 2) as pool:
        expected = losses_and_gradients(model, batch, [None] * 2, pool)[0]
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(pool.processes[0].pid, number)
            assert losses_and_gradients(model, batch, [None] * 2, pool)[0] == expected


def test_python_ends_though_nobody_has_ended_the_workers():
    script = SCRIPT.replace("with ", "context = ").replace(
        " as pool:", "\npool = context.__enter__()").replace("\n    ", "\n").replace("60", "0")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0 and done.stderr == ""
    assert not any(_runs(int(worker)) for worker in done.stdout.split())


SCRIPT = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)   # ignored in the background of a shell
from albert_np import AlbertForPreTraining
from albert_np.gradcheck.one_check import small_config
from albert_np.pretraining.part_processes import pool_of_workers
with pool_of_workers(None, AlbertForPreTraining(small_config()), 3) as pool:
    print(*(process.pid for process in pool.processes), flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number, status", [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_workers_end_with_the_first_process(number, status):
    first = subprocess.Popen([sys.executable, "-c", SCRIPT], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, start_new_session=True)
    workers = [int(word) for word in first.stdout.readline().split()]
    assert len(workers) == 2
    if number == signal.SIGINT:
        os.killpg(first.pid, number)                       # a terminal sends it to all of them
    else:
        first.kill()
    errors = first.communicate(timeout=20)[1]
    assert first.returncode in (status, -number)
    assert len(re.findall("Traceback", errors)) == (number == signal.SIGINT)
    deadline = time.monotonic() + 20
    while any(_runs(worker) for worker in workers):
        assert time.monotonic() < deadline, "a worker is left"
        time.sleep(0.01)


def _runs(process):
    try:
        with open(f"/proc/{process}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
