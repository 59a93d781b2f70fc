"""Readers and features of the tasks at their borders: functions called with made-up arguments."""

import gzip
import hashlib
import json

import numpy as np
import pytest

from albert_np.tasks.datasets import Classification, Question, Tagged
from albert_np.tasks.datasets.columns import _label_apart, _refuse_other_separator, _sniffed
from albert_np.tasks.datasets.conll import read_conll, read_tagged_json, tags_of
from albert_np.tasks.datasets.features.answers import decode_answer
from albert_np.tasks.datasets.features.batches import join_pieces, pad_examples
from albert_np.tasks.datasets.features.choices import choice_example
from albert_np.tasks.datasets.features.questions import (answer_fits, answer_pieces,
                                                         question_windows)
from albert_np.tasks.datasets.features.sequences import sequence_examples
from albert_np.tasks.datasets.features.tags import tag_windows, tags_of_words
from albert_np.tasks.datasets.features.windows import best_windows, window_spans
from albert_np.tasks.datasets.fetching import Source, find_file
from albert_np.tasks.datasets.json_lines import read_json_lines, shown
from albert_np.tasks.datasets.numbers import LARGEST, is_beyond_float32, number_in
from albert_np.tasks.datasets.parallel import read_parallel
from albert_np.tasks.datasets.rows import Answer, Choice
from albert_np.tasks.datasets.splits import shuffled, split_by_key, text_key
from albert_np.tasks.datasets.squad import read_squad
from albert_np.tasks.datasets.table import checked_label, iterate_table, separated_labels
from albert_np.tasks.datasets.wikitext import read_wikitext
from albert_np.tasks.datasets.words import in_characters, join_words, words_in


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name
    return write


# ---- tables and JSON -----------------------------------------------------------------------------

@pytest.mark.parametrize("kind, value, said", [
    (int, "true", "a whole number, not true"), (float, "false", "a number, not false"),
    (int, "1.5", "a whole number, not 1.5"), (str, "1", "a text, not 1"),
    (bool, "1", "true or false"),
    (list, '"a"', 'a list, not "a"')])
def test_fields_of_another_kind(write, kind, value, said):
    path = write("a.jsonl", f'{{"x": {value}}}\n')
    with pytest.raises(ValueError, match=f"line 1: the field 'x' must be {said}"):
        list(read_json_lines(path, {"x": kind}))


@pytest.mark.parametrize("kind, value", [(int, "2"), (float, "2"), (float, "0.5"), (bool, "true"),
                                         (list, "[]"), (str, '""')])
def test_fields_of_the_right_kind(write, kind, value):
    row, = read_json_lines(write("a.jsonl", f'{{"x": {value}, "y": 1}}\n'), {"x": kind})
    assert set(row) == {"x", "y"}
    with pytest.raises(ValueError, match="the field 'z' is missing"):
        list(read_json_lines(write("a.jsonl", '{"x": 1}'), {"z": int}))


def test_shown_values_are_short():
    assert shown("é" * 99) == '"' + "é" * 59 and shown(True) == "true"


ROWS = [["a", "x"], ["b", "x"], ["c", "y"], ["d", "y"]]


@pytest.mark.parametrize("records, named, label, apart", [
    ([["text", "kind"], *ROWS], {"text": 0}, 1, True), ([["text", "kind"], *ROWS], {}, 1, False),
    ([["text", "kind"], *ROWS], {"text": 0}, None, False),
    ([["text", "kind"], *ROWS[:2]], {"text": 0}, 1, False),         # three records tell nothing
    ([["text", "kind"], ["a", "x"], ["b", "x"], ["c", "x"]], {"text": 0}, 1, True),
    ([["text", "kind"], *ROWS, ["e", "z"]], {"text": 0}, 1, False),
    ([["text", "x"], *ROWS], {"text": 0}, 1, False), ([["text"], *ROWS], {"text": 0}, 1, False)])
def test_a_label_that_occurs_in_the_first_line_only(records, named, label, apart):
    assert _label_apart(records, named, label) == apart


@pytest.mark.parametrize("records, label, header", [
    ([["text", "kind"], ["a b", "1"], ["c d", "2"]], 1, False),
    ([["text", "kind"], ["a b", "1"], ["c d", "2"], ["e", "1"]], 1, True),
    ([["text", "1"], ["a b", "1"], ["c d", "2"], ["e", "1"]], 1, False),
    ([["text", "kind"], ["a b", "1", "x"], ["c d", "2"], ["e", "1"]], 1, False)])
def test_when_the_first_line_is_sniffed(records, label, header):
    assert _sniffed(records, label) == header


@pytest.mark.parametrize("name, line, given, needed, sign", [
    ("a.csv", "text;label", {}, ("text", "label"), "comma, but a semicolon"),
    ("a.tsv", "text,label", {}, ("text", "label"), "tab, but a comma"),
    ("rows", "text|label", {}, ("text", "label"), "tab, but a vertical bar"),
    ("a.csv", "text|kind", {"text": "text"}, ("text",), "comma, but a vertical bar")])
def test_another_sign_between_columns(write, name, line, given, needed, sign):
    with pytest.raises(ValueError, match=f"line 1: there is no {sign}"):
        _refuse_other_separator(write(name, line + "\n"), given, needed)


@pytest.mark.parametrize("name, line, given, needed", [
    ("a.csv", "text,label", {}, ("text", "label")), ("a.csv", "a; b", {}, ("text",)),
    ("a.csv", "a;b", {"text": "a;b"}, ("text",)), ("a.csv", "text", {}, ("text", "label"))])
def test_a_sign_that_separates_nothing(write, name, line, given, needed):
    _refuse_other_separator(write(name, line + "\n"), given, needed)


@pytest.mark.parametrize("text, labels", [("b, a,b", ("b", "a")), (" ", ()), ("a", ("a",)),
                                          ("\u200b", ())])
def test_labels_with_a_sign_between_them(text, labels):
    assert separated_labels("file", 3, text, ",") == labels


def test_a_label_that_is_missing_between_two_signs():
    for text in ("a,,b", ",", "a,"):
        with pytest.raises(ValueError, match=r"^file, line 3: a label of .* is empty; ',' is the"):
            separated_labels("file", 3, text, ",")


@pytest.mark.parametrize("label, score, value", [
    ("0", (0, 5), 0.0), ("5", (0, 5), 5.0), (" 2.5 ", (0, 5), 2.5), (3, (0, 5), 3.0),
    ("-1e9", (float("-inf"), float("inf")), -1e9)])
def test_scores_have_both_ends(label, score, value):
    assert checked_label("file", 3, label, None, score) == value


@pytest.mark.parametrize("label, labels, score, said", [
    ("5.1", None, (0, 5), "the label is '5.1', where a number from 0 to 5 is needed"),
    ("x", None, (float("-inf"), float("inf")), "the label is 'x', where a number is needed"),
    ("1e39", None, (float("-inf"), float("inf")), "the label 1e39 is no number that float32 can"),
    (" \t", None, None, "the label is empty"),
    ("c", ("a", "b"), None, "the label 'c' is unknown; the labels are a, b")])
def test_labels_that_will_not_do(label, labels, score, said):
    with pytest.raises(ValueError, match=f"^file, line 3: {said}"):
        checked_label("file", 3, label, labels, score)


def test_bad_rows_are_raised_or_kept(write):
    path, columns = write("a.tsv", "a\tx\n\ty\nb\tx\n"), {"text": 0, "label": 1, "text_pair": None}
    with pytest.raises(ValueError, match="line 2: the text .column 0, counted from 0. is empty"):
        list(iterate_table(path, columns))
    first, error, last = iterate_table(path, columns, keep_errors=True)
    assert (first, last) == (Classification("a", None, "x"), Classification("b", None, "x"))
    assert isinstance(error, ValueError)
    rows = list(iterate_table(path, {"text": "a", "label": "x"}, keep_errors=True))
    assert len(rows) == 2                                     # a name means that there is a header


@pytest.mark.parametrize("text, said", [
    ('a,"b\nc,d\n', "the row that begins here goes on to line 2"),
    ('a,"b"c\n', r"line 1: this is not comma-separated \((?!.*goes on)")])
def test_quotation_marks_that_are_wrong(write, text, said):
    with pytest.raises(ValueError, match=said):
        list(iterate_table(write("a.csv", text), {"text": 0}))


@pytest.mark.parametrize("value, number", [
    ("1e-100", 1e-100), ("1e-1000", None), ("1e38", 1e38), ("1e39", None), (str(LARGEST), LARGEST),
    ("+.5", 0.5), ("5.", 5.0), ("", None), (".", None), (True, None), (LARGEST, LARGEST),
    (float("nan"), None), (-LARGEST, -LARGEST), ("１", None)])
def test_numbers_that_float32_holds(value, number):
    assert number_in(value) == number


@pytest.mark.parametrize("value, beyond", [
    ("1e39", True), ("inf", True), ("-Infinity", True), ("NaN", True), ("much", False), ("", False),
    ("1", False), (True, False), (10**400, True), ("1e1000", True)])
def test_numbers_beyond_float32(value, beyond):
    assert is_beyond_float32(value) == beyond


# ---- words, tags, pairs, articles ----------------------------------------------------------------

def test_words_as_characters():
    assert words_in(" a  北京b \t") == ["a", "北", "京", "b"]
    assert join_words(["a", "北", "京", "b"]) == "a 北京 b" and join_words([]) == ""
    assert in_characters(Tagged(("北京",), ("B-B-x",))) == Tagged(("北", "京"), ("B-B-x", "I-B-x"))
    assert in_characters(Tagged(("北京", "a"), ())) == Tagged(("北", "京", "a"), ())


@pytest.mark.parametrize("tags, bio", [
    ("U-x O U-x U-x", "B-x O B-x B-x"), ("S-x S-y", "B-x B-y"), ("B-x L-x", "B-x I-x"),
    ("B-x E-x O", "B-x I-x O"), ("I-x I-x B-x O I-y", "B-x I-x B-x O B-y"),
    ("B-x I-x O B-y", "B-x I-x O B-y"), ("I-x I-y", "B-x B-y")])
def test_every_scheme_of_tags(write, tags, bio):
    path = write("a.conll", "".join(f"w {tag}\n" for tag in tags.split()))
    row, = read_conll(path)
    assert row.tags == tuple(bio.split())


@pytest.mark.parametrize("text, said", [
    ("word\n", "line 1: there are 1 columns, where 2 are needed"),
    ("a b O\nc O\n", "line 2: there are 2 columns, where the first line of words has 3"),
    ("a\tO\n\tO\n", "line 2: the word is empty"), ("a X-x\n", "the tag 'X-x' is unknown"),
    ("a B-\n", "the tag 'B-' is unknown"), ("a B-x\nb I-y\n", "the tag 'I-y' continues an entity")])
def test_lines_of_words_that_will_not_do(write, text, said):
    with pytest.raises(ValueError, match=said):
        read_conll(write("a.conll", text))
    with pytest.raises(ValueError, match="'B-x' has an unknown type; the types are y"):
        read_conll(write("b.conll", "a B-x\n"), ["y"])


def test_the_columns_of_words_and_tags(write):
    path = write("a.conll", "-DOCSTART- O\n\n1 a B-x z\n2 b O z\n \t\n1 c O z\n")
    rows = read_conll(write("b.conll", path.read_text().replace("-DOCSTART- O\n", "")), None, 1, 2)
    assert rows == [Tagged(("a", "b"), ("B-x", "O")), Tagged(("c",), ("O",))]
    assert tags_of([]) == ("O",)


@pytest.mark.parametrize("row, tags", [
    ('{"words": ["a"], "tags": ["O"]}', ("O",)),
    ('{"tokens": ["a"], "ner_tags": ["B-x"]}', ("B-x",)),
    ('{"words": ["a"], "labels": ["I-x"]}', ("B-x",))])
def test_names_of_fields_of_tagged_words(write, row, tags):
    assert read_tagged_json(write("a.jsonl", row)) == [Tagged(("a",), tags)]


def test_columns_of_translations(write):
    path = write("a.tsv", "a\tb\tc\n")
    for columns in (None, 3):
        assert read_parallel(path, columns)[0].targets == ("b",)
    with pytest.raises(ValueError, match="there are 3 columns, where 2 are needed"):
        read_parallel(path, 2)
    with pytest.raises(ValueError, match="there are 1 columns, where 2 are needed"):
        read_parallel(write("b.tsv", "a\n"))


def test_a_title_stands_between_empty_lines(write):
    path = write("a", " = One = \n\nText here .\n = Row = \n\n = = Part = = \n\n= Two =\n\n"
                      "More .\n")
    assert read_wikitext(path) == [["Text here.", "= Row ="], ["More."]]


# ---- SQuAD ---------------------------------------------------------------------------------------

def squad(context, answers, **more):
    return json.dumps({"data": [{"paragraphs": [{"context": context, "qas": [
        {"id": "1", "question": "Who?", "answers": answers, **more}]}]}]})


def test_an_answer_before_the_beginning(write):
    for start in (-2, -1, 9):
        path = write("a.json", squad("ba", [{"text": "b", "answer_start": start}]))
        with pytest.raises(ValueError, match=f"does not stand in its context at character {start}"):
            read_squad(path)


def test_a_title_may_be_missing(write):
    row, = read_squad(write("a.json", squad("ba", [{"text": "b", "answer_start": 0}])))
    assert (row.title, row.is_impossible, row.answers) == ("", False, (Answer("b", 0),))


# ---- parts and files -----------------------------------------------------------------------------

def test_texts_without_a_letter_are_told_apart():
    assert text_key("!!") == "!!" != text_key("??") and text_key("a1 B2!") == "a0 b0"


def test_shares_need_not_sum_to_1():
    rows = [str(number) for number in range(40)]
    parts = split_by_key(rows, str, 0, (2, 1, 1))
    assert [len(part) for part in parts] == [20, 10, 10] == [
        len(part) for part in split_by_key(rows, str, 0, (0.5, 0.25, 0.25))]
    assert parts == split_by_key(rows, str, 0, (0.5, 0.25, 0.25))
    assert sorted(shuffled("cab", 5)) == list("abc") and shuffled("ab", 5) == shuffled("ba", 5)


def test_a_file_by_any_of_its_names(tmp_path, monkeypatch):
    data = b"text"
    source = Source("a/b", None, 4, hashlib.sha256(data).hexdigest(), also=("c", "d"))
    for name, content in (("d.gz", gzip.compress(data)), ("c", data), ("a/b", data)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
        assert find_file(source, tmp_path) == tmp_path / name
    (tmp_path / "a/b").write_bytes(b"other")
    with pytest.raises(ValueError, match="not the file this data set is made of: it has 5 bytes"):
        find_file(source, tmp_path)
    assert find_file(Source("a/b"), tmp_path) == tmp_path / "a/b"        # of which no hash is known


# ---- features ------------------------------------------------------------------------------------

class Letters:
    """Each letter is a piece, whose id is its code; a dot has none."""

    cls_token_id, sep_token_id, pad_token_id = 2, 3, 0

    def encode_batch(self, texts, threads=-1):
        return [[ord(c) for c in text if c not in " ."] for text in texts]

    def encode(self, text, add_special_tokens=True):
        assert not add_special_tokens
        return self.encode_batch([text])[0]

    def encode_with_offsets(self, text):
        places = [i for i, c in enumerate(text) if c not in " ."]
        return [ord(text[i]) for i in places], [(i, i + 1) for i in places]


LETTERS = Letters()


def ids(text):
    return [ord(c) for c in text]


def test_the_longer_window_knows_a_piece_better():
    assert best_windows([(0, 5), (2, 9)], 9).tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1]
    assert best_windows([(0, 5), (2, 7)], 7).tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert best_windows([(0, 0)], 0).tolist() == []


@pytest.mark.parametrize("given, spans", [
    ((0, 3, 1), [(0, 0)]), ((3, 3, 1), [(0, 3)]), ((4, 3, 1), [(0, 3), (1, 4)]),
    ((7, 3, 9), [(0, 3), (3, 6), (6, 7)])])
def test_windows_leave_no_gap(given, spans):
    assert window_spans(*given) == spans


@pytest.mark.parametrize("threshold, text", [(None, "b"), (2.0, "b"), (1.9, ""), (-9.0, "")])
def test_no_answer_must_exceed_the_threshold(threshold, text):
    """The stretch scores 1 + 1, and "no answer" 2 + 2."""
    window = {"input_ids": np.zeros(5, int), "p_mask": np.array([0, 1, 1, 0, 1]),
              "max_context": np.ones(5, bool),
              "offsets": np.array([[0, 0], [0, 0], [0, 0], [1, 2], [0, 0]])}
    logits = np.array([2.0, 9, 9, 1, 9])
    guess = decode_answer(Question("", "abc", ""), [window], [logits], [logits],
                          null_threshold=threshold)
    assert (guess.text, guess.score, guess.null_score) == (text, 2, 4)
    judged = decode_answer(Question("", "abc", ""), [window], [logits], [logits],
                           null_threshold=0.0, null_scores=[1.5])
    assert (judged.text, judged.null_score) == ("b", 1.5)


@pytest.mark.parametrize("longest, text", [(1, "c"), (2, "bc"), (30, "bc")])
def test_stretches_that_are_too_long_do_not_count(longest, text):
    window = {"input_ids": np.zeros(6, int), "p_mask": np.array([0, 1, 1, 0, 0, 1]),
              "max_context": np.array([0, 0, 0, 1, 1, 0], bool),
              "offsets": np.array([[0, 0], [0, 0], [0, 0], [1, 2], [2, 3], [0, 0]])}
    starts, ends = np.array([0.0, 0, 0, 3, 1, 0]), np.array([0.0, 0, 0, -5, 3, 0])
    assert decode_answer(Question("", "abc", ""), [window], [starts], [ends],
                         max_answer_length=longest).text == text


def test_starts_behind_a_window_are_passed_over():
    """The last piece of the window may be one of them."""
    window = {"input_ids": np.zeros(4, int), "p_mask": np.array([0, 1, 1, 0]),
              "max_context": np.ones(4, bool),
              "offsets": np.array([[0, 0], [0, 0], [0, 0], [0, 1]])}
    guess = decode_answer(Question("", "a", ""), [window], [np.ones(6)], [np.ones((3, 6))],
                          start_tops=[np.array([5, 3, 4])], null_scores=[0])
    assert (guess.text, guess.score) == ("a", 2)


@pytest.mark.parametrize("max_length, context, answer", [
    (5, "a", "z"), (6, "a", "yz"), (7, "a", "xyz"), (8, "ab", "xyz"), (99, "abcdef", "xyz")])
def test_choices_keep_the_beginning_of_the_context_and_the_end_of_the_answer(max_length, context,
                                                                             answer):
    row = Choice("", "abcdef", "_", ("xyz",), None)
    example = choice_example(LETTERS, row, max_length)
    assert example["input_ids"].tolist() == [[2, *ids(context), 3, *ids(answer), 3]]
    assert "labels" not in example
    short = choice_example(LETTERS, row, 99, max_qa_length=1)
    assert short["input_ids"].tolist() == [[2, *ids("abcdef"), 3, *ids("z"), 3]]
    with pytest.raises(ValueError, match="max_length must be at least 5 .* not 4"):
        choice_example(LETTERS, row, 4)


def test_an_answer_as_long_as_a_window_fits():
    """The question "xy" leaves 4 pieces of 9."""
    question = Question("", "abcdefgh", "xy", (Answer("cdef", 2),))
    assert answer_fits(LETTERS, question, 9, 64) and not answer_fits(LETTERS, question, 8, 64)
    assert answer_fits(LETTERS, question, 8, 1)                  # the question may lose its end
    nothing = Question("", "ab .c", "xy", (Answer(".", 3),))
    assert not answer_fits(LETTERS, nothing, 99, 64)


@pytest.mark.parametrize("start, text, pieces", [
    (0, "a", (0, 0)), (1, "b c", (1, 2)), (2, " ", None), (3, "c", (2, 2)), (0, "ab c", (0, 2))])
def test_pieces_of_an_answer(start, text, pieces):
    offsets = np.array(LETTERS.encode_with_offsets("ab c")[1])
    assert answer_pieces(offsets, Answer(text, start)) == pieces


def test_windows_of_a_question():
    question = Question("", "abcdef", "xyz", (Answer("de", 3),))
    first, second, last = question_windows(LETTERS, question, 8, 2, 2)
    assert first["input_ids"].tolist() == [2, *ids("xy"), 3, *ids("abc"), 3]
    assert first["p_mask"].tolist() == [0, 1, 1, 1, 0, 0, 0, 1]
    assert first["token_type_ids"].tolist() == [0] * 4 + [1] * 4
    assert first["offsets"].tolist() == [[0, 0]] * 4 + [[0, 1], [1, 2], [2, 3], [0, 0]]
    assert [int(w["is_impossible"]) for w in (first, second, last)] == [1, 0, 1]
    assert (second["start_positions"], second["end_positions"]) == (5, 6)
    assert (first["start_positions"], first["end_positions"]) == (0, 0)
    assert [w["max_context"].sum() for w in (first, second, last)] == [3, 2, 1]
    with pytest.raises(ValueError, match="max_seq_length = 5 leaves no room for a context beside"):
        question_windows(LETTERS, question, 5, 2, 2)


@pytest.mark.parametrize("pieces, labels", [
    ("first", [-100, 1, -100, 0, -100]), ("all", [-100, 1, 2, 0, -100])])
def test_labels_of_the_pieces_of_words(pieces, labels):
    row, names = Tagged(("ab", ".", "c"), ("B-x", "B-x", "O")), ("O", "B-x", "I-x")
    window, = tag_windows(LETTERS, row, names, 9, pieces=pieces)
    assert window["labels"].tolist() == labels
    assert window["word_ids"].tolist() == [-1, 0, -1, 2, -1]
    assert tags_of_words([window], [np.array([9, 1, 9, 2, 9])], 3).tolist() == [1, 0, 2]
    assert tags_of_words([window], [np.array([9, 1, 9, 2, 9])], 3, outside=7).tolist() == [1, 7, 2]
    assert "labels" not in tag_windows(LETTERS, Tagged(("ab",), ()), names, 9)[0]
    with pytest.raises(ValueError, match="The tag 'B-x' is unknown; the tags are O"):
        tag_windows(LETTERS, row, ("O",), 9)


@pytest.mark.parametrize("stride, begins", [(None, [0, 2, 4]), (1, [0, 1, 2, 3, 4]), (4, [0, 4]),
                                            (99, [0, 4])])
def test_windows_of_words_overlap_by_half(stride, begins):
    row = Tagged(tuple("abcdefgh"), ())
    windows = tag_windows(LETTERS, row, (), 6, stride)
    assert [window["input_ids"][1] for window in windows] == [ids("abcdefgh")[i] for i in begins]
    counted = np.concatenate([window["word_ids"] for window in windows])
    assert sorted(counted[counted >= 0]) == list(range(8))


def test_texts_that_are_too_long():
    row = Classification("abc", "xyz", ("b", "d"))
    example, = sequence_examples(LETTERS, [row], 7, ("a", "b", "c", "d"))
    assert example["input_ids"].tolist() == [2, *ids("ab"), 3, *ids("xy"), 3]
    assert example["labels"].tolist() == [0, 1, 0, 1]
    shortest, = sequence_examples(LETTERS, [row], 5, "abcd")
    assert shortest["input_ids"].tolist() == [2, *ids("a"), 3, *ids("x"), 3]
    for given, least in ((row, 5), (Classification("abc"), 3)):
        with pytest.raises(ValueError, match=f"it must be at least {least}: "):
            sequence_examples(LETTERS, [given], least - 1, "abcd")
    unlabelled, = sequence_examples(LETTERS, [Classification("abc")], 3)
    assert "labels" not in unlabelled and unlabelled["input_ids"].tolist() == [2, *ids("a"), 3]
    assert sequence_examples(LETTERS, [Classification("a", label=2)], 3)[0]["labels"] == 2.0


def test_examples_of_different_lengths():
    short, long = ({**join_pieces(LETTERS, ids(text)), "labels": np.arange(len(text) + 2),
                    "offsets": np.ones((len(text) + 2, 2), int),
                    "word_ids": np.zeros(len(text) + 2),
                    "p_mask": np.zeros(len(text) + 2, np.uint8), "score": np.float64(0.5)}
                   for text in ("a", "abc"))
    batch = pad_examples([short, long], 7)
    assert batch["input_ids"].tolist()[0] == [2, *ids("a"), 3, 7, 7]
    assert batch["labels"].tolist()[0] == [0, 1, 2, -100, -100]
    assert batch["word_ids"].tolist()[0] == [0, 0, 0, -1, -1]
    assert batch["p_mask"].tolist()[0] == [0, 0, 0, 1, 1] and batch["p_mask"].dtype == np.int64
    assert batch["offsets"].tolist()[0] == [[1, 1]] * 3 + [[0, 0]] * 2
    assert batch["attention_mask"].tolist()[0] == [1, 1, 1, 0, 0]
    assert batch["score"].tolist() == [0.5, 0.5]
    assert pad_examples([short], 7, 4)["input_ids"].shape == (1, 4)
    with pytest.raises(ValueError, match="An example has 5 pieces, but a batch of length 4"):
        pad_examples([short, long], 7, 4)
    with pytest.raises(ValueError, match="There is no example"):
        pad_examples([], 7)
