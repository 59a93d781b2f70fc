"""What of a corpus is left out is counted and said; if nothing is left, that is an error."""

import json

import pytest

from albert_np.commands.cli import main
from albert_np.text import read_corpus
from albert_np.text.corpus.prepare import prepare_corpus

ACCENT = "\u0301"                     # visible, but the tokenizer drops accents
TEXTS = ["Return a list.\nOpen the file.", "", f"{ACCENT}\nThe name is short.", ACCENT]


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "corpus.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS * 3))
    return path


def test_read_corpus_counts_documents_without_a_sentence(texts):
    said = []
    documents = read_corpus(texts, "lines", say=said.append)
    assert len(documents) == 9 and [] not in documents
    assert said == ["left out   3 of 12 documents: they have no sentence"]
    assert read_corpus(texts, "lines") == documents


@pytest.mark.parametrize("processes", [1, 2])
def test_prepare_counts_sentences_and_documents(texts, tmp_path, small_model_file, processes,
                                                capsys):
    prepared = prepare_corpus(texts, tmp_path / "prepared", tokenizer=small_model_file,
                              layout="lines", held_out=0, processes=processes)
    assert (prepared.train.documents, prepared.train.sentences) == (6, 9)
    said = capsys.readouterr().out.splitlines()
    assert "left out   6 sentences: the tokenizer leaves no piece of them" in said
    assert "left out   6 documents: no sentence of them is left, or they had none" in said


def test_nothing_is_said_if_nothing_is_left_out(tmp_path, small_model_file, capsys):
    (tmp_path / "a.txt").write_text("Return a list.\n\nOpen the file.\n")
    prepare_corpus(tmp_path / "a.txt", tmp_path / "prepared", tokenizer=small_model_file,
                   layout="lines", processes=1)
    assert "left out" not in capsys.readouterr().out


def test_if_nothing_is_left_the_sentence_names_the_option(tmp_path, small_model_file, capsys):
    (tmp_path / "a.txt").write_text(f"{ACCENT}\n{ACCENT}\n")
    assert main(["prepare", str(tmp_path / "a.txt"), "--output", str(tmp_path / "prepared"),
                 "--tokenizer", str(small_model_file), "--layout", "lines"]) == 2
    assert capsys.readouterr().err.endswith(
        "The tokenizer leaves no piece of any of the 2 sentences; give another tokenizer "
        "(--tokenizer) or other text.\n")
