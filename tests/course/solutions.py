"""The package's own solution with something changed in it, as tests hand it in."""

from albert_np.course.checking.fault_places import faults_of
from albert_np.course.checking.judge_answers import check_exercise
from albert_np.course.checking.load_modules import module_from_source, source_of_module
from albert_np.course.exercises import EXERCISES, exercise_named
from albert_np.course.mistakes import MISTAKES
from albert_np.gradcheck.planted_faults import PlantedFault

ALL = [(exercise, fault) for exercise in EXERCISES for fault in faults_of(exercise)]
OWN = [(exercise, fault) for exercise, fault in ALL if isinstance(fault, PlantedFault)]
OF_CLASS = [(exercise, fault) for exercise, fault in ALL if fault in MISTAKES]


def points(source, exercise, seed=0):
    """The points of a source."""
    module = module_from_source(source, exercise, exercise.module)
    return check_exercise(exercise, module, seed, changes=False).points


def planted(fault):
    """The source of a fault's file, with the fault."""
    return source_of_module(fault.file).replace(fault.old, fault.new)


def verdict_on(exercise_id, old, new, changes=False):
    """What is said of the package's own solution with one snippet changed."""
    exercise = exercise_named(exercise_id)
    source = source_of_module(exercise.module)
    assert source.count(old) == 1
    module = module_from_source(source.replace(old, new), exercise, exercise.module)
    return check_exercise(exercise, module, 0, changes=changes)
