"""Each reader: a good file, and one bad row of every kind with the sentence it gets."""

import gzip
import json
import re

import pytest

from albert_np.tasks.datasets import (Answer, Choice, Classification, Pair, Question, Tagged,
                                      read_conll, read_copa, read_json_lines, read_lines,
                                      read_mctest, read_parallel, read_squad, read_table,
                                      read_tagged_json, read_token_spans, read_wikitext)
from albert_np.tasks.datasets.words import join_words, words_in


@pytest.fixture
def write(tmp_path):
    """Write a file (text or bytes) and return its path."""
    def writer(content, name="data.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path
    return writer


def refused(path, sentence, read, *arguments, **options):
    """The reader stops with exactly this sentence; {} stands for the path."""
    with pytest.raises(ValueError, match=re.escape(sentence.format(path)) + "$"):
        list(read(path, *arguments, **options))


# ---------------------------------------------------------------------- what all readers share

def read_columns(path):
    return read_table(path, text=1, label=0, labels=("ham", "spam"))


def read_jsonl(path):
    return read_json_lines(path, {"text": str})


READERS = {
    "table": (read_columns, "ham\tHello.\n"),
    "conll": (read_conll, "Bonn\tB-place\n"),
    "squad": (read_squad, '{"data": [{"paragraphs": [{"context": "It is 4.", "qas": [{"id": "a", '
                          '"question": "How many?", "answers": [{"text": "4", "answer_start": 6}'
                          ']}]}]}]}\n'),
    "parallel": (read_parallel, "Yes.\tJa.\n"),
    "jsonl": (read_jsonl, '{"text": "Hello."}\n'),
    "copa": (read_copa, '<c><item id="1" asks-for="cause" most-plausible-alternative="2"><p>It '
                        'rained.</p><a1>I sang.</a1><a2>There was a cloud.</a2></item></c>\n'),
    "wikitext": (read_wikitext, "\n = Bonn = \n\n Bonn is a city . \n"),
}


@pytest.mark.parametrize("name", READERS)
def test_gzip_a_mark_at_the_beginning_and_both_line_ends_change_nothing(name, write):
    read, text = READERS[name]
    expected = list(read(write(text)))
    assert expected
    assert list(read(write(gzip.compress(text.encode()), "packed.whatever"))) == expected
    assert list(read(write(b"\xef\xbb\xbf" + text.encode()))) == expected
    assert list(read(write(text.replace("\n", "\r\n")))) == expected
    assert list(read(write(text.removesuffix("\n")))) == expected


@pytest.mark.parametrize("name", READERS)
def test_what_is_not_text_is_refused_by_line(name, write, tmp_path):
    read, text = READERS[name]
    lines = text.count("\n")
    data = text.encode()
    here = f"{{}}, line {lines + 1}: "
    refused(write(data + b"ham\tcaf\xe9\n"), here + "byte 8 of the line is 0xe9, which is "
            "not UTF-8; save the file as UTF-8.", read)
    refused(write(data + b"ham\t\0\n"), here + "there is a zero byte at byte 5 of the line; "
            "text never holds one, so this is a binary file.", read)
    refused(write(b""), "{} is empty; at least one row is needed.", read)
    packed = gzip.compress(data * 100)
    refused(write(packed[:-12]), "", read)
    with pytest.raises(ValueError, match="is gzip that is damaged or cut short"):
        list(read_lines(write(packed[:-12])))
    with pytest.raises(FileNotFoundError, match="There is no file .*nowhere"):
        list(read(tmp_path / "nowhere"))
    refused(tmp_path, "{} is a folder, where a file is needed.", read)


def test_lines_end_at_line_feeds_only(write):
    path = write("a\x85b\u2028c\x0cd\x1ee\r\nf\n")
    assert list(read_lines(path)) == [(1, "a\x85b\u2028c\x0cd\x1ee"), (2, "f")]


@pytest.mark.parametrize("name", READERS)
def test_a_carriage_return_alone_ends_no_line(name, write):
    read, text = READERS[name]
    path = write(text + "a\rb\n")
    refused(path, f"{{}}, line {text.count(chr(10)) + 1}: byte 2 of the line is a carriage return "
            f"(\\r) without a line feed after it; a line must end at \\n or \\r\\n, so save the "
            f"file with such line ends.", read)


@pytest.mark.parametrize("name", READERS)
def test_blank_lines_at_the_end_are_no_rows(name, write):
    read, text = READERS[name]
    assert list(read(write(text + "\n \t\n\r\n"))) == list(read(write(text)))


@pytest.mark.parametrize("name", READERS)
def test_other_formats_are_called_what_they_are(name, write):
    read, text = READERS[name]
    for data, what in [(text.encode("utf-16"), "UTF-16, where UTF-8 is needed; save the file as "
                        "UTF-8."),
                       (b"PAR1\x15\x00", "Parquet; this format is not read: write CSV or JSON "
                        "lines."),
                       (b"PK\x03\x04\x14\x00", "a zip archive or a workbook (.xlsx); this format "
                        "is not read: write CSV or JSON lines.")]:
        refused(write(data), f"{{}} is {what}", read)


def test_lines_are_read_one_by_one(write):
    lines = read_lines(write(b"good\n" * 3 + b"\xff\n"))
    assert [next(lines)[1] for _ in range(3)] == ["good"] * 3        # before the bad one is met
    with pytest.raises(ValueError, match="line 4"):
        next(lines)


# ---------------------------------------------------------------------- tables

def test_tables(write):
    path = write('index\tone\ttwo\tlabel\n0\tA "b.\tC.\tyes\n1\tD.\tE.\tno\n')
    assert read_table(path, "one", "two", "label") == [
        Classification('A "b.', "C.", "yes"), Classification("D.", "E.", "no")]
    path = write('"A, b.",C.,4.5\n"D ""e"".\n","F.",0\n', "pairs.csv")
    assert read_table(path, 0, 1, 2, score=(0, 5)) == [
        Classification("A, b.", "C.", 4.5), Classification('D "e".\n', "F.", 0.0)]
    assert read_table(write("Only text.\n")) == [Classification("Only text.")]


@pytest.mark.parametrize("text, sentence", [
    ("ham\tHi.\nham\tHi.\tme\n", "line 2: there are 3 columns, where the first line has 2."),
    ("ham\tHi.\nhaam\tHi.\n", "line 2: the label 'haam' is unknown; the labels are ham, spam."),
    ("ham\tHi.\n\tHi.\n", "line 2: the label is empty."),
    ("ham\tHi.\nspam\t \n", "line 2: the text (column 1, counted from 0) is empty."),
    ("ham\n", "line 1: there is no column 1; the line has column 0 only.")])
def test_bad_rows_of_tables(text, sentence, write):
    refused(write(text), f"{{}}, {sentence}", read_columns)


@pytest.mark.parametrize("text, sentence", [
    ("A,B,5.5\n", "line 1: the label is '5.5', where a number from 0 to 5 is needed."),
    ("A,B,nan\n", "line 1: the label is 'nan', where a number from 0 to 5 is needed."),
    ('A,B,1\n"A,B,1\n', "line 2: this is not comma-separated (unexpected end of data)."),
    ('A,"B\n",1\nA,B\n', "line 3: there are 2 columns, where the first line has 3.")])
def test_bad_rows_of_comma_separated_tables(text, sentence, write):
    refused(write(text, "a.csv"), f"{{}}, {sentence}", read_table, 0, 1, 2, score=(0, 5))


def test_a_column_that_is_not_there(write):
    refused(write("one\ttwo\n"), "{}, line 1: there is no column named 'three'; the names are "
            "one, two.", read_table, "three")
    refused(write("one\ttwo\n"), "{} has a line with the names of its columns and no row; at "
            "least one row is needed.", read_table, "one")


# ---------------------------------------------------------------------- tags

def test_conll(write):
    two = [Tagged(("In", "New", "York"), ("O", "B-place", "I-place")), Tagged(("Ann",), ("B-x",))]
    assert read_conll(write("In\tO\nNew\tB-place\nYork\tI-place\n\t\nAnn\tB-x\n\n\n")) == two
    assert read_conll(write("-DOCSTART- -X- O\n\nIn IN O\nNew NNP B-place\nYork NNP I-place\n \n"
                            "Ann NNP B-x")) == two
    assert read_conll(write("10\xa0km\u3000away B-place\n\u2028 O\n")) == [
        Tagged(("10\xa0km\u3000away", "\u2028"), ("B-place", "O"))]


@pytest.mark.parametrize("text, sentence", [
    ("In\tO\nBonn\n", "line 2: there are 1 columns, where 2 are needed (a word and its tag among "
                      "them)."),
    ("In\tO\nBonn\tB-place\tx\n", "line 2: there are 3 columns, where 2 are needed (a word and its "
                                  "tag among them)."),
    ("In\tO\nBonn\tplace\n", "line 2: the tag 'place' is unknown; a tag is O, B-type or I-type."),
    ("In\tO\nBonn\tB-\n", "line 2: the tag 'B-' is unknown; a tag is O, B-type or I-type."),
    ("In\tO\nBonn\tB-city\n", "line 2: the tag 'B-city' has an unknown type; the types are place."),
    ("Ann\tB-place\n\t\nBonn\tI-place\n", "line 3: the tag 'I-place' continues an entity, but the "
     "word before it is 'O'; the first word of an entity needs B-place."),
    ("In\tO\n \tO\n", "line 2: the word is empty.")])
def test_bad_rows_of_conll(text, sentence, write):
    refused(write(text), f"{{}}, {sentence}", read_conll, ["place"])
    refused(write("\n\t\n"), "{} is empty; at least one row is needed.", read_conll)
    refused(write("Ann\tB-person\nBonn\tI-place\n"), "{}, line 2: the tag 'I-place' continues an "
            "entity, but the word before it is 'B-person'; the first word of an entity needs "
            "B-place.", read_conll)


SCHEMES = {"bio": "O B-a I-a I-a B-a B-b O", "iob1": "O I-a I-a I-a B-a I-b O",
           "bioes": "O B-a I-a E-a S-a S-b O", "bilou": "O B-a I-a L-a U-a U-b O"}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_schemes_of_tags_become_bio(scheme, write):
    tags = SCHEMES[scheme].split()
    expected = [Tagged(tuple("tuvwxyz"), tuple(SCHEMES["bio"].split())), Tagged(("q",), ("O",))]
    lines = "".join(f"{word} {tag}\n" for word, tag in zip("tuvwxyz", tags))
    assert read_conll(write(lines + "\nq O\n")) == expected
    rows = [{"tokens": list("tuvwxyz"), "ner_tags": tags}, {"words": ["q"], "tags": ["O"]}]
    path = write("".join(json.dumps(row) + "\n" for row in rows))
    assert read_tagged_json(path) == expected


@pytest.mark.parametrize("row, sentence", [
    ({"words": ["a"]}, "line 2: the field 'tags' must be a list of texts that are not empty, not "
                       "null."),
    ({"words": ["a", ""], "tags": ["O", "O"]}, "line 2: the field 'words' must be a list of texts "
                                               'that are not empty, not ["a", ""].'),
    ({"words": ["a"], "tags": ["O", "O"]}, "line 2: there are 1 words and 2 tags."),
    ({"words": ["a"], "tags": ["E-a"]}, "line 2: the tag 'E-a' continues an entity, but the word "
     "before it is 'O'; the first word of an entity needs B-a.")])
def test_bad_tags_in_json_lines(row, sentence, write):
    path = write(json.dumps({"words": ["a"], "tags": ["B-a"]}) + "\n" + json.dumps(row))
    refused(path, f"{{}}, {sentence}", read_tagged_json)


@pytest.mark.parametrize("text, words", [
    ("Tom 在北京。", ["Tom", "在", "北", "京", "。"]), ("東京タワー", list("東京タワー")),
    ("ไม่ดี", ["ไ", "ม่", "ดี"]), ("10\xa0km  a\tb", ["10\xa0km", "a", "b"]), ("한국어", ["한국어"])])
def test_words_of_scripts_without_spaces_are_characters(text, words):
    assert words_in(text) == words and join_words(words).replace(" ", "") == text.replace(
        " ", "").replace("\t", "")


# ---------------------------------------------------------------------- questions

def squad(**changes):
    """A SQuAD 2.0 file with one question on line 4."""
    question = {"id": "q1", "question": "How many?", "is_impossible": False,
                "answers": [{"text": "four", "answer_start": 6}], **changes}
    return json.dumps({"version": "2", "data": [{"title": "Numbers", "paragraphs": [
        {"context": "It is four.", "qas": []}]}]}).replace(
            '"qas": []', f'"qas":\n\n[\n{json.dumps(question)}]')


def test_flat_json_lines_are_not_squad(write):
    rows = ['{"id": "1", "context": "It is 4.", "question": "What?", "answers": {}}'] * 2
    refused(write("\n".join(rows), "a.jsonl"), "{} is JSON lines, an object on each line. SQuAD's "
            'format is one JSON object, {{"data": [articles]}}, whose articles have paragraphs '
            "with questions.", read_squad)
    refused(write('[1]\n{"a": 2}'), "{}, line 2: this is not JSON (Extra data, column 1).",
            read_squad)


def test_squad(write):
    assert read_squad(write(squad())) == [
        Question("q1", "It is four.", "How many?", (Answer("four", 6),), False, "Numbers")]
    impossible = squad(is_impossible=True, answers=[], plausible_answers=[{"text": "9"}])
    assert read_squad(write(impossible))[0].is_impossible


@pytest.mark.parametrize("text, sentence", [
    (squad(answers=[{"text": "four", "answer_start": 5}]), ", line 4: question 'q1' has the answer "
     "'four', which does not stand in its context at character 5; there stands ' fou'."),
    (squad(answers=[{"text": "four", "answer_start": -5}]), ", line 4: question 'q1' has the "
     "answer 'four', which does not stand in its context at character -5; there stands ''."),
    (squad(answers=[]), ", line 4: question 'q1' has 0 answers and is_impossible = False; a "
     "question has answers, or is_impossible is true."),
    (squad(is_impossible=True), ", line 4: question 'q1' has 1 answers and is_impossible = True; a "
     "question has answers, or is_impossible is true."),
    (squad()[:-6], ", line 4: this is not JSON (Expecting ',' delimiter, column"),
    (squad(question=3), " is not in the format of SQuAD: question 'q1' needs 'question', a text."),
    (squad(answers=[{"text": "t", "answer_start": True}]), " is not in the format of SQuAD: an "
     "answer of question 'q1' needs 'answer_start', a whole number."),
    (squad().replace("context", "text"), " is not in the format of SQuAD: data[0].paragraphs[0] "
     "needs 'context', a text."),
    ("[1]", " is not in the format of SQuAD: the file needs 'data', a list."),
    ('{"data": []}', " is empty; at least one row is needed.")])
def test_bad_squad_files(text, sentence, write):
    path = write(text)
    with pytest.raises(ValueError, match=re.escape(f"{path}{sentence}")):
        read_squad(path)


def test_an_id_given_twice(write):
    content = json.loads(squad())
    content["data"] *= 2
    text = json.dumps(content, indent=0)
    line = [number for number, line in enumerate(text.split("\n"), 1) if '"q1"' in line][1]
    refused(write(text), f"{{}}, line {line}: the id 'q1' has been given to a question before.",
            read_squad)


def test_brackets_nested_too_deep(write):
    path = write("[" * 100_000)
    refused(path, "{} is not a SQuAD file: its brackets are nested too deep.", read_squad)
    refused(path, "{}, line 1: this is not JSON (its brackets are nested too deep).", read_jsonl)


@pytest.fixture
def token_files(tmp_path):
    def writer(**changes):
        lines = {"context": "a nine-story house\nb c\n", "question": "How high ?\nWho ?\n",
                 "answer": "nine\nb c\n", "span": "1 1\n0 1\n", **changes}
        for name, text in lines.items():
            (tmp_path / name).write_text(text)
        return [tmp_path / name for name in lines]
    return writer


def test_token_spans(token_files):
    first, second = read_token_spans(*token_files())
    assert first == Question("1", "a nine-story house", "How high ?", (Answer("nine", 2),))
    assert second.answers == (Answer("b c", 0),)
    assert read_token_spans(*token_files(span="x\n0 1\n"), leave_out={1}) == [second]


@pytest.mark.parametrize("name, text, sentence", [
    ("answer", "ten\nb c\n", "line 1: the answer 'ten' does not stand in tokens 1 to 1 of its "
                             "context, which are 'nine-story'."),
    ("span", "1 1\n1 0\n", "line 2: the span is '1 0', where two token numbers are needed, the "
                           "first not above the second, from 0 to 1."),
    ("span", "1 1\n0 2\n", "line 2: the span is '0 2', where two token numbers are needed, the "
                           "first not above the second, from 0 to 1."),
    ("span", "1\n0 1\n", "line 1: the span is '1', where two token numbers are needed, the first "
                         "not above the second, from 0 to 2."),
    ("question", "Who ?\n", "line 2: the file ends here, but another of the four goes on."),
    ("question", "\nWho ?\n", "line 1: the line is empty.")])
def test_bad_token_spans(name, text, sentence, token_files):
    paths = token_files(**{name: text})
    path = paths[0].parent / name
    with pytest.raises(ValueError, match=re.escape(f"{path}, {sentence}") + "$"):
        read_token_spans(*paths)


# ---------------------------------------------------------------------- pairs, JSON lines

def test_pairs(write):
    assert read_parallel(write("Hi.\tHallo.\tby Ann\nBye.\t Tschüs. \tby Bob\n")) == [
        Pair("Hi.", ("Hallo.",)), Pair("Bye.", ("Tschüs.",))]


@pytest.mark.parametrize("text, sentence", [
    ("Hi.\n", "line 1: there are 1 columns, where 2 are needed: a sentence, a tab, its "
              "translation."),
    ("Hi.\tHallo.\tx\nBye.\tTschüs.\n", "line 2: there are 2 columns, where the first line has "
     "3; all lines need equally many."),
    ("Hi.\t \n", "line 1: the translation is empty."),
    ("\tHallo.\n", "line 1: the sentence is empty.")])
def test_bad_pairs(text, sentence, write):
    refused(write(text), f"{{}}, {sentence}", read_parallel)


def test_json_lines(write):
    rows = [{"text": "a", "n": 1, "x": 1.5, "more": None}, {"text": "b", "n": 2, "x": 2}]
    path = write("".join(json.dumps(row) + "\n" for row in rows))
    assert list(read_json_lines(path, {"text": str, "n": int, "x": float})) == rows


@pytest.mark.parametrize("line, sentence", [
    ("{", "this is not JSON (Expecting property name enclosed in double quotes)."),
    ("[]", 'a JSON object such as {"text": "..."} is needed.'),
    ("{}", "the field 'text' is missing."),
    ('{"text": 1}', "the field 'text' must be a text, not 1."),
    ('{"text": "a", "n": true}', "the field 'n' must be a whole number, not true.")])
def test_bad_json_lines(line, sentence, write):
    path = write(f'{{"text": "a", "n": 1}}\n{line}\n')
    with pytest.raises(ValueError, match=re.escape(f"{path}, line 2: {sentence.split('(')[0]}")):
        list(read_json_lines(path, {"text": str, "n": int}))


# ---------------------------------------------------------------------- choices

ITEM = ('<c>\n<item id="7" asks-for="cause" most-plausible-alternative="2">\n<p>It rained.</p>\n'
        '<a1>I sang.</a1>\n<a2>There was a cloud.</a2>\n</item>\n</c>')


def test_copa(write):
    doctype = '<?xml version="1.0"?>\n<!DOCTYPE copa-corpus SYSTEM "copa.dtd">\n'
    for text in (ITEM, doctype + ITEM):
        assert read_copa(write(text)) == [Choice(
            "7", "It rained.", "What was the cause of this?", ("I sang.", "There was a cloud."), 1)]


@pytest.mark.parametrize("old, new, sentence", [
    ("<a1>I sang.</a1>", "", "line 2: the item has no sentence <a1>."),
    ('"cause"', '"reason"', "line 2: asks-for is 'reason', where cause or effect is needed."),
    ('alternative="2"', 'alternative="3"', "line 2: most-plausible-alternative is '3', where 1 or "
                                           "2 is needed."),
    ("</p>", "</q>", "line 3: this is not XML (mismatched tag)."),
    ("<c>\n", '<!DOCTYPE c [\n<!ENTITY a "aaaa">\n<!ENTITY b "&a;&a;">]>\n<c>',
     "line 2: the entity 'a' is declared here; a COPA file needs none, and unfolding entities can "
     "fill the memory."),
    ("<c>\n", '<!DOCTYPE c [<!ENTITY a SYSTEM "file:///etc/hostname">]>\n<c>',
     "line 1: the entity 'a' is declared here; a COPA file needs none, and unfolding entities can "
     "fill the memory.")])
def test_bad_copa_files(old, new, sentence, write):
    assert old in ITEM
    refused(write(ITEM.replace(old, new)), f"{{}}, {sentence}", read_copa)
    refused(write("<c></c>"), "{} is empty; at least one row is needed.", read_copa)


STORY = ["s0", "Author: 1", "A cat.\\newlineIt sat."] + ["one: Who?", "a", "b", "c", "d"] * 4


def test_mctest(write):
    rows = read_mctest(write("\t".join(STORY), "tsv"), write("A\tB\tC\tD\n", "ans"))
    assert [row.label for row in rows] == [0, 1, 2, 3]
    assert rows[3] == Choice("s0.3", "A cat.\nIt sat.", "Who?", ("a", "b", "c", "d"), 3)


@pytest.mark.parametrize("story, answers, file, sentence", [
    (STORY[:-1], "A\tB\tC\tD", "tsv", "line 1: there are 22 columns, where 23 are needed: name, "
     "remarks, story, and four times a question with four answers."),
    ([*STORY[:-1], ""], "A\tB\tC\tD", "tsv", "line 1: column 23 is empty."),
    ([*STORY[:3], "Who?", *STORY[4:]], "A\tB\tC\tD", "tsv", "line 1: question 1 begins with "
     "'Who?', where 'one:' or 'multiple:' is needed."),
    (STORY, "A\tB\tC", "ans", "line 1: there are 3 columns, where 4 are needed, a letter for each "
                              "question."),
    (STORY, "A\tB\tE\tD", "ans", "line 1: the answer 'E' is unknown; the answers are A, B, C, D."),
    (STORY, "A\tB\tC\tD\nA\tB\tC\tD", "tsv", "line 2: the file ends here, but the other one goes "
                                            "on.")])
def test_bad_mctest_files(story, answers, file, sentence, write):
    paths = {"tsv": write("\t".join(story), "tsv"), "ans": write(answers, "ans")}
    with pytest.raises(ValueError, match=re.escape(f"{paths[file]}, {sentence}") + "$"):
        read_mctest(*paths.values())


# ---------------------------------------------------------------------- articles

def test_wikitext(write):
    text = ("\n = Bonn = \n\n Bonn ( a city ) is 2 @,@ 000 years old . It has a \" well @-@ known"
            " \" river , the <unk> . \n\n = = History = = \n\n It 's old . \n = 1 / s = \n\n"
            " = Ulm = \n\n Ulm is one , too ! \n")
    assert read_wikitext(write(text)) == [
        ["Bonn (a city) is 2,000 years old.", 'It has a "well-known" river, the <unk>.',
         "It's old.", "= 1 / s ="], ["Ulm is one, too!"]]


def test_bad_wikitext(write):
    refused(write("\n Bonn . \n"), "{}, line 2: text stands before the first title; an article "
            "begins with a line such as '= Title ='.", read_wikitext)
    refused(write("\n= = A = =\n"), "{} has no article; one begins with a line such as "
            "'= Title ='.", read_wikitext)
