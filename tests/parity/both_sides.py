"""Two sides of a comparison with PyTorch: the same configuration, weights and inputs, and outputs.

The weights travel through ``state_dict`` and ``load_state_dict``. Every parameter is moved away
from its initial value first: with biases of 0 and gammas of 1 a forgotten bias, or a gamma in place
of a beta, would go unnoticed.
"""

from dataclasses import fields

import numpy as np
import pytest

from albert_np.config import AlbertConfig
from albert_np.parameters import flatten

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

BOUNDS = {np.float64: 1e-10, np.float32: 1e-5}
OUR_OWN_FIELDS = {"sharing", "embedding_mapping", "cross_layer_residual", "sop_weight", "extra"}
# transformers lists tied weights under both names.
SECOND_NAMES = {"predictions.decoder.weight", "predictions.decoder.bias"}
SMALL = dict(vocab_size=61, embedding_size=10, hidden_size=24, num_hidden_layers=3,
             num_attention_heads=3, intermediate_size=37, max_position_embeddings=16,
             initializer_range=0.1)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Matrices this small gain nothing from threads, which a busy machine lets wait in turn."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def their_config(config):
    """The same configuration for transformers, whose eager attention gives probabilities."""
    names = {f.name for f in fields(AlbertConfig)} - OUR_OWN_FIELDS
    theirs = transformers.AlbertConfig(**{name: getattr(config, name) for name in names})
    theirs._attn_implementation = "eager"
    return theirs


def perturb(model, rng):
    """Move every parameter away from its initial value."""
    spread = max(model.config.initializer_range / 2, 0.05)
    for leaf in flatten(model.params).values():
        if leaf.ndim == 1:
            leaf += (spread * rng.standard_normal(leaf.shape)).astype(leaf.dtype)
        else:
            leaf *= rng.uniform(0.5, 1.5, leaf.shape).astype(leaf.dtype)


def our_model(kind, config, dtype, seed=7):
    """A model of ours with perturbed parameters: the same numbers, to 24 bits, in every dtype."""
    model = kind(config, seed=seed, dtype=np.float32)
    perturb(model, np.random.default_rng(seed))
    weights = model.state_dict()
    model = kind(config, dtype=dtype)
    model.load_state_dict(weights)
    return model


def load_into_torch(ours, theirs):
    """Give a torch model our weights and dtype; nothing may be left over on either side."""
    theirs = theirs.to(getattr(torch, ours.dtype.name)).eval()
    weights = {name: torch.tensor(value) for name, value in ours.state_dict().items()}
    result = theirs.load_state_dict(weights, strict=False)
    assert not result.unexpected_keys
    assert set(result.missing_keys) <= SECOND_NAMES
    # PyTorch leaves padding_idx out of the look-up's gradient: see test_padding_row.
    trunk(theirs).embeddings.word_embeddings.padding_idx = None
    return theirs


def trunk(theirs):
    """The AlbertModel in a torch model, or the model itself."""
    return getattr(theirs, "albert", theirs)


def pair(kind, config, dtype):
    """Ours and theirs, with the same weights."""
    ours = our_model(kind, config, dtype)
    theirs = getattr(transformers, kind.__name__)(their_config(config))
    return ours, load_into_torch(ours, theirs)


def make_inputs(config, batch, mask, rng):
    """Ids (padding included), mask, types and labels, at least one of them."""
    B, T = batch
    ids = rng.integers(1, config.vocab_size, batch)
    ids[:, -1] = ids[:, 0]                       # a token that occurs twice
    attention_mask = None if mask is None else np.ones(batch, int)
    if mask == "padding":
        attention_mask = (np.arange(T) < np.linspace(T, T // 2, B).astype(int)[:, None]).astype(int)
        ids *= attention_mask                    # <pad> is 0
    elif mask == "first":
        attention_mask[:, 0] = 0
    elif mask == "holes":
        attention_mask = (rng.random(batch) < 0.6).astype(int)
        attention_mask[:, T // 2] = 1
    elif mask == "queries":
        attention_mask = (rng.random((B, T, T)) < 0.5).astype(int)
        attention_mask[:, range(T), range(T)] = 1       # a query that sees nothing is no use here
    labels = np.where(rng.random(batch) < 0.3, rng.integers(0, config.vocab_size, batch), -100)
    labels[0, 0] = 0
    return {"input_ids": ids, "attention_mask": attention_mask,
            "token_type_ids": rng.integers(0, config.type_vocab_size, batch)}, {
            "labels": labels, "sentence_order_label": rng.integers(0, 2, B)}


def run_torch(theirs, inputs, labels=None):
    """All outputs of the torch model under the names of ours, still part of its graph."""
    dtype = next(theirs.parameters()).dtype
    arguments = {name: torch.tensor(value) for name, value in inputs.items() if value is not None}
    mask = arguments.get("attention_mask")
    if mask is not None and mask.ndim == 3:
        # transformers refuses (B, T, T) but adds a ready (B, 1, T, T) to the scores as it is.
        hidden = (1 - mask[:, None]).to(dtype)
        arguments["attention_mask"] = hidden * torch.finfo(dtype).min
    pooled = []      # transformers keeps it to itself in the pretraining model
    hook = trunk(theirs).pooler_activation.register_forward_hook(
        lambda module, arguments, output: pooled.append(output))
    if labels is not None:
        arguments |= {name: torch.tensor(value) for name, value in labels.items()}
    output = theirs(**arguments, output_hidden_states=True, output_attentions=True)
    hook.remove()
    outputs = {"pooled_output": pooled[0], "hidden_states": list(output.hidden_states),
               "attentions": list(output.attentions)}
    if trunk(theirs) is theirs:
        return {**outputs, "sequence_output": output.last_hidden_state}
    outputs |= {"prediction_logits": output.prediction_logits, "sop_logits": output.sop_logits}
    if labels is not None:
        labelled = arguments["labels"] != -100
        cross_entropy = torch.nn.functional.cross_entropy
        outputs["prediction_logits"] = output.prediction_logits[labelled]
        outputs["mlm_loss"] = cross_entropy(outputs["prediction_logits"],
                                            arguments["labels"][labelled])
        outputs["sop_loss"] = cross_entropy(output.sop_logits, arguments["sentence_order_label"])
        outputs["loss"] = output.loss
    return outputs


def arrays(outputs):
    """A flat dict of arrays from either side's outputs, the lists numbered, without gaps."""
    if not isinstance(outputs, dict):
        outputs = {f.name: getattr(outputs, f.name) for f in fields(outputs)}
    flat = flatten({name: value for name, value in outputs.items() if value is not None})
    return {name: value.detach().numpy() if torch.is_tensor(value) else value
            for name, value in flat.items()}


def their_gradients(theirs):
    """Every gradient of the torch model by name, tied weights once."""
    return {name: p.grad.numpy() for name, p in theirs.named_parameters()}


def without_repetition(outputs):
    """Our outputs less the sequence output, which the pretraining model of torch does not give."""
    flat = arrays(outputs)
    last = max((name for name in flat if name.startswith("hidden_states.")),
               key=lambda name: int(name.split(".")[1]))
    np.testing.assert_array_equal(flat.pop("sequence_output"), flat[last])
    return flat


def random_upstream(expected, dtype, rng):
    """A random gradient for every output, together about as large as that of a mean loss."""
    def draw(like):
        if isinstance(like, list):
            return [draw(entry) for entry in like]
        return np.asarray(rng.standard_normal(like.shape) / np.sqrt(like.numel()), dtype)

    return {name: draw(value) for name, value in expected.items()}


def objective(expected, upstream):
    """The scalar whose gradient with respect to every output is ``upstream``."""
    expected, upstream = flatten(expected), flatten(upstream)
    # By way of NumPy, since torch would make a Python float a float32.
    return sum((expected[name] * torch.tensor(np.asarray(value))).sum()
               for name, value in upstream.items() if value is not None)
