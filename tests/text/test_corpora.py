"""Reading, splitting, and the corpus that Python brings along."""

import os
import sys

import numpy as np
import pytest

from albert_np.text import (
    embedded_corpus,
    guess_layout,
    read_corpus,
    split_documents,
    split_sentences,
)

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


def test_lines(tmp_path):
    (tmp_path / "a.txt").write_text("\ufeff" + LINES, encoding="utf-8")
    expected = [["The first sentence.", "The second one!"],
                ["Another document.", "It has two, too."]]
    assert guess_layout(LINES) == "lines"
    assert read_corpus(tmp_path / "a.txt") == expected
    assert read_corpus(str(tmp_path / "a.txt"), layout="lines") == expected
    assert len(read_corpus(tmp_path / "a.txt", layout="prose")) == 2


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


def test_embedded_corpus_runs_nothing_and_repeats(corpus):
    loaded = set(sys.modules)
    documents, modules = embedded_corpus()
    assert documents == corpus and len(modules) == len(documents)
    assert set(sys.modules) == loaded


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
