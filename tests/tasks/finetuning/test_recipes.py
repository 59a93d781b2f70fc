"""What each task reads, predicts and reports, with models that have learnt nothing."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("sentencepiece")
pytest.importorskip("sklearn")
pytest.importorskip("sacrebleu")
pytest.importorskip("seqeval")

from toys import MODEL, toy_splits, write_rows

from albert_np import AlbertTokenizer
from albert_np.files.text_lines import empty_file
from albert_np.inference.translation import Hypothesis, translation_batch
from albert_np.models.inputs import labelled_positions
from albert_np.tasks import metrics
from albert_np.tasks.datasets import (Answer, Choice, Classification, Pair, Question, Splits,
                                      Tagged)
from albert_np.tasks.datasets.features import (choice_example, decode_answer, question_windows,
                                               tag_windows)
from albert_np.tasks.finetuning import TASKS, Settings
from albert_np.tasks.finetuning.recipes import (choice, classification, entities, model_class,
                                                questions, similarity, translation)
from albert_np.tasks.finetuning.recipes.entities import entities_of
from albert_np.tasks.finetuning.recipes.reading import text_fields
from albert_np.tasks.finetuning.recipes.translation import spelling_of
from albert_np.tasks.finetuning.start import from_scratch

TEXTS = ["a list of names", "the file", "it is opened again if one returns the new object"]


@pytest.fixture(scope="module")
def tokenizer(inference_folder):
    return AlbertTokenizer.from_folder(inference_folder)


def untrained(task, tokenizer, labels=()):
    """A model that says something else of every text."""
    return from_scratch(task.MODEL, {**MODEL, "initializer_range": 0.5, "type_vocab_size": 2},
                        tokenizer, task.configuration(labels), seed=1)


def softmax(z):
    e = np.exp(z.astype(np.float64) - z.max())
    return e / e.sum()


def values(figures):
    return {name: figure.value for name, figure in figures.items()}


# ---- classification ------------------------------------------------------------------------------

PAIRS = [Classification(TEXTS[0], None), Classification(TEXTS[1], TEXTS[0]),
         Classification(TEXTS[2], "one"), Classification("new", None, "no")]


def test_classes_are_the_softmax_of_the_logits(tokenizer):
    labels = ("good", "no", "so-so")
    model = untrained(classification, tokenizer, labels)
    settings = Settings("classification", max_length=12)
    before = classification.predict(model, tokenizer, PAIRS, settings)
    logits = np.log([list(prediction["probabilities"].values()) for prediction in before])
    model.params["classification_head"]["b"] -= logits.mean(axis=0)   # no label wins everywhere
    found = classification.predict(model, tokenizer, PAIRS, settings)
    for row, prediction in zip(PAIRS, found, strict=True):
        ids = tokenizer(row.text, row.text_pair, max_length=12)
        output, _ = model.forward(ids["input_ids"][None],
                                  token_type_ids=ids["token_type_ids"][None])
        p = softmax(output.logits[0])
        assert list(prediction["probabilities"]) == list(labels)
        assert list(prediction["probabilities"].values()) == pytest.approx(p.tolist(), rel=1e-4)
        assert prediction["label"] == labels[p.argmax()]
        assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-12)
    assert len({prediction["label"] for prediction in found}) > 1


def test_figures_of_classes():
    rows = [Classification("a", label=label) for label in ("ham", "spam", "spam", "ham", "ham")]
    guesses = [{"label": label} for label in ("ham", "spam", "ham", "ham", "spam")]
    found = classification.figures(rows, guesses, ("ham", "spam"))
    # Of two spams one is found, and of two guesses of spam one is right.
    assert values(found) == pytest.approx({"accuracy": 3 / 5, "matthews": 1 / 6, "f1": 1 / 2})
    assert list(found) == ["accuracy", "matthews", "f1"]
    ham = classification.figures(rows, guesses, ("ham", "spam"), positive="ham")
    assert ham["f1"].value == pytest.approx(2 / 3)          # of 3 two are found; 2 of 3 are right
    three = classification.figures(rows, guesses, ("ham", "spam", "eggs"))
    assert list(three) == ["accuracy", "matthews", "macro f1"]
    # No row has the label eggs, and none was guessed to have it.
    assert three["macro f1"].value == pytest.approx((2 / 3 + 1 / 2) / 2)
    three = classification.figures(rows, [{"label": "eggs"}, *guesses[1:]], ("ham", "spam", "eggs"))
    assert three["macro f1"].value == pytest.approx((2 / 5 + 1 / 2 + 0) / 3)
    one = classification.figures(rows[:1], guesses[:1], ("ham",))
    assert list(one) == ["accuracy"] and one["accuracy"].value == 1      # one label: no correlation


def test_one_label_is_too_few_to_learn_from_but_not_to_evaluate():
    rows = [Classification("a", label=label) for label in "xyz"]
    for count in (1, 2, 3):
        classification.check(rows[:count], "it", False)
    for count in (2, 3):
        classification.check(rows[:count], "it", True)
    with pytest.raises(ValueError, match="^it has the label 'x' only; at least two are needed"):
        classification.check(rows[:1], "it", True)
    guesses = [{"label": label} for label in "xyx"]
    found = classification.figures(rows, guesses, ("x", "y", "z"))
    # Of x one of two guesses is right, y is found, z is not.
    assert values(found) == pytest.approx({"accuracy": 2 / 3, "macro f1": (2 / 3 + 1) / 3,
                                           "matthews": metrics.matthews(list("xyz"),
                                                                        list("xyx")).value})


@pytest.mark.parametrize("logit", [-1000.0, -1.5, -0.5, 0.0, 0.5, 1.5, 1000.0])
def test_the_probability_of_a_label_is_a_sigmoid(logit):
    p = 0.0 if logit < -700 else 1 / (1 + np.exp(-logit))
    answer = classification._answer(np.array([logit, 0.0]), ("a", "b"),
                                    "multi_label_classification")
    assert answer["probabilities"] == pytest.approx({"a": p, "b": 0.5})
    assert answer["labels"] == (["a", "b"] if logit >= 0 else ["b"])


def test_what_one_label_leaves_out_is_said():
    rows = [Classification("a", label=label) for label in "xxy"]
    assert classification.single_label(rows) == ""
    assert classification.single_label(rows[:2]) == (
        "all rows have the label 'x'; matthews and f1 are left out, as they need rows with another "
        "label")


def test_the_label_that_f1_looks_for():
    def chosen(labels, asked=None):
        settings = Settings("classification", positive_label=asked)
        return classification.settings_of(Splits([], [], [], labels), settings).positive_label

    assert chosen(("ham", "spam")) == chosen(("ham", "spam"), "spam") == "spam"
    assert chosen(("spam", "ham")) == chosen(("ham", "spam"), "ham") == "ham"
    assert chosen(("a", "b", "c")) is chosen(("a",)) is chosen(()) is None
    with pytest.raises(ValueError, match="--positive-label is 'a', but there are 1 labels"):
        chosen(("a",), "a")
    with pytest.raises(ValueError, match="--positive-label is 'eggs'; it must be one of the "
                                         "labels, 'ham' or 'spam'"):
        chosen(("ham", "spam"), "eggs")
    with pytest.raises(ValueError, match="--positive-label is 'a', but there are 3 labels; it is "
                                         "for two.*macro_f1"):
        chosen(("a", "b", "c"), "a")


def test_features_of_classes_have_the_number_of_the_label(tokenizer):
    rows = [Classification(TEXTS[2], None, "so"), Classification(TEXTS[0], TEXTS[2], "no")]
    (first,), (second,) = classification.features(tokenizer, rows, ("no", "so"),
                                                  Settings("classification", max_length=9))
    assert (first["labels"], second["labels"]) == (1, 0)
    assert len(first["input_ids"]) == len(second["input_ids"]) == 9
    assert set(second["token_type_ids"]) == {0, 1}
    assert classification.labels_of(rows) == ("no", "so")
    assert classification.configuration(("no", "so")) == {
        "num_labels": 2, "id2label": {0: "no", 1: "so"},
        "problem_type": "single_label_classification"}


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.jsonl.gz"])
def test_classes_from_json_lines(tmp_path, name):
    lines = "".join(json.dumps(row) + "\n" for row in (
        {"text": "a", "label": "yes"}, {"text": "b", "text_pair": "c", "label": "no"}))
    (tmp_path / name).write_bytes(gzip.compress(lines.encode()) if name.endswith("gz")
                                  else lines.encode())
    assert classification.read(tmp_path / name, {}) == [
        Classification("a", None, "yes"), Classification("b", "c", "no")]


def test_tables_have_the_text_first_or_where_it_is_said(tmp_path):
    (tmp_path / "plain.tsv").write_text("a\tyes\nb\tno\n")
    (tmp_path / "named.csv").write_text("kind,second,first\nyes,b,a\n")
    assert classification.read(tmp_path / "plain.tsv", {}) == [
        Classification("a", None, "yes"), Classification("b", None, "no")]
    assert classification.read(tmp_path / "plain.tsv", {"text": 1, "label": 0}) == [
        Classification("yes", None, "a"), Classification("no", None, "b")]
    assert classification.read(tmp_path / "named.csv", {
        "text": "first", "text_pair": "second", "label": "kind"}) == [
            Classification("a", "b", "yes")]
    (tmp_path / "scores.tsv").write_text("a\tb\t-2.5\nc\td\t17\n")
    assert similarity.read(tmp_path / "scores.tsv", {}) == [
        Classification("a", "b", -2.5), Classification("c", "d", 17.0)]
    assert similarity.read(tmp_path / "scores.tsv", {"text": 1, "text_pair": 0}) == [
        Classification("b", "a", -2.5), Classification("d", "c", 17.0)]


def test_lines_and_objects_are_rows():
    assert classification.parse("a b") == Classification("a b", None)
    assert classification.parse("a\tb") == Classification("a", "b")
    assert classification.parse({"text_pair": "b", "text": "a"}) == Classification("a", "b")
    assert similarity.parse("a\tb") == Classification("a", "b")
    assert questions.parse("who?\tJane.") == Question("", "Jane.", "who?")
    assert entities.parse(" Jane  is here ") == Tagged(("Jane", "is", "here"), ())
    assert entities.parse({"text": "Jane is"}) == entities.parse({"words": ["Jane", "is"]})
    assert translation.parse("a b") == translation.parse({"source": "a b"}) == Pair("a b", ("",))
    assert choice.parse("a\tb\tc\td\te") == Choice("", "a", "b", ("c", "d", "e"), None)
    assert choice.parse({"context": "a", "question": "b", "choices": ["c", "d"], "label": 1}) == \
        Choice("", "a", "b", ("c", "d"), 1)


# ---- similarity ----------------------------------------------------------------------------------

def test_scores_are_the_logit(tokenizer):
    assert similarity.configuration(()) == {"num_labels": 1, "id2label": None,
                                            "problem_type": "regression"}
    model, rows = untrained(similarity, tokenizer), PAIRS[1:3]
    found = similarity.predict(model, tokenizer, rows, Settings("similarity", max_length=12))
    for row, prediction in zip(rows, found, strict=True):
        ids = tokenizer(row.text, row.text_pair, max_length=12)
        output, _ = model.forward(ids["input_ids"][None],
                                  token_type_ids=ids["token_type_ids"][None])
        assert prediction == {"score": pytest.approx(float(output.logits[0, 0]), rel=1e-4)}
    (example,), = similarity.features(tokenizer, [Classification("a", "b", 3.5)], (),
                                      Settings("similarity", max_length=12))
    assert example["labels"] == 3.5
    batch = similarity.collate(model.config, [example], 14)
    assert batch["labels"] == [3.5] and batch["input_ids"].shape == (1, 14)


def test_figures_of_scores():
    rows = [Classification("a", "b", score) for score in (1.0, 2.0, 3.0, 4.0)]
    guesses = [{"score": score} for score in (1.0, 2.0, 8.0, 4.0)]
    # Ranks 1 2 4 3 beside 1 2 3 4; the sum of squared differences is 2.
    expected = np.corrcoef([1, 2, 3, 4], [1, 2, 8, 4])[0, 1], 1 - 6 * 2 / (4 * 15)
    assert values(similarity.figures(rows, guesses, ())) == pytest.approx(
        dict(zip(("pearson", "spearman"), expected)))


def test_scores_from_json_lines(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a", "text_pair": "b", "label": 2}\n'
                                      '{"text": "c", "text_pair": "d", "label": 0.5}\n')
    found = similarity.read(tmp_path / "a.jsonl", {})
    assert found == [Classification("a", "b", 2.0), Classification("c", "d", 0.5)]
    assert all(isinstance(row.label, float) for row in found)


# ---- entities ------------------------------------------------------------------------------------

def test_tags_of_a_sentence_in_several_windows(tokenizer):
    """The guess at the first piece of each word, in the window in which the word counts."""
    labels = ("O", "B-file", "I-file", "B-object")
    model, settings = untrained(entities, tokenizer, labels), Settings("entities", max_length=8)
    rows = [Tagged(tuple(f"{text} names".split()), ()) for text in TEXTS]
    rows.append(Tagged(("new", "\N{COMBINING ACUTE ACCENT}"), ()))       # the second has no piece
    windows = [tag_windows(tokenizer, row, labels, 8) for row in rows]
    assert len({len(part) for part in windows}) > 1
    found = entities.predict(model, tokenizer, rows, settings)
    for row, part, prediction in zip(rows, windows, found, strict=True):
        expected = ["O"] * len(row.words)
        for window in part:
            logits = model.forward(window["input_ids"][None])[0].logits[0]
            for place, word in enumerate(window["word_ids"]):
                if word >= 0:
                    expected[word] = labels[logits[place].argmax()]
        assert prediction == {"words": list(row.words), "tags": expected,
                              "entities": entities_of(row.words, expected)}
    assert found[-1]["tags"][1] == "O"
    assert len({tag for prediction in found for tag in prediction["tags"]}) > 2


def test_words_without_pieces_are_outside_or_have_the_first_label(tokenizer):
    row = Tagged(("new", "\u0301"), ())
    for labels in (("B-a", "O", "B-b"), ("B-a", "B-b", "B-c")):
        model = untrained(entities, tokenizer, labels)
        found, = entities.predict(model, tokenizer, [row], Settings("entities", max_length=8))
        assert found["tags"][1] == ("O" if "O" in labels else "B-a")


def test_words_to_predict_are_texts_and_at_least_one():
    for fields in ({}, {"words": "one"}, {"words": ["one", 2]}, {"text": 5}, {"words": None}):
        with pytest.raises(ValueError, match="^it needs 'words', a list of texts, or 'text'$"):
            entities.parse(fields)
    for fields in (" ", {"words": []}, {"text": ""}):
        with pytest.raises(ValueError, match="^it has no word$"):
            entities.parse(fields)


def test_a_sentence_is_learnt_from_if_one_of_its_windows_has_a_word(tokenizer, monkeypatch):
    some, none = ({"word_ids": np.array(ids)} for ids in ([-1, 0, -1], [-1, -1]))
    for windows, kept in (([some, none], True), ([none, some], True), ([none], False)):
        monkeypatch.setattr(entities, "tag_windows", lambda *_: windows)
        found = entities.features(tokenizer, ["row"], (), Settings("entities"))
        assert found == [windows if kept else []]


@pytest.mark.parametrize("task, files, lines", [
    ("entities", ["a.conll", "a.bio", "a.iob", "a.iob2"], ["a.txt", "a.jsonl", "a.json", "a"]),
    ("choice", ["a.xml"], ["a.txt", "a.jsonl", "a.json", "a.csv"])])
def test_files_in_the_format_of_a_task_are_known_by_their_ending(tmp_path, task, files, lines):
    for names, read in ((files, True), (lines, False)):
        assert [TASKS[task].reads(tmp_path / name) for name in names] == [read] * len(names)


def test_a_file_of_questions_is_known_by_its_ending_and_its_data(tmp_path):
    for name, text, read in (("a.json", '{"data":\n []}', True), ("b.json", '{"data": []}', True),
                             ("c.json", '{"question": "a", "context": "b"}', False),
                             ("a.csv", '{"data": []}', False),
                             ("a.txt", '{"data": []}', False), ("a.jsonl", '{"data": []}', False),
                             ("b.txt", "who?\tJane.", False)):
        (tmp_path / name).write_text(text + "\n")
        assert questions.reads(tmp_path / name) == read, name


def test_tags_are_in_the_order_of_their_types():
    rows = [Tagged(("a", "b"), ("B-z", "I-z")), Tagged(("c", "c"), ("B-a", "I-a")),
            Tagged(("d", "e"), ("O", "B-z"))]
    assert entities.labels_of(rows) == ("O", "B-a", "I-a", "B-z", "I-z")
    assert entities.labels_of(rows[:1]) == ("O", "B-z", "I-z")           # O is there in any case
    assert entities.configuration(("O", "B-a")) == {"num_labels": 2,
                                                    "id2label": {0: "O", 1: "B-a"}}


def test_a_word_behind_an_entity_is_not_part_of_it():
    words = ["in", "New", "York", "and", "Bonn"]
    tags = ["O", "B-place", "I-place", "O", "B-place"]
    assert entities_of(words, tags) == [
        {"type": "place", "text": "New York", "first": 1, "last": 2},
        {"type": "place", "text": "Bonn", "first": 4, "last": 4}]
    assert [one["text"] for one in entities_of(words[:3], ["B-a", "B-a", "I-a"])] == [
        "in", "New York"]


def test_figures_of_tags():
    rows = [Tagged(("a", "b", "c"), ("B-x", "I-x", "O")), Tagged(("d",), ("B-x",))]
    guesses = [{"tags": ["B-x", "O", "O"]}, {"tags": ["B-x"]}]
    # One of two names is found as a whole, and of two guesses one is right; 3 of 4 words are.
    assert values(entities.figures(rows, guesses, ())) == pytest.approx(
        {"f1": 0.5, "word accuracy": 3 / 4})


# ---- questions -----------------------------------------------------------------------------------

def test_answers_are_the_best_stretch_of_all_windows(tokenizer):
    settings = Settings("questions", max_length=14, doc_stride=4, max_query_length=4,
                        max_answer_length=3)
    model = untrained(questions, tokenizer)
    rows = [Question("", text, "is it one") for text in (TEXTS[2], TEXTS[1], TEXTS[0])]
    counts = []
    for row, prediction in zip(rows, questions.predict(model, tokenizer, rows, settings)):
        windows = question_windows(tokenizer, row, 14, 4, 4)
        counts.append(len(windows))
        outputs = [model.forward(window["input_ids"][None],
                                 token_type_ids=window["token_type_ids"][None])[0]
                   for window in windows]
        guess = decode_answer(row, windows, [output.start_logits[0] for output in outputs],
                              [output.end_logits[0] for output in outputs], max_answer_length=3)
        assert prediction["answer"] == guess.text == row.context[guess.start:guess.end]
        assert (prediction["start"], prediction["end"]) == (guess.start, guess.end)
        assert prediction["score"] == pytest.approx(guess.score, rel=1e-4)
    assert counts[0] > 1


def test_no_answer_is_as_probable_as_the_sigmoid_of_its_logit(tokenizer):
    settings = Settings("questions", max_length=32, no_answer=True, no_answer_threshold=0.5)
    model = from_scratch(model_class(questions, settings), {**MODEL, "initializer_range": 0.5,
                                                            "max_position_embeddings": 32},
                         tokenizer, {}, seed=1)
    rows = [Question("", text, "is it one") for text in TEXTS[:2]]
    for row, found in zip(rows, questions.predict(model, tokenizer, rows, settings), strict=True):
        window, = question_windows(tokenizer, row, 32, 64, 48)
        output, _ = model.forward(window["input_ids"][None], p_mask=window["p_mask"][None],
                                  token_type_ids=window["token_type_ids"][None])
        p = 1 / (1 + np.exp(-float(output.cls_logits[0])))
        assert found["no_answer"] == pytest.approx(p, rel=1e-4) and not 0.45 < p < 0.55
        assert found["answer"] == ("" if p > 0.5 else found["best_answer"])
        assert found["best_answer"]


def test_figures_of_answers():
    rows = [Question("", "the new file", "what", (Answer("new file", 4), Answer("the", 0))),
            Question("", "one two", "which", (Answer("two", 4),))]
    guesses = [{"answer": "new"}, {"answer": "two"}]
    # "new" is one of two words: precision 1, recall 1/2, F1 2/3.
    found = questions.figures(rows, guesses, ())
    assert values(found) == pytest.approx({"f1": (2 / 3 + 1) / 2, "exact match": 0.5})


# ---- choice --------------------------------------------------------------------------------------

def test_choices_of_different_numbers(tokenizer):
    rows = [Choice("", TEXTS[0], "what", ("new", "short", "old file")),
            Choice("", TEXTS[1], "what", ("one", "two")),
            Choice("", TEXTS[2], "is", ("the", "a list", "names")),
            Choice("", TEXTS[1], "who", ("two names", "it"))]
    model = untrained(choice, tokenizer)
    found = choice.predict(model, tokenizer, rows, Settings("choice", max_length=10))
    for row, prediction in zip(rows, found, strict=True):
        example = choice_example(tokenizer, row, 10)
        output, _ = model.forward(*(example[name][None] for name in (
            "input_ids", "attention_mask", "token_type_ids")))
        p = softmax(output.logits[0])
        assert prediction["probabilities"] == pytest.approx(p.tolist(), rel=1e-4)
        assert prediction["choice"] == p.argmax()
        assert prediction["text"] == row.choices[p.argmax()]
    rows = [Choice("", "a", "b", ("c", "d"), label) for label in (0, 1, 1, 1)]
    assert values(choice.figures(rows, [{"choice": 1}] * 4, ())) == {"accuracy": 0.75}


def test_bad_choices_are_refused(tmp_path):
    good = {"context": "a", "question": "b", "choices": ["c", "d"], "label": 0}
    for changes, sentence in [({"label": 2}, "its label is 2, where a whole number from 0 to"),
                              ({"label": 7}, "its label is 7, where a whole number from 0 to 1"),
                              ({"label": -1}, "its label is -1"),
                              ({"choices": ["c"]}, "has 1 choice; it needs a list of"),
                              ({"choices": ["c", 7]}, "its choice 1 is 7, where a text is")]:
        with pytest.raises(ValueError, match=f"^it.*{sentence.removeprefix('its')}"):
            choice.parse({**good, **changes})
        (tmp_path / "a.jsonl").write_text(json.dumps(good) + "\n" + json.dumps({**good, **changes}))
        with pytest.raises(ValueError, match=f"a.jsonl, line 2: .*{sentence}"):
            choice.read(tmp_path / "a.jsonl", {})
    for label in (0, 1):
        assert choice.parse({**good, "label": label}).label == label


def test_tables_of_choices_that_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    for text, sentence in [
            ("sent1,sent2,ending0,ending1\na,b,c,d\n", " has the columns sent1, sent2, ending0, "
             "ending1; choices need sent1 (or context), sent2 (or question), ending0, ending1 (or "
             "choice0, choice1) and so on, and label."),
            ("sent1,sent2,ending0,label\na,b,c,0\n", " has the columns sent1, sent2, ending0, label"
             "; choices need"),
            ("sent1,sent2,ending0,ending1,label\na,b,c,d,1\na,b,c,d\n", ", line 3: there are 4 "
             "columns, where the first line has 5."),
            ("sent1,sent2,ending0,ending1,label\na,b,c,d,1,e\n", ", line 2: there are 6 columns"),
            ("sent1,sent2,ending0,ending1,label\na,b,c,d,x\n", ", line 2: its label is 'x', where"),
            ("sent1,sent2,ending0,ending1,label\na,b,c,d,\n", ", line 2: its label is '', where"),
            ("sent1,sent2,ending0,ending1,label\n", "")]:
        path.write_text(text)
        with pytest.raises(ValueError) as error:
            choice.read(path, {})
        assert str(error.value).startswith(f"{path}{sentence}")
    assert str(error.value) == str(empty_file(path))                       # names and no row
    path.write_text("Label, CONTEXT ,question,choice_0,choice_1,choice_2\n 2 ,a,b,c,d,e\n")
    assert choice.read(path, {}) == [Choice("", "a", "b", ("c", "d", "e"), 2)]


def test_choices_from_xml(tmp_path):
    (tmp_path / "a.xml").write_text(
        '<copa-corpus><item id="7" asks-for="cause" most-plausible-alternative="2">'
        '<p>It is wet.</p><a1>Sun.</a1><a2>Rain.</a2></item></copa-corpus>')
    row, = choice.read(tmp_path / "a.xml", {})
    assert (row.context, row.choices, row.label) == ("It is wet.", ("Sun.", "Rain."), 1)


# ---- translation ---------------------------------------------------------------------------------

def test_figures_of_translations():
    rows = [Pair("a", ("the list", "a list of two new names")), Pair("b", ("one",)),
            Pair("c", ("two names",))]
    guesses = [{"translation": text} for text in (" a list of two new names", "one ", "zzz")]
    found = values(translation.figures(rows, guesses, ()))
    assert found["equal to a reference"] == pytest.approx(2 / 3)
    assert 0 < found["bleu"] < 100 and 0 < found["chrf"] < 100
    perfect = [{"translation": row.targets[-1]} for row in rows]
    assert values(translation.figures(rows, perfect, ())) == pytest.approx(
        {"bleu": 100, "chrf": 100, "equal to a reference": 1})


def test_a_pair_of_just_the_greatest_length_is_trained_on(tokenizer):
    pair = Pair(TEXTS[0], (TEXTS[1],))
    source, target = tokenizer.encode_batch(TEXTS[:2])
    total, n = len(source) + len(target) + 3, len(target)
    for length, longest, fits in ((total, n, True), (total - 1, n, False), (total, n - 1, False)):
        settings = Settings("translation", max_length=length, max_target_length=longest)
        found, = translation.features(tokenizer, [pair], (), settings)
        assert len(found) == fits
    example, = translation.features(tokenizer, [pair], (), Settings("translation"))[0]
    assert (example["source"], example["target"]) == (source, target)
    model = untrained(translation, tokenizer)
    batch = translation.collate(model.config, [example])
    expected = translation_batch([source], [target], model.config)
    assert all(np.array_equal(batch[name], expected[name]) for name in expected)
    assert np.array_equal(batch["positions"], labelled_positions(expected["labels"]))


def test_a_source_without_pieces_is_refused_and_so_is_too_short_a_length(tokenizer):
    with pytest.raises(ValueError, match="the tokenizer leaves no piece"):
        translation.predict(None, tokenizer, [Pair("\u0301", ("",))], Settings("translation"))
    with pytest.raises(ValueError, match="^max_length is 4; it must be at least 5: three special"):
        translation.predict(None, tokenizer, [Pair("a", ("",))],
                            Settings("translation", max_length=4))


def test_translations_are_spelt_as_the_settings_say(tokenizer):
    model = untrained(translation, tokenizer)
    rows = [Pair(text, ("",)) for text in TEXTS]
    common = dict(max_length=20, beams=1, max_target_length=6)
    plain = translation.predict(model, tokenizer, rows, Settings("translation", **common))
    spelt = translation.predict(model, tokenizer, rows, Settings(
        "translation", spelling={"d": "δ", "h": "η"}, **common))
    for one, other in zip(plain, spelt, strict=True):
        assert one["translation"].replace("d", "δ").replace("h", "η") == other["translation"]
    assert plain != spelt


def test_sources_are_searched_for_32_at_a_time_the_longest_first(tokenizer, monkeypatch):
    """So that a search has little padding, and the last one of a pool little to wait for."""
    asked, rows = [], [Pair(" ".join(["list"] * (1 + i % 7)), ("",)) for i in range(70)]

    def search(model, sources, beams, longest, forbidden, max_length):
        assert max_length == 11                    # and [SEP] behind the target
        asked.append(([len(source) for source in sources], beams, longest, forbidden))
        return [[Hypothesis(source[:1], -len(source) / 2, 0.0, True)] for source in sources]

    monkeypatch.setattr(translation, "beam_search", search)
    found = translation.predict(None, tokenizer, rows, Settings(
        "translation", max_length=12, beams=3, max_target_length=5))
    lengths = [min(6, len(tokenizer.encode_batch([row.source])[0])) for row in rows]    # half of 12
    assert [len(group) for group, *_ in asked] == [32, 32, 6]
    assert sum((group for group, *_ in asked), []) == sorted(lengths, reverse=True)
    assert {one[1:] for one in asked} == {
        (3, 5, (tokenizer.mask_token_id, tokenizer.unk_token_id))}
    assert [one["log_probability"] for one in found] == [-length / 2 for length in lengths]


@pytest.mark.parametrize("targets, spelling", [
    (["好，好，好,"], {",": "，"}),                          # the commonest way of writing it
    (["好,好,好，"], {}), (["Abc"], {}), (["\u3000好\u3000"], {}), (["…"], {}),
    (["Ⓐ"], {"a": "Ⓐ"}), (["\u2f00"], {"\u4e00": "\u2f00"})])        # a radical, a character
def test_spelling_is_of_single_marks_that_were_simplified(targets, spelling):
    assert spelling_of(targets) == spelling


# ---- all tasks -----------------------------------------------------------------------------------

def as_alone(found, alone):
    """Whether two predictions say the same, but for the rounding of other batches."""
    if isinstance(found, float):
        return found == pytest.approx(alone, rel=1e-4, abs=1e-5)
    if isinstance(found, dict):
        return found.keys() == alone.keys() and all(map(as_alone, found.values(), alone.values()))
    if isinstance(found, list) and len(found) == len(alone):
        return all(map(as_alone, found, alone))
    return type(found) is type(alone) and found == alone


@pytest.mark.parametrize("task, no_answer", [*((task, False) for task in TASKS),
                                             ("questions", True)])
def test_a_prediction_does_not_depend_on_the_other_rows(tokenizer, task, no_answer):
    """Neither on their number nor on their order; texts are cut, padded or read in windows."""
    module, rows = TASKS[task], toy_splits(task, 9, 1).train
    labels = {"multi-label": ("file", "list")}.get(task, module.labels_of(rows))
    settings = Settings(task, max_length=14, doc_stride=3, max_query_length=4, beams=2,
                        max_target_length=4, no_answer=no_answer, no_answer_threshold=0.5)
    if task == "choice":                       # of two and of three choices
        rows = [Choice("", row.context, row.question, (*row.choices, "a name")[:2 + i % 2],
                       row.label) for i, row in enumerate(rows)]
    kind = model_class(module, settings)
    model = from_scratch(kind, {**MODEL, "initializer_range": 0.5}, tokenizer,
                         module.configuration(labels), seed=1)
    before = repr(rows)
    together = module.predict(model, tokenizer, rows, settings)
    assert repr(rows) == before and len(together) == 9
    for row, found, turned in zip(rows, together, module.predict(
            model, tokenizer, rows[::-1], settings)[::-1], strict=True):
        alone, = module.predict(model, tokenizer, [row], settings)
        assert as_alone(found, alone) and as_alone(turned, alone)
    with ThreadPoolExecutor(2) as pool:
        for found, other in zip(together, module.predict(model, tokenizer, rows, settings, pool)):
            assert as_alone(other, found)
    assert module.predict(model, tokenizer, [], settings) == []
    json.dumps(together, allow_nan=False)


@pytest.mark.parametrize("task", TASKS)
def test_features_are_one_list_for_each_row_and_change_nothing(tokenizer, task):
    """The examples of a row are those that it has alone."""
    module, rows = TASKS[task], toy_splits(task, 6, 1).train
    labels = {"multi-label": ("file", "list")}.get(task, module.labels_of(rows))
    settings, before = Settings(task, max_length=14, doc_stride=3), repr(rows)
    found = module.features(tokenizer, rows, labels, settings)
    assert len(found) == 6 and repr(rows) == before
    for row, examples in zip(rows, found):
        (alone,) = module.features(tokenizer, [row], labels, settings)
        assert len(alone) == len(examples)
        for one, other in zip(alone, examples):
            assert one.keys() == other.keys()
            assert all(np.array_equal(one[name], other[name]) for name in one)
    assert module.features(tokenizer, [], labels, settings) == []


def test_a_second_text_that_is_null_is_missing(tmp_path):
    lines = [{"text": "a", "text_pair": None, "label": "x"}, {"text": "b", "label": 2},
             {"text": "c", "text_pair": "d", "label": True}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert classification.read(tmp_path / "a.jsonl", {}) == [
        Classification("a", None, "x"), Classification("b", None, "2"),
        Classification("c", "d", "true")]
    for line, sentence in (({"text": None, "label": "x"}, "field 'text' must be a text, not null"),
                           ({"text": "a", "text_pair": 7, "label": "x"},
                            "field 'text_pair' must be a text, not 7"),
                           ({"text": "a", "text_pair": " ", "label": "x"},
                            r"the text_pair \(field 'text_pair'\) is empty"),
                           ({"text": "a", "label": None}, "must be a text or a whole number"),
                           ({"text": "a", "label": 1.5}, "must be a text or a whole number")):
        (tmp_path / "b.jsonl").write_text(json.dumps(lines[0]) + "\n" + json.dumps(line) + "\n")
        with pytest.raises(ValueError, match=f"b.jsonl, line 2: .*{sentence}"):
            classification.read(tmp_path / "b.jsonl", {})


def test_labels_of_true_and_false_are_no_numbers_of_choices():
    good = {"context": "a", "question": "b", "choices": ["c", "d"]}
    for label in (True, False, 1.0, "1"):
        with pytest.raises(ValueError, match="where a whole number from 0 to 1 says which choice"):
            choice.parse({**good, "label": label})
    assert choice.parse({**good, "label": None}).label is None

@pytest.mark.parametrize("task", TASKS)
def test_files_hold_what_was_written(tmp_path, task):
    rows = toy_splits(task, 5, 1).train
    write_rows(task, rows, tmp_path, "train")
    file, = tmp_path.glob("train.*")
    found = TASKS[task].read(file, {})
    if task == "questions":
        assert [(row.context, row.question, row.answers) for row in found] == [
            (row.context, row.question, row.answers) for row in rows]
    else:
        assert found == rows
    if not hasattr(TASKS[task], "COLUMNS"):
        with pytest.raises(ValueError, match="remove --columns"):
            TASKS[task].read(file, {"text": 1})


@pytest.mark.parametrize("task, key, names", [
    ("classification", "label", ["commonest label", "TF-IDF + logistic regression"]),
    ("multi-label", "labels", ["commonest labels", "TF-IDF + logistic regression for each label"]),
    ("similarity", "score", ["mean score", "TF-IDF cosines + ridge regression"]),
    ("entities", "tags", ["no names at all", "each word's commonest tag"]),
    ("questions", "answer", ["the first sentence",
                             "the sentence with most words of the question"]),
    ("choice", "choice", ["commonest place", "TF-IDF cosines + logistic regression"]),
    ("translation", "translation", ["the commonest target",
                                    "the target of the most similar source"])])
def test_baselines_predict_every_row(task, key, names):
    module, splits = TASKS[task], toy_splits(task, 30, 5)
    found = module.baselines(splits.train, splits.test)
    assert list(found) == names
    for guesses in found.values():
        assert [list(guess) for guess in guesses] == [[key]] * 5
        rng = np.random.default_rng(0)
        figures = module.figures(splits.test, guesses, module.labels_of(splits.train), rng)
        assert all(figure.low <= figure.value <= figure.high for figure in figures.values())
        plain = module.figures(splits.test, guesses, module.labels_of(splits.train))
        assert values(plain) == values(figures) and plain[module.METRIC].low is None


def test_the_fields_of_a_line():
    assert text_fields("a\tb", ("one",), ("two",)) == ["a", "b"]
    assert text_fields("a", ("one",), ("two",)) == ["a", None]
    assert text_fields({"two": "b", "one": "a"}, ("one", "two")) == ["a", "b"]
    for fields, needed, optional, sentence in [
            ("a\tb", ("one",), (), "it has 2 fields separated by tabs, where one is needed"),
            ("a", ("one", "two"), (), "it has 1 fields .* where one TAB two are needed"),
            ("a\tb\tc", ("one",), ("two",), "3 fields .* one and perhaps two are needed"),
            ("a\t ", ("one",), ("two",), "the two is empty"),
            ({"one": 7}, ("one",), (), "it needs 'one', a text"),
            ({"two": "b"}, ("one",), ("two",), "it needs 'one', a text")]:
        with pytest.raises(ValueError, match=sentence):
            text_fields(fields, needed, optional)
