"""A bad row gets one sentence: what is wrong, in which file and line, and what would be right."""

import json

import numpy as np
import pytest
from toys import TOYS

from albert_np.tasks.datasets import (choose_columns, read_conll, read_parallel, read_squad,
                                      read_table)
from albert_np.tasks.finetuning.data import check_known, load_splits
from albert_np.tasks.finetuning.recipes import TASKS, choice, classification, similarity


def sentence_about(path, read, *arguments, **options):
    """What the error says after the path."""
    with pytest.raises(ValueError) as error:
        list(read(path, *arguments, **options))
    assert str(error.value).startswith(str(path))
    return str(error.value).removeprefix(str(path))


@pytest.mark.parametrize("text", ["\u200b", "\ufeff\u00ad", "\u0085", "\x01 "])
def test_a_text_without_a_visible_character_is_empty(text, tmp_path):
    (tmp_path / "a.csv").write_text(f"good text,a\n{text},b\n", "utf-8")
    assert sentence_about(tmp_path / "a.csv", classification.read, {}) == (
        ", line 2: the text (column 0, counted from 0) is empty.")


@pytest.mark.parametrize("field", ["text", "label"])
def test_half_of_a_surrogate_pair_is_no_character(field, tmp_path):
    good = {"text": "a \U0001f600", "label": "x"}
    (tmp_path / "a.jsonl").write_text("".join(
        json.dumps(row) + "\n" for row in (good, {**good, field: "b\ud83d"})))
    assert sentence_about(tmp_path / "a.jsonl", classification.read, {}) == (
        ", line 2: there is \\ud83d without its other half, so it is no character.")


def squad(tmp_path, **changes):
    """A file with two questions; the second, whose id is on line 10, is changed."""
    def article(number, more):
        entry = {"id": number, "question": "What is it?",
                 "answers": [{"text": "four", "answer_start": 6}], **more}
        return {"paragraphs": [{"context": "It is four.", "qas": [entry]}]}

    path = tmp_path / "a.json"
    path.write_text(json.dumps({"data": [article("q1", {}), article("q2", changes)]}, indent=0))
    return path


@pytest.mark.parametrize("changes, sentence", [
    ({"is_impossible": "true", "answers": []},
     'is_impossible of question \'q2\' is "true"; it must be true or false, without quotation '
     'marks.'),
    ({"answers": [{"text": "", "answer_start": 6}]},
     "question 'q2' has an answer whose text is empty; a question without an answer needs "
     '"answers": [] and "is_impossible": true.'),
    ({"question": " "}, "the question of question 'q2' is empty."),
    ({"question": "What \udc00?"}, "there is \\udc00 without its other half, so it is no "
                                   "character.")])
def test_questions_of_squad(changes, sentence, tmp_path):
    path = squad(tmp_path, **changes)
    looked_for = "udc00" if "udc00" in sentence else '"q2"'
    line = next(number for number, text in enumerate(path.read_text().split("\n"), 1)
                if looked_for in text)
    assert sentence_about(path, read_squad) == f", line {line}: {sentence}"


def test_a_quotation_mark_that_is_never_closed_is_found_where_its_row_begins(tmp_path):
    rows = ["text,label\n", *["a text,good\n"] * 3, '"a text,good\n', *["a text,bad\n"] * 20]
    (tmp_path / "a.csv").write_text("".join(rows))
    assert sentence_about(tmp_path / "a.csv", classification.read, {}) == (
        ", line 5: this is not comma-separated (unexpected end of data; the row that begins here "
        "goes on to line 25: is a quotation mark never closed?).")


def test_a_line_with_other_columns_is_compared_with_the_first(tmp_path):
    (tmp_path / "a.tsv").write_text("Hi.\tHallo.\tx\nBye.\tTschüs.\n", "utf-8")
    assert sentence_about(tmp_path / "a.tsv", read_parallel) == (
        ", line 2: there are 2 columns, where the first line has 3; all lines need equally many.")
    (tmp_path / "a.conll").write_text("In\tx\tO\nBonn\tB-place\n")
    assert sentence_about(tmp_path / "a.conll", read_conll) == (
        ", line 2: there are 2 columns, where the first line of words has 3; equally many are "
        "needed (a word and its tag among them).")


@pytest.mark.parametrize("changes, sentence", [
    ({"question": None}, "it has no 'question'"),
    ({"context": None}, "it has no 'context'"),
    ({"context": 3}, "its context is 3, where a text is needed"),
    ({"context": " "}, "its context is empty"),
    ({"choices": "Rome"}, 'it has the choices "Rome"; it needs a list of at least two texts'),
    ({"choices": ["Rome"]}, "it has 1 choice; it needs a list of at least two texts"),
    ({"choices": []}, "it has 0 choices; it needs a list of at least two texts"),
    ({"choices": None}, "it has no 'choices'; it needs a list of at least two texts"),
    ({"choices": ["Rome", ""]}, "its choice 1 is empty"),
    ({"choices": ["Rome", 4]}, "its choice 1 is 4, where a text is needed")])
def test_choices(changes, sentence, tmp_path):
    row = {"context": "She is in Rome.", "question": "Where?", "choices": ["Rome", "Oslo"],
           "label": 0}
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps({**row, **changes})}\n")
    assert sentence_about(tmp_path / "a.jsonl", choice.read, {}) == f", line 2: {sentence}."


def test_a_table_of_only_a_header_has_no_row(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n")
    for read in (classification.read, lambda path, _: read_table(path, "text", label="label")):
        assert sentence_about(tmp_path / "a.csv", read, {}) == (
            " has a line with the names of its columns and no row; at least one row is needed.")


def test_an_unknown_label_names_its_own_file_and_text(tmp_path):
    rows = "".join(f"text {'abcdefghij'[i]} {'klmnopqrst'[j]},{'yes' if i % 2 else 'no'}\n"
                   for i in range(10) for j in range(3))
    (tmp_path / "rows.csv").write_text("text,label\n" + rows)
    (tmp_path / "other.csv").write_text("text,label\na text,no\na good car,great\n")
    for part in ("dev", "test"):
        with pytest.raises(ValueError) as error:
            load_splits(classification, tmp_path / "rows.csv", **{part: tmp_path / "other.csv"})
        assert str(error.value) == (
            f"The label 'great' of {tmp_path / 'other.csv'} (text 'a good car') stands in no "
            f"training row; the labels there are no, yes.")


@pytest.mark.parametrize("name", ["entities", "multi-label", "classification"])
def test_the_text_of_a_row_with_an_unknown_label_is_named(name):
    rows = [TOYS[name](np.random.default_rng(seed)) for seed in range(9)]
    labels = TASKS[name].labels_of(rows)
    with pytest.raises(ValueError, match=r"of a\.csv \(text '.+'\) is none of"):
        check_known(TASKS[name], rows, labels[:1] if name != "entities" else ("O",), "a.csv",
                    "is none of")


def test_scores_whose_squares_are_too_large_are_refused(tmp_path):
    rows = [classification.Classification("a", "b", label) for label in (0.0, -2.5e20, 1.0)]
    with pytest.raises(ValueError, match=r"^a\.csv has the score -2\.5e\+20; the loss squares the "
                                         r"scores, .*: divide all scores by one number\.$"):
        similarity.check(rows, "a.csv", True)
    similarity.check(rows, "a.csv", False)


@pytest.mark.parametrize("names", ["TRAIN.JSONL DEV.JSONL", "train.jsonl Validation.JSONL"])
def test_the_files_of_a_folder_may_have_capitals(names, tmp_path):
    for name, text in zip(names.split(), "ab"):
        (tmp_path / name).write_text("".join(
            json.dumps({"text": f"{text} {i}", "label": label}) + "\n"
            for i, label in enumerate(["x", "y", "x"])))
    splits = load_splits(classification, tmp_path)
    assert [len(part) for part in (splits.train, splits.dev, splits.test)] == [3, 3, 0]


@pytest.mark.parametrize("header, found", [
    ("body,kind", True), ("body,bad", False), ("corpus,kind", False)])
def test_one_known_name_and_a_label_that_occurs_once_are_a_header(header, found, tmp_path):
    rows = [f"{'the long ' * (i % 5)}text,{'bad' if i % 2 else 'good'}\n" for i in range(8)]
    (tmp_path / "a.csv").write_text(f"{header}\n{''.join(rows)}")
    chosen = choose_columns(tmp_path / "a.csv")
    assert chosen.header is found
    if found:
        assert chosen.columns == {"text": "body", "label": 1}
    (tmp_path / "a.csv").write_text(f"{header}\n{''.join(rows)}text,rare\n")     # so it is no rule
    assert choose_columns(tmp_path / "a.csv").header is False
