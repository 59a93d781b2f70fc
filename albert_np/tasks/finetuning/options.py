"""What a fine-tuning run can be told."""

import json
import os
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path

from ...config import AlbertConfig
from ...files.json_objects import json_text
from ...files.options import check_names, check_options, documented, option, options_from
from ...pretraining.options import OPTIMIZERS
from .distilling import TASKS_WITH_TEACHER, TEACHER_WEIGHT, TEMPERATURE
from .recipes import TASKS
from .settings import Settings
from .trainer import SCHEDULES

MAX_LENGTH = {"questions": 192}                   # of other tasks 128
PATHS = ("data", "dev", "test", "unlabelled", "model", "teacher", "data_folder")
CONFIDENCE = 0.95                                 # of a pseudo-label that is kept
# What may differ when a run goes on. Of the files a checkpoint knows the content.
FREE = (*PATHS, "checkpoint_every")


@documented
@dataclass(kw_only=True)
class FinetuningOptions:
    """What makes a fine-tuning run what it is; ``options.json`` and ``results.json`` keep it.

    Raises
    ------
    ValueError
        A value is impossible; the message names the option, its value, and what it must be.
    """

    task: str = option(MISSING, "what the model learns", choices=tuple(TASKS))
    data: str = option(
        MISSING, "a data set of the task, a file, or a folder with the files train.*, dev.* and "
        "optionally test.*", metavar="NAME_OR_PATH")
    test: str | None = option(
        None, "use this file as the test part. For questions it can also be xquad-en or xquad-zh; "
        "default: the test part of the data", metavar="NAME_OR_FILE")
    dev: str | None = option(
        None, "use this file as the development part, which decides the best epoch; default: "
        "the development part of the data. If --data is one file, all of its rows that are not "
        "in the test part are then used for training", metavar="FILE")
    columns: dict | None = option(
        None, "which columns of a table or of JSON lines are read. The keys are text, text_pair "
        "and label. Each value is the name of a column or, in a table, its number from 0; default: "
        "a column with one of the usual names, or the columns in this order")
    header: bool | None = option(
        None, "whether the first line of a table holds the names of the columns; default: decide "
        "by that line, and say so")
    split_copies: bool = option(
        False, "divide a file row by row, so that copies of a text may be in several parts. "
        "Without this option all copies of a text stay in one part. To find copies, every "
        "digit is replaced by 0, and capitals and punctuation are ignored")
    data_folder: str | None = option(None, "the folder where data sets are searched")
    unlabelled: str | None = option(
        None, "classification: a file with texts that have no label. It is a table or JSON lines "
        "with the same columns as the labelled rows, or a file with one text on each line. A first "
        "model learns from the labelled rows alone and predicts a label for each text. A second "
        "model starts with the same weights. It learns from the labelled rows and from the texts "
        "whose label is sure (self-training); default: learn from the labelled rows alone",
        metavar="FILE")
    confidence: float | None = option(
        None, "with --unlabelled: keep a text if its label has at least this probability. A lower "
        "number keeps more texts, and more wrong labels; default: 0.95", above=0, most=1)
    model: str | None = option(
        None, "the model to start from: a pretraining run, a folder of published weights, or a "
        "name on the hub; default: a fresh model, with a tokenizer trained on the training rows",
        metavar="NAME_OR_FOLDER")
    scratch: bool = option(
        False, "take only the shape and the tokenizer of the model, with fresh weights, to see "
        "what pretraining gained")
    teacher: str | None = option(
        None, "classification, multi-label and similarity: learn also from this fine-tuned model, "
        "a run of albert-np finetune with the same labels (distillation). It may be larger and "
        "may have another tokenizer; default: the labels alone", metavar="RUN")
    temperature: float | None = option(
        None, f"with --teacher: the logits of teacher and student are divided by this number "
        f"before the softmax. Above 1, the classes that the teacher thinks unlikely count more; "
        f"default: {TEMPERATURE:g}", above=0, most=1000)
    teacher_weight: float | None = option(
        None, f"with --teacher: the weight of the teacher's answers in the loss. The weight of "
        f"the labels is 1 minus this number. With 1 the student learns from the teacher alone; "
        f"default: {TEACHER_WEIGHT:g}", least=0, most=1)
    config: dict | None = option(
        None, "without a model to start from: fields of AlbertConfig that differ from FRESH_CONFIG")
    vocab_size: int = option(
        5000, "V, without --model: the number of pieces of the tokenizer that is trained")
    epochs: int = option(4, "how many times the training part is read", least=1)
    batch_size: int = option(32, "B, examples in a batch", least=1)
    learning_rate: float = option(
        3e-4, "in the warm-up the learning rate rises to this value. Then it falls on a straight "
        "line to 0 at the last step. The line has this value at step 0, and not at the end of the "
        "warm-up. So the rate drops a little when the warm-up ends. Large models need "
        "1e-5 to 5e-5", above=0,
        flags=("--learning-rate", "--lr"))
    warmup: float = option(0.1, "share of the steps in which the learning rate rises", least=0,
                           below=1)
    optimizer: str = option("adamw", "the optimiser", choices=tuple(OPTIMIZERS))
    schedule: str = option(
        "linear", "the learning rate after the warm-up: it falls on a straight line to 0 (linear), "
        "or it stays the same (constant)", choices=tuple(SCHEDULES))
    best_by: str | None = option(
        None, "choose the best epoch by this metric of the development part, such as f1 "
        "or macro_f1; default: the metric of the task", metavar="FIGURE")
    weight_decay: float = option(
        0.01, "the weight decay of adamw and lamb. It is applied to matrices only", least=0)
    freeze: bool = option(
        False, "train the head of the task only; embeddings, encoder and pooler stay as they are")
    accumulation_steps: int = option(
        1, "work through each batch in this many portions, to save memory", least=1)
    max_gradient_norm: float = option(
        1.0, "a gradient with a larger norm is shortened to this norm", above=0)
    class_weights: str | None = option(
        None, "classification: balanced gives each row the weight n / (number of classes x number "
        "of rows of its class), where n is the number of all rows. The loss is the mean with these "
        "weights; default: all rows have the same weight", choices=("balanced",))
    dropout: float | None = option(
        None, "probability of setting an entry of a hidden state, an attention weight or an input "
        "of the head to 0; default: the probabilities of the model", least=0, below=1)
    patience: int | None = option(
        None, "stop after this many epochs without a better score; default: never", least=1)
    seed: int = option(
        0, "the seed of fresh weights, of the order of the examples, of dropout and of the "
        "bootstrap", least=0)
    workers: int = option(
        2, "number of threads that share each batch; a small model uses processes", least=1)
    checkpoint_every: int = option(
        500, "number of steps between checkpoints; there is also one after each epoch. An "
        "interrupted run continues from the last checkpoint", least=1)
    settings: dict | None = option(
        None, "fields of Settings: how texts are cut and how answers are built")

    def __post_init__(self):
        for name in PATHS:
            if isinstance(getattr(self, name), os.PathLike):
                setattr(self, name, os.fspath(getattr(self, name)))
        check_options(self)
        if self.best_by is not None:
            self.best_by = self.best_by.replace("_", " ")        # macro_f1 is "macro f1"
        self._check_labels()
        self._check_teacher()
        self._check_unlabelled()
        check_names(AlbertConfig, self.config or {})
        if self.scratch and self.model is None:
            raise ValueError("scratch takes shape and tokenizer of a model; name one, or leave "
                             "both out for a model with a tokenizer of its own")
        if self.config and self.model is not None:
            flags = {each.name: each.metadata.get("flags") for each in fields(AlbertConfig)}
            typed = [(flags[name] or [f"--{name.replace('_', '-')}"])[0] for name in self.config]
            raise ValueError(f"--model does not go together with {' and '.join(typed)}: the model "
                             f"has a shape of its own")

    def _check_labels(self):
        separator = self.task_settings().label_separator
        if separator is not None and self.task != "multi-label":
            raise ValueError("label_separator is for rows with several labels: for the task "
                             "multi-label")
        if separator == "":
            raise ValueError("label_separator is empty; it must be the sign between two labels, "
                             "such as ';'")
        if self.task_settings().positive_label is not None and self.task != "classification":
            raise ValueError(f"--positive-label is for the task classification, with two labels; "
                             f"the task {self.task} has none")
        if self.task_settings().language is not None and self.task != "questions":
            raise ValueError(f"--language chooses the rules by which answers to questions are "
                             f"scored; the task {self.task} has no such answers")
        if self.class_weights is not None and self.task != "classification":
            raise ValueError(f"class_weights are weights of the classes of the task "
                             f"classification; the task {self.task} has none")

    def _check_teacher(self):
        for name in ("temperature", "teacher_weight"):
            flag = f"--{name.replace('_', '-')}"
            if getattr(self, name) is not None and self.teacher is None:
                raise ValueError(f"{flag} is for learning from a teacher; name one with --teacher, "
                                 f"or remove {flag}")
        if self.teacher is None:
            return
        if self.task not in TASKS_WITH_TEACHER:
            raise ValueError(f"--teacher is for the tasks {', '.join(TASKS_WITH_TEACHER)}; for the "
                             f"task {self.task} there is no such training")
        if self.temperature is not None and self.task == "similarity":
            raise ValueError("--temperature is for probabilities; the teacher of the task "
                             "similarity gives scores, so remove --temperature")

    def _check_unlabelled(self):
        if self.unlabelled is None:
            if self.confidence is not None:
                raise ValueError("--confidence says which texts of --unlabelled are kept; give "
                                 "--unlabelled too, or leave out --confidence")
            return
        if self.task != "classification":
            raise ValueError(f"--unlabelled is for the task classification, where one probability "
                             f"says how sure a label is; the task {self.task} has none")
        if self.teacher is not None:
            raise ValueError("--unlabelled takes the labels of texts from a first round, --teacher "
                             "from a finished model; give one of the two")
        if self.confidence is None:
            self.confidence = CONFIDENCE

    def with_whole_paths(self):
        """All options as a dict; files and folders are found from any folder."""
        task = TASKS[self.task]
        known = {None, *task.DATASETS, *getattr(task, "TESTS", ())}
        whole = {name: str(Path(value).resolve()) for name in PATHS
                 if (value := getattr(self, name)) not in known and Path(value).exists()}
        return {**asdict(self), **whole}

    def lasting(self):
        """The options that a run keeps to its end, as JSON gives them back (dict)."""
        values = {name: value for name, value in asdict(self).items() if name not in FREE}
        return json.loads(json_text(values))

    def task_settings(self):
        """The `Settings` of the task, changed by `settings`."""
        return options_from(Settings, {
            "task": self.task, "max_length": MAX_LENGTH.get(self.task, 128),
            **(self.settings or {})})
