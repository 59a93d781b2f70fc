"""Using a model: guesses, vectors, cosines and the table of parameters, as a program calls them."""

import io
import sys
from dataclasses import replace

import numpy as np
import pytest

from albert_np import AlbertConfig, AlbertForPreTraining, AlbertModel
from albert_np.config import PUBLISHED
from albert_np.inference import (batches_by_length, fill_mask, load, load_config, parameter_table,
                                 sentence_vectors, similarity)
from albert_np.inference import text_windows as by_length
from albert_np.inference.guesses import iterate_fill_mask
from albert_np.inference.sizes import as_bert, format_table
from albert_np.inference.vectors import iterate_vectors
from albert_np.parameters import count
from albert_np.plotting.figures import BLUE, ORANGE
from albert_np.plotting.parameter_sizes import plot_parameters
from albert_np.pretraining import top_guesses

TEXTS = ["A [MASK] of names.", "The [MASK] returns the [MASK].",
         "If it is not a [MASK] then it is one of the names.", "[MASK]",
         "It [MASK] a new object [MASK] is a copy of [MASK].", "Names are [MASK] and short."]
PLAIN = [text.replace("[MASK]", "list") for text in TEXTS]


@pytest.fixture(scope="module")
def model(config):
    """Small, in float64, with differing parameters everywhere."""
    return AlbertForPreTraining(config, seed=1, dtype=np.float64)


@pytest.fixture
def small_batches(monkeypatch):
    """Several windows, several batches in each, several groups of lengths in some."""
    monkeypatch.setattr(by_length, "WINDOW", 4)
    monkeypatch.setattr(batches_by_length, "TOKENS", 40)
    monkeypatch.setattr("albert_np.inference.batches_by_length.length_groups.__defaults__", (1,))


def vector(model, tokenizer, text, special_tokens=True):
    """The mean pooled vector of a single text, without any padding."""
    ids = tokenizer(text)["input_ids"][None]
    output, _ = model.forward(ids)
    h = output.sequence_output[0]
    return (h if special_tokens else h[1:-1]).mean(axis=0)


# ---- fill_mask -----------------------------------------------------------------------------------

def test_guesses_are_those_of_one_text_alone(model, tokenizer, small_batches):
    found = fill_mask(model, tokenizer, TEXTS, top=4)
    assert [len(masks) for masks in found] == [text.count("[MASK]") for text in TEXTS]
    for text, masks in zip(TEXTS, found):
        alone = top_guesses(model, tokenizer, tokenizer(text)["input_ids"][None], k=4)
        for guesses, (_, _, expected) in zip(masks, alone):
            assert [piece for piece, _ in guesses] == [piece for piece, _ in expected]
            assert [p for _, p in guesses] == pytest.approx([p for _, p in expected], rel=1e-10)


def test_probabilities_of_the_whole_vocabulary(model, tokenizer, monkeypatch):
    V = tokenizer.vocab_size
    (first, second) = fill_mask(model, tokenizer, TEXTS[1], top=V)
    for guesses in (first, second):
        p = [probability for _, probability in guesses]
        assert sum(p) == pytest.approx(1) and p == sorted(p, reverse=True)
        assert sorted(piece for piece, _ in guesses) == sorted(tokenizer.pieces)
    assert first != second
    # Logits are computed for a few masks at a time; how many does not matter.
    monkeypatch.setattr("albert_np.inference.guesses.MASKS", 1)
    again = fill_mask(model, tokenizer, TEXTS[1], top=V)
    assert [piece for piece, _ in again[1]] == [piece for piece, _ in second]


def test_one_text_gives_one_list(model, tokenizer):
    assert fill_mask(model, tokenizer, TEXTS[0]) == fill_mask(model, tokenizer, [TEXTS[0]])[0]
    assert len(fill_mask(model, tokenizer, TEXTS[0])[0]) == 5
    assert fill_mask(model, tokenizer, []) == []


# ---- sentence_vectors and similarity -------------------------------------------------------------

@pytest.mark.parametrize("special_tokens", [True, False])
def test_vectors_are_means_over_the_tokens(model, tokenizer, small_batches, special_tokens):
    found = sentence_vectors(model, tokenizer, PLAIN, special_tokens)
    expected = [vector(model, tokenizer, text, special_tokens) for text in PLAIN]
    assert found.shape == (len(PLAIN), 12) and found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    one = sentence_vectors(model, tokenizer, PLAIN[2], special_tokens)
    np.testing.assert_allclose(one, expected[2], rtol=1e-10, atol=1e-12)


def test_the_trunk_alone_gives_the_same_vectors_in_its_dtype(model, tokenizer):
    trunk = AlbertModel(model.config)
    trunk.params = {name: model.params[name] for name in trunk.components}
    np.testing.assert_array_equal(sentence_vectors(trunk, tokenizer, PLAIN),
                                  sentence_vectors(model, tokenizer, PLAIN))
    assert sentence_vectors(AlbertModel(model.config), tokenizer, PLAIN).dtype == np.float32
    del trunk.params["pooler"]                                               # it is not needed
    assert sentence_vectors(trunk, tokenizer, PLAIN).shape == (len(PLAIN), 12)


def test_similarity_is_the_cosine(model, tokenizer):
    a, b = (vector(model, tokenizer, text) for text in PLAIN[:2])
    expected = a @ b / np.sqrt((a @ a) * (b @ b))
    assert similarity(model, tokenizer, PLAIN[0], PLAIN[1]) == pytest.approx(expected, rel=1e-10)
    several = similarity(model, tokenizer, PLAIN[:2], PLAIN[1::-1])
    assert several == pytest.approx([expected, expected], rel=1e-10) and expected < 0.99
    assert similarity(model, tokenizer, PLAIN[:3], PLAIN[:3]) == pytest.approx(np.ones(3))


def test_the_cosine_of_a_vector_that_is_zero_is_zero(model, tokenizer, monkeypatch):
    monkeypatch.setattr("albert_np.inference.vectors.iterate_vectors",
                        lambda *_: iter([np.zeros(3), np.ones(3)]))
    assert similarity(model, tokenizer, "a", "b") == 0


# ---- long and many texts -------------------------------------------------------------------------

def test_long_texts_are_cut_at_the_models_positions(model, tokenizer):
    long = " ".join(["name"] * 60)
    ids = tokenizer(long, max_length=40)["input_ids"][None]
    expected = model.forward(ids)[0].sequence_output[0].mean(axis=0)
    with pytest.warns(UserWarning, match="^Text 1 was cut at the 40 positions that the model has"):
        found = sentence_vectors(model, tokenizer, long)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    with pytest.warns(UserWarning, match="^2 texts, the first of them text 2, were cut at the 40"):
        sentence_vectors(model, tokenizer, ["short", long, "short", long])
    exactly = tokenizer.decode(tokenizer.encode_batch([long])[0][:38])
    assert len(tokenizer(exactly)["input_ids"]) == 40
    sentence_vectors(model, tokenizer, exactly)                              # without a warning
    with pytest.warns(UserWarning, match="Text 1 was cut"):
        one_more = sentence_vectors(model, tokenizer, f"{exactly} name")
    np.testing.assert_array_equal(one_more, sentence_vectors(model, tokenizer, exactly))


def test_a_mask_is_never_cut_off(model, tokenizer):
    before = " ".join(["name"] * 37)
    assert len(tokenizer.encode_batch([before])[0]) == 37
    fill_mask(model, tokenizer, f"{before} [MASK]")
    with pytest.warns(UserWarning, match="Text 1 was cut"):
        fill_mask(model, tokenizer, f"{before} [MASK] {before}")
    with pytest.raises(ValueError, match=r"Text 2 has a \[MASK\] behind the 40 positions"):
        fill_mask(model, tokenizer, [TEXTS[0], f"[MASK] {before} [MASK]"])


def test_batches_are_bounded(rng, monkeypatch):
    monkeypatch.setattr(batches_by_length, "TOKENS", 100)
    for _ in range(50):
        lengths = rng.integers(1, 150, rng.integers(1, 60))
        batches = list(batches_by_length.length_batches(lengths))
        assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
        for rows, following in zip(batches, [*batches[1:], None]):
            assert len(rows) == 1 or len(rows) * lengths[rows].max() <= 100
            if following is not None:        # no batch could have taken one more
                assert (len(rows) + 1) * lengths[rows].max() > 100
                assert lengths[rows].min() >= lengths[following].max()


@pytest.mark.parametrize("run", [iterate_vectors, iterate_fill_mask])
def test_no_more_than_a_window_is_read_ahead(model, tokenizer, monkeypatch, run):
    monkeypatch.setattr(by_length, "WINDOW", 3)
    read = []

    def texts():
        for text in 100 * TEXTS:
            read.append(text)
            yield text

    results = run(model, tokenizer, texts())
    assert read == []
    for done in range(1, 8):
        next(results)
        assert len(read) == 3 * -(-done // 3)


def test_the_head_sees_only_the_masked_positions(model, tokenizer, monkeypatch):
    seen = []

    def head(params, x, word, config):
        seen.append(x.shape)
        return np.zeros((len(x), config.vocab_size)), None

    monkeypatch.setattr("albert_np.inference.guesses.masked_lm_head_forward", head)
    fill_mask(model, tokenizer, TEXTS)
    assert seen == [(sum(text.count("[MASK]") for text in TEXTS), 12)]


def test_padding_costs_little(model, tokenizer, monkeypatch):
    computed = []

    def forward(params, input_ids, *others):
        computed.append(input_ids.size)
        return original(params, input_ids, *others)

    original = by_length.embeddings_forward
    monkeypatch.setattr(by_length, "embeddings_forward", forward)
    texts = 60 * ["One."] + 4 * [" ".join(["name"] * 37)]
    sentence_vectors(model, tokenizer, texts)
    needed = sum(len(tokenizer(text)["input_ids"]) for text in texts)
    assert sum(computed) == needed


def test_the_bar_is_for_terminals(monkeypatch):
    assert by_length.with_bar(["a"], False, "embed") == ["a"]
    assert by_length.with_bar(["a"], True, "embed").disable
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    bar = by_length.with_bar(["a"], True, "embed")
    assert not bar.disable and list(bar) == ["a"]


# ---- bad input -----------------------------------------------------------------------------------

def test_bad_input_gets_one_sentence(model, tokenizer):
    for texts, sentence in [
            (["a [MASK]", "nothing"], r"Text 2 has no \[MASK\]; write \[MASK\] where"),
            ("", "Text 1 is empty; every text needs at least one word"),
            (["a [MASK]", " \t\u200b"], "Text 2 is empty"),
            ([7], "must be a str, not int"),
            (None, "texts must be a str or a list of str, not NoneType")]:
        with pytest.raises(ValueError, match=sentence):
            fill_mask(model, tokenizer, texts)
    for top in (0, tokenizer.vocab_size + 1, 2.5, True):
        with pytest.raises(ValueError, match=r"top is .*; it must be a whole number from 1 to"):
            fill_mask(model, tokenizer, "a [MASK]", top)
    with pytest.raises(ValueError, match="The model is a AlbertModel, without a masked-LM head"):
        fill_mask(AlbertModel(model.config), tokenizer, "a [MASK]")
    for use in (fill_mask, sentence_vectors):
        with pytest.raises(ValueError, match="model must be an ALBERT, not a int"):
            use(7, tokenizer, "a [MASK]")
    with pytest.raises(ValueError, match="texts is an empty list"):
        sentence_vectors(model, tokenizer, [])
    for first, second in (("a", ["a"]), (["a"], ["a", "b"])):
        with pytest.raises(ValueError, match="first and second must both be a str, or lists"):
            similarity(model, tokenizer, first, second)
    other = AlbertForPreTraining(replace(model.config, vocab_size=46))
    for use in (fill_mask, sentence_vectors):
        with pytest.raises(ValueError, match="a vocabulary of .* do not belong together"):
            use(other, tokenizer, "a [MASK]")


# ---- load ----------------------------------------------------------------------------------------

def test_load(model, tokenizer, tmp_path):
    model.save_pretrained(tmp_path)
    tokenizer.save(tmp_path)
    for model_class in (AlbertForPreTraining, AlbertModel):
        found, its_tokenizer = load(tmp_path, model_class)
        assert type(found) is model_class and its_tokenizer.pieces == tokenizer.pieces
        np.testing.assert_allclose(sentence_vectors(found, its_tokenizer, PLAIN),
                                   sentence_vectors(model, tokenizer, PLAIN), rtol=1e-4, atol=1e-5)
    assert load_config(tmp_path) == load_config(tmp_path / "config.json") == model.config
    AlbertForPreTraining(replace(model.config, vocab_size=50)).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="vocabulary of 50 pieces and the tokenizer one of"):
        load(tmp_path)


def test_load_config_of_a_published_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config("albert/albert-large-v2").hidden_size == 1024
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        load_config("./albert-tiny")


# ---- the table of parameters ---------------------------------------------------------------------

@pytest.mark.parametrize("changes", [
    {}, {"sharing": "none"}, {"sharing": "ffn"}, {"num_hidden_groups": 2, "inner_group_num": 3},
    {"embedding_size": 12, "embedding_mapping": False}])
def test_the_table_counts_what_the_models_have(model, changes):
    config = replace(model.config, num_hidden_layers=4, **changes)
    for model_class in (AlbertModel, AlbertForPreTraining):
        one, bert = model_class(config), model_class(as_bert(config))
        table = parameter_table(one)
        assert sum(row.parameters for row in table) == count(one.params)
        assert sum(row.bert for row in table) == count(bert.params)
        for row in table[-3:] if model_class is AlbertForPreTraining else table[-1:]:
            key = {"pooler": "pooler", "masked-LM head": "mlm_head",
                   "sentence-order head": "sop_head"}[row.name]
            assert (row.parameters, row.bert) == (count(one.params[key]), count(bert.params[key]))
    assert parameter_table(config) == parameter_table(AlbertForPreTraining(config))


def test_bert_base_has_its_published_number_of_parameters():
    """109,482,240 without heads, 110,106,428 with both: transformers' BertModel and
    BertForPreTraining of bert-base-uncased, whose vocabulary has 30,522 pieces."""
    table = parameter_table(AlbertConfig.from_name("albert-base-v2", vocab_size=30522))
    bert = {row.name: row.bert for row in table}
    assert sum(bert.values()) == 110_106_428
    assert sum(bert.values()) - bert["masked-LM head"] - bert["sentence-order head"] == 109_482_240


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_table_as_text(name):
    config = AlbertConfig.from_name(name)
    table = parameter_table(config)
    lines = format_table(table, config).splitlines()
    assert len({len(line) for line in lines[3:5 + len(table)]}) == 1 and len(lines[3]) <= 80
    for row, line in zip(table, lines[4:]):
        assert f" {row.parameters:,} " in line and f" {row.bert:,} " in line
    shares = [[float(word[:-1]) for word in line.split() if word.endswith("%")]
              for line in lines[4:4 + len(table)]]
    assert np.sum(shares, axis=0) == pytest.approx([100, 100], abs=0.3)
    total = sum(row.parameters for row in table)
    assert f"{total * 4 / 1e6:,.1f} MB" in lines[5 + len(table)]
    assert "everything shared" in lines[0]


@pytest.mark.parametrize("name, total", [("albert-base-v2", "11,813,810"),
                                         ("albert-xxlarge-v2", "223,158,450")])
def test_the_picture(tmp_path, monkeypatch, name, total):
    drawn = []
    monkeypatch.setattr("albert_np.plotting.parameter_sizes.save_figure",
                        lambda figure, path: drawn.append(figure) or path)
    config = AlbertConfig.from_name(name)
    table = parameter_table(config)
    plot_parameters(table, tmp_path / "a.png", "a title")
    numbers, shares = drawn[0].axes
    ours, bert = ([bar.get_width() for bar in bars] for bars in numbers.containers)
    assert ours == pytest.approx([row.parameters / 1e6 for row in table])
    assert bert == pytest.approx([row.bert / 1e6 for row in table])
    for bars in shares.containers:
        assert sum(bar.get_width() for bar in bars) == pytest.approx(100)
    from matplotlib.colors import to_hex
    assert [to_hex(bars[0].get_facecolor()).upper() for bars in numbers.containers] == [BLUE,
                                                                                        ORANGE]
    assert [label.get_text() for label in numbers.get_yticklabels()] == [row.name for row in table]
    assert total in drawn[0].legends[0].get_texts()[0].get_text()
    # Every number stands inside its panel, and none upon another.
    drawn[0].draw_without_rendering()
    for axes in (numbers, shares):
        boxes = [text.get_window_extent() for text in axes.texts]
        assert len(boxes) == 2 * len(table)
        assert all(box.x1 <= axes.bbox.x1 for box in boxes)
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
