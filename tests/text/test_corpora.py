"""Reading, splitting, and the corpus that Python brings along."""

import gzip
import hashlib
import json
import os
import shutil
import sys
import sysconfig
import time
from pathlib import Path

import numpy as np
import pytest

from albert_np.text import (
    embedded_corpus,
    guess_layout,
    read_corpus,
    split_documents,
    split_sentences,
)
from albert_np.text.corpus import blocks as blocks_module
from albert_np.text.corpus.blocks import Source, block_documents, read_blocks

LINES = "The first sentence.\nThe second one!\n\n\nAnother document.\nIt has two, too.\n"
PROSE = ("It was a long day, and Mr. Smith had\nwalked 3.5 miles. He sat\ndown. He slept.\n\n"
         "A new paragraph, of the\nsame document.\n\n\nChapter two\nbegins here. It ends.\n")


@pytest.mark.parametrize("text, sentences", [
    ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
    ("Mr. Smith met Dr. J. R. Kennedy. He left.", ["Mr. Smith met Dr. J. R. Kennedy.", "He left."]),
    ("Use it, e.g. Here, or i.e. There. Good.", ["Use it, e.g. Here, or i.e. There.", "Good."]),
    ("Pi is 3.14 or so. 22 is not.", ["Pi is 3.14 or so.", "22 is not."]),
    ('"Stop!" He ran. (So did I.) We met.', ['"Stop!"', "He ran.", "(So did I.)", "We met."]),
    ("It was I. He knew.", ["It was I.", "He knew."]),
    ("Apples, pears, etc. The end.", ["Apples, pears, etc.", "The end."]),
    ("a file.txt is no end. nor this", ["a file.txt is no end. nor this"]),
    ("line\nbreaks  count. As\nspaces.", ["line breaks count.", "As spaces."]),
    ("J.R. Kennedy wrote... Then he stopped.", ["J.R. Kennedy wrote...", "Then he stopped."]),
    ("", []),
])
def test_split_sentences(text, sentences):
    assert split_sentences(text) == sentences


def test_a_long_row_of_dots_is_no_trouble():
    text = "." * 300_000 + " Then. A" + "?!" * 200_000
    began = time.process_time()
    assert split_sentences(text) == ["." * 300_000, "Then.", "A" + "?!" * 200_000]
    assert time.process_time() - began < 5


def test_lines(tmp_path):
    (tmp_path / "a.txt").write_text("\ufeff" + LINES, encoding="utf-8")
    expected = [["The first sentence.", "The second one!"],
                ["Another document.", "It has two, too."]]
    assert guess_layout(LINES) == "lines"
    assert read_corpus(tmp_path / "a.txt") == expected
    assert read_corpus(str(tmp_path / "a.txt"), layout="lines") == expected
    assert len(read_corpus(tmp_path / "a.txt", layout="prose")) == 2


def test_the_layout_is_guessed_from_the_beginning():
    assert guess_layout("A line.\n" * 150_000 + "this is prose\n" * 400_000) == "lines"


def test_prose(tmp_path):
    (tmp_path / "a.txt").write_text(PROSE, encoding="utf-8")
    assert guess_layout(PROSE) == "prose"
    assert read_corpus(tmp_path / "a.txt") == [
        ["It was a long day, and Mr. Smith had walked 3.5 miles.", "He sat down.", "He slept.",
         "A new paragraph, of the same document."],
        ["Chapter two begins here.", "It ends."]]
    assert guess_layout("A paragraph. On one line.\n\nAnother one. On one line.\n") == "prose"


def test_folder_in_order_of_names(tmp_path):
    for name, text in [("b.txt", "From b. Yes."), ("a.txt", LINES), ("c.md", "Not this one.")]:
        (tmp_path / name).write_text(text)
    assert [document[0] for document in read_corpus(tmp_path)] == [
        "The first sentence.", "Another document.", "From b."]


def test_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file or folder .*nothing"):
        read_corpus(tmp_path / "nothing")
    with pytest.raises(ValueError, match=r"has no \*.txt"):
        read_corpus(tmp_path)
    file = tmp_path / "a.txt"
    for data, sentence in [(b"abc\xff\xfe", "not UTF-8.* 0xff at position 3"),
                           (b"PK\x03\0", "binary file .*position 3"),
                           (b"\xef\xbb\xbfab\xe9 c", "0xe9 at position 5"),
                           (b" \n\n", "not one sentence in")]:
        file.write_bytes(data)
        with pytest.raises(ValueError, match=sentence):
            read_corpus(file)
    with pytest.raises(ValueError, match="layout must be one of"):
        read_corpus(file, layout="pages")
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(ValueError, match="is a folder"):
        read_corpus(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0,
                    reason="whoever is root may read everything")
def test_unreadable(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text(LINES)
    file.chmod(0)
    with pytest.raises(ValueError, match="cannot be read"):
        read_corpus(file)
    file.chmod(0o600)
    tmp_path.chmod(0)
    try:
        with pytest.raises((ValueError, PermissionError)):
            read_corpus(tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_embedded_corpus(corpus):
    sentences = [sentence for document in corpus for sentence in document]
    assert len(sentences) > 8_000 and len(corpus) > 200
    assert len(set(sentences)) == len(sentences)
    assert min(len(document) for document in corpus) >= 2
    assert not any(">>>" in s or "``" in s or "\n" in s or ":param" in s for s in sentences)
    assert all(s[-1] in ".!?\")'" for s in sentences)


def test_embedded_corpus_runs_nothing_and_repeats(corpus, tmp_path, monkeypatch):
    """Of a part of the standard library, and a module that would leave a trace."""
    library = Path(sysconfig.get_path("stdlib"))
    for part in filter(lambda part: (library / part).is_dir(), ("pydoc_data", "email")):
        shutil.copytree(library / part, tmp_path / part)
    (tmp_path / "ending.py").write_text(
        '"""It must only be read. Nobody may ever run it."""\nraise SystemExit("it was run")')
    monkeypatch.setattr(sysconfig, "get_path", lambda name: {"stdlib": str(tmp_path)}[name])
    loaded = set(sys.modules)
    documents, modules = embedded_corpus()
    assert embedded_corpus() == (documents, modules) and len(modules) == len(documents)
    assert set(sys.modules) == loaded
    assert documents[modules.index("ending.py")] == ["It must only be read.",
                                                     "Nobody may ever run it."]
    topics = [d for d, module in zip(documents, modules) if module.startswith("topic")]
    assert topics == corpus[:len(topics)] and len(documents) - len(topics) > 20


def test_split_keeps_groups_together():
    groups = [f"module {i // 5}" for i in range(200)]
    documents = [[group, f"document {i}"] for i, group in enumerate(groups)]
    train, held_out = split_documents(documents, 0.2, rng=np.random.default_rng(0), groups=groups)
    train_groups, held_out_groups = ({group for group, _ in part} for part in (train, held_out))
    assert not train_groups & held_out_groups and len(train) + len(held_out) == 200
    assert len(held_out) == 40
    assert [d for d in documents if d in train] == train
    with pytest.raises(ValueError, match="cannot be divided"):
        split_documents(documents, rng=np.random.default_rng(0), groups=["one"] * 200)


def test_split_documents(corpus):
    train, held_out = split_documents(corpus, 0.1, rng=np.random.default_rng(3))
    total = sum(map(len, corpus))
    assert abs(sum(map(len, held_out)) / total - 0.1) < 0.01
    assert sorted(map(tuple, train + held_out)) == sorted(map(tuple, corpus))
    assert [d for d in corpus if d in held_out] == held_out
    assert split_documents(corpus, 0.1, rng=np.random.default_rng(3)) == (train, held_out)
    assert split_documents(corpus, 0.1, rng=np.random.default_rng(4)) != (train, held_out)


@pytest.mark.parametrize("sizes", [[1, 1], [50, 1], [40, 60], [3, 3, 3]])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_split_leaves_a_document_on_each_side(sizes, share):
    documents = [[f"{d} {s}" for s in range(size)] for d, size in enumerate(sizes)]
    for seed in range(5):
        train, held_out = split_documents(documents, share, rng=np.random.default_rng(seed))
        assert train and held_out and len(train) + len(held_out) == len(documents)


def test_split_refuses(rng):
    with pytest.raises(ValueError, match="1 document.* cannot be divided"):
        split_documents([["One.", "Two."]], rng=rng)
    for share in (0, 1, -1, 2):
        with pytest.raises(ValueError, match="between 0 and 1"):
            split_documents([["One."], ["Two."]], share, rng=rng)


# ---- gzip, JSON lines, blocks --------------------------------------------------------------------

DOCUMENTS = [["The first sentence.", "The second one!"], ["Another document.", "It has two, too."]]


def json_lines(texts, field="text"):
    return "".join(json.dumps({"id": i, field: text}) + "\n" for i, text in enumerate(texts))


def in_blocks(file, limit, layout="auto"):
    """All documents of a file that is read in blocks, and the blocks."""
    blocks = list(read_blocks(Source(file), layout, limit=limit))
    return [document for block in blocks for document in block_documents(block)], blocks


def long_text(layout, documents=40):
    rng = np.random.default_rng(1)
    end, sentence_ends = (("\n\n", ["\n", "\n"]) if layout == "lines" else
                          ("\n\n\n", [" ", "\n\n"]))
    texts = []
    for d in range(documents):
        texts.append("\ufeff")                      # a byte order mark only at the very beginning
        for s in range(int(rng.integers(1, 8))):
            texts += [f"Satz {d}, {s} “äöü ßé漢字” {'x' * int(rng.integers(30))}.",
                      sentence_ends[s % 2]]
        texts[-1] = end
    return "".join(texts[:-1])


@pytest.mark.parametrize("name, content", [
    ("a.txt", LINES), ("a.txt.gz", LINES),
    ("a.jsonl", json_lines(["The first sentence.\nThe second one!",
                            "Another document.\n\n\nIt has two, too."])),
    ("a.jsonl.gz", json_lines(["The first sentence. The second one!", "",
                               "Another document. It has\ntwo, too."]) + "\n")])
def test_every_kind_of_file(tmp_path, name, content):
    data = content.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert read_corpus(tmp_path) == read_corpus(tmp_path / name) == DOCUMENTS


def test_folder_of_all_kinds(tmp_path):
    (tmp_path / "d.txt").write_text("From d. Yes.")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"From b. Yes."))
    (tmp_path / "c.jsonl").write_text(json_lines(["From c. Yes."]))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(json_lines(["From a. Yes."]).encode()))
    (tmp_path / "e.json").write_text("Not this one.")
    assert [document[0] for document in read_corpus(tmp_path)] == [
        "From a.", "From b.", "From c.", "From d."]


def test_other_text_field(tmp_path):
    (tmp_path / "a.jsonl").write_text(json_lines(["One. Two."], "body"))
    assert read_corpus(tmp_path, text_field="body") == [["One.", "Two."]]
    with pytest.raises(ValueError, match="Line 1 of .*a.jsonl has no field 'text'; it has 'id', "
                                         "'body'"):
        read_corpus(tmp_path)


@pytest.mark.parametrize("layout", ["lines", "prose"])
@pytest.mark.parametrize("limit", [600, 777, 1000, 5000])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_blocks_give_the_same_documents(tmp_path, layout, limit, newline):
    """No document is longer than 600 bytes here, so none is cut."""
    file = tmp_path / "a.txt"
    file.write_bytes(b"\xef\xbb\xbf" + long_text(layout).replace("\n", newline).encode())
    documents, blocks = in_blocks(file, limit, layout)
    assert documents == read_corpus(file, layout) and len(documents) == 40
    assert len(blocks) > 1 and max(len(block.data) for block in blocks) <= limit
    assert b"".join(block.data for block in blocks) == file.read_bytes()
    position = line = 0
    for block in blocks:
        assert (block.position, block.line) == (position, line + 1)
        position, line = position + len(block.data), line + block.data.count(b"\n")


@pytest.mark.parametrize("layout", ["lines", "prose"])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_blocks_do_not_depend_on_how_much_is_read_at_a_time(tmp_path, monkeypatch, layout, size):
    file = tmp_path / "a.txt.gz"
    file.write_bytes(gzip.compress(long_text(layout).encode()))
    whole = in_blocks(file, 600)
    chunks = Source.chunks
    monkeypatch.setattr(Source, "chunks", lambda self: chunks(self, size))
    assert in_blocks(file, 600) == whole


@pytest.mark.parametrize("layout", ["lines", "prose"])
def test_blocks_guess_from_the_first(tmp_path, layout):
    (tmp_path / "a.txt").write_text(long_text(layout), encoding="utf-8")
    blocks = in_blocks(tmp_path / "a.txt", 1000)[1]
    assert {block.layout for block in blocks} == {layout}
    assert [block.layout for block in in_blocks(tmp_path / "a.txt", 10 ** 6)[1]] == ["auto"]


@pytest.mark.parametrize("layout, text, first", [
    ("prose", "A paragraph. Of two sentences.\n\nAnother. " + "It goes on. " * 20,
     ["A paragraph.", "Of two sentences."]),
    ("prose", "One sentence here. Another one there. " + "y" * 200,
     ["One sentence here.", "Another one there."]),
    ("lines", "One line.\nAnother. Line\n" + "y" * 200, ["One line.", "Another. Line"]),
    ("prose", "one two three " + "y" * 200, ["one two three"]),
    ("prose", "ä" * 200, ["ä" * 39]),
    ("lines", "x" + "漢" * 200, ["x" + "漢" * 26]),
])
def test_a_document_too_long_for_a_block_is_cut_at_a_good_place(tmp_path, layout, text, first):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    documents, blocks = in_blocks(tmp_path / "a.txt", 80, layout)
    assert documents[0] == first
    assert b"".join(block.data for block in blocks) == text.encode()
    assert "".join("".join(document) for document in documents).replace(" ", "") == "".join(
        text.split())


def test_json_in_blocks(tmp_path):
    """Lines of JSON stay whole, however long they are."""
    texts = [f"Nummer {i} ist “{'ü' * (i * 37 % 900)}”. Ein Satz." for i in range(60)]
    (tmp_path / "a.jsonl").write_text(json_lines(texts), encoding="utf-8")
    documents, blocks = in_blocks(tmp_path / "a.jsonl", 500)
    assert documents == read_corpus(tmp_path) and len(documents) == 60
    assert len(blocks) > 1 and {block.layout for block in blocks} == {"prose"}
    assert all(block.data.endswith(b"\n") for block in blocks)


def test_json_of_lines_in_blocks(tmp_path):
    """The layout is guessed from the texts, not from the lines of JSON."""
    texts = [f"Text {i} has a line. Or rather\nthese two." if i % 9 == 0 else
             f"Text {i} has a line.\nAnd another, 3.5 of them." for i in range(90)]
    (tmp_path / "a.jsonl").write_text(json_lines(texts))
    documents, blocks = in_blocks(tmp_path / "a.jsonl", 1000)
    assert len(blocks) > 1 and {block.layout for block in blocks} == {"lines"}
    assert documents == read_corpus(tmp_path) == [text.split("\n") for text in texts]


def test_a_source_knows_its_hash(tmp_path):
    data = gzip.compress(LINES.encode()) + gzip.compress(LINES.encode()) + bytes(500)
    for name in ("a.txt", "b.txt.gz"):
        (tmp_path / name).write_bytes(data)
        source = Source(tmp_path / name)
        assert sum(map(len, source.chunks(10))) == 2 * len(LINES)     # whatever its name is
        assert source.digest.hexdigest() == hashlib.sha256(data).hexdigest()
        assert source.bytes_read == len(data)


def bad_gzip():
    whole = gzip.compress(np.random.default_rng(0).bytes(5000).hex().encode())
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xff
    return {"short": (whole[:-20], "The gzip file .*a.txt.gz is cut short: it ends before"),
            "shorter": (whole[:5], "a.txt.gz is cut short"),
            "damaged": (bytes(damaged), "a.txt.gz is not a whole gzip file: "),
            "followed": (whole + b"more", "a.txt.gz is not a whole gzip file")}


@pytest.mark.parametrize("fault", bad_gzip())
@pytest.mark.parametrize("limit", [None, 1000])
def test_bad_gzip(tmp_path, fault, limit):
    data, sentence = bad_gzip()[fault]
    (tmp_path / "a.txt.gz").write_bytes(data)
    with pytest.raises(ValueError, match=sentence):
        in_blocks(tmp_path / "a.txt.gz", limit)


@pytest.mark.parametrize("limit", [None, 300])
@pytest.mark.parametrize("line, sentence", [
    (b'{"text": "abc', "Line 41 of .*a.jsonl is not JSON: Unterminated string"),
    (b"[" * 100_000, "Line 41 of .*a.jsonl is not JSON: "),
    (b"9" * 10_000, "Line 41 of .*a.jsonl is not JSON: "),
    (b'["text"]', "Line 41 of .*a.jsonl is not a JSON object with a field 'text'"),
    (b'{"title": "a", "body": "b"}', "Line 41 of .* no field 'text'; it has 'title', 'body'"),
    (b"{}", "Line 41 of .* no field 'text'; it has nothing"),
    (b'{"text": null}', "The field 'text' in line 41 of .*a.jsonl is null, not a text"),
    (b'{"text": [1, 2]}', r"is \[1, 2\], not a text"),
    (b'{"text": "\\ud800 abc"}', "line 41 of .* holds half of a surrogate pair"),
    (b'{"text": "a\xff"}', "not UTF-8 text: the byte 0xff at position %d"),
    (b'{"text": "a\x00"}', "binary file .* position %d"),
])
def test_bad_json_lines(tmp_path, line, sentence, limit):
    before = json_lines([f"Good text {i}. Yes." for i in range(39)]).encode() + b"\n"
    (tmp_path / "a.jsonl").write_bytes(before + line + b"\n" + before)
    with pytest.raises(ValueError) as raised:
        in_blocks(tmp_path / "a.jsonl", limit)
    expected = sentence % (len(before) + 11) if "%d" in sentence else sentence
    assert raised.match(expected)


def test_a_line_of_json_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks_module, "LONGEST_LINE", 2 << 20)
    (tmp_path / "a.jsonl").write_text('{"text": "short"}\n{"text": "' + "x" * (4 << 20))
    with pytest.raises(ValueError, match="Line 2 of .*a.jsonl is longer than 2 MB"):
        in_blocks(tmp_path / "a.jsonl", 1 << 20)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_bad_bytes_in_a_later_block(tmp_path, name):
    before = long_text("lines").encode()
    data = before + b"\n\nEin Satz \xe4.\n"
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    with pytest.raises(ValueError, match=f"{name} is not UTF-8 text: the byte 0xe4 at position "
                                         f"{len(before) + 11} does not"):
        in_blocks(tmp_path / name, 700)
    data = before + b"\n\nEin Satz \x00.\n"
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    with pytest.raises(ValueError, match=f"zero byte at position {len(before) + 11}"):
        in_blocks(tmp_path / name, 700)
    data = before + b"\n\nEin Satz \r.\n"
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    with pytest.raises(ValueError, match=f"{name}, line {data.count(10)}: there is a carriage"):
        in_blocks(tmp_path / name, 700)


def test_files_that_vanish(tmp_path):
    with pytest.raises(ValueError, match="a.txt cannot be read: No such file"):
        list(read_blocks(Source(tmp_path / "a.txt")))
