"""Weights that transformers saved, loaded here; weights saved here, loaded by transformers.

All eight published configurations at full size, initialised by transformers with a seed: their
shapes, their names and their file are those of the real ones. (Only the depth of xxlarge is
reduced, which with shared layers changes none of them.) The real weights, where a user has them,
are asked for the values that others published: see the last section.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from albert_np.config import PUBLISHED
from albert_np.models import AlbertForPreTraining, AlbertModel
from albert_np.text import AlbertTokenizer

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = pytest.mark.parity

BOUNDS = {np.float32: 1e-5, np.float64: 1e-10}
SHALLOW = {"albert-xxlarge-v1": 2, "albert-xxlarge-v2": 2}
TINY = dict(vocab_size=80, embedding_size=8, hidden_size=24, num_attention_heads=3,
            num_hidden_layers=3, intermediate_size=40, max_position_embeddings=32)


def their_model(kind=None, seed=0, **values):
    """A model of transformers, its biases and gammas moved away from 0 and 1."""
    torch.manual_seed(seed)
    kind = kind or transformers.AlbertForPreTraining
    model = kind(transformers.AlbertConfig(**values)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter += 0.05 * torch.randn_like(parameter)
    return model


def published(name):
    """What the hub's configuration says; that of v1 says "gelu", the erf form to transformers."""
    values = {**PUBLISHED[name], "num_hidden_layers": SHALLOW.get(
        name, PUBLISHED[name]["num_hidden_layers"])}
    return {**values, "embedding_size": 128, "vocab_size": 30000,
            "hidden_act": "gelu" if name.endswith("v1") else "gelu_new"}


def inputs(vocabulary, T=16, seed=1):
    """Two rows of T ids, the second padded, and labels for both losses."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(5, vocabulary, (2, T))
    mask = (np.arange(T) < [[T], [T - T // 4]]).astype(int)
    labels = np.where(rng.random((2, T)) < 0.3, ids, -100)
    labels[:, 1] = 7
    return ({"input_ids": ids * mask, "attention_mask": mask,
             "token_type_ids": (np.arange(T) > T // 2) * mask},
            {"labels": labels, "sentence_order_label": np.array([0, 1])})


def tensors(arrays):
    return {name: torch.tensor(value) for name, value in arrays.items()}


def check_outputs(theirs, folder, dtype, agree):
    """Logits and hidden states of both sides."""
    ours = AlbertForPreTraining.from_pretrained(folder, dtype=dtype)
    assert not ours.load_report.initialised and not ours.load_report.unused
    theirs = theirs.to(getattr(torch, np.dtype(dtype).name))
    given, _ = inputs(ours.config.vocab_size)
    with torch.no_grad():
        expected = theirs(**tensors(given), output_hidden_states=True)
    output, _ = ours.forward(**given)
    outputs = {"prediction_logits": (output.prediction_logits, expected.prediction_logits),
               "sop_logits": (output.sop_logits, expected.sop_logits)}
    assert len(output.hidden_states) == len(expected.hidden_states)
    for depth, pair in enumerate(zip(output.hidden_states, expected.hidden_states)):
        outputs[f"hidden_states.{depth}"] = pair
    agree({name: a for name, (a, _) in outputs.items()},
          {name: b.numpy() for name, (_, b) in outputs.items()}, BOUNDS[dtype])


def check_gradients(theirs, folder, dtype, agree):
    """Every gradient of the sum of both losses."""
    ours = AlbertForPreTraining.from_pretrained(folder, dtype=dtype)
    theirs = theirs.to(getattr(torch, np.dtype(dtype).name))
    theirs.albert.embeddings.word_embeddings.padding_idx = None     # which would lose a gradient
    theirs.zero_grad()
    given, labels = inputs(ours.config.vocab_size)
    theirs(**tensors(given), **tensors(labels)).loss.backward()
    _, cache = ours.forward(**given, **labels)
    agree(ours.state_dict(ours.backward(cache)),
          {name: p.grad.numpy() for name, p in theirs.named_parameters()}, BOUNDS[dtype])


def check_way_back(theirs, folder, back):
    """Loaded here, saved here, loaded there: every tensor as it was, bit by bit."""
    kind = type(theirs)
    ours = {"AlbertForPreTraining": AlbertForPreTraining, "AlbertModel": AlbertModel}[kind.__name__]
    ours.from_pretrained(folder).save_pretrained(back)
    again, information = kind.from_pretrained(back, output_loading_info=True)
    assert not information["missing_keys"] and not information["unexpected_keys"]
    before, after = theirs.state_dict(), again.state_dict()
    assert set(before) == set(after)
    for name in before:
        assert torch.equal(before[name], after[name]), name


# ---- in and out ----------------------------------------------------------------------------------

def everything(theirs, folder, back, agree, gradients):
    theirs.save_pretrained(folder)
    check_way_back(theirs, folder, back)
    for dtype in BOUNDS:
        check_outputs(theirs, folder, dtype, agree)
        if gradients:
            check_gradients(theirs, folder, dtype, agree)


@pytest.mark.parametrize("changes", [
    {}, dict(hidden_act="relu"), dict(num_hidden_layers=4, num_hidden_groups=2, inner_group_num=2)])
def test_a_small_model(tmp_path, agree, changes):
    everything(their_model(**{**TINY, **changes}), tmp_path / "a", tmp_path / "b", agree, True)


def test_base_at_full_size(tmp_path, agree):
    theirs = their_model(**published("albert-base-v2"))
    theirs.save_pretrained(tmp_path / "a")
    check_outputs(theirs, tmp_path / "a", np.float32, agree)
    check_way_back(theirs, tmp_path / "a", tmp_path / "b")


@pytest.mark.thorough
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_configuration_at_full_size(name, tmp_path, agree):
    everything(their_model(**published(name)), tmp_path / "a", tmp_path / "b", agree,
               gradients="base" in name)


def test_a_model_without_heads(tmp_path):
    theirs = their_model(transformers.AlbertModel, **TINY)
    theirs.save_pretrained(tmp_path / "a")
    check_way_back(theirs, tmp_path / "a", tmp_path / "b")
    ours = AlbertForPreTraining.from_pretrained(tmp_path / "a")
    assert ours.load_report.prefix == "added" and len(ours.load_report.initialised) == 7


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(tmp_path, dtype):
    """What transformers saved in 16 bits is read exactly."""
    theirs = their_model(**TINY).to(getattr(torch, dtype))
    theirs.save_pretrained(tmp_path)
    ours = AlbertForPreTraining.from_pretrained(tmp_path)
    assert f"converted from {dtype} to float32: 32 tensors" in str(ours.load_report)
    for name, array in ours.state_dict().items():
        np.testing.assert_array_equal(array, theirs.state_dict()[name].float().numpy())


def test_sharded_by_transformers(tmp_path):
    theirs = their_model(**TINY)
    theirs.save_pretrained(tmp_path, max_shard_size="10KB")
    assert not (tmp_path / "model.safetensors").exists()
    for name, array in AlbertForPreTraining.from_pretrained(tmp_path).state_dict().items():
        np.testing.assert_array_equal(array, theirs.state_dict()[name].numpy())


def test_the_tokenizer_goes_with_it(tmp_path, data_folder):
    """transformers finds a tokenizer in our folder, with our pieces and settings."""
    tokenizer = AlbertTokenizer(data_folder / "spiece.model", do_lower_case=False)
    AlbertForPreTraining.from_pretrained(_saved(tmp_path / "a")).save_pretrained(tmp_path / "b",
                                                                                 tokenizer)
    text = "this is a test of tokens , and of Nothing else"
    expected = tokenizer(text)["input_ids"].tolist()
    for kind in (transformers.AutoTokenizer, transformers.AlbertTokenizer):
        theirs = kind.from_pretrained(tmp_path / "b")
        assert theirs(text)["input_ids"] == expected
        assert theirs.convert_ids_to_tokens(range(30000)) == tokenizer.pieces
        assert (theirs.pad_token_id, theirs.unk_token_id, theirs.mask_token_id) == (0, 1, 4)


def _saved(folder):
    their_model(**TINY).save_pretrained(folder)
    return folder


# ---- real weights --------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def real_folder():
    """A folder with albert-base-v2, named by ALBERT_NP_WEIGHTS."""
    folder = os.environ.get("ALBERT_NP_WEIGHTS")
    if not folder or not Path(folder).is_dir():
        pytest.skip("ALBERT_NP_WEIGHTS does not name a folder with albert-base-v2")
    return Path(folder)


@pytest.fixture(scope="module")
def real_model(real_folder):
    return AlbertForPreTraining.from_pretrained(real_folder)


@pytest.fixture(scope="module")
def real_tokenizer(real_folder):
    return AlbertTokenizer.from_pretrained(real_folder)


def test_published_hidden_states(real_model):
    """The values of transformers' tests/models/albert/test_modeling_albert.py."""
    ids = np.array([[0, 345, 232, 328, 740, 140, 1695, 69, 6078, 1588, 2]])
    mask = np.array([[0] + [1] * 10])
    output, _ = real_model.forward(ids, mask)
    np.testing.assert_allclose(output.sequence_output[0, 1:4, 1:4], [
        [-0.6513, 1.5035, -0.2766], [-0.6515, 1.5046, -0.2780], [-0.6512, 1.5049, -0.2784]],
        rtol=0, atol=1e-4)


def test_published_logits(real_model):
    """The values of transformers' test_modeling_tf_albert.py."""
    output, _ = real_model.forward(np.arange(6)[None])
    np.testing.assert_allclose(output.prediction_logits[0, :3, :3], [
        [4.595668, 0.74462754, -1.818147], [4.5954347, 0.7454184, -1.8188258],
        [4.5954905, 0.7448235, -1.8182316]], rtol=0, atol=1e-4)


def test_published_guesses(real_model, real_tokenizer):
    """Those of transformers' documentation and of its test of exporting."""
    def guesses(text, **padding):
        row = real_tokenizer(text, **padding)
        output, _ = real_model.forward(row["input_ids"][None], row["attention_mask"][None])
        place = row["input_ids"].tolist().index(real_tokenizer.mask_token_id)
        best = np.argsort(-output.prediction_logits[0, place])[:5]
        return [real_tokenizer.decode([i]) for i in best]

    assert guesses("The capital of [MASK] is Paris.")[0] == "france"
    assert guesses("Paris is the [MASK] of France.", max_length=64, padding="max_length") == [
        "capital", "capitol", "comune", "arrondissement", "bastille"]
