"""ALBERT in one file computes what the package computes, and is short enough for an evening."""

import ast
import io
import math
import sys
import tokenize
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from albert_np import AlbertConfig, AlbertForPreTraining
from albert_np.functional.trees import flatten
from albert_np.optim import Adam, AdamW
from albert_np.parameters.initial_values import wave_positions
from albert_np.pretraining import BigramModel

TEXT = (Path(__file__).resolve().parent.parent / "tutorials" / "00_albert_in_one_file.py"
        ).read_text(encoding="utf-8")
SIZES = {"B": 5, "T": 13, "V": 23, "E": 4, "H": 6, "A": 3, "F": 7}
SPECIAL = 5                                            # ids below are of special tokens

# Where the package keeps what the file calls by one name.
ATTENTION, NETWORK = "encoder.attention.0.", "encoder.feed_forward.0."
NORMS = {"emb": "embeddings.", "att": ATTENTION, "ff": NETWORK, "mlm": "mlm_head."}
NAMES = {
    **{name: f"embeddings.{name}" for name in ("word", "position", "token_type")},
    "W_map": "embeddings.mapping.W", "b_map": "embeddings.mapping.b",
    **{f"{kind}_{name}": f"{ATTENTION}self_attention.{kind}_{name}"
       for kind in "Wb" for name in "qkvo"},
    **{f"{kind}_{name}": f"{NETWORK}feed_forward.{kind}_{name}" for kind in "Wb" for name in "12"},
    **{f"{kind}_{name}": f"{place}layer_norm.{kind}"
       for kind in ("gamma", "beta") for name, place in NORMS.items()},
    "W_mlm": "mlm_head.dense.W", "b_mlm": "mlm_head.dense.b", "bias": "mlm_head.bias",
    "W_pool": "pooler.W", "b_pool": "pooler.b", "W_sop": "sop_head.W", "b_sop": "sop_head.b",
}


def functions(text=TEXT):
    """Return the functions of the file, for small sizes. Nothing else of the file is run.

    Parameters
    ----------
    text : str
        The file, or the file with a fault.

    Returns
    -------
    SimpleNamespace
    """
    body = ast.parse(text).body
    first = next(i for i, node in enumerate(body) if isinstance(node, ast.FunctionDef))
    constants = [node for node in body[:first] if isinstance(node, ast.Assign)
                 and not {name.id for target in node.targets for name in ast.walk(target)
                          if isinstance(name, ast.Name) and not name.id.isupper()}]
    others = [node for node in body
              if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef))]
    found = {}
    exec(compile(ast.Module(others + constants, []), "one file", "exec"), found)
    found.update(SIZES, seen=set())
    return SimpleNamespace(**found)


@pytest.fixture(scope="module")
def file():
    return functions()


def random_params(file, rng, dtype=np.float64):
    """Parameters without a 0 or a 1 that could hide a fault."""
    return {name: (p + 0.3 * rng.standard_normal(p.shape)).astype(dtype)
            for name, p in file.initial_parameters(rng, dtype).items()}


def random_pairs(rng, count):
    """Pairs of sentences, some of them too long for a batch."""
    return [tuple(list(rng.integers(SPECIAL, SIZES["V"], rng.integers(1, 9))) for _ in range(2))
            for _ in range(count)]


def random_batch(file, rng):
    batch = file.make_batch(random_pairs(rng, SIZES["B"]), rng)
    assert not batch["keep"].all() and 0 < batch["swapped"].sum() < SIZES["B"]
    assert (batch["labels"] >= 0).sum() > 2
    return batch


def package_model(params, L):
    """The package's model with the parameters of the file."""
    model = AlbertForPreTraining(AlbertConfig(
        vocab_size=SIZES["V"], embedding_size=SIZES["E"], hidden_size=SIZES["H"],
        num_attention_heads=SIZES["A"], intermediate_size=SIZES["F"], num_hidden_layers=L,
        max_position_embeddings=SIZES["T"]), seed=0, dtype=np.float64)
    theirs = flatten(model.params)
    assert sorted(NAMES) == sorted(params) and sorted(NAMES.values()) == sorted(theirs)
    for name, p in params.items():
        theirs[NAMES[name]][...] = p
    return model


# ---- the same numbers as the package's -----------------------------------------------------------

@pytest.mark.parametrize("L", [1, 2, 4])
@pytest.mark.parametrize("seed", [1, 2])
def test_losses_and_every_gradient_are_those_of_the_package(file, L, seed):
    rng = np.random.default_rng(seed)
    params, batch = random_params(file, rng), random_batch(file, rng)
    (mlm_loss, sop_loss, words, order), caches = file.forward(params, batch, L)
    grads = file.backward(params, *caches)

    model = package_model(params, L)
    output, cache = model.forward(batch["ids"], batch["keep"], batch["types"], batch["labels"],
                                  batch["swapped"])
    expected = flatten(model.backward(cache))
    assert np.allclose([mlm_loss, sop_loss, mlm_loss + sop_loss],
                       [output.mlm_loss, output.sop_loss, output.loss], rtol=1e-12, atol=0)
    for mine, theirs in ((words, output.prediction_logits), (order, output.sop_logits)):
        assert np.abs(mine - theirs).max() < 1e-12 * np.abs(theirs).max()
    assert sorted(grads) == sorted(params)
    for name, gradient in grads.items():
        theirs = expected[NAMES[name]]
        assert gradient.shape == params[name].shape
        # The true gradient of b_k is 0: what is left of it is measured against 1.
        size = 1 if name == "b_k" else np.abs(theirs).max()
        assert np.abs(gradient - theirs).max() < 1e-12 * size, name


def test_float32_stays_float32(file):
    rng = np.random.default_rng(0)
    params = random_params(file, rng, np.float32)
    outputs, caches = file.forward(params, random_batch(file, rng), 2)
    grads = file.backward(params, *caches)
    m, v = ({name: np.zeros_like(p) for name, p in params.items()} for _ in range(2))
    file.adamw(params, grads, m, v, 1, 1e-3 * min(1 / 125, 1 - 1 / 3001))
    assert {each.dtype for each in (*outputs, *grads.values(), *params.values(), *m.values(),
                                    *v.values())} == {np.dtype(np.float32)}


def steps(file, optimizer, t, lr=0.1, count=4, **settings):
    """The largest difference after some steps, and how far the parameters went.

    Parameters
    ----------
    optimizer : callable
        From the parameters to an optimiser of the package.
    t : callable
        From the number of the step to what the file's function gets as such.
    """
    rng = np.random.default_rng(3)
    params = {"W": rng.standard_normal((3, 4)), "b": rng.standard_normal(4)}
    start = {name: p.copy() for name, p in params.items()}
    theirs = {name: p.copy() for name, p in params.items()}
    m, v = ({name: np.zeros_like(p) for name, p in params.items()} for _ in range(2))
    optimizer = optimizer(theirs)
    for step in range(1, count + 1):
        grads = {name: rng.standard_normal(p.shape) for name, p in params.items()}
        file.adamw(params, grads, m, v, t(step), lr, **settings)
        optimizer.step(theirs, grads)
    return (max(np.abs(params[name] - theirs[name]).max() for name in params),
            min(np.abs(params[name] - start[name]).min() for name in params))


def test_a_step_is_the_packages_adamw(file):
    """The original has no bias correction, as if it had taken infinitely many steps already."""
    settings = {"b1": 0.8, "b2": 0.95, "eps": 1e-3, "weight_decay": 0.3}
    difference, way = steps(file, lambda params: AdamW(
        params, lr=0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.3), lambda step: math.inf,
        **settings)
    assert difference < 1e-12 and way > 1e-4


def test_the_bias_correction_is_the_packages_adam(file):
    settings = {"b1": 0.8, "b2": 0.95, "eps": 1e-3, "weight_decay": 0}
    difference, way = steps(file, lambda params: Adam(params, lr=0.1, betas=(0.8, 0.95), eps=1e-3),
                            lambda step: step, **settings)
    assert difference < 1e-12 and way > 1e-4


def test_decay_is_not_corrected(file):
    """Without a gradient, a matrix shrinks by lr times the decay at any step; a bias stays."""
    params = {"W": np.ones((2, 3)), "b": np.ones(3)}
    zero = {name: np.zeros_like(p) for name, p in params.items()}
    file.adamw(params, zero, dict(zero), dict(zero), 1, 0.1, weight_decay=0.3)
    assert np.allclose(params["W"], 0.97, rtol=1e-15) and (params["b"] == 1).all()


def test_the_bigram_model_is_the_packages(file):
    rng = np.random.default_rng(4)
    document = [list(rng.integers(1, SIZES["V"] - 2, 6)) for _ in range(9)]      # 1: unknown
    document = [[word for word in sentence if word == 1 or word >= SPECIAL]
                for sentence in document]
    P = file.bigram_probabilities([document])
    text = np.array([[3] + [word for sentence in document for word in [*sentence, 3]]])
    theirs = BigramModel(text, SimpleNamespace(vocab_size=SIZES["V"], unk_token_id=1,
                                               ordinary_ids=np.arange(SPECIAL, SIZES["V"])))
    previous = np.array([1, 3, *range(SPECIAL, SIZES["V"])])
    probability, best = theirs.predict(previous)
    for word in range(SPECIAL, SIZES["V"]):
        assert np.allclose(P[previous, word], probability(np.full(len(previous), word)),
                           rtol=1e-12, atol=0)
    assert (P[2] == P[3]).all() and not P[:, :SPECIAL].any()
    assert np.allclose(P.sum(axis=1), 1) and (P[previous].argmax(axis=1) == best).all()


def test_positions_start_as_the_packages_waves(file):
    position = file.initial_parameters(np.random.default_rng(0), np.float64)["position"]
    waves = wave_positions(SIZES["T"], SIZES["E"], amplitude=position[0, -1])
    assert np.allclose(position, np.concatenate([waves[:, 0::2], waves[:, 1::2]], axis=1))


# ---- text and batches ----------------------------------------------------------------------------

def test_sentences(file):
    text = """Return *the* ``next`` line, or
        don't.  Not this one  Call f(x) = 3.

        Two words 12.  a small start.  Return the next line, or don't.  A list[int] here.
        """
    assert list(file.sentences_of(text)) == [
        "return the next line , or don't .".split(), "two words 12 .".split()]
    assert list(file.sentences_of("Two words 12. A third one.")) == ["a third one .".split()]


def test_a_batch(file):
    rng = np.random.default_rng(5)
    pairs = [([5, 6, 7], [8, 9, 10, 11, 12, 13, 14])] * 4000      # the second is cut after five
    batch = file.make_batch(pairs, rng)
    masked = batch["labels"] != -100
    ids = np.where(masked, batch["labels"], batch["ids"])
    in_order, swapped = [2, 5, 6, 7, 3, 8, 9, 10, 11, 12, 3, 0, 0], [
        2, 8, 9, 10, 11, 12, 3, 5, 6, 7, 3, 0, 0]
    assert (ids == np.where(batch["swapped"][:, None] == 1, swapped, in_order)).all()
    assert 0.47 < batch["swapped"].mean() < 0.53
    types = np.where(batch["swapped"][:, None] == 1, [0] * 7 + [1] * 4 + [0] * 2,
                     [0] * 5 + [1] * 6 + [0] * 2)
    assert (batch["types"] == types).all() and (batch["keep"] == (ids > 0)).all()
    words = ids >= SPECIAL
    assert not masked[~words].any() and abs(masked[words].mean() - 0.15) < 0.01
    hidden, kept = batch["ids"] == 4, batch["ids"] == batch["labels"]
    assert abs(hidden[masked].mean() - 0.8) < 0.02
    assert abs(kept[masked].mean() - (0.1 + 0.1 / (SIZES["V"] - SPECIAL))) < 0.02
    assert set(batch["ids"][masked & ~hidden]) == set(range(SPECIAL, SIZES["V"]))
    assert not hidden[~masked].any()


# ---- its own check -------------------------------------------------------------------------------

def error_of(file, seed=6):
    rng = np.random.default_rng(seed)
    return file.worst_error(random_params(file, rng), random_batch(file, rng), 3, rng)


def test_its_check_finds_the_gradients_right(file):
    assert error_of(file) < 1e-6


@pytest.mark.parametrize("line, fault", [
    ("dp - (dp * p).sum(axis=-1, keepdims=True)", "dp"),
    ("dx_hat - dx_hat.mean(axis=-1, keepdims=True)", "dx_hat"),
    ("np.add.at(dword, ids, ds)", "dword[ids] = ds"),
    ("grads.get(name, 0) + dW[name]", "dW[name]"),
    ("dk = dz.mT @ q", "dk = dz @ q"),
    ("grads[\"word\"] + lm_grads[\"word\"]", "lm_grads[\"word\"]"),
    ("layer_norm_backward(da + ds,", "layer_norm_backward(da,"),
    ("* (1 - pooled * pooled)", "* (1 - pooled)"),
    ("3 * 0.044715", "2 * 0.044715"),
    ("/ len(p)", "/ len(p.T)"),
])
def test_its_check_finds_a_fault(line, fault):
    assert TEXT.count(line) == 1
    assert error_of(functions(TEXT.replace(line, fault))) > 1e-3


# ---- an evening's reading ------------------------------------------------------------------------

def lines_of_comment(text):
    """The numbers of the lines that are a comment or part of a docstring, and nothing else."""
    tree = ast.parse(text)
    found = {token.start[0] for token in tokenize.generate_tokens(io.StringIO(text).readline)
             if token.type == tokenize.COMMENT and not token.line[:token.start[1]].strip()}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef)) and ast.get_docstring(node):
            found |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return found


def test_lines_of_comment():
    assert lines_of_comment('"""a\n\nb"""\nx = 1  # no\n# yes\ndef f():\n    """c"""\n') == {
        1, 2, 3, 5, 7}


def test_it_is_short_and_explained():
    lines = TEXT.splitlines()
    assert len(lines) < 450
    assert 3 * len(lines_of_comment(TEXT)) >= sum(bool(line.strip()) for line in lines)


def test_no_function_is_longer_than_a_screen():
    functions = [node for node in ast.walk(ast.parse(TEXT)) if isinstance(node, ast.FunctionDef)]
    assert len(functions) > 20
    assert [node.name for node in functions if node.end_lineno - node.lineno >= 40] == []


def test_it_imports_nothing_of_the_package():
    imported = set()
    for node in ast.walk(ast.parse(TEXT)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
    assert imported - sys.stdlib_module_names == {"numpy", "matplotlib"}
    assert "import_module" not in TEXT and "__import__" not in TEXT
