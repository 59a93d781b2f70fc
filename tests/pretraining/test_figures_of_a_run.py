"""The figures of a run: as a matrix, as CSV, and in words."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from albert_np.pretraining import results
from albert_np.pretraining.metrics import COLUMNS, from_matrix, read_csv, to_csv, to_matrix
from albert_np.pretraining.options import PretrainingOptions
from albert_np.pretraining.results import summary, write_results

ROWS = [{"step": 1, "split": "train", "loss": 1.23456789, "mlm_loss": 1e-7, "tokens": 64},
        {"step": 1, "split": "held-out", "loss": 1234567.8, "sop_accuracy": 0.5, "mlm_loss": None}]


def test_a_matrix_gives_the_rows_back():
    again = from_matrix(to_matrix(ROWS))
    for row, before in zip(again, ROWS):
        assert list(row) == list(COLUMNS)
        assert {name: value for name, value in row.items() if value is not None} == {
            name: value for name, value in before.items() if value is not None}
    assert [type(again[0][name]) for name in ("step", "tokens", "loss")] == [int, int, float]
    assert to_matrix([]).shape == (0, 12) and from_matrix(to_matrix([])) == []


def test_six_digits_are_written(tmp_path):
    text = to_csv(ROWS).decode()
    assert text == (",".join(COLUMNS) + "\n1,train,1.23457,1e-07,,,,,,64,,\n"
                    "1,held-out,1.23457e+06,,,,0.5,,,,,\n")
    (tmp_path / "metrics.csv").write_text(text)
    first, second = read_csv(tmp_path / "metrics.csv")
    assert (first["step"], first["split"], first["loss"]) == (1, "train", 1.23457)
    assert second["mlm_loss"] is None and type(second["step"]) is int


RESULTS = {"held_out": {"mlm_loss": 3.0, "mlm_accuracy": 0.25, "sop_accuracy": 0.75},
           "baselines": {"unigram": {"mlm_loss": 4.0, "mlm_accuracy": 0.125}}, "blind_guess": 5.0}


def test_what_a_run_came_to_in_words():
    text = summary(RESULTS, Path("run"))
    for line in ("  guessing blindly       5.000   ", "  unigram model          4.000      12.5%",
                 "  this ALBERT            3.000      25.0%", "sentence order        75.0% right"):
        assert line in text
    assert results._NOTHING_LEARNT not in text


@pytest.mark.parametrize("loss, accuracy, learnt", [
    (4.0, 0.125, False), (5.0, 0.0, False), (3.9, 0.125, True), (4.0, 0.126, True)])
def test_a_model_that_has_learnt_nothing_is_told_so(loss, accuracy, learnt):
    """It has overfitted, if it is right more often at a larger loss."""
    held_out = {"mlm_loss": loss, "mlm_accuracy": accuracy, "sop_accuracy": None}
    text = summary({**RESULTS, "held_out": held_out}, Path("run"))
    assert (results._NOTHING_LEARNT not in text) == learnt and "sentence order" not in text
    assert results._NOTHING_LEARNT not in summary({**RESULTS, "held_out": held_out,
                                                   "baselines": {}}, Path("run"))


def test_without_masks_there_is_no_table():
    text = summary({**RESULTS, "held_out": {"mlm_loss": None, "mlm_accuracy": None,
                                            "sop_accuracy": 0.5}, "baselines": {}}, Path("run"))
    assert "MLM" not in text and "sentence order        50.0%" in text


def test_what_is_written_at_the_end(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(results, "plot_losses", lambda *given: drawn.append(given))
    config = SimpleNamespace(vocab_size=100, sop_weight=0.5)
    found = write_results(tmp_path, PretrainingOptions(), ROWS, RESULTS["baselines"], config)
    assert found["held_out"] == {"loss": 1234567.8, "sop_accuracy": 0.5, "mlm_loss": None}
    assert found["blind_guess"] == pytest.approx(np.log(100))
    assert found["options"]["seed"] == 0 and set(found["versions"]) == {"albert_np", "numpy",
                                                                        "python"}
    assert drawn == [(ROWS, tmp_path / "losses.png", {"unigram": 4.0}, 100, 0.5)]
    assert (tmp_path / "metrics.csv").read_bytes() == to_csv(ROWS)
