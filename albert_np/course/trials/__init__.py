"""The questions of every exercise: one function for each check of the table of exercises.

Read ``random_inputs`` and ``forward_backward``, then the files in the order of the units:
``numerics``, ``functions``, ``attention``, ``embeddings``, ``encoder``, ``masking``,
``segments``, ``objectives``, ``optimizers``, ``finetuning``, ``distillation``, ``compression``,
``few_labels``, ``patches``, ``trust``.

A trial is a generator ``trial(f, draw)``. ``f`` is a module, of a student or of the package, and
``draw`` the source of random inputs (:class:`~albert_np.course.trials.random_inputs.Draw`). It
yields ``(name, result)``: the question, and the answer of ``f``. For gradients it yields a third
part, which finds their numerical values
(:func:`~albert_np.course.trials.random_inputs.slopes`). The same trial runs on the student's
module, on the package's, and on the package's with every planted fault. Then the results are
compared: no trial knows what is right.
"""

from . import (attention, compression, distillation, embeddings, encoder, few_labels, finetuning,
               functions, masking, numerics, objectives, optimizers, patches, segments, trust)

UNITS = (numerics, functions, attention, embeddings, encoder, masking, segments, objectives,
         optimizers, finetuning, distillation, compression, few_labels, patches, trust)


def trials_of(exercise):
    """The trials of an exercise, in its order.

    Parameters
    ----------
    exercise : Exercise

    Returns
    -------
    list of generator functions

    Raises
    ------
    ValueError
        A check of the exercise has no trial.
    """
    trials = []
    for check in exercise.checks:
        found = [getattr(unit, check) for unit in UNITS if hasattr(unit, check)]
        if not found:
            raise ValueError(f"Exercise {exercise.id} names the check {check}, which no trial has.")
        trials.append(found[0])
    return trials
