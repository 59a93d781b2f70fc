"""The arguments of the training loop, and a loop that goes on where another one stopped."""

import contextlib
import multiprocessing
import re

import numpy as np
import pytest
from test_pretraining import small_batches

from albert_np import AlbertForPreTraining
from albert_np.gradcheck.one_check import small_config
from albert_np.optim import SGD, AdamW
from albert_np.parameters import flatten
from albert_np.pretraining import train
from albert_np.pretraining.distributed import Alone
from albert_np.pretraining.metrics import from_matrix, to_matrix
from albert_np.pretraining.parallel import losses_and_gradients


class OneOf(Alone):
    """A process that says there are others, and does the work of all."""

    def __init__(self, size):
        self.size = size


def rows_of_each_pass(ranks=1, **options):
    """How many sequences each forward pass of a step of 24 sequences reads."""
    model, rows = AlbertForPreTraining(small_config()), multiprocessing.SimpleQueue()
    batch = {name: np.tile(array, (3, 1)[:array.ndim])
             for name, array in next(small_batches(np.random.default_rng(0))).items()}
    batch["sentence_order_label"] = np.resize(batch["sentence_order_label"], 24)

    def forward(*arguments, forward=model.forward, **others):
        rows.put(len(others["input_ids"]))               # perhaps from another process
        return forward(*arguments, **others)

    model.forward = forward
    train(model, AdamW(model.params), iter([batch]), 1, progress=False,
          communicator=OneOf(ranks), **options)
    found = []
    while not rows.empty():
        found.append(rows.get())
    return found


@pytest.mark.parametrize("options, parts", [
    ({}, 1), (dict(workers=3), 3), (dict(accumulation_steps=4), 4),
    (dict(workers=2, accumulation_steps=3), 6), (dict(ranks=6), 6),
    (dict(workers=2, accumulation_steps=2, ranks=2), 8),
    (dict(workers=2, accumulation_steps=3, parts=4), 4)], ids=str)
def test_into_how_many_parts_a_batch_is_divided(options, parts):
    assert rows_of_each_pass(**options) == [24 // parts] * parts


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_only_a_process_that_trains_alone_may_be_copied(monkeypatch, ranks):
    seen = []

    def pool_of_workers(work, model, workers, alone):
        seen.append((workers, alone))
        return contextlib.nullcontext()

    monkeypatch.setattr("albert_np.pretraining.trainer.pool_of_workers", pool_of_workers)
    trained(1, workers=2, communicator=OneOf(ranks))
    assert seen == [(2, ranks == 1)]


def trained(steps=3, dropout=0.2, **options):
    model = AlbertForPreTraining(small_config(hidden_dropout_prob=dropout))
    rows = train(model, AdamW(model.params), small_batches(np.random.default_rng(0), steps), steps,
                 rng=np.random.default_rng(1), progress=False, **options)
    return flatten(model.params), rows


def equal(one, other):
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_the_same_parts_give_the_same_weights_whoever_works_them_out():
    expected, _ = trained(parts=6)
    for options in (dict(workers=2, accumulation_steps=3), dict(accumulation_steps=6),
                    dict(workers=3, parts=6), dict(recompute=True, parts=6)):
        assert equal(trained(**options)[0], expected), options
    assert not equal(trained(parts=2)[0], expected)             # other masks
    assert not equal(trained(parts=6, float64_sums=True)[0], expected)


def test_what_a_row_says_of_its_step():
    """Padding counts as tokens, and a batch may be smaller than the one before."""
    batches, model = list(small_batches(np.random.default_rng(0), 2)), AlbertForPreTraining(
        small_config())
    batches[0]["attention_mask"][:, 4:] = 0
    batches[1] = {name: array[:5] for name, array in batches[1].items()}
    rows = train(model, AdamW(model.params), iter(batches), 2, progress=False)
    for row, batch in zip(rows, batches):
        assert row["tokens"] == batch["input_ids"].size and row["split"] == "train"
        assert row["tokens_per_second"] > 0 and row["learning_rate"] > 0
        assert {type(value) for value in row.values()} <= {int, float, str}
    # Each step's speed is that of its own time, and the seconds run on.
    took = [row["tokens"] / row["tokens_per_second"] for row in rows]
    assert np.cumsum(took) == pytest.approx([row["seconds"] for row in rows], abs=1e-6)


def test_an_evaluation_takes_no_time_from_the_speed(monkeypatch):
    """The clock is moved on by 1 s in each step and by 100 s in each evaluation."""
    from albert_np.pretraining import trainer

    now = [0.0]
    monkeypatch.setattr(trainer.time, "perf_counter", lambda: now[0])

    def batches():
        for batch in small_batches(np.random.default_rng(0), 6):
            now[0] += 1
            yield batch

    def evaluation():
        now[0] += 100
        return {"loss": 1.0, "mlm_loss": 1.0, "sop_loss": None, "mlm_accuracy": 0.5,
                "sop_accuracy": None}

    model, earlier = AlbertForPreTraining(small_config()), [
        {"step": 0, "split": "held-out", "loss": 2.0, "seconds": seconds}
        for seconds in (500.0, 1000.0)]
    rows = train(model, AdamW(model.params), batches(), 5, evaluate_every=2, evaluation=evaluation,
                 metrics=earlier, progress=False)
    assert rows is earlier
    assert [(row["step"], row["split"], row["seconds"]) for row in rows[2:]] == [
        (1, "train", 1001), (2, "train", 1002), (2, "held-out", 1102), (3, "train", 1103),
        (4, "train", 1104), (4, "held-out", 1204), (5, "train", 1205), (5, "held-out", 1305)]
    assert {row["tokens_per_second"] for row in rows[2:] if row["split"] == "train"} == {48}


# ---- going on ------------------------------------------------------------------------------------

BAD, FINE = 100.0, 1.0


def a_row(step, loss, split="train"):
    return {"step": step, "split": split, "loss": loss, "mlm_loss": loss, "sop_loss": None,
            "mlm_accuracy": 0.0, "sop_accuracy": None, "learning_rate": 0.0, "gradient_norm": 1.0,
            "tokens": 48, "tokens_per_second": 100.0, "seconds": float(step)}


def go_on(metrics, monkeypatch, losses, sop_weight=1.0, **options):
    """Train on from these rows, where the coming steps have these losses."""
    coming = iter(losses)

    def told(*arguments):
        found, grads = losses_and_gradients(*arguments)
        found.loss = found.mlm_loss = next(coming)
        return found, grads

    monkeypatch.setattr("albert_np.pretraining.trainer.losses_and_gradients", told)
    model = AlbertForPreTraining(small_config(sop_weight=sop_weight))
    optimizer = SGD(model.params, lr=0.0)
    optimizer.steps = max((row["step"] for row in metrics), default=0)
    steps = optimizer.steps + len(losses)
    return train(model, optimizer, small_batches(np.random.default_rng(0), len(losses)), steps,
                 metrics=from_matrix(to_matrix(metrics)), **{"progress": False, **options})


@pytest.mark.parametrize("taken", [0, 1, 12, 19, 30])
def test_divergence_is_noticed_as_if_nothing_had_happened(monkeypatch, taken):
    """After 40 good steps the losses are bad; the run was interrupted in the course of it."""
    losses = [FINE] * 40 + [BAD] * 40
    limit = 3 * (np.log(17) + np.log(2))                       # three times a blind guess
    step = next(i for i in range(20, 80) if np.mean(losses[i - 20:i]) > limit)
    assert 41 < step < 55
    before = [a_row(i + 1, loss) for i, loss in enumerate(losses[:min(step - 1, taken + 30)])]
    with pytest.raises(FloatingPointError, match=f"the loss diverges: it is 100 at step {step}, "):
        go_on(before, monkeypatch, losses[len(before):])


def test_only_training_rows_count_for_divergence(monkeypatch):
    before = []
    for step in range(1, 20):
        before += [a_row(step, BAD), a_row(step, FINE, "held-out")]
    with pytest.raises(FloatingPointError, match="diverges: it is 100 at step 20, "):
        go_on(before, monkeypatch, [BAD, BAD])
    before = [a_row(step, FINE) for step in range(1, 5)]
    before += [a_row(4, 1e6, "held-out")]
    assert len(go_on(before, monkeypatch, [FINE] * 20)) == 25
    # A run that was bad long ago goes on.
    before = [a_row(step, 1e9 if step < 10 else FINE) for step in range(1, 30)]
    assert go_on(before, monkeypatch, [FINE] * 2)[-1]["step"] == 31


def test_lines_say_the_mean_of_the_last_20_steps_across_an_interruption(monkeypatch, capsys):
    losses = [float(step) for step in range(60)]                # the first is 0
    monkeypatch.setattr("albert_np.pretraining.trainer.diverged", lambda *arguments: False)
    for taken in (0, 30, 37, 59):
        capsys.readouterr()
        before = [a_row(step, losses[step - 1]) for step in range(1, taken + 1)]
        go_on(before, monkeypatch, losses[taken:], progress=True)
        lines = re.findall(r"step +(\d+) of 60   MLM loss (\d+\.\d+)", capsys.readouterr().out)
        expected = [(str(step), f"{np.mean(losses[max(0, step - 20):step]):.3f}")
                    for step in range(3, 61, 3) if step > taken]
        assert lines == expected


class Telling:
    """Batches that tell where they come from: epoch, shard and number of the batch."""

    taken = (3, 1, 4)

    def __next__(self):
        return next(small_batches(np.random.default_rng(0)))


@pytest.mark.parametrize("value, sentence", [
    (np.nan, "the loss is nan and the gradient norm nan at step 20 (batch 4 of shard 1 in epoch 3, "
             "counted from 0): the parameter sop_head.b (nan at"),
    (0.0, "at step 20 (batch 4 of shard 1 in epoch 3, counted from 0), where guessing blindly "
          "gives 3.53; a smaller")], ids=["nan", "diverging"])
def test_a_sentence_tells_where_the_batch_comes_from(value, sentence):
    model = AlbertForPreTraining(small_config())
    model.params["sop_head"]["b"][:] = value
    optimizer = SGD(model.params, lr=0.0)
    optimizer.steps = 19
    with pytest.raises(FloatingPointError, match=re.escape(sentence)):
        train(model, optimizer, Telling(), 20, metrics=[a_row(step, BAD) for step in range(1, 20)],
              progress=False)


@pytest.mark.parametrize("weight, loss, diverges", [
    (0.0, 8.6, True), (0.5, 8.6, False), (0.5, 9.6, True), (2.0, 12.6, False), (2.0, 12.7, True)])
def test_a_blind_guess_knows_the_weight_of_the_sentence_order(monkeypatch, weight, loss, diverges):
    """Three times ln 17 + weight x ln 2 is 8.50, 9.54 and 12.66."""
    if diverges:
        with pytest.raises(FloatingPointError, match="the loss diverges"):
            go_on([], monkeypatch, [loss] * 20, sop_weight=weight)
    else:
        assert len(go_on([], monkeypatch, [loss] * 20, sop_weight=weight)) == 20
