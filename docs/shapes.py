"""The picture of shapes: every array of a pretraining step as a box, forward above, backward below.

A box stands for an array and leads to the row that makes it. Its height grows with the logarithm of
how many numbers it has. Sizes come from a configuration, and rows from the source.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from albert_np import AlbertConfig
from albert_np.course.reader.pairs import find_pairs

BATCH, MASKED = 8, 77                    # sequences in a batch; 15 % of 512 tokens
WIDTH, STEP = 62, 76                     # of a box, and from box to box
TOP, MIDDLE, BOTTOM = 112, 222, 324      # the middle lines of the three lanes
BRANCH = 50                              # how far the two heads are above and below their lane


@dataclass(frozen=True)
class Box:
    """An array and its gradient.

    Attributes
    ----------
    letters : str
        The shape, such as "B A T D".
    forward, backward : str
        "page:name": the page, and a name that a line there assigns or gets as an argument.
    column : int
    lane : int
        -1, 0 or 1: above, on or below the middle line.
    of_gradient : str
        The shape of the gradient if that is cut up in another way.
    """

    letters: str
    forward: str
    backward: str
    column: int
    lane: int = 0
    of_gradient: str = ""


BOXES = (
    Box("B T E", "embeddings:s", "embeddings:ds", 0),
    Box("B T H", "embeddings:h", "encoder:dh", 1),
    Box("B A T D", "attention:q", "attention:dq", 2, -1),
    Box("B A T D", "attention:k", "attention:dk", 2),
    Box("B A T D", "attention:v", "attention:dv", 2, 1),
    Box("B A T T", "attention:z", "attention:dz", 3),
    Box("B A T T", "attention:p", "attention:dp", 4),
    Box("B T H", "attention:c", "attention:dc", 5, 0, "B A T D"),
    Box("B T H", "attention:y", "attention:dy", 6),
    Box("B T H", "encoder_layer:a", "encoder_layer:da", 7),
    Box("B T F", "feed_forward:u", "feed_forward:du", 8),
    Box("B T F", "feed_forward:g", "feed_forward:dg", 9),
    Box("B T H", "feed_forward:y", "feed_forward_block:dfed", 10),
    Box("B T H", "encoder_layer:y", "encoder_layer:dy", 11),
    Box("M E", "masked_lm_head:e", "masked_lm_head:de", 12, -1),
    Box("M V", "masked_lm_head:logits", "cross_entropy:dx", 13, -1),
    Box("B H", "pooler:y", "sentence_order_head:dpooled", 12, 1),
    Box("B 2", "sentence_order_head:logits", "cross_entropy:dx", 13, 1),
    Box("", "cross_entropy:loss", "cross_entropy:dloss", 14),
)
ARROWS = ("0 1", "1 2", "1 3", "1 4", "2 5", "3 5", "5 6", "6 7", "4 7", "7 8", "8 9", "9 10",
          "10 11", "11 12", "12 13", "13 14", "14 15", "13 16", "16 17", "15 18", "17 18")
PARAMETERS = (("word", "V E", "embeddings", 0), ("W", "E H", "embeddings", 1),
              ("W_q W_k W_v", "H H", "attention", 2.5), ("W_o", "H H", "attention", 6),
              ("γ β", "H", "attention_block", 7), ("W_1", "H F", "feed_forward", 8),
              ("W_2", "F H", "feed_forward", 10), ("γ β", "H", "feed_forward_block", 11),
              ("W", "H E", "masked_lm_head", 12), ("word", "V E", "masked_lm_head", 13))
LAYER = (2, 11)                          # the columns of one encoder layer
STAGES = (("embeddings", 0.5, 0), ("attention", 4, 0), ("add & norm", 7, 0),
          ("feed-forward", 9, 0), ("add & norm", 11, 0), ("masked LM", 12.5, -1),
          ("sentence order", 12.5, 1))
STYLE = """
.shapes { width: 100%; height: auto; font: 13px system-ui, "DejaVu Sans", sans-serif;
  --ink: var(--color-foreground-primary, #1a2130);
  --soft: var(--color-foreground-secondary, #596375);
  --wash: var(--color-background-secondary, #f5f6f8); --fwd: #0072b2; --bwd: #c8500a; }
.shapes text { fill: var(--ink); text-anchor: middle; }
.shapes a, .shapes a:hover { text-decoration: none; }
.shapes .s { font-size: 11px; fill: var(--soft); }
.shapes .n { font: 600 13px ui-monospace, "DejaVu Sans Mono", monospace; }
.shapes rect { fill: var(--wash); stroke-width: 1.5; }
.shapes .f rect { stroke: var(--fwd); } .shapes .b rect { stroke: var(--bwd); }
.shapes a:hover rect, .shapes a:focus rect { fill: #e69f0033; }
.shapes path { fill: none; stroke: var(--soft); stroke-width: 1; opacity: .7; }
.shapes .layer { fill: none; stroke: var(--soft); stroke-dasharray: 4 4; stroke-width: 1; }
.shapes .side { text-anchor: start; font-weight: 600; font-size: 13px; }
"""


def shapes_svg(config=None, prefix="reader/"):
    """The drawing.

    Parameters
    ----------
    config : AlbertConfig, optional
        albert-base by default.
    prefix : str
        From the page that shows it to the folder of the reader pages.

    Returns
    -------
    str
        An SVG to be put into a page.

    Raises
    ------
    ValueError
        If no line of a page makes one of the arrays.
    """
    sizes = _sizes(config or AlbertConfig())
    width = STEP * (max(box.column for box in BOXES) + 1) + 20
    parts = [_layer(sizes["L"])]
    for arrow in ARROWS:
        one, other = (BOXES[int(end)] for end in arrow.split())
        parts += [_arrow(one, other, TOP), _arrow(other, one, BOTTOM)]
    for box in BOXES:
        parts.append(_box(box, box.forward, TOP, "f", sizes, prefix))
        parts.append(_box(box, box.backward, BOTTOM, "b", sizes, prefix))
    for name, letters, page, column in PARAMETERS:
        x = _x(column) + WIDTH / 2
        parts.append(f'<a href="{prefix}{page}.html"><title>{escape(name)}: a parameter, and its '
                     f'gradient, of shape ({_spelled(letters, sizes)})</title>'
                     f'<text class="n" x="{x:g}" y="{MIDDLE - 2}">{escape(name)}</text>'
                     f'<text class="s" x="{x:g}" y="{MIDDLE + 13}">{_commas(letters)}</text></a>')
    for stage, column, lane in STAGES:
        x, y = _x(column) + WIDTH / 2, TOP + BRANCH * lane + (35 if lane >= 0 else -29)
        parts.append(f'<text class="s" x="{x:g}" y="{y}">{escape(stage)}</text>')
    return (f'<svg class="shapes" viewBox="0 0 {width} 434" role="img" '
            'aria-labelledby="shapes-title" xmlns="http://www.w3.org/2000/svg">'
            '<title id="shapes-title">The arrays of a training step with their shapes: forward '
            "above from left to right, parameters in the middle, gradients below from right to "
            f"left</title><style>{STYLE}</style>"
            '<text class="side" x="10" y="16" style="fill:var(--fwd)">forward →</text>'
            '<text class="side" x="10" y="426" style="fill:var(--bwd)">← backward</text>'
            f"{''.join(parts)}</svg>\n")


def _sizes(config):
    """The size of each letter."""
    heads = config.num_attention_heads
    return {"B": BATCH, "T": config.max_position_embeddings, "E": config.embedding_size,
            "H": config.hidden_size, "A": heads, "D": config.hidden_size // heads,
            "F": config.intermediate_size, "V": config.vocab_size, "M": MASKED * BATCH,
            "L": config.num_hidden_layers, "2": 2}


def _x(column):
    return 10 + STEP * column


def _height(letters, sizes):
    numbers = math.prod(sizes[letter] for letter in letters.split())
    return 34 + 4 * max(0, math.log10(numbers) - 4)


def _box(box, place, lane, side, sizes, prefix):
    """A box with its name and letters, as a link to the row that makes the array."""
    page, name = place.split(":")
    letters = (side == "b" and box.of_gradient) or box.letters
    height, x = _height(letters, sizes), _x(box.column)
    y = lane + BRANCH * box.lane
    shape = f"({_spelled(letters, sizes)})" if letters else "a number"
    return (f'<a class="{side}" href="{prefix}{page}.html#L{line_of(page, name, side)}">'
            f"<title>{escape(name)}: {shape}, in {page}</title>"
            f'<rect x="{x}" y="{y - height / 2:g}" width="{WIDTH}" height="{height:g}" rx="4"/>'
            f'<text class="n" x="{x + WIDTH / 2:g}" y="{y + (0 if letters else 4):g}">'
            f"{escape(name)}</text>"
            f'<text class="s" x="{x + WIDTH / 2:g}" y="{y + 13:g}">{_commas(letters)}</text>'
            "</a>")


def line_of(page, name, side):
    """The last line of a page's functions that assigns a name, or else the head that gets it.

    Forward arrays are looked for in the forward function first: the backward function takes some of
    them out of its cache.

    Parameters
    ----------
    page, name : str
    side : {"f", "b"}
        Forward or backward.

    Raises
    ------
    ValueError
        If there is none.
    """
    pair = next((one for one in find_pairs() if one.name == page), None)
    functions = (pair.forward, pair.backward) if pair else ()
    for lines in filter(None, functions if side == "f" else reversed(functions)):
        made = [line.line for line in lines.lines if name in line.targets]
        if made:
            return made[-1]
        head = lines.lines[0]
        if name in head.text.split("(", 1)[1].replace(")", ",").replace(" ", "").split(","):
            return head.line
    raise ValueError(f"the picture of shapes names {name}, which no line of {page} makes")


def _arrow(one, other, lane):
    """A curve from the side of one box to the side of another."""
    forward = one.column < other.column
    start = _x(one.column) + (WIDTH if forward else 0)
    end = _x(other.column) + (0 if forward else WIDTH)
    y, z = lane + BRANCH * one.lane, lane + BRANCH * other.lane
    half = (start + end) / 2
    return f'<path d="M{start} {y} C{half:g} {y} {half:g} {z} {end} {z}"/>'


def _layer(times):
    """The frame around one encoder layer."""
    left, right = _x(LAYER[0]) - 7, _x(LAYER[1]) + WIDTH + 7
    return (f'<rect class="layer" x="{left}" y="26" width="{right - left}" height="382" rx="8" '
            f'style="fill:none"/><text class="s" x="{(left + right) / 2:g}" y="18">one layer, '
            f"applied {times} times with the same weights</text>")


def _commas(letters):
    return ", ".join(letters.split())


def _spelled(letters, sizes):
    return ", ".join(f"{letter} = {sizes[letter]:,}" if letter.isalpha() else letter
                     for letter in letters.split())
