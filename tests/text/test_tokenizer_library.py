"""The tokenizer against the SentencePiece library, on real text and on what hypothesis thinks of.

The rules that ALBERT adds to the library are restated here: the preprocessing, the special tokens
that stand in a text, and the comma after a digit. The rest is the library's own.
"""

import gzip
import random
import re
import unicodedata
import zipfile
from functools import lru_cache

import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

from albert_np.text import AlbertTokenizer, preprocess

SPECIAL = re.compile(r"(<pad>|<unk>|\[CLS\]|\[SEP\]|\[MASK\])")


class Restated:
    """ALBERT's tokenisation with the library, a text at a time."""

    def __init__(self, model_file):
        self.library = sentencepiece.SentencePieceProcessor(model_file=str(model_file))

    def preprocess(self, text):
        text = " ".join(text.strip().split()).replace("``", '"').replace("''", '"')
        text = unicodedata.normalize("NFKD", text)
        return "".join(c for c in text if not unicodedata.combining(c)).lower()

    def encode(self, text):
        ids = []
        for part in SPECIAL.split(text):
            if SPECIAL.fullmatch(part):
                ids.append(self.library.piece_to_id(part))
                continue
            for piece in self.library.encode(self.preprocess(part), out_type=str):
                ids += map(self.library.piece_to_id, self.without_comma(piece))
        return ids

    def without_comma(self, piece):
        """A number is the same pieces before a comma as elsewhere."""
        if not (len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit()):
            return [piece]
        pieces = self.library.encode(piece[:-1].replace("\u2581", ""), out_type=str)
        if not piece.startswith("\u2581"):
            pieces[0] = pieces[0].removeprefix("\u2581")
        return [p for p in pieces if p] + [","]


@pytest.fixture(scope="module")
def restated(model_file):
    return Restated(model_file)


def read_lines(folder):
    """(file, lines) of every text in a folder, unpacked."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix == ".model":
            continue
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                parts = [archive.read(name) for name in archive.namelist()]
        elif path.suffix == ".gz":
            parts = [gzip.decompress(path.read_bytes())]
        else:
            parts = [path.read_bytes()]
        for part in parts:
            try:
                yield path, part.decode("utf-8").splitlines()
            except UnicodeDecodeError:
                yield path, part.decode("latin-1").splitlines()


def compare(tokenizer, restated, lines):
    """Ids and decoded text of every line, and the offsets of those that are cut for it."""
    encoded = tokenizer.encode_batch(lines)
    for line, ids in zip(lines, encoded):
        assert ids == restated.encode(line), line
        # Back to text: as the library does it with the same ids, and, but for the special tokens
        # that stand in the text, with its own.
        decoded = tokenizer.decode(ids)
        assert decoded == restated.library.decode(ids), line
        if not SPECIAL.search(line):
            theirs = restated.library.encode(restated.preprocess(line))
            assert decoded == restated.library.decode(theirs), line
            if tokenizer.unk_token_id not in ids:
                assert decoded == " ".join(restated.library.normalize(restated.preprocess(line))
                                           .replace("\u2581", " ").split()), line


def test_a_sample_of_every_file(tokenizer, restated, text_data):
    files = list(read_lines(text_data))
    sample = [line for _, lines in files for line in lines[::max(1, len(lines) // 40)]]
    assert len(files) > 20 and len(sample) > 1000
    compare(tokenizer, restated, sample)
    for line in sample[::3]:
        check_offsets(tokenizer, line)


@pytest.mark.thorough
def test_every_line(tokenizer, restated, text_data):
    compared = 0
    for path, lines in read_lines(text_data):
        compare(tokenizer, restated, lines)
        for line in lines:
            check_offsets(tokenizer, line)
        compared += len(lines)
    print(f"{compared:,} lines")
    assert compared > 200_000


# ---------------------------------------------------------------------- offsets

def check_offsets(tokenizer, text):
    """All that offsets promise, of any text."""
    pieces, offsets = tokenizer.tokenize_with_offsets(text)
    assert pieces == tokenizer.tokenize(text)
    ids, again = tokenizer.encode_with_offsets(text)
    assert (ids, again) == (tokenizer.encode_batch([text])[0], offsets)

    # In order, inside the text, and empty only where a piece is nothing but a space.
    for piece, (start, end) in zip(pieces, offsets):
        assert 0 <= start <= end <= len(text)
        assert (start == end) == (piece == "\u2581")
    spans = [span for span in offsets if span[0] < span[1]]
    starts, ends = [start for start, _ in offsets], [end for _, end in spans]
    assert starts == sorted(starts) and ends == sorted(ends)

    # Two pieces share characters only where these became several, and were cut in between.
    for (_, end), (start, _) in zip(spans, spans[1:]):
        assert end <= start or len(normal(tokenizer, text[start:end])) > 1, (text, start, end)

    # Whatever is left out would not have been seen anyway.
    covered = {i for start, end in spans for i in range(start, end)}
    for i, c in enumerate(text):
        assert i in covered or not normal_character(tokenizer, c), (text, i)

    # A piece is what its characters become by themselves, where it shares none with its neighbours.
    seen = [(piece, *span) for piece, span in zip(pieces, offsets) if span[0] < span[1]]
    befores, afters = [0, *ends[:-1]], [*(start for start, _ in spans[1:]), len(text)]
    for (piece, start, end), before, after in zip(seen, befores, afters):
        if before <= start and end <= after and not SPECIAL.fullmatch(piece):
            assert normal(tokenizer, text[start:end]) == alike(piece), (text, piece, start, end)


def normal(tokenizer, text):
    """What SentencePiece sees of a text, without its spaces."""
    return alike(tokenizer._model.normalize(tokenizer.preprocess(text)))


normal_character = lru_cache(maxsize=None)(normal)


def alike(text):
    """Without spaces, and with one sigma: at the end of a word there is another."""
    return text.replace("\u2581", "").replace("ς", "σ")


@pytest.fixture(scope="module")
def tokenizers(model_file):
    """All four ways to preprocess."""
    return [AlbertTokenizer(model_file, do_lower_case=lower, keep_accents=keep)
            for lower in (True, False) for keep in (True, False)]


ODD = ["A", "z", "9", "0", "1", ",", ".", "-", "(", '"', "'", "`", "''", "``", " ", "\t", "\n",
       "2010,", "1,000,", "the", "\u0301", "\u0323", "\u0327", "é", "e\u0301", "Å", "ﬁ", "ﬃ", "½",
       "Ａ", "１", "，", "ｶﾞ", "ガ", "한", "ᄒ", "ᆫ", "İ", "ı", "ß", "ẞ", "ŉ", "Σ", "ς", "ǅ",
       "ﷺ", "\u00a8", "\u00ad", "\u200b", "\u200d", "\ufe0f", "\ufeff", "\u2028", "\u3000", "\x00",
       "\x01", "\x85", "\ufffd", "\u2581", "😊", "👨\u200d👩\u200d👧", "🇫🇷", "👍🏽", "❤\ufe0f", "٣",
       "٣,", "²", "²,", "中", "[MASK]", "[SEP]", "<unk>", "<", "[", "–", "£", "€"]
ANY_TEXT = st.lists(st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"]),
                              st.text("abé ,.'1", max_size=4)), max_size=12).map("".join)


@settings(deadline=None, max_examples=300, derandomize=True, database=None)
@given(text=ANY_TEXT)
@example(text="A  Café ﬁne 2010, 😊 e\u0301[MASK]½ ＡＢＣ ``x'' 👨\u200d👩\u200d👧 x9, \u0301a")
def test_offsets_of_any_text(tokenizers, text):
    for tokenizer in tokenizers:
        check_offsets(tokenizer, text)


@settings(deadline=None, max_examples=300, derandomize=True, database=None)
@given(text=ANY_TEXT)
@example(text="in 2010, x9, 1,000, <unk> [MASK]''x`` 한국")
def test_ids_of_any_text(tokenizer, restated, text):
    ids = tokenizer.encode_batch([text])[0]
    assert ids == restated.encode(text)
    assert tokenizer.preprocess(text) == preprocess(text) == restated.preprocess(text)
    assert tokenizer.decode(ids) == restated.library.decode(ids)


@pytest.mark.thorough
@settings(deadline=None, max_examples=20_000, derandomize=True, database=None)
@given(text=ANY_TEXT)
def test_offsets_and_ids_of_very_many_texts(tokenizers, restated, text):
    assert tokenizers[1].encode_batch([text])[0] == restated.encode(text)
    for tokenizer in tokenizers:
        check_offsets(tokenizer, text)


# ---------------------------------------------------------------------- other vocabularies

@pytest.fixture(scope="module")
def comma_model_file(tmp_path_factory):
    """A vocabulary with "00," and "77,", which follow other characters, and with "\u258177".

    That of the published model has such pieces only at the beginning of a word.
    """
    draw = random.Random(0)
    lines = [" ".join(f"{draw.choice('xyz')}{draw.choice(['00', '77', '3'])}, 77 300"
                      for _ in range(6)) for _ in range(300)]
    path = tmp_path_factory.mktemp("commas") / "spiece.model"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(path.with_suffix("")), vocab_size=40,
        pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=["[CLS]", "[SEP]", "[MASK]"],
        user_defined_symbols=["00,", "77,", "\u258177"], hard_vocab_limit=False, minloglevel=2)
    return path


def test_a_comma_behind_digits_in_a_word(comma_model_file):
    tokenizer, restated = AlbertTokenizer(comma_model_file), Restated(comma_model_file)
    again = {piece: tokenizer._model.encode(piece[:-1], out_type=str) for piece in ("00,", "77,")}
    assert again == {"00,": ["\u2581", "0", "0"], "77,": ["\u258177"]}    # both cases of the rule
    text = "x00, y77, z3, 77, 300,"
    assert tokenizer.tokenize(text)[:7] == ["\u2581x", "0", "0", ",", "\u2581y", "77", ","]
    assert tokenizer.encode_batch([text])[0] == restated.encode(text)
    check_offsets(tokenizer, text)
