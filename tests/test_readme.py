"""README and its pages show what one gets: their Python runs, commands print their tables."""

import importlib
import re
from pathlib import Path

import numpy as np

import albert_np
import albert_np.text
from albert_np import AdamW, AlbertConfig
from albert_np.commands.cli import COMMANDS, main
from albert_np.optim import clip_by_global_norm
from albert_np.pretraining.options import PretrainingOptions

ROOT = Path(albert_np.__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODEL_PAGE, PRETRAINING_PAGE = ((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
                                for name in ("using-a-model", "pretraining"))
LINKED = re.findall(r"\]\((docs/[\w-]+\.md|tutorials/[\w-]+\.md)", README)


def python_of(page):
    """The examples of a page."""
    return re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def run(code, names=None, **replaced):
    """Execute an example with other values for some of its text, and return its variables."""
    names = {} if names is None else names
    for old, new in replaced.items():
        assert old in code, old
        code = code.replace(old, new)
    exec(compile(code, "README.md", "exec"), names)
    return names


def test_it_is_one_page():
    assert len(README.splitlines()) <= 150


def test_its_links_and_pictures_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)", README)
    missing = [link for link in links if not (ROOT / link).exists() and "://" not in link]
    assert len(links) > 10 and not missing


def test_the_site_knows_its_pages():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^[\w/-]+$", index, re.MULTILINE))
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index", "course", "teaching"}
    assert pages - listed == set()


def test_the_twenty_lines_and_a_step_of_the_training(corpus, tmp_path, monkeypatch, capsys):
    documents = albert_np.text.read_corpus(corpus)
    monkeypatch.setattr(albert_np.text, "embedded_corpus",
                        lambda: (documents, np.arange(len(documents))))
    monkeypatch.chdir(tmp_path)
    code, = python_of(README)
    names = run(code, **{"vocab_size=1000": "vocab_size=45", "steps=500": "steps=3"})
    assert "mlm_loss" in capsys.readouterr().out
    step, = python_of(PRETRAINING_PAGE)
    run(step, {**names, "batch": next(iter(names["data"].training_batches())),
               "optimizer": AdamW(names["model"].params, lr=1e-3),
               "clip_by_global_norm": clip_by_global_norm})


def test_a_model_is_used(inference_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    use, hub = python_of(MODEL_PAGE)
    run(hub, **{"albert/albert-base-v2": str(inference_folder)})
    assert (tmp_path / "mine" / "spiece.model").is_file()
    run(use, **{"runs/pretrain": str(inference_folder)})


def test_every_command_is_shown():
    """In README, or on a page that it links to."""
    shown = README + "".join((ROOT / page).read_text(encoding="utf-8") for page in LINKED)
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2].replace("_", "-")
        assert re.search(rf"\balbert-np {name}\b", shown), f"no page shows albert-np {name}"


def test_loading_is_where_the_page_says():
    name, module = re.search(r"`(\w+)\(\"runs/pretrain\"\)` from `([\w.]+)`", MODEL_PAGE).groups()
    assert callable(getattr(importlib.import_module(module), name))


def test_the_table_of_parameters_is_that_of_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = re.search(r"^\$ albert-np (info .*)$", MODEL_PAGE, re.MULTILINE)
    assert main(command[1].split()) == 0
    shown = MODEL_PAGE[command.end() + 1:].partition("```")[0]
    assert capsys.readouterr().out.split() == shown.split()


def test_the_default_model_has_as_many_parameters():
    count = re.search(r"this ALBERT, ([\d,]+) parameters", PRETRAINING_PAGE)[1]
    options = PretrainingOptions()
    config = AlbertConfig(**options.config_values(), vocab_size=options.vocab_size)
    assert f"{sum(config.parameter_counts().values()):,}" == count


def test_nothing_is_installed_from_an_index_that_does_not_have_it():
    """The package is on no index, so that pip install albert-np fails."""
    texts = [path for folder in ("albert_np", "docs", "tutorials") for path in
             (ROOT / folder).rglob("*") if path.suffix in (".py", ".md")]
    wrong = [path.name for path in (ROOT / "README.md", *texts)
             if re.search(r"albert-np\[\w|pip install albert-np", path.read_text(encoding="utf-8"))]
    assert len(texts) > 100 and not wrong
