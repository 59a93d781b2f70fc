"""BERT's tokenizer, which most Chinese ALBERTs have, and a whole run with it."""

import json
import sys

import numpy as np
import pytest

from albert_np.inference.guesses import fill_mask
from albert_np.inference.load import load
from albert_np.pretraining import pretrain
from albert_np.text import AlbertTokenizer, DataOptions
from albert_np.text.corpus.manifest import tokenizer_identity
from albert_np.text.masking import Ngrams
from albert_np.text.tokenizer import read_tokenizer
from albert_np.text.tokenizing.wordpiece_tokenizer import WordPieceTokenizer

pytest.importorskip("tokenizers")
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"我爱北京他们在上海学习。，！", "num",
          "##py", "##s", "2", ".", "cafe", "café", "Num"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES) + "\n", "utf-8")
    return tmp_path


@pytest.fixture
def tokenizer(folder):
    return AlbertTokenizer.from_pretrained(folder)


def test_pieces_ids_and_offsets(tokenizer):
    assert isinstance(tokenizer, WordPieceTokenizer) and len(tokenizer) == len(PIECES)
    text = "我爱NumPys 龘[MASK]。"
    pieces = ["我", "爱", "num", "##py", "##s", "[UNK]", "[MASK]", "。"]
    assert tokenizer.tokenize(text) == pieces
    found, offsets = tokenizer.tokenize_with_offsets(text)
    assert found == pieces
    assert [text[begin:end] for begin, end in offsets] == [
        "我", "爱", "Num", "Py", "s", "龘", "[MASK]", "。"]
    ids = [PIECES.index(piece) for piece in pieces]
    assert tokenizer.encode_batch([text, ""]) == tokenizer.encode_batch([text, ""], 1) == [ids, []]
    assert tokenizer.encode(text) == [2, *ids, 3]
    batch = tokenizer(["我", "爱北京"], ["他", "在"], max_length=6, padding="max_length",
                      truncation=True, return_offsets_mapping=True)
    assert batch["input_ids"].tolist() == [[2, 5, 3, 9, 3, 0], [2, 6, 7, 3, 11, 3]]
    assert batch["token_type_ids"].tolist() == [[0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 1, 1]]
    assert batch["offset_mapping"][1].tolist() == [[0, 0], [0, 1], [1, 2], [0, 0], [0, 1], [0, 0]]
    with pytest.raises(ValueError, match="half of a character"):
        tokenizer.encode_batch(["\ud800"])


def test_ids_to_text(tokenizer):
    ids = tokenizer.encode("我爱 NumPy 2.")
    assert tokenizer.decode(ids) == "我爱numpy 2."
    assert tokenizer.decode(ids, skip_special_tokens=False) == "[CLS]我爱numpy 2. [SEP]"
    assert tokenizer.batch_decode([ids, [5]])[1] == "我" and tokenizer.decode(6) == "爱"
    with pytest.raises(ValueError, match="no piece with the id 99"):
        tokenizer.decode([99])
    with pytest.raises(ValueError, match="batch_decode takes many"):
        tokenizer.decode([[5]])


def test_words_for_masking(tokenizer):
    assert tokenizer.special_ids.tolist() == [0, 1, 2, 3, 4]
    assert [piece for piece, first in zip(PIECES, tokenizer.is_word_start) if not first] == [
        "##py", "##s"]
    ids = np.array([tokenizer.encode("我 numpys 爱")])
    for options in (DataOptions(), DataOptions.original(ngram=3)):
        assert Ngrams(ids, tokenizer, options).sizes[0, 0, [1, 2, 5]].tolist() == [1, 3, 1]


def test_settings_of_cleaning(folder):
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false, "strip_accents": null}')
    cased = AlbertTokenizer.from_folder(folder)
    assert cased.tokenize("Num café") == ["Num", "café"] and cased.keep_accents
    lower = read_tokenizer(folder / "vocab.txt")
    assert lower.tokenize("Num café") == ["num", "cafe"] and not lower.keep_accents
    (folder / "tokenizer_config.json").write_text('{"strip_accents": false}')
    kept = AlbertTokenizer.from_folder(folder)
    assert kept.tokenize("Num café") == ["num", "café"]
    assert len({tokenizer_identity(one) for one in (cased, lower, kept)}) == 3
    (folder / "again").mkdir()
    kept.save_pretrained(folder / "again")
    assert tokenizer_identity(AlbertTokenizer.from_folder(folder / "again")) == tokenizer_identity(
        kept)
    (folder / "tokenizer_config.json").write_text('{"tokenize_chinese_chars": false}')
    with pytest.raises(ValueError, match="tokenize_chinese_chars is false"):
        AlbertTokenizer.from_folder(folder)


def test_a_bad_vocabulary(folder, monkeypatch):
    file = folder / "vocab.txt"
    for data, sentence in [(b"[PAD]\n[UNK]\n", r"vocab.txt has no piece '\[CLS\]'"),
                           (b"[PAD]\n\xff", "byte 6 is not UTF-8")]:
        file.write_bytes(data)
        with pytest.raises(ValueError, match=sentence):
            AlbertTokenizer.from_folder(folder)
    file.write_bytes("\r\n".join(PIECES).encode())                       # as Windows writes it
    (folder / "vocab.txt").rename(folder / "vocab_chinese.txt")          # as the original names it
    assert AlbertTokenizer.from_folder(folder).pieces == PIECES
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ValueError, match="pip install tokenizers"):
        AlbertTokenizer.from_folder(folder)


def test_a_run_from_pretraining_to_filled_masks(folder):
    corpus = folder / "a.txt"
    corpus.write_text("我爱北京。\n他们在上海学习。\n\n我在北京学习！\n他爱上海。\n\n" * 4, "utf-8")
    run = pretrain(folder / "run", corpus, tokenizer=str(folder / "vocab.txt"), steps=2,
                   batch_size=4, layout="lines", workers=1, progress=False,
                   config={"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8,
                           "embedding_size": 8, "num_hidden_layers": 1})
    assert isinstance(run["tokenizer"], WordPieceTokenizer)
    assert {"vocab.txt", "tokenizer_config.json"} <= {path.name for path in
                                                      (folder / "run").iterdir()}
    model, tokenizer = load(folder / "run")
    model.save_pretrained(folder / "saved", tokenizer)
    settings = json.loads((folder / "saved" / "tokenizer_config.json").read_text())
    assert settings["model_max_length"] == model.config.max_position_embeddings
    assert model.config.pad_token_id == 0 and model.config.bos_token_id == 2
    (guesses,) = fill_mask(model, tokenizer, "我爱[MASK]京", top=3)
    assert {piece for piece, _ in guesses} <= set(PIECES) and len(guesses) == 3
