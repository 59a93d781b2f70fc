"""The microscope shows what the checks see."""

import numpy as np
import pytest

from albert_np.cli import main
from albert_np.gradient_checks import all_checks
from albert_np.gradient_report import depth_contributions, error_maps, errors_by_step

CHECKS = {check.component: check for check in all_checks()}


@pytest.mark.parametrize("method", ["centred", "complex"])
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
    assert 1e-6 < best["plain"] < 1e-4 < best["centred"] < 1e-2
    assert curves["centred"].min() < curves["plain"].min()
    assert curves["complex"][steps < 1e-8].max() < 1e-13
    # Truncation grows as h^2 without the correction and as h^4 with it.
    large = (steps > 1e-2) & (steps < 1e-1)
    for name, power in (("plain", 2), ("centred", 4)):
        slope = np.polyfit(np.log(steps[large]), np.log(curves[name][large]), 1)[0]
        assert abs(slope - power) < 0.5


def test_contributions_of_depths():
    norms, cosines = depth_contributions(depths=4)
    assert norms.shape == (4,) and (norms > 0).all()
    np.testing.assert_allclose(np.diag(cosines), 1)
    np.testing.assert_allclose(cosines, cosines.T)
    assert np.abs(cosines).max() < 1 + 1e-12


def test_report_leaves_three_pictures(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert main(["gradcheck", "--report", str(tmp_path / "report")]) == 0
    printed = capsys.readouterr().out
    for name in ("errors", "steps", "depths"):
        file = tmp_path / "report" / f"{name}.png"
        assert file.read_bytes().startswith(b"\x89PNG") and str(file) in printed
