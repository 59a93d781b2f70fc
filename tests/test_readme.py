"""README and its pages show what one gets: their Python runs, commands print their tables."""

import importlib
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import albert_np
import albert_np.text
from albert_np import AdamW, AlbertConfig
from albert_np.commands.cli import COMMANDS, main
from albert_np.commands.parser import Parser
from albert_np.optim import clip_by_global_norm
from albert_np.pretraining.options import PretrainingOptions

ROOT = Path(albert_np.__file__).parents[1]
README, CHINESE = ((ROOT / name).read_text(encoding="utf-8")
                   for name in ("README.md", "README.zh.md"))
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


@pytest.mark.parametrize("text", [README, CHINESE], ids=["English", "Chinese"])
def test_its_links_and_pictures_lead_somewhere(text):
    links = re.findall(r"\]\(([^)#]+)", text)
    missing = [link for link in links if not (ROOT / link).exists() and "://" not in link]
    assert len(links) > 10 and not missing


def test_the_site_knows_its_pages():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^[\w/-]+$", index, re.MULTILINE))
    pages = {path.relative_to(ROOT / "docs").with_suffix("").as_posix() for folder in (".", "zh")
             for path in (ROOT / "docs" / folder).glob("*.md")} - {"index", "course", "teaching"}
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


# ---- in Chinese ----------------------------------------------------------------------------------

# What makes a run of README.zh.md short, by the beginning of its command.
SMALL = {
    "pretrain": "--vocab-size 50 --steps 2 --hidden-size 8 --embedding-size 8 --heads 2 --layers 1 "
                "--intermediate-size 8 --batch-size 4 --held-out-sequences 4 --quiet",
    "finetune": "--epochs 1 --batch-size 8 --max-length 40 --max-query-length 8 --doc-stride 8 "
                "--max-answer-length 4 --quiet",
    "equation": "--no-measure",
    "gradcheck": "--only linear",
}


@pytest.fixture
def chinese_text():
    """Forty documents of eight sentences."""
    draw = np.random.default_rng(0)
    return "\n\n".join("\n".join(
        draw.choice(["小猫", "大狗", "老师", "我们"]) + draw.choice(["看见", "喜欢", "今天画"])
        + draw.choice(["河边的树", "一座房子", "天上的月亮"]) + "。" for _ in range(8))
        for _ in range(40))


def test_both_readmes_lead_to_each_other_and_have_the_same_sections():
    assert "](README.zh.md)" in README.splitlines()[0]
    assert "](README.md)" in CHINESE.splitlines()[0]
    code = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
    english, chinese = (re.findall(r"^## ", code.sub("", text), re.MULTILINE)
                        for text in (README, CHINESE))
    assert len(english) == len(chinese) and len(CHINESE.splitlines()) <= 90


def test_the_chinese_readme_has_the_figures_of_the_english_one():
    figures = re.findall(r"\d+\.\d+", re.sub(r"Python 3\.\d+|Apache-2\.0|^```python.*?^```$", "",
                                          CHINESE, flags=re.MULTILINE | re.DOTALL))
    assert len(figures) == 5 and not [figure for figure in figures if figure not in README]
    assert [line for line in CHINESE.splitlines() if line.startswith("python3 ")] == [
        line for line in README.splitlines() if line.startswith("python3 ")]


def test_the_chinese_twenty_lines(chinese_text, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("novel.txt").write_text(chinese_text, encoding="utf-8")
    code, = python_of(CHINESE)
    names = run(code, **{"vocab_size=8000": "vocab_size=50", "steps=500": "steps=2"})
    assert len(names["documents"]) == 40 and len(names["sentences"]) == 36 * 8
    assert "mlm_loss" in capsys.readouterr().out


COMMANDS_OF_CHINESE = re.findall(r"^\|.*\| `albert-np (.*)` \|$", CHINESE, re.MULTILINE)


def test_the_commands_of_the_chinese_readme_are_commands():
    parser = Parser()
    commands = parser.add_subparsers()
    for command in COMMANDS:
        command.add(commands)
    assert len(COMMANDS_OF_CHINESE) == 9
    assert all(parser.parse_args(shlex.split(command)).run for command in COMMANDS_OF_CHINESE)


@pytest.mark.thorough
def test_the_commands_of_the_chinese_readme_run(chinese_text, tmp_path, monkeypatch, capsys):
    """One after the other, on little data, since each uses what an earlier one has made."""
    pytest.importorskip("sklearn", reason="the baselines of tasks need the extra tasks")
    monkeypatch.chdir(tmp_path)
    Path("novel.txt").write_text(chinese_text, encoding="utf-8")
    Path("reviews.csv").write_text("text,label\n" + "".join(
        f"{'小猫喜欢' if i % 2 else '大狗看见'}月亮{chr(0x4e00 + i)},{i % 2}\n" for i in range(40)),
        encoding="utf-8")
    context = "小猫看见河边的树。"
    Path("questions.json").write_text(json.dumps({"data": [{"title": "", "paragraphs": [
        {"context": context + chr(0x4e00 + i), "qas": [
            {"id": str(i), "question": "谁看见树？", "answers": [
                {"text": "小猫", "answer_start": 0}]}]} for i in range(20)]}]}), encoding="utf-8")
    for command in COMMANDS_OF_CHINESE:
        words = shlex.split(command)
        assert main([*words, *SMALL.get(words[0], "").split()]) == 0, command
    said = capsys.readouterr().out
    assert "p_{ij}" in said and '"label"' in said and (tmp_path / "my-course").is_dir()
    assert "对每个序列、每个头" in said and '"answer"' in said


CHINESE_PAGE = (ROOT / "docs" / "zh" / "chinese.md").read_text(encoding="utf-8")


def test_the_commands_of_the_chinese_page_are_commands():
    parser = Parser()
    commands = parser.add_subparsers()
    for command in COMMANDS:
        command.add(commands)
    shown = re.findall(r"^albert-np (.*)$", CHINESE_PAGE, re.MULTILINE)
    assert len(shown) > 12
    assert all(parser.parse_args(shlex.split(line, comments=True)).run for line in shown)


def test_the_chinese_page_explains_words_and_options_that_there_are():
    code = " ".join(path.read_text(encoding="utf-8")
                    for path in sorted((ROOT / "albert_np").rglob("*.py")))
    code = re.sub(r'"\s+f?"', "", code)                           # strings over several lines
    cells = re.findall(r"^\| (`.*?) \| .* \|$", CHINESE_PAGE, re.MULTILINE)
    words = [part.strip(" ,.") for cell in cells for word in re.findall("`([^`]+)`", cell)
             if not word.endswith(".txt") for part in re.split("…|{.*?}", word)]
    assert len(words) > 60
    options = {name for word in words for name in re.findall("--[a-z-]+", word)}
    assert [word for word in words if word not in options and word not in code] == []
    fields = {name: name[2:].replace("-", "_") for name in options}
    assert len(options) > 12
    assert [name for name, field in fields.items() if not {name, field} & set(
        re.findall(r"--[a-z-]+|[a-z_]+", code))] == []
