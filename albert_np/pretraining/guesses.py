"""What a model would put into the gaps of a text."""

import re
import unicodedata

import numpy as np

from .evaluation import top_guesses


def show_guesses(model, tokenizer, batches, sentences=3, width=96):
    """Masked sentences of held-out text, with what the model would put into the gaps.

    Parameters
    ----------
    model : AlbertForPreTraining
    tokenizer : AlbertTokenizer
    batches : list of dict
        From :attr:`~albert_np.pretraining.batches.PretrainingData.held_out`.
    sentences : int
        How many to show, spread evenly over the batches.
    width : int
        Number of columns after which lines of text are broken. Chinese characters take two.

    Returns
    -------
    str
    """
    rows = [{name: array[i] for name, array in batch.items()}
            for batch in batches for i in range(len(batch["input_ids"]))]
    rows = [row for row in rows if (row["input_ids"] == tokenizer.mask_token_id).any()]
    blocks = []
    for i in np.linspace(0, len(rows) - 1, min(sentences, len(rows)), dtype=int):
        row = rows[i]
        text = tokenizer.decode([t for t in row["input_ids"]
                                 if t not in (tokenizer.pad_token_id, tokenizer.cls_token_id)],
                                skip_special_tokens=False)
        lines = _lines(text, width)
        for _, column, guesses in top_guesses(model, tokenizer, row["input_ids"][None],
                                              row["attention_mask"][None],
                                              row["token_type_ids"][None]):
            truth = tokenizer.pieces[row["labels"][column]]
            lines.append(f"    {' ' * (14 - _columns(truth))}{truth}   " + "   ".join(
                f"{piece} {probability:.0%}" for piece, probability in guesses))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


# Spaces, or a Chinese character or a word such as [MASK] with the closing signs after it.
_UNIT = re.compile(r"\s+|(?:[\u2e80-\uffef]|[^\s\u2e80-\uffef]+)[，。、！？；：）》」』”’]*")


def _lines(text, width, indent="  "):
    """The lines of a text: broken at spaces and beside Chinese characters, which have no spaces."""
    lines = [indent]
    for unit in _UNIT.findall(text.strip()):
        if _columns(lines[-1] + unit.rstrip()) > width and lines[-1] != indent:
            lines[-1] = lines[-1].rstrip()
            lines.append(indent)
        if lines[-1] != indent or not unit.isspace():
            lines[-1] += unit
    return lines


def _columns(text):
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
