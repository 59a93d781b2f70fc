"""The tokenizer against published ids and against the SentencePiece library."""

import re
import unicodedata

import numpy as np
import pytest

from albert_np.text import AlbertTokenizer, preprocess, preprocess_aligned
from albert_np.text.tokenizer import starts_word

ODD = ("İ The  café e\u0301 [MASK] is 😊 ﬁne ½ ''x`` 2010, 92000, 한국 a\u200bb test-fires <unk> "
       "ΟΔΟΣ ΣΑΣ\u00a0\u00a8x\ta[SEP]b ''' ``` ﷺ")


# ---------------------------------------------------------------------- preprocessing

def test_preprocess_does_its_four_steps():
    assert preprocess("  A\t``b''\n CÀfé ﬁ ") == 'a "b" cafe fi'
    assert preprocess("Café", keep_accents=True) == "café"
    assert preprocess("Café", do_lower_case=False) == "Cafe"


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("accents", [True, False])
def test_aligned_preprocessing_is_the_same(lower, accents):
    rng = np.random.default_rng(1)
    alphabet = list("aZ  \t\n``''''é\u0301\u0323ﬁ½İΣ😊한,1[.\u00a8\u3000")
    texts = ["".join(rng.choice(alphabet, size=rng.integers(0, 25))) for _ in range(2000)] + [ODD]
    for text in texts:
        clean, sources = preprocess_aligned(text, lower, accents)
        assert clean == preprocess(text, lower, accents)
        assert len(sources) == len(clean)
        starts = [start for start, _ in sources]
        assert starts == sorted(starts)
        assert all(0 <= start < end <= len(text) for start, end in sources)
        for c, (start, end) in zip(clean, sources):
            source = text[start:end]
            if c == '"':
                assert source[:2] in ("``", "''")        # an accent may follow
            elif c not in " σς":            # white space becomes a space; the two sigmas are one
                assert c in source + source.lower() + unicodedata.normalize(
                    "NFKD", source + source.lower())


# ---------------------------------------------------------------------- ids

@pytest.mark.parametrize("text, ids", [
    ("This is a test", [48, 25, 21, 1289]),
    ("The quick brown fox jumps over the lazy dog.",
     [14, 2231, 886, 2385, 17659, 84, 14, 16792, 1952, 9]),
    ("I was born in 92000, and this is falsé.",
     [31, 23, 386, 19, 561, 3050, 15, 17, 48, 25, 4997, 9]),
    ("This is a test 😊\nHey how are you doing",
     [48, 25, 21, 1289, 13, 1, 8409, 184, 50, 42, 845]),
])
def test_published_ids(tokenizer, text, ids):
    assert tokenizer.encode_batch([text])[0] == ids


def test_published_ids_with_accents(model_file):
    text = "I was born in 92000, and this is falsé."
    tokenizer = AlbertTokenizer(model_file, keep_accents=True)
    assert tokenizer.encode_batch([text]) == [
        [31, 23, 386, 19, 561, 3050, 15, 17, 48, 25, 8256, 18, 1, 9]]
    assert tokenizer.tokenize(text)[4:7] == ["▁9", "2000", ","]


def test_vocabulary(tokenizer):
    assert tokenizer.vocab_size == 30000 == len(tokenizer.pieces)
    assert tokenizer.pieces[:5] == ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
    assert tokenizer.pieces[5:13] == ["(", ")", '"', "-", ".", "–", "£", "€"]
    assert tokenizer.pieces[-1] == "▁eloquent"
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.cls_token_id,
            tokenizer.sep_token_id, tokenizer.mask_token_id) == (0, 1, 2, 3, 4)
    assert tokenizer.special_ids.tolist() == [0, 1, 2, 3, 4]
    assert tokenizer.ordinary_ids.tolist() == list(range(5, 30000))


def test_agrees_with_sentencepiece_on_real_text(tokenizer, model_file, real_lines):
    import sentencepiece

    library = sentencepiece.SentencePieceProcessor(model_file=str(model_file))
    lines = [line for line in real_lines if not re.search(r"\d,|<unk>|<pad>|\[", line)]
    assert len(lines) > 10_000

    def by_hand(line):
        line = " ".join(line.split()).replace("``", '"').replace("''", '"')
        line = unicodedata.normalize("NFKD", line)
        return "".join(c for c in line if unicodedata.combining(c) == 0).lower()

    assert tokenizer.encode_batch(lines) == library.encode([by_hand(line) for line in lines])
    assert tokenizer.encode_batch([lines[7]])[0] == tokenizer.encode_batch(lines)[7]


def test_digit_comma_rule(tokenizer):
    # The whole piece "▁2010," exists, but must not be used.
    assert "▁2010," in tokenizer.pieces
    assert tokenizer.encode_batch(["in 2010, we"])[0] == [
        tokenizer.pieces.index(p) for p in ("▁in", "▁2010", ",", "▁we")]
    numbers = " ".join(f"{n}, x{n}," for n in range(0, 3000, 7))
    pieces = tokenizer.tokenize(numbers)
    assert not any(re.search(r"\d,$", piece) for piece in pieces)
    assert "".join(pieces) == "▁" + numbers.replace(" ", "▁")
    assert tokenizer.encode_batch([numbers])[0] == tokenizer.convert_tokens_to_ids(pieces)


def test_special_tokens_in_text_stay_whole(tokenizer):
    text = "The capital of [MASK] is[SEP]Paris <pad><unk>"
    assert tokenizer.tokenize(text) == [
        "▁the", "▁capital", "▁of", "[MASK]", "▁is", "[SEP]", "▁paris", "<pad>", "<unk>"]
    assert tokenizer.encode_batch([text])[0][3] == 4
    assert "[MASK]" not in tokenizer.tokenize("[mask]")


def test_tokenize_and_encode_agree(tokenizer, real_lines):
    for line in [*real_lines[::40], ODD, "", "  "]:
        assert tokenizer.encode_batch([line]) == [
            tokenizer.convert_tokens_to_ids(tokenizer.tokenize(line))]


# ---------------------------------------------------------------------- offsets

def test_offsets_of_odd_characters(tokenizer):
    text = "A  Café ﬁne 2010, 😊 e\u0301[MASK]½"
    pieces, offsets = tokenizer.tokenize_with_offsets(text)
    assert [(piece, text[start:end]) for piece, (start, end) in zip(pieces, offsets)] == [
        ("▁a", "A"), ("▁cafe", "Café"), ("▁fine", "ﬁne"), ("▁2010", "2010"), (",", ","),
        ("▁", ""), ("😊", "😊"), ("▁", ""), ("e", "e\u0301"), ("[MASK]", "[MASK]"),
        ("▁1", "½"), ("⁄", "½"), ("2", "½")]
    assert offsets[0] == (0, 1) and offsets[1] == (3, 7)


def test_offsets_give_back_the_pieces(tokenizer, real_lines):
    for line in [*real_lines[::20], ODD]:
        pieces, offsets = tokenizer.tokenize_with_offsets(line)
        assert pieces == tokenizer.tokenize(line)
        assert [s for s, _ in offsets] == sorted(s for s, _ in offsets)
        covered = set()
        for piece, (start, end) in zip(pieces, offsets):
            covered.update(range(start, end))
            source = preprocess(line[start:end]) if line.isascii() else None
            if source is not None and piece not in ("<unk>", "[MASK]"):
                assert source == piece.replace("▁", "")
        if line.isascii():
            assert covered == {i for i, c in enumerate(line) if not c.isspace()}


def test_offsets_with_accents_kept(model_file):
    tokenizer = AlbertTokenizer(model_file, keep_accents=True)
    text = "İx ﬁne ½ 한국 Ǆ\u200bx"
    pieces, offsets = tokenizer.tokenize_with_offsets(text)
    assert "".join(text[s:e] for s, e in dict.fromkeys(offsets)) == re.sub("[ \u200b]", "", text)
    assert offsets[pieces.index("▁1")] == offsets[pieces.index("2")] == (7, 8)
    assert pieces == tokenizer.tokenize(text)


# ---------------------------------------------------------------------- the call

def test_single_and_pair_templates(tokenizer):
    one = tokenizer("This is a test")
    assert {name: array.tolist() for name, array in one.items()} == {
        "input_ids": [2, 48, 25, 21, 1289, 3], "token_type_ids": [0] * 6,
        "attention_mask": [1] * 6}
    assert all(array.dtype == np.int64 for array in one.values())
    two = tokenizer("This is", "a test", max_length=9, padding="max_length",
                    return_offsets_mapping=True)
    assert two["input_ids"].tolist() == [2, 48, 25, 3, 21, 1289, 3, 0, 0]
    assert two["token_type_ids"].tolist() == [0, 0, 0, 0, 1, 1, 1, 0, 0]
    assert two["attention_mask"].tolist() == [1] * 7 + [0, 0]
    assert two["offset_mapping"].tolist() == [[0, 0], [0, 4], [5, 7], [0, 0], [0, 1], [2, 6],
                                       [0, 0], [0, 0], [0, 0]]


def test_batch_is_padded_to_the_longest(tokenizer):
    batch = tokenizer(["This is a test", "This"])
    assert batch["input_ids"].tolist() == [[2, 48, 25, 21, 1289, 3], [2, 48, 3, 0, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1] * 6, [1, 1, 1, 0, 0, 0]]
    assert tokenizer(["This"], ["is"])["token_type_ids"].tolist() == [[0, 0, 0, 1, 1]]


def test_longest_first_truncation_is_one_piece_at_a_time(small_tokenizer):
    for length_a, length_b, max_length in [(9, 4, 10), (4, 9, 10), (7, 7, 10), (7, 7, 9),
                                           (12, 1, 8), (1, 12, 8), (3, 3, 20), (5, 5, 5)]:
        a, b = "( " * length_a, ") " * length_b
        ids_a, ids_b = small_tokenizer.encode_batch([a, b])
        expected_a, expected_b = list(ids_a), list(ids_b)
        while len(expected_a) + len(expected_b) > max_length - 3:
            (expected_a if len(expected_a) > len(expected_b) else expected_b).pop()
        got = small_tokenizer(a, b, max_length=max_length)["input_ids"].tolist()
        assert got == [2, *expected_a, 3, *expected_b, 3]


def test_other_truncations(tokenizer):
    a, b = "this is", "a test of this"
    assert tokenizer(a, b, max_length=7, truncation="only_second")["input_ids"].tolist() == [
        2, 48, 25, 3, 21, 1289, 3]
    assert tokenizer(a, b, max_length=8, truncation="only_first")["input_ids"].tolist() == [
        2, 48, 3, 21, 1289, 16, 48, 3]
    with pytest.raises(ValueError, match="needs 6 pieces.*room for 3"):
        tokenizer(a, b, max_length=6, truncation="never")
    with pytest.raises(ValueError, match="cannot make it fit"):
        tokenizer(a, b, max_length=5, truncation="only_first")


# ---------------------------------------------------------------------- back to text

def test_decode(tokenizer):
    ids = tokenizer("The capital of [MASK] is Paris.", "(a test-fires)")["input_ids"]
    assert tokenizer.decode(ids) == "the capital of is paris. (a test-fires)"
    assert tokenizer.decode([2, 48, 4, 25, 3, 0], skip_special_tokens=False) == \
        "[CLS] this [MASK] is [SEP] <pad>"
    assert tokenizer.decode([48, 1, 25]) == "this \u2047  is"
    assert tokenizer.decode([48, 1, 25], skip_special_tokens=False) == "this <unk> is"
    assert tokenizer.decode(np.array([[48, 25]])[0]) == "this is" and tokenizer.decode([]) == ""


def test_decode_gives_back_real_text(tokenizer, real_lines):
    compared = 0
    for line in real_lines[::10]:
        ids = tokenizer.encode_batch([line])[0]
        if line.isascii() and 1 not in ids:
            assert tokenizer.decode(ids) == preprocess(line)
            compared += 1
    assert compared > 500


def test_word_starts(tokenizer):
    starts = dict(zip(tokenizer.pieces, tokenizer.is_word_start))
    assert all(starts[p] for p in ("▁the", "▁", "<unk>", "[CLS]", "(", ",", "'", "9", "2000", "–"))
    assert not any(starts[p] for p in ("s", "fire", "ing", "n"))
    assert starts_word("<s>") and not starts_word("x>") and not starts_word("**")
    assert tokenizer.is_word_start.dtype == bool and tokenizer.is_word_start.shape == (30000,)


def test_capital_letters_go_on_with_a_word():
    """As the Donald of McDonald, where a tokenizer keeps capitals."""
    assert not any(map(starts_word, ("D", "Donald", "NASA", "O'")))
    assert all(map(starts_word, ("▁Donald", "Ä", "D2")))


# ---------------------------------------------------------------------- files and bad input

def test_save_and_read(tmp_path, small_model_file):
    first = AlbertTokenizer(small_model_file, do_lower_case=False, keep_accents=True)
    first.save(tmp_path / "new")
    assert {p.name for p in (tmp_path / "new").iterdir()} - {"tokenizer.json"} == {
        "spiece.model", "tokenizer_config.json"}
    second = AlbertTokenizer.from_folder(tmp_path / "new")
    assert (second.do_lower_case, second.keep_accents) == (False, True)
    assert second.pieces == first.pieces
    (tmp_path / "new" / "tokenizer_config.json").unlink()
    assert AlbertTokenizer.from_folder(tmp_path / "new").do_lower_case is True


def test_bad_files(tmp_path, small_model_file):
    with pytest.raises(FileNotFoundError, match="no file .*nothing.model"):
        AlbertTokenizer(tmp_path / "nothing.model")
    with pytest.raises(ValueError, match="is a folder"):
        AlbertTokenizer(tmp_path)
    for data in (b"junk, not a model", b""):
        (tmp_path / "junk.model").write_bytes(data)
        with pytest.raises(ValueError, match="junk.model is not a SentencePiece model"):
            AlbertTokenizer(tmp_path / "junk.model")
    with pytest.raises(FileNotFoundError, match="no folder"):
        AlbertTokenizer.from_folder(tmp_path / "nowhere")
    AlbertTokenizer(small_model_file).save(tmp_path)
    for text, sentence in [("{", "is not JSON"), ("[]", "must hold a JSON object"),
                           ('{"keep_accents": "no"}', "keep_accents in .* true or false")]:
        (tmp_path / "tokenizer_config.json").write_text(text)
        with pytest.raises(ValueError, match=sentence):
            AlbertTokenizer.from_folder(tmp_path)


def test_a_model_without_the_special_tokens(tmp_path, sentences):
    import io

    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=model, vocab_size=500, minloglevel=2)
    (tmp_path / "other.model").write_bytes(model.getvalue())
    with pytest.raises(ValueError, match="has no piece '<pad>'"):
        AlbertTokenizer(tmp_path / "other.model")


def test_bad_arguments(small_tokenizer):
    for arguments, sentence in [
            (dict(text=7), "text must be a str or a list"),
            (dict(text=[7]), "must be a str, not int"),
            (dict(text="a\udcff"), r"holds '\\udcff' at position 1, which is half of a character"),
            (dict(text=[]), "empty list"),
            (dict(text="a", text_pair=["b"]), "must both be"),
            (dict(text=["a", "b"], text_pair=["b"]), "hold 2 and 1"),
            (dict(text="a", max_length=1), "at least 2"),
            (dict(text="a", text_pair="b", max_length=2), "at least 3"),
            (dict(text="a", max_length=2.5), "max_length must be an integer"),
            (dict(text="a", padding="left"), "padding must be"),
            (dict(text="a", padding="max_length"), "needs a max_length"),
            (dict(text="a", truncation="first"), "truncation must be True, False or one of"),
            (dict(text="a", truncation="only_second", max_length=9), "needs a second text")]:
        with pytest.raises(ValueError, match=sentence):
            small_tokenizer(**arguments)
    with pytest.raises(ValueError, match="no piece with the id 1000.*0 to 999"):
        small_tokenizer.decode([5, 1000])
    with pytest.raises(ValueError, match="id -1"):
        small_tokenizer.convert_ids_to_tokens([-1])


def test_offsets_look_at_each_character_a_few_times(tokenizer, monkeypatch):
    """So that their time grows as the length of the text does."""
    looked = []

    class Watched(list):
        def __getitem__(self, place):
            found = super().__getitem__(place)
            looked.append(len(found) if isinstance(place, slice) else 1)
            return found

    class Model:
        def __init__(self, model):
            self.model = model

        def normalize(self, text, with_offsets):
            normalised, begins = self.model.normalize(text, with_offsets=with_offsets)
            return normalised, Watched(begins)

        def __getattr__(self, name):
            return getattr(self.model, name)

    text = "the list, of names ﬁ 2010 is opened (again) " * 50
    expected = tokenizer.encode_with_offsets(text)
    monkeypatch.setattr(tokenizer, "_model", Model(tokenizer._model))
    assert tokenizer.encode_with_offsets(text) == expected
    assert len(text) / 4 < sum(looked) < 10 * len(text)
