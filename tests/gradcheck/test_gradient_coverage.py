"""Every function and every variant has its gradient check, and no check can be left out.

What a check covers is not read from its name: it is run once, and the calls of forward passes are
watched, with their arguments. ``REQUIREMENTS`` says what has to be among them. Take away any one
check, and a sentence names what no check covers.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import pytest

from albert_np import models
from albert_np.config import ACTIVATION_NAMES, PROBLEM_TYPES, SHARINGS, AlbertConfig
from albert_np.gradcheck import equations
from albert_np.gradcheck.all_checks import all_checks
from albert_np.gradcheck.equations import index_source, read_sources
from albert_np.gradcheck.one_check import FF, A, B, D, E, H, P, T, V
from albert_np.models.outputs import AlbertOutput
from albert_np.parameters import flatten

TASK_OUTPUTS = {"logits", "start_logits", "end_logits", "start_top_index", "cls_logits"}
ALL_OUTPUTS = {field.name for field in fields(AlbertOutput)} - TASK_OUTPUTS
TRUNK_OUTPUTS = {"sequence_output", "pooled_output", "hidden_states", "attentions"}
WITHOUT_POOLER = TRUNK_OUTPUTS - {"pooled_output"}

# Backward passes that are checked as a part of another one.
PROVEN_WITHIN = {"linear_activation": ("feed_forward", "activation linear")}


# ---- what a check does ---------------------------------------------------------------------------

@dataclass
class Run:
    """One forward and backward pass of a gradient check, as watched.

    Attributes
    ----------
    component : str
        The check's name.
    calls : list of (str, dict)
        The forward passes in the order of their calls, "layer_norm" for ``layer_norm_forward``
        and "AlbertModel" for its method, with their arguments.
    backwards : list of str
        The backward passes, named in the same way.
    outputs : set of str
        The outputs that receive an upstream gradient, of a model; empty otherwise.
    """

    component: str
    calls: list
    backwards: list
    outputs: set

    @property
    def subject(self):
        """What the check is about: the outermost forward pass."""
        return self.calls[0][0]

    def __getitem__(self, argument):
        """An argument of the subject."""
        return self.calls[0][1][argument]

    @property
    def config(self):
        given = self.calls[0][1]
        return given["self"].config if "self" in given else given.get("config")

    @property
    def drops(self):
        """Whether dropout is on anywhere."""
        return any(name == "dropout" and given["p"] > 0 and given["rng"] is not None
                   for name, given in self.calls)


def watch(check):
    """Run a check's forward and backward pass once.

    Returns
    -------
    Run
    """
    package, checks = str(equations.PACKAGE), str(equations.PACKAGE / "gradcheck")
    calls, backwards = [], []

    def profile(frame, event, argument):
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if event == "call" and file.startswith(package) and not file.startswith(checks):
            owner = type(frame.f_locals["self"]).__name__ if "self" in frame.f_locals else ""
            if name.endswith("_forward") or name == "forward":
                calls.append((owner or name.removesuffix("_forward"), dict(frame.f_locals)))
            if name.endswith("_backward") or name == "backward":
                backwards.append(owner or name.removesuffix("_backward"))

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        y, cache = check.forward(check.inputs)
        check.backward(check.inputs, y, cache)
    finally:
        sys.setprofile(before)
    outputs = set(y) if "self" in calls[0][1] else set()
    return Run(check.component, calls, backwards, outputs)


@cache
def all_runs():
    return tuple(watch(check) for check in all_checks())


# ---- what has to be checked ----------------------------------------------------------------------

@dataclass(frozen=True)
class Requirement:
    """A backward pass in a variant, and how to see that a run is one of it.

    Attributes
    ----------
    function : str
        "layer_norm" means ``layer_norm_backward``.
    variant : str
    holds : callable
        From a :class:`Run` of that function to whether it is of this variant.
    """

    function: str
    variant: str
    holds: Callable


def features(config):
    """What a configuration has that the published ALBERT has not, sizes and dropout apart."""
    published = AlbertConfig()
    found = {name: getattr(config, name) for name in (
        "sharing", "num_hidden_groups", "inner_group_num", "hidden_act", "embedding_mapping",
        "cross_layer_residual", "sop_weight") if getattr(config, name) != getattr(published, name)}
    return {**found, **({"E_is_H": True} if config.embedding_size == config.hidden_size else {})}


def configured(drops=None, outputs=None, given=(), **wanted):
    """The predicate: exactly these features and optional arguments, and the rest as said, if said.
    """
    wanted = {name: value for name, value in wanted.items()
              if name == "E_is_H" or value != getattr(AlbertConfig(), name)}

    def holds(run):
        return (features(run.config) == wanted and drops in (None, run.drops)
                and outputs in (None, run.outputs)
                and optional(run) == set(given))
    return holds


def both_signs(run):
    return (run["x"].real > 0).any() and (run["x"].real < 0).any()


def hides(keep, queries):
    """Whether a mask hides something, for all queries alike or for each of them."""
    return keep is not None and not keep.all() and (keep.shape[-2] > 1) == queries


def optional(run):
    """Those of the arguments that change what is computed which the subject is given."""
    given = run.calls[0][1]
    return {name for name in ("positions", "label_counts", "label_weights")
            if given.get(name) is not None}


def two_arrays(run):
    """Whether one array asks and another is looked at, of another length."""
    return run["x_q"] is not run["x_kv"] and run["x_q"].shape[1] < run["x_kv"].shape[1]


def blind_query(keep):
    return not keep.any(axis=-1).all()


def classifies(problem=None, K=4, drops=False):
    """A loss of this kind, by the configuration's word, with K classes."""
    return lambda run: (run.outputs == LOSS and run.drops == drops and run.config.num_labels == K
                        and run.config.problem_type == problem)


def labelled(drops=False, **wanted):
    """A loss, with arguments that are given (True) or not (False), of a mask with so many axes."""
    axes = wanted.pop("axes", None)

    def holds(run):
        return (run.outputs == LOSS and run.drops == drops
                and all((run[name] is not None) == given for name, given in wanted.items())
                and axes in (None, np.ndim(run["attention_mask"])))
    return holds


def outside(run):
    """Whether a start and an end lie beyond the tokens, in different sequences."""
    T = run["input_ids"].shape[1]
    beyond = [np.asarray(run[name]) >= T for name in ("start_positions", "end_positions")]
    return all(b.any() for b in beyond) and not (beyond[0] & beyond[1]).any()


def every_output(*own, pooler=False):
    trunk = TRUNK_OUTPUTS if pooler else WITHOUT_POOLER
    return lambda run: run.outputs == trunk | set(own)


GROUPS = dict(num_hidden_groups=2, inner_group_num=2)
LOSS = {"loss"}

REQUIREMENTS = [
    # functions
    Requirement("linear", "rows along two axes", lambda run: run["x"].ndim == 3),
    Requirement("embedding", "a row that is used twice",
                lambda run: np.unique(run["ids"]).size < run["ids"].size),
    Requirement("rows_at", "rows that are left out",
                lambda run: run["positions"].shape[1] < run["x"].shape[1]),
    Requirement("layer_norm", "ALBERT's epsilon", lambda run: run["eps"] == 1e-12),
    Requirement("layer_norm", "an epsilon that is felt", lambda run: run["eps"] > 0.1),
    *[Requirement(name, "inputs of both signs", both_signs)
      for name in ("gelu", "gelu_new", "relu", "tanh")],
    Requirement("softmax", "more than one row", lambda run: run["x"].size > run["x"].shape[-1]),
    Requirement("masked_softmax", "hidden entries, and a row that sees nothing",
                lambda run: run["keep"].any() and blind_query(run["keep"])),
    Requirement("dropout", "numbers that are dropped", lambda run: run.drops),
    Requirement("cross_entropy", "ignored labels, no weights",
                lambda run: run["weights"] is None and (run["labels"] == -100).any()),
    Requirement("cross_entropy", "weights that differ",
                lambda run: run["weights"] is not None and np.ptp(run["weights"]) > 0),
    Requirement("distillation", "ignored labels, no weights, a temperature above 1",
                lambda run: run["weights"] is None and (run["labels"] == -100).any()
                and run["temperature"] > 1 and 0 < run["teacher_weight"] < 0.5),
    Requirement("distillation", "weights that differ, a temperature below 1",
                lambda run: run["weights"] is not None and np.ptp(run["weights"]) > 0
                and run["temperature"] < 1 and 0.5 < run["teacher_weight"] < 1),
    Requirement("mean_squared_error", "several numbers", lambda run: run["predictions"].size > 1),
    Requirement("fake_quantize", "the clipped identity, inside and outside of the range",
                lambda run: not run["rounded"] and both_signs(run)
                and 0 < np.mean(np.abs(run["x"] / run["scale"]) <= 3.5) < 1),
    Requirement("binary_cross_entropy", "both answers",
                lambda run: set(np.unique(run["targets"])) == {0, 1}),
    Requirement("temperature_scaling", "ignored labels, a temperature that is not 1",
                lambda run: (run["labels"] == -100).any() and run["temperature"].real > 1.5),
    Requirement("consistency", "more than one row",
                lambda run: run["logits"].size > run["logits"].shape[-1]),
    # parts of a layer
    Requirement("embeddings", "E other than H, with dropout", configured(drops=True)),
    Requirement("embeddings", "E = H and a mapping", configured(E_is_H=True)),
    Requirement("embeddings", "no mapping", configured(E_is_H=True, embedding_mapping=False)),
    Requirement("patch_embeddings", "no masked patches", lambda run: run["masked"] is None),
    Requirement("patch_embeddings", "masked patches, dropout",
                lambda run: run["masked"] is not None and run.drops),
    Requirement("attention", "no mask", lambda run: run["keep"] is None),
    Requirement("attention", "padding, no dropout",
                lambda run: hides(run["keep"], queries=False) and not run.drops),
    Requirement("attention", "a (B, T, T) mask with a query that sees nothing",
                lambda run: (hides(run["keep"], queries=True) and blind_query(run["keep"])
                             and not two_arrays(run))),
    Requirement("attention", "dropout", lambda run: run.drops),
    Requirement("attention", "two arrays, and a mask of its own for each query",
                lambda run: two_arrays(run) and hides(run["keep"], queries=True)),
    *[Requirement(name, "two arrays", two_arrays)
      for name in ("attention_block", "encoder_layer")],
    Requirement("encoder", "some positions in the last layer, with a cross-layer residual",
                lambda run: run["positions"] is not None and run.config.cross_layer_residual
                and run["positions"].shape[1] < run["x"].shape[1]),
    *[Requirement("feed_forward", f"activation {name}", configured(hidden_act=name))
      for name in ACTIVATION_NAMES],
    *[Requirement(name, "dropout", lambda run: run.drops)
      for name in ("attention_block", "feed_forward_block", "encoder_layer")],
    # the encoder and the heads
    *[Requirement("encoder", f"sharing {sharing}",
                  configured(sharing=sharing, drops=True)) for sharing in SHARINGS],
    Requirement("encoder", "groups and inner groups", configured(**GROUPS)),
    Requirement("encoder", "cross-layer residual, with dropout",
                configured(drops=True, cross_layer_residual=True)),
    Requirement("encoder", "recomputed layers, with the same dropout masks",
                lambda run: run["recompute"] and run.drops),
    Requirement("pooler", "tokens beside the first", lambda run: run["x"].shape[1] > 1),
    *[Requirement("masked_lm_head", f"activation {name}, tied to the word table",
                  configured(hidden_act=name)) for name in ("gelu", "gelu_new")],
    Requirement("sentence_order_head", "several sequences", lambda run: len(run["pooled"]) > 1),
    # the heads of tasks
    Requirement("classification_head", "dropout", lambda run: run.drops),
    Requirement("span_head", "several tokens", lambda run: run["x"].shape[1] > 1),
    Requirement("squad_end", "several starts, one of them twice",
                lambda run: any(len(set(row)) < len(row) for row in run["starts"].tolist())),
    Requirement("squad_answer", "dropout, and tokens where no answer may begin",
                lambda run: run.drops and (run["start_logits"].real < -1e29).any()),
    Requirement("squad_head", "the right start, and tokens where no answer may be",
                lambda run: run["starts"] is not None and not run["may_answer"].all()),
    Requirement("squad_head", "the best starts, and tokens where no answer may be",
                lambda run: run["starts"] is None and run["n_top"] > 1
                and not run["may_answer"].all()),
    # words and patches in one sequence
    Requirement("words_and_pictures", "dropout, padding, and patches that are not predicted",
                lambda run: run.drops and (run["attention_mask"] == 0).any()
                and run["predicted"].any() and (run["masked_patches"] & ~run["predicted"]).any()),
    Requirement("three_losses", "labelled words, predicted patches and both answers",
                lambda run: (np.asarray(run["labels"]) >= 0).any() and run["predicted"].any()
                and set(run["matching_labels"].tolist()) == {0, 1}),
    Requirement("words_and_pictures", "no predicted patches",
                lambda run: not run["predicted"].any()),
    *[Requirement("words_and_patches", f"the gradient of the {name} alone",
                  lambda run, name=name: run.component.endswith(name))
      for name in ("last hidden state", "pooled output")],
    # models of tasks
    *[Requirement("AlbertForSequenceClassification", problem,
                  lambda run, problem=problem: classifies(problem)(run) and not optional(run))
      for problem in PROBLEM_TYPES],
    Requirement("AlbertForSequenceClassification", "weights of labels, a part of a batch",
                lambda run: optional(run) == {"label_counts", "label_weights"}),
    Requirement("AlbertForSequenceClassification", "one number", classifies(K=1)),
    Requirement("AlbertForSequenceClassification", "dropout",
                classifies("single_label_classification", drops=True)),
    Requirement("AlbertForSequenceClassification", "every output",
                every_output("logits", pooler=True)),
    Requirement("AlbertForTokenClassification", "ignored labels",
                lambda run: classifies()(run) and (np.asarray(run["labels"]) == -100).any()),
    Requirement("AlbertForTokenClassification", "dropout", classifies(drops=True)),
    Requirement("AlbertForTokenClassification", "every output", every_output("logits")),
    Requirement("AlbertForMultipleChoice", "the loss", labelled(labels=True, axes=3)),
    Requirement("AlbertForMultipleChoice", "dropout", labelled(drops=True, labels=True)),
    Requirement("AlbertForMultipleChoice", "every output", every_output("logits", pooler=True)),
    Requirement("AlbertForQuestionAnswering", "the loss",
                lambda run: labelled(start_positions=True)(run) and not outside(run)),
    Requirement("AlbertForQuestionAnswering", "positions that do not count",
                lambda run: labelled(start_positions=True)(run) and outside(run)),
    Requirement("AlbertForQuestionAnswering", "every output",
                every_output("start_logits", "end_logits")),
    Requirement("AlbertForSquad2", "the loss of all three",
                labelled(start_positions=True, is_impossible=True, p_mask=True)),
    Requirement("AlbertForSquad2", "the loss of start and end",
                labelled(start_positions=True, is_impossible=False, p_mask=False)),
    Requirement("AlbertForSquad2", "dropout", labelled(drops=True, is_impossible=True)),
    Requirement("AlbertForSquad2", "every output, the ends of the best starts",
                every_output("start_logits", "end_logits", "cls_logits")),
    Requirement("AlbertForMaskedLM", "the loss",
                lambda run: labelled(labels=True, axes=2)(run) and not optional(run)),
    Requirement("AlbertForMaskedLM", "the last layer at some positions",
                lambda run: labelled(labels=True)(run) and optional(run) == {"positions"}),
    Requirement("AlbertForMaskedLM", "a part of a batch",
                lambda run: labelled(labels=True)(run) and optional(run) == {"label_counts"}),
    Requirement("AlbertForMaskedLM", "a mask for each query, and dropout",
                labelled(drops=True, labels=True, axes=3)),
    Requirement("AlbertForMaskedLM", "every output", every_output("logits")),
    # models
    *[Requirement("AlbertForPreTraining", f"sharing {sharing}",
                  configured(sharing=sharing, drops=False, outputs=LOSS)) for sharing in SHARINGS],
    *[Requirement("AlbertForPreTraining", variant, configured(outputs=LOSS, **wanted))
      for variant, wanted in [
          ("groups and inner groups", GROUPS),
          ("GELU in its erf form", dict(hidden_act="gelu")),
          ("dropout", dict(drops=True)),
          ("the last layer at some positions", dict(drops=True, given=["positions"])),
          ("a part of a batch", dict(given=["label_counts"])),
          ("E = H", dict(E_is_H=True)),
          ("no mapping", dict(E_is_H=True, embedding_mapping=False)),
          ("cross-layer residual", dict(cross_layer_residual=True)),
          ("losses that weigh differently", dict(sop_weight=0.3))]],
    Requirement("AlbertForPreTraining", "logits without labels",
                lambda run: run.outputs == {"prediction_logits", "sop_logits"}),
    Requirement("AlbertForPreTraining", "every output", lambda run: run.outputs == ALL_OUTPUTS),
    Requirement("AlbertModel", "every output", lambda run: run.outputs == TRUNK_OUTPUTS),
]


def missing_checks(runs, requirements=REQUIREMENTS):
    """A sentence for each requirement that none of the runs fulfils."""
    return [f"no gradient check covers the backward pass of {requirement.function} with "
            f"this: {requirement.variant}"
            for requirement in requirements
            if not any(run.subject == requirement.function and requirement.holds(run)
                       for run in runs)]


# ---- the tests -----------------------------------------------------------------------------------

def test_every_requirement_is_checked():
    missing = missing_checks(all_runs())
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("component", [check.component for check in all_checks()])
def test_every_check_is_needed(component):
    """Without it, a check is missing."""
    others = [run for run in all_runs() if run.component != component]
    assert len(others) == len(all_runs()) - 1, f"two gradient checks have the name {component!r}"
    assert missing_checks(others), (
        f"the gradient check {component!r} could be left out unnoticed: say in REQUIREMENTS what "
        f"it alone covers")


def test_a_missing_check_is_named():
    runs = [run for run in all_runs() if run.component != "attention, padding"]
    assert missing_checks(runs) == ["no gradient check covers the backward pass of attention with "
                                    "this: padding, no dropout"]


def test_every_backward_pass_is_required():
    required = {requirement.function for requirement in REQUIREMENTS}
    for file, text in read_sources().items():
        for function in index_source(file, text).functions:
            name = function.removesuffix("_backward")
            if name != function and file.startswith(("functional/", "layers/")):
                assert name in required or name in PROVEN_WITHIN, (
                    f"{file}: no gradient check of {function} is required")
    assert {"AlbertModel", "AlbertForPreTraining", *models.TASK_MODELS} <= required
    for function, variant in PROVEN_WITHIN.values():
        assert any((r.function, r.variant) == (function, variant) for r in REQUIREMENTS)


def test_checks_run_what_they_are_named_after():
    for run in all_runs():
        assert run.component.split(",")[0] == run.subject == run.backwards[0], (
            f"{run.component} runs the forward pass of {run.subject} and the backward pass of "
            f"{run.backwards[0]}")


def test_checks_stand_where_faults_show():
    """Sizes that cannot be mixed up, several sequences, depths, gammas not 1, biases not 0."""
    assert len({B, T, E, A, D, H, FF, V, P}) == 9 and min(B, T, E, A, D) > 1 and A * D == H
    for check, run in zip(all_checks(), all_runs()):
        for name, leaf in flatten(check.inputs).items():
            short = name.split(".")[-1]
            if short == "gamma":
                assert (leaf != 1).all(), f"{check.component}: an entry of {name} is 1"
            if short in ("beta", "bias") or short[:2] in ("b", "b_"):
                assert (leaf != 0).all(), f"{check.component}: an entry of {name} is 0"
        if run.config is not None:
            assert run.config == check.config, f"{check.component} runs another configuration"
            assert run.config.num_hidden_layers == 3, f"{check.component}: L is not 3"


def test_checks_repeat_their_outputs():
    """Dropout draws the same mask at every call; otherwise differences would mean nothing."""
    for check in all_checks():
        first, second = (flatten({"y": check.forward(check.inputs)[0]}) for _ in range(2))
        assert all((first[name] == second[name]).all() for name in first), (
            f"{check.component}: two forward passes of the same inputs differ")
