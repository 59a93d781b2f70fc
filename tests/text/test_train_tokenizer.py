"""Training a vocabulary."""

import re

import pytest

from albert_np.text import AlbertTokenizer, train_tokenizer


def test_special_ids_are_those_of_albert(small_tokenizer):
    assert small_tokenizer.vocab_size == 1000
    assert small_tokenizer.pieces[:13] == ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]",
                                           "(", ")", '"', "-", ".", "–", "£", "€"]


def test_the_text_was_preprocessed(small_tokenizer):
    ordinary = small_tokenizer.pieces[5:]
    assert not any(piece != piece.lower() for piece in ordinary)
    ids = small_tokenizer.encode_batch(["THE FUNCTION returns a new object"])[0]
    assert small_tokenizer.unk_token_id not in ids
    assert small_tokenizer.decode(ids) == "the function returns a new object"


def test_same_sentences_same_model(tmp_path, sentences, capfd):
    first = train_tokenizer(sentences[:800], 300)
    assert train_tokenizer(iter(sentences[:800]), 300, tmp_path / "m.model") == first
    assert (tmp_path / "m.model").read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["m.model"]       # no temporary file left
    assert capfd.readouterr() == ("", "")                            # and nothing printed


def test_long_sentences_are_not_left_out(tmp_path):
    # 4,192 bytes is SentencePiece's own limit; "zq" stands only in a longer one.
    train_tokenizer(["some words here"] * 20 + ["zq " * 3000], 25, tmp_path / "m.model")
    assert AlbertTokenizer(tmp_path / "m.model").unk_token_id not in \
        AlbertTokenizer(tmp_path / "m.model").encode_batch(["zq"])[0]


def test_bad_input(tmp_path, sentences):
    with pytest.raises(ValueError, match="too large for these 300 sentences; the") as caught:
        train_tokenizer(sentences[:300], 100_000)
    largest = int(re.search(r"fits is (\d+)", str(caught.value))[1])
    train_tokenizer(sentences[:300], largest, tmp_path / "m.model")
    assert AlbertTokenizer(tmp_path / "m.model").vocab_size == largest
    with pytest.raises(ValueError, match="too small for the characters"):
        train_tokenizer(sentences[:300], 20)
    for nothing in ([], ["", "  \n"]):
        with pytest.raises(ValueError, match="no text to train"):
            train_tokenizer(nothing, 100)
    for size in (13, "100", 1.5, True):
        with pytest.raises(ValueError, match="vocab_size must be an integer above 13"):
            train_tokenizer(["a b c"], size)
    with pytest.raises(ValueError, match="list of str"):
        train_tokenizer("a b c", 100)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot be written"):
        train_tokenizer(sentences[:300], 200, tmp_path / "file" / "m.model")
