"""A pretraining run counts the text that it cannot use."""

import json

import pytest

pytest.importorskip("sentencepiece")

from small_corpus import write_corpus

from albert_np.pretraining.options import PretrainingOptions
from albert_np.pretraining.run_data import open_run_data
from albert_np.text.corpus.prepare import prepare_corpus

ACCENT = "\u0301"                     # visible, but the tokenizer drops accents


def opened(folder, corpus, **options):
    """What `open_run_data` says."""
    said, options = [], {"layout": "lines", "vocab_size": 45, **options}
    (folder / "run").mkdir(exist_ok=True)
    open_run_data(folder / "run", PretrainingOptions(
        corpus=str(corpus), **{"data": {"max_seq_length": 16}, **options}), say=said.append)
    return [sentence for sentence in said if sentence.startswith("left out")]


@pytest.fixture
def corpus(tmp_path):
    """Forty documents, and: three accents within two of them, four documents of one sentence."""
    write_corpus(tmp_path / "corpus.txt")
    text = (tmp_path / "corpus.txt").read_text().split("\n\n")
    text[3] += f"\n{ACCENT}"
    text[7] = f"{ACCENT}\n{text[7]}\n{ACCENT}"
    more = [f"A dog likes {number} trees." for number in ("two", "four", "ten", "six")]
    (tmp_path / "corpus.txt").write_text("\n\n".join([*text, *more]))
    return tmp_path / "corpus.txt"


def test_sentences_without_pieces_and_documents_of_one_sentence(corpus, tmp_path):
    short = ("left out   4 of 44 documents: they have one sentence, and a pair of segments needs "
             "two (--layout says what ends a document)")
    assert opened(tmp_path, corpus) == [
        "left out   3 of 487 sentences: the tokenizer leaves no piece of them", short]
    # The original's data take a single sentence, with a second segment from elsewhere.
    assert opened(tmp_path, corpus, data={"max_seq_length": 16,
                                          "single_sentence_negatives": True}) == [
        "left out   3 of 487 sentences: the tokenizer leaves no piece of them"]
    prepare_corpus(corpus, tmp_path / "prepared", layout="lines", vocab_size=45, processes=1,
                   held_out=0.3, progress=False)
    assert opened(tmp_path, tmp_path / "prepared") == [short]


def test_documents_without_a_sentence(corpus, tmp_path):
    texts = [*corpus.read_text().split("\n\n")[:20], "", "\n", " "]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps({"text": text}) + "\n"
                                                   for text in texts))
    assert opened(tmp_path, tmp_path / "corpus.jsonl")[0] == (
        "left out   3 of 23 documents: they have no sentence")


def test_nothing_is_said_if_all_is_used(tmp_path):
    write_corpus(tmp_path / "corpus.txt")
    assert opened(tmp_path, tmp_path / "corpus.txt") == []


def test_if_nothing_is_left_the_sentence_names_the_option(corpus, tmp_path):
    opened(tmp_path, corpus)                                 # leaves a tokenizer in the folder
    (tmp_path / "accents.txt").write_text("\n\n".join([f"{ACCENT}\n{ACCENT}"] * 5))
    with pytest.raises(ValueError, match="leaves no piece of the text to train on; give another "
                                         r"tokenizer \(--tokenizer\) or other text \(--corpus\)"):
        opened(tmp_path, tmp_path / "accents.txt", tokenizer=str(tmp_path / "run"))
    (tmp_path / "half.txt").write_text(f"A dog.\nA cat.\n\n{ACCENT}\n{ACCENT}")
    said = set()
    for seed in range(6):                                    # one document or the other is held out
        with pytest.raises(ValueError) as error:
            opened(tmp_path, tmp_path / "half.txt", tokenizer=str(tmp_path / "run"), seed=seed)
        said.add(str(error.value))
    assert said == {f"the tokenizer leaves no piece of the text to {use} on; give another "
                    f"tokenizer (--tokenizer) or other text (--corpus)"
                    for use in ("train", "evaluate")}
    (tmp_path / "single.txt").write_text("\n\n".join(["A dog likes the moon."] * 30))
    with pytest.raises(ValueError, match="has two sentences, and a pair of segments needs two of "
                                         "the same document. With layout='lines' an empty line"):
        opened(tmp_path, tmp_path / "single.txt", tokenizer=str(tmp_path / "run"))
