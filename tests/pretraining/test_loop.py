"""The training loop around its steps: threads, evaluations, when it ends, and what it shows."""

import io
import multiprocessing
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from test_pretraining import small_batches

from albert_np import AlbertForPreTraining
from albert_np.gradcheck.one_check import small_config
from albert_np.optim import SGD
from albert_np.parameters import flatten, tree_map, zeros_like
from albert_np.pretraining import part_processes, train, trainer
from albert_np.pretraining.distributed import Alone
from albert_np.pretraining.parallel import losses_and_gradients
from albert_np.pretraining.step import generators, progress_bar

FIGURES = {"loss": 1.5, "mlm_loss": 1.25, "sop_loss": 0.5, "mlm_accuracy": 0.125,
           "sop_accuracy": 0.75}


def loop(steps, model=None, count=None, **options):
    """Train a small model; ``count`` is how many batches there are."""
    model = model or AlbertForPreTraining(small_config())
    optimizer = SGD(model.params, lr=options.pop("lr", 0.0), momentum=0.0)
    optimizer.steps = options.pop("taken", 0)
    batches = small_batches(np.random.default_rng(0), steps if count is None else count)
    return train(model, optimizer, batches, steps, **{"progress": False, **options})


# ---- what reaches the passes ---------------------------------------------------------------------

@pytest.mark.parametrize("options, recompute, drawn", [
    ({}, False, False), ({"recompute": True}, True, False),
    ({"rng": np.random.default_rng(0)}, False, True)], ids=["neither", "recompute", "dropout"])
def test_recomputation_and_dropout_are_on_only_if_wanted(options, recompute, drawn):
    model, seen = AlbertForPreTraining(small_config(hidden_dropout_prob=0.1)), []

    def forward(*arguments, forward=model.forward, **others):
        seen.append((others["recompute"], others["rng"] is not None))
        return forward(*arguments, **others)

    model.forward = forward
    loop(2, model, **options)
    assert seen == [(recompute, drawn)] * 2


def test_a_batch_is_one_part_without_dropout_unless_told_otherwise():
    """And nothing is computed twice, nor summed in another dtype."""
    model, seen = AlbertForPreTraining(small_config(hidden_dropout_prob=0.1)), []

    def forward(*arguments, forward=model.forward, **others):
        seen.append((len(others["input_ids"]), others["recompute"], others["rng"]))
        return forward(*arguments, **others)

    model.forward = forward
    _, grads = losses_and_gradients(model, next(small_batches(np.random.default_rng(0))))
    assert seen == [(8, False, None)]
    assert {leaf.dtype for leaf in flatten(grads).values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("small", [0, part_processes.SMALL], ids=["threads", "processes"])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_so_many_parts_of_a_batch_are_worked_out_at_once(workers, small, monkeypatch):
    """And never more, however many parts there are."""
    monkeypatch.setattr(part_processes, "SMALL", small)
    shared = multiprocessing.get_context("fork")
    barrier, busy, most = shared.Barrier(workers), shared.Value("i"), shared.SimpleQueue()
    model = AlbertForPreTraining(small_config())

    def forward(*arguments, forward=model.forward, **others):
        with busy:
            busy.value += 1
        barrier.wait(20)                                 # nobody goes on before so many are here
        most.put(busy.value)
        barrier.wait(20)
        result = forward(*arguments, **others)
        with busy:
            busy.value -= 1
        return result

    model.forward = forward
    loop(1, model, workers=workers, accumulation_steps=2)
    assert [most.get() for _ in range(2 * workers)] == [workers] * 2 * workers and most.empty()


def test_gradients_are_clipped_to_1_unless_told_otherwise():
    def moved(**options):
        model = AlbertForPreTraining(small_config(initializer_range=0.5), dtype=np.float64)
        before = flatten(tree_map(np.copy, model.params))
        norm = loop(1, model, lr=1.0, **options)[0]["gradient_norm"]
        squares = sum(((leaf - before[name]) ** 2).sum()
                      for name, leaf in flatten(model.params).items())
        return norm, np.sqrt(squares)

    norm, length = moved()
    assert norm > 1.5 and length == pytest.approx(1)
    assert moved(max_gradient_norm=0.25) == pytest.approx((norm, 0.25))
    assert moved(max_gradient_norm=100.0) == pytest.approx((norm, norm))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name, values, place", [
    ("mlm_head.bias", [3e38, -3e38], "the masked-LM loss"),
    ("encoder.feed_forward.0.feed_forward.W_1", [3e38], "the hidden state after layer 1"),
    ("embeddings.mapping.b", [1e38], "the attention"),
    ("encoder.attention.0.self_attention.W_q", [3e38], "the attention"),
    ("pooler.W", [np.inf], "the parameter pooler.W")])
def test_a_number_that_is_not_finite_gets_a_sentence_and_no_warning(name, values, place, workers):
    model = AlbertForPreTraining(small_config())
    parameter = flatten(model.params)[name]
    parameter[...] = np.resize(values, parameter.shape)
    with pytest.raises(FloatingPointError, match=f"at step 1: {place}"):
        loop(1, model, workers=workers)


@pytest.mark.parametrize("first, second, sum_of_both", [
    (3e38, 3e38, "inf"), (np.inf, -np.inf, "nan")], ids=str)
def test_parts_that_add_up_to_no_number_get_a_sentence_and_no_warning(first, second, sum_of_both):
    model, values = AlbertForPreTraining(small_config()), []

    def backward(*arguments, backward=model.backward, **others):
        grads = backward(*arguments, **others)
        grads["pooler"]["b"][4] = values.pop()
        return grads

    model.backward = backward
    values[:] = [first, second] * 2                      # once more to find where it began
    with pytest.raises(FloatingPointError, match=f"gradient norm {sum_of_both} at step 1: "):
        loop(1, model, accumulation_steps=2)
    assert len(values) == (first == np.inf)              # looked for until one of them is found


def test_a_gradient_that_only_dropout_spoils_is_named():
    """The second time, without dropout, everything is finite."""
    model, values = AlbertForPreTraining(small_config()), [np.inf]

    def backward(*arguments, backward=model.backward, **others):
        grads = backward(*arguments, **others)
        if values:
            grads["pooler"]["b"][4] = values.pop()
        return grads

    model.backward = backward
    with pytest.raises(FloatingPointError, match=r"at step 1: the gradient of pooler.b \(inf at "
                                                 r"\[4\]; .*; without dropout everything is fin"):
        loop(1, model)


# ---- when it evaluates and ends ------------------------------------------------------------------

@pytest.mark.parametrize("taken, every, expected", [
    (0, 2, [2, 4, 5]), (0, 5, [5]), (0, 1, [1, 2, 3, 4, 5]), (0, None, [5]), (0, 9, [5]),
    (0, 0, [5]), (3, 2, [4, 5]), (5, 1, [])])
def test_when_the_loop_evaluates(taken, every, expected):
    seen = []
    rows = loop(5, taken=taken, evaluate_every=every, evaluation=lambda: dict(FIGURES),
                on_step=lambda step, rows, evaluated: seen.append((step, len(rows), evaluated)))
    held_out = [row for row in rows if row["split"] == "held-out"]
    assert [row["step"] for row in held_out] == expected
    assert all(row["seconds"] > 0 and {**row, **FIGURES} == row for row in held_out)
    steps = list(range(taken + 1, 6))
    assert [step for step, _, _ in seen] == steps
    assert [step for step, _, evaluated in seen if evaluated] == expected
    assert [count for _, count, _ in seen] == [              # rows that there are at each step
        step - taken + sum(one <= step for one in expected) for step in steps]


def test_the_last_of_many_steps_is_evaluated():
    rows = loop(1000, taken=999, count=1, evaluation=lambda: dict(FIGURES), evaluate_every=300)
    assert [(row["step"], row["split"]) for row in rows] == [(1000, "train"), (1000, "held-out")]


def test_without_an_evaluation_there_is_none():
    rows = loop(4, evaluate_every=2,
                on_step=lambda step, rows, evaluated: evaluated and pytest.fail("evaluated"))
    assert [row["split"] for row in rows] == ["train"] * 4


def test_the_loop_ends_when_it_is_told():
    """Only on_step can end it early; no further batch is then taken."""
    assert len(loop(5, on_step=lambda step, *others: step == 3)) == 3
    assert len(loop(5, on_step=lambda step, *others: None)) == 5
    rows = loop(5, count=3, on_step=lambda step, *others: step == 3, evaluate_every=3,
                evaluation=lambda: dict(FIGURES))
    assert [row["split"] for row in rows] == ["train"] * 3 + ["held-out"]


# ---- what it shows -------------------------------------------------------------------------------

class Bar:
    """A progress bar that notes what it is told; on a terminal it is not disabled."""

    def __init__(self, terminal):
        self.disable, self.updates, self.postfixes, self.lines = not terminal, 0, [], []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.closed = True

    def update(self):
        self.updates += 1

    def set_postfix_str(self, text):
        self.postfixes.append((self.updates, text))

    def write(self, line):
        self.lines.append((self.updates, line))


def shown(monkeypatch, capsys, steps, terminal, **options):
    """The bar, the printed lines, and the rows of a run; its losses are drawn, not computed."""
    bar, asked, rng = Bar(terminal), [], np.random.default_rng(0)

    def drawn(model, *arguments):
        loss, mlm, sop, share, other = rng.uniform(0.5, 1.5, 5).tolist()
        return SimpleNamespace(loss=loss, mlm_loss=mlm, sop_loss=sop, mlm_accuracy=share,
                               sop_accuracy=other), zeros_like(model.params)

    def progress_bar(*arguments):
        asked.append(arguments)
        return bar

    monkeypatch.setattr(trainer, "losses_and_gradients", drawn)
    monkeypatch.setattr(trainer, "progress_bar", progress_bar)
    rows = loop(steps, evaluation=lambda: dict(FIGURES), evaluate_every=4, **options)
    assert bar.closed and len(asked) == 1
    return bar, capsys.readouterr().out.splitlines(), rows, asked[0]


def recent_losses(rows, step):
    rows = [row for row in rows if row["split"] == "train" and step - 20 < row["step"] <= step]
    mlm, sop, speed = (np.mean([row[name] for row in rows])
                       for name in ("mlm_loss", "sop_loss", "tokens_per_second"))
    return f"MLM loss {mlm:.3f}, SOP loss {sop:.3f}", f", {speed:,.0f} tokens/s"


def test_a_bar_shows_the_recent_losses_at_every_twentieth_step(monkeypatch, capsys):
    bar, lines, rows, asked = shown(monkeypatch, capsys, 45, True, progress=True)
    assert asked == (45, 0, True) and bar.updates == 45 and lines == []
    assert bar.postfixes == [(step, recent_losses(rows, step)[0]) for step in (20, 40)]
    words = ("held out: MLM loss 1.250, accuracy 12.5%;   SOP loss 0.500, accuracy 75.0%")
    assert bar.lines == [(step, f"step {step:6d}   {words}") for step in [*range(4, 45, 4), 45]]


def test_the_bar_of_a_run_that_goes_on_begins_where_it_stopped(monkeypatch, capsys):
    bar, _, rows, asked = shown(monkeypatch, capsys, 45, True, progress=True, taken=30)
    assert asked == (45, 30, True) and bar.updates == 15
    assert bar.postfixes == [(10, recent_losses(rows, 40)[0])]


@pytest.mark.parametrize("steps, every", [(3, 1), (19, 1), (20, 1), (39, 1), (40, 2), (70, 3)])
def test_without_a_terminal_there_is_a_line_at_every_twentieth_of_the_way(monkeypatch, capsys,
                                                                         steps, every):
    bar, lines, rows, _ = shown(monkeypatch, capsys, steps, False, progress=True)
    assert lines == [f"step {step:6d} of {steps}   {''.join(recent_losses(rows, step))}"
                     for step in range(every, steps + 1, every)]
    assert bar.lines


def test_without_progress_nothing_is_shown(monkeypatch, capsys):
    bar, lines, _, asked = shown(monkeypatch, capsys, 21, False, progress=False)
    assert lines == bar.lines == [] and asked == (21, 0, False)


def test_progress_is_shown_at_once_unless_told_otherwise(monkeypatch):
    class Output(io.StringIO):
        def flush(self):
            flushed.append(self.getvalue())

    flushed, model = [], AlbertForPreTraining(small_config())
    monkeypatch.setattr(sys, "stdout", Output())
    train(model, SGD(model.params, lr=0.0), small_batches(np.random.default_rng(0), 1), 1)
    assert flushed[0].startswith("step      1 of 1   MLM loss ") and flushed[0].endswith("/s\n")


@pytest.mark.parametrize("missing, words", [
    ("mlm", "SOP loss 0.500, accuracy 75.0%"), ("sop", "MLM loss 1.250, accuracy 12.5%")])
def test_an_objective_without_figures_is_not_shown(monkeypatch, capsys, missing, words):
    monkeypatch.setitem(FIGURES, f"{missing}_loss", None)
    monkeypatch.setitem(FIGURES, f"{missing}_accuracy", None)
    bar, _, _, _ = shown(monkeypatch, capsys, 1, True, progress=True)
    assert bar.lines == [(1, f"step      1   held out: {words}")]


def test_a_loss_of_0_is_shown(monkeypatch, capsys):
    monkeypatch.setitem(FIGURES, "mlm_loss", 0.0)
    monkeypatch.setitem(FIGURES, "sop_accuracy", 0.0)
    bar, _, _, _ = shown(monkeypatch, capsys, 1, True, progress=True)
    assert bar.lines == [(1, "step      1   held out: MLM loss 0.000, accuracy 12.5%;   "
                             "SOP loss 0.500, accuracy 0.0%")]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_is_drawn_on_a_terminal_only(monkeypatch):
    for stream, progress, drawn in ((Terminal(), True, True), (Terminal(), False, False),
                                    (io.StringIO(), True, False), (io.StringIO(), False, False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress_bar(10, 3, progress) as bar:
            bar.update()
            assert bar.disable is not drawn
        assert ("/10" in stream.getvalue()) == drawn
        assert not drawn or ("4/10" in stream.getvalue() and "step" in stream.getvalue())
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_bar(10) as bar:
        assert (bar.n, bar.total, bool(bar.disable)) == (0, 10, False)


# ---- generators ----------------------------------------------------------------------------------

def test_the_seed_of_a_part_has_at_least_128_bits():
    """With fewer, two of the many parts of a run might get the same masks."""
    class Noting:
        def integers(self, high, size):
            seen.append(size * np.log2(high))
            return np.random.default_rng(len(seen)).integers(high, size=size)

    seen = []
    parts = generators(Noting(), 5)
    assert len(parts) == len(seen) == 5 and min(seen) >= 128
    assert len({part.random() for part in parts}) == 5


def test_every_step_draws_new_masks():
    """Two steps on the same batch, with a learning rate of 0, have different losses by dropout."""
    batch = next(small_batches(np.random.default_rng(0)))
    model = AlbertForPreTraining(small_config(hidden_dropout_prob=0.3))
    rows = train(model, SGD(model.params, lr=0.0), iter([batch] * 3), 3, progress=False,
                 rng=np.random.default_rng(1))
    assert len({row["loss"] for row in rows}) == 3


def test_the_ranks_of_a_communicator_share_the_parts():
    """Each rank of three works out one of the parts, and all of them the same labels."""
    rows = []

    class Rank(Alone):
        def __init__(self, rank):
            self.rank, self.size = rank, 3

        def own(self, items):
            return list(items)[self.rank::3]

    for rank in range(3):
        model = AlbertForPreTraining(small_config())

        def forward(*arguments, forward=model.forward, **others):
            rows.append(others["input_ids"].tolist())
            return forward(*arguments, **others)

        model.forward = forward
        loop(1, model, communicator=Rank(rank))
    batch = next(small_batches(np.random.default_rng(0)))
    assert sum(rows, []) == batch["input_ids"].tolist() and list(map(len, rows)) == [3, 3, 2]
