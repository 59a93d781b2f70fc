"""The calls of a tokenizer that people know from transformers."""

import json
import re

import numpy as np
import pytest

from albert_np import AlbertConfig, AlbertForMaskedLM
from albert_np.text import AlbertTokenizer


def ids(tokenizer, text):
    """The ids of the pieces of a text."""
    return tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text))


def test_a_single_text_as_a_batch_of_one(small_tokenizer):
    one, batch = small_tokenizer("a list"), small_tokenizer("a list", return_tensors="np")
    assert set(one) == set(batch) == {"input_ids", "token_type_ids", "attention_mask"}
    for name, array in batch.items():
        assert array.dtype == np.int64 and array.shape == (1, *one[name].shape)
        assert np.array_equal(array[0], one[name])
    many = small_tokenizer(["a list", "a"], return_tensors="np")
    assert many["input_ids"].shape == (2, one["input_ids"].size)
    config = AlbertConfig(vocab_size=len(small_tokenizer), embedding_size=4, hidden_size=6,
                          num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
                          max_position_embeddings=20)
    output, _ = AlbertForMaskedLM(config).forward(**batch)
    assert output.logits.shape == (*batch["input_ids"].shape, len(small_tokenizer))


@pytest.mark.parametrize("kind", ["pt", "tf", "jax", True])
def test_tensors_of_other_libraries_are_refused(small_tokenizer, kind):
    with pytest.raises(ValueError, match=f"^return_tensors is {kind!r}; the models here read NumPy "
                                         r"arrays, so write return_tensors='np'\.$"):
        small_tokenizer("a", return_tensors=kind)


def test_a_model_says_how_to_make_a_batch_of_a_single_text(small_tokenizer):
    config = AlbertConfig(vocab_size=len(small_tokenizer), embedding_size=4, hidden_size=6,
                          num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    with pytest.raises(ValueError, match=r"^input_ids have shape \(\d,\); .*return_tensors='np'"):
        AlbertForMaskedLM(config).forward(**small_tokenizer("("))


def test_padding_and_truncation_may_be_true(small_tokenizer):
    texts = ["a list of names", "a"]
    plain = small_tokenizer(texts)["input_ids"]
    for padding in (True, False, "longest"):
        assert np.array_equal(small_tokenizer(texts, padding=padding)["input_ids"], plain)
    for truncation in (True, "longest_first", None):
        cut = small_tokenizer(texts, truncation=truncation, max_length=4)["input_ids"]
        assert np.array_equal(cut[0], [*plain[0, :3], small_tokenizer.sep_token_id])
    with pytest.raises(ValueError, match="truncation='never' cannot make it fit"):
        small_tokenizer(texts, truncation=False, max_length=4)
    assert small_tokenizer.model_max_length is None         # then nothing says where to cut
    assert np.array_equal(small_tokenizer(texts, truncation=True)["input_ids"], plain)


def test_truncation_cuts_to_the_length_of_the_model(small_model_file, tmp_path):
    AlbertTokenizer(small_model_file).save(tmp_path)
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
    for length, config, expected in [(9, None, 9), (10**30, None, None), ("many", None, None),
                                     (9, {"max_position_embeddings": 7}, 7), (9, {}, 9)]:
        (tmp_path / "tokenizer_config.json").write_text(
            json.dumps({**settings, "model_max_length": length}))
        if config is not None:
            (tmp_path / "config.json").write_text(json.dumps(config))
        tokenizer = AlbertTokenizer.from_pretrained(tmp_path)
        assert tokenizer.model_max_length == expected
        text = "( " * 30
        for arguments in (dict(), dict(truncation="never"), dict(truncation=False)):
            assert tokenizer(text, **arguments)["input_ids"].size > 30
        for truncation in (True, "longest_first", "only_first"):
            rows = tokenizer(text, truncation=truncation)["input_ids"]
            assert rows.size == expected if expected else rows.size > 30
        if expected:
            assert tokenizer("a", padding="max_length")["input_ids"].shape == (expected,)
            assert tokenizer(text, truncation=True, max_length=5)["input_ids"].shape == (5,)


def test_encode_adds_special_tokens(small_tokenizer):
    cls, sep = small_tokenizer.cls_token_id, small_tokenizer.sep_token_id
    a, b = ids(small_tokenizer, "a list"), ids(small_tokenizer, "of names")
    assert small_tokenizer.encode("a list") == [cls, *a, sep]
    assert small_tokenizer.encode("a list", "of names") == [cls, *a, sep, *b, sep]
    assert small_tokenizer.encode("a list", add_special_tokens=False) == a
    assert small_tokenizer.encode("a list", text_pair="of names", add_special_tokens=False) == a + b
    assert small_tokenizer.encode("a list", max_length=3) == [cls, a[0], sep]
    assert small_tokenizer.encode("", add_special_tokens=False) == []
    assert all(type(i) is int for i in small_tokenizer.encode("a list"))
    row = small_tokenizer("a list", "of names", add_special_tokens=False, max_length=3)
    assert row["input_ids"].size == 3 and row["token_type_ids"].tolist() in ([0, 0, 1], [0, 1, 1])
    with pytest.raises(ValueError, match="truncation='never' cannot make it fit"):
        small_tokenizer.encode("a list", max_length=3, truncation=False)
    with pytest.raises(ValueError, match="text must be a str, not list"):
        small_tokenizer.encode(["a"])


def test_names_of_the_special_tokens_and_the_length(small_tokenizer):
    assert len(small_tokenizer) == small_tokenizer.vocab_size == 1000
    for name in ("pad", "unk", "cls", "sep", "mask"):
        token = getattr(small_tokenizer, f"{name}_token")
        assert small_tokenizer.convert_tokens_to_ids(token) == getattr(
            small_tokenizer, f"{name}_token_id")
    assert small_tokenizer.mask_token == "[MASK]" and small_tokenizer.pad_token == "<pad>"


def test_a_single_token_and_a_single_id(small_tokenizer):
    assert small_tokenizer.convert_ids_to_tokens(4) == "[MASK]"
    assert small_tokenizer.convert_ids_to_tokens(np.int64(4)) == "[MASK]"
    assert small_tokenizer.convert_tokens_to_ids("no such piece") == small_tokenizer.unk_token_id
    assert small_tokenizer.decode(5) == small_tokenizer.decode(np.int32(5)) == "("


def test_batch_decode(small_tokenizer):
    batch = small_tokenizer(["a list", "a list of names"])["input_ids"]
    assert small_tokenizer.batch_decode(batch) == ["a list", "a list of names"]
    assert small_tokenizer.batch_decode([[5], [5, 6]]) == ["(", "()"]
    assert small_tokenizer.batch_decode(batch[1:], skip_special_tokens=False) == [
        "[CLS] a list of names [SEP]"]
    for rows in (batch, [[5], [5, 6]]):
        with pytest.raises(ValueError, match="^decode takes the ids of one sequence; batch_decode"):
            small_tokenizer.decode(rows)


TEXTS = ["a", "a list", "a list of names and of files", ""]


@pytest.mark.parametrize("truncation", [None, "longest_first", "only_first", "only_second"])
@pytest.mark.parametrize("special", [True, False])
def test_a_row_is_never_longer_than_asked_and_never_without_a_text(small_tokenizer, truncation,
                                                                   special):
    """All lengths and pairs; the least length that a refusal names is the least that is taken."""
    ends = {small_tokenizer.cls_token_id, small_tokenizer.sep_token_id}
    for text in TEXTS:
        for pair in [*TEXTS] + [None] * (truncation != "only_second"):
            taken, named = [], set()
            for max_length in range(1, 24):
                try:
                    row = small_tokenizer(text, pair, max_length=max_length, truncation=truncation,
                                          add_special_tokens=special)
                except ValueError as error:
                    if found := re.search(r"leaves no piece of the .*text; it must be at least "
                                          r"(\d+)\.$", str(error)):
                        named.add(int(found[1]))
                    continue
                taken.append(max_length)
                pieces = [kind for i, kind in zip(row["input_ids"].tolist(),
                                                  row["token_type_ids"].tolist()) if i not in ends]
                assert row["input_ids"].size <= max_length
                for kind, part in enumerate((text, pair)):
                    assert bool(part) == (kind in pieces)
            assert taken == list(range(taken[0], 24))           # once long enough, always
            assert named <= {taken[0]}


@pytest.mark.parametrize("arguments, truncation, max_length, which, least", [
    (("a list",), None, 2, "the text", 3), (("a list", "of names"), None, 3, "the first text", 5),
    (("a list", "of names"), True, 4, "the second text", 5)])
def test_special_tokens_alone_are_refused(small_tokenizer, arguments, truncation, max_length, which,
                                          least):
    with pytest.raises(ValueError, match=f"^max_length is {max_length}, which leaves no piece of "
                                         f"{which}; it must be at least {least}.$"):
        small_tokenizer.encode(*arguments, max_length=max_length, truncation=truncation)
    assert len(small_tokenizer.encode(*arguments, max_length=least)) == least
