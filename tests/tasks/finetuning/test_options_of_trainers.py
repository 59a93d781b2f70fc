"""Options that people know from other trainers."""

import json

import numpy as np
import pytest

pytest.importorskip("sklearn")

from toys import MODEL

from albert_np import AlbertModel
from albert_np.commands.cli import main
from albert_np.optim import LAMB, SGD, Adam, AdamW
from albert_np.parameters import flatten
from albert_np.tasks.datasets import Classification, Splits
from albert_np.tasks.finetuning import TASKS, finetune, trainer
from albert_np.tasks.finetuning.data import load_splits, repeated
from albert_np.tasks.finetuning.trainer import original_optimizer

QUICK = dict(config=MODEL, vocab_size=45, epochs=2, batch_size=16, learning_rate=2e-3,
             settings={"max_length": 16})


def write(path, numbers):
    """Rows with their number in letters; every second text has a "list"."""
    words = "the a name file is not of and returns if then opened".split()
    path.write_text("".join(
        f"{words[i % 12]} {words[i // 12 % 12]} {'list' if i % 2 else 'copy'} {words[i // 7 % 12]}"
        f"\t{'with' if i % 2 else 'without'}\n" for i in numbers))
    return path


@pytest.fixture
def rows(tmp_path):
    return write(tmp_path / "rows.tsv", range(144))


def test_a_dev_part_from_elsewhere(tmp_path, rows):
    task, dev = TASKS["classification"], write(tmp_path / "own.tsv", range(144, 154))
    whole, other = load_splits(task, rows), load_splits(task, rows, dev=dev)
    assert [row.text for row in other.dev] == [row.text for row in task.read(dev, {})]
    assert other.test == whole.test and sorted(map(repr, other.train)) == sorted(
        map(repr, [*whole.train, *whole.dev]))
    for part in ("train", "dev"):
        write(tmp_path / f"{part}.tsv", range(20))
    folder = load_splits(task, tmp_path, dev=dev)             # its own dev part is not learnt from
    assert len(folder.train) == 20 and folder.dev == other.dev


def test_repeated_rows_are_said():
    def row(text, pair=None):
        return Classification(text, pair, "x")

    train = [row("a"), row("b"), row("c", "d")]
    splits = Splits(train, [row("a"), row("e"), row("c")], [row("c", "d"), row("b"), row("b")], ())
    assert list(repeated(splits)) == [
        "1 of 3 rows of the dev part are training rows too, word for word; its figures are too "
        "high",
        "3 of 3 rows of the test part are training rows too, word for word; its figures are too "
        "high"]
    assert list(repeated(Splits(train, [row("e")], [], ()))) == []


@pytest.mark.parametrize("kind, made", [("adamw", AdamW), ("lamb", LAMB), ("adam", Adam),
                                        ("sgd", SGD)])
@pytest.mark.parametrize("schedule", ["linear", "constant"])
def test_optimisers_and_schedules(kind, made, schedule):
    optimizer = original_optimizer({"W": np.ones((2, 2))}, 0.5, 20, 0.25, 0.125, kind, schedule)
    assert type(optimizer) is made and getattr(optimizer, "weight_decay", 0.125) == 0.125
    assert [optimizer.lr(t) for t in (0, 1, 4, 5, 10, 19, 20)] == pytest.approx(
        [0, 0.1, 0.4, *([0.375, 0.25, 0.025, 0] if schedule == "linear" else [0.5] * 4)])


def test_a_run_with_all_of_them(tmp_path, rows, capsys):
    dev = write(tmp_path / "own.tsv", range(10))                            # rows to learn from too
    results = finetune("classification", tmp_path / "run", data=rows, dev=dev, optimizer="adam",
                       schedule="constant", best_by="matthews", **QUICK)
    assert "8 of 10 rows of the dev part are training rows too" in capsys.readouterr().out
    assert results["metric"] == "matthews"
    best = max(results["epochs"], key=lambda epoch: epoch["value"])
    assert best["value"] == pytest.approx(results["validation"]["matthews"]["value"])
    rates = [float(line.split(",")[-1]) for line in
             (tmp_path / "run" / "steps.csv").read_text().splitlines()[1:]]
    assert rates[-1] > 0
    for part, count in (("validation", 10), ("test", None)):
        lines = (tmp_path / "run" / f"predictions-{part}.jsonl").read_text("utf-8").splitlines()
        found = [json.loads(line) for line in lines]
        assert count is None or len(found) == count
        right = [row["label"] == row["prediction"]["label"] for row in found]
        assert np.mean(right) == pytest.approx(results[part]["accuracy"]["value"])
        assert set(found[0]) >= {"text", "label", "prediction"}


def test_a_figure_that_is_not_there_is_refused_before_the_first_step(tmp_path, rows, capsys):
    assert main(["finetune", "classification", "--data", str(rows), "--output",
                 str(tmp_path / "run"), "--vocab-size", "45", "--hidden-size", "16", "--heads", "2",
                 "--layers", "1", "--intermediate-size", "20", "--max-length", "16", "--quiet",
                 "--best-by", "bleu"]) == 2
    assert capsys.readouterr().err == ("albert-np: best_by is 'bleu'; the figures of the "
                                       "development part are accuracy, matthews, f1\n")
    assert not (tmp_path / "run" / "epochs.json").exists()


def test_a_frozen_encoder_stays_as_it_is(tmp_path, rows, inference_folder):
    """Only the head learns; embeddings, encoder and pooler are those of the model, bit for bit."""
    before = AlbertModel.from_pretrained(inference_folder).params
    for freeze in (True, False):
        quick = {name: QUICK[name] for name in QUICK if name not in ("config", "vocab_size")}
        model = finetune("classification", tmp_path / f"run-{freeze}", data=rows, freeze=freeze,
                         model=inference_folder, progress=False, **quick)["run_model"]
        for name, leaf in flatten(before).items():
            if name.endswith((".W_q", "word", "pooler.W")):
                assert np.array_equal(flatten(model.params)[name], leaf) == freeze, name
        head = model.params["classification_head"]
        assert head["b"].any()                              # it was 0


def test_portions_of_a_batch_give_the_gradient_of_the_whole(tmp_path, rows, monkeypatch):
    counts, original = [], trainer.generators
    monkeypatch.setattr(trainer, "generators",
                        lambda rng, count: counts.append(count) or original(rng, count))
    quick = {**QUICK, "config": {**MODEL, "hidden_dropout_prob": 0.0}, "optimizer": "sgd",
             "epochs": 1}
    one, several = (finetune("classification", tmp_path / f"run-{n}", data=rows, workers=1,
                             accumulation_steps=n, progress=False, **quick)["run_model"]
                    for n in (1, 4))
    for name, leaf in flatten(one.params).items():
        np.testing.assert_allclose(flatten(several.params)[name], leaf, atol=1e-5, err_msg=name)
    assert set(counts) == {1, 4}
