"""Where lines end and what a file is: decided in one place, for every reader and command."""

import gzip
import io
import re
import sys

import pytest

from albert_np.files.file_kinds import ending_of, is_gzip, kind_of
from albert_np.files.text_lines import is_blank, numbered_lines, split_lines, words_of
from albert_np.text import read_corpus

SEPARATORS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"        # where str.splitlines would cut too


def test_lines_end_at_line_feeds_only():
    text = "".join(f"a{separator}b" for separator in SEPARATORS)
    assert split_lines(f"{text}\r\n\nc") == [text, "", "c"]
    assert split_lines("a\n") == ["a"] and split_lines("") == []
    assert words_of(f" \t{text}\xa0 b\t\tc ") == [f"{text}\xa0", "b", "c"]
    assert is_blank(" \t ") and not is_blank("\xa0") and not is_blank("\x0c")


def test_blank_lines_are_kept_but_for_those_at_the_end():
    lines = io.BytesIO(b"\n a\n\t\n\nb\n \n\n")
    assert list(numbered_lines(lines, "x")) == [(1, ""), (2, " a"), (3, "\t"), (4, ""), (5, "b")]


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("layout", ["auto", "lines", "prose"])
def test_a_corpus_is_cut_at_line_feeds(separator, layout, tmp_path):
    (tmp_path / "a.txt").write_bytes(f"One a{separator}{separator}b two.\nThree.\n".encode())
    document, = read_corpus(tmp_path / "a.txt", layout)
    assert len(document) == 2 and document[1] == "Three."
    assert separator in document[0] or layout == "prose"


def test_a_carriage_return_alone_is_refused_in_a_corpus(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"One.\r\nTwo.\rThree.\r\n")
    with pytest.raises(ValueError, match=re.escape(
            "a.txt, line 2: there is a carriage return (\\r) without a line feed after it; a line "
            "must end at \\n or \\r\\n")):
        read_corpus(tmp_path / "a.txt")


@pytest.mark.parametrize("name, content, kind", [
    ("UP.CSV", "a", "csv"), ("a.Csv.GZ", "a", "csv"), ("a.TSV", "a,b", "tsv"),
    ("a.JSONL", "a", "json lines"), ("a.ndjson", "", "json lines"), ("A.TXT", '{"a": 1}', "text"),
    ("big.json", '\n{"a": 1}\n{"a": 2}\n', "json lines"), ("a.json", '{\n"a": 1}', "json"),
    ("a.json", '[{"a": 1}]', "json"), ("rows", "\ufeff{\"a\": 1}", "json lines"),
    ("rows", "a, b\tc", "tsv"), ("rows.data", "a, b", "csv"), ("rows", "a b", "text"),
    ("a.XML", "a", "xml"), ("rows", "<a>", "xml"), ("rows", "", "text"), ("rows", "[1", "json")])
def test_what_a_file_is(name, content, kind, tmp_path):
    for data in (content.encode(), gzip.compress(content.encode())):
        (tmp_path / name).write_bytes(data)
        assert kind_of(tmp_path / name) == kind
        assert is_gzip(tmp_path / name) == (data[:2] == b"\x1f\x8b")
    assert kind_of(tmp_path / "nowhere") == kind_of(tmp_path) == "text"
    assert not is_gzip(tmp_path)


def test_endings_do_not_depend_on_case():
    assert [ending_of(name) for name in ("a/B.TXT", "x.Tar.GZ", ".hidden", "b")] == [
        ".txt", ".tar", "", ""]


def test_what_is_left_out_of_a_folder_is_named(tmp_path):
    for name, text in [("a.txt", "One. Two."), ("B.TXT", "Three."), (".hidden.txt", "Five."),
                       ("c.Jsonl", '{"text": "Four."}'), ("notes.md", "Six.")]:
        (tmp_path / name).write_text(text)
    (tmp_path / "d.txt.GZ").write_bytes(gzip.compress(b"Seven."))
    (tmp_path / "inside").mkdir()
    said = []
    documents = read_corpus(tmp_path, say=said.append)
    assert documents == [["Three."], ["One.", "Two."], ["Four."], ["Seven."]]
    assert said == ["left out   .hidden.txt, inside, notes.md; a folder is read for files that end "
                    "in .txt, .jsonl, .ndjson, with or without .gz"]


def test_json_lines_by_any_name_are_documents(tmp_path):
    (tmp_path / "big.json").write_text('{"text": "One. Two."}\n{"text": "Three."}\n')
    assert read_corpus(tmp_path / "big.json") == [["One.", "Two."], ["Three."]]
    (tmp_path / "packed").write_bytes(gzip.compress(b'{"text": "One."}\n'))
    assert read_corpus(tmp_path / "packed") == [["One."]]
    (tmp_path / "array.json").write_text('[\n{"text": "One."}]\n')
    with pytest.raises(ValueError, match=re.escape(
            "array.json is JSON, but not JSON lines: each line must be an object of its own, such "
            'as {"text": "..."}.')):
        read_corpus(tmp_path / "array.json")
    (tmp_path / "wide.txt").write_bytes("One.".encode("utf-16"))
    with pytest.raises(ValueError, match="wide.txt is UTF-16, where UTF-8 is needed"):
        read_corpus(tmp_path / "wide.txt")


def test_standard_input_is_cut_in_the_same_way(monkeypatch):
    from argparse import Namespace

    from albert_np.commands.input_texts import read_texts

    data = io.BytesIO("a\x0cb\u2028\r\nc\n\n".encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data))
    texts, name = read_texts(Namespace(file=None), [])
    assert list(texts) == ["a\x0cb\u2028", "c"] and name(2) == "line 2 of standard input"
