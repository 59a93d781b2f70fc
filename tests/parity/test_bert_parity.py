"""Weights of transformers' BERT in this package's model: the same numbers, without sharing.

The model is the ALBERT of the other tests with another configuration; nothing of it was written
for BERT. The comparison is as in ``test_pytorch_parity.py``: errors are relative to the largest
entry of each tensor, and every parameter is moved away from its initial value first.
"""

import numpy as np
import pytest

from albert_np import AlbertConfig, AlbertForPreTraining, AlbertModel
from albert_np.model_files.bert_names import bert_settings, from_bert, to_bert

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.parity

BOUNDS = {np.float64: 1e-10, np.float32: 1e-5}
DTYPES = pytest.mark.parametrize("dtype", BOUNDS, ids=lambda dtype: dtype.__name__)

SMALL = dict(vocab_size=61, hidden_size=24, num_hidden_layers=3, num_attention_heads=3,
             intermediate_size=37, max_position_embeddings=16, initializer_range=0.1)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Matrices this small gain nothing from threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def bert(kind="BertForPreTraining", dtype=np.float64, **config):
    """A BERT of transformers with random weights, none of them 0 or 1."""
    torch.manual_seed(0)
    config = transformers.BertConfig(**config)
    config._attn_implementation = "eager"                      # gives the probabilities
    model = getattr(transformers, kind)(config).eval()
    with torch.no_grad():
        for p in model.parameters():
            if p.ndim == 1:
                p.add_(0.05 * torch.randn_like(p))
            else:
                p.mul_(torch.empty_like(p).uniform_(0.5, 1.5))
    model = model.to(getattr(torch, np.dtype(dtype).name))
    # PyTorch leaves the padding's row out of the look-up's gradient; the original does not.
    getattr(model, "bert", model).embeddings.word_embeddings.padding_idx = None
    return model


def ours_from(theirs, kind=AlbertForPreTraining):
    """Our model with their weights, loaded as one loads a file of theirs."""
    weights = {name: value.numpy() for name, value in theirs.state_dict().items()}
    dtype = next(iter(weights.values())).dtype
    model = kind(AlbertConfig.from_dict(bert_settings(theirs.config.to_dict())), dtype=dtype)
    model.load_state_dict(from_bert(weights))
    return model


def make_batch(config, batch=(3, 11), seed=3):
    """Ids with padding, mask, token types, and both kinds of labels."""
    rng = np.random.default_rng(seed)
    B, T = batch
    mask = (np.arange(T) < np.linspace(T, T // 2, B).astype(int)[:, None]).astype(int)
    labels = np.where(rng.random(batch) < 0.3, rng.integers(0, config.vocab_size, batch), -100)
    labels[0, 0] = 5
    return ({"input_ids": rng.integers(1, config.vocab_size, batch) * mask, "attention_mask": mask,
             "token_type_ids": rng.integers(0, config.type_vocab_size, batch)},
            labels, rng.integers(0, 2, B))


def run_torch(theirs, inputs, labels, next_sentence):
    """Their outputs under our names; the loss still has its graph."""
    output = theirs(**{name: torch.tensor(value) for name, value in inputs.items()},
                    labels=torch.tensor(labels), next_sentence_label=torch.tensor(next_sentence),
                    output_hidden_states=True, output_attentions=True)
    # Our logits are those of the labelled positions.
    values = {"loss": output.loss, "sop_logits": output.seq_relationship_logits,
              "prediction_logits": output.prediction_logits[torch.tensor(labels) != -100]}
    for name in ("hidden_states", "attentions"):
        values |= {f"{name}.{i}": value for i, value in enumerate(getattr(output, name))}
    return output.loss, {name: value.detach().numpy() for name, value in values.items()}


def run_ours(ours, inputs, labels, next_sentence, rng=None):
    """The same of ours, and the cache."""
    output, cache = ours.forward(**inputs, labels=labels, sentence_order_label=next_sentence,
                                 rng=rng)
    values = {name: getattr(output, name) for name in ("loss", "sop_logits", "prediction_logits")}
    for name in ("hidden_states", "attentions"):
        values |= {f"{name}.{i}": value for i, value in enumerate(getattr(output, name))}
    return values, cache


def gradients(theirs):
    """Theirs, by the names of ours."""
    return from_bert({name: p.grad.numpy() for name, p in theirs.named_parameters()})


@DTYPES
@pytest.mark.parametrize("changes", [
    {}, {"hidden_act": "gelu_new"}, {"hidden_act": "relu"}, {"num_hidden_layers": 1},
    {"layer_norm_eps": 0.05, "type_vocab_size": 4}, {"num_hidden_layers": 12}],
    ids=lambda changes: ", ".join(f"{k}={v}" for k, v in changes.items()) or "small")
def test_outputs_and_every_gradient(changes, dtype, agree):
    theirs = bert(dtype=dtype, **{**SMALL, **changes})
    ours = ours_from(theirs)
    batch = make_batch(ours.config)
    loss, expected = run_torch(theirs, *batch)
    loss.backward()
    output, cache = run_ours(ours, *batch)
    agree(output, expected, BOUNDS[dtype])
    agree(ours.state_dict(ours.backward(cache)), gradients(theirs), BOUNDS[dtype])


@DTYPES
def test_the_encoder_alone(dtype, agree):
    """BertModel, whose names have no prefix."""
    theirs = bert("BertModel", dtype, **SMALL)
    ours = ours_from(theirs, AlbertModel)
    inputs, _, _ = make_batch(ours.config)
    expected = theirs(**{name: torch.tensor(value) for name, value in inputs.items()})
    output, _ = ours.forward(**inputs)
    agree({"last": output.sequence_output, "pooled": output.pooled_output},
          {"last": expected.last_hidden_state.detach().numpy(),
           "pooled": expected.pooler_output.detach().numpy()}, BOUNDS[dtype])


def test_dropout_stands_in_the_same_places(agree, monkeypatch):
    """With one generator that both sides draw from: one place more or less would shift them all."""
    theirs = bert(**SMALL, hidden_dropout_prob=0.2, attention_probs_dropout_prob=0.3).train()
    ours = ours_from(theirs)
    batch = make_batch(ours.config)
    rng = np.random.default_rng(7)

    def dropout(x, p=0.5, training=True, inplace=False):
        if not training or p == 0:
            return x
        kept = rng.random(tuple(x.shape), dtype=np.float32) >= p
        return x * torch.tensor(kept * (1 / (1 - p)))

    monkeypatch.setattr(torch.nn.functional, "dropout", dropout)
    loss, expected = run_torch(theirs, *batch)
    loss.backward()
    output, cache = run_ours(ours, *batch, rng=np.random.default_rng(7))
    # transformers gives the probabilities after dropout, this package before it.
    expected = {name: value for name, value in expected.items() if "attentions" not in name}
    agree({name: output[name] for name in expected}, expected, 1e-10)
    agree(ours.state_dict(ours.backward(cache)), gradients(theirs), 1e-10)


def test_the_way_back():
    """Every name and bit of a BERT returns, tied weights under their first name."""
    theirs = bert(dtype=np.float32, **SMALL)
    ours = ours_from(theirs)
    weights = theirs.state_dict()
    back = to_bert(ours.state_dict())
    assert set(weights) - set(back) == {"cls.predictions.decoder.weight",
                                        "cls.predictions.decoder.bias"}
    for name, value in back.items():
        np.testing.assert_array_equal(value, weights[name].numpy(), err_msg=name)
    fresh = transformers.BertForPreTraining(theirs.config)
    result = fresh.load_state_dict({name: torch.tensor(value) for name, value in back.items()},
                                   strict=False)
    assert not result.unexpected_keys
    for name, value in fresh.state_dict().items():
        assert torch.equal(value, weights[name]), name


@pytest.mark.thorough
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bert_base_at_full_size(dtype, agree):
    """110 million parameters: outputs, and every gradient."""
    theirs = bert(dtype=dtype)
    ours = ours_from(theirs)
    counts = ours.config.parameter_counts()
    assert sum(counts.values()) == sum(p.numel() for p in theirs.parameters())
    batch = make_batch(ours.config, (2, 24))
    loss, expected = run_torch(theirs, *batch)
    loss.backward()
    output, cache = run_ours(ours, *batch)
    agree(output, expected, BOUNDS[dtype])
    agree(ours.state_dict(ours.backward(cache)), gradients(theirs), BOUNDS[dtype])
