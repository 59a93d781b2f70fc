"""What a model would put into the gaps of a text."""

import textwrap

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
        Where lines of text are broken.

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
        lines = [textwrap.fill(text, width, initial_indent="  ", subsequent_indent="  ")]
        for _, column, guesses in top_guesses(model, tokenizer, row["input_ids"][None],
                                              row["attention_mask"][None],
                                              row["token_type_ids"][None]):
            truth = tokenizer.pieces[row["labels"][column]]
            lines.append(f"    {truth:>14}   " + "   ".join(
                f"{piece} {probability:.0%}" for piece, probability in guesses))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)
