"""The Chinese glossary: all letters, and terms that this project really uses, in this spelling."""

import re
from collections import Counter
from pathlib import Path

import pytest

import albert_np

ROOT = Path(albert_np.__file__).resolve().parents[1]
GLOSSARY = (ROOT / "docs" / "zh" / "glossary.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in GLOSSARY.splitlines()
        if line.startswith("| ") and not line.endswith("English |")]
LETTERS = [row for row in ROWS if len(row) == 3]
TERMS = [row for row in ROWS if len(row) == 2]


@pytest.fixture(scope="module")
def english():
    """Everything that a reader of this project may read, in lower case, as words with one space."""
    files = [ROOT / "README.md", *(path for folder in ("albert_np", "docs", "tutorials")
                                   for path in sorted((ROOT / folder).rglob("*.*"))
                                   if path.suffix in (".py", ".md") and path.parent.name != "zh"
                                   and "_build" not in path.parts)]
    text = " ".join(path.read_text(encoding="utf-8") for path in files)
    return re.sub(r"[\s#]+", " ", text.lower())


def test_every_letter_is_explained():
    explained = {letter for row in LETTERS for letter in re.findall(r"\b\w\b", row[0])}
    tutorials = (ROOT / "tutorials" / "README.md").read_text(encoding="utf-8")
    table = tutorials.split("## The letters")[1]
    needed = {letter for cell in re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE)
              for letter in re.findall(r"\b\w\b", cell)}
    header = re.search(r"^### The letters\n\n\| (.*) \|$", (ROOT / "README.md").read_text("utf-8"),
                       re.MULTILINE)[1]
    needed |= set(header.split(" | "))
    assert len(needed) > 40 and needed - explained == {"o"}       # an index, in the row of W and b
    assert any("下标 o" in row[1] for row in LETTERS)


def test_every_term_is_chinese_and_english_and_there_once():
    assert len(TERMS) > 100
    assert [row for row in TERMS if not re.search("[\u4e00-\u9fff]", row[0])
            or re.search("[\u4e00-\u9fff]", row[1])] == []
    for column in (0, 1):
        twice = [term for term, n in Counter(row[column] for row in TERMS).items() if n > 1]
        assert twice == [] or twice == ["词表"]


def test_every_term_is_used(english):
    terms = [term.strip().lower() for row in TERMS for term in row[1].split(",")]
    assert [term for term in terms if term not in english] == []
