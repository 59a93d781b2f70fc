"""What all tests share: numbers that are the same on every run."""

import os
from pathlib import Path

import numpy as np
import pytest

# They hold no examples, and as modules they would all be called "conftest".
collect_ignore_glob = ["*conftest.py"]


@pytest.fixture
def rng():
    """A random generator with a fixed seed."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def data_folder():
    """The folder of real data named by ALBERT_NP_DATA; tests that need it are skipped without."""
    folder = os.environ.get("ALBERT_NP_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("ALBERT_NP_DATA does not name a folder")
    return Path(folder)


LEFT_OUT = ("thorough", "tutorials", "slow")


def pytest_collection_modifyitems(config, items):
    """Leave out what takes long, unless it is asked for, as by ``pytest -m thorough``."""
    asked = config.option.markexpr or ""
    for item in items:
        marks = [mark for mark in LEFT_OUT if item.get_closest_marker(mark)]
        if marks and marks[0] not in asked:                       # thorough and slow: thorough
            item.add_marker(pytest.mark.skip(reason=f"takes long; ask for it with -m {marks[0]}"))


@pytest.fixture(scope="session")
def embedded():
    """The documents of the text that every Python brings along, which take seconds to collect."""
    from albert_np.text import embedded_corpus

    return embedded_corpus()[0]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """A file of forty little documents with a grammar."""
    pytest.importorskip("sentencepiece")
    from small_corpus import write_corpus

    path = tmp_path_factory.mktemp("text") / "corpus.txt"
    write_corpus(path)
    return path


@pytest.fixture
def no_pictures(monkeypatch):
    """Runs leave out the picture of their losses, which takes as long as all of their steps."""
    monkeypatch.setattr("albert_np.pretraining.results.plot_losses", lambda *arguments: None)


@pytest.fixture(scope="session")
def inference_folder(tmp_path_factory):
    """The folder of a small model, untrained, whose tokenizer has pieces for common words."""
    pytest.importorskip("sentencepiece")
    from albert_np import AlbertConfig, AlbertForPreTraining, AlbertTokenizer
    from albert_np.text import train_tokenizer

    folder = tmp_path_factory.mktemp("model")
    words = ("the a name list file is not of and returns if then opened again short new object "
             "copy it one two are names").split()
    draw = np.random.default_rng(0)
    train_tokenizer([" ".join(draw.choice(words, 8)) + "." for _ in range(400)], 45,
                    folder / "spiece.model")
    tokenizer = AlbertTokenizer(folder / "spiece.model")
    tokenizer.save(folder)
    config = AlbertConfig(
        vocab_size=tokenizer.vocab_size, embedding_size=8, hidden_size=16, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=20, max_position_embeddings=40)
    AlbertForPreTraining(config).save_pretrained(folder)
    return folder
