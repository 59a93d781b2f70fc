"""A run that is captured and restored, and a text that is recognised."""

import re

import numpy as np
import pytest
from small_corpus import write_corpus
from test_pretraining import small_batches
from test_resume import OPTIONS
from test_train import a_row

from albert_np import AlbertForPreTraining
from albert_np.gradcheck.one_check import small_config
from albert_np.optim import SGD, AdamW
from albert_np.parameters import flatten, tree_map
from albert_np.pretraining import train
from albert_np.pretraining.options import PretrainingOptions
from albert_np.pretraining.run_checkpoints import load_checkpoint, save_checkpoint
from albert_np.pretraining.run_data import open_run_data, read_tokenizer
from albert_np.pretraining.state import capture, refuse_changed_options, restore
from albert_np.text import train_tokenizer
from albert_np.text.corpus.prepare import prepare_corpus

# ---- capture and restore -------------------------------------------------------------------------


def a_run(seed, kind=AdamW, **sizes):
    """A model, an optimiser that has taken two steps, and a generator that has drawn."""
    model = AlbertForPreTraining(small_config(hidden_dropout_prob=0.1, **sizes), seed=seed)
    optimizer, rng = kind(model.params, lr=0.01), np.random.default_rng(seed)
    train(model, optimizer, small_batches(np.random.default_rng(seed), 2), 2, rng=rng,
          progress=False)
    return model, optimizer, rng


def copied(run):
    model, optimizer, rng = run
    return (flatten(tree_map(np.copy, model.params)),
            {name: np.copy(array) for name, array in optimizer.state().items()},
            rng.bit_generator.state)


def same(one, other):
    return one[2] == other[2] and all(np.array_equal(one[part][name], other[part][name])
                                      for part in (0, 1) for name in one[part])


@pytest.mark.parametrize("kind", [AdamW, SGD])
def test_a_restored_run_is_the_captured_one(tmp_path, kind):
    """Parameters, moments, steps, generator, position and rows, from a file and in place."""
    run, other = a_run(1, kind), a_run(2, kind)
    rows = [a_row(1, 2.5), a_row(2, 1.5), a_row(2, 3.5, "held-out")]
    expected, leaves = copied(run), flatten(other[0].params)
    assert not same(copied(other), expected)
    path = save_checkpoint(tmp_path, 2, *capture(*run, (3, 1, 4), rows, "abc"))
    metrics, position = restore((2, *load_checkpoint(path)), *other, "abc")
    assert same(copied(other), expected) and same(copied(run), expected)
    assert metrics == rows and position == (3, 1, 4) and isinstance(position, tuple)
    assert other[1].steps == 2
    assert all(leaf is leaves[name] for name, leaf in flatten(other[0].params).items())


def missing(tensors, state):
    del tensors["params.pooler.b"]


def another_shape(tensors, state):
    tensors["params.pooler.b"] = tensors["params.pooler.b"][:-1]


def a_longer_shape(tensors, state):
    tensors["params.pooler.b"] = np.zeros(13, np.float32)


def another_text(tensors, state):
    state["fingerprint"] = "abd"


def no_text(tensors, state):
    del state["fingerprint"]


def no_moment(tensors, state):
    del tensors["optimizer.m.pooler.b"]


@pytest.mark.parametrize("spoil, sentence", [
    (missing, "the checkpoint belongs to another model: its pooler.b is missing"),
    (another_shape, "its pooler.b has the shape (11,), not (12,)"),
    (a_longer_shape, "its pooler.b has the shape (13,), not (12,)"),
    (another_text, "the text is not the one that this run began with: the corpus or the tokenizer"),
    (no_text, "the text is not the one"), (no_moment, "pooler.b")], ids=lambda value: getattr(
        value, "__name__", None))
def test_what_does_not_belong_to_the_run_is_refused_and_changes_nothing(spoil, sentence):
    run, other = a_run(1), a_run(2)
    tensors, state = capture(*run, (0, 0, 2), [], "abc")
    spoil(tensors, state)
    before = copied(other)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        restore((2, tensors, state), *other, "abc")
    assert same(copied(other), before)


@pytest.mark.parametrize("forget", [
    lambda state: state.pop("options"), lambda state: state.update(options=None)],
    ids=["no entry", "None"])
def test_a_checkpoint_that_tells_no_options_goes_on_with_any(forget):
    """As one of before options were saved, or one that was captured without them."""
    run, other = a_run(1), a_run(2)
    options = PretrainingOptions().lasting()
    tensors, state = capture(*run, (0, 0, 2), [], "abc", options)
    forget(state)
    _, position = restore((2, tensors, state), *other, "abc", options)
    assert position == (0, 0, 2) and same(copied(other), copied(run))


def test_options_that_only_one_side_knows():
    """An older version did not know the new ones, which then must have been None."""
    refuse_changed_options(7, {"steps": 5, "gone": 1}, {"steps": 5, "new": None})
    refuse_changed_options(7, {}, {})
    for saved, options, found in (
            ({}, {"new": 3}, "new is 3 in options.json, but None in"),
            ({"seed": 3}, {"seed": 0}, "seed is 0 in options.json, but 3 in"),
            ({"seed": 0}, {"seed": 3}, "seed is 3 in options.json, but 0 in"),
            ({"parts": 2}, {"parts": None}, "parts is None in options.json, but 2 in")):
        with pytest.raises(ValueError, match=f"{found} the checkpoint of step 7; put it back"):
            refuse_changed_options(7, saved, options)


# ---- the text ------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def model_file(corpus, tmp_path_factory):
    path = tmp_path_factory.mktemp("tokenizer") / "spiece.model"
    train_tokenizer(corpus.read_text().split("\n"), 45, path)
    return path


def opened(folder, corpus, resuming=False, **changes):
    folder.mkdir(exist_ok=True)
    said = []
    data, fingerprint = open_run_data(folder, PretrainingOptions(
        **{**OPTIONS, "corpus": str(corpus), **changes}), resuming, said.append)
    return data, fingerprint, said


A, B, C, D = ("the cat sees a house", "a dog likes the moon", "the cow hears a bird",
              "our cat follows the river")
DOCUMENTS = [[A, B], [C, D, A], [A, C], [B, D]]


@pytest.fixture
def fingerprint(tmp_path, model_file):
    """``fingerprint(documents, tokenizer, **changes)``"""
    def fingerprint(documents, tokenizer=model_file, **changes):
        path = tmp_path / "text.txt"
        path.write_text("\n\n".join("\n".join(document) for document in documents) + "\n")
        return opened(tmp_path / "run", path, layout="lines", tokenizer=str(tokenizer),
                      held_out=0.3, **changes)[1]
    return fingerprint


@pytest.mark.parametrize("other", [
    [[A, B, C], [D, A], [A, C], [B, D]], [[A, B], [C, D], [A, A, C], [B, D]], DOCUMENTS[::-1],
    [[B, A], *DOCUMENTS[1:]], [[A, B + "s"], *DOCUMENTS[1:]], [*DOCUMENTS, [A, B]], DOCUMENTS[:-1]])
def test_another_text_has_another_fingerprint(fingerprint, other):
    """A sentence that is in another document, an order, a letter, a document more or less."""
    assert fingerprint(other) != fingerprint(DOCUMENTS)


def test_the_fingerprint_is_that_of_the_text_and_the_tokenizer(fingerprint, tmp_path):
    expected = fingerprint(DOCUMENTS)
    assert len(expected) == 64 and fingerprint(DOCUMENTS, seed=5, batch_size=2) == expected
    train_tokenizer([A, B, C, D] * 3, 38, tmp_path / "other.model")
    assert fingerprint(DOCUMENTS, tmp_path / "other.model") != expected


def test_a_tokenizer_is_read_from_a_file_or_a_folder(model_file, tmp_path):
    assert read_tokenizer(model_file).vocab_size == 45
    assert read_tokenizer(str(model_file.parent)).vocab_size == 45


def test_a_run_that_goes_on_takes_the_tokenizer_of_its_folder(corpus, model_file, tmp_path):
    """Even if another one is named, or would be trained."""
    _, first, _ = opened(tmp_path / "run", corpus, tokenizer=str(model_file))
    for changes in ({}, {"tokenizer": str(tmp_path / "gone.model")}, {"vocab_size": 50}):
        data, again, _ = opened(tmp_path / "run", corpus, resuming=True, **changes)
        assert data.tokenizer.vocab_size == 45 and again == first
    data, other, _ = opened(tmp_path / "run", corpus, vocab_size=47)
    assert data.tokenizer.vocab_size == 47 and other != first


def test_what_a_corpus_holds_is_printed_by_default(corpus, model_file, tmp_path, capsys):
    options = PretrainingOptions(corpus=str(corpus), tokenizer=str(model_file))
    open_run_data(tmp_path, options)
    assert capsys.readouterr().out.startswith(f"corpus     {corpus}: 432 sentences in 36 ")


def test_a_prepared_corpus_is_opened_as_it_is(model_file, tmp_path):
    """Its tokenizer is copied; options of the batches still count, that of the split does not."""
    write_corpus(tmp_path / "corpus.txt")
    prepared = tmp_path / "prepared"
    prepare_corpus(tmp_path / "corpus.txt", prepared, tokenizer=model_file, held_out=0.1,
                   shard_pieces=1500, processes=1, progress=False)
    data, fingerprint, said = opened(tmp_path / "run", prepared, batch_size=5, seed=7,
                                     held_out_sequences=8, held_out=0.7)
    count = sum(map(len, data.shards))                          # of documents, 12 sentences each
    assert 0 < count < 40 and said == [
        f"corpus     {prepared}: {12 * count} sentences in {count} documents to train on, "
        f"{480 - 12 * count} sentences in {40 - count} documents held out"]
    assert [len(batch["labels"]) for batch in data.held_out] == [5, 3]
    assert (data.batch_size, data.seed, data.tokenizer.vocab_size) == (5, 7, 45)
    assert (tmp_path / "run" / "spiece.model").read_bytes() == model_file.read_bytes()
    assert opened(tmp_path / "run", prepared, tokenizer=str(model_file))[1] == fingerprint
    text = tmp_path / "corpus.txt"
    text.write_text(text.read_text().replace("moon", "tree", 1))
    with pytest.raises(ValueError, match="corpus.txt"):
        opened(tmp_path / "run", prepared)


def test_without_a_corpus_the_text_is_the_documentation_of_python(corpus, model_file, tmp_path,
                                                                  monkeypatch):
    documents = [block.split("\n") for block in corpus.read_text().split("\n\n")]
    monkeypatch.setattr("albert_np.pretraining.run_data.embedded_corpus",
                        lambda: (documents, [number // 2 for number in range(40)]))
    said = []
    data, _ = open_run_data(tmp_path, PretrainingOptions(tokenizer=str(model_file)),
                            say=said.append)
    assert said == ["corpus     the documentation of this Python: 432 sentences in 36 documents to "
                    "train on, 48 sentences in 4 documents held out"]
    assert data.options.beginnings_only and data.options.max_seq_length == 40
