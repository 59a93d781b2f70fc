"""The pictures of a run: how it learnt, and what its task makes visible."""

import numpy as np

from ...functional import softmax_forward
from ...plotting import tasks as pictures
from ..datasets.features import pad_examples, question_windows
from ..metrics import (bleu, bleu_by_length, calibration_bins, confusion_matrix, entity_scores,
                       expected_calibration_error, label_scores, pearson, spearman)
from .outputs import INPUTS


def draw_training(results, history, folder):
    """Draw how a run learnt, and what it reached beside methods without a network.

    Parameters
    ----------
    results : dict
        What ``results.json`` holds.
    history : dict
        From :func:`~albert_np.tasks.finetuning.trainer.train_epochs`.
    folder : Path

    Returns
    -------
    list of Path
    """
    metric, part = results["metric"], "test" if results["test"] else "validation"
    epochs = [(row["epoch"], row["value"], row["low"], row["high"]) for row in history["epochs"]]
    losses = [(row["step"], row["loss"]) for row in history["steps"]]
    figures = {name: _three(found[metric]) for name, found in results["baselines"].items()}
    if results.get("teacher") is not None:
        figures["teacher"] = _three(results["teacher"]["figures"][metric])
    start = {"scratch": "from scratch", "pretrained": "pretrained"}[results["start"]]
    figures[start] = _three(results[part][metric])
    return [pictures.plot_learning_curves({start: {"losses": losses, "epochs": epochs}}, metric,
                                          folder / "learning-curves.png"),
            pictures.plot_baselines_bars(figures, metric, folder / "baselines.png")]


def draw_predictions(task, folder, model, tokenizer, rows, predictions, settings):
    """Draw what the predictions of a task make visible.

    Parameters
    ----------
    task : str
    folder : Path
    model, tokenizer
    rows, predictions : lists
        Of the test part, or of the development part if there is no other.
    settings : Settings

    Returns
    -------
    list of Path
    """
    draw = DRAWN_FOR.get(task)
    return draw(folder, model, tokenizer, rows, predictions, settings) if draw else []


def _three(figure):
    return figure["value"], figure["low"], figure["high"]


def draw_classification(folder, model, tokenizer, rows, predictions, settings):
    """Which labels are taken for which, and whether 90 % sure means 90 % right."""
    labels = list(model.config.label_names)
    true = [row.label for row in rows]
    p = np.array([list(prediction["probabilities"].values()) for prediction in predictions])
    counts, _ = confusion_matrix(true, [prediction["label"] for prediction in predictions], labels)
    numbers = [labels.index(label) for label in true]
    return [
        pictures.plot_confusion_matrix(counts, labels, folder / "confusion-matrix.png"),
        pictures.plot_reliability(calibration_bins(numbers, p),
                                  expected_calibration_error(numbers, p),
                                  folder / "reliability.png")]


def draw_multi_label(folder, model, tokenizer, rows, predictions, settings):
    """Precision and recall of each label."""
    scores = label_scores([row.label for row in rows],
                          [prediction["labels"] for prediction in predictions],
                          model.config.label_names)
    return [pictures.plot_entity_bars(scores, folder / "labels.png", "Labels", ("label", "labels"))]


def draw_similarity(folder, model, tokenizer, rows, predictions, settings):
    """Scores against predictions."""
    gold, predicted = [row.label for row in rows], [guess["score"] for guess in predictions]
    correlations = {"Pearson": pearson(gold, predicted), "Spearman": spearman(gold, predicted)}
    return [pictures.plot_similarity_scatter(gold, predicted, correlations,
                                             folder / "similarity.png")]


def draw_entities(folder, model, tokenizer, rows, predictions, settings):
    """Precision and recall of each type of name; nothing if there is no name."""
    if not any(tag != "O" for row, prediction in zip(rows, predictions)
               for tag in (*row.tags, *prediction["tags"])):
        return []
    scores = entity_scores([row.tags for row in rows],
                           [prediction["tags"] for prediction in predictions])
    return [pictures.plot_entity_bars(scores, folder / "entities.png")]


def draw_questions(folder, model, tokenizer, rows, predictions, settings):
    """What the model looks at around an answer: of the first one that is right, or of the first.

    A context without a piece is passed over; nothing is drawn if all contexts are so.
    """
    right = [row for row, prediction in zip(rows, predictions)
             if prediction["answer"] in {answer.text for answer in row.answers}]
    for row in (*right, *rows):
        windows = question_windows(tokenizer, row, settings.max_length, settings.doc_stride,
                                   settings.max_query_length)
        window = next((window for window in windows if window["start_positions"]), windows[0])
        context = np.flatnonzero(window["p_mask"][1:] == 0) + 1
        if len(context):
            break
    else:
        return []
    names = (*INPUTS, "p_mask") if settings.no_answer else INPUTS
    batch = pad_examples([{name: window[name] for name in names}], model.config.pad_token_id)
    output, _ = model.forward(**batch)
    ends = output.end_logits[0, 0] if settings.no_answer else output.end_logits[0]
    (start, _), (end, _) = softmax_forward(output.start_logits[0]), softmax_forward(ends)
    pieces = [tokenizer.pieces[i] for i in window["input_ids"]]
    return [pictures.plot_answer_attention(
        pieces, start, end, output.attentions[-1][0], (int(context[0]), int(context[-1]) + 1),
        folder / "answer-attention.png")]


def draw_translation(folder, model, tokenizer, rows, predictions, settings):
    """BLEU by the length of the source."""
    lengths = [len(row.source.split()) for row in rows]
    texts = [prediction["translation"] for prediction in predictions], [row.targets for row in rows]
    return [pictures.plot_translation_lengths(bleu_by_length(lengths, *texts), bleu(*texts),
                                              folder / "lengths.png")]


DRAWN_FOR = {"classification": draw_classification, "multi-label": draw_multi_label,
             "similarity": draw_similarity, "entities": draw_entities,
             "questions": draw_questions, "translation": draw_translation}
