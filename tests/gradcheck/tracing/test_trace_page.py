"""Traces as text: what ``albert-np trace`` prints."""

import re

import numpy as np
import pytest

from albert_np.commands.cli import main
from albert_np.gradcheck.equations import PACKAGE
from albert_np.gradcheck.tracing.trace_page import show_numbers, show_trace


def numbered(page):
    """From the number of each printed line of code to the rows beneath it."""
    found, rows = {}, []
    for row in page.splitlines():
        match = re.match(r" *(\d+)  \S", row)
        if match:
            rows = found.setdefault(int(match[1]), [])
        else:
            rows.append(row.strip())
    return found


def test_an_equation_with_what_it_uses_and_what_it_makes(capsys):
    assert main(["trace", "LN.5"]) == 0
    page = capsys.readouterr().out
    lines = (PACKAGE / "functional/layer_norm.py").read_text("utf-8").splitlines()
    number = next(i for i, row in enumerate(lines, start=1) if "(LN.5)" in row)
    assert page.startswith(f"LN.5: layer_norm_backward, albert_np/functional/layer_norm.py, "
                           f"line {number}\n\n>>> x, dy = ")
    first = page[page.index("call 1 of 2"):page.index("call 2 of 2")].splitlines()
    assert first == [
        "call 1 of 2",
        "given",
        "        x_hat (1, 4)  [[-1 -1  1  1]]",
        "        inv_std (1, 1)  [[0.5]]",
        "        dx_hat (1, 4)  [[8 0 0 0]]",
        "      # forward: x_hat = (x - mean) / std, where both statistics depend on every x of the "
        "row",
        f" {number - 2}  dx = dx_hat - row_mean(dx_hat)",
        "        dx (1, 4)  [[ 6 -2 -2 -2]]",
        f" {number - 1}  dx -= x_hat * row_mean(dx_hat, x_hat)",
        "        dx (1, 4)  [[ 4 -4  0  0]]",
        f" {number}  dx *= inv_std  # (LN.5)  (..., H)",
        "        dx (1, 4)  [[ 2 -2  0  0]]",
        ""]


@pytest.mark.parametrize("name", [
    "layer_norm_backward", "attention_backward", "encoder_backward", "gelu_new_backward", "erf",
    "squad_end_backward", "cross_entropy_forward"])
@pytest.mark.parametrize("inside", [False, True])
def test_no_line_of_code_or_numbers_is_too_long(name, inside):
    page = show_trace(name, inside=inside)
    example = page.index("\n\n", page.index("\n\n") + 2)
    assert max(map(len, page[example:].splitlines())) <= 100


def test_numbers_of_a_function_stand_beneath_their_lines():
    rows = numbered(show_trace("softmax_backward"))
    [dx] = [found for found in rows.values() if found[:1] == ["dx (2, 3)"]][:1]
    assert dx[1:3] == ["[[ 0.5 -0.5 -0.5]", "[  -1    3   -1]]"]


def test_a_comment_that_does_not_fit_goes_before_the_code_is_cut():
    for name, fits in (("attention_forward", True), ("encoder_forward", False)):
        found = [row for row in show_trace(name, inside=True).splitlines()
                 if 'y, o_cache = linear_forward(c, params["W_o"], params["b_o"])' in row]
        assert found and {"#" in row for row in found} == {fits}


def test_arrays_of_many_axes_have_no_empty_rows():
    page = show_trace("attention_backward")
    assert not [row for row in page.splitlines() if row and not row.strip()]
    assert page.count("\n\n") == 3                         # before the example and each call


def test_inside_prints_the_helpers_lines():
    page = show_trace("layer_norm_backward", inside=True)
    assert "        inside row_mean, albert_np/functional/sums.py" in page
    assert "return (1, 1)  [[2]]" in page
    assert "inside" not in show_trace("layer_norm_backward")


def test_a_fault_is_compared_with_the_right_numbers():
    page = show_trace("layer_norm_backward", fault="layer_norm_inv_std_forgotten")
    assert "dx *= 1  # (LN.5)" in page
    compared = page[page.index("Without the fault"):].splitlines()
    assert [row.strip() for row in compared[2:5]] == [
        "dx (1, 4)  [[ 2 -2  0  0]]", "becomes", "dx (1, 4)  [[ 4 -4  0  0]]"]


def test_large_arrays_are_abbreviated_and_dtypes_named():
    numbers = {"x": np.ones((1, 300, 50), np.float32), "dy": np.ones((1, 300, 70), np.float32),
               "W": np.ones((50, 70), np.float32), "b": np.ones(70, np.float32)}
    page = show_trace("linear_backward", numbers)
    assert len(page.splitlines()) < 90
    assert "dW (50, 70) float32" in page and "[300 300 ... 300 300]" in page
    assert "with x\n        x (1, 300, 50) float32" in page


@pytest.mark.parametrize("array, text", [
    (np.array(2.0), "2"), (np.array([1 / 3, -1e-20]), "[0.333333   -1e-20]"),
    (np.array([True, False]), "[ True False]"), (np.array([1 + 2j]), "[1+2j]"),
    (np.arange(3), "[0 1 2]"), (np.array([np.nan, np.inf]), "[nan inf]")])
def test_numbers_as_text(array, text):
    assert show_numbers(array) == text


# ---- the command ---------------------------------------------------------------------------------

def test_numbers_from_a_file(tmp_path, capsys):
    np.savez(tmp_path / "mine.npz", dy=np.array([[0.0, 0.0, 0.0, 4.0]]))
    assert main(["trace", "layer_norm_backward", "--on", str(tmp_path / "mine.npz")]) == 0
    page = capsys.readouterr().out
    assert "with dy\n        dy (1, 4)  [[0 0 0 4]]" in page
    assert "dx (1, 4)  [[ 0  0 -1  1]]" in page


def test_a_typed_example(capsys):
    statements = "y, cache = relu_forward(np.array([7.0, -1.0])); y.tolist()"
    assert main(["trace", "relu_forward", "--example", statements]) == 0
    page = capsys.readouterr().out
    assert ">>> y.tolist()\n[7.0, 0.0]\n" in page and "y (2,)  [7 0]" in page


@pytest.mark.parametrize("arguments, message", [
    (["LN.9"], "there is no equation 'LN.9'; did you mean LN.1"),
    (["layer_nrm_backward"], "there is no function and no equation 'layer_nrm_backward'; did you"),
    (["relu_forward", "--example", "y ="], "--example: line 1 is no Python statement"),
    (["relu_forward", "--example", "x = 1"], "the example never calls relu_forward"),
    (["relu_forward", "--fault", "nothing"], "there is no planted fault 'nothing' in albert_np/"),
    (["relu_forward", "--on", "{folder}/none.npz"], "none.npz"),
    (["relu_forward", "--on", "{folder}/text.npz"], "text.npz is no .npz file of numbers"),
    (["relu_forward", "--on", "{folder}/one.npy"], "one.npy is no .npz file of numbers"),
    (["relu_forward", "--on", "{folder}/objects.npz"], "objects.npz is no .npz file of numbers"),
    (["relu_forward", "--on", "{folder}/other.npz"], "has no input 'z'; its inputs are x")])
def test_bad_input_gets_one_sentence_and_status_2(arguments, message, tmp_path, capsys):
    (tmp_path / "text.npz").write_text("no numbers")
    np.save(tmp_path / "one.npy", np.ones(2))
    np.savez(tmp_path / "objects.npz", x=np.array([print], dtype=object))
    np.savez(tmp_path / "other.npz", z=np.ones(2))
    assert main(["trace", *(part.format(folder=tmp_path) for part in arguments)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("albert-np: ") and message in said and said.count("\n") == 1
