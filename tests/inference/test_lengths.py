"""Groups of similar lengths: the cheapest ones, and the same results."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest

from albert_np import AlbertForPreTraining, AlbertModel
from albert_np.gradcheck.one_check import P, V, random_parameters, small_config
from albert_np.inference.batches_by_length import forward_by_length, length_groups


def cost(lengths, groups, overhead):
    return sum(len(rows) * max(lengths[i] for i in rows) + overhead for rows in groups)


@pytest.mark.parametrize("overhead", [0, 3, 20])
def test_no_way_to_cut_is_cheaper(rng, overhead):
    for _ in range(20):
        lengths = rng.integers(1, 20, 7)
        groups = length_groups(lengths, overhead)
        assert sorted(np.concatenate(groups)) == list(range(7))
        order = sorted(range(7), key=lambda i: lengths[i])
        ways = []
        for cuts in product([False, True], repeat=6):
            way = [[order[0]]]
            for i, cut in zip(order[1:], cuts):
                way = [*way, [i]] if cut else [*way[:-1], [*way[-1], i]]
            ways.append(cost(lengths, way, overhead))
        assert cost(lengths, groups, overhead) == min(ways)


def test_equal_lengths_are_one_group():
    assert [rows.tolist() for rows in length_groups([5, 5, 5])] == [[0, 1, 2]]


@pytest.mark.parametrize("model_class", [AlbertModel, AlbertForPreTraining])
@pytest.mark.parametrize("threads", [0, 2])
def test_results_are_those_of_one_pass(rng, model_class, threads, monkeypatch):
    monkeypatch.setattr("albert_np.inference.batches_by_length.length_groups.__defaults__",
                        (1,))                                          # several groups
    model = model_class(small_config(), dtype=np.float64)
    params = random_parameters(small_config())
    model.params = {name: params[name] for name in model.components}
    lengths = np.array([2, 7, 3, 3, 6])
    mask = (np.arange(P) < lengths[:, None]).astype(int)
    ids, types = rng.integers(0, V, (5, P)), rng.integers(0, 2, (5, P))
    whole, _ = model.forward(ids, mask, types)
    assert len(length_groups(lengths)) > 1
    if threads:
        with ThreadPoolExecutor(threads) as pool:
            grouped = forward_by_length(model, ids, mask, types, pool)
    else:
        grouped = forward_by_length(model, ids, mask, types)
    for name in ("sequence_output", "prediction_logits", "pooled_output", "sop_logits"):
        expected, got = getattr(whole, name), getattr(grouped, name)
        assert (got is None) == (expected is None)
        if expected is not None:
            if expected.ndim == 3:
                assert (got[mask == 0] == 0).all()
                expected, got = expected[mask == 1], got[mask == 1]
            np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


def test_padding_in_front_is_refused():
    model = AlbertModel(small_config())
    with pytest.raises(ValueError, match="ones and then zeros"):
        forward_by_length(model, np.ones((1, 3), int), np.array([[0, 1, 1]]))
