"""The command line: what it prints, what it leaves, and how it refuses."""

import json
import subprocess
import sys

import pytest
from small_corpus import write_corpus

from albert_np.commands.cli import main

QUICK = ["--vocab-size", "45", "--steps", "4", "--batch-size", "4", "--max-length", "16",
         "--hidden-size", "16", "--heads", "2", "--intermediate-size", "20"]


@pytest.fixture
def corpus(tmp_path):
    pytest.importorskip("sentencepiece")
    write_corpus(tmp_path / "corpus.txt")
    return tmp_path / "corpus.txt"


def test_pretrain(corpus, tmp_path, capsys):
    output = tmp_path / "run"
    assert main(["pretrain", "--corpus", str(corpus), "--output", str(output), *QUICK,
                 "--sharing", "none", "--sop-weight", "0.5"]) == 0
    text = capsys.readouterr().out
    for part in ("unigram", "bigram", "sentence order", "three best guesses", "[MASK]"):
        assert part in text
    config = json.loads((output / "config.json").read_text())
    assert config["sharing"] == "none" and config["sop_weight"] == 0.5
    assert config["num_hidden_layers"] == 3 and config["hidden_size"] == 16


@pytest.mark.usefixtures("no_pictures")
def test_pretrain_without_a_masked_piece_shows_no_gaps(corpus, tmp_path, capsys):
    output = tmp_path / "run"
    assert main(["pretrain", "--corpus", str(corpus), "--output", str(output), *QUICK,
                 "--masked-lm-prob", "0"]) == 0
    text = capsys.readouterr().out
    assert "sentence order" in text and "MLM" not in text and "gaps" not in text
    assert text.endswith("checkpoints.\n")
    assert json.loads((output / "results.json").read_text())["held_out"]["mlm_loss"] is None


@pytest.mark.usefixtures("no_pictures")
def test_pretrain_quietly_with_a_given_tokenizer_and_config(corpus, tmp_path, capsys):
    first, second = tmp_path / "one", tmp_path / "two"
    assert main(["pretrain", "--corpus", str(corpus), "--output", str(first), *QUICK,
                 "--quiet"]) == 0
    assert main(["pretrain", "--corpus", str(corpus), "--output", str(second), *QUICK[2:],
                 "--tokenizer", str(first), "--config", str(first / "config.json"),
                 "--layers", "2", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (first / "spiece.model").read_bytes() == (second / "spiece.model").read_bytes()
    assert json.loads((second / "config.json").read_text())["num_hidden_layers"] == 2


@pytest.mark.usefixtures("no_pictures")
def test_default_folders_do_not_collide(corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("pretrain", "pretrain-2"):
        assert main(["pretrain", "--corpus", str(corpus), *QUICK, "--quiet"]) == 0
        assert (tmp_path / "runs" / name / "model.safetensors").exists()


def test_gradcheck(capsys):
    assert main(["gradcheck", "--only", "softmax"]) == 0
    text = capsys.readouterr().out
    assert "masked_softmax" in text and "2 components" in text and "all agree." in text


def test_gradcheck_fails_on_a_wrong_gradient(monkeypatch, capsys):
    from albert_np import functional

    monkeypatch.setattr(functional, "tanh_backward", lambda dy, y: dy * (1 - y))
    assert main(["gradcheck", "--only", "tanh"]) == 1
    text = capsys.readouterr().out
    assert "WRONG, above 1e-07" in text and "backward says" in text


@pytest.mark.parametrize("arguments, message", [
    (["--corpus", "nowhere.txt"], "nowhere.txt"),
    (["--hidden-size", "130"], "hidden_size 130 is not divisible by num_attention_heads 4"),
    (["--config", "albert-tiny"], "albert-tiny"),
    (["--held-out", "1.5"], "held_out"),
    (["--steps", "0"], "steps is 0; it must be at least 1"),
    (["--evaluate-every", "0"], "evaluate_every is 0; it must be at least 1"),
    (["--warmup-steps", "9"], "warmup_steps is 9; it must lie between 0 and total_steps"),
    (["--vocab-size", "5"], "vocab_size must be"),
    (["--vocab-size", "100000"], "too large"),
    (["--max-seq-length", "3"], "max_seq_length is 3; it must be at least 5"),
    (["--ngram", "0"], "ngram is 0; it must be at least 1"),
    (["--masked-lm-prob", "2"], "masked_lm_prob is 2.0; it must be at least 0 and at most 1"),
    (["--checkpoint-every", "0"], "checkpoint_every is 0; it must be at least 1"),
    (["--accumulation-steps", "0"], "accumulation_steps is 0; it must be at least 1"),
    (["--batch-size", "0"], "batch_size is 0; it must be at least 1"),
    (["--workers", "0"], "workers is 0; it must be at least 1"),
    (["--max-gradient-norm", "-1"], "max_gradient_norm is -1.0; it must be above 0"),
    (["--weight-decay", "-1"], "weight_decay is -1.0; it must be at least 0"),
    (["--beta-2", "1"], "beta_2 is 1.0; it must be at least 0 and below 1"),
    (["--sharing", "some"], "sharing is 'some'"),
    (["--tokenizer", "missing"], "missing"),
    (["--lr", "nan"], "learning_rate is nan"),
    (["--seed", "-1"], "seed is -1"),
])
def test_bad_options_get_one_sentence_and_exit_status_2(corpus, tmp_path, monkeypatch, capsys,
                                                        arguments, message):
    monkeypatch.chdir(tmp_path)
    base = ["pretrain", "--corpus", str(corpus), "--vocab-size", "45", "--steps", "4",
            "--max-length", "16", "--batch-size", "4", "--output", "run"]
    assert main([*base, *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("albert-np: ") and error.count("\n") == 1 and message in error
    assert not (tmp_path / "run" / "model.safetensors").exists()


def bad_corpora(tmp_path):
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "one.txt").write_text("Only one sentence stands here.\n")
    (tmp_path / "binary.txt").write_bytes(b"\x89PNG\0\0\0")
    (tmp_path / "latin.txt").write_bytes("Das Schöne.\n".encode("latin-1"))
    (tmp_path / "folder").mkdir()


@pytest.mark.parametrize("name", ["empty.txt", "one.txt", "binary.txt", "latin.txt", "folder"])
def test_bad_corpora_get_one_sentence_and_exit_status_2(tmp_path, capsys, name):
    pytest.importorskip("sentencepiece")
    bad_corpora(tmp_path)
    assert main(["pretrain", "--corpus", str(tmp_path / name), "--output",
                 str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("albert-np: ") and error.count("\n") == 1
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_folder_with_a_model_is_not_overwritten(corpus, tmp_path, capsys):
    output = tmp_path / "run"
    output.mkdir()
    (output / "model.safetensors").write_bytes(b"mine")
    assert main(["pretrain", "--corpus", str(corpus), "--output", str(output)]) == 2
    assert "already holds a run; go on with --resume" in capsys.readouterr().err
    assert (output / "model.safetensors").read_bytes() == b"mine"


def test_output_that_is_a_file_is_refused(corpus, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["pretrain", "--corpus", str(corpus), "--output", str(tmp_path / "file"),
                 *QUICK]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_equation(capsys):
    assert main(["equation", "LN.5"]) == 0
    text = capsys.readouterr().out
    for part in ("layer_norm_backward", "dx = dx_hat - row_mean(dx_hat)", "layer_norm.py:",
                 "layer_norm,"):
        assert part in text
    assert main(["equation", "--list"]) == 0
    index = capsys.readouterr().out
    assert "ATT.9" in index and "ENC.3" in index and len(index.splitlines()) > 70


@pytest.mark.parametrize("arguments, message", [
    (["LN.7"], "there is no equation 'LN.7'; did you mean"), ([], "give the label of an equation"),
    (["LN.5", "--list"], "give the label of an equation")])
def test_bad_equation(arguments, message, capsys):
    assert main(["equation", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_unknown_word_for_gradcheck(capsys):
    assert main(["gradcheck", "--only", "nonsense"]) == 2
    assert "no component's name contains 'nonsense'" in capsys.readouterr().err


def test_module_runs_as_the_command():
    done = subprocess.run([sys.executable, "-m", "albert_np", "--version"], capture_output=True,
                          text=True)
    assert done.returncode == 0 and done.stdout.startswith("albert-np ")
    done = subprocess.run([sys.executable, "-m", "albert_np"], capture_output=True, text=True)
    assert done.returncode == 2


def test_help_teaches(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["pretrain", "--help"])
    assert exit_.value.code == 0
    text = capsys.readouterr().out
    for part in ("masked language model", "ln 2", "examples:", "--learning-rate", "unigram"):
        assert part in text
