"""Fine-tuning from end to end on toy tasks, its parts one by one, and its predictions."""

import json

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("sacrebleu")
pytest.importorskip("seqeval")

from toys import MODEL, WORDS, toy_splits, write_toy

from albert_np.parameters import flatten, tree_map
from albert_np.parameters.initial_values import wave_positions
from albert_np.tasks.finetuning import TASKS, finetune, read_settings
from albert_np.tasks.finetuning import evaluate as evaluating
from albert_np.tasks.finetuning.batches import epoch_batches
from albert_np.tasks.finetuning.data import load_splits
from albert_np.tasks.finetuning.evaluate import evaluate
from albert_np.tasks.finetuning.parallel import losses_and_gradients
from albert_np.tasks.finetuning.predicting import iterate_predictions, load_for_task
from albert_np.tasks.finetuning.recipes.entities import entities_of
from albert_np.tasks.finetuning.recipes.translation import spelling_of
from albert_np.tasks.finetuning.start import add_positions, from_scratch
from albert_np.tasks.finetuning.trainer import original_optimizer, train_epochs
from albert_np.tasks.metrics import Figure
from albert_np.text import AlbertTokenizer, train_tokenizer

# What each toy reaches at least, of the figure by which its best epoch is chosen.
REACHED = {"classification": 0.95, "multi-label": 0.75, "similarity": 0.95, "entities": 0.95,
           "questions": 0.95, "choice": 0.95, "translation": 50}
EPOCHS = {"translation": 6}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    file = tmp_path_factory.mktemp("toys") / "spiece.model"
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS + [word[::-1] for word in WORDS], 8)) for _ in range(300)]
    train_tokenizer(texts, 80, file)
    return AlbertTokenizer(file)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A finished run of every task: its folder, its results and its rows."""
    found = {}
    for task in TASKS:
        folder = tmp_path_factory.mktemp(task)
        splits = write_toy(task, folder / "data")
        results = finetune(task, folder / "run", data=folder / "data", config=MODEL,
                           vocab_size=70 if task == "translation" else 45,
                           epochs=EPOCHS.get(task, 3), batch_size=16, learning_rate=2e-3,
                           settings={"max_length": 24}, progress=False)
        found[task] = folder / "run", results, splits
    return found


# ---------------------------------------------------------------------- from end to end

@pytest.mark.parametrize("task", TASKS)
def test_a_toy_is_learnt(runs, task):
    folder, results, _ = runs[task]
    figure = results["test"][TASKS[task].METRIC]
    assert figure["value"] >= REACHED[task] and figure["low"] <= figure["value"] <= figure["high"]
    written = json.loads((folder / "results.json").read_text("utf-8"))
    assert written["test"] == results["test"] and written["best_epoch"] == results["best_epoch"]
    assert written["start"] == "scratch" and len(written["baselines"]) == 2
    best = [row["value"] for row in results["epochs"]]
    assert np.argmax(best) + 1 == results["best_epoch"]
    names = {path.name for path in folder.iterdir()}
    assert {"config.json", "model.safetensors", "spiece.model", "task.json", "steps.csv",
            "learning-curves.png", "baselines.png"} <= names
    steps = (folder / "steps.csv").read_text().splitlines()
    assert steps[0].startswith("step,loss") and len(steps) == 1 + results["epochs"][-1]["step"]


@pytest.mark.parametrize("task", TASKS)
def test_the_folder_predicts_what_was_reported(runs, task):
    """Read back and asked in the form of a line, as ``albert-np predict`` does."""
    folder, results, splits = runs[task]
    loaded = load_for_task(folder)
    assert loaded.settings == read_settings(folder) and loaded.task is TASKS[task]
    lines = [line_of(task, row) for row in splits.test]
    predictions = list(iterate_predictions(loaded, lines))
    labels = splits.labels or loaded.task.labels_of(splits.train)
    figures = loaded.task.figures(splits.test, predictions, labels)
    assert {name: figure.value for name, figure in figures.items()} == pytest.approx(
        {name: figure["value"] for name, figure in results["test"].items()}, abs=1e-6)
    json.dumps(predictions)


@pytest.mark.parametrize("task", TASKS)
def test_an_evaluation_of_the_test_part_says_what_was_reported(runs, task, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluating, "draw_predictions", lambda *arguments: None)
    folder, results, splits = runs[task]
    found = evaluate(folder, next((folder.parent / "data").glob("test.*")), tmp_path / "out",
                     progress=False)
    assert found["figures"] == results["test"] and found["rows"] == len(splits.test)
    assert 0 < found["seconds"] < 60 and found["settings"] == results["settings"]
    written = (tmp_path / "out" / "predictions.jsonl").read_text("utf-8")
    assert written == (folder / "predictions-test.jsonl").read_text("utf-8")


def line_of(task, row):
    if task == "entities":
        return " ".join(row.words)
    names = {"classification": ("text",), "multi-label": ("text",),
             "similarity": ("text", "text_pair"),
             "questions": ("question", "context"), "translation": ("source",)}
    if task == "choice":
        return "\t".join((row.context, row.question, *row.choices))
    return "\t".join(getattr(row, name) for name in names[task])


def test_objects_say_the_same_as_lines(runs):
    loaded = load_for_task(runs["questions"][0])
    line, = iterate_predictions(loaded, ["is it one\tthe two names"])
    same, = iterate_predictions(loaded, [{"context": "the two names", "question": "is it one"}])
    assert line == same and "the two names"[line["start"]:line["end"]] == line["answer"]


def test_pretrained_beside_scratch(runs, tmp_path):
    """The trunk of one task under the head of another, and the same shape with fresh weights."""
    folder, _, _ = runs["classification"]
    write_toy("entities", tmp_path / "data", train=40, others=10)
    common = dict(data=tmp_path / "data", model=folder, epochs=1, progress=False,
                  learning_rate=1e-9, settings={"max_length": 24})
    taught = finetune("entities", tmp_path / "taught", **common)
    fresh = finetune("entities", tmp_path / "fresh", scratch=True, **common)
    trunk = flatten(load_for_task(folder).model.params["encoder"])
    for name, array in flatten(taught["run_model"].params["encoder"]).items():
        np.testing.assert_allclose(array, trunk[name], atol=1e-6)
    W = "attention.0.self_attention.W_q"
    assert np.abs(flatten(fresh["run_model"].params["encoder"])[W] - trunk[W]).max() > 0.1
    assert (taught["start"], fresh["start"]) == ("pretrained", "scratch")
    assert taught["parameters"] == fresh["parameters"]


def test_the_same_run_twice(tmp_path):
    write_toy("classification", tmp_path / "data", train=60, others=10)
    weights = [finetune("classification", tmp_path / name, data=tmp_path / "data",
                        config={**MODEL, "hidden_dropout_prob": 0.1}, vocab_size=45, epochs=2,
                        batch_size=16, settings={"max_length": 24}, progress=False)["run_model"]
               for name in ("first", "second")]
    first, second = (flatten(model.params) for model in weights)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_an_interrupted_run_leaves_its_best_model(tmp_path, monkeypatch):
    write_toy("classification", tmp_path / "data", train=60, others=10)
    task, asked = TASKS["classification"], []
    figures = task.figures

    def interrupt(*arguments, **options):
        asked.append(1)
        if len(asked) == 4:                  # two baselines, two epochs
            raise KeyboardInterrupt
        return figures(*arguments, **options)

    monkeypatch.setattr(task, "figures", interrupt)
    common = dict(data=tmp_path / "data", config=MODEL, vocab_size=45, epochs=3,
                  settings={"max_length": 24}, progress=False)
    with pytest.raises(KeyboardInterrupt):
        finetune("classification", tmp_path / "run", **common)
    prediction, = iterate_predictions(load_for_task(tmp_path / "run"), ["a list"])
    assert prediction["label"] in ("yes", "no")
    assert not (tmp_path / "run" / "results.json").exists()


# ---------------------------------------------------------------------- the loop

class Constant:
    """An evaluation that returns one given figure after another."""

    def __init__(self, *values):
        self.values = list(values)

    def __call__(self):
        return Figure(self.values.pop(0))


def small_run(tokenizer, evaluate, **options):
    task, splits = TASKS["classification"], toy_splits("classification", 40, 1)
    labels = task.labels_of(splits.train)
    settings = read_settings_like("classification")
    model = from_scratch(task.MODEL, MODEL, tokenizer, task.configuration(labels), seed=0)
    examples = [row[0] for row in task.features(tokenizer, splits.train, labels, settings)]
    optimizer = original_optimizer(model.params, 1e-2, 40)
    seen = []
    history = train_epochs(model, examples, lambda *chosen: task.collate(model.config, *chosen),
                           optimizer, epochs=8, batch_size=8, rng=np.random.default_rng(0),
                           evaluate=evaluate, progress=False,
                           on_best=lambda epoch, _: seen.append(
                               (epoch, tree_map(np.copy, model.params))), **options)
    return model, history, seen


def read_settings_like(task):
    from albert_np.tasks.finetuning import Settings

    return Settings(task, max_length=24)


def test_the_best_epoch_is_kept_and_patience_ends(tokenizer):
    model, history, seen = small_run(tokenizer, Constant(0.1, 0.5, 0.4, 0.5, 0.3), patience=3)
    assert [epoch for epoch, _ in seen] == [1, 2] and history["best_epoch"] == 2
    assert len(history["epochs"]) == 5                # three after the best, then the end
    ours, best = flatten(model.params), flatten(seen[-1][1])
    assert all(np.array_equal(ours[name], best[name]) for name in best)


def test_warm_up_and_decay(tokenizer):
    _, history, _ = small_run(tokenizer, None)
    rates = [row["learning_rate"] for row in history["steps"]]
    assert rates[0] == 0 and np.argmax(rates) == 4 and len(rates) == 40
    assert rates[20] == pytest.approx(5e-3)
    assert rates[-1] == pytest.approx(1e-2 / 40)


def test_a_loss_that_is_no_number_stops_the_run(tokenizer):
    task = TASKS["classification"]
    model = from_scratch(task.MODEL, MODEL, tokenizer, {"num_labels": 2}, seed=0)
    model.params["embeddings"]["word"][:] = np.nan
    examples = [row[0] for row in task.features(
        tokenizer, toy_splits("classification", 4, 1).train, ("no", "yes"),
        read_settings_like("classification"))]
    with pytest.raises(FloatingPointError, match="the loss is nan .* at step 1; a smaller"):
        train_epochs(model, examples, lambda *chosen: task.collate(model.config, *chosen),
                     original_optimizer(model.params, 1e-3, 1), epochs=1, batch_size=4,
                     rng=np.random.default_rng(0), progress=False)


def test_examples_without_a_label_that_counts(tokenizer):
    """A batch of them is no step; nothing but them is refused, without a warning."""
    task, settings = TASKS["classification"], read_settings_like("classification")
    model = from_scratch(task.MODEL, MODEL, tokenizer, {"num_labels": 2}, seed=0)
    examples = [row[0] for row in task.features(
        tokenizer, toy_splits("classification", 4, 1).train, ("no", "yes"), settings)]

    def steps(examples):
        return train_epochs(model, examples, lambda *chosen: task.collate(model.config, *chosen),
                            original_optimizer(model.params, 1e-3, 4), epochs=1, batch_size=1,
                            rng=np.random.default_rng(0), progress=False)["steps"]

    unlabelled = [{**example, "labels": np.int64(-100)} for example in examples]
    assert len(steps(examples[:1] + unlabelled[1:])) == 1
    with pytest.raises(ValueError, match="no label of any example counts"):
        steps(unlabelled)


def test_a_context_without_pieces_has_an_answer_without_a_score(tokenizer):
    """Not minus infinity, which JSON cannot hold."""
    task, settings = TASKS["questions"], read_settings_like("questions")
    model = from_scratch(task.MODEL, MODEL, tokenizer, {}, seed=0)
    rows = [task.parse({"question": "is it one", "context": context})
            for context in ("\N{COMBINING ACUTE ACCENT}", "the two names")]
    nothing, something = task.predict(model, tokenizer, rows, settings)
    assert nothing == {"answer": "", "start": 0, "end": 0, "score": None}
    assert np.isfinite(something["score"])


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("parts", [2, 3])
def test_parts_add_up_to_the_whole(tokenizer, task, parts):
    """(PAR.2), with parts of different lengths that have different numbers of labels."""
    module, splits = TASKS[task], toy_splits(task, 7, 1)
    labels = splits.labels or module.labels_of(splits.train)
    model = from_scratch(module.MODEL, MODEL, tokenizer, module.configuration(labels), seed=0)
    model.params = tree_map(lambda leaf: leaf.astype(np.float64), model.params)
    examples = [example for row in module.features(tokenizer, splits.train, labels,
                                                   read_settings_like(task)) for example in row]

    def collate(*chosen):
        return module.collate(model.config, *chosen)

    loss, grads = losses_and_gradients(model, examples, collate)
    again, sums = losses_and_gradients(model, examples, collate, [None] * parts)
    assert again == pytest.approx(loss, rel=1e-12)
    sums = flatten(sums)
    scale = max(np.abs(leaf).max() for leaf in sums.values())
    for name, whole in flatten(grads).items():
        np.testing.assert_allclose(sums[name], whole, rtol=1e-9, atol=1e-12 * scale, err_msg=name)


def test_a_batch_without_a_label_has_no_gradient(tokenizer):
    task = TASKS["entities"]
    model = from_scratch(task.MODEL, MODEL, tokenizer, {"num_labels": 3}, seed=0)
    example, = task.features(tokenizer, toy_splits("entities", 1, 0).train,
                             ("O", "B-file", "B-object", "I-object"),
                             read_settings_like("entities"))[0]
    example["labels"][:] = -100
    loss, grads = losses_and_gradients(model, [example],
                                       lambda *chosen: task.collate(model.config, *chosen))
    assert np.isnan(loss) and grads is None


def test_batches_hold_every_example_once_and_little_padding():
    rng = np.random.default_rng(1)
    lengths = rng.integers(3, 60, 1003)
    batches = epoch_batches(lengths, 16, np.random.default_rng(0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(1003))
    assert sorted({len(batch) for batch in batches}) == [1003 % 16, 16]
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    plain = epoch_batches(lengths, 16, np.random.default_rng(0), window=1)
    assert padded < 1.1 * lengths.sum() < sum(len(b) * lengths[b].max() for b in plain)
    assert [b.tolist() for b in batches] != [
        b.tolist() for b in epoch_batches(lengths, 16, np.random.default_rng(2))]


# ---------------------------------------------------------------------- the start

def test_more_positions(tokenizer):
    model = from_scratch(TASKS["choice"].MODEL, MODEL, tokenizer, {}, seed=0)
    model.params["embeddings"]["position"] *= 3
    before, inputs = model.params["embeddings"]["position"].copy(), np.array([[[2, 20, 21, 3]]])
    answer = model.forward(inputs)[0].logits
    add_positions(model, 60)
    table = model.params["embeddings"]["position"]
    assert table.shape == (60, 32) and table.dtype == np.float32
    assert model.config.max_position_embeddings == 60
    assert np.array_equal(table[:24], before)
    assert np.array_equal(model.forward(inputs)[0].logits, answer)
    old, new = (np.sqrt(np.square(rows).sum(1).mean()) for rows in (table[:24], table[24:]))
    assert new == pytest.approx(old, rel=1e-4)
    going_on = wave_positions(60, 32)[24:]
    np.testing.assert_allclose(table[24:] / np.abs(table[24:]).max(),
                               going_on / np.abs(going_on).max(), atol=1e-5)


def test_spelling_of_chinese_marks():
    assert spelling_of(["你好，Tom！", "好，(好)?"]) == {",": "，", "!": "！"}
    assert spelling_of(["plain, text."]) == {}


@pytest.mark.parametrize("tags, found", [
    ([], []), (["O", "O"], []), (["B-a", "I-a", "O"], [("a", 0, 1)]),
    (["I-a", "I-b", "B-b"], [("a", 0, 0), ("b", 1, 1), ("b", 2, 2)]),
    (["O", "B-a"], [("a", 1, 1)])])
def test_entities_of_tags(tags, found):
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    words = "abc"[:len(tags)]
    entities = [(entity["type"], entity["first"], entity["last"])
                for entity in entities_of(words, tags)]
    assert entities == found
    if tags:
        assert entities == seqeval.get_entities(tags)


# ---------------------------------------------------------------------- bad input

@pytest.mark.parametrize("options, sentence", [
    (dict(epochs=0), "epochs is 0; it must be at least 1"),
    (dict(learning_rate=-1.0), "learning_rate is -1.0; it must be above 0"),
    (dict(warmup=1.5), "warmup is 1.5; it must be at least 0 and below 1"),
    (dict(dropout=-0.1), "dropout is -0.1; it must be at least 0 and below 1"),
    (dict(patience=0), "patience is 0; it must be at least 1"),
    (dict(scratch=True), "scratch takes shape and tokenizer of a model"),
    (dict(settings={"max_length": 0}), "max_length is 0; it must be at least 3"),
    (dict(model="nowhere"), "nowhere"),
    (dict(data="nothing"), "no data set of that name; the data sets of this task are sms-spam, "),
])
def test_options_that_cannot_work(tmp_path, options, sentence):
    write_toy("classification", tmp_path / "data", train=4, others=2)
    with pytest.raises((ValueError, OSError)) as caught:
        finetune("classification", tmp_path / "run", progress=False, vocab_size=30,
                 **{"data": tmp_path / "data", **options})
    assert sentence in str(caught.value)


def test_a_finished_run_is_not_overwritten(runs):
    with pytest.raises(ValueError, match="holds a finished run; choose another one"):
        finetune("choice", runs["choice"][0], data="copa", progress=False)


def test_folders_of_data(tmp_path):
    task = TASKS["classification"]
    (tmp_path / "train.tsv").write_text("a list\tyes\nno file\tno\n")
    with pytest.raises(FileNotFoundError, match=r"There is no file dev\.\* in "):
        load_splits(task, tmp_path)
    (tmp_path / "valid.tsv").write_text("a list\tmaybe\n")
    with pytest.raises(ValueError, match="The label 'maybe' of the dev part of"):
        load_splits(task, tmp_path)
    (tmp_path / "valid.tsv").write_text("a list\tyes\na file\tno\n")
    splits = load_splits(task, tmp_path)
    assert (len(splits.train), len(splits.dev), splits.test) == (2, 2, [])
    (tmp_path / "dev.tsv").write_text("a list\tyes\n")
    with pytest.raises(ValueError, match="has 2 files for its dev part"):
        load_splits(task, tmp_path)


def test_one_file_is_divided(tmp_path):
    (tmp_path / "all.tsv").write_text("".join(
        f"text {chr(97 + i % 26)}{chr(97 + i // 26)}\t{'ab'[i % 2]}\n" for i in range(100)))
    splits = load_splits(TASKS["classification"], tmp_path / "all.tsv")
    assert [len(part) for part in (splits.train, splits.dev, splits.test)] == [80, 10, 10]
    assert splits.labels == ("a", "b")


@pytest.mark.parametrize("task, row, sentence", [
    ("classification", "", "Row 1: the text is empty"),
    ("classification", "a\tb\tc", "Row 1: it has 3 fields separated by tabs, where text and "
                                  "perhaps text_pair are needed"),
    ("similarity", "a", "Row 1: it has 1 fields separated by tabs, where text TAB text_pair are"),
    ("questions", {"question": "who"}, "Row 1: it needs 'context', a text"),
    ("entities", "   ", "Row 1: it has no word"),
    ("entities", {"words": "a b"}, "Row 1: it needs 'words', a list of texts, or 'text'"),
    ("choice", "a\tb\tc", "Row 1: it has 1 choice; it needs a list of at least two texts"),
    ("translation", {}, "Row 1: it needs 'source', a text"),
])
def test_rows_that_cannot_be_predicted(runs, task, row, sentence):
    with pytest.raises(ValueError) as caught:
        list(iterate_predictions(load_for_task(runs[task][0]), [row], "Row {}".format))
    assert str(caught.value).startswith(sentence)


def test_a_model_without_a_task(inference_folder):
    with pytest.raises(ValueError, match="is no model for a task; albert-np finetune makes one"):
        load_for_task(inference_folder)


def test_damaged_settings(runs, tmp_path):
    for text, sentence in [('{"task": "choice", "wings": 2}', "wings is no field of Settings"),
                           ('{"max_length": 3}', "Settings needs task"),
                           ('{"task": "choice", "beams": 0}', "beams is 0")]:
        (tmp_path / "task.json").write_text(text)
        with pytest.raises(ValueError, match=sentence):
            read_settings(tmp_path)


# ---------------------------------------------------------------------- memory

@pytest.mark.thorough
def test_a_million_lines_take_no_more_memory_than_a_few(runs, tmp_path):
    """``albert-np predict`` on a million short lines, its greatest memory beside that of 20,000."""
    import subprocess
    import sys

    folder, _, _ = runs["classification"]
    peaks = []
    for count in (20_000, 1_000_000):
        with open(tmp_path / "lines.txt", "w") as file:
            file.writelines(f"{WORDS[i % 23]} {WORDS[i % 7]}\n" for i in range(count))
        program = ("import resource, sys; from albert_np.commands.cli import main; "
                   "status = main(sys.argv[1:]); "
                   "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(status)")
        done = subprocess.run([sys.executable, "-c", program, "predict", str(folder), "--file",
                               str(tmp_path / "lines.txt"), "--output",
                               str(tmp_path / "predicted.jsonl")],
                              capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
        with open(tmp_path / "predicted.jsonl") as lines:
            assert sum(1 for _ in lines) == count
    assert peaks[1] < 1.1 * peaks[0] + 10_000        # KiB
