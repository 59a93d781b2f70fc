"""The training loop of fine-tuning in detail: batches, steps, what it keeps and what it shows."""

import inspect
from types import SimpleNamespace

import numpy as np
import pytest

from albert_np import AlbertForSequenceClassification
from albert_np.gradcheck.one_check import small_config
from albert_np.optim import SGD, AdamW
from albert_np.parameters import flatten
from albert_np.tasks.finetuning import trainer
from albert_np.tasks.finetuning.batches import epoch_batches
from albert_np.tasks.finetuning.outputs import outputs_of, padded_batch
from albert_np.tasks.finetuning.parallel import losses_and_gradients
from albert_np.tasks.finetuning.state import Progress
from albert_np.tasks.finetuning.trainer import original_optimizer, steps_of, train_epochs
from albert_np.tasks.metrics import Figure

CONFIG = small_config(num_labels=2, max_position_embeddings=12, initializer_range=0.3,
                      hidden_dropout_prob=0.0, classifier_dropout_prob=0.0)
LABELS = ("labels",)


def small_model():
    return AlbertForSequenceClassification(CONFIG, dtype=np.float64)


def some_examples(count):
    rng = np.random.default_rng(0)
    return [{"input_ids": rng.integers(5, 17, n), "token_type_ids": np.zeros(n, int),
             "attention_mask": np.ones(n, int), "labels": np.int64(n % 2)}
            for n in rng.integers(3, 12, count)]


def collate(examples, length):
    return padded_batch(CONFIG, examples, LABELS, length)


def trained(examples, **options):
    model = small_model()
    options = {"epochs": 1, "batch_size": 2, "rng": np.random.default_rng(1), "progress": False,
               **options}
    return train_epochs(model, examples, collate, SGD(model.params, lr=0.01), **options)


# ---- batches -------------------------------------------------------------------------------------

def test_a_batch_has_the_longest_first_and_neighbours_in_length():
    """Two windows of 3 batches of 4, and a rest: each window is cut from the longest on."""
    lengths = np.random.default_rng(1).permutation(27) + 3
    batches = epoch_batches(lengths, 4, np.random.default_rng(5), window=3)
    assert sorted(len(batch) for batch in batches) == [3, 4, 4, 4, 4, 4, 4]
    order = np.random.default_rng(5).permutation(27)
    expected = []
    for window in (order[:12], order[12:24], order[24:]):
        near = sorted(window, key=lambda i: -lengths[i])
        expected += [near[first:first + 4] for first in range(0, len(near), 4)]
    assert sorted(map(list, batches)) == sorted(map(list, expected))
    assert list(map(list, batches)) != list(map(list, expected))         # shuffled once more


def test_equally_long_examples_are_as_they_were_drawn():
    lengths = np.arange(300) % 3
    batch, = epoch_batches(lengths, 300, np.random.default_rng(3))
    drawn = np.random.default_rng(3).permutation(300).tolist()
    assert batch.tolist() == sorted(drawn, key=lambda i: -lengths[i])


def test_fifty_batches_are_sorted_together():
    lengths = np.arange(120)
    batches = epoch_batches(lengths, 1, np.random.default_rng(0))
    assert len(batches) == 120
    same = epoch_batches(lengths, 1, np.random.default_rng(0), window=50)
    other = epoch_batches(lengths, 1, np.random.default_rng(0), window=49)
    assert batches == same != other


@pytest.mark.parametrize("examples, batch_size, epochs, steps", [
    (7, 3, 2, 6), (6, 3, 2, 4), (1, 3, 5, 5), (3, 3, 1, 1), (4, 1, 1, 4)])
def test_steps_are_counted_before_they_are_taken(examples, batch_size, epochs, steps):
    rows = some_examples(examples)
    assert steps_of(rows, batch_size, epochs) == steps
    assert len(trained(rows, batch_size=batch_size, epochs=epochs)["steps"]) == steps


def test_the_optimizer_of_the_original():
    """Table 14 of the paper's style: warm-up, a line down to 0, AdamW with a decay of 0.01."""
    optimizer = original_optimizer({"W": np.ones((2, 2))}, 1.0, 55)
    assert type(optimizer) is AdamW and optimizer.weight_decay == 0.01
    expected = [t / 5 if t < 5 else 1 - t / 55 for t in range(56)]       # a tenth of 55, cut
    assert [optimizer.lr(t) for t in range(56)] == pytest.approx(expected)


# ---- parts of a batch ----------------------------------------------------------------------------

def test_every_part_gets_every_nth_example_at_the_length_of_the_longest():
    seen, examples = [], some_examples(5)
    longest = max(len(example["input_ids"]) for example in examples)

    def watched(chosen, length):
        seen.append(([number for number, example in enumerate(examples)
                      if any(example is one for one in chosen)], length))
        return collate(chosen, length)

    losses_and_gradients(small_model(), examples, watched, [None] * 3)
    assert seen == [([0, 3], longest), ([1, 4], longest), ([2], longest)]
    seen.clear()
    loss, grads = losses_and_gradients(small_model(), examples[:1], watched, [None] * 3)
    assert [chosen for chosen, _ in seen] == [[0]]               # two parts have nothing to do
    assert type(loss) is float and flatten(grads)


def test_choices_are_as_long_as_their_longest_text():
    """Whatever their number is; and without a label there is no loss."""
    asked = []
    model = SimpleNamespace(label_counts=lambda part: {"labels": 0})
    found = losses_and_gradients(model, [{"input_ids": np.zeros((4, n))} for n in (3, 7, 5)],
                                 lambda examples, length: asked.append(length), [None] * 2)
    assert asked == [7, 7] and np.isnan(found[0]) and found[1] is None


def test_padding_up_to_a_length(rng):
    example, = some_examples(1)
    n = len(example["input_ids"])
    plain, longer = padded_batch(CONFIG, [example], ()), padded_batch(CONFIG, [example], LABELS, 12)
    assert set(plain) == {"input_ids", "token_type_ids", "attention_mask"}
    assert plain["input_ids"].shape == (1, n) and longer["input_ids"].shape == (1, 12)
    assert longer["labels"].tolist() == [example["labels"]]
    assert longer["attention_mask"].sum() == n
    assert (longer["input_ids"][0, n:] == CONFIG.pad_token_id).all()


def test_predicting_keeps_nothing_for_a_backward_pass():
    asked = []

    def forward(**inputs):
        asked.append(inputs)
        return SimpleNamespace(logits=inputs["input_ids"][:, 0]), None

    model = SimpleNamespace(config=CONFIG, forward=forward)
    examples = some_examples(6)
    found = outputs_of(model, examples, ("logits",))
    assert found == [(example["input_ids"][0],) for example in examples]
    assert all(inputs["recompute"] is True and "labels" not in inputs for inputs in asked)
    assert outputs_of(model, [], ("logits",)) == []


# ---- the history ---------------------------------------------------------------------------------

def test_the_history_says_when_what_was_reached():
    figures = iter([Figure(0.5, 0.25, 0.75), Figure(0.25), Figure(0.75, 0.5, 1.0)])
    history = trained(some_examples(5), epochs=3, evaluate=lambda: next(figures))
    assert [row["step"] for row in history["steps"]] == list(range(1, 10))
    assert all(set(row) == {"step", "loss", "learning_rate", "gradient_norm", "seconds"}
               for row in history["steps"])
    assert [(row["epoch"], row["step"], row["value"], row["low"], row["high"])
            for row in history["epochs"]] == [
        (1, 3, 0.5, 0.25, 0.75), (2, 6, 0.25, None, None), (3, 9, 0.75, 0.5, 1.0)]
    seconds = [row["seconds"] for row in [*history["steps"][:3], history["epochs"][0],
                                          *history["steps"][3:6], history["epochs"][1]]]
    assert 0 < seconds[0] and seconds == sorted(seconds) and seconds[-1] < 60
    assert history["best_epoch"] == 3
    assert trained(some_examples(3))["best_epoch"] is None       # nothing was evaluated


def test_without_an_evaluation_the_last_parameters_stay():
    model = small_model()
    before, last = flatten(small_model().params), []
    train_epochs(model, some_examples(4), collate, SGD(model.params, lr=0.1), epochs=3,
                 batch_size=2, rng=np.random.default_rng(0), progress=False,
                 on_best=lambda *_: last.append(1))
    assert not last and any(not np.array_equal(leaf, before[name])
                            for name, leaf in flatten(model.params).items())


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_patience_counts_epochs_from_the_best(patience):
    values = iter([0.1, 0.5, 0.5, 0.4, 0.3, 0.2])
    history = trained(some_examples(2), epochs=6, evaluate=lambda: Figure(next(values)),
                      patience=patience)
    assert len(history["epochs"]) == 2 + patience and history["best_epoch"] == 2


def test_the_figure_of_the_best_epoch_is_handed_on():
    figures, handed = [Figure(0.1), Figure(0.3), Figure(0.2)], []
    coming = iter(figures)
    trained(some_examples(2), epochs=3, evaluate=lambda: next(coming),
            on_best=lambda epoch, figure: handed.append((epoch, figure)))
    assert handed == [(1, figures[0]), (2, figures[1])]


def test_numbers_that_overflow_give_no_warning():
    """The loss tells if training has gone wrong; the logits of an evaluation may be anything."""
    def evaluate():
        too_large = np.exp(np.array([1000.0]))
        return Figure(float(np.isnan(too_large - too_large)[0]))

    assert trained(some_examples(2), evaluate=evaluate)["epochs"][0]["value"] == 1


# ---- what it shows -------------------------------------------------------------------------------

class Bar:
    """A bar that keeps what it is told."""

    def __init__(self):
        self.steps, self.lines, self.beside = 0, [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def update(self):
        self.steps += 1

    def set_postfix_str(self, text):
        self.beside.append((self.steps, text))

    def write(self, line):
        self.lines.append(line)


@pytest.fixture
def bar(monkeypatch):
    """A `Bar`, with the arguments of its making."""
    bar = Bar()

    def make(steps, taken, progress):
        bar.made, bar.taken = (steps, progress), taken
        return bar

    monkeypatch.setattr(trainer, "progress_bar", make)
    return bar


def test_a_line_for_each_epoch(bar):
    figures = iter([Figure(0.5, 0.25, 0.75), Figure(0.5), Figure(0.75)])
    history = trained(some_examples(4), epochs=3, evaluate=lambda: next(figures), progress=True)
    losses = [row["loss"] for row in history["steps"]]
    assert bar.made == (6, True) and bar.steps == 6
    assert bar.lines == [
        f"epoch   1 of 3   loss {np.mean(losses[:2]):.4f}   development part "
        "0.500 [0.250, 0.750]   best so far",
        f"epoch   2 of 3   loss {np.mean(losses[:4]):.4f}   development part 0.500",
        f"epoch   3 of 3   loss {np.mean(losses):.4f}   development part 0.750   best so far"]
    silent = trained(some_examples(4), evaluate=lambda: Figure(0.5))
    assert len(bar.lines) == 3 and bar.made == (2, False) and silent["best_epoch"] == 1


def test_the_mean_loss_of_the_last_fifty_steps_beside_the_bar(bar):
    history = trained(some_examples(7), batch_size=1, epochs=10)
    losses = [row["loss"] for row in history["steps"]]
    assert bar.beside == [(n, f"loss {np.mean(losses[max(0, n - 50):n]):.3f}")
                          for n in (20, 40, 60)]


def test_a_bar_and_the_time_go_on_where_they_stopped(bar):
    """In epoch 2 of 3, after three of four steps and 1,000 seconds."""
    model, examples = small_model(), some_examples(4)
    optimizer, at = SGD(model.params, lr=0.01), Progress()
    rng = np.random.default_rng(1)

    def stop(at, epoch_ended):
        if optimizer.steps == 3:
            raise KeyboardInterrupt

    common = dict(epochs=3, batch_size=2, at=at)
    with pytest.raises(KeyboardInterrupt):
        train_epochs(model, examples, collate, optimizer, rng=rng, on_step=stop, **common)
    assert bar.taken == 0 and (at.epoch, at.batches) == (2, 1)
    at.history["steps"][-1]["seconds"] = 1000.0
    told = []
    history = train_epochs(model, examples, collate, optimizer, rng=rng, **common,
                           on_step=lambda at, ended: told.append((at.epoch, at.batches, ended)))
    assert bar.taken == 3 and bar.made == (6, True)
    assert told == [(2, 2, False), (3, 0, True), (3, 1, False), (3, 2, False), (4, 0, True)]
    assert [row["step"] for row in history["steps"]] == [1, 2, 3, 4, 5, 6]
    assert 1000 <= history["steps"][3]["seconds"] < 1060


def test_a_line_and_a_bar_unless_they_are_not_wanted():
    defaults = {name: parameter.default
                for name, parameter in inspect.signature(train_epochs).parameters.items()}
    assert defaults["progress"] is True and defaults["dropout"] is True
    assert defaults["max_gradient_norm"] == 1.0 and defaults["workers"] == 1
    assert defaults["accumulation_steps"] == 1 and defaults["patience"] is None
    assert defaults["trained"] is None
