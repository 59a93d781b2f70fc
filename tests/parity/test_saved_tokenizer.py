"""Texts through a folder of ours, read by transformers: the ids are the same.

`test_tokenizer_parity` compares with what transformers makes of ``spiece.model`` alone; here
``tokenizer.json`` lies beside it.
"""

import shutil

import pytest

from albert_np import AlbertConfig
from albert_np.text import AlbertTokenizer

transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.parity


@pytest.fixture(scope="module")
def ours(data_folder):
    return AlbertTokenizer(data_folder / "spiece.model")


@pytest.fixture(scope="module")
def theirs(ours, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    ours.save(folder)
    AlbertConfig().save_pretrained(folder)             # as beside a model
    return transformers.AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def messages(data_folder):
    lines = (data_folder / "sms_spam" / "SMSSpamCollection").read_text("utf-8").split("\n")
    messages = [line.split("\t", 1)[1] for line in lines if line]
    assert len(messages) == 5574
    return messages


def different(ours, texts, found):
    """The texts whose ids are not ours, with both ids."""
    return [(text, here, there) for text, here, there in
            zip(texts, ours.encode_batch(texts), found) if here != there]


def test_text_messages(ours, theirs, messages):
    """One message is different: SentencePiece's float32 sums decide between equal scores."""
    found = different(ours, messages, theirs(messages, add_special_tokens=False)["input_ids"])
    assert len(found) == 1
    for text, here, there in found:
        assert sorted(here) == sorted(there) and "!!!!" in text
        assert ours.decode(here) == ours.decode(there)


def test_the_same_file_without_ours(ours, messages, data_folder, tmp_path):
    """What transformers makes of the SentencePiece model alone, as docs/differences.md says."""
    pytest.importorskip("google.protobuf")
    shutil.copy(data_folder / "spiece.model", tmp_path)
    theirs = transformers.AlbertTokenizer.from_pretrained(tmp_path)
    found = different(ours, messages, theirs(messages, add_special_tokens=False)["input_ids"])
    assert len(found) == 1493
    for text, here, there in [
            ("a (b) test-fires", "▁a ▁ ( b ) ▁test - fire s", "▁a ( ▁b ) ▁test - ▁fires"),
            ("in 2010, we", "▁in ▁2010 , ▁we", "▁in ▁2010, ▁we"),
            ("हिं", "▁ हिं", "▁ ह"), ("ΑΣ", "▁ ας", "▁ ασ"), ("x\x1cy", "▁x ▁ y", "▁ xy")]:
        assert ours.tokenize(text) == here.split() and theirs.tokenize(text) == there.split()


def test_numbers_with_commas(ours, theirs):
    """The rule for digits and a comma is the one that the file cannot say exactly."""
    numbers = [f"in {number}, and" for number in range(1, 3000, 3)]
    assert not different(ours, numbers, theirs(numbers, add_special_tokens=False)["input_ids"])
    thousands = [f"{number:,}" for number in range(0, 10**6, 137)]
    found = different(ours, thousands, theirs(thousands, add_special_tokens=False)["input_ids"])
    assert 0 < len(found) < len(thousands) / 500
    for text, here, there in found:
        # Another piece won across the comma, such as "1,4", or the scores are equal.
        assert any("," in ours.pieces[i][:-1] for i in there) or sorted(here) == sorted(there)


def test_what_the_model_reads(ours, theirs, messages):
    a, b = messages[:200], messages[200:400]
    here = ours(a, b, max_length=61, padding="max_length")
    there = theirs(a, b, max_length=61, padding="max_length", truncation=True)
    assert here.keys() == there.keys()
    for name, array in here.items():
        assert array.tolist() == there[name], name
    assert theirs.mask_token_id == 4 and theirs.pad_token_id == 0 and len(theirs) == 30000
    assert theirs.decode(here["input_ids"][0], skip_special_tokens=True) == ours.decode(
        here["input_ids"][0])
