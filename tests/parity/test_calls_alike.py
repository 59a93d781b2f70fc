"""Lines that people type first, here and in transformers, with the same result."""

import shutil

import numpy as np
import pytest

from albert_np import AlbertConfig, AlbertForSequenceClassification
from albert_np.text import AlbertTokenizer

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("google.protobuf")

pytestmark = pytest.mark.parity

TEXTS = ["Hello", "This is a test of the tokenizer", "a"]


@pytest.fixture(scope="module")
def both(data_folder, tmp_path_factory):
    """Our tokenizer and transformers', from one file."""
    folder = tmp_path_factory.mktemp("tokenizer")
    shutil.copy(data_folder / "spiece.model", folder)
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 6}')
    return AlbertTokenizer.from_pretrained(folder), transformers.AlbertTokenizer.from_pretrained(
        folder)


@pytest.mark.parametrize("call", [
    lambda t: t("Hello"), lambda t: t("Hello", return_tensors="np"),
    lambda t: t("Hello", "you there", return_tensors="np"),
    lambda t: t("Hello", text_pair="you there"),
    lambda t: t(TEXTS, padding=True, return_tensors="np"),
    lambda t: t(TEXTS, padding="longest", return_tensors="np"),
    lambda t: t(TEXTS, TEXTS[::-1], padding=True, return_tensors="np"),
    lambda t: t(TEXTS, padding="max_length", truncation=True, return_tensors="np"),
    lambda t: t(TEXTS, padding="max_length", max_length=12, return_tensors="np"),
    lambda t: t(TEXTS, padding=True, truncation=True, max_length=4, return_tensors="np"),
    lambda t: t(TEXTS[1], truncation=True), lambda t: t(TEXTS[1], truncation=True, max_length=5),
    lambda t: t(TEXTS[1], truncation="longest_first"), lambda t: t(TEXTS[1], truncation=False),
    lambda t: t(TEXTS[1], TEXTS[0], truncation="only_first", max_length=7),
    lambda t: t(TEXTS[1], add_special_tokens=False),
    lambda t: t(TEXTS[1], TEXTS[0], add_special_tokens=False, truncation=True, max_length=3),
    lambda t: t("Hello you", return_offsets_mapping=True)])
def test_calls(both, call):
    ours, theirs = map(call, both)
    for name, values in theirs.items():
        assert np.array_equal(ours[name], values), name


@pytest.mark.parametrize("line", [
    lambda t: len(t), lambda t: t.encode("Hello you"), lambda t: t.encode("Hello", "you"),
    lambda t: t.encode("Hello you", add_special_tokens=False), lambda t: t.tokenize("Hello you"),
    lambda t: t.encode(TEXTS[1], truncation=True, max_length=4),
    lambda t: (t.mask_token, t.pad_token, t.unk_token, t.cls_token, t.sep_token),
    lambda t: (t.mask_token_id, t.pad_token_id, t.unk_token_id, t.cls_token_id, t.sep_token_id),
    lambda t: t.batch_decode([t.encode(text) for text in TEXTS], skip_special_tokens=True),
    lambda t: t.decode(48, skip_special_tokens=True), lambda t: t.model_max_length,
    lambda t: (t.convert_tokens_to_ids("[MASK]"), t.convert_tokens_to_ids(["[MASK]", "▁a"])),
    lambda t: (t.convert_ids_to_tokens(5), t.convert_ids_to_tokens([5, 4]))])
def test_other_lines(both, line):
    ours, theirs = map(line, both)
    assert ours == theirs and type(ours) is type(theirs)


@pytest.mark.parametrize("changes", [
    dict(num_labels=3), dict(num_labels=2), dict(num_labels=1),
    dict(id2label={0: "a", 1: "b", 2: "c"}, label2id={"a": 0, "b": 1, "c": 2}),
    dict(num_labels=3, problem_type="multi_label_classification")])
def test_another_number_of_labels(tmp_path, changes):
    config = AlbertConfig(vocab_size=31, embedding_size=6, hidden_size=12, num_hidden_layers=2,
                          num_attention_heads=3, intermediate_size=17, max_position_embeddings=9,
                          id2label={0: "spam", 1: "ham"})
    AlbertForSequenceClassification(config, seed=4).save_pretrained(tmp_path)
    ours, theirs = (kind.from_pretrained(tmp_path, ignore_mismatched_sizes=True, **changes)
                    for kind in (AlbertForSequenceClassification,
                                 transformers.AlbertForSequenceClassification))
    assert ours.config.num_labels == theirs.config.num_labels
    assert ours.config.problem_type == theirs.config.problem_type
    if ours.config.id2label:
        assert ours.config.id2label == theirs.config.id2label
    state = {name: array.detach().numpy() for name, array in theirs.state_dict().items()}
    same = {name: array for name, array in ours.state_dict().items() if "classifier" not in name}
    assert all(np.array_equal(state[name], array) for name, array in same.items())
    for name in ("classifier.weight", "classifier.bias"):
        assert ours.state_dict()[name].shape == state[name].shape
        if ours.config.num_labels == 2:
            assert np.array_equal(ours.state_dict()[name], state[name])
