"""A complete solution gets every point, an untouched one none, a planted fault those of its task.

The default run takes every sixth fault; ``-m thorough`` takes all of them, plain and rewritten.
"""

import numpy as np
import pytest
from rewriting import drawing_first, renamed_and_einsum

from albert_np.course.checking import check_task
from albert_np.course.emptying import emptied, solved, source_of_module
from albert_np.course.loading import faults_of, module_from_source
from albert_np.course.exercises import TASKS
from albert_np.gradcheck.planted_faults import PLANTED_FAULTS

OWN = [(task, fault) for task in TASKS for fault in faults_of(task)]
OF_TASKS = {fault.name for _, fault in OWN}
BY_ID = [task.id for task in TASKS]

# What these spoil is no function of a task: how a batch is dealt out to processes, and a
# dependence among draws that only thousands of batches show.
OF_NO_TASK = {"parts_of_a_batch_weigh_the_same", "masking_one_key_for_all_lengths"}

# Right values, but the dtype changes on the way: half of the points.
HALF = {"attention_scale_promotes_float32"}


def points(source, task, seed=0):
    return check_task(task, module_from_source(source, task, task.module), seed).points


def planted(fault):
    return source_of_module(fault.file).replace(fault.old, fault.new)


@pytest.mark.parametrize("task", TASKS, ids=BY_ID)
def test_complete_solution_gets_every_point(task):
    source = solved(source_of_module(task.module), task.module)
    assert points(source, task) == task.points


def test_untouched_workspace_gets_nothing():
    sources = {file: emptied(source_of_module(file), file, TASKS, "none")
               for file in {task.module for task in TASKS}}
    for task in TASKS:
        source = sources[task.module]
        verdict = check_task(task, module_from_source(source, task, task.module), 0)
        assert verdict.points == 0, task.id
        assert [finding.kind for finding in verdict.findings] == ["missing"], task.id


def test_nearly_every_planted_fault_belongs_to_a_task():
    assert OF_NO_TASK == {fault.name for fault in PLANTED_FAULTS} - OF_TASKS
    assert len(OWN) == len(OF_TASKS)                                 # and to one task only


def check_fault(task, fault, source):
    """It costs points of its own task and of no other; returns what the check says of it."""
    verdict = check_task(task, module_from_source(source, task, task.module), 0)
    assert verdict.points == (task.points / 2 if fault.name in HALF else 0)
    for other in TASKS:
        if other.module == task.module and other is not task:
            assert points(source, other) == other.points, other.id
    return verdict


@pytest.mark.parametrize("task, fault", OWN[::6], ids=[fault.name for _, fault in OWN[::6]])
def test_a_fault_costs_its_own_task_and_is_named(task, fault):
    verdict = check_fault(task, fault, planted(fault))
    assert fault.concept in [finding.concept for finding in verdict.findings]
    assert fault.concept in verdict.findings[0].text


@pytest.mark.thorough
@pytest.mark.parametrize("rewrite", [str, renamed_and_einsum], ids=["plain", "rewritten"])
def test_every_fault_costs_its_own_task_and_nine_in_ten_are_named(rewrite):
    named, unnamed = 0, []
    for task, fault in OWN:
        verdict = check_fault(task, fault, rewrite(planted(fault)))
        if fault.concept in [finding.concept for finding in verdict.findings]:
            named += 1
        else:
            unnamed.append(fault.name)
    assert named >= 0.9 * len(PLANTED_FAULTS), unnamed
    print(f"{named} of {len(PLANTED_FAULTS)} planted faults are named; not: {unnamed}")


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 20261124])
def test_other_seeds_say_the_same(seed):
    """Other sizes and numbers: nothing hangs on those of one seed."""
    for task, fault in OWN:
        assert points(planted(fault), task, seed) < task.points, fault.name
    for task in TASKS:
        source = renamed_and_einsum(source_of_module(task.module))
        assert points(source, task, seed) == task.points, task.id


def test_a_rewritten_fault_is_named_all_the_same():
    by_name = {fault.name: (task, fault) for task, fault in OWN}
    for name in ("layer_norm_without_mean_term", "attention_dk_from_wrong_axes",
                 "linear_square_weight_untransposed"):
        task, fault = by_name[name]
        source = renamed_and_einsum(planted(fault))
        assert "my_" in source and "einsum" in source or "attention" not in name
        verdict = check_task(task, module_from_source(source, task, task.module), 0)
        assert verdict.findings[0].fault == name


RANDOM = [task for task in TASKS if {"dropout_forward", "replace_chosen", "permute_chosen",
                                     "mask_batch", "_cut", "truncate"} & set(task.functions)]


@pytest.mark.parametrize("task", RANDOM, ids=[task.id for task in RANDOM])
def test_what_is_drawn_may_be_drawn_in_another_way(task):
    source = drawing_first(source_of_module(task.module))
    for seed in range(4):
        assert points(source, task, seed) == task.points


@pytest.mark.thorough
@pytest.mark.parametrize("task", RANDOM, ids=[task.id for task in RANDOM])
def test_chance_costs_nobody_a_point(task):
    source = drawing_first(source_of_module(task.module))
    seeds = np.random.default_rng(0).integers(0, 2**31, 40)
    assert [int(seed) for seed in seeds if points(source, task, int(seed)) != task.points] == []
