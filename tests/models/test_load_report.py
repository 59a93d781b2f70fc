"""What a user reads after loading a model, word by word."""

from albert_np.models.load_report import LoadReport


def test_nothing_differs():
    report = LoadReport("m.safetensors", "AlbertModel", loaded=25)
    assert str(report) == "AlbertModel from m.safetensors: 25 of 25 tensors loaded"


def test_everything_differs():
    report = LoadReport(
        "m.safetensors", "AlbertModel", seed=3, loaded=23,
        initialised=["pooler.weight", "pooler.bias"], mismatched=["x (2, 3)", "y (2,)"],
        unused=["a", "b"], ignored=["position_ids", "step"],
        tied=["c is also there, and equal", "d"],
        converted={"float16 to float32": 20, "float64 to float32": 1}, prefix="removed",
        notes=["one", "two"])
    assert str(report).split("\n") == [
        "AlbertModel from m.safetensors: 23 of 27 tensors loaded",
        "  not in the file, initialised with seed 3: pooler.weight, pooler.bias",
        "  of another shape in the file, initialised with seed 3: x (2, 3), y (2,)",
        "  in the file, not used: a, b",
        "  in the file, no weights: position_ids, step",
        "  tied: c is also there, and equal",
        "  tied: d",
        "  converted from float16 to float32: 20 tensors",
        "  converted from float64 to float32: 1 tensors",
        "  the prefix 'albert.' was removed",
        "  note: one",
        "  note: two"]


def test_a_fresh_report_is_empty():
    """Each report has lists of its own."""
    one, other = LoadReport("x", "M"), LoadReport("x", "M")
    assert (one.seed, one.loaded, one.prefix, one.converted) == (0, 0, "", {})
    for name in ("initialised", "mismatched", "unused", "ignored", "tied", "not_finite", "notes",
                 "remarks"):
        assert getattr(one, name) == [] and getattr(one, name) is not getattr(other, name)
    assert str(LoadReport("x", "M", prefix="added")).endswith("the prefix 'albert.' was added")
