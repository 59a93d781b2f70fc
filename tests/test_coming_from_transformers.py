"""The page for people from transformers: both columns run, and come to the same."""

import re
from pathlib import Path

import pytest

import albert_np
from albert_np import AlbertConfig, AlbertForPreTraining, AlbertForSequenceClassification
from albert_np.commands.finetune import finetune_parser
from albert_np.text import AlbertTokenizer

PAGE = (Path(albert_np.__file__).parents[1] / "docs" / "coming-from-transformers.md").read_text(
    encoding="utf-8")
LINES, DIFFERENCES = PAGE.split("## Trainer and pipelines")
ROWS = [re.split(r" \| ", row[2:-2]) for row in LINES.splitlines() if row.startswith("| `")
        or row.startswith("| —")]
THEIRS, OURS = ([row[column].strip("`") for row in ROWS if row[column] != "—"][1:]
                for column in (0, 1))                    # the first one is that of pip
NAME = '"albert/albert-base-v2"'


@pytest.fixture
def folder(inference_folder, tmp_path, monkeypatch):
    """A small model with a head for two labels, and films to learn from."""
    monkeypatch.chdir(tmp_path)
    tokenizer = AlbertTokenizer.from_folder(inference_folder)
    config = AlbertConfig(vocab_size=len(tokenizer), embedding_size=8, hidden_size=16,
                          num_hidden_layers=2, num_attention_heads=2, intermediate_size=20,
                          max_position_embeddings=40, classifier_dropout_prob=0.0, num_labels=2)
    AlbertForSequenceClassification(config, seed=3).save_pretrained(tmp_path / "model", tokenizer)
    words = "the a one two file list of names".split()
    Path("films.tsv").write_text("text\tlabel\n" + "".join(
        f"{words[i % 8]} {words[i // 8]} {kind}\t{kind}\n"
        for i, kind in enumerate(["bad", "good"] * 30)))
    return tmp_path / "model"


def run(lines, folder):
    """The variables after lines of the page, with this folder in the place of the name."""
    names = {}
    for line in lines:
        exec(compile(line.replace(NAME, repr(str(folder))), "the page", "exec"), names)
    return names


def test_the_page_has_every_step_in_both_columns():
    assert len(ROWS) > 30 and all(len(row) == 2 for row in ROWS)
    assert [name for name in ("Install", "Import", "Load", "Prepare", "Train", "Evaluate")
            if f"\n## {name}\n" not in PAGE] == []
    for line in [*THEIRS, *OURS]:
        compile(line, "the page", "exec")


def test_the_options_of_the_page_are_those_of_the_command():
    options = re.findall(r"^\| .* \| `(--.*?)`", PAGE, re.MULTILINE)
    assert len(options) > 10
    words = [word for option in options for word in option.replace("FILE", "a.tsv").split()]
    asked = finetune_parser().parse_args(["classification", "--data", "rows.tsv", *words])
    assert asked.accumulation_steps == 4 and asked.best_by == "f1" and asked.freeze is True


def test_our_lines_run_and_learn(folder, capsys):
    names = run(OURS, folder)
    assert names["output"].logits.shape == (2, 2) and 0 <= names["accuracy"] <= 1
    assert names["loss"] > 0 and names["words"][0].startswith("a")
    assert "25 of 27" not in capsys.readouterr().out
    assert {path.name for path in Path("mine").iterdir()} - {"tokenizer.json"} == {
        "config.json", "model.safetensors", "spiece.model", "tokenizer_config.json"}


def test_the_blocks_of_code_run(folder, inference_folder, capsys):
    pytest.importorskip("sklearn")
    training, filling = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    names = {"name": str(folder)}
    exec(training, names)
    assert 0 <= names["results"]["test"]["accuracy"]["value"] <= 1
    tokenizer = AlbertTokenizer.from_folder(inference_folder)
    AlbertForPreTraining(AlbertConfig.from_pretrained(inference_folder)).save_pretrained(
        "pretrained", tokenizer)
    exec(filling.replace(NAME, '"pretrained"'), names)
    assert len(names["fill_mask"](names["model"], names["tokenizer"], "A [MASK].", top=3)[0]) == 3


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_their_lines_come_to_the_same(folder):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    pytest.importorskip("google.protobuf")
    # Their tokenizer does not read the number of positions from the model.
    theirs = run([line.replace("truncation=True", "truncation=True, max_length=40")
                  for line in THEIRS], folder)
    ours = run(OURS, folder)
    assert ours["size"] == theirs["size"] and ours["V"] == theirs["V"]
    assert ours["mask"] == theirs["mask"]
    assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-5)
    assert float(ours["norm"]) == pytest.approx(float(theirs["norm"]), rel=1e-4)
    assert ours["predictions"].tolist() == theirs["predictions"].tolist()
    assert ours["accuracy"] == pytest.approx(theirs["accuracy"])
