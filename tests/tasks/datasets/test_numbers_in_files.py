"""Numbers that float32 cannot hold, in every reader that takes numbers."""

import re

import pytest

from albert_np.tasks.finetuning import TASKS

HOLD = "is no number that float32 can hold; a finite number is needed, from -3.4e+38 to 3.4e+38."


@pytest.mark.parametrize("number, shown", [
    ("1e39", "1e39"), ("-1e39", "-1e39"), ("nan", "nan"), ("Infinity", "Infinity"),
    ("1e4000", "1e4000"), ("9" * 400, "9" * 60)])
def test_scores_in_tables(number, shown, tmp_path):
    path = tmp_path / "rows.tsv"
    path.write_text(f"text\ttext_pair\tscore\na\tb\t1\na\tb\t{number}\n")
    with pytest.raises(ValueError, match=re.escape(f"{path}, line 3: the label {shown} {HOLD}")):
        TASKS["similarity"].read(path, {"text": "text", "text_pair": "text_pair", "label": "score"})


@pytest.mark.parametrize("number, shown", [
    ("1e39", "1e+39"), ("NaN", "NaN"), ("-Infinity", "-Infinity"), ("9" * 400, "9" * 60)])
def test_scores_in_json_lines(number, shown, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a", "text_pair": "b", "label": 1}\n'
                    f'{{"text": "a", "text_pair": "b", "label": {number}}}\n')
    with pytest.raises(ValueError, match=re.escape(f"{path}, line 2: the label {shown} {HOLD}")):
        TASKS["similarity"].read(path, {"text": "text", "text_pair": "text_pair",
                                        "label": "label"})


def test_what_is_no_number_is_said_as_before(tmp_path):
    path = tmp_path / "rows.tsv"
    path.write_text("a\tb\tmuch\n")
    with pytest.raises(ValueError, match="line 1: the label is 'much', where a number is needed"):
        TASKS["similarity"].read(path, {"text": 0, "text_pair": 1, "label": 2})


def test_labels_of_many_digits_stay_apart(tmp_path):
    path, digits = tmp_path / "rows.jsonl", "9" * 70
    path.write_text(f'{{"text": "a", "label": {digits}1}}\n{{"text": "b", "label": {digits}2}}\n')
    rows = TASKS["classification"].read(path, {"text": "text", "label": "label"})
    assert [row.label for row in rows] == [f"{digits}1", f"{digits}2"]


def test_places_of_answers_in_squad(tmp_path):
    path = tmp_path / "rows.json"
    for number, sentence in (("9" * 400, f"at character {'9' * 20}; there stands ''"),
                             ("9" * 5000, "a number of more digits than can be read"),
                             ("NaN", "needs 'answer_start', a whole number")):
        path.write_text('{"data": [{"paragraphs": [{"context": "a", "qas": [{"id": "1", "question":'
                        f' "b", "answers": [{{"text": "a", "answer_start": {number}}}]}}]}}]}}]}}')
        with pytest.raises(ValueError, match=re.escape(sentence)) as error:
            TASKS["questions"].read(path, {})
        assert str(path) in str(error.value) and len(str(error.value)) < 400
