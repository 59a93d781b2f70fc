"""The published tokenizer, where the folder of real data is at hand, and a small trained one."""

import gzip
import json
import os
import zipfile
from pathlib import Path

import pytest

from albert_np.text import AlbertTokenizer, train_tokenizer
from albert_np.text.corpus import prepare


@pytest.fixture(scope="session")
def text_data():
    folder = os.environ.get("ALBERT_NP_DATA")
    if not folder or not (Path(folder) / "spiece.model").is_file():
        pytest.skip("ALBERT_NP_DATA does not name a folder with spiece.model")
    return Path(folder)


@pytest.fixture(scope="session")
def model_file(text_data):
    return text_data / "spiece.model"


@pytest.fixture(scope="session")
def tokenizer(model_file):
    return AlbertTokenizer(model_file)


@pytest.fixture(scope="session")
def real_lines(text_data):
    """More than 10,000 lines of text messages, film reviews, Wikipedia and a novel."""
    sms = (text_data / "sms_spam" / "SMSSpamCollection").read_text("utf-8").splitlines()
    with zipfile.ZipFile(text_data / "rt_polarity" / "nltk_sentence_polarity.zip") as archive:
        name = next(n for n in archive.namelist() if n.endswith("rt-polarity.pos"))
        reviews = archive.read(name).decode("latin-1").splitlines()
    with gzip.open(text_data / "wikitext2" / "wiki.valid.txt.gz", "rt", encoding="utf-8") as file:
        wiki = file.read().splitlines()
    novel = (text_data / "botchan" / "botchan.txt").read_text("utf-8").splitlines()
    lines = sms + reviews + wiki + novel
    return [line for line in lines if line.strip()]


@pytest.fixture(scope="session")
def corpus(embedded):
    return embedded


@pytest.fixture(scope="session")
def sentences(corpus):
    return [sentence for document in corpus for sentence in document][:3000]


@pytest.fixture(scope="session")
def small_model_file(tmp_path_factory, sentences):
    path = tmp_path_factory.mktemp("vocabulary") / "spiece.model"
    train_tokenizer(sentences, 1000, path)
    return path


@pytest.fixture(scope="session")
def small_tokenizer(small_model_file):
    """A tokenizer of 1,000 pieces that needs no data folder."""
    return AlbertTokenizer(small_model_file)


@pytest.fixture(scope="session")
def mixed_folder(tmp_path_factory, corpus):
    """Text of every kind that a corpus can have, 700 documents."""
    folder = tmp_path_factory.mktemp("texts")
    lines = ["\n\n".join(map("\n".join, corpus[first:first + 150])) for first in (0, 150)]
    (folder / "a.txt").write_text(lines[0], "utf-8")
    (folder / "b.txt.gz").write_bytes(gzip.compress(lines[1].encode()))
    objects = [json.dumps({"text": "\n".join(document)}) + "\n" for document in corpus[300:700]]
    (folder / "c.jsonl").write_text("".join(objects[:200]), "utf-8")
    (folder / "d.jsonl.gz").write_bytes(gzip.compress("".join(objects[200:]).encode()))
    return folder


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 32 kB, so that the files of `mixed_folder` have several; no document is longer."""
    read = prepare.read_blocks
    monkeypatch.setattr(prepare, "read_blocks", lambda source, layout, field: read(
        source, layout, field, limit=32_000))
