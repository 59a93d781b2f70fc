"""``tokenizer.json`` says to the library tokenizers what the tokenizer here does."""

import json
import sys
import unicodedata

import pytest

from albert_np.text import AlbertTokenizer
from albert_np.text.tokenizing.tokenizer_json import can_write, write_tokenizer_json

TEXTS = [
    "test-fires (b) a . b £5 x", "“it's” 1990, 1,000 and 2010,", "", "  ", "[MASK] a[SEP]x <unk>",
    "``q'' '''' `` b", "Cafés ﬁne ½ Å ＡＢ １２", "ΟΔΟΣ ΣΑΣ. Σ", "İstanbul ẞ", "हिंदी কো",
    "a\x1cb\u200bc\u00a0d", "한국어 \u1112\u1161\u11ab", "a\u2581b \u2581", "😊😊 ok",
    "\u00a8x e\u0301 u\u031b\u0301"]


@pytest.fixture
def reread(tmp_path, small_model_file):
    """A function: a tokenizer with the given settings, and the library's of its folder."""
    library = pytest.importorskip("tokenizers")

    def save(**settings):
        tokenizer = AlbertTokenizer(small_model_file, **settings)
        tokenizer.save(tmp_path)
        return tokenizer, library.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))

    return save


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("accents", [True, False])
def test_texts_get_the_same_pieces(reread, lower, accents):
    ours, theirs = reread(do_lower_case=lower, keep_accents=accents)
    for text in TEXTS:
        assert theirs.encode(text, add_special_tokens=False).ids == ours.encode(
            text, add_special_tokens=False), text
    for text in TEXTS:
        seen = theirs.normalizer.normalize_str(text)
        expected = ours._model.normalize(ours.preprocess(text)).replace("▁", " ")
        assert seen.split() == expected.split(), text


def test_every_character_that_both_know(reread):
    ours, theirs = reread()
    new = 0
    for code in range(0x20000):
        c = chr(code)
        if unicodedata.category(c) in ("Cn", "Co", "Cs") or 0xac10 < code < 0xd7a0:
            continue
        seen = theirs.normalizer.normalize_str(c)
        if seen.split() != ours._model.normalize(ours.preprocess(c)).replace("▁", " ").split():
            new += 1
            # Letters and digits in another form, too new for the Unicode table of the library.
            assert unicodedata.decomposition(c), f"U+{code:04X}"
    assert new < 200


def test_ordinary_text_gets_the_same_ids_and_places(reread, sentences):
    ours, theirs = reread()
    assert len(sentences) == 3000
    for text, there in zip(sentences, theirs.encode_batch(sentences)):
        here = ours(text, return_offsets_mapping=True)
        assert there.ids == here["input_ids"].tolist(), text
        assert there.type_ids == here["token_type_ids"].tolist()
        for piece, place, other in zip(there.tokens, here["offset_mapping"].tolist(),
                                       there.offsets):
            # Ours is empty at a piece that is a space alone, and has both marks of a '' for ".
            if piece not in ("▁", '"'):
                assert tuple(place) == other, text


def test_pairs_and_decoding(reread):
    ours, theirs = reread()
    pair = theirs.encode("one (two)", "three")
    here = ours("one (two)", "three")
    assert (pair.ids, pair.type_ids) == (here["input_ids"].tolist(),
                                         here["token_type_ids"].tolist())
    assert theirs.decode(pair.ids) == ours.decode(pair.ids) == "one (two) three"


def test_a_piece_with_a_comma_after_a_digit_is_never_chosen(small_tokenizer):
    library = pytest.importorskip("tokenizers")
    special = {piece: i for i, piece in enumerate(small_tokenizer.pieces[:5])}
    pieces = [*dict.fromkeys(special, 0.0).items(), ("▁2010,", -1.0), ("▁2010", -9.0), (",", -9.0),
              (",x", -9.0)]
    theirs = library.Tokenizer.from_str(write_tokenizer_json(
        small_tokenizer.model_bytes, pieces, special, True, False).decode())
    assert theirs.encode("2010,").tokens == ["[CLS]", "▁2010", ",", "[SEP]"]
    assert theirs.encode("2010,x", add_special_tokens=False).tokens == ["▁2010", ",x"]
    assert theirs.get_vocab_size() == 9 and theirs.id_to_token(5) == "▁2010,"


def test_without_the_library_the_folder_is_as_before(tmp_path, small_tokenizer, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    assert not can_write()
    small_tokenizer.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"spiece.model", "tokenizer_config.json"}
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert settings["tokenizer_class"] == "AlbertTokenizer"
