"""What each model gives without options, and the gradients that each of its outputs may have."""

from dataclasses import fields

import numpy as np
import pytest

import albert_np
from albert_np import AlbertModel, AlbertOutput
from albert_np.functional.trees import cast, flatten, tree_map
from albert_np.gradcheck.one_check import padding_mask, random_parameters, small_config
from albert_np.gradcheck.task_checks import parameters_of
from albert_np.layers import embeddings_backward
from albert_np.models.trunk import (add, albert_backward, albert_forward, label_counts,
                                    share_of_batch, upstream_gradients)

MODELS = {
    "AlbertModel": {},
    "AlbertForPreTraining": dict(labels=[[-100, 5, -100, -100, 0], [-100, -100, 16, -100, -100]],
                                 sentence_order_label=[1, 0]),
    "AlbertForMaskedLM": dict(labels=[[-100, 5, -100, -100, 0], [-100, -100, 16, -100, -100]]),
    "AlbertForSequenceClassification": dict(labels=[3, 1]),
    "AlbertForTokenClassification": dict(labels=[[-100, 3, 0, 3, -100], [-100, 1, 2, -100, -100]]),
    "AlbertForMultipleChoice": dict(labels=[0, 2]),
    "AlbertForQuestionAnswering": dict(start_positions=[2, 1], end_positions=[3, 1]),
    "AlbertForSquad2": dict(start_positions=[2, 1], end_positions=[3, 1], is_impossible=[0, 1])}
EVERY_MODEL = pytest.mark.parametrize("name", MODELS)
LOSSES = ("loss", "mlm_loss", "sop_loss")


def make(name, **changes):
    """A model whose parameters have left their initial values, and ids for it."""
    config = small_config(num_labels=4, **changes)
    model = getattr(albert_np, name)(config, dtype=np.float64)
    params = flatten(parameters_of(config, model.components))
    for key, leaf in flatten(model.params).items():
        leaf[...] = params[key]
    ids = np.array([[2, 9, 4, 9, 3], [2, 9, 4, 0, 0]])
    if name == "AlbertForMultipleChoice":
        ids = np.stack([ids, ids % 7, ids * 2 % 11], axis=1)
    return model, ids


def given(output):
    """The outputs that there are, but for those that have no gradient."""
    return {f.name: getattr(output, f.name) for f in fields(AlbertOutput)
            if getattr(output, f.name) is not None and f.name != "start_top_index"}


# ---- what is left out ----------------------------------------------------------------------------

@EVERY_MODEL
def test_what_is_left_out(name):
    """All is seen, all is in the first segment, nothing is dropped, attentions are kept."""
    model, ids = make(name, hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.5)
    short, _ = model.forward(ids)
    full, _ = model.forward(ids, np.ones_like(ids), np.zeros_like(ids), rng=None, recompute=False)
    other, _ = model.forward(ids, None, np.ones_like(ids))
    assert all(p is not None for p in short.attentions) and len(short.attentions) == 3
    np.testing.assert_array_equal(short.sequence_output, full.sequence_output)
    assert (short.sequence_output != other.sequence_output).any()
    assert short.sequence_output is short.last_hidden_state is short.hidden_states[-1]
    assert short.pooler_output is short.pooled_output
    assert (short.pooled_output is None) == ("pooler" not in model.params)


def test_the_trunk_by_itself():
    """The functions below the models: nothing is dropped or left out unless it is asked for."""
    model, ids = make("AlbertModel", hidden_dropout_prob=0.5)
    expected, _ = model.forward(ids)
    output, cache = albert_forward(model.params, ids, None, ids * 0, model.config)
    np.testing.assert_array_equal(output.pooled_output, expected.pooled_output)
    assert all(p is not None for p in output.attentions)
    grads = flatten(albert_backward(model.params, AlbertOutput(), cache))
    assert list(grads) == list(flatten(model.params))
    assert not any(leaf.any() for leaf in grads.values())
    given = AlbertOutput(hidden_states=[None] * 3 + [np.ones((2, 5, 12))],
                         attentions=[None, np.ones((2, 3, 5, 5)), None],
                         sequence_output=np.ones((2, 5, 12)), pooled_output=np.ones((2, 12)))
    first, second = (flatten(albert_backward(model.params, given, cache)) for _ in range(2))
    assert all((leaf == second[key]).all() for key, leaf in first.items())
    assert all((ones is None) or (ones == 1).all()             # what was given stays as it was
               for ones in [*given.hidden_states, *given.attentions, given.sequence_output])
    without = {name: model.params[name] for name in ("embeddings", "encoder")}
    output, cache = albert_forward(without, ids, None, ids * 0, model.config)
    assert output.pooled_output is None
    assert set(albert_backward(without, AlbertOutput(), cache)) == {"embeddings", "encoder"}


@EVERY_MODEL
def test_a_model_begins_with_seed_0_in_float32(name):
    config = small_config(num_labels=4)
    one, same, other = (getattr(albert_np, name)(config, *seed) for seed in ((), (0,), (1,)))
    assert one.dtype == np.float32 and set(one.params) == set(one.components)
    for key, leaf in flatten(one.params).items():
        assert leaf.dtype == np.float32 and np.array_equal(leaf, flatten(same.params)[key])
    assert (flatten(other.params)["embeddings.word"] != one.params["embeddings"]["word"]).any()
    assert one.load_report is None


# ---- gradients of outputs ------------------------------------------------------------------------

@pytest.mark.parametrize("name, options", [
    *[(name, {}) for name in MODELS],
    *[(name, {"positions": [[0, 1, 4], [0, 2, 4]]})
      for name in ("AlbertForPreTraining", "AlbertForMaskedLM")]])
def test_every_output_takes_gradients_of_its_shape_and_no_other(name, options):
    """With labels and without; zeros give zeros."""
    model, ids = make(name)
    for labels in ({}, MODELS[name]):
        output, cache = model.forward(ids, **labels, **options)
        d_output = {key: [np.zeros_like(one) for one in value] if isinstance(value, list)
                    else np.zeros_like(value) for key, value in given(output).items()}
        for d in (d_output, AlbertOutput(**d_output)):
            grads = flatten(model.backward(cache, d))
            assert not any(leaf.any() for leaf in grads.values())
        for key, zeros in d_output.items():
            if isinstance(zeros, list):
                for i, one in enumerate(zeros):
                    wrong = [None] * i + [one[:, 1:]] + [None] * (len(zeros) - 1 - i)
                    with pytest.raises(ValueError, match=rf"gradient of {key}\[{i}\] has shape"):
                        model.backward(cache, {key: wrong})
                for wrong in (zeros[1:], [*zeros, None]):
                    with pytest.raises(ValueError, match=f"^{len(wrong)} gradients are given for "
                                                         f"the {len(zeros)} {key}; an entry"):
                        model.backward(cache, {key: wrong})
            else:
                for wrong in (zeros[None], zeros[:-1]) if zeros.ndim else (zeros[None],):
                    with pytest.raises(ValueError, match=f"the gradient of {key} has shape"):
                        model.backward(cache, {key: wrong})


@pytest.mark.parametrize("name, options", [
    *[(name, {}) for name in MODELS],
    *[(name, {"positions": [[0, 1, 4], [0, 2, 4]]})
      for name in ("AlbertForPreTraining", "AlbertForMaskedLM")],
    *[("AlbertForSequenceClassification", {"labels": labels}) for labels in (
        [[0.0, 1.0, 0.5, 0.0], [1.0, 1.0, 0.0, 0.0]], [-100, 2])]])
def test_the_derivative_in_one_direction(name, options):
    """Of a sum over all outputs, with labels and without, by the complex step."""
    model, ids = make(name, sop_weight=0.3)
    params, rng = model.params, np.random.default_rng(0)
    direction = tree_map(lambda leaf: rng.standard_normal(leaf.shape), params)
    unlabelled = {key: value for key, value in options.items() if key == "positions"}
    for inputs in (unlabelled, {**MODELS[name], **options}):
        output, cache = model.forward(ids, **inputs)
        upstream = tree_map(lambda value: rng.standard_normal(np.shape(value)), given(output))
        grads = flatten(model.backward(cache, upstream))
        by_grads = sum((leaf * flatten(direction)[key]).sum() for key, leaf in grads.items())
        model.params = tree_map(lambda leaf, d: leaf + 1e-30j * d, params, direction)
        moved, _ = model.forward(ids, **inputs)
        model.params = params
        terms = tree_map(lambda value, d: (value * d).sum(), given(moved), upstream)
        by_step = sum(term.imag for term in flatten(terms).values()) / 1e-30
        assert by_grads == pytest.approx(by_step, rel=1e-11)


# ---- options that meet ---------------------------------------------------------------------------

OF_ITS_OWN = {
    "AlbertForPreTraining": dict(positions=[[0, 4, 1], [0, 2, 3]]),
    "AlbertForMaskedLM": dict(positions=[[4, 1, 3], [2, 3, 0]]),
    "AlbertForSequenceClassification": dict(label_weights=[0.25, 3.0]),
    "AlbertForSquad2": dict(p_mask=[[0, 1, 0, 0, 0], [0, 0, 0, 1, 1]])}


def all_options(name, ids):
    """A mask for each query, token types, the model's own options, and the share of a batch."""
    rng, T = np.random.default_rng(2), ids.shape[-1]
    seen = np.maximum(rng.random((*ids.shape, T)) < 0.5, np.eye(T, dtype=bool)).astype(int)
    return dict(attention_mask=seen, token_type_ids=rng.integers(0, 2, ids.shape), **MODELS[name],
                **OF_ITS_OWN.get(name, {}))


def make_with_dropout(name):
    return make(name, hidden_dropout_prob=0.3, attention_probs_dropout_prob=np.float64(0.2),
                sop_weight=np.float64(0.3), classifier_dropout_prob=np.float64(0.4),
                layer_norm_eps=np.float64(1e-3), cross_layer_residual=True, inner_group_num=2)


@EVERY_MODEL
def test_the_derivative_with_all_options_at_once(name):
    """By the complex step in one direction, as above; with dropout and the share of a batch."""
    model, ids = make_with_dropout(name)
    options = all_options(name, ids)
    if MODELS[name]:
        counts = model.label_counts(dict(input_ids=ids, **options))
        options["label_counts"] = {key: 3 * count for key, count in counts.items()}

    def run():
        return model.forward(ids, **options, rng=np.random.default_rng(7))

    params, rng = model.params, np.random.default_rng(0)
    direction = tree_map(lambda leaf: rng.standard_normal(leaf.shape), params)
    output, cache = run()
    upstream = tree_map(lambda value: rng.standard_normal(np.shape(value)), given(output))
    grads = flatten(model.backward(cache, upstream))
    by_grads = sum((leaf * flatten(direction)[key]).sum() for key, leaf in grads.items())
    model.params = tree_map(lambda leaf, d: leaf + 1e-30j * d, params, direction)
    terms = tree_map(lambda value, d: (value * d).sum(), given(run()[0]), upstream)
    by_step = sum(term.imag for term in flatten(terms).values()) / 1e-30
    assert by_grads == pytest.approx(by_step, rel=1e-11)


@EVERY_MODEL
def test_layers_are_recomputed_with_all_options(name):
    """The same bits, also of gradients that attention weights and hidden states bring along."""
    model, ids = make_with_dropout(name)
    options, outcomes = all_options(name, ids), []
    plain, _ = model.forward(ids, **options)
    upstream = tree_map(lambda value: np.random.default_rng(3).standard_normal(np.shape(value)),
                        given(plain))
    for recompute in (False, True):
        rng = np.random.default_rng(7)
        output, cache = model.forward(ids, **options, rng=rng, recompute=recompute)
        assert all((p is None) == recompute for p in output.attentions)
        outcomes.append({**flatten({**given(output), "attentions": []}), "next": rng.random(),
                         **flatten(model.backward(cache, upstream), prefix="d")})
    assert set(outcomes[0]) == set(outcomes[1])
    for key, value in outcomes[0].items():
        np.testing.assert_array_equal(value, outcomes[1][key], err_msg=key)


@EVERY_MODEL
@pytest.mark.parametrize("dropout", ["hidden_dropout_prob", "attention_probs_dropout_prob"])
def test_dropout_of_the_trunk_is_that_of_the_bare_model(name, dropout):
    """The first numbers of the generator are the trunk's, in every model."""
    model, ids = make(name, classifier_dropout_prob=0.0, **{dropout: 0.3})
    bare = AlbertModel(model.config, dtype=np.float64)
    bare.params = {**bare.params, **{key: model.params[key] for key in ("embeddings", "encoder")}}
    found, _ = model.forward(ids, rng=np.random.default_rng(7))
    expected, _ = bare.forward(ids.reshape(-1, 5), rng=np.random.default_rng(7))
    np.testing.assert_array_equal(found.sequence_output, expected.sequence_output)
    assert not np.allclose(found.sequence_output, model.forward(ids)[0].sequence_output)
    with pytest.raises(ValueError, match="^rng must be a numpy.random.Generator or None, not a i"):
        model.forward(ids, rng=7)


@EVERY_MODEL
@pytest.mark.parametrize("recompute", [False, True])
def test_contributions_with_all_options(name, recompute):
    """One tree for each application of a layer; they add up to the gradient of the block."""
    model, ids = make_with_dropout(name)
    output, cache = model.forward(ids, **all_options(name, ids), rng=np.random.default_rng(7),
                                  recompute=recompute)
    contributions = []
    grads = model.backward(cache, {"sequence_output": np.ones_like(output.sequence_output),
                                   "hidden_states": output.hidden_states}, contributions)
    assert len(contributions) == 6                                  # three layers of two blocks
    for part in ("attention", "feed_forward"):
        for block in range(2):
            own = [flatten(depth[part]) for depth in contributions[block::2]]
            for key, leaf in flatten(grads["encoder"][part][block]).items():
                np.testing.assert_allclose(sum(each[key] for each in own), leaf, rtol=1e-9,
                                           atol=1e-12, err_msg=key)


def labels_in_part(name):
    """All labels of a model, and each smaller choice of them that it accepts."""
    labels = MODELS[name]
    yield labels
    if name == "AlbertForPreTraining":
        yield from ({key: value} for key, value in labels.items())
    if name == "AlbertForSquad2":
        yield {key: value for key, value in labels.items() if key != "is_impossible"}
    if name == "AlbertForSequenceClassification":
        for dtype in (bool, np.float64):
            yield {"labels": np.eye(4)[[3, 1]].astype(dtype)}


@EVERY_MODEL
def test_float32_stays_float32_with_all_options(name):
    """Whichever labels there are, and whatever the dtype of what is given."""
    model, ids = make_with_dropout(name)
    model.params = cast(model.params, np.float32)
    for labels in labels_in_part(name):
        options = {key: value for key, value in all_options(name, ids).items()
                   if key not in MODELS[name]} | labels
        if labels and np.ndim(labels.get("labels")) == 2:
            options.pop("label_weights", None)
        counts = model.label_counts(dict(input_ids=ids, **options))
        more = {"label_counts": {key: 3 * count for key, count in counts.items()}} if labels else {}
        output, cache = model.forward(ids, **options, **more, rng=np.random.default_rng(7))
        upstream = {key: value for key, value in given(output).items() if key not in LOSSES}
        upstream = tree_map(lambda value: np.asarray(value, np.float64), upstream)
        arrays = [*flatten(given(output)).values(),
                  *flatten(model.backward(cache, upstream)).values(),
                  *(flatten(model.backward(cache)).values() if labels else ())]
        assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


@EVERY_MODEL
def test_each_sequence_is_read_with_its_own_options(name):
    """Alone it gives what it gives beside another one; nothing that was given is changed."""
    model, ids = make(name)
    options = {key: np.array(value) for key, value in all_options(name, ids).items()
               if key not in MODELS[name] and key != "label_weights"}
    before = {key: value.copy() for key, value in options.items()}
    together = flatten(given(model.forward(ids, **options)[0]))
    for b in range(2):
        row = {key: value[b:b + 1] for key, value in options.items()}
        alone = flatten(given(model.forward(ids[b:b + 1], **row)[0]))
        assert set(alone) == set(together)
        for key, value in alone.items():
            n = len(value)                               # 3 where the choices are in one long batch
            np.testing.assert_allclose(value, together[key][b * n:(b + 1) * n], rtol=1e-9,
                                       atol=1e-12, err_msg=key)
    assert all((options[key] == value).all() for key, value in before.items())


@EVERY_MODEL
def test_a_loss_without_labels_has_no_gradient(name):
    model, ids = make(name)
    output, cache = model.forward(ids)
    assert [getattr(output, loss) for loss in LOSSES] == [None] * 3
    said = "there is no output 'loss'" if name == "AlbertModel" else "there is no loss to"
    with pytest.raises(ValueError, match=said):
        model.backward(cache, {"loss": 1.0})
    if MODELS[name]:
        _, cache = model.forward(ids, **MODELS[name])
        for nothing in ({}, AlbertOutput(), {"loss": 0.0}):              # no gradient, and not 1
            assert not any(leaf.any() for leaf in flatten(model.backward(cache, nothing)).values())
        once, thrice = (flatten(model.backward(cache, *d)) for d in ((), ({"loss": 3.0},)))
        assert any(leaf.any() for leaf in once.values())
        for key, leaf in once.items():
            np.testing.assert_allclose(thrice[key], 3 * leaf, rtol=1e-12, atol=1e-15)


def test_the_losses_of_pretraining_are_refused_one_by_one():
    model, ids = make("AlbertForPreTraining")
    labels = MODELS["AlbertForPreTraining"]
    for name, other, loss in (("labels", "sop_loss", "sentence_order_label"),
                              ("sentence_order_label", "mlm_loss", "labels")):
        _, cache = model.forward(ids, **{name: labels[name]})
        with pytest.raises(ValueError, match=f"^there is no {other} to differentiate: forward was "
                                             f"not given {loss}$"):
            model.backward(cache, {other: 1.0})
        own = "mlm_loss" if other == "sop_loss" else "sop_loss"
        expected = flatten(model.backward(cache, {own: 1.0}))
        for key, leaf in flatten(model.backward(cache)).items():      # the loss is that one loss
            np.testing.assert_array_equal(leaf, expected[key])


def test_the_first_and_the_last_hidden_state():
    """The last is the sequence output; before the first there are only the embeddings."""
    model = AlbertModel(small_config(), dtype=np.float64)
    model.params = random_parameters(small_config())
    del model.params["mlm_head"], model.params["sop_head"]
    output, cache = model.forward(np.array([[2, 9, 4, 9, 3], [2, 9, 4, 0, 0]]), padding_mask())
    g = np.random.default_rng(0).standard_normal((2, 5, 12))
    last = flatten(model.backward(cache, {"hidden_states": [None] * 3 + [g]}))
    for key, leaf in flatten(model.backward(cache, {"sequence_output": g})).items():
        np.testing.assert_array_equal(leaf, last[key])
    first = model.backward(cache, {"hidden_states": [g] + [None] * 3})
    assert not any(leaf.any() for leaf in flatten(first["encoder"]).values())
    expected = flatten(embeddings_backward(model.params["embeddings"], g, cache[0]))
    for key, leaf in flatten(first["embeddings"]).items():
        np.testing.assert_array_equal(leaf, expected[key])


def test_upstream_gradients_by_themselves():
    shapes = {"loss": (), "logits": (2, 3), "attentions": [(1,), (2,)]}
    d = upstream_gradients({"loss": 2, "logits": None, "attentions": [None, [1, 2]]}, shapes,
                           np.float32)
    assert d.loss == 2 and d.loss.dtype == d.attentions[1].dtype == np.float32
    assert d.logits is None and d.attentions[0] is None and d.attentions[1].tolist() == [1, 2]
    with pytest.raises(ValueError, match="^there is no output 'sop_logits' to give a gradient of; "
                                         "there are loss, logits, attentions$"):
        upstream_gradients({"sop_logits": 1}, shapes, np.float32)
    with pytest.raises(ValueError, match="d_output must be an AlbertOutput or a dict"):
        upstream_gradients([1], shapes, np.float32)


def test_sums_of_gradients():
    one, two = np.arange(6.0), np.ones((3, 2))
    assert add((2, 3), float, None, one).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert add((2, 3), float, one, None, two, two).tolist() == [[2, 3, 4], [5, 6, 7]]
    zeros = add((2, 3), np.float32, None, None)
    assert zeros.shape == (2, 3) and zeros.dtype == np.float32 and not zeros.any()
    assert one.tolist() == [0, 1, 2, 3, 4, 5] and (two == 1).all()


# ---- parts of a batch ----------------------------------------------------------------------------

def test_labels_that_count():
    ids = np.ones((2, 4), int)
    assert label_counts({"input_ids": ids}) == {}
    assert label_counts({"input_ids": ids, "labels": [[-100, 0, 1, -100], [5, -100, -100, -1]],
                         "sentence_order_label": [-100, 0]}) == {
                             "labels": 4, "sentence_order_label": 1}
    assert label_counts({"input_ids": ids, "labels": [-100.0, 1.0]}) == {"labels": 2}
    weights = np.array([0.5, 4.0])
    assert label_counts({"input_ids": ids, "labels": [3, -100], "label_weights": weights,
                         "sentence_order_label": [0, 1]}) == {
                             "labels": 0.5, "sentence_order_label": 2}
    assert label_counts({"input_ids": ids, "labels": None, "start_positions": [4, 3],
                         "end_positions": [-1, 0]}) == {"start_positions": 1, "end_positions": 2}


def test_the_share_of_a_part():
    labels = np.array([1, -100, 0, -100])
    assert share_of_batch(3.0, "labels", labels, None) == (3.0, 1.0)
    assert share_of_batch(3.0, "labels", labels, {"labels": 8, "other": 2}) == (0.75, 0.25)
    assert share_of_batch(3.0, "labels", labels, {"labels": 2}) == (3.0, 1.0)
    assert share_of_batch(0.0, "labels", labels[1:2], {"labels": 0}) == (0.0, 0.0)
    assert share_of_batch(3.0, "labels", labels[:1], {"labels": 1}) == (3.0, 1.0)
    for total in (np.int64(8), np.float64(8)):               # as from a sum over processes
        loss, share = share_of_batch(np.float32(3), "labels", labels, {"labels": total})
        assert (loss, share, loss.dtype, type(share)) == (0.75, 0.25, np.float32, float)
    weights = np.array([0.125, 9, 0.125, 9], np.float32)
    loss, share = share_of_batch(np.float32(3), "labels", labels, {"labels": 0.5}, weights)
    assert (loss, share, loss.dtype) == (1.5, 0.5, np.float32)


@pytest.mark.parametrize("problem, labels, counted", [
    (None, [3, -100], 1), (None, [[-100.0] * 4, [1.0] * 4], 8), (None, None, None),
    ("regression", [[-100] * 4, [1] * 4], 8), ("multi_label_classification", [[0] * 4, [1] * 4], 8),
    ("single_label_classification", [-100, -100], 0)])
def test_the_labels_of_a_classifier_that_count(problem, labels, counted):
    model, ids = make("AlbertForSequenceClassification", problem_type=problem)
    counts = model.label_counts({"input_ids": ids, "labels": labels})
    assert counts == ({} if labels is None else {"labels": counted})
