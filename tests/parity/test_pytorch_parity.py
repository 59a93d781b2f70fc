"""Every output and every gradient against transformers and torch.autograd.

The two implementations share nothing but the weights (see ``both_sides.py``).

Bounds are per tensor, max|a - b| / max|b|. In float64, whose rounding is 1.1e-16, 1e-10 leaves
room for nothing but rounding. In float32 (6e-8) the same rounding, grown by sums of a hundred
terms and by a dozen layers, has to stay within 1e-5; both sides start from the same float32
weights. That is a fair demand only of well-conditioned configurations. The initial weights are
therefore of a realistic size: 0.1 at H = 24 scales a hidden state as 0.02 does at H = 768, since
0.1 sqrt(24) and 0.02 sqrt(768) are both about 0.5. At three times that size rounding grows by a
factor at every depth, and after ten depths few digits of a float32 are left, in torch as here.
Whether the float32 errors are as small as they should be is asked of the float64 result, in
``test_float32_is_as_exact_as_torch``.
"""

from dataclasses import fields

import numpy as np
import pytest

from albert_np.config import PUBLISHED, AlbertConfig
from albert_np.models import AlbertForPreTraining, AlbertModel
from albert_np.parameters import flatten

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from both_sides import (BOUNDS, SECOND_NAMES, SMALL, arrays, load_into_torch, make_inputs,
                        objective, one_thread, our_model, pair, random_upstream, run_torch,
                        their_config, their_gradients, without_repetition)

pytestmark = pytest.mark.parity

DTYPES = pytest.mark.parametrize("dtype", BOUNDS, ids=lambda dtype: dtype.__name__)


def case(batch=(3, 11), mask="padding", **changes):
    """One comparison: a small configuration with changes, (B, T), and a kind of mask."""
    return {**SMALL, **changes}, batch, mask


CASES = {
    "gelu_new": case(hidden_act="gelu_new"),
    "gelu": case(hidden_act="gelu"),
    "relu": case(hidden_act="relu"),
    "tanh": case(hidden_act="tanh"),
    "linear": case(hidden_act="linear"),
    "groups": case(num_hidden_layers=4, num_hidden_groups=2),
    "inner groups": case(num_hidden_layers=4, num_hidden_groups=2, inner_group_num=2),
    "uneven groups": case(num_hidden_layers=5, num_hidden_groups=3, inner_group_num=2),
    # int(9 / (18 / 14)) is 6 in floating point, though 9 * 14 / 18 = 7.
    "groups by a rounded quotient": case(num_hidden_layers=18, num_hidden_groups=14,
                                         hidden_size=8, num_attention_heads=2),
    "E equals H": case(embedding_size=24),
    "E above H": case(embedding_size=31),
    "one head": case(num_attention_heads=1),
    "heads of one number": case(num_attention_heads=24),
    "as long as allowed": case(batch=(2, 16)),
    "batch of one": case(batch=(1, 9), mask=None),
    "one token": case(batch=(3, 1), mask=None),
    "first token hidden": case(mask="first"),
    "mask with holes": case(mask="holes"),
    "mask for each query": case(mask="queries"),
    "large epsilon": case(layer_norm_eps=0.05, type_vocab_size=4),
    # An odd batch: as many swapped as unswapped pairs would cancel in the gradients of the
    # sentence-order head, whose inputs are all but equal at first, and leave only rounding.
    "realistic": case(batch=(3, 32), vocab_size=500, embedding_size=64, hidden_size=128,
                      num_hidden_layers=12, num_attention_heads=8, intermediate_size=512,
                      max_position_embeddings=64, initializer_range=0.02),
}
EVERY_CASE = pytest.mark.parametrize("name", CASES)


# ---- outputs and gradients ----------------------------------------------------------------------

@DTYPES
@EVERY_CASE
def test_pretraining(name, dtype, agree):
    """Losses, logits, hidden states, attentions, pooled output and every gradient."""
    values, batch, mask = CASES[name]
    config = AlbertConfig(**values)
    ours, theirs = pair(AlbertForPreTraining, config, dtype)
    inputs, labels = make_inputs(config, batch, mask, np.random.default_rng(3))

    expected = run_torch(theirs, inputs, labels)
    expected["loss"].backward()
    output, cache = ours.forward(**inputs, **labels)
    gradients = ours.state_dict(ours.backward(cache))

    agree(without_repetition(output), arrays(expected), BOUNDS[dtype])
    agree(gradients, their_gradients(theirs), BOUNDS[dtype])
    assert {g.dtype for g in gradients.values()} == {np.dtype(dtype)}


@DTYPES
@EVERY_CASE
def test_arbitrary_upstream_gradients(name, dtype, agree):
    """Random gradients of every output at once, the lists included; no labels, so all logits."""
    values, batch, mask = CASES[name]
    config = AlbertConfig(**values)
    ours, theirs = pair(AlbertForPreTraining, config, dtype)
    rng = np.random.default_rng(5)
    inputs, _ = make_inputs(config, batch, mask, rng)

    expected = run_torch(theirs, inputs)
    output, cache = ours.forward(**inputs)
    agree(without_repetition(output), arrays(expected), BOUNDS[dtype])

    upstream = random_upstream(expected, dtype, rng)
    objective(expected, upstream).backward()
    agree(ours.state_dict(ours.backward(cache, upstream)), their_gradients(theirs), BOUNDS[dtype])


@DTYPES
@EVERY_CASE
def test_model_without_heads(name, dtype, agree):
    """AlbertModel, whose names have no prefix, with random gradients of every output."""
    values, batch, mask = CASES[name]
    config = AlbertConfig(**values)
    ours, theirs = pair(AlbertModel, config, dtype)
    rng = np.random.default_rng(6)
    inputs, _ = make_inputs(config, batch, mask, rng)

    expected = run_torch(theirs, inputs)
    output, cache = ours.forward(**inputs)
    agree(arrays(output), arrays(expected), BOUNDS[dtype])

    upstream = random_upstream(expected, dtype, rng)
    objective(expected, upstream).backward()
    agree(ours.state_dict(ours.backward(cache, upstream)), their_gradients(theirs), BOUNDS[dtype])


def test_upstream_of_losses_and_single_outputs(agree):
    """Gradients of the losses add to each other and to those of single outputs."""
    config = AlbertConfig(**SMALL, sop_weight=0.3)
    ours, theirs = pair(AlbertForPreTraining, config, np.float64)
    rng = np.random.default_rng(8)
    inputs, labels = make_inputs(config, (3, 11), "padding", rng)
    expected = run_torch(theirs, inputs, labels)
    expected["loss"] = expected["mlm_loss"] + 0.3 * expected["sop_loss"]     # what sop_weight means
    output, cache = ours.forward(**inputs, **labels)
    agree({"loss": output.loss}, {"loss": expected["loss"].item()}, BOUNDS[np.float64])

    draw = random_upstream(expected, np.float64, rng)
    upstream = {"loss": 0.5, "mlm_loss": -1.2, "sop_loss": 0.9,
                "hidden_states": [None, draw["hidden_states"][1], None, None],
                "attentions": [None, None, draw["attentions"][2]],
                "prediction_logits": draw["prediction_logits"]}
    objective(expected, upstream).backward()
    agree(ours.state_dict(ours.backward(cache, upstream)), their_gradients(theirs),
          BOUNDS[np.float64])


def test_one_label_at_a_time(agree):
    """With one kind of label only, the loss is that part alone."""
    config = AlbertConfig(**SMALL)
    inputs, labels = make_inputs(config, (3, 11), "padding", np.random.default_rng(9))
    for label, loss in (("labels", "mlm_loss"), ("sentence_order_label", "sop_loss")):
        ours, theirs = pair(AlbertForPreTraining, config, np.float64)
        expected = run_torch(theirs, inputs, labels)
        expected[loss].backward()
        output, cache = ours.forward(**inputs, **{label: labels[label]})
        agree({"loss": output.loss}, {"loss": expected[loss].item()}, BOUNDS[np.float64])
        # What the other head would have got is None in torch and zero here.
        reached = {name: np.zeros(p.shape) if p.grad is None else p.grad.numpy()
                   for name, p in theirs.named_parameters()}
        agree(ours.state_dict(ours.backward(cache)), reached, BOUNDS[np.float64])


# ---- the remaining ways in which the two could differ -------------------------------------------

def test_weights_from_torch(agree):
    """The other direction: their weights, both names of tied ones included, in our model."""
    for kind in (AlbertForPreTraining, AlbertModel):
        config = AlbertConfig(**SMALL, num_hidden_groups=2, inner_group_num=2)
        torch.manual_seed(0)
        theirs = getattr(transformers, kind.__name__)(their_config(config)).double().eval()
        with torch.no_grad():
            for p in theirs.parameters():
                p.add_(0.1 * torch.randn_like(p))
        weights = {name: value.numpy() for name, value in theirs.state_dict().items()}
        ours = kind(config, seed=1, dtype=np.float64)
        ours.load_state_dict(weights)

        inputs, _ = make_inputs(config, (3, 11), "padding", np.random.default_rng(10))
        output, _ = ours.forward(**inputs)
        flat = arrays(output) if kind is AlbertModel else without_repetition(output)
        agree(flat, arrays(run_torch(theirs, inputs)), BOUNDS[np.float64])
        for name, value in ours.state_dict().items():       # and back again, to the last bit
            np.testing.assert_array_equal(value, weights[name], err_msg=name)


def test_padding_row():
    """What padding_idx = 0, as published, changes: the look-up's gradient of row 0, only that.

    The original has no such exception, and neither has this package. An untied decoder tells
    the two uses of the table apart.
    """
    config = AlbertConfig(**SMALL)
    inputs, labels = make_inputs(config, (3, 11), "padding", np.random.default_rng(11))
    assert (inputs["input_ids"] == 0).any()
    ours, theirs = pair(AlbertForPreTraining, config, np.float64)
    _, cache = ours.forward(**inputs, **labels)
    word = "albert.embeddings.word_embeddings.weight"
    gradient = ours.state_dict(ours.backward(cache))[word]

    theirs.albert.embeddings.word_embeddings.padding_idx = config.pad_token_id
    run_torch(theirs, inputs, labels)["loss"].backward()
    published = theirs.albert.embeddings.word_embeddings.weight.grad.numpy()

    _, untied = pair(AlbertForPreTraining, config, np.float64)
    table = untied.albert.embeddings.word_embeddings.weight
    untied.predictions.decoder.weight = torch.nn.Parameter(table.detach().clone())
    run_torch(untied, inputs, labels)["loss"].backward()
    look_up, decoder = table.grad.numpy(), untied.predictions.decoder.weight.grad.numpy()

    close = dict(rtol=0, atol=BOUNDS[np.float64] * np.abs(gradient).max())
    np.testing.assert_allclose(gradient[1:], published[1:], **close)
    np.testing.assert_allclose(published[0], decoder[0], **close)
    np.testing.assert_allclose(gradient, look_up + decoder, **close)
    assert np.abs(look_up[0]).max() > 1e-3 * np.abs(gradient).max()     # so row 0 does differ


def test_float32_is_as_exact_as_torch(errors):
    """Against the float64 result, our float32 errors are of the size of torch's own.

    Two float32 results may differ although neither is wrong: each sums in an order of its own.
    The fair judge is the same computation from the same weights in float64. Where a gradient is
    what is left of large terms that cancel, both lose digits, so the errors are compared tensor
    by tensor, those below the rounding of a float32 counted as that rounding.
    """
    values, batch, mask = CASES["realistic"]
    config = AlbertConfig(**values)
    inputs, labels = make_inputs(config, batch, mask, np.random.default_rng(12))

    def everything(model):
        if isinstance(model, AlbertForPreTraining):
            output, cache = model.forward(**inputs, **labels)
            return {**without_repetition(output), **model.state_dict(model.backward(cache))}
        outputs = run_torch(model, inputs, labels)
        outputs["loss"].backward()
        return {**arrays(outputs), **their_gradients(model)}

    _, exact = pair(AlbertForPreTraining, config, np.float64)
    truth = everything(exact)
    ours, theirs = (errors(everything(model), truth)
                    for model in pair(AlbertForPreTraining, config, np.float32))
    floor = np.finfo(np.float32).eps
    ratios = np.array([max(ours[name], floor) / max(theirs[name], floor) for name in truth])
    assert max(ours.values()) < BOUNDS[np.float32]
    assert ratios.max() < 10
    assert np.exp(np.log(ratios).mean()) < 2


@pytest.mark.parametrize("sharing", ["attention", "ffn", "none"])
def test_sharing(sharing, agree):
    """The other ways of sharing: in torch, groups of one layer that have some parts in common."""
    config = AlbertConfig(**SMALL, sharing=sharing)
    ours = our_model(AlbertForPreTraining, config, np.float64)
    unshared = AlbertConfig(**SMALL, num_hidden_groups=SMALL["num_hidden_layers"])
    theirs = transformers.AlbertForPreTraining(their_config(unshared))
    first, *others = (group.albert_layers[0] for group in theirs.albert.encoder.albert_layer_groups)
    parts = {"attention": ["attention"], "none": [],
             "ffn": ["ffn", "ffn_output", "full_layer_layer_norm"]}[sharing]
    for layer in others:
        for part in parts:
            setattr(layer, part, getattr(first, part))
    theirs = theirs.double().eval()
    weights = {name: torch.tensor(value) for name, value in ours.state_dict().items()}
    own = {name for name, _ in theirs.named_parameters()}
    assert set(weights) == own
    theirs.load_state_dict(weights, strict=False)
    theirs.albert.embeddings.word_embeddings.padding_idx = None
    compare_loss_and_gradients(ours, theirs, config, agree)


def test_no_mapping(agree):
    """Without the map from E to H, which only E = H allows."""
    config = AlbertConfig(**{**SMALL, "embedding_size": 24}, embedding_mapping=False)
    ours = our_model(AlbertForPreTraining, config, np.float64)
    theirs = transformers.AlbertForPreTraining(their_config(config))
    theirs.albert.encoder.embedding_hidden_mapping_in = torch.nn.Identity()
    compare_loss_and_gradients(ours, load_into_torch(ours, theirs), config, agree)


def test_cross_layer_residual(agree):
    """h + f(h) in place of f(h)."""
    config = AlbertConfig(**SMALL, cross_layer_residual=True)
    ours, theirs = pair(AlbertForPreTraining, config, np.float64)
    for group in theirs.albert.encoder.albert_layer_groups:
        group.register_forward_hook(lambda module, arguments, h: arguments[0] + h)
    compare_loss_and_gradients(ours, theirs, config, agree)


def compare_loss_and_gradients(ours, theirs, config, agree):
    """Losses, logits, pooled output and gradients of a batch, in float64."""
    inputs, labels = make_inputs(config, (3, 11), "padding", np.random.default_rng(13))
    expected = run_torch(theirs, inputs, labels)
    expected["loss"].backward()
    output, cache = ours.forward(**inputs, **labels)
    # The hidden states are left out: transformers records them before a hook changes them.
    names = ("loss", "mlm_loss", "sop_loss", "prediction_logits", "sop_logits", "pooled_output")
    agree({name: getattr(output, name) for name in names},
          {name: expected[name].detach().numpy() for name in names}, BOUNDS[np.float64])
    agree(ours.state_dict(ours.backward(cache)), their_gradients(theirs), BOUNDS[np.float64])


# ---- names, shapes and numbers ------------------------------------------------------------------

@pytest.mark.parametrize("groups, inner", [(1, 1), (3, 1), (1, 2), (2, 3)])
def test_names_and_shapes(groups, inner):
    """Our state_dict has the names and shapes of theirs, of tied weights the first name."""
    config = AlbertConfig(**SMALL, num_hidden_groups=groups, inner_group_num=inner)
    for kind in (AlbertForPreTraining, AlbertModel):
        with torch.device("meta"):
            theirs = getattr(transformers, kind.__name__)(their_config(config)).state_dict()
        expected = {name: tuple(value.shape) for name, value in theirs.items()
                    if name not in SECOND_NAMES}
        assert {name: a.shape for name, a in kind(config).state_dict().items()} == expected


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameter_counts_of_published_models(name):
    """The numbers of parameters, component by component, against models that have no memory."""
    config = AlbertConfig.from_name(name)
    counts = config.parameter_counts()
    with torch.device("meta"):
        model = transformers.AlbertForPreTraining(their_config(config))
        bare = transformers.AlbertModel(their_config(config))
    assert all(p.device.type == "meta" for p in model.parameters())

    def component(parameter):
        for part, mark in (("mapping", "embedding_hidden_mapping_in"), ("mlm_head", "predictions"),
                           ("sop_head", "sop_classifier"), ("pooler", "pooler"),
                           ("embeddings", "embeddings"), ("attention", "attention")):
            if mark in parameter:
                return part
        return "feed_forward"

    expected = dict.fromkeys(counts, 0)
    for parameter, p in model.named_parameters():
        expected[component(parameter)] += p.numel()
    assert counts == expected
    without_heads = sum(counts.values()) - counts["mlm_head"] - counts["sop_head"]
    assert without_heads == sum(p.numel() for p in bare.parameters())
