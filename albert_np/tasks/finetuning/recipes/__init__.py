"""The tasks, each a file with the same functions: read ``classification``, then ``reading``.

================= ==================================================================================
``MODEL``         the class of the model
``METRIC``        the figure by which the best epoch is chosen; greater is better
``DATASETS``      data sets by name, functions that return `albert_np.tasks.datasets.Splits`
``read``          rows from a file of one's own
``parse``         a row from a line of text, or from a JSON object, for predictions
``reads``         of tasks with a format of their own: whether a file to predict from has it
``labels_of``     the labels that rows have, in a fixed order
``check``         refuses rows that are not enough, where a task needs more than one row
``settings_of``   of some tasks: `Settings` that follow from the rows
``COLUMNS``       of tasks that read tables: which columns are needed, and which can be used
``configuration`` what the task says of the model's configuration
``features``      for each row its examples: arrays for the forward pass
``LEFT_OUT``      why a row can be without examples; of some tasks ``why_left_out`` tells of a row
``single_label``  of some tasks: what figures leave out if all rows have one label
``collate``       examples as the keyword arguments of a forward pass
``predict``       for each row a dict, as ``albert-np predict`` prints it
``tune``          of some tasks: `Settings` that follow from predictions of the development part
``figures``       predictions against rows, in figures with intervals
``language_of``   of questions: whose rules score the answers, and ``RULES``, their names
``baselines``     predictions without a neural network, to compare with
================= ==================================================================================
"""

from . import (choice, classification, entities, multi_label, questions, similarity,
               translation)

TASKS = {"classification": classification, "multi-label": multi_label, "entities": entities,
         "questions": questions, "similarity": similarity, "choice": choice,
         "translation": translation}

__all__ = ["TASKS", "model_class"]


def model_class(task, settings):
    """The class of a task's model; with "no answer" among the answers it is another one."""
    return task.MODEL_WITH_NO_ANSWER if settings.no_answer else task.MODEL
