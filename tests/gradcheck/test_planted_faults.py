"""Does every planted fault get caught? A check that has never failed is not a check."""

import ast
import re
from functools import cache

import pytest

from albert_np.gradcheck import planting
from albert_np.gradcheck.all_checks import all_checks
from albert_np.gradcheck.planted_faults import PLANTED_FAULTS, PlantedFault, is_test
from albert_np.gradcheck.planting import PACKAGE, TESTS

QUICK = ["embedding_duplicates_overwrite", "mask_hides_queries", "softmax_without_row_sum",
         "tied_embedding_without_head", "tied_gradient_not_transposed"]


def test_every_snippet_occurs_once():
    for fault in PLANTED_FAULTS:
        assert (PACKAGE / fault.file).read_text("utf-8").count(fault.old) == 1, fault.name
        assert fault.old != fault.new, fault.name


@pytest.mark.slow
def test_every_fault_is_python():
    """What is caught is the mistake in the mathematics, not one in the spelling."""
    for fault in PLANTED_FAULTS:
        source = (PACKAGE / fault.file).read_text("utf-8")
        ast.parse(source.replace(fault.old, fault.new), fault.name)


def test_names_are_unique_and_there_are_many():
    names = [fault.name for fault in PLANTED_FAULTS]
    assert len(set(names)) == len(names) >= 80


def test_every_fault_says_what_is_wrong():
    for fault in PLANTED_FAULTS:
        assert re.fullmatch(r"[a-z0-9_]+", fault.name)
        assert fault.wrong.endswith(".") and fault.concept, fault.name


@cache
def functions_of(file):
    """The names of its functions."""
    return {node.name for node in ast.parse(file.read_text("utf-8")).body
            if isinstance(node, ast.FunctionDef)}


def test_every_check_exists():
    components = {check.component for check in all_checks()}
    for fault in PLANTED_FAULTS:
        if is_test(fault.caught_by):
            file, name = fault.caught_by.split("::")
            assert name.partition("[")[0] in functions_of(TESTS / file), fault.caught_by
        else:
            assert fault.caught_by in components, fault.name


@pytest.mark.slow
def test_quick_ones_are_caught():
    rows = {row["fault"]: row for row in planting.table_rows(QUICK)}
    assert set(rows) == set(QUICK)
    results = {name: row["result"] for name, row in rows.items()}
    crash = "tied_gradient_not_transposed"                     # not square: the shape tells
    assert results == {name: "crash" if name == crash else "caught" for name in QUICK}
    assert "relative error" in rows["softmax_without_row_sum"]["evidence"]
    assert rows[crash]["evidence"].startswith("crash: ValueError: the gradient of word has shape")


@pytest.mark.thorough
def test_all_are_caught():
    survived = [fault.name for fault, killed, _ in planting.run_faults() if not killed]
    assert survived == []


@pytest.mark.slow
def test_harmless_edit_survives(monkeypatch):
    """The runner can say no."""
    harmless = [PlantedFault("harmless_gradient", "functional/softmax.py",
                             old="dx = dp - ", new="dx = (+dp) - ", wrong="Nothing.",
                             concept="none", caught_by="softmax"),
                PlantedFault("harmless_mask", "layers/attention.py",
                             old="dx_kv = dx_k + dx_v", new="dx_kv = dx_v + dx_k",
                             wrong="Nothing.", concept="none",
                             caught_by="layers/test_layers.py::test_heads_are_split_by_columns")]
    monkeypatch.setattr(planting, "PLANTED_FAULTS", harmless)
    assert [row["result"] for row in planting.table_rows()] == ["SURVIVED"] * 2


@pytest.mark.slow
def test_check_that_always_fails_is_refused(monkeypatch):
    """It would seem to catch everything."""
    monkeypatch.setattr(planting, "RUN_GRADIENT_CHECKS", "raise SystemExit('never right')")
    with pytest.raises(RuntimeError, match="a check fails without any planted fault: crash: never"):
        list(planting.run_faults(["softmax_without_row_sum"]))


@pytest.mark.slow
def test_snippet_that_moved_is_refused(monkeypatch):
    gone = PlantedFault("gone", "functional/softmax.py", old="there is no such line", new="",
                        wrong="Nothing.", concept="none", caught_by="softmax")
    monkeypatch.setattr(planting, "PLANTED_FAULTS", [gone])
    with pytest.raises(RuntimeError, match="gone: functional/softmax.py holds its snippet 0 times"):
        list(planting.run_faults())


def test_unknown_name_is_refused():
    with pytest.raises(ValueError, match="there is no planted fault 'no_such_fault'"):
        list(planting.run_faults(["no_such_fault"]))


@pytest.mark.slow
def test_package_is_only_read():
    """The faults go into copies."""
    def sources():
        return {path: path.read_bytes() for path in PACKAGE.rglob("*.py")}

    before = sources()
    assert [killed for _, killed, _ in planting.run_faults(["relu_passes_everything"])] == [True]
    assert sources() == before
