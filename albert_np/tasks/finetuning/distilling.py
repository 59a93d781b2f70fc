"""Learn from a teacher: a fine-tuned model answers the training rows, a student learns from it."""

import hashlib
from dataclasses import dataclass

import numpy as np

from ...files.json_objects import json_text
from ...functional import (distillation_backward, distillation_forward,
                           mean_squared_error_backward, mean_squared_error_forward)
from ...models.labels import check_problem_labels, problem_of
from ...models.outputs import AlbertOutput
from ...models.trunk import share_of_batch
from ...parameters import count, flatten
from ...text.corpus.manifest import tokenizer_identity
from ..datasets import Classification
from ..datasets.features import sequence_examples
from .outputs import outputs_of
from .predicting import load_for_task
from .recipes import TASKS
from .source_task import task_of_head

TEMPERATURE, TEACHER_WEIGHT = 2.0, 0.5
TASKS_WITH_TEACHER = ("classification", "multi-label", "similarity")


# ---- the teacher ---------------------------------------------------------------------------------

@dataclass(frozen=True)
class Teacher:
    """A fine-tuned model with the labels of a run, in the order of the run.

    Attributes
    ----------
    name : str
        Its folder, or its name on the hub.
    loaded : object with task, model, tokenizer, settings
    order : integer array (K,)
        For each label of the run its column in the teacher's logits.
    """

    name: str
    loaded: object
    order: np.ndarray

    @property
    def parameters(self):
        """The number of its parameters."""
        return count(self.loaded.model.params)

    def logits(self, rows, pool=None):
        """What it says about rows, read with its own tokenizer and without dropout: (N, K)."""
        unlabelled = [Classification(row.text, row.text_pair) for row in rows]
        examples = sequence_examples(self.loaded.tokenizer, unlabelled,
                                     self.loaded.settings.max_length)
        found = outputs_of(self.loaded.model, examples, ("logits",), pool)
        return np.stack([logits for logits, in found])[:, self.order]

    def identity(self):
        """A hash of everything that its logits depend on (hex)."""
        model = self.loaded.model
        digest = hashlib.sha256(tokenizer_identity(self.loaded.tokenizer).encode())
        digest.update(json_text([model.config.to_dict(), self.loaded.settings.max_length,
                                 self.order.tolist()]).encode())
        for name, leaf in flatten(model.params).items():
            digest.update(name.encode() + np.ascontiguousarray(leaf).tobytes())
        return digest.hexdigest()


def load_teacher(name, task, splits, pairs):
    """Load a teacher and refuse one that does not fit the rows.

    Parameters
    ----------
    name : str
        A run of ``albert-np finetune``, or any model with the head of the task.
    task : str
        Of the student.
    splits : Splits
        With the labels of the run.
    pairs : bool or None
        Whether all texts of the rows are pairs, none is, or some are (None).

    Returns
    -------
    Teacher

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such model, or it has another task or other labels.
    """
    loaded, known_task = load_for_task(name), task_of_head(name)
    if known_task != task:
        raise ValueError(f"--teacher {name} is a model for the task {known_task}; it must be one "
                         f"for the task {task}")
    loaded.task = TASKS[task]            # another library's model of scores is read as a classifier
    model, settings = loaded.model, loaded.settings
    known = model.config.label_names if splits.labels else ()
    if sorted(known) != sorted(splits.labels):
        raise ValueError(f"--teacher {name} has the labels {', '.join(known)}, but the training "
                         f"rows have {', '.join(splits.labels)}; they must be the same")
    if not splits.labels and model.config.num_labels != 1:
        raise ValueError(f"--teacher {name} gives {model.config.num_labels} scores; the task "
                         f"{task} needs a model that gives one")
    if settings.pairs is not None and settings.pairs != pairs:
        raise ValueError(f"--teacher {name} has learnt from {_kind_of_texts(settings.pairs)}, but "
                         f"the training rows are {_kind_of_texts(pairs)}")
    order = [list(known).index(label) for label in splits.labels] or [0]
    return Teacher(name, loaded, np.array(order))


def _kind_of_texts(pairs):
    return {True: "pairs of texts", False: "single texts",
            None: "single texts and pairs of texts"}[pairs]


def add_teacher_logits(examples, teacher, rows, pool=None):
    """Give each example what the teacher says about its row, as ``teacher_logits``.

    Parameters
    ----------
    examples : list of dict
        One for each row. They change in place, so that their order in an epoch does not matter.
    teacher : Teacher
    rows : list of Classification
    pool : concurrent.futures.Executor, optional
    """
    for example, logits in zip(examples, teacher.logits(rows, pool), strict=True):
        example["teacher_logits"] = logits


# ---- the student ---------------------------------------------------------------------------------

class Student:
    """A model with a loss that listens to a teacher; the training loop takes it for the model.

    Parameters
    ----------
    model : AlbertForSequenceClassification
    temperature, teacher_weight : float
        As in (KD.3).
    """

    def __init__(self, model, temperature, teacher_weight):
        self.model, self.temperature, self.teacher_weight = model, temperature, teacher_weight

    @property
    def params(self):
        """The parameters of the model."""
        return self.model.params

    @params.setter
    def params(self, params):
        self.model.params = params

    def label_counts(self, batch):
        """As the model's."""
        return self.model.label_counts(batch)

    def forward(self, labels, teacher_logits, label_weights=None, label_counts=None, **inputs):
        """Compute the logits and the loss.

        Parameters
        ----------
        labels, label_weights, label_counts, **inputs
            As for :meth:`AlbertForSequenceClassification.forward
            <albert_np.models.sequence_classification.AlbertForSequenceClassification.forward>`.
        teacher_logits : array (B, K)

        Returns
        -------
        output : AlbertOutput
        cache : what the backward pass needs
        """
        config = self.model.config
        problem = problem_of(config, labels)
        labels = check_problem_labels(config, problem, len(inputs["input_ids"]), labels)
        output, model_cache = self.model.forward(**inputs)
        weights = {} if label_weights is None else {"weights": label_weights}
        loss, loss_cache = LOSSES[problem][0](
            output.logits, teacher_logits, labels, self.temperature, self.teacher_weight, **weights)
        output.loss, share = share_of_batch(loss, "labels", labels, label_counts, label_weights)
        return output, (problem, model_cache, loss_cache, share)

    def backward(self, cache):
        """Gradients of all parameters of the model, for a gradient of the loss of 1."""
        problem, model_cache, loss_cache, share = cache
        # forward: loss = share * loss_of_the_problem(logits, teacher_logits, labels)
        d_logits = LOSSES[problem][1](share, loss_cache)                             # (B, K)
        # forward: logits = model(inputs)
        return self.model.backward(model_cache, AlbertOutput(logits=d_logits))


def several_labels_forward(logits, teacher_logits, labels, temperature, teacher_weight):
    """Mix the losses of labels and teacher (KD.3) if a text can have several labels.

    Each label is a question of its own: yes or no. A sigmoid of x is a softmax of x and 0. So each
    logit x becomes a row (x, 0) with the classes 0 (yes) and 1 (no).

    Parameters
    ----------
    logits, teacher_logits : arrays (B, K)
    labels : array (B, K)
        0 or 1.
    temperature, teacher_weight : float

    Returns
    -------
    loss : scalar
    cache : what the backward pass needs

    Examples
    --------
    With teacher_weight = 0 it is the binary cross-entropy (BCE.1):

    >>> from albert_np.functional import binary_cross_entropy_forward
    >>> logits, labels = np.array([[0.0, 3.0]]), np.array([[1.0, 0.0]])
    >>> loss, cache = several_labels_forward(logits, logits, labels, 2.0, 0.0)
    >>> round(float(loss), 6), round(float(binary_cross_entropy_forward(logits, labels)[0]), 6)
    (1.870867, 1.870867)
    """
    return distillation_forward(_yes_and_no(logits), _yes_and_no(teacher_logits),
                                (labels == 0).astype(np.int64), temperature, teacher_weight)


def _yes_and_no(logits):
    return np.stack([logits, np.zeros_like(logits)], axis=-1)                        # (B, K, 2)


def several_labels_backward(dloss, cache):
    """The gradient with respect to the logits (B, K); the zeros beside them are constants."""
    return distillation_backward(dloss, cache)[..., 0]


def scores_forward(scores, teacher_scores, labels, temperature, teacher_weight):
    """Mix the mean squared errors to the labels and to the teacher's scores.

    Parameters
    ----------
    scores, teacher_scores, labels : arrays (B, 1)
    temperature : float
        Has no effect: a score has no probabilities.
    teacher_weight : float

    Returns
    -------
    loss : scalar
    cache : what the backward pass needs

    Examples
    --------
    The label is 1 and the teacher says 3. The loss is 3/4 * 1^2 + 1/4 * 3^2:

    >>> loss, cache = scores_forward(np.array([[0.0]]), np.array([[3.0]]), np.array([[1.0]]),
    ...                              2.0, 0.25)
    >>> float(loss), scores_backward(1.0, cache).tolist()
    (3.0, [[-3.0]])
    """
    of_labels, label_cache = mean_squared_error_forward(scores, labels)
    of_teacher, teacher_cache = mean_squared_error_forward(scores, teacher_scores)
    loss = (1 - teacher_weight) * of_labels + teacher_weight * of_teacher
    return loss, (label_cache, teacher_cache, teacher_weight)


def scores_backward(dloss, cache):
    """The gradient with respect to the scores (B, 1)."""
    label_cache, teacher_cache, teacher_weight = cache
    # forward: loss = (1 - teacher_weight) * of_labels + teacher_weight * of_teacher
    return (mean_squared_error_backward(dloss * (1 - teacher_weight), label_cache)
            + mean_squared_error_backward(dloss * teacher_weight, teacher_cache))


LOSSES = {
    "single_label_classification": (distillation_forward, distillation_backward),
    "multi_label_classification": (several_labels_forward, several_labels_backward),
    "regression": (scores_forward, scores_backward),
}
