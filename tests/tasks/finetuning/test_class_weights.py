"""``--class-weights balanced``: which weights there are, and that the loss gets them."""

import numpy as np
import pytest

class_weight = pytest.importorskip("sklearn.utils.class_weight")
pytest.importorskip("sentencepiece")

from toys import MODEL, write_toy

from albert_np.commands.cli import main
from albert_np.functional import softmax_forward
from albert_np.tasks.finetuning import TASKS, finetune, run
from albert_np.tasks.finetuning.class_weights import balanced_weights
from albert_np.tasks.finetuning.parallel import losses_and_gradients


class Begun(Exception):
    """Training would begin now."""


def test_the_weights_of_scikit_learn(rng):
    labels = np.append(rng.integers(0, 3, 40), [3, 4, 4])
    expected = class_weight.compute_class_weight("balanced", classes=np.arange(5), y=labels)
    np.testing.assert_allclose(balanced_weights(labels, 5), expected, rtol=1e-14)
    for labels, missing in (([0, 2], 1), ([0, 1, 1], 2), ([1, 2], 0)):
        with pytest.raises(ValueError, match=f"class {missing} has no label"):
            balanced_weights(labels, 3)


def test_the_loss_is_weighted(tmp_path, monkeypatch, capsys):
    """In any division of a batch; without the option each row has the same weight."""
    splits, found = write_toy("classification", tmp_path / "data", train=30, others=6), {}

    def train(model, examples, *arguments, **others):
        found.update(model=model, examples=examples)
        raise Begun

    monkeypatch.setattr(run, "train_epochs", train)
    for weights in (None, "balanced"):
        with pytest.raises(Begun):
            finetune("classification", tmp_path / f"run-{weights}", data=tmp_path / "data",
                     config=MODEL, vocab_size=45, settings={"max_length": 16},
                     class_weights=weights)
        model, task = found["model"], TASKS["classification"]
        labels = np.array([("no", "yes").index(row.label) for row in splits.train])
        w = np.ones(2) if weights is None else 30 / (2 * np.bincount(labels))
        said = f"weights    no {w[0]:.3g}, yes {w[1]:.3g}\n" in capsys.readouterr().out
        assert said == (weights is not None) and np.ptp(labels)

        def collate(*chosen, config=model.config):
            return task.collate(config, *chosen)

        batch = found["examples"][:7]
        p, _ = softmax_forward(model.forward(**{
            name: array for name, array in collate(batch).items()
            if name not in ("labels", "label_weights")})[0].logits.astype(np.float64))
        losses = -np.log(p[range(7), labels[:7]])
        for parts in (1, 2, 3):
            loss, grads = losses_and_gradients(model, batch, collate, [None] * parts)
            assert loss == pytest.approx(np.average(losses, weights=w[labels[:7]]), rel=1e-5)
            assert grads["classification_head"]["W"].dtype == np.float32


def test_other_tasks_have_no_weights(capsys):
    assert main(["finetune", "similarity", "--data", "stsb", "--class-weights", "balanced"]) == 2
    assert capsys.readouterr().err == ("albert-np: class_weights are weights of the classes of the "
                                       "task classification; the task similarity has none\n")
