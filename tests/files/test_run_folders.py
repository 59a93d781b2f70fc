"""No command writes into a folder that holds something else."""

import pytest

from albert_np.commands.cli import main
from albert_np.files.run_folders import claim_folder, refuse_other_files, release_folder


def test_new_empty_and_unfinished_folders_are_taken(tmp_path):
    folder = tmp_path / "deep" / "run"
    claim_folder(folder, "finetune")                               # makes it
    assert (folder / ".unfinished").read_text() == "finetune\n"
    (folder / "model.safetensors").write_bytes(b"")
    claim_folder(folder, "finetune")
    with pytest.raises(ValueError, match="is not empty .model.safetensors. and holds no unfinished "
                                         "run of albert-np pretrain; choose another --output"):
        claim_folder(folder, "pretrain")
    release_folder(folder)
    release_folder(folder)
    with pytest.raises(ValueError, match="is not empty .model.safetensors."):
        claim_folder(folder, "finetune")


def test_locks_and_leftovers_are_no_files_of_others(tmp_path):
    for name in (".lock", ".config.json.123.part"):
        (tmp_path / name).touch()
    claim_folder(tmp_path, "prepare")
    (tmp_path / ".config.json.part").touch()
    claim_folder(tmp_path, "prepare")                              # as it is unfinished
    with pytest.raises(ValueError, match=r"\(.config.json.part\)"):
        claim_folder(tmp_path, "ablate")


def test_a_folder_named_runs_is_no_ablation(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "table.md").touch()
    with pytest.raises(ValueError, match="is not empty .runs."):
        refuse_other_files(tmp_path, "ablate")
    (tmp_path / ".unfinished").write_bytes(b"\xff")
    with pytest.raises(ValueError, match="is not empty .runs."):
        refuse_other_files(tmp_path, "ablate")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="The folder .*file cannot be written: "):
        claim_folder(tmp_path / "file", "prepare")


@pytest.mark.parametrize("command", [
    ["prepare", "CORPUS", "--vocab-size", "60"], ["pretrain", "--corpus", "CORPUS"],
    ["ablate", "sharing", "--corpus", "CORPUS"],
    ["finetune", "classification", "--data", "CORPUS"],
    ["search", "classification", "--data", "CORPUS", "--space", "lr=1e-3,1e-4"]])
@pytest.mark.parametrize("name", ["spiece.model", "train.tsv", "config.json"])
def test_every_command_leaves_the_folders_of_others_alone(command, name, corpus, tmp_path, capsys):
    if command[0] == "search":
        pytest.importorskip("optuna")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / name).write_text("mine")
    arguments = [str(corpus) if word == "CORPUS" else word for word in command]
    assert main([*arguments, "--output", str(folder)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and str(folder) in error and name in error
    assert "choose another" in error and (folder / name).read_text() == "mine"
    assert {path.name for path in folder.iterdir()} <= {name, ".lock"}
