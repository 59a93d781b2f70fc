"""``--teacher``: what the teacher says, the loss of the student, and what is refused."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sentencepiece")
pytest.importorskip("sklearn")

from toys import MODEL, write_rows, write_toy

from albert_np import AlbertForSequenceClassification, AlbertTokenizer
from albert_np.commands.cli import main
from albert_np.files.threads import one_thread_each
from albert_np.functional import softmax_forward
from albert_np.gradcheck.one_check import small_config
from albert_np.models.loading import DEQUANTIZED
from albert_np.parameters import flatten
from albert_np.tasks.datasets import Classification, Splits
from albert_np.tasks.finetuning import (TASKS, Settings, distilling, finetune, report, resume,
                                        run, trainer)
from albert_np.tasks.finetuning.distilling import (Student, Teacher, add_teacher_logits,
                                                   load_teacher)
from albert_np.tasks.finetuning.options import FinetuningOptions
from albert_np.tasks.finetuning.parallel import losses_and_gradients
from albert_np.tasks.finetuning.predicting import load_for_task
from albert_np.tasks.finetuning.quantizing import quantize_run
from albert_np.tasks.finetuning.state import fingerprint_of

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


def test_what_must_be_known_about_a_teacher_is_said(teachers, begun, tmp_path, capsys):
    """Of how it was read, such as that its weights were rounded."""
    one = teachers["classification"]
    quantize_run(one.run, tmp_path / "small")
    begun("classification", tmp_path / "run", data=one.data, teacher=tmp_path / "small",
          progress=True)
    said = capsys.readouterr().out
    assert f"{'':10} {tmp_path / 'small'}: {DEQUANTIZED}\n" in said


def test_labels_in_another_order_are_put_in_order(teachers):
    one = teachers["classification"]
    rows = one.splits.train[:5]
    logits, reversed_logits = (load_teacher(one.run, "classification",
                                            Splits(rows, rows, [], labels), False).logits(rows)
                               for labels in (("no", "yes"), ("yes", "no")))
    assert np.ptp(logits, axis=1).min() > 0
    assert (reversed_logits == logits[:, ::-1]).all()


@pytest.mark.parametrize("max_length", [6, 20])
def test_a_teacher_reads_as_much_of_a_text_as_it_has_learnt_from(teachers, max_length):
    """Whatever the length of the student is; and as many examples as rows."""
    loaded = load_for_task(teachers["classification"].run)
    loaded.settings = dataclasses.replace(loaded.settings, max_length=max_length)
    teacher, text = Teacher("", loaded, np.arange(2)), "the list is not of names " * 5
    ids = loaded.tokenizer(text, max_length=max_length)["input_ids"]
    expected = loaded.model.forward(ids[None])[0].logits[0]
    np.testing.assert_allclose(teacher.logits([Classification(text)])[0], expected, rtol=1e-5)
    for examples, rows in (([{}], 2), ([{}, {}], 1)):
        with pytest.raises(ValueError, match="zip"):
            add_teacher_logits(examples, teacher, [Classification(text)] * rows)


@pytest.mark.parametrize("of_teacher", [True, False, None])
@pytest.mark.parametrize("of_rows", [True, False, None])
def test_pairs_are_for_a_teacher_of_pairs(stand_in, of_teacher, of_rows):
    """A teacher of both kinds, or one whose kind nobody knows, takes whatever there is."""
    stand_in(("a", "b"), 2, pairs=of_teacher)
    splits = Splits([], [], [], ("a", "b"))
    if of_teacher in (None, of_rows):
        assert load_teacher("x", "classification", splits, of_rows).order.tolist() == [0, 1]
    else:
        kinds = {True: "pairs of texts", False: "single texts",
                 None: "single texts and pairs of texts"}
        with pytest.raises(ValueError, match=f"^--teacher x has learnt from {kinds[of_teacher]}, "
                                             f"but the training rows are {kinds[of_rows]}$"):
            load_teacher("x", "classification", splits, of_rows)


@pytest.fixture
def stand_in(monkeypatch):
    """``stand_in(names, outputs, task, pairs)``: a teacher of which only this is known."""
    def make(names, outputs, task="classification", pairs=None):
        config = SimpleNamespace(label_names=names, num_labels=outputs)
        loaded = SimpleNamespace(model=SimpleNamespace(config=config),
                                 settings=Settings(task or "classification", pairs=pairs))
        monkeypatch.setattr(distilling, "load_for_task", lambda name: loaded)
        monkeypatch.setattr(distilling, "task_of_head", lambda name: task)
        return loaded
    return make


@pytest.mark.parametrize("known", [*TASKS, None])
@pytest.mark.parametrize("task", distilling.TASKS_WITH_TEACHER)
def test_a_teacher_has_learnt_the_task(stand_in, known, task):
    labels = () if task == "similarity" else ("a", "b")
    loaded = stand_in(labels or ("LABEL_0",), len(labels) or 1, known)
    if known == task:
        assert load_teacher("x", task, Splits([], [], [], labels), None).loaded is loaded
        return
    with pytest.raises(ValueError, match=f"^--teacher x is a model for the task {known}; it must "
                                         f"be one for the task {task}$"):
        load_teacher("x", task, Splits([], [], [], labels), None)


def test_a_teacher_of_several_scores_is_none_for_one(stand_in):
    splits = Splits([], [], [], ())
    for outputs in (2, 3):
        stand_in(("LABEL_0", "LABEL_1"), outputs, "similarity")
        with pytest.raises(ValueError, match=f"^--teacher x gives {outputs} scores; the task "
                                             "similarity needs a model that gives one$"):
            load_teacher("x", "similarity", splits, True)
    stand_in(("LABEL_0",), 1, "similarity")
    assert load_teacher("x", "similarity", splits, True).order.tolist() == [0]


@pytest.mark.parametrize("known", [("a",), ("a", "b", "c"), ("a", "c")])
def test_labels_that_are_missing_or_too_many(stand_in, known):
    """A teacher must know all labels of the rows, and no other."""
    stand_in(known, len(known))
    with pytest.raises(ValueError, match=f"has the labels {', '.join(known)}, but the training "
                                         "rows have a, b; they must be the same"):
        load_teacher("x", "classification", Splits([], [], [], ("a", "b")), None)


def test_a_teacher_is_known_by_all_that_its_answers_depend_on(teachers, inference_folder):
    """Its name, or folder, is not among this: it may move."""
    splits = Splits([], [], [], ("no", "yes"))
    teacher = load_teacher(teachers["classification"].run, "classification", splits, False)
    loaded, model = teacher.loaded, teacher.loaded.model

    def identity(order=teacher.order, config=model.config, params=model.params, **parts):
        net = SimpleNamespace(config=config, params=params)
        return Teacher("", SimpleNamespace(**{**vars(loaded), "model": net, **parts}),
                       order).identity()

    shifted = {**model.params, "pooler": {**model.params["pooler"],
                                          "b": model.params["pooler"]["b"] + 1}}
    changed = [identity(order=teacher.order[::-1]), identity(params=shifted),
               identity(config=dataclasses.replace(model.config, hidden_act="relu")),
               identity(settings=dataclasses.replace(loaded.settings, max_length=19)),
               identity(tokenizer=AlbertTokenizer.from_folder(inference_folder))]
    assert identity() == teacher.identity() and len({identity(), *changed}) == 6
    with pytest.raises(dataclasses.FrozenInstanceError):
        teacher.order = teacher.order[::-1]
    known, other = SimpleNamespace(identity=lambda: "a"), SimpleNamespace(identity=lambda: "b")
    assert len({fingerprint_of(splits, loaded.tokenizer, model.config, one)
                for one in (None, known, other)}) == 3


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
    (["classification", "--teacher-weight", "0"], "--teacher-weight is for learning from a "
     "teacher; name one with --teacher, or remove --teacher-weight"),
    (["classification", "--teacher", "runs/x", "--unlabelled", "t.txt"], "--unlabelled takes the "
     "labels of texts from a first round, --teacher from a finished model; give one of the two"),
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


def test_the_limits_themselves_are_allowed():
    for name, value in (("teacher_weight", 0.0), ("teacher_weight", 1.0), ("temperature", 1000.0)):
        options = FinetuningOptions(task="multi-label", data="x", teacher="y", **{name: value})
        assert getattr(options, name) == value


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


@pytest.mark.parametrize("temperature, alpha", [(3.0, 0.3), (0.5, 0.0), (2.0, 1.0)])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_loss_and_its_gradient(problem, temperature, alpha):
    """The parts of a batch add up; along a random direction the slope is that of the loss."""
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


def test_dropout_is_drawn_for_a_student_too():
    """The same numbers drop the same; without a generator nothing is dropped."""
    student, examples, collate = student_and_examples("regression", 2.0, 0.4)
    model = AlbertForSequenceClassification(
        dataclasses.replace(student.model.config, hidden_dropout_prob=0.3), dtype=np.float64)
    model.params, batch = student.params, collate(examples)
    other = Student(model, 2.0, 0.4)
    plain, same = (float(one.forward(**batch)[0].loss) for one in (student, other))
    one, again, third = (float(other.forward(**batch, rng=np.random.default_rng(seed))[0].loss)
                         for seed in (1, 1, 2))
    assert plain == same and one == again and len({plain, one, third}) == 3
    other.params = {**other.params, "pooler": None}
    assert model.params["pooler"] is None          # the training loop puts the best ones back


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
    none = begun("classification", tmp_path / "no", data=one.data, teacher=one.run,
                 teacher_weight=0.0).model
    assert (none.temperature, none.teacher_weight) == (2, 0)
    assert not isinstance(begun("classification", tmp_path / "none", data=one.data).model, Student)


def test_class_weights_and_a_teacher_meet(teachers, begun, tmp_path):
    """Each row keeps its own weight and its own answer of the teacher."""
    one = teachers["classification"]
    found = begun("classification", tmp_path / "run", data=one.data, teacher=one.run,
                  class_weights="balanced", teacher_weight=0.25)
    labels = np.array([("no", "yes").index(row.label) for row in one.splits.train])
    counts = np.bincount(labels)
    weights = len(labels) / (2 * counts[labels])
    assert np.ptp(counts)
    batch = found.collate(found.examples[:9], None)
    np.testing.assert_allclose(batch["label_weights"], weights[:9])
    assert batch["labels"].tolist() == labels[:9].tolist()
    losses = [float(found.model.forward(**found.collate([example], None))[0].loss)
              for example in found.examples[:9]]
    assert float(found.model.forward(**batch)[0].loss) == pytest.approx(
        np.average(losses, weights=weights[:9]), rel=1e-5)


# ---- a run ---------------------------------------------------------------------------------------

def test_a_run_does_not_go_on_with_another_teacher(teachers, begun, tmp_path):
    one, moved = teachers["classification"], tmp_path / "teacher"
    shutil.copytree(one.run, moved)
    begun("classification", tmp_path / "run", data=one.data, teacher=moved)
    model = AlbertForSequenceClassification.from_pretrained(moved)
    model.params["classification_head"]["b"] += 1
    model.save_pretrained(moved)
    with pytest.raises(ValueError, match="its teacher are not those that this run began with"):
        resume(tmp_path / "run", progress=False)


def test_a_frozen_student_whose_f1_is_that_of_another_label(teachers, begun, tmp_path, capsys):
    """The teacher's F1 looks for the label of the run, in the part that is reported."""
    one, own = teachers["classification"], {**STUDENT["settings"], "positive_label": "no"}
    options = {**STUDENT, "epochs": 1, "settings": own, "data": one.data, "freeze": True}
    results = finetune("classification", tmp_path / "run", **{
        **options, "teacher": one.run, "teacher_weight": 1.0, "progress": True})
    assert "   f1 of 'no' " in next(line for line in capsys.readouterr().out.splitlines()
                                    if line.endswith("(teacher)"))
    loaded = load_for_task(one.run)
    assert loaded.settings.positive_label == "yes"
    said = loaded.task.predict(loaded.model, loaded.tokenizer, one.splits.test, loaded.settings)
    expected = loaded.task.figures(one.splits.test, said, ("no", "yes"), np.random.default_rng(0),
                                   positive="no")
    assert results["teacher"]["figures"] == {
        name: dataclasses.asdict(figure) for name, figure in expected.items()}
    before = begun("classification", tmp_path / "before", **options).model
    for name, leaf in flatten(before.params).items():
        same = np.array_equal(flatten(results["run_model"].params)[name], leaf)
        assert same != name.startswith("classification_head"), name


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
