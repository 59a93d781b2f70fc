"""What each option of a run changes, and that an interrupted run writes what a whole one does."""

import json

import numpy as np
import pytest
from test_resume import OPTIONS, stop_after

from albert_np.inference import load_model
from albert_np.optim import LAMB, SGD, Adam, AdamW
from albert_np.parameters import flatten
from albert_np.parameters.initial_values import wave_positions
from albert_np.pretraining import RunStopped, pretrain, resume
from albert_np.pretraining.distributed import Alone
from albert_np.pretraining.options import PretrainingOptions
from albert_np.pretraining.run import make_model, make_optimizer
from albert_np.pretraining.run_checkpoints import load_checkpoint
from albert_np.pretraining.run_data import open_run_data
from albert_np.text import train_tokenizer

pytest.importorskip("sentencepiece")

pytestmark = pytest.mark.usefixtures("no_pictures")

CONFIG = dict(OPTIONS["config"], hidden_dropout_prob=0.0)


def options_of(corpus, **changes):
    return PretrainingOptions(**{**OPTIONS, "corpus": str(corpus), **changes})


def test_what_may_differ_when_a_run_goes_on():
    options = PretrainingOptions()
    assert set(vars(options)) - set(options.lasting()) == {
        "corpus", "tokenizer", "workers", "accumulation_steps", "recompute", "checkpoint_every",
        "keep_checkpoints", "evaluate_every", "tensorboard"}


# ---- the optimiser and the model -----------------------------------------------------------------

@pytest.mark.parametrize("name, kind, settings", [
    ("adamw", AdamW, dict(betas=(0.9, 0.7), weight_decay=0.3)),
    ("lamb", LAMB, dict(betas=(0.9, 0.7), weight_decay=0.3)),
    ("adam", Adam, dict(betas=(0.9, 0.7))), ("sgd", SGD, dict(momentum=0.9))])
def test_the_optimiser_has_the_settings_that_it_takes(name, kind, settings):
    options = PretrainingOptions(optimizer=name, beta_2=0.7, weight_decay=0.3)
    optimizer = make_optimizer({"W": np.ones((2, 3), np.float32)}, options, 0.5)
    assert type(optimizer) is kind and optimizer.lr == 0.5
    assert {key: getattr(optimizer, key) for key in settings} == settings


class Pieces:
    vocab_size, pad_token_id, cls_token_id, sep_token_id = 23, 7, 5, 6


def test_the_model_has_the_ids_of_its_tokenizer_and_the_positions_that_are_asked_for():
    sizes = dict(hidden_size=12, num_attention_heads=3, embedding_size=8, initializer_range=0.1)
    models = {(start, seed): make_model(Pieces, PretrainingOptions(
        config=sizes, data=dict(max_seq_length=30), wave_start=start, seed=seed))
        for start in (True, False) for seed in (0, 4)}
    for (start, _), model in models.items():
        config = model.config
        assert (config.vocab_size, config.pad_token_id, config.bos_token_id,
                config.eos_token_id) == (23, 7, 5, 6)
        assert config.max_position_embeddings == 30 and config.hidden_size == 12
        table = model.params["embeddings"]["position"]
        waves = wave_positions(30, 8).astype(np.float32)
        assert np.array_equal(table, waves) == start
        assert start or abs(table).max() <= 0.2                # truncated at twice the range
    for start in (True, False):
        one, other = (models[start, seed].params["encoder"] for seed in (0, 4))
        assert not np.array_equal(flatten(one)["attention.0.self_attention.W_q"],
                                  flatten(other)["attention.0.self_attention.W_q"])


# ---- the loop ------------------------------------------------------------------------------------

@pytest.fixture
def loop(corpus, tmp_path, monkeypatch):
    """``loop(**options)`` gives the arguments that the training loop gets, without training."""
    def run(**changes):
        found = {}

        def train(model, optimizer, batches, steps, **others):
            found.update(others, model=model, optimizer=optimizer, batches=batches, steps=steps)

        monkeypatch.setattr("albert_np.pretraining.run.train", train)
        with pytest.raises(RunStopped):
            pretrain(tmp_path / str(len(list(tmp_path.iterdir()))), corpus,
                     **{**OPTIONS, **changes}, progress=False)
        return found
    return run


def test_every_option_of_the_loop_reaches_it(loop):
    asked = dict(max_gradient_norm=0.3, evaluate_every=7, workers=3, accumulation_steps=2, parts=5,
                 float64_sums=True, recompute=True, steps=60)
    found = loop(**asked)
    assert {name: found[name] for name in asked} == asked
    assert found["progress"] is False and found["metrics"] == []
    plain = loop()
    assert plain["parts"] == 2 and loop(workers=3, accumulation_steps=2)["parts"] == 6
    assert not plain["float64_sums"] and not plain["recompute"]
    assert (plain["max_gradient_norm"], plain["accumulation_steps"]) == (1.0, 1)


@pytest.mark.parametrize("changes, warmup", [
    ({}, 2), (dict(steps=100), 5), (dict(steps=100, warmup_steps=20), 20),
    (dict(steps=10), 0), (dict(warmup_steps=0), 0)], ids=str)
def test_the_learning_rate_rises_for_a_twentieth_or_as_long_as_it_is_told(loop, changes, warmup):
    found = loop(learning_rate=0.25, **changes)
    rate, steps = found["optimizer"].lr, found["steps"]
    expected = [0.25 * step / warmup if step < warmup else 0.25 * (1 - step / steps)
                for step in range(steps + 1)]
    assert [rate(step) for step in range(steps + 1)] == pytest.approx(expected)


@pytest.mark.parametrize("config, drawn", [
    ({}, False), (dict(hidden_dropout_prob=0.1), True),
    (dict(attention_probs_dropout_prob=0.1), True)], ids=str)
def test_masks_are_drawn_where_either_kind_of_dropout_is_on(loop, config, drawn):
    rngs = [loop(config={**CONFIG, "attention_probs_dropout_prob": 0.0, **config},
                 seed=seed)["rng"] for seed in (3, 3, 4)]
    assert [rng is not None for rng in rngs] == [drawn] * 3
    if drawn:
        one, same, other = (rng.integers(2**40) for rng in rngs)
        assert one == same != other
        split = np.random.default_rng(np.random.SeedSequence(3).spawn(1)[0])
        assert one != split.integers(2**40)                    # which draws the held-out documents


def test_the_evaluation_is_that_of_the_model_on_held_out_text(loop):
    from albert_np.pretraining import evaluate

    found = loop(held_out_sequences=9)
    held_out = found["batches"].data.held_out
    assert sum(len(batch["labels"]) for batch in held_out) == 9
    assert found["evaluation"]() == evaluate(found["model"], held_out)


def test_the_loop_and_its_evaluation_share_their_work_among_the_ranks(loop):
    class Noting(Alone):
        def gather(self, items):
            gathered.append(len(items))
            return items

    gathered, ranks = [], Noting()
    found = loop(communicator=ranks)
    assert found["communicator"] is ranks and gathered == []
    found["evaluation"]()
    assert gathered == [len(found["batches"].data.held_out)]


# ---- the text ------------------------------------------------------------------------------------

def text_of(corpus, folder, **changes):
    folder.mkdir(exist_ok=True)
    said = []
    data, fingerprint = open_run_data(folder, options_of(corpus, **changes), resuming=False,
                                      say=said.append)
    return data, fingerprint, "\n".join(said)


def documents_of(data):
    """The training documents, each as the bytes of its pieces."""
    return [np.concatenate(document).tobytes() for document in data.shards[0]]


def test_options_of_the_text(corpus, tmp_path):
    plain, fingerprint, said = text_of(corpus, tmp_path / "a")
    assert len(documents_of(plain)) == 36 and "432 sentences in 36 documents to train on" in said
    data, _, said = text_of(corpus, tmp_path / "b", held_out=0.5)
    assert len(documents_of(data)) == 20 and "240 sentences in 20 documents held out" in said
    data, _, _ = text_of(corpus, tmp_path / "c", seed=4, tokenizer=str(tmp_path / "a"))
    assert set(documents_of(data)) != set(documents_of(plain))  # others are held out
    assert (data.seed, plain.seed) == (4, 3)
    data, _, _ = text_of(corpus, tmp_path / "d", batch_size=7, held_out_sequences=10)
    assert [len(batch["labels"]) for batch in data.held_out] == [7, 3]
    assert len(next(data.training_batches())["labels"]) == 7
    data, other, _ = text_of(corpus, tmp_path / "e", vocab_size=47)
    assert (data.tokenizer.vocab_size, plain.tokenizer.vocab_size) == (47, 45)
    assert other != fingerprint                                # the tokenizer is a part of the text
    assert plain.options.max_seq_length == 16 and not plain.options.beginnings_only


def test_the_layout_says_what_a_line_is(tmp_path):
    """The same file as sentences, one a line, and as running text."""
    path = tmp_path / "text.txt"
    path.write_text("\n\n\n".join(f"The cat {i} sees. A dog {i} likes\nthe moon. It is {i} again."
                                for i in range(20)))
    found = {layout: text_of(path, tmp_path / layout, layout=layout, vocab_size=40)[2]
             for layout in ("lines", "prose")}
    assert "36 sentences in 18 documents" in found["lines"]    # two lines each
    assert "54 sentences in 18 documents" in found["prose"]    # three sentences each


def test_documents_of_the_embedded_text_stay_with_their_group(corpus, tmp_path, monkeypatch):
    """And only the beginnings of its short documents are asked about, unless told otherwise."""
    documents = [block.split("\n") for block in corpus.read_text().split("\n\n")]
    monkeypatch.setattr("albert_np.pretraining.run_data.embedded_corpus",
                        lambda: (documents, ["long"] * 30 + ["short"] * 10))
    for asked, expected in (({}, True), ({"beginnings_only": False}, False)):
        options = PretrainingOptions(vocab_size=45, data={"max_seq_length": 16, **asked})
        data, _ = open_run_data(tmp_path, options, resuming=False, say=lambda words: None)
        assert data.options.beginnings_only == expected
        assert len(data.shards[0]) in (10, 30)


def test_a_tokenizer_is_trained_on_the_text_to_train_on(corpus, tmp_path, monkeypatch):
    """What is held out is not looked at."""
    def train(sentences, vocab_size, path):
        seen.extend(sentences)
        train_tokenizer(sentences, vocab_size, path)

    seen = []
    monkeypatch.setattr("albert_np.pretraining.run_data.train_tokenizer", train)
    data, _, _ = text_of(corpus, tmp_path / "run", held_out=0.5)
    assert len(seen) == data.shards[0].num_sentences == 240
    assert data.tokenizer.encode_batch(seen) == [
        sentence.tolist() for document in data.shards[0] for sentence in document]


def test_a_tokenizer_that_is_given_is_used_and_kept(corpus, tmp_path):
    train_tokenizer(corpus.read_text().split("\n"), 43, tmp_path / "given.model")
    data, _, _ = text_of(corpus, tmp_path / "run", tokenizer=str(tmp_path / "given.model"))
    assert data.tokenizer.vocab_size == 43
    assert (tmp_path / "run" / "spiece.model").read_bytes() == \
        (tmp_path / "given.model").read_bytes()


# ---- the folder ----------------------------------------------------------------------------------

def files_of(folder):
    """The names and the bytes of all files but the lock and those that hold times."""
    return {path.name: path.read_bytes() for path in folder.iterdir()
            if path.is_file() and path.name not in ("metrics.csv", "results.json", ".lock")}


def without_clocks(figures):
    """Figures as they are but for those of a clock, and those that are missing."""
    return {name: value for name, value in figures.items()
            if name not in ("seconds", "tokens_per_second") and value is not None}


def test_checkpoints_are_kept_as_many_as_told(corpus, tmp_path):
    pretrain(tmp_path / "run", corpus, **{**OPTIONS, "steps": 9, "checkpoint_every": 2,
                                          "keep_checkpoints": 3, "evaluate_every": 5},
             progress=False)
    steps = sorted(int(path.name[5:13]) for path in (tmp_path / "run" / "checkpoints").iterdir())
    assert steps == [6, 8, 9]                                  # of 2, 4, 5, 6, 8, 9


def test_the_model_in_the_folder_is_that_of_the_last_evaluation(corpus, tmp_path, monkeypatch):
    stop_after(tmp_path / "run", corpus, 12, monkeypatch, keep_checkpoints=9)
    tensors, _ = load_checkpoint(tmp_path / "run" / "checkpoints" / "step-00000010.safetensors")
    for name, array in flatten(load_model(tmp_path / "run").params).items():
        assert np.array_equal(array, tensors[f"params.{name}"])


def test_an_interrupted_run_writes_what_a_whole_one_does(corpus, tmp_path, monkeypatch):
    """All files, all results, and what is drawn; options that are not the defaults are kept."""
    changes = dict(steps=24, accumulation_steps=3, workers=1, float64_sums=True, beta_2=0.9,
                   weight_decay=0.2, max_gradient_norm=0.5, warmup_steps=5, held_out_sequences=20,
                   keep_checkpoints=4, wave_start=False, batch_size=6)
    drawn = {}

    def draw(metrics, path, baselines, *others):
        drawn[path.parent.name] = list(map(without_clocks, metrics)), baselines, others

    monkeypatch.setattr("albert_np.pretraining.results.plot_losses", draw)
    pretrain(tmp_path / "whole", corpus, **{**OPTIONS, **changes}, progress=False)
    stop_after(tmp_path / "parts", corpus, 12, monkeypatch, **changes)
    assert not (tmp_path / "parts" / "results.json").exists()
    results = resume(tmp_path / "parts", progress=False)["results"]
    assert drawn["parts"] == drawn["whole"] and drawn["whole"][2] == (45, 0.15)
    whole, parts = (files_of(tmp_path / name) for name in ("whole", "parts"))
    assert set(whole) >= {"config.json", "model.safetensors", "spiece.model", "options.json",
                          "tokenizer_config.json"} and whole == parts
    expected, written = (json.loads((tmp_path / name / "results.json").read_text())
                         for name in ("whole", "parts"))
    assert written == json.loads(json.dumps(results))
    for one in (expected, written):
        one["held_out"] = without_clocks(one["held_out"])
    assert written == expected
    assert {name: written["options"][name] for name in changes} == changes
    assert written["options"]["parts"] == 3 and written["blind_guess"] == pytest.approx(np.log(45))
    steps = [sorted(path.name for path in (tmp_path / name / "checkpoints").iterdir())
             for name in ("whole", "parts")]
    assert steps[0] == steps[1] and len(steps[0]) == 4


def test_the_clock_of_a_run_goes_on(corpus, tmp_path, monkeypatch):
    """Seconds never fall, and those of the first part are part of the whole."""
    stop_after(tmp_path / "run", corpus, 12, monkeypatch, steps=24)
    rows = resume(tmp_path / "run", progress=False)["metrics"]
    seconds = [row["seconds"] for row in rows]
    assert seconds == sorted(seconds) and len(rows) == 24 + 3 and seconds[0] > 0
    assert [row["step"] for row in rows if row["split"] == "train"] == list(range(1, 25))
