"""The gradient check of the numbers on a page: what backward says, and what forward passes say."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from ...gradcheck.tracing.example_check import BOUND, check_calls
from .numbers import short_numbers


@dataclass(frozen=True)
class Verdict:
    """What the gradient check says of one run.

    Attributes
    ----------
    reports : tuple of GradientReport
        Empty if the check refuses to compare.
    refused : str
        Why it does.
    """

    reports: tuple
    refused: str = ""

    @property
    def wrong(self):
        """The reports of wrong gradients, the worst first."""
        found = [report for report in self.reports if not report.error <= BOUND]
        return sorted(found, key=lambda report: -report.error)


def verdict_of(run):
    """The gradient check of a run's numbers.

    Parameters
    ----------
    run : Run

    Returns
    -------
    Verdict or None
        None if the example does not call both the forward and the backward function.
    """
    if len(run.direct) < 2:
        return None
    try:
        return Verdict(tuple(check_calls(*run.direct)))
    except ValueError as error:
        return Verdict((), str(error))


def verdict_sentence(verdict):
    """A verdict in one sentence.

    Examples
    --------
    >>> verdict_sentence(Verdict((), "the gradient of b has shape (2, 2)"))
    'The gradient check of these numbers stops: the gradient of b has shape (2, 2).'
    """
    if verdict is None:
        return "There is no gradient check of this example."
    if verdict.refused:
        return f"The gradient check of these numbers stops: {verdict.refused.rstrip('.')}."
    if not verdict.wrong:
        return "The gradient check of these numbers finds nothing wrong."
    worst = verdict.wrong[0]
    return (f"The gradient check of these numbers fails: for {_place(worst)} backward says "
            f"{short_numbers(worst.analytic)}, forward passes say "
            f"{short_numbers(worst.numerical)}.")


def verdict_html(verdict):
    """A verdict as a sentence and a table with a row for each array."""
    wrong = verdict is not None and bool(verdict.refused or verdict.wrong)
    kind = "bad" if wrong else "good" if verdict is not None else "none"
    sentence = f'<p class="verdict {kind}">{escape(verdict_sentence(verdict))}</p>'
    if verdict is None or not verdict.reports:
        return sentence
    rows = "".join(_row(report) for report in verdict.reports)
    return (f'{sentence}<div class="scroll"><table class="check"><thead><tr>'
            '<th scope="col">gradient of</th><th scope="col">backward says</th>'
            '<th scope="col">forward passes say</th><th scope="col">relative error</th>'
            f"</tr></thead><tbody>{rows}</tbody></table></div>")


def _row(report):
    wrong = not report.error <= BOUND
    numbers = "".join(f"<td>{escape(short_numbers(array))}</td>"
                      for array in (report.gradient, report.slopes))
    where = f" at [{', '.join(map(str, report.index))}]" if wrong and report.index else ""
    error = f"{report.error:.1e}".replace("-", "−") if report.error else "0"
    return (f'<tr{" class=bad" if wrong else ""}><th scope="row">{escape(report.parameter)}</th>'
            f'{numbers}<td>{"✗" if wrong else "✓"} {error}{where}</td></tr>')


def _place(report):
    index = ", ".join(map(str, report.index))
    return f"{report.parameter}[{index}]" if index else report.parameter
