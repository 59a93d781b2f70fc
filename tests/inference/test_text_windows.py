"""Texts in windows, in batches and in groups: the parts that vectors and guesses are made of."""

import inspect
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sentencepiece")

from albert_np import AlbertForPreTraining, AlbertModel
from albert_np.inference import (fill_mask, load, load_config, sentence_vectors, similarity,
                                 text_windows)
from albert_np.inference.batches_by_length import (forward_by_length, length_batches,
                                                   length_groups)
from albert_np.inference.guesses import iterate_fill_mask
from albert_np.inference.load import load_model
from albert_np.inference.text_windows import (check_trunk, encode_windows, hidden_states,
                                              in_a_list, with_bar)
from albert_np.inference.vectors import iterate_similarities, iterate_vectors
from albert_np.models.loading import load_pretrained
from albert_np.models.outputs import AlbertOutput

LETTERS = SimpleNamespace(cls_token_id=2, sep_token_id=3,
                          encode_batch=lambda texts: [list(map(ord, text)) for text in texts])


@pytest.fixture(scope="module")
def model(config):
    return AlbertForPreTraining(config, dtype=np.float64)


# ---- encode_windows ------------------------------------------------------------------------------

def test_rows_of_a_window_are_cut_and_counted_over_all_windows(monkeypatch):
    monkeypatch.setattr("albert_np.inference.text_windows.WINDOW", 2)
    said, checked = [], []
    windows = list(encode_windows(LETTERS, iter(["ab", "abc", "abcd", "a", "abcde"]), 5,
                                  "line {}".format, said.append,
                                  lambda ids, what: checked.append((len(ids), what))))
    a, b, c = map(ord, "abc")
    assert windows == [[[2, a, b, 3], [2, a, b, c, 3]], [[2, a, b, c, 3], [2, a, 3]],
                       [[2, a, b, c, 3]]]
    assert said == ["2 texts, the first of them line 3, were cut at the 5 positions that the model "
                    "has."]
    assert checked == [(2, "Line 1"), (3, "Line 2"), (4, "Line 3"), (1, "Line 4"), (5, "Line 5")]


def test_one_text_that_was_cut_is_named():
    said = []
    assert len(next(encode_windows(LETTERS, ["a", "ab", "abcd"], 5, note=said.append))) == 3
    assert said == []                                          # only at the end
    list(encode_windows(LETTERS, ["a", "abcd"], 5, note=said.append))
    list(encode_windows(LETTERS, ["a", "abc"], 5, note=said.append))
    assert said == ["Text 2 was cut at the 5 positions that the model has."]
    with pytest.warns(UserWarning, match="^Text 1 was cut at the 5 positions"):
        list(encode_windows(LETTERS, ["abcd"], 5))
    assert list(encode_windows(LETTERS, [], 5)) == []


# ---- batches and groups --------------------------------------------------------------------------

def test_hidden_states_are_those_of_each_row_alone(model, tokenizer, monkeypatch):
    monkeypatch.setattr("albert_np.inference.batches_by_length.TOKENS", 20)
    rng, seen = np.random.default_rng(0), []
    rows = [rng.integers(5, 40, n).tolist() for n in (3, 9, 4, 9, 12, 2, 7)]
    for indices, h, lengths in hidden_states(model, rows):
        assert lengths.tolist() == [len(rows[i]) for i in indices]
        assert h.shape == (len(indices), lengths.max(), 12) and h.dtype == np.float64
        for i, states, n in zip(indices, h, lengths):
            alone = model.forward(np.array([rows[i]]))[0].sequence_output[0]
            np.testing.assert_allclose(states[:n], alone, rtol=1e-10, atol=1e-12)
            assert not states[n:].any()
        seen += indices.tolist()
    assert seen == [4, 1, 3, 6, 2, 0, 5]                       # the longest first


def test_how_much_is_done_at_once():
    """4,096 tokens a batch, and a group more costs as much as 64 tokens."""
    assert [len(rows) for rows in length_batches([100] * 90)] == [40, 40, 10]
    assert [len(rows) for rows in length_batches([5000, 4096, 1])] == [1, 1, 1]
    assert len(length_groups([10, 73])) == 1                   # 63 tokens of padding
    assert len(length_groups([10, 75])) == 2                   # 65
    assert length_groups([]) == [] and list(length_batches([])) == []


def test_equally_long_rows_stay_in_their_order():
    lengths = [4, 9, 4, 9, 4] * 12
    assert np.concatenate(length_groups(lengths, 0)).tolist() == (
        [i for i, n in enumerate(lengths) if n == 9] + [i for i, n in enumerate(lengths) if n == 4])
    assert np.concatenate(list(length_batches(lengths, 18))).tolist() == (
        [i for i, n in enumerate(lengths) if n == 9] + [i for i, n in enumerate(lengths) if n == 4])


@pytest.mark.parametrize("ids, mask", [
    ((1, 3), [[0, 1, 1]]), ((2, 3), [[1, 1, 1], [1, 0, 1]]), ((1, 3), [[1, 1]]),
    ((1, 3), [1, 1, 1]), ((2, 3), [[1, 1, 1]]), ((3,), [1, 1, 0])])
def test_masks_that_are_not_ones_and_then_zeros_are_refused(model, ids, mask):
    with pytest.raises(ValueError, match="must have the shape of input_ids and, in each row, ones"):
        forward_by_length(model, np.full(ids, 7), mask)


def test_a_pass_by_length_takes_lists_and_true_and_false(model):
    ids, types = [[7, 8, 9], [9, 8, 0]], [[0, 1, 1], [0, 1, 0]]
    expected = model.forward(np.array(ids), np.array([[1, 1, 1], [1, 1, 0]]), np.array(types))[0]
    for mask in ([[1, 1, 1], [1, 1, 0]], [[True] * 3, [True, True, False]]):
        found = forward_by_length(model, ids, mask, types)
        np.testing.assert_allclose(found.pooled_output, expected.pooled_output, rtol=1e-10)
        np.testing.assert_allclose(found.sequence_output[1, :2], expected.sequence_output[1, :2],
                                   rtol=1e-10)
        assert found.sequence_output.shape == (2, 3, 12) and found.sequence_output.any()
    other = forward_by_length(model, ids, [[1, 1, 1], [1, 1, 0]])        # token types all 0
    assert not np.allclose(other.pooled_output, expected.pooled_output)


def test_every_group_is_as_long_as_its_longest_row_and_has_its_own_types():
    seen = []

    def forward(**inputs):
        seen.append({name: array.tolist() for name, array in inputs.items()})
        return AlbertOutput(pooled_output=inputs["input_ids"][:, :1].astype(np.float32)), None

    ids = np.array([[5, 0, 0, 0], [6, 7, 8, 9], [4, 0, 0, 0]])
    lengths = np.array([1, 4, 1])
    mask = (np.arange(4) < lengths[:, None]).astype(int)
    rows = 60                                                  # so that a group more is worth it
    result = forward_by_length(SimpleNamespace(forward=forward), np.tile(ids, (rows, 1)),
                               np.tile(mask, (rows, 1)), np.tile(10 * ids, (rows, 1)))
    assert [len(batch["input_ids"][0]) for batch in seen] == [4, 1]
    assert seen[1]["input_ids"][:2] == [[5], [4]] and seen[1]["token_type_ids"][:2] == [[50], [40]]
    assert seen[0]["attention_mask"][0] == [1, 1, 1, 1]
    assert result.pooled_output.dtype == np.float32
    assert result.pooled_output.ravel().tolist() == [5, 6, 4] * rows


# ---- guesses and vectors -------------------------------------------------------------------------

def test_a_mask_at_the_last_position_is_guessed(model, tokenizer):
    """38 pieces fit into 40 positions; a [MASK] may be the 38th, but not the 39th."""
    before = " ".join(["name"] * 37)
    assert len(tokenizer.encode(before, add_special_tokens=False)) == 37
    guesses, = fill_mask(model, tokenizer, f"{before} [MASK]", top=1)
    assert len(guesses) == 1 and isinstance(guesses[0][1], float)
    for more in ("name", "name name name"):
        with pytest.raises(ValueError, match=r"^Text 1 has a \[MASK\] behind the 40 positions"):
            fill_mask(model, tokenizer, f"{before} {more} [MASK]")


def test_the_number_of_guesses_may_be_any_integer_in_range(model, tokenizer):
    V = tokenizer.vocab_size
    for top in (1, np.int64(3), V):
        assert len(fill_mask(model, tokenizer, "a [MASK]", top)[0]) == top
    for top in (0, V + 1, True, 2.0, "2"):
        with pytest.raises(ValueError, match=f"from 1 to {V}, the size of the vocabulary"):
            fill_mask(model, tokenizer, "a [MASK]", top)
    assert len(next(iterate_fill_mask(model, tokenizer, ["a [MASK]"]))[0]) == 5


@pytest.mark.parametrize("iterate, texts", [
    (iterate_vectors, ["a", "b"]), (iterate_fill_mask, ["[MASK]", "a [MASK]"]),
    (iterate_similarities, [("a", "b"), ("c", "d")])])
def test_a_bar_is_shown_only_if_it_is_wanted(model, tokenizer, monkeypatch, iterate, texts):
    shown = []
    for module in ("guesses", "vectors"):
        monkeypatch.setattr(f"albert_np.inference.{module}.with_bar",
                            lambda texts, progress, name: shown.append((progress, name)) or texts)
    list(iterate(model, tokenizer, texts))
    list(iterate(model, tokenizer, texts, progress=True))
    name = "fill-mask" if iterate is iterate_fill_mask else "embed"
    assert shown == [(False, name), (True, name)]


def test_a_bar_counts_texts_and_goes_when_it_is_done(monkeypatch):
    asked, texts = [], ["a", "b"]
    monkeypatch.setattr("tqdm.tqdm", lambda texts, **options: asked.append(options) or texts)
    assert with_bar(texts, False, "embed") is texts and asked == []
    assert with_bar(texts, True, "embed") is texts
    assert asked == [{"desc": "embed", "unit": " texts", "delay": 1, "leave": False,
                      "disable": None}]                        # None: on terminals only


@pytest.mark.parametrize("texts, name", [(7, "int"), (None, "NoneType"), ({"a"}, "set"),
                                         (b"a", "bytes")])
def test_what_is_neither_a_text_nor_a_list_is_refused(texts, name):
    with pytest.raises(ValueError, match=f"must be a str or a list of str, not {name}"):
        in_a_list(texts)
    assert in_a_list("a") == ["a"] and in_a_list(["a", "b"]) == ["a", "b"]


def test_a_tuple_of_texts_is_a_list_of_texts(model, tokenizer):
    assert fill_mask(model, tokenizer, ("a [MASK]",)) == fill_mask(model, tokenizer, ["a [MASK]"])
    found = similarity(model, tokenizer, ("a", "the"), ["the", "a"])
    assert found.shape == (2,) and found[0] == pytest.approx(found[1], rel=1e-12)
    assert isinstance(similarity(model, tokenizer, "a", "the"), float)


def test_cosines_are_of_two_texts_or_of_as_many_as_there_are(model, tokenizer, monkeypatch):
    for first, second in (("a", ["a"]), (["a"], "a"), (["a", "b"], ["a"]), (["a"], ["a", "b"])):
        with pytest.raises(ValueError, match="must both be a str, or lists of the same length; "
                                             f"here they hold {len(first)} and {len(second)}"):
            similarity(model, tokenizer, first, second)
    monkeypatch.setattr("albert_np.inference.vectors.iterate_similarities",
                        lambda model, tokenizer, pairs, special_tokens: [len(list(pairs))])
    assert similarity(model, tokenizer, 300 * ["a"], 300 * ["b"]) == [300]


@pytest.mark.parametrize("texts", [[], ["a"], ["a", "the"], ("a",)])
def test_a_list_gives_a_list_however_short_it_is(model, tokenizer, texts):
    masked = [f"{text} [MASK]" for text in texts]
    assert len(fill_mask(model, tokenizer, masked)) == len(texts)
    cosines = similarity(model, tokenizer, texts, texts)
    assert isinstance(cosines, np.ndarray) and cosines.shape == (len(texts),)
    if texts:
        assert sentence_vectors(model, tokenizer, texts).shape == (len(texts), 12)
    assert sentence_vectors(model, tokenizer, "a").shape == (12,)


def test_cosines_have_a_sign_and_no_length(model, tokenizer, monkeypatch):
    vectors = np.array([[2.0, 0], [-3.0, 0], [0, 5.0], [1.0, 0], [3.0, 4.0], [6.0, 8.0], [0, 0],
                        [1.0, 1.0]])
    monkeypatch.setattr("albert_np.inference.vectors.iterate_vectors", lambda *_: iter(vectors))
    found = list(iterate_similarities(model, tokenizer, []))
    assert found == pytest.approx([-1, 0, 1, 0])
    assert all(type(cosine) is float for cosine in found)


def test_guesses_name_their_texts_as_they_are_told(model, tokenizer):
    """The first letter alone becomes a capital."""
    said, long, name = [], "[MASK]" + " name" * 60, "row {} of My File".format
    list(iterate_fill_mask(model, tokenizer, ["[MASK]", long], name=name, note=said.append))
    assert said == ["Row 2 of My File was cut at the 40 positions that the model has."]
    list(iterate_fill_mask(model, tokenizer, [long, long], name=name, note=said.append))
    assert said[1] == ("2 texts, the first of them row 1 of My File, were cut at the 40 positions "
                       "that the model has.")
    for text, words in (("", "is empty"), ("name", r"has no \[MASK\]"),
                        ("name " * 60 + "[MASK]", r"has a \[MASK\] behind the 40 positions")):
        with pytest.raises(ValueError, match=f"^Row 2 of My File {words}"):
            list(iterate_fill_mask(model, tokenizer, ["[MASK]", text], name=name))


def test_nothing_but_the_trunk_is_computed_and_nothing_kept(model, monkeypatch):
    asked, original = [], text_windows.encoder_forward

    def watched(*arguments, recompute):
        asked.append(recompute)
        return original(*arguments, recompute=recompute)

    monkeypatch.setattr(text_windows, "encoder_forward", watched)
    trunk = SimpleNamespace(config=model.config, params={
        name: model.params[name] for name in ("embeddings", "encoder")})
    (_, h, _), = hidden_states(trunk, [[2, 7, 3]])
    assert h.shape == (1, 3, 12) and asked == [True]


@pytest.mark.parametrize("thing, name", [
    (7, "int"), (None, "NoneType"), (SimpleNamespace(params={"encoder": 1}), "SimpleNamespace"),
    (SimpleNamespace(params={"embeddings": 1, "pooler": 1}), "SimpleNamespace")])
def test_what_is_no_albert_is_refused(thing, name):
    with pytest.raises(ValueError, match=f"model must be an ALBERT, not a {name}"):
        check_trunk(thing)
    check_trunk(SimpleNamespace(params={"embeddings": 1, "encoder": 1, "pooler": 1}))


def test_special_tokens_count_unless_they_are_left_out():
    for function in (iterate_vectors, iterate_similarities, similarity):
        assert inspect.signature(function).parameters["special_tokens"].default is True


# ---- load ----------------------------------------------------------------------------------------

@pytest.fixture
def without(model, tokenizer, tmp_path, monkeypatch):
    """``without(names)``: a folder whose weights lack some tensors."""
    def make(*names):
        class Partial(AlbertForPreTraining):
            pass

        def load_partly(*arguments):
            found = load_pretrained(*arguments)
            found.load_report.initialised += names
            return found

        # of the module: the package has a function of the same name
        monkeypatch.setitem(load.__globals__, "load_pretrained", load_partly)
        model.save_pretrained(tmp_path)
        tokenizer.save(tmp_path)
        return tmp_path, Partial
    return make


@pytest.mark.parametrize("name, needed", [
    ("albert.pooler.weight", False), ("pooler.weight", False), ("sop_classifier.bias", False),
    ("albert.embeddings.word", True), ("predictions.bias", True)])
def test_a_pooler_and_a_sentence_order_head_may_be_missing(without, name, needed):
    folder, model_class = without(name)
    if needed:
        with pytest.raises(ValueError, match=f"lacks weights that are needed: {name}"):
            load(folder, model_class)
    else:
        assert type(load(folder, model_class)[0]) is model_class
    with pytest.raises(ValueError, match=f"does not have all of Partial: {name} is missing"):
        load_model(folder, model_class)


def test_a_model_without_its_tokenizer(model, tmp_path):
    model.save_pretrained(tmp_path)
    for given in (tmp_path, str(tmp_path)):
        found = load_model(given)
        assert type(found) is AlbertForPreTraining and found.dtype == np.float32
    trunk = load_model(tmp_path, AlbertModel, np.float64)
    assert type(trunk) is AlbertModel and trunk.dtype == np.float64
    np.testing.assert_allclose(trunk.params["embeddings"]["word"],
                               model.params["embeddings"]["word"], rtol=1e-6)


def test_a_folder_of_the_name_of_a_published_model_comes_first(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config("albert-base-v2").hidden_size == 768
    (tmp_path / "albert-base-v2").mkdir()
    model.save_pretrained("albert-base-v2")
    assert load_config("albert-base-v2") == model.config
    assert load_config("albert/albert-base-v2").hidden_size == 768
    with pytest.raises(FileNotFoundError):
        load_config(tmp_path / "nothing")
