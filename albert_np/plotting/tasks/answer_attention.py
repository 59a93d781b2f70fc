"""Where an answer begins and ends, and what its pieces look at."""

import numpy as np

from ..figures import BLUE, ORANGE, YELLOW, label_axes, save_figure
from ..lettering import lettering


def answer_attention_figure(pieces, start, end, attention, context, answer=None, most=70,
                            title=None):
    """Start and end probabilities along a context, and the attention of the answer's pieces.

    Three panels: the probabilities of start and end at the pieces of the context; below it, for
    each head, how much the pieces of the answer look at each piece of the context (the mean over
    the pieces of the answer); and the same for the question. The rest of the attention goes to
    ``[CLS]`` and ``[SEP]``; the headings say how much.

    Parameters
    ----------
    pieces : sequence of T str
        ``[CLS] question [SEP] context [SEP]``, with or without padding.
    start, end : float arrays (T,)
        Probabilities of each piece being the answer's first and last.
    attention : float array (A, T, T)
        Of one layer, the row the piece that looks.
    context : (int, int)
        The first piece of the context and the one after its last; what stands before it is the
        question, between the two special pieces.
    answer : (int, int), optional
        The answer's first and last piece. None: the likeliest stretch in the context.
    most : int
        Of a longer context, so many pieces around the answer are drawn.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        The shapes do not fit each other, or the answer does not lie in the context.
    """
    from matplotlib.figure import Figure

    start, end, attention = (np.asarray(array, float) for array in (start, end, attention))
    _check(pieces, start, end, attention, context)
    first, last = _likeliest(start, end, *context) if answer is None else answer
    if not context[0] <= first <= last < context[1]:
        raise ValueError(f"The answer, from piece {first} to piece {last}, does not lie in the "
                         f"context, from piece {context[0]} to piece {context[1] - 1}.")
    looks = attention[:, first:last + 1].mean(axis=1)                      # (A, T)
    question = 1, context[0] - 1
    shown = pieces_around(first, last, context, most)
    A, columns = len(looks), max(shown[1] - shown[0], question[1] - question[0], 25)
    map_height = 0.4 + 0.25 * A
    figure = Figure(figsize=(1.9 + 0.2 * columns, 4.6 + 2 * map_height), layout="constrained")
    above, middle, below = figure.subplots(3, 1, height_ratios=[2.2, map_height, map_height])

    places = np.arange(*shown)
    above.axvspan(first - 0.5, last + 0.5, color=YELLOW, alpha=0.4, linewidth=0, label="answer")
    above.bar(places - 0.2, start[places], 0.4, color=BLUE, label="start")
    above.bar(places + 0.2, end[places], 0.4, color=ORANGE, label="end")
    label_axes(above, "", "probability", _heading(shown, context), loc="left")
    above.set_xticks([])                                   # named once, under the next panel
    above.set_xlim(shown[0] - 0.5, shown[0] + columns - 0.5)
    above.set_ylim(0, 1.35 * max(start[places].max(), end[places].max()) or 1.0)
    above.legend(fontsize=13, ncols=3, loc="upper right")            # above all bars

    strongest = max(looks[:, slice(*span)].max(initial=0) for span in (shown, question)) or 1.0
    for axes, name, span, whole in ((middle, "context", shown, context),
                                    (below, "question", question, question)):
        image = axes.imshow(looks[:, slice(*span)], cmap="Blues", vmin=0, vmax=strongest,
                            aspect="auto", extent=(span[0] - 0.5, span[1] - 0.5, A - 0.5, -0.5))
        share = looks[:, slice(*whole)].sum(axis=1).mean()
        label_axes(axes, "", "head", f"From the answer to the {name}: {100 * share:.0f} % of its "
                                     f"attention", loc="left")
        axes.grid(False)
        axes.set_yticks(range(A) if A <= 16 else range(0, A, 4))
        _name_pieces(axes, pieces, span)
        axes.set_xlim(span[0] - 0.5, span[0] + columns - 0.5)          # columns equally wide
        axes.spines[["top", "right", "bottom"]].set_visible(False)
    for edge in (first - 0.5, last + 0.5):
        middle.axvline(edge, color=ORANGE, linewidth=1.2)
    bar = figure.colorbar(image, ax=[middle, below], shrink=0.9, pad=0.01)
    bar.set_label("attention", fontsize=13)
    (heading,), fonts = lettering(title or "".join(pieces[slice(*question)]).replace("▁", " "))
    figure.suptitle(heading.strip(), fontsize=15, fontfamily=fonts, wrap=True)
    return figure


def plot_answer_attention(pieces, start, end, attention, context, path, **options):
    """Save :func:`answer_attention_figure` as PNG at `path`; return the path."""
    return save_figure(answer_attention_figure(pieces, start, end, attention, context, **options),
                       path)


def _check(pieces, start, end, attention, context):
    T = len(pieces)
    for name, array, shape in (("start", start, (T,)), ("end", end, (T,)),
                               ("attention", attention, attention.shape[:1] + (T, T))):
        if array.shape != shape:
            wanted = "(A, T, T)" if name == "attention" else "(T,)"
            raise ValueError(f"{name} must have the shape {wanted} with T = {T}, the number of "
                             f"pieces, not {array.shape}.")
    if not 2 < context[0] < context[1] <= T:
        raise ValueError(f"The context, from piece {context[0]} up to piece {context[1]}, must "
                         f"have a question before it and end at piece {T} at the latest.")


def _likeliest(start, end, begin, stop):
    """The stretch of the context with the highest product of its start's and end's probability."""
    p = np.triu(np.outer(start[begin:stop], end[begin:stop]))
    first, last = np.unravel_index(p.argmax(), p.shape)
    return begin + int(first), begin + int(last)


def pieces_around(first, last, context, most):
    """From which piece to which a long context is drawn, the answer in the middle."""
    begin = max(context[0], min((first + last + 1 - most) // 2, context[1] - most))
    return begin, min(begin + most, context[1])


def _heading(shown, context):
    if tuple(shown) == tuple(context):
        return "Where the answer begins and ends"
    return (f"Where the answer begins and ends: pieces {shown[0] - context[0] + 1} to "
            f"{shown[1] - context[0]} of the {context[1] - context[0]} of the context")


def _name_pieces(axes, pieces, span):
    """Every piece under its column, upright where it is longer than one character."""
    # The low line of SentencePiece only says that a word begins.
    texts = [piece.replace("▁", "") or "[space]" for piece in pieces[slice(*span)]]
    shown, fonts = lettering(*texts)
    axes.set_xticks(range(*span), shown, fontfamily=fonts)
    axes.tick_params(axis="x", length=2)
    for label, text in zip(axes.get_xticklabels(), shown):
        label.set(fontsize=11, rotation=90 if len(text.removeprefix("\\")) > 1 else 0)
