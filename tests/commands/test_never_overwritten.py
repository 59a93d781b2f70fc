"""A command that writes refuses a file that is there, before it reads anything else."""

import pytest

from albert_np.commands.cli import main

COMMANDS = [
    ["predict", "MODEL", "a", "--output", "FILE.jsonl"], ["embed", "MODEL", "a", "--output",
                                                          "FILE.npy"],
    ["plot", "RUN", "--output", "FILE.png"], ["plot", "RUN", "OTHER", "--output", "FILE.png"],
    ["info", "albert-base-v2", "--output", "FILE.png"],
    ["course", "grade", "SUBMISSIONS", "--results", "FILE.json"],
    ["course", "autograder", "FILE.zip"]]


@pytest.mark.parametrize("kind", ["file", "folder", "link to nowhere"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_files(command, kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / next(word for word in command if word.startswith("FILE."))
    if kind == "file":
        path.write_bytes(b"mine")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    assert main(command) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    what = "folder" if kind == "folder" else "file"
    assert captured.err.startswith(f"albert-np: there is a {what} {path.name} already; it stays as "
                                   f"it is: remove it, or give ")
    assert list(tmp_path.iterdir()) == [path]
    if kind == "file":
        assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["errors.png", "depths.png"])
def test_the_pictures_of_gradcheck(name, tmp_path, capsys):
    (tmp_path / name).write_bytes(b"mine")
    assert main(["gradcheck", "--report", str(tmp_path)]) == 2
    assert f"there is a file {tmp_path / name} already" in capsys.readouterr().err
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, b"mine")]


def test_several_runs_are_drawn_into_a_free_file(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("albert_np.pretraining.metrics.read_run", lambda folder: folder)
    monkeypatch.setattr("albert_np.plotting.plot_runs", lambda runs, path, smooth: path)
    (tmp_path / "curves.png").write_bytes(b"mine")
    assert main(["plot", "one", "two"]) == 0
    assert capsys.readouterr().out == "curves-2.png\n"
    assert main(["plot", "one"]) == 0                         # its own, which is drawn anew
    assert capsys.readouterr().out == "one/curves.png\n"


@pytest.mark.parametrize("name", ["grades.csv", "grades.results/bob.json"])
def test_a_table_of_somebody_else_is_left_alone(name, tmp_path, capsys):
    (tmp_path / "submissions" / "bob").mkdir(parents=True)
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"mine")
    assert main(["course", "grade", str(tmp_path / "submissions"), "--output",
                 str(tmp_path / "grades.csv")]) == 2
    error = capsys.readouterr().err
    assert "was not made by albert-np course grade" in error and error.count("\n") == 1
    assert path.read_bytes() == b"mine" and len(list(path.parent.iterdir())) <= 2


def test_a_folder_with_runs_of_others_is_no_ablation(tmp_path, corpus, capsys):
    (tmp_path / "runs" / "pretrain").mkdir(parents=True)
    (tmp_path / "results.json").write_text("mine")
    assert main(["ablate", "sharing", "--corpus", str(corpus), "--output", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "is not empty (results.json)" in error and error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results.json", "runs"]
