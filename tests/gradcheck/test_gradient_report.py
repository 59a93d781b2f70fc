"""The microscope shows what the checks see."""

import numpy as np
import pytest

from albert_np import plotting
from albert_np.commands.cli import main
from albert_np.gradcheck.all_checks import all_checks
from albert_np.gradcheck.differences import HAS_EXTENDED
from albert_np.gradcheck.report import (depth_contributions, error_maps, errors_by_step, find_check,
                                        shared_part)

CHECKS = {check.component: check for check in all_checks()}


@pytest.mark.parametrize("method", ["centred", "complex", pytest.param(
    "extended", marks=pytest.mark.skipif(not HAS_EXTENDED, reason="no more digits here"))])
@pytest.mark.parametrize("component", ["linear", "layer_norm", "pooler"])
def test_maps_hold_the_worst_errors_of_the_check(component, method):
    check = CHECKS[component]
    maps = error_maps(check, method)
    for report in check.run(method):
        assert maps[report.parameter].max() == report.error
        assert maps[report.parameter][report.index] == report.error


def test_a_wrong_entry_shows_at_its_place():
    check = CHECKS["linear"]
    right = check.backward

    def wrong(inputs, dy, cache):
        grads = right(inputs, dy, cache)
        grads["W"][2, 7] += 0.5
        return grads

    check.backward = wrong
    maps = error_maps(check)
    check.backward = right
    assert np.argwhere(maps["W"] > 1e-3).tolist() == [[2, 7]]
    assert maps["x"].max() < 1e-7 and maps["b"].max() < 1e-7


def test_error_curves_have_the_shape_of_the_theory():
    steps, curves = errors_by_step(CHECKS["encoder_layer"])
    best = {name: steps[errors.argmin()] for name, errors in curves.items()}
    assert 3e-6 < best["plain"] < 3e-4 < best["centred"] < 3e-2      # in units of the arrays
    assert curves["centred"].min() < curves["plain"].min()
    assert curves["complex"][steps < 1e-8].max() < 1e-13
    # Truncation grows as h^2 without the correction and as h^4 with it.
    large = (steps > 1e-2) & (steps < 1e-1)
    for name, power in (("plain", 2), ("centred", 4)):
        slope = np.polyfit(np.log(steps[large]), np.log(curves[name][large]), 1)[0]
        assert abs(slope - power) < 0.5


def test_error_curves_have_one_yardstick():
    """Truncation of the complex step is that of the plain difference, with the other sign."""
    steps, curves = errors_by_step(CHECKS["cross_entropy"])           # whose slopes are small
    np.testing.assert_allclose((curves["complex"] / curves["plain"])[steps > 1e-3], 1, rtol=0.1)


def test_contributions_of_depths():
    norms, cosines = depth_contributions(depths=4)
    assert norms.shape == (4,) and (norms > 0).all()
    np.testing.assert_allclose(np.diag(cosines), 1)
    np.testing.assert_allclose(cosines, cosines.T)
    assert np.abs(cosines).max() < 1 + 1e-12


def test_contributions_of_the_parts_make_up_the_whole():
    attention, feed_forward, whole = (
        depth_contributions(depths=3, part=part)[0] for part in ("attention.", "feed_forward.", ""))
    np.testing.assert_allclose(attention**2 + feed_forward**2, whole**2)


@pytest.mark.slow
def test_report_leaves_three_pictures(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert main(["gradcheck", "--report", str(tmp_path / "report")]) == 0
    printed = capsys.readouterr().out
    for name in ("errors", "steps", "depths"):
        file = tmp_path / "report" / f"{name}.png"
        assert file.read_bytes().startswith(b"\x89PNG") and str(file) in printed
    assert len(printed.splitlines()) == 3


def test_report_of_a_component_without_depths_leaves_two_pictures_and_says_so(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert main(["gradcheck", "--report", str(tmp_path), "--only", "softmax"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "no depths.png: nothing of 'softmax' is a weight that every depth shares",
        str(tmp_path / "errors.png"), str(tmp_path / "steps.png")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["errors.png", "steps.png"]


def test_report_of_no_component_is_refused(tmp_path, capsys):
    assert main(["gradcheck", "--report", str(tmp_path), "--only", "hardmax"]) == 2
    assert capsys.readouterr().err == "albert-np: no component's name contains 'hardmax'\n"


@pytest.mark.parametrize("word, component, fitting", [
    (None, "encoder_layer", 1),
    ("gelu", "gelu", 1),                                     # though other names contain it
    ("cross_entropy", "cross_entropy", 1),
    ("attention", "attention, no mask", 5),                  # though others begin with it
    ("sop_weight", "AlbertForPreTraining, sop_weight 0.3", 1)])
def test_words_mean_components(word, component, fitting):
    check, remarks = find_check(word)
    assert check.component == component
    assert remarks == ([] if fitting == 1 else [
        f"the first of {fitting} components that {word!r} fits: {component}"])


@pytest.mark.parametrize("component, part", [
    ("encoder_layer", ""), ("attention_block", "attention."),
    ("attention, padding", "attention.self_attention."), ("encoder, sharing all", ""),
    ("encoder, sharing attention", "attention."), ("encoder, sharing ffn", "feed_forward."),
    ("encoder, sharing none", None), ("encoder, groups", None), ("pooler", None),
    ("AlbertForPreTraining, sharing ffn", "feed_forward."), ("linear", None)])
def test_only_weights_that_every_depth_shares_have_contributions(component, part):
    shared = shared_part(CHECKS[component])
    assert shared == (None if part is None else (CHECKS[component].config, part))


def test_of_many_parameters_the_worst_are_drawn(monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(plotting.gradients, "save_figure", lambda figure, path: figure)
    errors = {f"encoder.feed_forward.0.feed_forward.W_{i}": np.full((2, 3), 10.0**-i)
              for i in range(6, 15)}
    figure = plotting.plot_error_maps(errors, "errors.png", "Errors", limit=4)
    drawn = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert drawn == [f"encoder.feed_forward.0.\nfeed_forward.W_{i}: 1e-{i:02}"
                     for i in range(6, 10)]
    assert figure._suptitle.get_text() == "Errors (the 4 worst of 9 parameters)"
