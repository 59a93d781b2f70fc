"""A complete solution gets every point, an untouched one none, a planted fault all but its own.

The default run takes every sixth fault; ``-m thorough`` takes all of them, plain and rewritten.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from rewriting import drawing_first, renamed_and_einsum
from solutions import OF_CLASS, OWN, planted, points

from albert_np.course.checking import judge_answers
from albert_np.course.checking.collect_answers import Watched, leaves_of, package_round
from albert_np.course.checking.compare_arrays import same
from albert_np.course.checking.judge_answers import check_exercise
from albert_np.course.checking.load_modules import (module_from_source, reference_module,
                                                    source_of_module)
from albert_np.course.exercises import EXERCISES, exercise_named
from albert_np.course.mistakes import KNOWN, MISTAKES
from albert_np.course.trials import trials_of
from albert_np.course.trials.random_inputs import Draw
from albert_np.course.workspace.empty_functions import emptied
from albert_np.gradcheck.planted_faults import PLANTED_FAULTS

OF_EXERCISES = {fault.name for _, fault in OWN}
BY_ID = [exercise.id for exercise in EXERCISES]

# What these spoil is no function of an exercise: how a batch is dealt out to processes, and a
# dependence among draws that only thousands of batches show.
OF_NO_EXERCISE = {"parts_of_a_batch_weigh_the_same", "masking_one_key_for_all_lengths",
                  "quantization_128_integers", "int8_products_overflow",
                  "fake_quantization_stops_at_q",
                  # of the whole model of words and pictures
                  "sequence_cut_at_the_wrong_end", "pixel_gradient_to_the_words",
                  "word_table_of_captions_without_head"}

# Right values, but the dtype changes on the way: half of the points.
HALF = {"attention_scale_promotes_float32"}


def test_what_a_wrong_answer_leads_to_warns_nobody(monkeypatch):
    """The mean of nothing, say, while the mistake is looked for."""
    exercise = exercise_named("2.5")
    monkeypatch.setattr(judge_answers, "diagnose",
                        lambda exercise, rounds, right, findings, *_: np.mean([]) and findings)
    module = module_from_source("def layer_norm_forward(*_): return 0, ()\n", exercise, "x.py")
    assert check_exercise(exercise, module, 1).points == 0


def test_a_named_cache_counts_as_its_arrays():
    """As text, a large array hides all but its corners, and most digits of these."""
    large = np.zeros(2000)
    cache = {"cache": SimpleNamespace(p=large, rows=[np.ones(2), None])}
    leaves = leaves_of(cache)
    assert list(leaves) == ["cache.p", "cache.rows.0"] and leaves["cache.p"] is large

    class Module:
        @staticmethod
        def backward(cache):
            cache.p[1000] += 1

    watched = Watched(Module, ["backward"])
    watched.backward(cache["cache"])
    assert watched.changed == ["backward: argument 0.p"]


@pytest.mark.slow
@pytest.mark.parametrize("exercise", EXERCISES, ids=BY_ID)
def test_complete_solution_gets_every_point(exercise):
    source = emptied(source_of_module(exercise.module), exercise.module, ())
    assert points(source, exercise) == exercise.points


@pytest.mark.parametrize("exercise", EXERCISES, ids=BY_ID)
def test_nobody_can_write_the_answers_down_at_home(exercise):
    """Answers that are the same for every seed earn points without the function."""
    seeds = range(4)
    answers = {repr([(answer.name, key, leaf.shape, leaf.tobytes()) for answer
                     in package_round(exercise, 0, seed) for key, leaf in answer.leaves.items()])
               for seed in seeds}
    assert len(answers) == len(seeds)


def test_no_exercise_has_two_questions_of_one_name():
    """An answer is found by its name, when a mistake is described."""
    for exercise in EXERCISES:
        names = [answer.name for answer in package_round(exercise, 0, 0)]
        assert len(set(names)) == len(names), exercise.id


def test_untouched_workspace_gets_nothing():
    sources = {file: emptied(source_of_module(file), file, EXERCISES, "none")
               for file in {exercise.module for exercise in EXERCISES}}
    for exercise in EXERCISES:
        source = sources[exercise.module]
        module = module_from_source(source, exercise, exercise.module)
        verdict = check_exercise(exercise, module, 0, changes=False)
        assert verdict.points == 0, exercise.id
        assert [finding.kind for finding in verdict.findings] == ["missing"], exercise.id


def test_nearly_every_planted_fault_belongs_to_a_exercise():
    assert OF_NO_EXERCISE == {fault.name for fault in PLANTED_FAULTS} - OF_EXERCISES
    assert len(OWN) == len(OF_EXERCISES)                                 # and to one exercise only


def check_fault(exercise, fault, source):
    """It costs points of its own exercise and of no other; returns what the check says of it."""
    module = module_from_source(source, exercise, exercise.module)
    verdict = check_exercise(exercise, module, 0, changes=False)
    assert verdict.points == (exercise.points / 2 if fault.name in HALF else 0)
    for other in EXERCISES:
        if other.module == exercise.module and other is not exercise:
            assert points(source, other) == other.points, other.id
    return verdict


@pytest.mark.slow
@pytest.mark.parametrize("exercise, fault", OWN[::6], ids=[fault.name for _, fault in OWN[::6]])
def test_a_fault_costs_its_own_exercise_and_is_named(exercise, fault):
    verdict = check_fault(exercise, fault, planted(fault))
    assert fault.concept in [finding.concept for finding in verdict.findings]
    assert fault.concept in verdict.findings[0].text


@pytest.mark.thorough
@pytest.mark.parametrize("rewrite", [str, renamed_and_einsum], ids=["plain", "rewritten"])
def test_every_fault_costs_its_own_exercise_and_nine_in_ten_are_named(rewrite):
    named, unnamed = 0, []
    for exercise, fault in OWN:
        verdict = check_fault(exercise, fault, rewrite(planted(fault)))
        if fault.concept in [finding.concept for finding in verdict.findings]:
            named += 1
        else:
            unnamed.append(fault.name)
    assert named >= 0.9 * len(PLANTED_FAULTS), unnamed
    print(f"{named} of {len(PLANTED_FAULTS)} planted faults are named; not: {unnamed}")


# ---- the catalogue of a class --------------------------------------------------------------------

def test_every_mistake_of_a_class_has_its_line_and_its_exercise():
    assert len({mistake.name for mistake in KNOWN}) == len(KNOWN)
    assert [mistake for _, mistake in OF_CLASS] and len(OF_CLASS) == len(MISTAKES) >= 200
    for mistake in MISTAKES:
        assert source_of_module(mistake.file).count(mistake.old) == 1, mistake.name
        assert mistake.old != mistake.new and mistake.wrong.endswith("."), mistake.name


def check_mistake(exercise, mistake):
    module = module_from_source(planted(mistake), exercise, exercise.module)
    verdict = check_exercise(exercise, module, 0, changes=False)
    assert verdict.points < exercise.points, mistake.name
    assert mistake.name in [finding.fault for finding in verdict.findings], mistake.name


@pytest.mark.parametrize("exercise, mistake", OF_CLASS[::25],
                         ids=[mistake.name for _, mistake in OF_CLASS[::25]])
def test_a_mistake_of_a_class_costs_points_and_is_named(exercise, mistake):
    check_mistake(exercise, mistake)


@pytest.mark.thorough
def test_every_mistake_of_a_class_costs_points_and_is_named():
    for exercise, mistake in OF_CLASS:
        check_mistake(exercise, mistake)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [1, 20261124])
def test_other_seeds_say_the_same(seed):
    """Other sizes and numbers: nothing hangs on those of one seed."""
    for exercise, fault in OWN:
        assert points(planted(fault), exercise, seed) < exercise.points, fault.name
    for exercise in EXERCISES:
        source = renamed_and_einsum(source_of_module(exercise.module))
        assert points(source, exercise, seed) == exercise.points, exercise.id


def test_a_rewritten_fault_is_named_all_the_same():
    by_name = {fault.name: (exercise, fault) for exercise, fault in OWN}
    for name in ("layer_norm_without_mean_term", "attention_dk_from_wrong_axes",
                 "linear_square_weight_untransposed"):
        exercise, fault = by_name[name]
        source = renamed_and_einsum(planted(fault))
        assert "my_" in source and "einsum" in source or "attention" not in name
        verdict = check_exercise(exercise, module_from_source(source, exercise, exercise.module), 0)
        assert verdict.findings[0].fault == name


RANDOM = [exercise for exercise in EXERCISES
          if {"dropout_forward", "replace_chosen", "permute_chosen", "mask_batch", "_cut",
              "truncate"} & set(exercise.functions)]


SEEDS = np.random.default_rng(0).integers(0, 2**31, 200).tolist()


def answers_differ(exercise, source, seed):
    """Whether any answer of one round differs from the package's; the first one ends it."""
    modules = (module_from_source(source, exercise, exercise.module), reference_module(exercise))
    for trial in trials_of(exercise):
        for (_, mine, *_), (_, right, *_) in zip(*(trial(module, Draw([seed, 0]))
                                                   for module in modules)):
            mine, right = leaves_of(mine), leaves_of(right)
            if not all(same(mine.get(name), leaf, "float64") for name, leaf in right.items()):
                return True
    return False


@pytest.mark.parametrize("exercise", RANDOM, ids=[exercise.id for exercise in RANDOM])
def test_what_is_drawn_may_be_drawn_in_another_way(exercise):
    source = drawing_first(source_of_module(exercise.module))
    assert [seed for seed in SEEDS[:2] if answers_differ(exercise, source, seed)] == []


@pytest.mark.thorough
@pytest.mark.parametrize("exercise", RANDOM, ids=[exercise.id for exercise in RANDOM])
def test_chance_costs_nobody_a_point(exercise):
    source = drawing_first(source_of_module(exercise.module))
    assert [seed for seed in SEEDS if answers_differ(exercise, source, seed)] == []


@pytest.mark.thorough
@pytest.mark.parametrize("exercise, old, new", [
    ("2.14", "    kept = rng.random(x.shape, dtype=digits) >= p\n",
     "    kept = rng.random((*x.shape[:-1], 1), dtype=digits) >= p\n"
     "    kept = np.broadcast_to(kept, x.shape)\n"),
    ("6.8", "middle = i + 1 + below(max(1, stop - i - 1))", "middle = i + 1")])
def test_no_seed_saves_a_wrong_way_to_draw(exercise, old, new):
    exercise = exercise_named(exercise)
    source = source_of_module(exercise.module).replace(old, new)
    assert [seed for seed in SEEDS if not answers_differ(exercise, source, seed)] == []
