"""The typical mistakes by theme: a question that helps, and the concepts of its planted faults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """Mistakes that one question helps with.

    Attributes
    ----------
    title : str
    question : str
        To ask the student, in place of the answer.
    concepts : tuple of str
        Of planted faults.
    """

    title: str
    question: str
    concepts: tuple


def _theme(title, question, concepts):
    return Theme(title, question, tuple(part.strip() for part in concepts.split("|")))


THEMES = (
    _theme("Every use adds up",
           "Where does this array stand in the forward pass? Put a finger on every place. How many "
           "gradients must arrive, then?",
           "= in place of += | every row adds its part | sum over all the shared axes | every use "
           "adds its part | duplicate tokens add up | duplicates must add up | shared weights add "
           "up | tied weights add up | tied weights | residual links | weighted sums | halves of a "
           "concatenation"),
    _theme("The rules of differentiation",
           "Nudge one entry of the input by a hair. Which entries of the output move, and how far? "
           "Write this down for two numbers before you write it for an array.",
           "chain rule | product rule | quotient rule | power rule | inner derivative | derivative "
           "of tanh | what erf means | signs | symmetry | what cancels | softmax | softmax minus "
           "one-hot | upstream gradients | post-LN and pre-LN"),
    _theme("A row hangs together",
           "If only the first number of a row is raised, what happens to the others behind the "
           "softmax, or behind the layer norm?",
           "the softmax couples a row | both statistics depend on x | what is normalised | "
           "biased variance | "
           "invariances"),
    _theme("Axes and layouts",
           "What is the shape of each array, and what does each axis stand for? Would a wrong "
           "order give an error, if all sizes were different?",
           "transposes | which axis is the row | which axis is the key | reshape is not transpose "
           "| axes | layouts | which column is which | broadcasting | every row for itself"),
    _theme("Forward and backward are a pair",
           "Which line of the forward pass does this line differentiate? What did the forward pass "
           "keep for it, and is it what you use?",
           "forward and backward belong together | what the cache holds | the same mask both ways "
           "| one cache for each use | a recomputation repeats what was drawn | backwards means "
           "backwards | order of depths | sharing is data | the way back is the way there | "
           "scatter what was gathered | gathering and scattering | copy and paste | every "
           "parameter is checked"),
    _theme("Factors in one place",
           "Where does this factor come from, and is it anywhere else already? What becomes of the "
           "gradient if the batch is doubled by copying it?",
           "each factor in one place | means, not sums | weighted means | the loss's own factor | "
           "scaled dot products | inverted dropout | units of an update"),
    _theme("Numbers in a machine",
           "What happens at 1000, at -1000, at a row of equal numbers, and if nothing is left to "
           "take the mean of?",
           "numerical stability | where eps stands | the empty mean | the empty row | dtypes | "
           "negative indices count from the end"),
    _theme("One array, several names",
           "Which names stand for the same array or list? Change it under one of them: where is "
           "the change seen?",
           "views and copies"),
    _theme("What a test can see",
           "With which numbers would the wrong function give the right result? Are those the "
           "numbers the check uses?",
           "test away from the initial values | nearly right is wrong | roots and squares | "
           "gradient checks do not see values"),
    _theme("Masks and padding",
           "Change a token that should not be seen, to anything at all. Which outputs may change?",
           "masks | leaks | conventions of masks | mask before normalising | a mask is minus "
           "infinity, not 0 | padding | padding and positions | which token is [CLS]"),
    _theme("Off by one",
           "Write out the smallest case, two or three positions, and point at the first and the "
           "last.",
           "off by one | off by one segment | what ends a sequence | rounding | clamps | order of "
           "sorting | truncation"),
    _theme("What the labels ask",
           "What would a model learn that found these labels perfectly? Could it find them without "
           "understanding anything?",
           "ignored labels | labels that do not count | conventions of labels | labels and data "
           "belong together | balanced classes | order of operations | kinds of problems | special "
           "tokens | whole words | n-gram lengths | 80/10/10"),
    _theme("Optimisers",
           "What is the size of the very first step, and of the thousandth with the same gradient? "
           "Which parameters does this rule leave alone?",
           "running means | bias correction | decoupled weight decay | what is decayed | trust "
           "ratio | clipping is not normalising | one vector of all parameters | faithfulness to "
           "the original"),
    _theme("Training is not prediction",
           "Run it twice on the same input. Should the results be the same? And which of two "
           "sentences wins, the short one or the long one?",
           "training and prediction differ | length normalisation | sums of logarithms | bounds "
           "that must hold"),
)


def theme_of(concept):
    """The theme of a concept.

    Raises
    ------
    ValueError
        It is in none.
    """
    for theme in THEMES:
        if concept in theme.concepts:
            return theme
    raise ValueError(f"The concept {concept!r} belongs to no theme of mistake_themes.py.")
