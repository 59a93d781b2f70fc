"""The reader pages: every row comes from the source, and a real browser shows what it should."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("docutils", reason="the reader pages need the extra docs")

from headless_browser import ask_browser, find_browser  # noqa: E402

from albert_np.course.reader import (mathematics, names, page, pairs, pieces, rows, runs,  # noqa: E402
                                     write)
from albert_np.gradcheck.equations import find_equations, read_sources  # noqa: E402

sys.path.append(str(Path(__file__).resolve().parents[1] / "docs"))

import shapes  # noqa: E402

pytestmark = pytest.mark.slow

PAIRS = {pair.name: pair for pair in pairs.find_pairs()}
EQUATIONS = rows.checked_equations()


def table(name):
    """From the text of each line of a page to its row, and to its values in the first example."""
    pair = PAIRS[name]
    first = runs.runs_of(pair)[0]
    found = {}
    for lines in filter(None, (pair.forward, pair.backward)):
        for row in rows.rows_of(lines, EQUATIONS):
            found[row.code.strip()] = (row, first.values.get(row.line, []))
    return found


def segments(name):
    pair = PAIRS[name]
    targets = {line.line: line.targets for line in pair.forward.lines}
    return rows.segments_of(rows.rows_of(pair.forward, EQUATIONS),
                            rows.rows_of(pair.backward, EQUATIONS), targets)


# ---- rows ----------------------------------------------------------------------------------------

def test_a_row_of_layer_norm_has_formula_line_shape_and_value():
    row, values = table("layer_norm")["dx *= inv_std"]
    assert (row.labels, row.part, row.shape) == (("LN.5",), "LN.5c", "(..., H)")
    assert row.formulas[0].startswith(r"dx_j = \frac{1}{\sigma}")
    source = read_sources()["functional/layer_norm.py"].splitlines()
    assert source[row.line - 1].strip().startswith("dx *= inv_std")
    assert [(one.name, one.shape, one.value.tolist()) for one in values] == [
        ("dx", (1, 4), [[2, -2, 0, 0]])]


def test_rows_without_an_equation_of_their_own_are_read_off_the_line():
    found = table("layer_norm")
    second = found["dx -= x_hat * row_mean(dx_hat, x_hat)"][0]
    assert (second.part, second.is_read) == ("LN.5b", True)
    assert found["y = gamma * x_hat"][0].formulas == (r"y = \gamma \cdot \hat{x}",)
    own = found["dx_hat = dy * gamma"][0]
    assert (own.labels, own.formulas) == (("LN.6",), (r"d\hat{x}_j = dy_j\, \gamma_j",))


def test_rows_of_attention():
    found = table("attention")
    row, values = found["dq = dz @ k"]
    assert (row.labels, row.shape) == (("ATT.7",), "(B, A, R, D)")
    assert len(row.formulas) == 2 and values[0].shape == (1, 2, 2, 4)
    np.testing.assert_allclose(values[0].value[0, :, 0].max(axis=-1), [0.823959, 2.197225],
                               atol=1e-6)
    whole = [found[code][0].formulas for code in found if code.startswith(("q, ", "k, ", "v, "))]
    assert [one[0].split(" =")[0] for one in whole[:3]] == ["q", "k", "v"]


def test_each_group_of_backward_lines_stands_beside_the_forward_lines_it_differentiates():
    beside = {}
    for segment in segments("layer_norm"):
        for row in segment.backward:
            beside[row.code] = [other.code.strip() for other in segment.forward]
    assert "x_hat = np.multiply(centred, inv_std, out=centred)" in beside["dx *= inv_std"]
    assert "y += beta" in beside["dgamma = column_sum(dy, x_hat)"]
    assert beside["x_hat, inv_std, gamma = cache"][0].startswith("return")


@pytest.mark.parametrize("name", [name for name, pair in PAIRS.items() if pair.backward])
def test_segments_hold_every_line_once_and_leave_no_group_alone(name):
    found = segments(name)
    for lines, side in ((PAIRS[name].forward, "forward"), (PAIRS[name].backward, "backward")):
        shown = [row.line for segment in found for row in getattr(segment, side)]
        assert sorted(shown) == sorted(line.line for line in lines.lines)
    forward = [row.line for segment in found for row in segment.forward]
    assert forward == sorted(forward)
    for segment in found:
        if any(row.forward for row in segment.backward):
            assert segment.forward


# ---- labels --------------------------------------------------------------------------------------

def test_every_label_is_on_its_own_page_once():
    expected = pairs.pages_of_labels()
    found = {}
    for name, pair in PAIRS.items():
        html = page.page_html(pair, [], [], EQUATIONS, ("", ""))
        for label in re.findall(r'id="([A-Z]+\d*\.\d+)"', html):
            found.setdefault(label, []).append(name)
        assert set(re.findall(r'href="#([A-Z][^"]*)"', html)) <= set(re.findall(r'id="([^"]*)"',
                                                                               html))
    assert found == {label: [name] for label, name in expected.items()}
    assert set(expected) >= {one.label for one in find_equations()
                             if one.file.startswith(("functional/", "layers/", "optim/"))}


def test_an_equation_that_another_file_computes_leads_to_its_line():
    html = page.page_html(PAIRS["masked_lm_head"], [], [], EQUATIONS, ("", ""))
    [line] = EQUATIONS["MLM.5"].lines
    assert re.search(r'<a href="AlbertForPreTraining.html#MLM.5">albert_np/models/pretraining.py, '
                     rf"line {line.line}</a>", html)
    there = page.page_html(PAIRS["AlbertForPreTraining"], [], [], EQUATIONS, ("", ""))
    assert re.search(rf'id="L{line.line}"(?:(?!id="L).)*id="MLM.5"', there, re.DOTALL)


@pytest.mark.parametrize("old, new, words", [
    ("# (LN.4)", "#", "layer_norm.py, line .* LN.4 is derived here, but no line of code"),
    (":label: LN.4", ":nowrap:", "no docstring has an equation with :label: LN.4"),
    ("LN.4", "", "an equation LN.5, but none with :label: LN.4")])
def test_a_deleted_label_stops_the_build_and_is_named(old, new, words):
    sources = read_sources()
    text = sources["functional/layer_norm.py"]
    assert old in text
    sources["functional/layer_norm.py"] = text.replace(old, new)
    if old == "LN.4":                                    # both: as if it had never been there
        sources["functional/layer_norm.py"] = text.replace("   :label: LN.4\n", "").replace(
            "# (LN.4)", "#")
    with pytest.raises(rows.LabelError, match=words):
        rows.checked_equations(sources)


def test_notes_of_translators_are_folded_beside_the_equation():
    html = page.page_html(PAIRS["layer_norm"], [], [], EQUATIONS, ("", ""))
    notes = dict(re.findall(r'<details class="der" lang="zh"><summary>中文<span class="unseen"> '
                            r"(\S+)</span></summary>(.*?)</details>", html, re.DOTALL))
    assert sorted(notes)[:5] == [f"LN.{n}" for n in range(1, 6)]
    assert "标准差" in notes["LN.1"] and notes["LN.1"].count("<math") == 8
    assert '<a href="#LN.2">(LN.2)</a>' in notes["LN.6"] and "\\" not in "".join(notes.values())
    assert 'lang="zh"' not in page.page_html(PAIRS["erf"], [], [], EQUATIONS, ("", ""))


@pytest.mark.parametrize("latex", [r"\tfrac12 a", r"\frac12a", r"\tfrac1H a", r"\frac{1}{2} a"])
def test_a_fraction_of_two_signs_without_braces(latex):
    """LaTeX takes one sign for each of its two parts, and so must the pages."""
    found = mathematics.mathml(latex)
    bottom = "<mi>H</mi>" if "H" in latex else "<mn>2</mn>"
    assert re.search(rf"<mfrac[^>]*><mn>1</mn>{bottom}</mfrac>", re.sub(r">\s+<", "><", found))
    assert "12" not in found


# ---- names ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("file, name", [(file, name) for file, table in names.SYMBOLS.items()
                                        for name in table])
def test_every_name_of_the_table_is_in_the_code_and_in_the_formulas(file, name):
    own = [pair for pair in PAIRS.values() if pair.file == file]
    code = {word for pair in own for lines in (pair.forward, pair.backward) if lines
            for line in lines.lines for word in pieces.code_names(line.text.lstrip())}
    assert name in code
    texts = " ".join(one.docstring for one in EQUATIONS.values() if one.file == file)
    formulas = [one.latex for one in EQUATIONS.values() if one.file == file]
    formulas += re.findall(r":math:`([^`]*)`", texts)
    formulas += re.findall(r"\.\. math::\n\n((?:[ ]{3}.*\n)+)", texts)
    assert any(f'data-n="{name}"' in mathematics.mathml(formula, [name], file)
               for formula in formulas)


def test_the_gradient_of_a_name_is_not_the_name():
    shown = mathematics.mathml(r"dx_j = \frac{1}{\sigma} d\hat{x}_j \hat{x}_j",
                               ["dx", "x", "x_hat", "dx_hat", "inv_std"],
                               "functional/layer_norm.py")
    assert re.findall(r'data-n="(\w+)"', shown) == ["dx", "inv_std", "dx_hat", "x_hat"]


def test_a_name_with_an_index_is_not_the_name_without():
    shown = mathematics.mathml("x_{kv} W_q x_i", ["W", "W_q", "x", "x_kv"])
    assert re.findall(r'data-n="(\w+)"', shown) == ["x_kv", "W_q", "x"]


# ---- the picture of shapes ----------------------------------------------------------------------

@pytest.mark.parametrize("box", shapes.BOXES, ids=lambda box: box.forward)
def test_boxes_have_the_shapes_that_the_lines_say(box):
    for side, place in (("f", box.forward), ("b", box.backward)):
        name, array = place.split(":")
        line = shapes.line_of(name, array, side)
        row = next(row for lines in (PAIRS[name].forward, PAIRS[name].backward)
                   for row in rows.rows_of(lines, EQUATIONS) if row.line == line)
        said = row.shape.strip("()").replace("R", "T").replace("...", "M").replace(",", "").split()
        if said and name != "cross_entropy":             # which counts rows and classes: (N, K)
            of_gradient = place == box.backward and box.of_gradient
            assert said == (of_gradient or box.letters).split()


def test_a_box_without_a_line_is_refused():
    with pytest.raises(ValueError, match="names dfoo, which no line of attention makes"):
        shapes.line_of("attention", "dfoo", "b")


def test_a_forward_array_leads_to_the_line_that_makes_it():
    """Not to the one by which the backward function takes it out of its cache."""
    lines = {row.line: row.code for row in rows.rows_of(PAIRS["attention"].forward, EQUATIONS)}
    for array in "qkv":
        assert "split_heads(q, A)" in lines[shapes.line_of("attention", array, "f")]


# ---- pages ---------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with some pages."""
    folder = tmp_path_factory.mktemp("reader")
    write.write_pages(folder, only=("layer_norm", "attention", "encoder", "SGD"), site=False)
    return folder


def test_pages_load_nothing_from_elsewhere(built):
    for path in built.glob("*.html"):
        html = path.read_text(encoding="utf-8")
        assert not re.search(r'(src|href)="(https?:)?//', html)
        assert set(re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"]*)"', html)) <= {
            "reader.css", "reader.js"}


def test_a_forgotten_term_shows_which_numbers_change():
    pair = PAIRS["layer_norm"]
    right = runs.runs_of(pair)
    effects = {one.fault.name: one for one in runs.effects_of(pair, right, [pair])}
    one = effects["layer_norm_without_variance_term"]
    lines = {row.code: row.line for row in rows.rows_of(pair.backward, EQUATIONS)}
    assert set(one.changed) == {lines["dx -= x_hat * row_mean(dx_hat, x_hat)"],
                                lines["dx *= inv_std"]}
    assert one.changed[lines["dx *= inv_std"]][0].value.tolist() == [[3, -1, -1, -1]]


def test_of_a_loop_one_pass_is_shown_the_one_that_runs_most_lines():
    pair = PAIRS["AdamW"]
    [run, *_] = runs.runs_of(pair)
    lines = {row.code.strip(): row.line for row in rows.rows_of(pair.forward, EQUATIONS)}
    passes = {code: run.times[line] for code, line in lines.items() if line in run.times}
    assert passes["u += work"] == (1, 1)                 # the weight decays, the bias does not
    assert passes["p -= u"] == (1, 2) and run.passes == 2


browser = pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed")


@browser
@pytest.mark.parametrize("width", [1366, 390])
def test_no_page_is_wider_than_the_screen(built, tmp_path, width):
    pages = sorted(built.glob("*.html"))
    sizes, console = ask_browser(tmp_path, [path.as_uri() for path in pages], """
        const page = document.documentElement;
        document.querySelectorAll("details").forEach((one) => { one.open = true; });
        return [page.scrollWidth, page.clientWidth]""", width)
    assert {path.name: size[0] for path, size in zip(pages, sizes) if size[0] > size[1]} == {}
    assert console == []


@browser
def test_layer_norm_and_attention_fit_one_screen(built, tmp_path):
    pages = [(built / f"{name}.html").as_uri() for name in ("layer_norm", "attention")]
    bottoms, _ = ask_browser(tmp_path, pages, """
        return document.querySelector("main table").getBoundingClientRect().bottom""", 1366)
    assert max(bottoms) <= 768


@browser
def test_pointing_stepping_and_forgetting(built, tmp_path):
    address = (built / "layer_norm.html").as_uri()
    [found], console = ask_browser(tmp_path, [address], """
        const all = (selector) => Array.from(document.querySelectorAll(selector));
        const point = (target) => target.dispatchEvent(
            new window.MouseEvent("mouseover", { bubbles: true }));
        const press = (key) => document.dispatchEvent(
            new window.KeyboardEvent("keydown", { key: key, bubbles: true }));
        const text = (row) => row.querySelector(".src").textContent.trim();
        const result = {};
        const last = all(".row").find((row) => text(row) === "dx *= inv_std");
        point(last.querySelector('[data-n="inv_std"]'));
        result.code = all(".src .hit").map((one) => one.textContent);
        result.formulas = all("math .hit").map((one) => one.textContent.trim());
        point(last);
        result.lines = all(".row.eq").map(text);
        point(document.querySelector('.lab[data-eq="LN.4"]'));
        result.reverse = all(".row.eq").map(text);
        press("j"); press("j"); press("j");
        result.now = all(".row.now").map(text);
        result.hidden = window.getComputedStyle(last.querySelector(".vals")).visibility;
        press("k");
        result.before = all(".row.now").map(text);
        press("Escape");
        result.shown = window.getComputedStyle(last.querySelector(".vals")).visibility;
        const forget = all(".forget").find((one) => /variance/.test(one.textContent));
        forget.click();
        result.wrong = last.querySelector("ins").textContent;
        result.said = document.getElementById("said").textContent;
        const verdict = () => document.querySelector("#verdict .verdict").textContent;
        result.verdicts = [verdict()];
        forget.click();
        result.right = last.querySelector(".num").textContent;
        result.verdicts.push(verdict());
        return result;""", 1366)
    assert console == []
    assert set(found["code"]) == {"inv_std"} and len(found["code"]) >= 5
    assert set(found["formulas"]) == {"σ"} and len(found["formulas"]) >= 3
    assert found["lines"] == ["dx = dx_hat - row_mean(dx_hat)",
                              "dx -= x_hat * row_mean(dx_hat, x_hat)", "dx *= inv_std"]
    assert found["reverse"] == ["dgamma = column_sum(dy, x_hat)"]
    assert found["now"] == ["mean = row_mean(x)"] and found["hidden"] == "hidden"
    assert found["before"][0].startswith("with np.errstate") and found["shown"] == "visible"
    assert found["wrong"] == "3 −1 −1 −1" and found["right"] == "2 −2 0 0"
    failed, passed = found["verdicts"]
    assert failed == ("The gradient check of these numbers fails: for x[0, 2] backward says −1, "
                      "forward passes say 0.") and failed in found["said"]
    assert passed == "The gradient check of these numbers finds nothing wrong."


@browser
def test_addresses_lead_to_rows_and_lines(built, tmp_path):
    places = ["layer_norm.html#LN.5", "layer_norm.html#LN.5b", "attention.html#ATT.7"]
    found, console = ask_browser(tmp_path, [f"{built.as_uri()}/{place}" for place in places], """
        const row = document.querySelector(":target").closest(".row");
        const box = row.getBoundingClientRect();
        const line = document.querySelector(row.querySelector(".no").getAttribute("href"));
        return [row.querySelector(".src").textContent, line.textContent.replace(/^\\d+/, "").trim(),
                box.top >= 0 && box.bottom <= window.innerHeight, window.scrollY,
                Array.from(document.querySelectorAll(".full")).filter(
                    (one) => window.getComputedStyle(one).display !== "none").length]""", 1366)
    assert console == []
    assert [code for code, *_ in found] == [
        "dx *= inv_std", "dx -= x_hat * row_mean(dx_hat, x_hat)", "dq = dz @ k"]
    for code, line, seen, scrolled, popups in found:
        assert line.startswith(code) and seen and scrolled == popups == 0


@browser
@pytest.mark.parametrize("width", [1366, 390])
def test_a_fault_shows_its_line_beneath_the_bar_and_leaves_the_code_its_room(built, tmp_path,
                                                                             width):
    pages = [(built / f"{name}.html").as_uri() for name in ("layer_norm", "attention", "encoder")]
    found, console = ask_browser(tmp_path, pages, """
        const all = (selector) => Array.from(document.querySelectorAll(selector));
        const bad = [];
        all(".forget").forEach((button) => {
            button.scrollIntoView({ block: "center" });
            button.click();
            const [row] = all(".row.wrong");               // none: in another function of the file
            const bar = document.querySelector(".bar").getBoundingClientRect();
            const box = row && row.getBoundingClientRect();
            if (box && (box.top < bar.bottom || box.bottom > window.innerHeight))
                bad.push(button.textContent);
            all(".row").filter((one) => one.querySelector("ins")).forEach((one) => {
                if (one.querySelector(".src").offsetWidth * 2 < one.offsetWidth)
                    bad.push(button.textContent + ", " + one.id);
            });
            if (document.documentElement.scrollWidth > document.documentElement.clientWidth)
                bad.push(button.textContent + " is wide");
        });
        return [all(".forget").length, bad];""", width)
    assert console == []
    assert all(count > 10 for count, _ in found) and [bad for _, bad in found] == [[]] * 3


def test_a_fault_that_swaps_two_lines_rewrites_both():
    pair = PAIRS["attention"]
    [fault] = [one for one in runs.faults_of(pair) if one.fault.name == "attention_dq_not_scaled"]
    [data] = page.page_data(pair, [], [fault], EQUATIONS)["faults"]
    assert data["edits"] == [
        {"line": fault.line, "old": "dz *= D**-0.5", "new": "dq = dz @ k"},
        {"line": fault.line + 1, "old": "dq = dz @ k", "new": "dz *= D**-0.5"}]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_has_enough_contrast(theme):
    css = (page.HERE / "reader.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--(\w+): #(\w+)", css.split(":root")[1 + theme].split("}")[0]))

    def luminance(name):
        digits = colours[name] if len(colours[name]) == 6 else "".join(
            2 * digit for digit in colours[name])
        parts = np.array(list(bytes.fromhex(digits))) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722] + 0.05  # of WCAG 2, with its flare

    for text, grounds in (("ink", "paper wash eq now hit"), ("soft", "paper wash eq now hit"),
                          ("wrong", "paper wash eq now hit"), ("faint", "paper wash eq now"),
                          ("fwd", "paper wash now"), ("bwd", "paper")):
        for ground in grounds.split():
            high, low = sorted((luminance(text), luminance(ground)), reverse=True)
            assert high / low >= 4.5, (text, ground)
