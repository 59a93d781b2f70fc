"""A hundred steps of fine-tuning, here and in PyTorch: same start, data, order, hyper-parameters.

Here it is the package's own loop, from rows to losses. On the other side are transformers' model of
the same name and torch.autograd, with the optimiser written from its published formulas in
test_training_alike.
"""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("sklearn")

from both_sides import load_into_torch, one_thread, their_config
from test_training_alike import TorchOptimizer, torch_arguments
from toys import MODEL, WORDS, toy_splits

from albert_np.parameters import cast
from albert_np.tasks.finetuning import TASKS, Settings
from albert_np.tasks.finetuning.batches import epoch_batches
from albert_np.tasks.finetuning.class_weights import add_balanced_weights
from albert_np.tasks.finetuning.start import from_scratch
from albert_np.tasks.finetuning.trainer import original_optimizer, train_epochs
from albert_np.text import AlbertTokenizer, train_tokenizer

pytestmark = pytest.mark.parity

STEPS, EPOCHS, BATCH, RATE = 100, 5, 8, 2e-3


@pytest.mark.parametrize("name", ["classification", "entities", "questions"])
def test_loss_curves_are_alike(name, tmp_path):
    """At each of 100 steps to 1e-8, in float64 without dropout, warm-up and clipping included."""
    found, expected, clipped = both_curves(name, tmp_path)
    assert found.shape == expected.shape == (STEPS,)
    assert np.abs(found - expected).max() <= 1e-8
    assert found[-5:].mean() < found[:5].mean() / 3 and 0 < clipped < STEPS


@pytest.mark.parametrize("name, weighted", [("classification", True), ("multi-label", False)])
def test_the_first_steps_with_other_losses_are_alike(name, weighted, tmp_path):
    """``CrossEntropyLoss(weight=...)`` with balanced weights, and ``BCEWithLogitsLoss``."""
    found, expected, _ = both_curves(name, tmp_path, weighted, epochs=1)
    assert found.shape == expected.shape == (STEPS // EPOCHS,)
    assert np.abs(found - expected).max() <= 1e-8


def both_curves(name, folder, weighted=False, epochs=EPOCHS):
    """The losses here and there, and how many gradients were too long there."""
    task, splits = TASKS[name], toy_splits(name, BATCH * STEPS // EPOCHS, 1)
    labels = task.labels_of(splits.train)
    rng = np.random.default_rng(0)
    train_tokenizer([" ".join(rng.choice(WORDS, 8)) for _ in range(300)], 45, folder / "model")
    tokenizer = AlbertTokenizer(folder / "model")
    model = from_scratch(task.MODEL, MODEL, tokenizer, task.configuration(labels), seed=0)
    model.params = cast(model.params, np.float64)
    examples = [example for row in task.features(tokenizer, splits.train, labels,
                                                 Settings(name, max_length=24)) for example in row]

    examples = examples[:BATCH * STEPS // EPOCHS]           # some rows have two windows
    weights = add_balanced_weights(examples, len(labels)) if weighted else None

    theirs = load_into_torch(model, getattr(transformers, task.MODEL.__name__)(
        their_config(model.config)))
    expected, clipped = train_theirs(theirs, task, model.config, examples, weights, epochs)

    optimizer = original_optimizer(model.params, RATE, STEPS)
    history = train_epochs(model, examples, lambda *chosen: task.collate(model.config, *chosen),
                           optimizer, epochs=epochs, batch_size=BATCH, dropout=False,
                           rng=np.random.default_rng(7), workers=2, progress=False)
    return np.array([row["loss"] for row in history["steps"]]), expected, clipped


def train_theirs(model, task, config, examples, weights, epochs):
    """The loss before each step, and how many gradients were too long."""
    optimizer, rng = TorchOptimizer("adamw", model), np.random.default_rng(7)
    lengths = [example["input_ids"].size for example in examples]
    losses, clipped, step = [], 0, 0
    for _ in range(epochs):
        for indices in epoch_batches(lengths, BATCH, rng):
            batch = task.collate(config, [examples[i] for i in indices])
            batch.pop("label_weights", None)
            inputs = torch_arguments(batch, {}, torch.float64)
            output = model(**inputs)
            loss = output.loss if weights is None else torch.nn.CrossEntropyLoss(
                torch.tensor(weights))(output.logits, inputs["labels"])
            loss.backward()
            norm = torch.sqrt(sum((p.grad**2).sum() for p in model.parameters()
                                  if p.grad is not None))
            clipped += norm.item() > 1
            warm_up = STEPS // 10
            optimizer.step(RATE * step / warm_up if step < warm_up else RATE * (1 - step / STEPS))
            losses.append(loss.item())
            step += 1
    return np.array(losses), clipped
