"""``albert-np plot``: what it draws, and how it refuses."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from albert_np import plotting
from albert_np.commands.cli import main
from albert_np.plotting import losses, plot_losses, plot_runs, runs
from albert_np.pretraining.metrics import read_csv, read_run, to_csv

BLUE, ORANGE = plotting.BLUE, plotting.ORANGE


def some_rows(steps=60, seed=0, every=20):
    """The rows of a run whose losses fall."""
    rng, rows = np.random.default_rng(seed), []
    for step in range(1, steps + 1):
        mlm, sop = 3 + 4 / step + rng.normal(0, 0.1), 0.7 - 0.002 * step
        rows.append({"step": step, "split": "train", "loss": mlm + sop, "mlm_loss": mlm,
                     "sop_loss": sop, "learning_rate": 1e-3 * (1 - step / steps),
                     "gradient_norm": 1.0 + rng.random(), "tokens": 100,
                     "tokens_per_second": 5000.0 + step, "seconds": 0.1 * step})
        if step % every == 0:
            rows.append({"step": step, "split": "held-out", "loss": mlm + 1, "mlm_loss": mlm + 0.5,
                         "sop_loss": 0.5, "mlm_accuracy": 0.1 + 0.001 * step,
                         "sop_accuracy": 0.8, "seconds": 0.1 * step})
    return rows


def make_run(folder, rows):
    folder.mkdir(parents=True)
    (folder / "metrics.csv").write_bytes(to_csv(rows))
    return str(folder)


@pytest.fixture
def figure(monkeypatch):
    """The figures that would be saved, laid out but not rendered, which takes a second each."""
    saved = []

    def save(figure, path):
        figure.draw_without_rendering()
        saved.append(figure)
        return path

    monkeypatch.setattr(runs, "save_figure", save)
    return saved


def panels(figure):
    assert isinstance(figure, Figure)
    return {axes.get_title(): axes for axes in figure.axes if axes.axison}


def lines(axes, colour):
    """The solid ones: the reference line is dashed and grey."""
    return [line for line in axes.lines if line.get_color() == colour]


# ---- what is drawn -------------------------------------------------------------------------------

def test_one_run(tmp_path, capsys, figure):
    run = make_run(tmp_path / "one", some_rows())
    assert main(["plot", run, "--smooth", "10"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'one' / 'curves.png'}\n"
    by_title = panels(figure[0])
    assert list(by_title) == [heading for _, heading, _, _ in runs.RUN_PANELS]
    for axes in by_title.values():
        assert axes.get_xlabel() == "step" and axes.get_ylabel()
    rows = read_csv(tmp_path / "one" / "metrics.csv")
    train = np.array([row["mlm_loss"] for row in rows if row["split"] == "train"])
    held_out = [row["mlm_loss"] for row in rows if row["split"] == "held-out"]
    single, smooth, dots = lines(by_title["Masked language model: loss"], BLUE)
    assert single.get_ydata() == pytest.approx(train) and single.get_alpha() < 0.5
    assert smooth.get_ydata()[[40, 59]] == pytest.approx([train[31:41].mean(), train[50:].mean()])
    assert dots.get_xdata().tolist() == [20, 40, 60]
    assert dots.get_ydata() == pytest.approx(held_out) and dots.get_marker() == "o"
    low, high = by_title["Masked language model: loss"].get_ylim()
    assert low < min(held_out + [smooth.get_ydata().min()]) and high > smooth.get_ydata().max()
    (accuracy,) = lines(by_title["Masked language model: accuracy"], BLUE)
    assert accuracy.get_ydata() == pytest.approx([0.12, 0.14, 0.16])
    # A schedule is no noisy measurement: its peak is not to be averaged away.
    assert lines(by_title["Learning rate"], BLUE)[1].get_ydata() == pytest.approx(
        [row["learning_rate"] for row in rows if row["split"] == "train"])
    assert lines(by_title["Speed"], BLUE)[0].get_ydata()[[0, 59]].tolist() == [5001, 5060]
    (legend,) = figure[0].legends
    assert [text.get_text() for text in legend.get_texts()] == ["one", "training text",
                                                                "held-out text"]


def test_names_of_reference_lines_are_beside_the_curves(monkeypatch, figure):
    monkeypatch.setattr(losses, "save_figure", runs.save_figure)
    plot_runs({"one": some_rows()}, "one.png")
    plot_losses(some_rows(), "one.png", {"unigram": 5.9, "bigram": 4.9}, 2000, 0.15)
    names = [text for each in figure for axes in each.axes for text in axes.texts]
    assert [text.get_text().replace("\n", " ") for text in names] == [
        "coin toss, ln 2 = 0.69", "coin toss = 0.50", "blind guess, ln V = 7.60", "unigram = 5.90",
        "bigram = 4.90", "coin toss, ln 2 = 0.69", "unigram + 0.15 ln 2 = 6.00",
        "bigram + 0.15 ln 2 = 5.00"]
    for name in names:
        box = name.get_window_extent()
        assert name.axes.bbox.x1 < box.x0 and box.x1 <= name.figure.bbox.x1


def test_several_runs(tmp_path, monkeypatch, capsys, figure):
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "a" / "run", some_rows(60))
    make_run(tmp_path / "b" / "run", some_rows(90, seed=1))
    assert main(["plot", "a/run", "b/run"]) == 0
    assert capsys.readouterr().out == "curves.png\n"
    for name, axes in panels(figure[0]).items():
        longest = [max(line.get_xdata()[-1] for line in lines(axes, colour))
                   for colour in (BLUE, ORANGE)]
        assert longest == ([60, 80] if name.endswith("accuracy") else [60, 90])
        assert axes.get_xlim() == pytest.approx((0, 1.02 * 90))
    texts = figure[0].legends[0].get_texts()
    assert [text.get_text() for text in texts[:2]] == ["a/run", "b/run"]


def test_the_legend_covers_no_panel(tmp_path, figure):
    """Nor does it reach beyond the picture, with long names either."""
    names = [f"a rather long name of a run, number {i}, which says what it tried" for i in range(5)]
    plot_runs({name: some_rows() for name in names}, tmp_path / "a.png")
    plot_runs({str(i): some_rows() for i in range(3)}, tmp_path / "b.png")
    for drawn in figure:
        box = drawn.legends[0].get_window_extent()
        assert 0 <= box.x0 and box.x1 <= drawn.bbox.x1 and box.y0 >= 0
        assert not any(box.overlaps(axes.get_tightbbox()) for axes in drawn.axes)


def test_twenty_one_runs_look_different(tmp_path, figure):
    runs = {str(i): some_rows(20, every=5) for i in range(22)}
    with pytest.raises(ValueError, match="22 runs cannot be told apart in one picture; at most 21"):
        plot_runs(runs, tmp_path / "many.png")
    del runs["21"]
    plot_runs(runs, tmp_path / "many.png")
    dots = panels(figure[0])["Masked language model: accuracy"].lines
    assert len({(line.get_color(), line.get_linestyle(), line.get_marker())
                for line in dots}) == 21


def test_what_no_run_has_gets_no_panel(tmp_path, figure):
    """A run without sentence order; and figures that are no numbers leave a gap."""
    rows = [{**row, "sop_loss": None, "sop_accuracy": None, "tokens_per_second": None}
            for row in read_run(make_run(tmp_path / "run", some_rows()))]
    rows[3]["gradient_norm"] = float("inf")
    plot_runs({"run": rows}, tmp_path / "run.png")
    by_title = panels(figure[0])
    assert "Speed" not in by_title and not any("Sentence order" in name for name in by_title)
    assert len(by_title) == 5
    assert len(lines(by_title["Gradient norm before clipping"], BLUE)[0].get_xdata()) == 59


def test_names_are_shown_as_they_are(tmp_path, figure):
    plot_runs({"_a$b$": some_rows(), "c": some_rows()}, tmp_path / "run.png", smooth=1)
    texts = [text.get_text() for text in figure[0].legends[0].get_texts()]
    assert texts == [r" _a\$b\$", "c", "training text", "held-out text"]


def test_a_run_of_one_step(tmp_path):
    run = make_run(tmp_path / "run", some_rows(1, every=1))
    assert main(["plot", run]) == 0
    picture = tmp_path / "run" / "curves.png"
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 20_000


# ---- refusals ------------------------------------------------------------------------------------

def refused(capsys, *arguments):
    assert main(["plot", *map(str, arguments)]) == 2
    output, error = capsys.readouterr()
    assert output == "" and error.startswith("albert-np: ") and error.count("\n") == 1
    return error


def test_folders_that_hold_no_figures(tmp_path, capsys):
    assert f"There is no folder {tmp_path / 'none'}." in refused(capsys, tmp_path / "none")
    (tmp_path / "file").write_text("")
    assert "file is a file, where a run folder is needed" in refused(capsys, tmp_path / "file")
    assert "is not the folder of a run that has been evaluated: it has no metrics.csv" in refused(
        capsys, tmp_path)
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "checkpoints" / "step-00000010.safetensors").write_bytes(b"")
    assert "run has checkpoints but no metrics.csv yet, which is written at each evaluation" \
        in refused(capsys, tmp_path / "run")
    (tmp_path / "run" / "metrics.csv").write_bytes(to_csv([]))
    assert "metrics.csv holds no figures" in refused(capsys, tmp_path / "run")


@pytest.mark.parametrize("damage, message", [
    (lambda text: text.replace("\n3,train,", "\nthree,train,"),
     "metrics.csv, line 4: could not convert string to float: 'three'"),
    (lambda text: text.replace("\n3,train,", "\n,train,"), "line 4: the step is ''; it must be"),
    (lambda text: text.replace("\n3,train,", "\n3.5,train,"), "line 4: the step is '3.5'; it must"),
    (lambda text: text.replace("\n3,train,", "\ninf,train,"), "line 4: the step is 'inf'; it must"),
    (lambda text: text.replace("\n3,train,", "\n3,test,"), "line 4: the split is 'test'; it must"),
    (lambda text: text[:text.index("\n4,")].rsplit(",", 3)[0],
     "line 4: it does not have as many values as there are columns"),
    (lambda text: text.replace("\n3,train,", "\n3,train,7,"),
     "line 4: it does not have as many values as there are columns"),
    (lambda text: text.replace("split", "part"), "it has no column split"),
    (lambda text: "\0" + text, "is a binary file"),
])
def test_damaged_metrics(tmp_path, capsys, damage, message):
    good, bad = (make_run(tmp_path / name, some_rows(5, every=5)) for name in ("good", "bad"))
    file = tmp_path / "bad" / "metrics.csv"
    file.write_text(damage(file.read_text()))
    error = refused(capsys, good, bad, "--output", tmp_path / "picture.png")
    assert str(file) in error and message in error
    assert not (tmp_path / "picture.png").exists()


def test_bad_options(tmp_path, capsys):
    run = make_run(tmp_path / "run", some_rows(5))
    assert "smooth is 0; it must be at least 1" in refused(capsys, run, "--smooth", "0")
    assert "must end in .png" in refused(capsys, run, "--output", tmp_path / "run.pdf")
    assert "is given twice" in refused(capsys, run, f"{run}/../run")
    (tmp_path / "taken").write_text("")
    assert "cannot be written" in refused(capsys, run, "--output", tmp_path / "taken" / "a.png")
    blank = [{"step": 1, "split": "train", "loss": float("nan")}]
    assert "there is no figure to draw" in refused(capsys, make_run(tmp_path / "blank", blank))
