"""The models: outputs, losses, gradients of anything, names, and bad input."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from albert_np import AlbertConfig, AlbertForPreTraining, AlbertModel
from albert_np.gradcheck.one_check import padding_mask, random_parameters, small_config
from albert_np.models.inputs import labelled_positions
from albert_np.optim import AdamW
from albert_np.parameters import flatten

IDS = np.array([[2, 9, 4, 9, 3], [2, 9, 4, 0, 0]])
LABELS = np.array([[-100, 5, -100, -100, 0], [-100, -100, 16, -100, -100]])
ORDER = np.array([1, 0])


@pytest.fixture
def model():
    model = AlbertForPreTraining(small_config(), dtype=np.float64)
    model.params = random_parameters(small_config())
    return model


def test_logits_at_labels_are_those_of_everywhere(model):
    everywhere, _ = model.forward(IDS, padding_mask())
    at_labels, _ = model.forward(IDS, padding_mask(), labels=LABELS)
    assert everywhere.prediction_logits.shape == (2, 5, 17)
    assert at_labels.prediction_logits.shape == (3, 17)
    np.testing.assert_allclose(at_labels.prediction_logits,
                               everywhere.prediction_logits[LABELS != -100], rtol=1e-12)


def test_losses_by_definition(model):
    model.config.sop_weight = 0.3
    output, _ = model.forward(IDS, padding_mask(), labels=LABELS, sentence_order_label=ORDER)

    def cross_entropy(logits, labels):
        p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        return -np.log(p[np.arange(len(labels)), labels]).mean()

    assert output.mlm_loss == pytest.approx(cross_entropy(output.prediction_logits, [5, 0, 16]))
    assert output.sop_loss == pytest.approx(cross_entropy(output.sop_logits, ORDER))
    assert output.loss == pytest.approx(output.mlm_loss + 0.3 * output.sop_loss)


def test_losses_without_labels_are_none(model):
    output, _ = model.forward(IDS)
    assert output.loss is output.mlm_loss is output.sop_loss is None
    output, _ = model.forward(IDS, labels=LABELS)
    assert output.loss == output.mlm_loss and output.sop_loss is None
    for weight in (1.0, 0.3, 0):
        model.config = replace(model.config, sop_weight=weight)
        output, _ = model.forward(IDS, sentence_order_label=ORDER)
        assert output.loss == weight * output.sop_loss and output.mlm_loss is None


def test_labels_everywhere_ignored_cost_nothing(model):
    output, cache = model.forward(IDS, labels=np.full((2, 5), -100))
    assert output.loss == 0 and output.prediction_logits.shape == (0, 17)
    assert all((leaf == 0).all() for leaf in flatten(model.backward(cache)).values())


def test_gradient_of_the_loss_is_a_tree_like_the_parameters(model):
    _, cache = model.forward(IDS, padding_mask(), labels=LABELS, sentence_order_label=ORDER)
    grads = flatten(model.backward(cache))
    params = flatten(model.params)
    assert list(grads) == list(params)
    assert all(grads[name].shape == leaf.shape for name, leaf in params.items())


def test_gradients_add_up_over_outputs(model):
    """backward is linear in the upstream gradients."""
    output, cache = model.forward(IDS, padding_mask(), labels=LABELS, sentence_order_label=ORDER)
    rng = np.random.default_rng(3)
    upstream = {"loss": 0.7, "mlm_loss": -0.2, "sop_loss": 1.5,
                "prediction_logits": rng.standard_normal((3, 17)),
                "sop_logits": rng.standard_normal((2, 2)),
                "sequence_output": rng.standard_normal((2, 5, 12)),
                "pooled_output": rng.standard_normal((2, 12)),
                "hidden_states": [rng.standard_normal((2, 5, 12)) for _ in range(4)],
                "attentions": [None, rng.standard_normal((2, 3, 5, 5)), None]}
    together = flatten(model.backward(cache, upstream))
    apart = [flatten(model.backward(cache, {name: d})) for name, d in upstream.items()]
    for name, leaf in together.items():
        np.testing.assert_allclose(leaf, sum(part[name] for part in apart), atol=1e-12)


def test_upstream_gradients_are_not_changed(model):
    _, cache = model.forward(IDS)
    states = [np.ones((2, 5, 12)) for _ in range(4)]
    model.backward(cache, {"hidden_states": states, "sequence_output": states[3]})
    assert all((state == 1).all() for state in states)


def test_contributions_reach_the_caller(model):
    _, cache = model.forward(IDS, labels=LABELS, sentence_order_label=ORDER)
    contributions = []
    grads = model.backward(cache, contributions=contributions)
    total = sum(depth["feed_forward"]["feed_forward"]["W_1"] for depth in contributions)
    np.testing.assert_allclose(grads["encoder"]["feed_forward"][0]["feed_forward"]["W_1"], total)


@pytest.mark.parametrize("model_class", [AlbertModel, AlbertForPreTraining])
def test_float32_stays_float32(model_class):
    model = model_class(small_config(hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1))
    labels = {} if model_class is AlbertModel else dict(labels=LABELS, sentence_order_label=ORDER)
    output, cache = model.forward(IDS, padding_mask(), **labels, rng=np.random.default_rng(0))
    upstream = {"pooled_output": np.ones((2, 12), np.float32)} if not labels else None
    grads = model.backward(cache, upstream)
    arrays = [output.sequence_output, output.pooled_output, *output.hidden_states,
              *output.attentions, *flatten(grads).values(), *flatten(model.params).values()]
    arrays += [output.loss, output.prediction_logits, output.sop_logits] if labels else []
    assert all(array.dtype == np.float32 for array in arrays)


def test_dropout_needs_rng_and_repeats_with_its_seed():
    model = AlbertForPreTraining(small_config(hidden_dropout_prob=0.3))

    def loss(rng):
        return model.forward(IDS, labels=LABELS, rng=rng)[0].loss

    assert loss(None) == loss(None)
    assert loss(np.random.default_rng(1)) == loss(np.random.default_rng(1)) != loss(None)


def test_two_runs_with_one_seed_are_equal_bit_for_bit():
    def run():
        model = AlbertForPreTraining(small_config(hidden_dropout_prob=0.2), seed=3)
        optimizer, rng = AdamW(model.params), np.random.default_rng(4)
        for _ in range(5):
            _, cache = model.forward(IDS, labels=LABELS, sentence_order_label=ORDER, rng=rng)
            optimizer.step(model.params, model.backward(cache))
        return flatten(model.params)

    first, second = run(), run()
    assert all((first[name] == second[name]).all() for name in first)
    other = flatten(AlbertForPreTraining(small_config(), seed=5).params)
    assert (other["embeddings.word"] != first["embeddings.word"]).any()


def test_initial_weights_are_a_truncated_normal():
    config = AlbertConfig(vocab_size=3000, hidden_size=64, num_attention_heads=4,
                          intermediate_size=64, initializer_range=0.05)
    params = flatten(AlbertForPreTraining(config).params)
    word = params["embeddings.word"]
    assert np.abs(word).max() <= 0.1 and word.std() == pytest.approx(0.88 * 0.05, rel=0.01)
    assert all((leaf == (1 if name.endswith("gamma") else 0)).all()
               for name, leaf in params.items() if leaf.ndim == 1)


# ---- names and layouts of published weights ------------------------------------------------------

@pytest.mark.parametrize("changes", [
    dict(), dict(sharing="none"), dict(sharing="attention"), dict(sharing="ffn"),
    dict(num_hidden_groups=3, inner_group_num=2),
    dict(embedding_size=12, embedding_mapping=False)])
@pytest.mark.parametrize("model_class", [AlbertModel, AlbertForPreTraining])
def test_state_dict_round_trip(model_class, changes):
    config = small_config(**changes)
    one, other = model_class(config, seed=1), model_class(config, seed=2)
    state = one.state_dict()
    assert len(state) == len(flatten(one.params))          # no two under one name
    other.load_state_dict(state)
    for name, leaf in flatten(one.params).items():
        assert (flatten(other.params)[name] == leaf).all()


def test_state_dict_is_transposed_and_a_copy(model):
    state = model.state_dict()
    query = state["albert.encoder.albert_layer_groups.0.albert_layers.0.ffn.weight"]
    ours = model.params["encoder"]["feed_forward"][0]["feed_forward"]["W_1"]
    assert (query == ours.T).all()
    query[...] = 0
    assert (ours != 0).any()
    _, cache = model.forward(IDS, labels=LABELS)
    grads = model.backward(cache)
    assert (model.state_dict(grads)["predictions.dense.weight"]
            == grads["mlm_head"]["dense"]["W"].T).all()


def test_loading_ignores_second_names_of_tied_weights(model):
    state = model.state_dict()
    state["predictions.decoder.weight"] = state["albert.embeddings.word_embeddings.weight"]
    state["predictions.decoder.bias"] = state["predictions.bias"]
    state["albert.embeddings.position_ids"] = np.arange(7)[None]
    model.load_state_dict(state)


def test_loading_lists_everything_that_does_not_fit_and_changes_nothing(model):
    before = model.state_dict()
    state = {name: array + 1 for name, array in before.items()}
    del state["albert.pooler.bias"]
    state["albert.pooler.weight"] = np.zeros((3, 3))
    state["classifier.weight"] = np.zeros(3)
    with pytest.raises(ValueError) as error:
        model.load_state_dict(state)
    for part in ("albert.pooler.bias is missing", "classifier.weight is unknown",
                 "albert.pooler.weight has shape (3, 3) instead of (12, 12)"):
        assert part in str(error.value)
    assert all((model.state_dict()[name] == array).all() for name, array in before.items())


# ---- bad input -----------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments, message", [
    (dict(input_ids=IDS[0]), r"input_ids have shape \(5,\); they must be \(batch, tokens\)"),
    (dict(input_ids=np.zeros((0, 5), int)), "with at least one of each"),
    (dict(input_ids=[[]]), "with at least one of each"),
    (dict(input_ids=IDS, attention_mask=[[1], [1, 1]]), "attention_mask have rows of different"),
    (dict(input_ids=IDS * 1.0), "input_ids have dtype float64; they must be integers"),
    (dict(input_ids=[[1, 2], [3]]), "input_ids have rows of different lengths"),
    (dict(input_ids=IDS + 10), r"input_ids\[0, 1\] is 19; it must lie in \[0, 17\)"),
    (dict(input_ids=-IDS), r"input_ids\[0, 0\] is -2"),
    (dict(input_ids=np.zeros((1, 8), int)),
     "input_ids are 8 tokens long, but max_position_embeddings is 7; shorten the text"),
    (dict(input_ids=IDS, attention_mask=np.ones((2, 4))), r"attention_mask has shape \(2, 4\)"),
    (dict(input_ids=IDS, attention_mask=np.full((2, 5), -1)), "attention_mask may hold only 0"),
    (dict(input_ids=IDS, attention_mask=[[1] * 5, [0] * 5]),
     "attention_mask hides every token of sequence 1"),
    (dict(input_ids=IDS, token_type_ids=np.full((2, 5), 2)), r"token_type_ids\[0, 0\] is 2"),
    (dict(input_ids=IDS, token_type_ids=IDS[:1] * 0), r"token_type_ids have shape \(1, 5\)"),
    (dict(input_ids=IDS, labels=np.full((2, 5), 17)),
     r"labels\[0, 0\] is 17; it must lie in \[0, 17\) or -100"),
    (dict(input_ids=IDS, labels=np.full((2, 5), -1)), r"labels\[0, 0\] is -1"),
    (dict(input_ids=IDS, labels=LABELS[:, :4]), r"labels have shape \(2, 4\)"),
    (dict(input_ids=IDS, sentence_order_label=[0, 2]), r"sentence_order_label\[1\] is 2"),
    (dict(input_ids=IDS, sentence_order_label=[0]), r"sentence_order_label have shape \(1,\)")])
def test_bad_input_gets_one_sentence(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        model.forward(**arguments)


def test_gradients_of_nothing_get_one_sentence(model):
    _, cache = model.forward(IDS)
    with pytest.raises(ValueError, match="^there is no loss to differentiate: forward was not "
                                         "given labels or sentence_order_label$"):
        model.backward(cache)
    with pytest.raises(ValueError, match="there is no mlm_loss"):
        model.backward(cache, {"mlm_loss": 1.0})
    with pytest.raises(ValueError, match="there is no output 'logits' to give a gradient of"):
        model.backward(cache, {"logits": 1.0})


@pytest.mark.parametrize("upstream, message", [
    ({"sequence_output": np.ones(12)}, r"the gradient of sequence_output has shape \(12,\), but"),
    ({"pooled_output": np.ones((3, 12))}, r"the gradient of pooled_output has shape \(3, 12\)"),
    ({"prediction_logits": np.ones((3, 17))}, r"but prediction_logits has shape \(2, 5, 17\)"),
    ({"hidden_states": [None, None]}, "2 gradients are given for the 4 hidden_states"),
    ({"hidden_states": [None, np.ones(3), None, None]}, r"the gradient of hidden_states\[1\] has"),
    ({"attentions": []}, "0 gradients are given for the 3 attentions"),
    ([1.0], "d_output must be an AlbertOutput or a dict")])
def test_gradients_that_do_not_fit_get_one_sentence(model, upstream, message):
    _, cache = model.forward(IDS)
    with pytest.raises(ValueError, match=message):
        model.backward(cache, upstream)


def test_albert_model_has_no_losses():
    model = AlbertModel(small_config())
    _, cache = model.forward(IDS)
    with pytest.raises(ValueError, match="there is no output 'loss' to give a gradient of"):
        model.backward(cache, {"loss": 1.0})


def test_upstream_gradients_take_the_dtype_of_the_parameters():
    model = AlbertModel(small_config())
    output, cache = model.forward(IDS)
    upstream = {"sequence_output": output.sequence_output.astype(np.float64).tolist(),
                "hidden_states": [np.ones((2, 5, 12)) for _ in range(4)]}
    grads = flatten(model.backward(cache, upstream))
    assert all(leaf.dtype == np.float32 for leaf in grads.values())


def test_dtype_and_rng_are_checked(model):
    with pytest.raises(ValueError, match="dtype is int64; parameters need a floating-point dtype"):
        AlbertModel(small_config(), dtype=np.int64)
    with pytest.raises(ValueError, match="^dtype is float16, in which a training step overflows; "
                                         "use float32 .files in float16 are read into it.$"):
        AlbertModel(small_config(), dtype=np.float16)
    for rng, kind in ((0, "int"), (np.random.RandomState(0), "RandomState")):
        with pytest.raises(ValueError, match=f"^rng must be a numpy.random.Generator or None, not "
                                             f"a {kind}$"):
            model.forward(IDS, rng=rng)
    for dtype in (np.complex128, np.longdouble):               # of gradient checks
        assert AlbertModel(small_config(), dtype=dtype).dtype == dtype


def test_config_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="config must be an AlbertConfig, not a dict"):
        AlbertModel({})


# ---- recomputation -------------------------------------------------------------------------------

@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("changes", [
    dict(sharing="all"), dict(sharing="attention"), dict(sharing="ffn"), dict(sharing="none"),
    dict(num_hidden_groups=2, inner_group_num=2), dict(cross_layer_residual=True)], ids=str)
def test_recomputed_layers_give_the_same_gradients(changes, dropout):
    """Bit for bit, in float32, whatever is asked for, and the generator ends at the same place."""
    model = AlbertForPreTraining(small_config(
        hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout, **changes))
    outcomes = []
    for recompute in (False, True):
        rng = np.random.default_rng(4)
        output, cache = model.forward(IDS, padding_mask(), labels=LABELS,
                                      sentence_order_label=ORDER, rng=rng, recompute=recompute)
        T, depths = IDS.shape[1], len(output.attentions)
        attention = np.random.default_rng(5).standard_normal((len(IDS), 3, T, T))
        d_output = {"loss": 1.0, "attentions": [None] * (depths - 1) + [attention]}
        outcomes.append({"loss": output.loss, "h": output.hidden_states[-1], "next": rng.random(),
                         **flatten(model.backward(cache, d_output))})
        assert all((p is None) == recompute for p in output.attentions)
    plain, recomputed = outcomes
    assert all(np.array_equal(plain[name], recomputed[name]) for name in plain)


@pytest.mark.parametrize("bit_generator", [np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_recomputation_repeats_any_generator(bit_generator):
    model = AlbertModel(small_config(hidden_dropout_prob=0.5))
    gradients = []
    for recompute in (False, True):
        output, cache = model.forward(IDS, rng=np.random.Generator(bit_generator(3)),
                                      recompute=recompute)
        gradients.append(flatten(model.backward(
            cache, {"pooled_output": np.ones_like(output.pooled_output)})))
    assert all(np.array_equal(leaf, gradients[1][name]) for name, leaf in gradients[0].items())


def test_recomputation_keeps_one_input_for_each_depth():
    """What a cache holds: beyond the first, every depth adds (B, T, H) and little else."""
    def megabytes(L, recompute):
        config = small_config(num_hidden_layers=L, max_position_embeddings=64)
        _, cache = AlbertModel(config).forward(np.ones((8, 64), int), recompute=recompute)
        return sum(array.nbytes for array in arrays_of(cache).values()) / 1e6

    B, T, H = 8, 64, small_config().hidden_size
    added = (megabytes(9, True) - megabytes(3, True)) / 6
    assert added == pytest.approx(4 * B * T * H / 1e6, rel=0.01)
    assert (megabytes(9, False) - megabytes(3, False)) / 6 > 10 * added


def arrays_of(cache):
    """The arrays that own memory, in nested tuples, lists and dicts, each once."""
    if isinstance(cache, np.ndarray):
        while cache.base is not None:
            cache = cache.base
        return {id(cache): cache}
    if isinstance(cache, SimpleNamespace):
        cache = vars(cache)
    if isinstance(cache, dict):
        cache = list(cache.values())
    found = {}
    for part in cache if isinstance(cache, (tuple, list)) else ():
        found.update(arrays_of(part))
    return found


# ---- the last layer at some positions ------------------------------------------------------------

@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("mask", ["padding", "(B, T, T)"])
@pytest.mark.parametrize("changes", [
    dict(sharing="none"), dict(num_hidden_layers=1), dict(cross_layer_residual=True)], ids=str)
def test_last_layer_at_the_labels_gives_the_same_losses_and_gradients(changes, mask, recompute):
    """Sequences with three, one and no label; what nobody looks at changes nothing."""
    model = AlbertForPreTraining(small_config(sop_weight=0.3, **changes), dtype=np.float64)
    rng = np.random.default_rng(0)
    ids = rng.integers(1, 17, (3, 5))
    labels = np.full(ids.shape, -100)
    labels[0, [0, 2, 4]], labels[1, 3] = [3, 5, 7], 9
    seen = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0], [1, 1, 0, 0, 0]])
    if mask != "padding":
        seen = np.maximum(rng.random((3, 5, 5)) < 0.6, np.eye(5, dtype=bool)).astype(int)
    given = dict(attention_mask=seen, labels=labels, sentence_order_label=np.array([1, 0, -100]))
    everywhere, cache = model.forward(ids, **given)
    expected = flatten(model.backward(cache))
    output, cache = model.forward(ids, **given, positions=labelled_positions(labels),
                                  recompute=recompute)
    assert output.loss == pytest.approx(float(everywhere.loss), rel=1e-12)
    np.testing.assert_allclose(output.prediction_logits, everywhere.prediction_logits, rtol=1e-9)
    np.testing.assert_allclose(output.sop_logits, everywhere.sop_logits, rtol=1e-9)
    assert output.sequence_output.shape == (3, 3, 12)          # [CLS] bears one of the three labels
    np.testing.assert_allclose(output.sequence_output[0],
                               everywhere.sequence_output[0, [0, 2, 4]], rtol=1e-9)
    for name, leaf in flatten(model.backward(cache)).items():
        np.testing.assert_allclose(leaf, expected[name], rtol=1e-9, atol=1e-13, err_msg=name)
