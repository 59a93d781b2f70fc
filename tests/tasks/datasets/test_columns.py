"""Which column holds what: decided by names, by the sniffer, or by order, and always said."""

import json
import re

import pytest

from albert_np.tasks.datasets import Choice, Classification, choose_columns, read_table
from albert_np.tasks.datasets.numbers import number_in
from albert_np.tasks.finetuning.recipes import choice, classification, similarity

BODY = [("what a fine day", "good"), ("rain", "bad"), ("snow again", "bad"), ("sun", "good"),
        ("at last, sun", "good")]


def table(path, *lines):
    if path.suffix.lower() == ".csv":
        lines = [",".join(f'"{field}"' for field in line) for line in lines]
    else:
        lines = ["\t".join(line) for line in lines]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


@pytest.mark.parametrize("name", ["a.csv", "UP.CSV", "a.tsv", "a.txt"])
def test_names_in_the_first_line_are_no_row_and_no_class(name, tmp_path):
    path = table(tmp_path / name, ("text", "label"), *BODY)
    assert classification.read(path, {}) == [Classification(*row[:1], label=row[1]) for row in BODY]
    assert choose_columns(path).sentence == (
        f"{path}: text is column 0 ('text'), label is column 1 ('label'), counted from 0; its "
        f"first line holds names (--no-header if it is a row)")
    rows = classification.read(path, {}, header=False)
    assert rows[0] == Classification("text", label="label") and len(rows) == 6


def test_columns_are_found_by_their_names(tmp_path):
    path = table(tmp_path / "a.csv", ("Id", " Label", "Sentence2", "sentence1"),
                 ("1", "yes", "second", "first"))
    assert classification.read(path, {}) == [Classification("first", "second", "yes")]
    assert classification.read(path, {"label": "Sentence2"})[0].label == "second"
    path = table(tmp_path / "b.tsv", ("score", "text", "text_pair"), ("2.5", "a", "b"))
    assert similarity.read(path, {}) == [Classification("a", "b", 2.5)]


def test_a_file_without_names_is_taken_in_order(tmp_path):
    path = table(tmp_path / "a.csv", *BODY)
    assert len(classification.read(path, {})) == len(BODY)
    assert choose_columns(path).sentence == (
        f"{path}: text is column 0, label is column 1, counted from 0; its first line is a row "
        f"(--header if it holds names)")
    assert len(classification.read(path, {}, header=True)) == len(BODY) - 1
    assert classification.read(path, {"text": 1, "label": 0})[1] == Classification("bad",
                                                                                   label="rain")


def test_unknown_names_are_sniffed(tmp_path):
    scores = [(f"{text} x", text, f"{number}.5") for number, (text, _) in enumerate(BODY)]
    path = table(tmp_path / "a.csv", ("one", "other", "how much"), *scores)
    assert [row.label for row in similarity.read(path, {})] == [.5, 1.5, 2.5, 3.5, 4.5]
    equally_long = [(text, "pos" if label == "good" else "neg") for text, label in BODY]
    path = table(tmp_path / "b.csv", ("utterance", "feeling"), *equally_long)
    assert len(classification.read(path, {})) == len(BODY)
    # The sniffer would take this first row for a header, but its label comes back.
    path = table(tmp_path / "c.csv", ("fair", "neutral"), *equally_long * 5, ("so", "neutral"))
    assert len(classification.read(path, {})) == 5 * len(BODY) + 2


def test_names_and_no_header_exclude_each_other(tmp_path):
    path = table(tmp_path / "a.csv", ("body", "stars"), *BODY)
    with pytest.raises(ValueError, match="the column 'body' is given by its name, but --no-header"):
        classification.read(path, {"text": "body"}, header=False)
    with pytest.raises(ValueError, match="there is no column 2; the line has columns 0 to 1"):
        classification.read(path, {"text": 2, "label": 1})


@pytest.mark.parametrize("name, first, given, words", [
    ("a.csv", "text;label", {}, "there is no comma, but a semicolon; is the separator ';'?"),
    ("a.csv", "good;5", {}, "there is no comma, but a semicolon"),
    ("a.csv", "text\tlabel", {"text": "text"}, "there is no comma, but a tab"),
    ("a.tsv", "text,label", {}, "there is no tab, but a comma; is the separator ','?"),
    ("a.txt", "a|b;c|d", {}, "there is no tab, but a vertical bar")])
def test_another_separator_is_named(name, first, given, words, tmp_path):
    (tmp_path / name).write_text(f'{first}\n"one; of, many";pos\n')
    with pytest.raises(ValueError, match=rf"{name}, line 1: {re.escape(words)}.*need commas"):
        choose_columns(tmp_path / name, given)


def test_a_sign_within_the_only_column_separates_nothing(tmp_path):
    (tmp_path / "a.csv").write_text("Good; very good\nBad\n")
    assert choose_columns(tmp_path / "a.csv", needed=("text",)).columns == {"text": 0}
    with pytest.raises(ValueError, match="there is no comma, but a semicolon"):
        choose_columns(tmp_path / "a.csv", {"text": "review"}, needed=("text",))


# ---- JSON lines ----------------------------------------------------------------------------------

def lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n\n", "utf-8")
    return path


def test_json_lines_have_columns_and_integer_labels(tmp_path):
    path = lines(tmp_path / "a.jsonl", {"body": "a", "stars": 1}, {"body": "b", "stars": " ham "},
                 {"body": "c", "stars": True})
    expected = [Classification("a", label="1"), Classification("b", label="ham"),
                Classification("c", label="true")]
    assert classification.read(path, {"text": "body", "label": "stars"}) == expected
    assert classification.read(path, {}) == expected
    assert choose_columns(path).sentence == f"{path}: text is the field 'body', label is the " \
                                            "field 'stars'"
    with pytest.raises(ValueError, match="--columns text=0: the fields of .*a.jsonl, JSON lines"):
        classification.read(path, {"text": 0})
    with pytest.raises(ValueError, match="a.jsonl is JSON lines, which have no header"):
        classification.read(path, {}, header=True)


@pytest.mark.parametrize("row, sentence", [
    ({"text": "a"}, "the field 'label' is missing."),
    ({"text": "", "label": "x"}, "the text (field 'text') is empty."),
    ({"text": "\u2028 ", "label": "x"}, "the text (field 'text') is empty."),
    ({"text": "a", "label": " "}, "the label is empty."),
    ({"text": "a", "label": .5}, "the field 'label' must be a text or a whole number, not 0.5."),
    ({"text": 3, "label": "a"}, "the field 'text' must be a text, not 3.")])
def test_json_lines_are_checked_as_tables_are(row, sentence, tmp_path):
    path = lines(tmp_path / "a.jsonl", {"text": "a", "label": "x"}, row)
    with pytest.raises(ValueError) as error:
        classification.read(path, {})
    assert str(error.value) == f"{path}, line 2: {sentence}"


def test_labels_that_differ_by_spaces_are_one(tmp_path):
    path = table(tmp_path / "a.tsv", ("a", "ham"), ("b", " ham "), ("c", "spam"))
    assert classification.labels_of(classification.read(path, {})) == ("ham", "spam")


TOO_LARGE = ["NaN", "Infinity", "1e39", "1" + "0" * 400]


@pytest.mark.parametrize("number", TOO_LARGE)
def test_scores_of_json_are_finite_numbers(number, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"text": "a", "text_pair": "b", "label": {label}}}\n'
                            for label in ("1", number)))
    with pytest.raises(ValueError, match="line 2: the label .* is no number that float32 can hold"):
        similarity.read(path, {})


@pytest.mark.parametrize("number", [*TOO_LARGE, "1_0", "٣", "x"])
def test_scores_of_tables_are_finite_numbers_in_plain_notation(number, tmp_path):
    (tmp_path / "a.tsv").write_text(f"a\tb\t1\nc\td\t{number}\n", "utf-8")
    said = (".* is no number that float32 can hold" if number in TOO_LARGE else
            "is '.*', where a number is needed")
    with pytest.raises(ValueError, match=f"line 2: the label {said}"):
        similarity.read(tmp_path / "a.tsv", {})


def test_numbers():
    assert [number_in(value) for value in (" 4.5\t", "-.5", "1E3", 2, 2.5, "+7.")] == [
        4.5, -.5, 1000, 2, 2.5, 7]
    assert [number_in(value) for value in ("1 2", ".", "1e9999", True, float("nan"), -1e39)] == [
        None] * 6


def test_what_is_no_table_is_called_what_it_is(tmp_path):
    (tmp_path / "a.json").write_text('[\n {"text": "a", "label": "b"}\n]\n')
    with pytest.raises(ValueError, match="a.json is JSON, where a table or JSON lines are needed; "
                                         "JSON lines have a whole object on each line"):
        classification.read(tmp_path / "a.json", {})
    (tmp_path / "a.jsonl").write_text('[\n {"text": "a", "label": "b"}\n]\n')
    with pytest.raises(ValueError, match="a.jsonl, line 1: this begins a JSON array, where JSON"):
        classification.read(tmp_path / "a.jsonl", {})
    (tmp_path / "a.csv").write_text('"' + "a" * 140_000 + '",b\n')
    with pytest.raises(ValueError, match="a.csv, line 1: this is not comma-separated .a field is "
                                         "longer than 131,072 characters; is a quotation mark"):
        read_table(tmp_path / "a.csv")


def test_choices_from_a_table_such_as_swags(tmp_path):
    (tmp_path / "a.csv").write_text(
        ',video,Sent1,sent2,"gold source",ending0,ending1,ending2,label\n'
        '0,x,"A dog, old, runs.",It,gold,barks.,sings.,reads.,2\n')
    assert choice.read(tmp_path / "a.csv", {}) == [
        Choice("", "A dog, old, runs.", "It", ("barks.", "sings.", "reads."), 2)]
    (tmp_path / "b.csv").write_text("sent1,sent2,ending0,ending1,label\na,b,c,d,0\na,b,c,d,2\n")
    with pytest.raises(ValueError, match="b.csv, line 3: its label is 2, where a whole number"):
        choice.read(tmp_path / "b.csv", {})
    (tmp_path / "c.csv").write_text("sent1,sent2,ending0,label\na,b,c,0\n")
    with pytest.raises(ValueError, match="c.csv has the columns sent1, sent2, ending0, label; "):
        choice.read(tmp_path / "c.csv", {})


@pytest.mark.parametrize("row, sentence", [
    ({"context": "a", "question": "b", "choices": ["c", "d"], "label": "1"}, "its label is '1', "
     "where a whole number from 0 to 1"),
    ({"context": "a", "question": "b", "choices": ["c", "d"]}, "it has no label"),
    ({"context": "a", "question": "b", "choices": ["c", " "], "label": 0},
     "its choice 1 is empty")])
def test_choices_name_the_line(row, sentence, tmp_path):
    path = lines(tmp_path / "a.jsonl", {"context": "a", "question": "b", "choices": ["c", "d"],
                                        "label": 1})
    path.write_text(path.read_text().rstrip("\n") + "\n" + json.dumps(row))
    with pytest.raises(ValueError, match=f"a.jsonl, line 2: {sentence}"):
        choice.read(path, {})
