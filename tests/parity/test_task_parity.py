"""Heads and models of tasks against transformers' classes of the same names and torch.autograd.

Loss, logits, hidden states and the gradient of every parameter, in float64 to 1e-10, with padding
and with labels that do not count. transformers has no ALBERT with the SQuAD 2 head; its XLNet has
the three parts, which are put on its ALBERT here as the original puts them together.
"""

import numpy as np
import pytest

from albert_np import models
from albert_np.config import AlbertConfig
from albert_np.inference.translation import translation_batch

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from both_sides import (BOUNDS, SMALL, arrays, load_into_torch, make_inputs, objective,
                        one_thread, our_model, pair, random_upstream, their_config,
                        their_gradients)

pytestmark = pytest.mark.parity

B, T, C, K = 5, 11, 3, 4
IGNORED = -100

CONFIGURATIONS = {
    "gelu_new": {},
    "gelu": dict(hidden_act="gelu"),
    "inner groups": dict(num_hidden_layers=4, num_hidden_groups=2, inner_group_num=2),
    "E equals H": dict(embedding_size=24),
    "large epsilon": dict(layer_norm_eps=0.05),
}


def some(rng, shape, classes, share=0.5):
    """Labels of some places, at least one; the others do not count."""
    labels = np.where(rng.random(shape) < share, rng.integers(0, classes, shape), IGNORED)
    labels.flat[0] = classes - 1
    return labels


def positions(rng, tokens=T):
    """Starts and ends, of which one start and another end lie outside."""
    start, end = rng.integers(0, tokens, B), rng.integers(0, tokens, B)
    start[1], end[2], start[3] = tokens, tokens + 40, -3
    return {"start_positions": start, "end_positions": end}


def no_labels(rng):
    return {}


# model, configuration, labels
TASKS = {
    "masked words": ("AlbertForMaskedLM", {}, lambda rng: {"labels": some(rng, (B, T), 61)}),
    "masked words, no labels": ("AlbertForMaskedLM", {}, no_labels),
    "single label": ("AlbertForSequenceClassification", dict(num_labels=K),
                     lambda rng: {"labels": rng.integers(0, K, B)}),
    "single label, ignored": ("AlbertForSequenceClassification", dict(num_labels=K),
                              lambda rng: {"labels": some(rng, B, K)}),
    "single label by name": ("AlbertForSequenceClassification", dict(
        id2label={0: "no", 1: "yes", 2: "perhaps"}, problem_type="single_label_classification"),
        lambda rng: {"labels": rng.integers(0, 3, B)}),
    "several labels": ("AlbertForSequenceClassification", dict(num_labels=K),
                       lambda rng: {"labels": rng.integers(0, 2, (B, K)).astype(float)}),
    "several labels by name": (
        "AlbertForSequenceClassification",
        dict(num_labels=K, problem_type="multi_label_classification"),
        lambda rng: {"labels": rng.random((B, K))}),
    "one number": ("AlbertForSequenceClassification", dict(num_labels=1),
                   lambda rng: {"labels": 5 * rng.random(B)}),
    "several numbers": ("AlbertForSequenceClassification",
                        dict(num_labels=K, problem_type="regression"),
                        lambda rng: {"labels": rng.standard_normal((B, K))}),
    "classes, no labels": ("AlbertForSequenceClassification", dict(num_labels=K), no_labels),
    "tokens": ("AlbertForTokenClassification", dict(num_labels=K),
               lambda rng: {"labels": some(rng, (B, T), K)}),
    "tokens, no labels": ("AlbertForTokenClassification", dict(num_labels=K), no_labels),
    "answers": ("AlbertForQuestionAnswering", {},
                lambda rng: {"start_positions": rng.integers(0, T, B),
                             "end_positions": rng.integers(0, T, B)}),
    "answers outside": ("AlbertForQuestionAnswering", {}, positions),
    "answers, no positions": ("AlbertForQuestionAnswering", {}, no_labels),
    "choices": ("AlbertForMultipleChoice", {}, lambda rng: {"labels": rng.integers(0, C, B)}),
    "choices, ignored": ("AlbertForMultipleChoice", {}, lambda rng: {"labels": some(rng, B, C)}),
    "choices, no labels": ("AlbertForMultipleChoice", {}, no_labels),
}


def inputs_of(name, config, mask, rng):
    """Padded inputs, for each choice where there are choices."""
    if name != "AlbertForMultipleChoice":
        return make_inputs(config, (B, T), mask, rng)[0]
    flat, _ = make_inputs(config, (B * C, T), mask, rng)
    return {name: array.reshape(B, C, *array.shape[1:]) for name, array in flat.items()}


def torch_arguments(arguments, dtype):
    """As tensors; labels that are numbers get the dtype of the model."""
    tensors = {name: torch.tensor(value) for name, value in arguments.items()}
    return {name: t.to(dtype) if t.is_floating_point() else t for name, t in tensors.items()}


def their_outputs(theirs, inputs, labels):
    """Those of transformers under the names of ours, still part of its graph."""
    dtype = next(theirs.parameters()).dtype
    output = theirs(**torch_arguments({**inputs, **labels}, dtype), output_hidden_states=True,
                    output_attentions=True)
    found = {name: getattr(output, name, None)
             for name in ("loss", "logits", "start_logits", "end_logits")}
    found = {name: value for name, value in found.items() if value is not None}
    if isinstance(theirs, transformers.AlbertForMaskedLM) and labels:
        found["logits"] = found["logits"][torch.tensor(labels["labels"] != IGNORED)]
    return {**found, "hidden_states": list(output.hidden_states),
            "attentions": list(output.attentions)}


def our_outputs(output):
    """Ours, less what transformers does not give."""
    flat = arrays(output)
    return {name: value for name, value in flat.items()
            if name not in ("sequence_output", "pooled_output")}


def check_task(task, agree, changes, mask="padding", dtype=np.float64, every_output=False):
    name, options, make_labels = TASKS[task]
    config = AlbertConfig(**{**SMALL, **changes, **options})
    ours, theirs = pair(getattr(models, name), config, dtype)
    rng = np.random.default_rng(3)
    inputs, labels = inputs_of(name, config, mask, rng), make_labels(rng)
    expected = their_outputs(theirs, inputs, labels)
    output, cache = ours.forward(**inputs, **labels)
    agree(our_outputs(output), arrays(expected), BOUNDS[dtype])

    upstream = {"loss": 1.0}
    if every_output:
        upstream = random_upstream(expected, dtype, rng)
    objective(expected, upstream).backward()
    gradients = ours.state_dict(ours.backward(cache, upstream if every_output else None))
    expected = with_zeros(theirs)
    if not every_output:
        expected = without_common_shifts(expected, name)
        gradients = without_common_shifts(gradients, name)
    agree(gradients, expected, BOUNDS[dtype])
    assert {gradient.dtype for gradient in gradients.values()} == {np.dtype(dtype)}


def with_zeros(theirs):
    """Every gradient by name. What was not reached is None in torch, and zeros here."""
    for parameter in theirs.parameters():
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    return their_gradients(theirs)


def without_common_shifts(gradients, name):
    """The gradients of the loss, less those that are 0 but for rounding, which are looked at here.

    What adds the same number to every score that competes in a softmax moves no probability.
    """
    shifts = {"AlbertForMultipleChoice": ["classifier.bias"],
              "AlbertForQuestionAnswering": ["qa_outputs.bias"],
              "AlbertForSquad2": ["start_logits.dense.bias", "end_logits.dense_1.bias",
                                  "end_logits.LayerNorm.bias"]}.get(name, [])
    for shift in shifts:
        assert np.abs(gradients[shift]).max() < 8 * np.finfo(gradients[shift].dtype).eps, shift
    return {name: gradient for name, gradient in gradients.items() if name not in shifts}


@pytest.mark.parametrize("changes", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
@pytest.mark.parametrize("task", [task for task in TASKS if not task.endswith((" no labels",
                                                                               " no positions"))])
def test_loss_and_gradients(task, changes, agree):
    """Loss, logits, hidden states, attentions, and every gradient of the loss; with padding."""
    check_task(task, agree, changes)


@pytest.mark.parametrize("task", TASKS)
def test_arbitrary_upstream_gradients(task, agree):
    """Random gradients of every output at once, the loss among them where there is one."""
    check_task(task, agree, {}, every_output=True)


@pytest.mark.parametrize("mask", ["first", "holes"])
@pytest.mark.parametrize("task", ["masked words", "single label", "tokens", "answers", "choices"])
def test_masks(task, mask, agree):
    check_task(task, agree, {}, mask=mask)


@pytest.mark.parametrize("task", ["masked words", "single label", "several labels", "one number",
                                  "tokens", "answers", "choices"])
def test_float32(task, agree):
    check_task(task, agree, {}, dtype=np.float32)


@pytest.mark.parametrize("name", sorted({name for name, _, _ in TASKS.values()}))
def test_names_and_shapes(name):
    """Our state_dict has the names and shapes of theirs, of tied weights the first name."""
    config = AlbertConfig(**SMALL, num_labels=2)
    with torch.device("meta"):
        theirs = getattr(transformers, name)(their_config(config)).state_dict()
    expected = {key: tuple(value.shape) for key, value in theirs.items()
                if not key.startswith("predictions.decoder.")}
    ours = getattr(models, name)(config).state_dict()
    assert {key: array.shape for key, array in ours.items()} == expected


def test_configuration_is_read_by_transformers(tmp_path):
    """Names of classes and the kind of problem, through a config.json, in both directions."""
    import json
    ours = AlbertConfig(**SMALL, id2label={0: "no", 1: "yes", 2: "perhaps"},
                        problem_type="single_label_classification")
    (tmp_path / "config.json").write_text(json.dumps(ours.to_dict()))
    theirs = transformers.AlbertConfig.from_pretrained(tmp_path)
    assert (theirs.num_labels, theirs.id2label, theirs.label2id, theirs.problem_type) == (
        ours.num_labels, ours.id2label, ours.label2id, ours.problem_type)
    theirs.save_pretrained(tmp_path)
    again = AlbertConfig.from_file(tmp_path)
    assert (again.num_labels, again.id2label, again.problem_type) == (
        ours.num_labels, ours.id2label, ours.problem_type)


def test_every_label_ignored(agree):
    """The mean over nothing: NaN in transformers, 0 here, and gradients of 0."""
    ours, theirs = pair(models.AlbertForTokenClassification,
                        AlbertConfig(**SMALL, num_labels=K), np.float64)
    inputs = inputs_of("", ours.config, "padding", np.random.default_rng(4))
    labels = {"labels": np.full((B, T), IGNORED)}
    assert np.isnan(their_outputs(theirs, inputs, labels)["loss"].item())
    output, cache = ours.forward(**inputs, **labels)
    assert output.loss == 0
    assert all((gradient == 0).all() for gradient in ours.state_dict(ours.backward(cache)).values())


@pytest.mark.parametrize("dtype", BOUNDS)
def test_weights_of_classes(dtype, agree):
    """``CrossEntropyLoss(weight=...)``: its mean is over the sum of the weights of the labels."""
    rng = np.random.default_rng(5)
    config = AlbertConfig(**SMALL, num_labels=K)
    ours, theirs = pair(models.AlbertForSequenceClassification, config, dtype)
    inputs, _ = make_inputs(config, (B, T), "padding", rng)
    labels, classes = np.array([3, 0, IGNORED, 3, 1]), rng.uniform(0.2, 3.0, K).astype(dtype)
    logits = theirs(**torch_arguments(inputs, torch.float64)).logits
    expected = torch.nn.CrossEntropyLoss(torch.tensor(classes))(logits, torch.tensor(labels))
    expected.backward()
    output, cache = ours.forward(**inputs, labels=labels,
                                 label_weights=classes[np.maximum(labels, 0)])
    agree({"loss": output.loss}, {"loss": expected.detach().numpy()}, BOUNDS[dtype])
    agree(ours.state_dict(ours.backward(cache)), their_gradients(theirs), BOUNDS[dtype])


# ---- the prefix mask ----------------------------------------------------------------------------

def test_prefix_mask(agree):
    """Next-piece prediction under a (B, T, T) mask, which torch is given as numbers to add."""
    config = AlbertConfig(**SMALL)
    ours, theirs = pair(models.AlbertForMaskedLM, config, np.float64)
    rng = np.random.default_rng(5)
    sources = [rng.integers(5, 61, n).tolist() for n in (4, 2, 7)]
    targets = [rng.integers(5, 61, n).tolist() for n in (3, 6, 1)]
    batch = translation_batch(sources, targets, config)
    asked = torch.tensor(batch["labels"] != IGNORED)
    assert 0 < asked.sum() == sum(len(target) + 1 for target in targets)
    hidden = torch.tensor(1.0 - batch["attention_mask"])[:, None].double()
    output = theirs(input_ids=torch.tensor(batch["input_ids"]),
                    token_type_ids=torch.tensor(batch["token_type_ids"]),
                    attention_mask=hidden * torch.finfo(torch.float64).min,
                    labels=torch.tensor(batch["labels"]))
    output.loss.backward()
    ours_output, cache = ours.forward(**batch)
    agree({"loss": ours_output.loss, "logits": ours_output.logits},
          {"loss": output.loss.item(), "logits": output.logits[asked].detach().numpy()},
          BOUNDS[np.float64])
    agree(ours.state_dict(ours.backward(cache)), their_gradients(theirs), BOUNDS[np.float64])


# ---- the SQuAD 2 head ---------------------------------------------------------------------------

class TorchSquad2(torch.nn.Module):
    """transformers' ALBERT under the three parts of its XLNet, as google-research/albert has it.

    Unlike XLNet, the answerability looks at the expected start in training, too.
    """

    def __init__(self, config):
        super().__init__()
        from transformers.models.xlnet import modeling_xlnet as xlnet
        self.albert = transformers.AlbertModel(config, add_pooling_layer=False)
        self.start_logits = xlnet.XLNetPoolerStartLogits(config)
        self.end_logits = xlnet.XLNetPoolerEndLogits(config)
        self.answer_class = xlnet.XLNetPoolerAnswerClass(config)

    def forward(self, inputs, p_mask, start_positions=None, end_positions=None,
                is_impossible=None, n_top=3):
        h = self.albert(**inputs).last_hidden_state                        # (B, T, H)
        found = {"start_logits": self.start_logits(h, p_mask=p_mask)}
        probability = found["start_logits"].softmax(dim=-1)
        first = torch.zeros(len(h), dtype=torch.long)
        expected_start = (probability[:, :, None] * h).sum(dim=1)
        found["cls_logits"] = self.answer_class(h, start_states=expected_start, cls_index=first)
        if start_positions is None:
            best = probability.topk(n_top, dim=-1).indices                 # (B, K)
            ends = [self.end_logits(h, start_positions=best[:, k], p_mask=p_mask)
                    for k in range(n_top)]
            return {**found, "start_top_index": best, "end_logits": torch.stack(ends, dim=1)}
        found["end_logits"] = self.end_logits(h, start_positions=start_positions, p_mask=p_mask)
        F = torch.nn.functional
        loss = 0.5 * (F.cross_entropy(found["start_logits"], start_positions)
                      + F.cross_entropy(found["end_logits"], end_positions))
        if is_impossible is not None:
            loss = loss + 0.5 * F.binary_cross_entropy_with_logits(
                found["cls_logits"], is_impossible.to(h.dtype))
        return {**found, "loss": loss}


@pytest.fixture
def squad():
    """Ours, theirs, inputs, p_mask, and labels: two questions have no answer."""
    config = AlbertConfig(**SMALL)
    ours = our_model(models.AlbertForSquad2, config, np.float64)
    theirs = load_into_torch(ours, TorchSquad2(their_config(config)))
    inputs, _ = make_inputs(config, (B, T), "padding", np.random.default_rng(6))
    p_mask = 1 - inputs["attention_mask"]
    p_mask[:, 1:3] = 1                                                     # the question
    labels = {"start_positions": np.array([3, 0, 4, 0, 3]),
              "end_positions": np.array([5, 0, 4, 0, 4]),
              "is_impossible": np.array([0, 1, 0, 1, 0])}
    return ours, theirs, inputs, p_mask, labels


def run_squad(theirs, inputs, p_mask, labels):
    return theirs(torch_arguments(inputs, torch.float64), torch.tensor(p_mask, dtype=torch.float64),
                  **{name: torch.tensor(value) for name, value in labels.items()})


def squad_outputs(output):
    names = ("loss", "start_logits", "end_logits", "cls_logits", "start_top_index")
    return {name: getattr(output, name) for name in names if getattr(output, name) is not None}


@pytest.mark.parametrize("answerability", [True, False])
def test_squad2_loss_and_gradients(squad, answerability, agree):
    ours, theirs, inputs, p_mask, labels = squad
    if not answerability:
        del labels["is_impossible"]
    expected = run_squad(theirs, inputs, p_mask, labels)
    output, cache = ours.forward(**inputs, **labels, p_mask=p_mask)
    agree(squad_outputs(output), arrays(expected), BOUNDS[np.float64])
    expected["loss"].backward()
    agree(*(without_common_shifts(gradients, "AlbertForSquad2") for gradients in (
        ours.state_dict(ours.backward(cache)), with_zeros(theirs))), BOUNDS[np.float64])


@pytest.mark.parametrize("labelled", [True, False])
def test_squad2_upstream_gradients(squad, labelled, agree):
    """Of every output at once; without positions, of the ends after each of the best starts."""
    ours, theirs, inputs, p_mask, labels = squad
    labels = labels if labelled else {}
    expected = run_squad(theirs, inputs, p_mask, labels)
    output, cache = ours.forward(**inputs, **labels, p_mask=p_mask, start_n_top=3)
    agree(squad_outputs(output), arrays(expected), BOUNDS[np.float64])
    expected.pop("start_top_index", None)
    upstream = random_upstream(expected, np.float64, np.random.default_rng(7))
    objective(expected, upstream).backward()
    agree(ours.state_dict(ours.backward(cache, upstream)), with_zeros(theirs), BOUNDS[np.float64])
