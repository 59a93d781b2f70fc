"""The package against stored results of transformers; runs where torch is not installed.

How ``reference.npz`` came about is told in ``make_reference.py``.
"""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from albert_np.config import AlbertConfig
from albert_np.models import AlbertForPreTraining, AlbertModel

HERE = Path(__file__).parent
BOUND = 1e-10
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
LABELS = ("labels", "sentence_order_label")

with np.load(HERE / "reference.npz", allow_pickle=False) as _file:
    STORED = dict(_file)
NAMES = [str(name) for name in STORED["names"]]


def part(prefix):
    """The stored arrays whose names begin with ``prefix``, without it."""
    return {name.removeprefix(prefix): array for name, array in STORED.items()
            if name.startswith(prefix)}


def load(name):
    """Model with the stored weights, inputs, labels, expected outputs and gradients of a case."""
    config = AlbertConfig.from_dict(json.loads(str(STORED[f"{name}/config"][0])))
    assert not config.extra
    model = AlbertForPreTraining(config, dtype=np.float64)
    model.load_state_dict(part(f"{name}/weights/"))
    inputs, labels = ({key: STORED[f"{name}/{key}"] for key in keys} for keys in (INPUTS, LABELS))
    return model, inputs, labels, part(f"{name}/outputs/"), part(f"{name}/gradients/")


def states(output):
    """What every model gives, flat: hidden states, attentions and pooled output."""
    return {"pooled_output": output.pooled_output,
            **{f"hidden_states.{i}": h for i, h in enumerate(output.hidden_states)},
            **{f"attentions.{i}": p for i, p in enumerate(output.attentions)}}


@pytest.mark.parametrize("name", NAMES)
def test_pretraining(name, agree):
    """Losses, logits, hidden states, attentions, pooled output and every gradient."""
    model, inputs, labels, expected, gradients = load(name)
    labelled = labels["labels"] != -100
    expected["prediction_logits"] = expected["prediction_logits"][labelled]     # (M, V)

    output, cache = model.forward(**inputs, **labels)
    heads = {key: getattr(output, key) for key in ("loss", "mlm_loss", "sop_loss", "sop_logits",
                                                   "prediction_logits")}
    agree({**states(output), **heads}, expected, BOUND)
    agree(model.state_dict(model.backward(cache)), gradients, BOUND)


@pytest.mark.parametrize("name", NAMES)
def test_without_labels(name, agree):
    """Without labels there are logits at every position, and no losses."""
    model, inputs, _, expected, _ = load(name)
    output, _ = model.forward(**inputs)
    keys = ("prediction_logits", "sop_logits")
    agree({key: getattr(output, key) for key in keys}, {key: expected[key] for key in keys}, BOUND)
    assert output.loss is None and output.mlm_loss is None and output.sop_loss is None


@pytest.mark.parametrize("name", NAMES)
def test_model_without_heads(name, agree):
    """AlbertModel gives the same hidden states, from weights named without the prefix."""
    pretraining, inputs, _, expected, _ = load(name)
    model = AlbertModel(pretraining.config, dtype=np.float64)
    model.load_state_dict(part(f"{name}/weights/albert."))
    output, _ = model.forward(**inputs)
    found = states(output)
    agree(found, {key: expected[key] for key in found}, BOUND)
    np.testing.assert_array_equal(output.sequence_output, output.hidden_states[-1])


def test_the_file_asks_for_something():
    """Every kind of mask and activation is there, and no parameter has its initial value."""
    assert {json.loads(str(STORED[f"{name}/config"][0]))["hidden_act"] for name in NAMES} == {
        "gelu", "gelu_new", "relu"}
    assert {STORED[f"{name}/attention_mask"].ndim for name in NAMES} == {2, 3}
    assert any(STORED[f"{name}/attention_mask"].min() == 0 for name in NAMES)
    for name, array in STORED.items():
        if "/weights/" in name:
            assert not np.isin(array, (0, 1)).any(), name
        if "/gradients/" in name and "attention.key.bias" not in name:
            assert array.any(), name


@pytest.mark.parity
def test_the_file_is_what_the_script_writes(errors):
    """A committed file that no longer belongs to its script would prove nothing."""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    made = runpy.run_path(str(HERE / "make_reference.py"))["make_reference"]()
    assert set(made) == set(STORED)
    numbers = {name: array for name, array in made.items() if array.dtype.kind == "f"}
    # Another processor adds up in another order: the last digits may differ.
    found = errors(STORED, numbers)
    assert max(found.values()) < 1e-12, max(found, key=found.get)
    for name in set(made) - set(numbers) - {"versions"}:
        np.testing.assert_array_equal(STORED[name], made[name], err_msg=name)
