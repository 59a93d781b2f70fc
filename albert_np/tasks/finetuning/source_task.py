"""For which task the head of a model was trained."""

from ...inference.load import load_config
from ...model_files.folders import find_folder
from .settings import read_settings

# Models that were not fine-tuned here say by their class what they are for.
ARCHITECTURES = {"AlbertForSequenceClassification": "classification",
                 "AlbertForTokenClassification": "entities",
                 "AlbertForQuestionAnswering": "questions", "AlbertForSquad2": "questions",
                 "AlbertForMultipleChoice": "choice"}


def task_of_class(config):
    """The task that the class in a configuration is for.

    Parameters
    ----------
    config : AlbertConfig

    Returns
    -------
    str, or None if the class has no head for a task
        A classifier of scores counts as one of labels, see :func:`task_of_head`.
    """
    for architecture in config.extra.get("architectures") or ():
        task = ARCHITECTURES.get(architecture)
        if task == "classification" and config.problem_type == "multi_label_classification":
            return "multi-label"
        if task is not None:
            return task
    return None


def task_of_head(name_or_folder):
    """The task that the head of a model was trained for.

    Parameters
    ----------
    name_or_folder : str or Path
        A run, a folder of published weights, or a name on the hub.

    Returns
    -------
    str, or None
        None for a model that was only pretrained.
    """
    settings = read_settings(find_folder(name_or_folder, weights=False))
    if settings is not None:
        return settings.task
    config = load_config(name_or_folder)
    task = task_of_class(config)
    is_score = config.problem_type == "regression" or (config.problem_type is None
                                                       and config.num_labels == 1)
    return "similarity" if task == "classification" and is_score else task
