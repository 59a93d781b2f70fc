"""``--teacher``: what the teacher says, the loss of the student, and what is refused."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sentencepiece")
pytest.importorskip("sklearn")

from toys import MODEL, write_rows, write_toy

from albert_np import AlbertForSequenceClassification
from albert_np.commands.cli import main
from albert_np.files.threads import one_thread_each
from albert_np.functional import softmax_forward
from albert_np.gradcheck.one_check import small_config
from albert_np.parameters import flatten
from albert_np.tasks.datasets import Classification, Splits
from albert_np.tasks.finetuning import (TASKS, distilling, finetune, report, resume, run,
                                        trainer)
from albert_np.tasks.finetuning.distilling import Student, load_teacher
from albert_np.tasks.finetuning.parallel import losses_and_gradients
from albert_np.tasks.finetuning.predicting import load_for_task

QUICK = {"config": {**MODEL, "hidden_dropout_prob": 0.1}, "vocab_size": 45,
         "settings": {"max_length": 20}, "progress": False, "batch_size": 8,
         "learning_rate": 3e-3}
STUDENT = {**QUICK, "config": {**MODEL, "hidden_size": 16, "embedding_size": 16,
                               "num_hidden_layers": 1, "hidden_dropout_prob": 0.2},
           "vocab_size": 40, "epochs": 2}


class Killed(BaseException):
    """What no one catches."""


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch):
    for name in ("draw_training", "draw_predictions"):
        monkeypatch.setattr(report, name, lambda *arguments: None)


@pytest.fixture(scope="module")
def teachers(tmp_path_factory):
    """For each task its data and a run that has learnt a little from them, with dropout."""
    folder, found = tmp_path_factory.mktemp("teachers"), {}
    with pytest.MonkeyPatch.context() as patch:
        without_pictures.__wrapped__(patch)
        for task in distilling.TASKS_WITH_TEACHER:
            (folder / task).mkdir()
            splits = write_toy(task, folder / task / "data", train=40, others=8)
            finetune(task, folder / task / "run", data=folder / task / "data", epochs=1, **QUICK)
            found[task] = SimpleNamespace(splits=splits, data=folder / task / "data",
                                          run=folder / task / "run")
    return found


@pytest.fixture
def begun(monkeypatch):
    """``begun(task, folder, **options)``: the arguments of the training loop; it does not run."""
    def begin(task, folder, **options):
        found = SimpleNamespace()

        def train(model, examples, collate, *arguments, **others):
            found.model, found.examples, found.collate = model, examples, collate
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(run, "train_epochs", train)
            with pytest.raises(Killed):
                finetune(task, folder, **{**STUDENT, **options})
        return found
    return begin


# ---- the teacher ---------------------------------------------------------------------------------

@pytest.mark.parametrize("task", distilling.TASKS_WITH_TEACHER)
def test_each_example_has_what_the_teacher_says_about_its_row(teachers, begun, tmp_path, task):
    """Read with the teacher's own tokenizer, without dropout, whatever the order of the batch."""
    one = teachers[task]
    found = begun(task, tmp_path / "run", data=one.data, teacher=one.run)
    loaded = load_for_task(one.run)
    assert loaded.tokenizer.vocab_size > found.model.model.config.vocab_size
    assert loaded.model.config.hidden_dropout_prob > 0
    with one_thread_each():                          # as in a run: the sums have the same order
        said = loaded.task.predict(loaded.model, loaded.tokenizer, one.splits.train,
                                   loaded.settings)
    chosen = [29, 3, 17, 0]
    batch = found.collate([found.examples[i] for i in chosen], None)
    assert batch["input_ids"].shape[0] == 4
    for i, logits in zip(chosen, batch["teacher_logits"]):
        if task == "similarity":
            assert said[i] == {"score": float(logits[0])}
        else:
            p = (softmax_forward(logits.astype(float))[0] if task == "classification"
                 else 1 / (1 + np.exp(-logits.astype(float))))
            np.testing.assert_allclose(p, list(said[i]["probabilities"].values()), rtol=1e-12)
    again = begun(task, tmp_path / "again", data=one.data, teacher=one.run, workers=1)
    assert all((a["teacher_logits"] == b["teacher_logits"]).all()
               for a, b in zip(found.examples, again.examples))


def test_labels_in_another_order_are_put_in_order(teachers):
    one = teachers["classification"]
    rows = one.splits.train[:5]
    logits, reversed_logits = (load_teacher(one.run, "classification",
                                            Splits(rows, rows, [], labels), False).logits(rows)
                               for labels in (("no", "yes"), ("yes", "no")))
    assert np.ptp(logits, axis=1).min() > 0
    assert (reversed_logits == logits[:, ::-1]).all()


def refused(*words):
    """The sentence of a command that is refused."""
    return main(["finetune", *map(str, words)])


def test_teachers_that_do_not_fit_are_refused_in_a_sentence(teachers, tmp_path, capsys):
    one, others = teachers["classification"], tmp_path / "others"
    others.mkdir()
    for part, rows in (("train", one.splits.train), ("dev", one.splits.dev)):
        write_rows("classification", [Classification(row.text, label=f"{row.label}!")
                                      for row in rows], others, part)
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    for part, rows in (("train", one.splits.train), ("dev", one.splits.dev)):
        lines = [{"text": row.text, "text_pair": row.text, "label": row.label} for row in rows]
        (pairs / f"{part}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    teacher, similarity = one.run, teachers["similarity"].run
    for data, name, sentence in (
            (others, teacher, f"--teacher {teacher} has the labels no, yes, but the training rows "
             f"have no!, yes!; they must be the same"),
            (one.data, similarity, f"--teacher {similarity} is a model for the task similarity; it "
             f"must be one for the task classification"),
            (pairs, teacher, f"--teacher {teacher} has learnt from single texts, but the training "
             f"rows are pairs of texts")):
        assert refused("classification", "--data", data, "--teacher", name, "--output",
                       tmp_path / "run") == 2
        assert capsys.readouterr().err == f"albert-np: {sentence}\n"
        assert not (tmp_path / "run").exists()
    assert refused("classification", "--data", one.data, "--teacher", tmp_path / "none",
                   "--output", tmp_path / "run") == 2
    error = capsys.readouterr().err
    assert str(tmp_path / "none") in error and error.count("\n") == 1


@pytest.mark.parametrize("words, sentence", [
    (["classification", "--temperature", "3"], "--temperature is for learning from a teacher; name "
     "one with --teacher, or remove --temperature"),
    (["classification", "--teacher-weight", "1"], "--teacher-weight is for learning from a "
     "teacher; name one with --teacher, or remove --teacher-weight"),
    (["entities", "--teacher", "runs/x"], "--teacher is for the tasks classification, multi-label, "
     "similarity; for the task entities there is no such training"),
    (["similarity", "--teacher", "runs/x", "--temperature", "2"], "--temperature is for "
     "probabilities; the teacher of the task similarity gives scores, so remove --temperature")])
def test_options_that_do_not_go_together(words, sentence, capsys):
    assert refused(*words, "--data", "x") == 2
    assert capsys.readouterr().err == f"albert-np: {sentence}\n"


@pytest.mark.parametrize("option, value", [("--temperature", "0"), ("--temperature", "1001"),
                                           ("--teacher-weight", "-0.1"),
                                           ("--teacher-weight", "1.1")])
def test_numbers_beyond_their_limits(option, value, capsys):
    assert refused("classification", "--data", "x", "--teacher", "runs/x", option, value) == 2
    error = capsys.readouterr().err
    assert value in error and error.count("\n") == 1


# ---- the loss of the student ---------------------------------------------------------------------

PROBLEMS = {"single_label_classification": 4, "multi_label_classification": 3, "regression": 1}


def student_and_examples(problem, temperature, teacher_weight):
    """A student in float64, some examples, and their batch."""
    rng, K = np.random.default_rng(0), PROBLEMS[problem]
    model = AlbertForSequenceClassification(
        small_config(num_labels=K, problem_type=problem, initializer_range=0.5), seed=1,
        dtype=np.float64)
    examples = []
    for length in (7, 6, 6, 5, 3):
        labels = {"single_label_classification": rng.integers(K), "regression": rng.random(),
                  "multi_label_classification": rng.integers(0, 2, K).astype(float)}[problem]
        examples.append({"input_ids": rng.integers(5, model.config.vocab_size, length),
                         "token_type_ids": np.zeros(length, int),
                         "attention_mask": np.ones(length, int), "labels": np.asarray(labels),
                         "teacher_logits": 2 * rng.standard_normal(K)})
    task = TASKS["multi-label" if problem.startswith("multi") else "classification"]

    def collate(chosen, length=None):
        return {**task.collate(model.config, chosen, length),
                "teacher_logits": np.stack([one["teacher_logits"] for one in chosen])}

    return Student(model, temperature, teacher_weight), examples, collate


def loss_by_hand(problem, logits, batch, temperature, alpha):
    """The definition, with probabilities."""
    labels, t = batch["labels"], batch["teacher_logits"]
    if problem == "regression":
        return ((1 - alpha) * (logits[:, 0] - labels)**2
                + alpha * (logits - t)[:, 0]**2).mean()
    if problem == "single_label_classification":
        p, q = softmax_forward(logits / temperature)[0], softmax_forward(t / temperature)[0]
        label_losses = -np.log(softmax_forward(logits)[0][np.arange(len(labels)), labels])
        return ((1 - alpha) * label_losses
                + alpha * temperature**2 * (q * np.log(q / p)).sum(axis=-1)).mean()
    yes, p, q = (1 / (1 + np.exp(-z)) for z in (logits, logits / temperature, t / temperature))
    label_losses = -(labels * np.log(yes) + (1 - labels) * np.log(1 - yes))
    divergences = q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p))
    return ((1 - alpha) * label_losses + alpha * temperature**2 * divergences).mean()


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_loss_and_its_gradient(problem):
    """The parts of a batch add up; along a random direction the slope is that of the loss."""
    temperature, alpha = 3.0, 0.3
    student, examples, collate = student_and_examples(problem, temperature, alpha)
    batch = collate(examples)
    inputs = {name: batch[name] for name in ("input_ids", "token_type_ids", "attention_mask")}
    logits = student.model.forward(**inputs)[0].logits
    expected = loss_by_hand(problem, logits, batch, temperature, alpha)
    for parts in (1, 2, 3):
        loss, grads = losses_and_gradients(student, examples, collate, [None] * parts)
        assert loss == pytest.approx(expected, rel=1e-12)
        if parts == 1:
            whole = flatten(grads)
        for name, leaf in flatten(grads).items():
            np.testing.assert_allclose(leaf, whole[name], rtol=1e-9, atol=1e-12)

    rng, leaves = np.random.default_rng(5), flatten(student.params)
    direction = {name: rng.standard_normal(leaf.shape) for name, leaf in leaves.items()}
    slope = sum((whole[name] * direction[name]).sum() for name in leaves)

    def moved(h):
        for name, leaf in leaves.items():
            leaf += h * direction[name]
        value = float(student.forward(**batch)[0].loss)
        for name, leaf in leaves.items():
            leaf -= h * direction[name]
        return value

    numerical = (8 * (moved(1e-5) - moved(-1e-5)) - (moved(2e-5) - moved(-2e-5))) / 12e-5
    assert abs(slope - numerical) / (abs(slope) + abs(numerical)) < 1e-7


def test_weights_of_labels_weigh_both_terms():
    student, examples, collate = student_and_examples("single_label_classification", 2.0, 0.4)
    batch, w = collate(examples), np.array([3.0, 1.0, 0.0, 0.5, 2.0])
    losses = [float(student.forward(**collate([one]))[0].loss) for one in examples]
    found = student.forward(**batch, label_weights=w)[0].loss
    assert float(found) == pytest.approx(np.average(losses, weights=w))


def test_parts_of_a_batch_with_weights_of_labels_add_up():
    student, examples, collate = student_and_examples("single_label_classification", 2.0, 0.4)
    for example, weight in zip(examples, [3.0, 1.0, 0.0, 0.5, 2.0]):
        example["label_weights"] = np.asarray(weight)
    whole, grads = losses_and_gradients(student, examples, collate, [None])
    for parts in (2, 3):
        loss, found = losses_and_gradients(student, examples, collate, [None] * parts)
        assert loss == pytest.approx(whole, rel=1e-12)
        for name, leaf in flatten(found).items():
            np.testing.assert_allclose(leaf, flatten(grads)[name], rtol=1e-9, atol=1e-12)


def test_the_numbers_of_the_options_reach_the_loss(teachers, begun, tmp_path):
    one = teachers["classification"]
    usual = begun("classification", tmp_path / "usual", data=one.data, teacher=one.run).model
    assert (usual.temperature, usual.teacher_weight) == (2, 0.5)
    own = begun("classification", tmp_path / "own", data=one.data, teacher=one.run,
                temperature=5.0, teacher_weight=1.0).model
    assert (own.temperature, own.teacher_weight) == (5, 1)
    assert not isinstance(begun("classification", tmp_path / "none", data=one.data).model, Student)


# ---- a run ---------------------------------------------------------------------------------------

SAME = ("model.safetensors", "config.json", "predictions-validation.jsonl", "epochs.json",
        "predictions-test.jsonl")


@pytest.mark.slow
def test_a_run_with_a_teacher(teachers, tmp_path, monkeypatch, capsys):
    """What it keeps and says; killed and resumed it is the same bit for bit."""
    one, folder, killed = teachers["classification"], tmp_path / "run", tmp_path / "killed"
    options = {**STUDENT, "data": one.data, "teacher": one.run, "temperature": 3.0,
               "class_weights": "balanced", "checkpoint_every": 2}
    results = finetune("classification", folder, **{**options, "progress": True})
    said = capsys.readouterr().out
    loaded = load_for_task(one.run)
    parameters = sum(leaf.size for leaf in flatten(loaded.model.params).values())
    assert f"teacher    {parameters:,} parameters, {one.run}\n" in said and "(teacher)\n" in said
    found = loaded.task.figures(one.splits.test, loaded.task.predict(
        loaded.model, loaded.tokenizer, one.splits.test, loaded.settings), ("no", "yes"))
    assert results["teacher"]["parameters"] == parameters > 2 * results["parameters"]
    assert results["teacher"]["figures"]["accuracy"]["value"] == found["accuracy"].value
    for written in ("options.json", "results.json"):
        read = json.loads((folder / written).read_text("utf-8"))
        read = read.get("options", read)
        assert (read["teacher"], read["temperature"]) == (str(one.run), 3.0)
        assert read["teacher_weight"] is None

    original, left = trainer.losses_and_gradients, [7]

    def counted(*arguments):
        left[0] -= 1
        if not left[0]:
            raise Killed
        return original(*arguments)

    monkeypatch.setattr(trainer, "losses_and_gradients", counted)
    with pytest.raises(Killed):
        finetune("classification", killed, **options)
    shutil.copytree(killed, tmp_path / "other")
    resume(killed, progress=False)
    for name in SAME:
        assert (killed / name).read_bytes() == (folder / name).read_bytes(), name

    moved = tmp_path / "teacher"                    # another teacher in the place of the first
    shutil.copytree(one.run, moved)
    read = json.loads((tmp_path / "other" / "options.json").read_text())
    (tmp_path / "other" / "options.json").write_text(json.dumps({**read, "teacher": str(moved)}))
    model = AlbertForSequenceClassification.from_pretrained(moved)
    model.params["classification_head"]["b"] += 1
    model.save_pretrained(moved)
    with pytest.raises(ValueError, match="its teacher are not those that this run began with"):
        resume(tmp_path / "other", progress=False)


@pytest.mark.slow
def test_without_weight_the_teacher_changes_nothing(teachers, tmp_path):
    """The same training as without it, but for rounding."""
    one, curves = teachers["classification"], []
    for name, more in (("alone", {}), ("taught", {"teacher": one.run, "teacher_weight": 0.0})):
        finetune("classification", tmp_path / name, data=one.data, **{**STUDENT, **more})
        lines = (tmp_path / name / "steps.csv").read_text().splitlines()[1:]
        curves.append([float(line.split(",")[1]) for line in lines])
    np.testing.assert_allclose(*curves, rtol=1e-3)
    assert len(curves[0]) == 10


@pytest.mark.slow
@pytest.mark.parametrize("task", ["multi-label", "similarity"])
def test_other_tasks_with_a_teacher(teachers, tmp_path, task):
    """From the teacher alone the student comes closer to what the teacher says."""
    one = teachers[task]
    results = finetune(task, tmp_path / "run", data=one.data, teacher=one.run, **{
        **STUDENT, "epochs": 6, "teacher_weight": 1.0})
    losses = [float(line.split(",")[1])
              for line in (tmp_path / "run" / "steps.csv").read_text().splitlines()[1:]]
    assert len(losses) == 30 and np.mean(losses[-5:]) < np.mean(losses[:5])
    assert results["teacher"]["figures"].keys() == results["test"].keys()


def test_a_model_of_scores_from_elsewhere_may_teach(teachers, tmp_path):
    """Without the settings of a run its class and its kind of problem say what it is for."""
    one = teachers["similarity"]
    shutil.copytree(one.run, tmp_path / "other", ignore=shutil.ignore_patterns("task.json"))
    assert load_for_task(tmp_path / "other").settings.task == "classification"
    other, own = (load_teacher(name, "similarity", Splits([], [], [], ()), True)
                  for name in (tmp_path / "other", one.run))
    assert other.loaded.task is TASKS["similarity"]
    rows = [Classification("the list", "a copy"), Classification("a name", "new file")]
    assert (other.logits(rows) == own.logits(rows)).all() and other.logits(rows).shape == (2, 1)
    with pytest.raises(ValueError, match="is a model for the task similarity; it must be one for"):
        load_teacher(tmp_path / "other", "classification", Splits([], [], [], ("a", "b")), True)
