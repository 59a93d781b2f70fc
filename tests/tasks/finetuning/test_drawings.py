"""What the pictures of a fine-tuning run are drawn from."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sentencepiece")
pytest.importorskip("sklearn")
pytest.importorskip("sacrebleu")
pytest.importorskip("seqeval")

from toys import MODEL

from albert_np import AlbertTokenizer
from albert_np.tasks import metrics
from albert_np.tasks.datasets import Answer, Classification, Pair, Question, Tagged
from albert_np.tasks.datasets.features import question_windows
from albert_np.tasks.finetuning import TASKS, Settings, pictures
from albert_np.tasks.finetuning.recipes import model_class
from albert_np.tasks.finetuning.start import from_scratch

HISTORY = {"steps": [{"step": 1, "loss": 0.75}, {"step": 2, "loss": 0.5}],
           "epochs": [{"epoch": 1, "step": 1, "value": 0.5, "low": 0.25, "high": 0.75},
                      {"epoch": 2, "step": 2, "value": 0.75, "low": None, "high": None}]}


@pytest.fixture(scope="module")
def tokenizer(inference_folder):
    return AlbertTokenizer.from_folder(inference_folder)


@pytest.fixture
def plots(monkeypatch):
    """The arguments of everything that is plotted: a dict by the name of the function."""
    found = {}

    class Recorder:
        def __getattr__(self, name):
            return lambda *arguments: found.update({name: arguments}) or arguments[-1]

    monkeypatch.setattr(pictures, "pictures", Recorder())
    return found


@pytest.mark.parametrize("test", [True, False])
def test_a_teacher_has_a_bar_between_the_baselines_and_the_run(plots, tmp_path, test):
    def figures(value):
        return {"f1": {"value": value, "low": value - 1, "high": value + 1},
                "other": {"value": 9, "low": 9, "high": 9}}

    results = {"metric": "f1", "start": "scratch", "validation": figures(3),
               "test": figures(4) if test else None, "baselines": {"a": figures(5)},
               "teacher": {"parameters": 7, "figures": figures(6)}}
    pictures.draw_training(results, HISTORY, tmp_path)
    shown, metric, _ = plots["plot_baselines_bars"]
    assert list(shown.items()) == [("a", (5, 4, 6)), ("teacher", (6, 5, 7)),
                                   ("from scratch", (4, 3, 5) if test else (3, 2, 4))]
    assert metric == "f1"


@pytest.mark.parametrize("start, test", [("scratch", True), ("pretrained", False)])
def test_curves_and_bars_show_the_results(plots, tmp_path, start, test):
    def figure(value):
        return {"f1": {"value": value, "low": value - 1, "high": value + 1}}

    results = {"metric": "f1", "task": "none of these", "start": start,
               "validation": figure(3), "test": figure(4) if test else None,
               "baselines": {"a": figure(5), "b": figure(6)}}
    paths = pictures.draw_training(results, HISTORY, tmp_path)
    assert pictures.draw_predictions("none of these", tmp_path, None, None, [], [], None) == []
    assert [path.name for path in paths] == ["learning-curves.png", "baselines.png"]
    name, value = {"scratch": "from scratch", "pretrained": "pretrained"}[start], 4 if test else 3
    assert plots["plot_learning_curves"] == (
        {name: {"losses": [(1, 0.75), (2, 0.5)],
                "epochs": [(1, 0.5, 0.25, 0.75), (2, 0.75, None, None)]}}, "f1", paths[0])
    assert plots["plot_baselines_bars"] == (
        {"a": (5, 4, 6), "b": (6, 5, 7), name: (value, value - 1, value + 1)}, "f1", paths[1])


def test_a_teacher_has_a_bar_between_the_baselines_and_the_student(plots, tmp_path):
    def figure(value):
        return {"f1": {"value": value, "low": value - 1, "high": value + 1}}

    pictures.draw_training({"metric": "f1", "start": "scratch", "validation": figure(3),
                            "test": figure(4), "baselines": {"a": figure(5)},
                            "teacher": {"parameters": 7, "figures": figure(6)}}, HISTORY, tmp_path)
    bars, _, _ = plots["plot_baselines_bars"]
    assert list(bars.items()) == [("a", (5, 4, 6)), ("teacher", (6, 5, 7)),
                                  ("from scratch", (4, 3, 5))]


def draw(task, folder, rows, predictions, model=None, tokenizer=None, settings=None):
    return pictures.DRAWN_FOR[task](folder, model, tokenizer, rows, predictions, settings)


def test_the_picture_of_classes(plots, tmp_path):
    labels, p = ["b", "a", "c"], [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.4, 0.5, 0.1]]
    model = SimpleNamespace(config=SimpleNamespace(label_names=tuple(labels)))
    rows = [Classification("", label=label) for label in ("b", "a", "c")]
    guesses = [{"label": labels[np.argmax(row)], "probabilities": dict(zip(labels, row))}
               for row in p]
    paths = draw("classification", tmp_path, rows, guesses, model)
    assert [path.name for path in paths] == ["confusion-matrix.png", "reliability.png"]
    counts, names, _ = plots["plot_confusion_matrix"]
    assert counts.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 0]] and names == labels
    bins, error, _ = plots["plot_reliability"]
    for found, expected in zip(bins, metrics.calibration_bins([0, 1, 2], np.array(p)), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert error == metrics.expected_calibration_error([0, 1, 2], np.array(p))


def test_the_pictures_of_scores_names_and_translations(plots, tmp_path):
    gold, guessed = [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 8.0, 4.0]
    path, = draw("similarity", tmp_path, [Classification("", "", score) for score in gold],
                 [{"score": score} for score in guessed])
    assert plots["plot_similarity_scatter"] == (gold, guessed, {
        "Pearson": metrics.pearson(gold, guessed), "Spearman": metrics.spearman(gold, guessed)},
        path)
    tags, found = [["B-x", "O"], ["B-y", "O"]], [["B-x", "O"], ["O", "B-y"]]
    path, = draw("entities", tmp_path, [Tagged(("a", "b"), tuple(each)) for each in tags],
                 [{"tags": each} for each in found])
    assert plots["plot_entity_bars"] == (metrics.entity_scores(tags, found), path)
    texts = ["a list of two names"] * 3
    rows = [Pair("one two three", (text, "b")) for text in texts]
    path, = draw("translation", tmp_path, rows, [{"translation": text} for text in texts])
    bars, whole, _ = plots["plot_translation_lengths"]
    references = [row.targets for row in rows]
    assert bars == metrics.bleu_by_length([3, 3, 3], texts, references)
    assert whole == metrics.bleu(texts, references)


@pytest.mark.parametrize("true, guessed, drawn", [
    ("O O", "O O", False), ("B-x O", "O O", True), ("O O", "O B-x", True), ("O S-x", "O O", True)])
def test_sentences_without_any_name_have_no_picture(plots, tmp_path, true, guessed, drawn):
    """Neither a right one nor one that was predicted."""
    rows = [Tagged(("a", "b"), ("O", "O")), Tagged(("a", "b"), tuple(true.split()))]
    paths = draw("entities", tmp_path, rows, [{"tags": ["O", "O"]}, {"tags": guessed.split()}])
    assert paths == ([tmp_path / "entities.png"] if drawn else []) and bool(plots) == drawn


@pytest.mark.parametrize("right", [2, None])
@pytest.mark.parametrize("no_answer", [False, True])
def test_the_picture_of_a_question_shows_the_first_that_is_right(plots, tmp_path, tokenizer, right,
                                                                 no_answer):
    """Or the first of all; in the window that holds its answer."""
    context = "it is opened again if one returns the new object names"
    rows = [Question("", f"{context} {word}", "is it", (Answer(word, len(context) + 1),))
            for word in ("file", "copy", "list", "two")]
    guesses = [{"answer": "it"}] * 4
    if right is not None:
        guesses = [*guesses[:right], *({"answer": row.answers[0].text} for row in rows[right:])]
    settings = Settings("questions", max_length=16, doc_stride=5, max_query_length=3,
                        no_answer=no_answer)
    model = from_scratch(model_class(TASKS["questions"], settings),
                         {**MODEL, "num_hidden_layers": 3}, tokenizer, {}, seed=1)
    path, = draw("questions", tmp_path, rows, guesses, model, tokenizer, settings)
    windows = question_windows(tokenizer, rows[right or 0], 16, 5, 3)
    window, = (window for window in windows if window["start_positions"] > 0)
    assert window is not windows[0]
    pieces, start, end, attention, (first, stop), where = plots["plot_answer_attention"]
    assert where == path == tmp_path / "answer-attention.png"
    assert pieces == [tokenizer.pieces[i] for i in window["input_ids"]]
    inside = np.flatnonzero(window["offsets"][:, 1])
    assert (first, stop) == (inside[0], inside[-1] + 1)
    assert start.sum() == pytest.approx(1, rel=1e-5) and end.sum() == pytest.approx(1, rel=1e-5)
    more = {"p_mask": window["p_mask"][None]} if no_answer else {}
    output, _ = model.forward(window["input_ids"][None],
                              token_type_ids=window["token_type_ids"][None], **more)
    ends = output.end_logits[0, 0] if no_answer else output.end_logits[0]     # of the best start
    assert output.end_logits.ndim == 2 + no_answer
    for p, logits in ((start, output.start_logits[0]), (end, ends)):
        p, logits = p[first:stop], logits[first:stop]                # elsewhere 0 and -1e30
        np.testing.assert_allclose(np.log(p[1:] / p[:-1]), np.diff(logits), atol=1e-4)
    np.testing.assert_allclose(attention, output.attentions[-1][0], atol=1e-6)


def test_a_question_without_an_answer_shows_its_first_window(plots, tmp_path, tokenizer):
    model = from_scratch(TASKS["questions"].MODEL, MODEL, tokenizer, {}, seed=1)
    for context, count in (("the new file", 1), ("it is opened again if one returns a file", 3)):
        row = Question("", context, "is it")
        settings = Settings("questions", max_length=16, doc_stride=5, max_query_length=3)
        draw("questions", tmp_path, [row], [{"answer": "the"}], model, tokenizer, settings)
        windows = question_windows(tokenizer, row, 16, 5, 3)
        pieces = plots["plot_answer_attention"][0]
        assert pieces == [tokenizer.pieces[i] for i in windows[0]["input_ids"]]
        assert (len(windows) == 1) == (count == 1)


@pytest.mark.parametrize("texts, shown", [
    (["\u0301", "the new file"], "the new file"), (["\u0301", "\u0301"], None)])
def test_a_context_without_pieces_is_not_drawn(plots, tmp_path, tokenizer, texts, shown):
    """A run must not end with an error for it."""
    model = from_scratch(TASKS["questions"].MODEL, MODEL, tokenizer, {}, seed=1)
    settings = Settings("questions", max_length=16, doc_stride=5, max_query_length=3)
    rows = [Question("", text, "is it") for text in texts]
    paths = draw("questions", tmp_path, rows, [{"answer": ""}] * 2, model, tokenizer, settings)
    assert paths == ([tmp_path / "answer-attention.png"] if shown else [])
    if shown:
        window, = question_windows(tokenizer, rows[1], 16, 5, 3)
        assert plots["plot_answer_attention"][0] == [tokenizer.pieces[i]
                                                     for i in window["input_ids"]]
