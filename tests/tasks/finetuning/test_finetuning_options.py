"""What each option of a fine-tuning run changes, and each of a task's settings."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("sacrebleu")
pytest.importorskip("seqeval")

from toys import MODEL, toy_splits, write_toy

from albert_np.inference import batches_by_length
from albert_np.optim import SGD, AdamW
from albert_np.parameters import flatten, tree_map
from albert_np.pretraining import part_processes
from albert_np.tasks.datasets import Question
from albert_np.tasks.datasets.features import question_windows
from albert_np.tasks.finetuning import Settings, finetune
from albert_np.tasks.finetuning.outputs import outputs_of
from albert_np.tasks.finetuning.predicting import iterate_predictions
from albert_np.tasks.finetuning.recipes import classification, questions, translation
from albert_np.tasks.finetuning.start import from_scratch
from albert_np.tasks.finetuning.trainer import train_epochs
from albert_np.tasks.metrics import Figure


class Begun(Exception):
    """Training would begin now."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    for task in ("classification", "questions"):
        write_toy(task, folder / task, train=40, others=6)
    return folder


@pytest.fixture
def begin(data, tmp_path, monkeypatch):
    """``begin(**options)`` gives the arguments that the training loop gets, without training."""
    def run(task="classification", **options):
        found = {}

        def train(model, examples, collate, optimizer, **others):
            found.update(others, model=model, examples=examples, optimizer=optimizer)
            raise Begun

        monkeypatch.setattr("albert_np.tasks.finetuning.run.train_epochs", train)
        with pytest.raises(Begun):
            finetune(task, tmp_path / str(len(list(tmp_path.iterdir()))), progress=False, **{
                "data": data / task, "config": MODEL, "vocab_size": 45,
                "settings": {"max_length": 24}, **options})
        return found
    return run


# ---- the run -------------------------------------------------------------------------------------

def test_every_option_of_the_loop_reaches_it(begin):
    asked = dict(epochs=7, batch_size=5, max_gradient_norm=0.3, patience=2, workers=3)
    found = begin(**asked)
    assert {name: found[name] for name in asked} == asked and found["progress"] is False
    plain = begin()
    assert plain["patience"] is None and plain["max_gradient_norm"] == 1.0
    assert len(plain["examples"]) == 40


@pytest.mark.parametrize("warmup, steps", [(0.0, 0), (0.1, 5), (0.5, 28)])
def test_the_rate_rises_in_a_share_of_the_steps_and_then_falls(begin, warmup, steps):
    """40 examples in batches of 6, eight times: 7 x 8 steps."""
    optimizer = begin(learning_rate=0.5, warmup=warmup, batch_size=6, epochs=8,
                      weight_decay=0.3)["optimizer"]
    assert type(optimizer) is AdamW and optimizer.weight_decay == 0.3
    expected = [0.5 * t / steps if t < steps else 0.5 * (1 - t / 56) for t in range(57)]
    assert [optimizer.lr(t) for t in range(57)] == pytest.approx(expected)


def test_one_probability_of_dropout_for_all_kinds(begin):
    names = ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob")

    def probabilities(**options):
        found = begin(**options)
        return [getattr(found["model"].config, name) for name in names], found["dropout"]

    config = {**MODEL, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    assert probabilities(config=config) == ([0.0] * 3, False)
    assert probabilities(config=config, dropout=0.3) == ([0.3] * 3, True)
    assert probabilities(config={**config, "hidden_dropout_prob": 0.2}, dropout=0.0) == (
        [0.0] * 3, False)
    for name in names:                                         # each of them needs random numbers
        found, drawn = probabilities(config={**config, name: 0.2})
        assert drawn and found == [0.2 if name == other else 0.0 for other in names]


def test_the_seed_draws_the_weights_and_the_order(begin):
    one, same, other = (begin(seed=seed) for seed in (5, 5, 6))
    weights = [flatten(found["model"].params) for found in (one, same, other)]
    assert all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    W = "encoder.attention.0.self_attention.W_q"
    assert not np.array_equal(weights[0][W], weights[2][W])
    drawn = [found["rng"].integers(2**40) for found in (one, same, other)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_sizes_of_the_vocabulary_and_of_the_examples(begin):
    for vocab_size, length in ((45, 24), (41, 8)):
        found = begin(vocab_size=vocab_size, settings={"max_length": length})
        assert found["model"].config.vocab_size == vocab_size
        longest = max(len(example["input_ids"]) for example in found["examples"])
        assert longest == length if length == 8 else 8 < longest <= length
    for positions, length, expected in ((128, 200, 200), (128, 129, 129), (300, 200, 300),
                                        (20, 24, 24), (24, 24, 24), (25, 24, 25)):
        config = {**MODEL, "max_position_embeddings": positions}
        found = begin(config=config, settings={"max_length": length})["model"].config
        assert found.max_position_embeddings == expected
    fresh = {name: MODEL[name] for name in MODEL if name != "max_position_embeddings"}
    for length, expected in ((24, 128), (128, 128), (129, 129)):
        found = begin(config=fresh, settings={"max_length": length})["model"].config
        assert found.max_position_embeddings == expected


def test_a_fresh_model_of_a_models_shape_has_as_many_positions(begin, inference_folder):
    """40; more if the examples are longer, but never fewer."""
    for length, expected in ((24, 40), (40, 40), (41, 41), (200, 200)):
        found = begin(config=None, model=inference_folder, scratch=True,
                      settings={"max_length": length})["model"].config
        assert (found.max_position_embeddings, found.hidden_size) == (expected, 16)


# ---- the loop ------------------------------------------------------------------------------------

def some_examples(count=7):
    """Examples of two classes, of different lengths."""
    rng = np.random.default_rng(0)
    return [{"input_ids": rng.integers(5, 17, n), "labels": np.int64(n % 2)}
            for n in rng.integers(3, 12, count)]


def small_model(dropout=0.0):
    from albert_np import AlbertForSequenceClassification
    from albert_np.gradcheck.one_check import small_config

    return AlbertForSequenceClassification(small_config(
        num_labels=2, max_position_embeddings=12, hidden_dropout_prob=dropout,
        classifier_dropout_prob=0.0, initializer_range=0.3), dtype=np.float64)


def collate(examples, length):
    ids = np.zeros((len(examples), length), int)
    mask = np.zeros((len(examples), length), int)
    for row, example in enumerate(examples):
        ids[row, :len(example["input_ids"])] = example["input_ids"]
        mask[row, :len(example["input_ids"])] = 1
    return {"input_ids": ids, "attention_mask": mask,
            "labels": np.array([example["labels"] for example in examples])}


def trained(probability=0.0, **options):
    model = small_model(probability)
    options = {"epochs": 2, "batch_size": 3, "rng": np.random.default_rng(2), "progress": False,
               **options}
    history = train_epochs(model, some_examples(), collate, SGD(model.params, lr=0.1), **options)
    return flatten(model.params), history


def alike(one, other):
    return all(np.allclose(one[name], other[name], rtol=1e-9, atol=1e-12) for name in one)


def test_workers_divide_a_batch_and_change_nothing_but_the_masks(monkeypatch):
    expected, history = trained(dropout=False)
    assert len(history["steps"]) == 2 * 3                      # 3, 3 and 1 examples
    for workers in (2, 3, 5):                                  # more than a batch has
        assert alike(trained(workers=workers, dropout=False)[0], expected)
    assert not alike(trained(0.3)[0], trained(0.3, workers=2)[0])
    of_processes, _ = trained(0.3, workers=2)
    monkeypatch.setattr(part_processes, "SMALL", 0)                     # threads
    of_threads, _ = trained(0.3, workers=2)
    assert all(np.array_equal(of_threads[name], of_processes[name]) for name in of_threads)


def test_dropout_can_be_left_out():
    expected, _ = trained(dropout=False)
    assert alike(trained(0.3, dropout=False)[0], expected)
    assert not alike(trained(0.3)[0], expected)


def test_gradients_are_shortened_to_the_norm():
    """With plain gradient descent and no momentum, a step is as long as rate times norm."""
    model, before = small_model(), flatten(small_model().params)
    history = train_epochs(model, some_examples(), collate, SGD(model.params, 0.5, momentum=0.0),
                           epochs=1, batch_size=7, rng=np.random.default_rng(0),
                           max_gradient_norm=0.01, progress=False)
    moved = sum(np.square(leaf - before[name]).sum()
                for name, leaf in flatten(model.params).items())
    assert history["steps"][0]["gradient_norm"] > 0.02
    assert np.sqrt(moved) == pytest.approx(0.5 * 0.01)


@pytest.mark.parametrize("values, patience, best, epochs", [
    ([0.1, 0.3, 0.3, 0.2], None, 2, 4),                        # of equal ones the first is kept
    ([0.5, 0.5, 0.5, 0.5], 1, 1, 2), ([0.5, 0.4, 0.6, 0.5, 0.6], 2, 3, 5),
    ([0.5, 0.4, 0.3, 0.6], 2, 1, 3), ([0.0, 0.1, 0.2, 0.3], 1, 4, 4)])
def test_the_best_epoch_and_the_end(values, patience, best, epochs):
    model, coming, saved = small_model(), iter(values), []
    history = train_epochs(
        model, some_examples(), collate, SGD(model.params, lr=0.1), epochs=len(values),
        batch_size=3, rng=np.random.default_rng(2), evaluate=lambda: Figure(next(coming)),
        patience=patience, progress=False,
        on_best=lambda epoch, figure: saved.append((epoch, tree_map(np.copy, model.params))))
    assert history["best_epoch"] == best == saved[-1][0]
    assert [row["value"] for row in history["epochs"]] == values[:epochs]
    assert [row["step"] for row in history["epochs"]] == [3 * e for e in range(1, epochs + 1)]
    assert alike(flatten(model.params), flatten(saved[-1][1]))


# ---- predictions ---------------------------------------------------------------------------------

def test_outputs_are_in_the_order_of_the_examples(monkeypatch):
    """In several batches, most of them of examples of different lengths."""
    model, examples = small_model(), []
    for example in some_examples(30):
        n = len(example["input_ids"])
        examples.append({"input_ids": example["input_ids"], "token_type_ids": np.zeros(n, int),
                         "attention_mask": np.ones(n, int)})
    monkeypatch.setattr(batches_by_length, "TOKENS", 45)
    with ThreadPoolExecutor(3) as threads:
        for pool in (None, threads):
            found = outputs_of(model, examples, ("logits", "pooled_output"), pool)
            for example, (logits, pooled) in zip(examples, found):
                alone, _ = model.forward(example["input_ids"][None])
                np.testing.assert_allclose(logits, alone.logits[0], rtol=1e-9, atol=1e-12)
                np.testing.assert_allclose(pooled, alone.pooled_output[0], rtol=1e-9, atol=1e-12)


@pytest.fixture(scope="module")
def translator(tmp_path_factory):
    """A model that has learnt nothing, its tokenizer, rows and settings."""
    from albert_np.tasks.finetuning.data import texts_of
    from albert_np.text import AlbertTokenizer, train_tokenizer

    rows = toy_splits("translation", 60, 1).train
    file = tmp_path_factory.mktemp("translator") / "spiece.model"
    train_tokenizer(texts_of(rows), 60, file)
    tokenizer = AlbertTokenizer(file)
    return (from_scratch(translation.MODEL, {**MODEL, "initializer_range": 0.5}, tokenizer, {}, 0),
            tokenizer, rows[:40])


def test_translations_are_those_of_the_search_that_the_settings_ask_for(translator):
    """Forty rows, in two groups, in their own order."""
    from albert_np.inference.translation import beam_search

    model, tokenizer, rows = translator
    for changes in (dict(beams=1), dict(beams=3, max_target_length=2), dict(max_length=8, beams=2)):
        settings = replace(Settings("translation", max_length=24, max_target_length=5), **changes)
        found = translation.predict(model, tokenizer, rows, settings)
        for row, prediction in list(zip(rows, found))[::9]:
            source = tokenizer.encode_batch([row.source])[0][:settings.max_length // 2]
            (best, *_), = beam_search(model, [source], settings.beams, settings.max_target_length,
                                      (tokenizer.mask_token_id, tokenizer.unk_token_id),
                                      max_length=settings.max_length - 1)
            assert prediction["translation"] == tokenizer.decode(best.pieces)
            assert prediction["log_probability"] == pytest.approx(best.log_probability, rel=1e-4)


def test_pairs_that_are_too_long_are_not_trained_on(translator):
    _, tokenizer, rows = translator
    for length, target in ((24, 24), (10, 24), (24, 4)):
        settings = Settings("translation", max_length=length, max_target_length=target)
        for row, found in zip(rows, translation.features(tokenizer, rows, (), settings)):
            source, pieces = tokenizer.encode_batch([row.source, row.targets[0]])
            fits = len(source) + len(pieces) + 3 <= length and len(pieces) <= target
            assert len(found) == fits


def test_windows_of_questions_are_cut_as_the_settings_say(translator):
    _, tokenizer, _ = translator
    rows, counts = toy_splits("questions", 8, 1).train, []
    for length, stride, query in ((64, 64, 48), (20, 64, 48), (20, 2, 48), (20, 2, 3)):
        settings = Settings("questions", max_length=length, doc_stride=stride,
                            max_query_length=query)
        found = questions.features(tokenizer, rows, (), settings)
        for row, windows in zip(rows, found):
            expected = question_windows(tokenizer, row, length, stride, query)
            assert len(windows) == len(expected)
            for ours, theirs in zip(windows, expected):
                assert {"input_ids", "start_positions", "end_positions"} < set(ours) < set(theirs)
                assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
        counts.append(sum(map(len, found)))
    assert counts[0] == 8 and len(set(counts)) == 4            # each of the three matters


def test_answers_are_no_longer_than_the_settings_say(translator, monkeypatch):
    """The longest stretch is the best: starts are the better the earlier, ends the later."""
    _, tokenizer, _ = translator
    row, rises = Question("", "the name list file is not of", "is it"), np.arange(24.0)
    monkeypatch.setattr(questions, "outputs_of", lambda model, windows, *_:
                        [(-rises, rises)] * len(windows))
    for longest in (1, 2, 4):
        settings = Settings("questions", max_length=24, max_answer_length=longest)
        guess, = questions.predict(None, tokenizer, [row], settings)
        assert guess["score"] == longest - 1                   # last place minus first
        assert guess["answer"] == row.context[guess["start"]:guess["end"]]


@pytest.fixture
def letters():
    """A task without a model: a text is answered by its length, and an "x" in it is refused."""
    def predict(model, tokenizer, rows, settings, pool):
        if any("x" in row.text for row in rows):
            raise ValueError("an x")
        return [{"length": len(row.text)} for row in rows]

    task = SimpleNamespace(parse=classification.parse, predict=predict)
    return SimpleNamespace(task=task, model=None, tokenizer=None,
                           settings=Settings("classification", pairs=False))


def test_a_bad_row_is_told_about_and_the_others_are_answered(letters, monkeypatch):
    """A whole window may be bad, but not the first one."""
    monkeypatch.setattr("albert_np.tasks.finetuning.predicting.WINDOW", 3)
    told, noted = [], []
    notes = SimpleNamespace(add=lambda rows: noted.extend(row.text for row in rows))
    rows = ["ab", "x", {"txt": 1}, "", ValueError("no row"), "xx", "abc"]
    found = list(iterate_predictions(letters, rows, "line {}".format, bad_row=told.append,
                                     notes=notes))
    assert found == [{"length": 2}, None, None, None, None, None, {"length": 3}]
    assert list(map(str, told)) == [
        "line 2: an x", "line 3: it needs 'text', a text", "line 4: the text is empty", "no row",
        "line 6: an x"]
    assert noted == ["ab", "abc"]
    with pytest.raises(ValueError, match="^row 1: an x$"):
        list(iterate_predictions(letters, ["x", "", "x", "a"], bad_row=told.append))
    with pytest.raises(ValueError, match="^row 2: an x$"):
        list(iterate_predictions(letters, ["a", "x", "b"]))
    assert list(iterate_predictions(letters, [], bad_row=told.append)) == []
    assert len(told) == 5


@pytest.mark.parametrize("pairs, good, bad", [
    (True, ["a\tb", {"text": "a", "text_pair": "b"}], ["a", {"text": "a"}]),
    (False, ["a", {"text": "a"}], ["a\tb", {"text": "a", "text_pair": "b"}]),
    (None, ["a", "a\tb", {"text": "a"}, {"text": "a", "text_pair": "b"}], [])])
def test_rows_are_of_the_kind_that_was_learnt_from(letters, pairs, good, bad):
    letters.settings = replace(letters.settings, pairs=pairs)
    assert len(list(iterate_predictions(letters, good))) == len(good)
    for row in bad:
        with pytest.raises(ValueError, match="^row 1: it is a (pair of|single) text"):
            list(iterate_predictions(letters, [row]))
    told = []                                   # a row that could not be read stays what it is
    assert len(list(iterate_predictions(letters, [*good, ValueError("no row")],
                                        bad_row=told.append))) == len(good) + 1
    assert list(map(str, told)) == ["no row"]


def test_objects_may_have_the_names_of_the_training_columns(letters):
    """The usual names come before them; numbers of columns are none."""
    letters.settings = replace(letters.settings, columns={"text": "body", "label": 1})
    found = iterate_predictions(letters, [{"body": "ab"}, {"body": "ab", "text": "abc"},
                                          {"text": "a", "1": "x"}])
    assert [one["length"] for one in found] == [2, 3, 1]


@pytest.mark.parametrize("window", [1, 3, 100])
def test_rows_are_predicted_in_their_order_whatever_is_read_at_a_time(translator, monkeypatch,
                                                                      window):
    model, tokenizer, pairs = translator
    monkeypatch.setattr("albert_np.tasks.finetuning.predicting.WINDOW", window)
    settings = Settings("translation", max_length=24, beams=1, max_target_length=3)
    loaded = SimpleNamespace(task=translation, model=model, tokenizer=tokenizer, settings=settings)
    lines = [row.source for row in pairs[:8]]
    found = list(iterate_predictions(loaded, lines))
    expected = translation.predict(model, tokenizer, pairs[:8], settings)
    assert [one["translation"] for one in found] == [one["translation"] for one in expected]
    with pytest.raises(ValueError, match="^line 6: it needs 'source', a text"):
        list(iterate_predictions(loaded, [*lines[:5], {}, *lines[5:]], "line {}".format))
