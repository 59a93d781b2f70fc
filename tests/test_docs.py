"""The pages: what checks their links must itself be able to fail."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


def load(name):
    """A script of the folder docs as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def site(tmp_path):
    """Two small pages that point to each other."""
    (tmp_path / "a.html").write_text('<a href="b.html#there">b</a> <a href="https://x.org/">x</a>')
    (tmp_path / "b.html").write_text(
        '<p id="there"></p><a href="a.html">a</a><a href="#there"></a>')
    return tmp_path


def test_sound_links_pass(site):
    assert load("check_links").broken_links(site) == ([], 2, 3)


@pytest.mark.parametrize("page, word", [
    ('<a href="c.html">c</a>', "not there"),
    ('<a href="b.html#nowhere">b</a>', "no such place"),
    ('<a href="#nowhere">here</a>', "no such place"),
    ('<img src="picture.png">', "not there"),
    ('<script src="https://cdn.example/mathjax.js"></script>', "from the net"),
    ('<link rel="stylesheet" href="//fonts.example/f.css">', "from the net")])
def test_each_fault_is_found(site, page, word):
    (site / "a.html").write_text(page)
    wrong, _, _ = load("check_links").broken_links(site)
    assert len(wrong) == 1 and word in wrong[0] and "a.html" in wrong[0]


@pytest.mark.thorough
def test_the_pages_build_without_a_warning():
    pytest.importorskip("sphinx_gallery")
    built = subprocess.run([sys.executable, DOCS / "build"], capture_output=True,
                           text=True)
    assert built.returncode == 0, built.stderr[-2000:]
