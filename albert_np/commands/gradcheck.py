"""``albert-np gradcheck``: check the gradients, and check these checks."""

import argparse
from pathlib import Path

from .output_folder import refuse_existing

DESCRIPTION = """\
Check every gradient of this package against the forward passes.

Each backward pass claims to know how much every output changes when an input is nudged. This
command nudges the inputs and looks: every function, layer, head and whole model, in float64, with
random upstream gradients, padding, dropout, gammas that are not 1 and biases that are not 0. The
table names the worst entry of each parameter. The exit status is 1 if any exceeds its bound.
"""


def add(commands):
    """Add ``gradcheck`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "gradcheck", help="check every gradient", description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_gradcheck)
    parser.add_argument("--method", choices=("centred", "complex", "extended"), default="centred",
                        help="centred differences (default), or the complex step, which is exact "
                             "to round-off, or the complex step and the backward pass with the 64 "
                             "binary digits of an 80-bit number in place of 53")
    parser.add_argument("--planted", action="store_true",
                        help="check the checks: plant nearly two hundred faults, one at a time, "
                             "and show which check catches each (a few minutes)")
    parser.add_argument("--report", metavar="FOLDER",
                        help="draw new pictures of one component into this folder instead: the "
                             "error of every entry, the error against the step, and what each "
                             "depth adds to a shared gradient (default component: encoder_layer)")
    parser.add_argument("--only", metavar="WORD",
                        help="check the components whose name contains this word; with --report, "
                             "draw the component of this name")
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="of the upstream gradients and the entries (default: %(default)s)")


def _gradcheck(options):
    from ..gradcheck.all_checks import run_all
    from ..gradcheck.one_check import bound_of, faults

    if options.planted:
        return _planted()
    if options.report is not None:
        from ..gradcheck.report import PICTURES, write_report

        for picture in PICTURES:
            refuse_existing(Path(options.report, picture), "--report")

        pictures, remarks = write_report(options.report, options.only)
        for line in (*remarks, *pictures):
            print(line)
        return 0
    checks = failed = entries = 0
    print(f"{'component':38s} {'parameter':46s} {'worst error':>11s}  where")
    for check, reports in run_all(options.method, options.seed, options.only):
        bad = faults(check, reports, options.method)
        bound = bound_of(check, options.method)
        for i, report in enumerate(reports):
            where = ", ".join(map(str, report.index))
            flag = f"  WRONG, above {bound:.0e}" if report in bad else ""
            print(f"{check.component if i == 0 else '':38s} {report.parameter:46s} "
                  f"{report.error:11.1e}  [{where}]{flag}")
        checks, failed = checks + 1, failed + bool(bad)
        entries += sum(report.entries for report in reports)
        for report in bad:
            print(f"    {report}")
    if not checks:
        raise ValueError(f"no component's name contains {options.only!r}")
    print(f"\n{checks} components, {entries:,} derivatives compared: "
          + ("all agree." if not failed else f"{failed} components are WRONG."))
    return 1 if failed else 0


def _planted():
    from ..gradcheck.planting import table_rows

    counts = {}
    print(f"{'fault':44s} {'result':9s} check")
    for row in table_rows():
        counts[row["result"]] = counts.get(row["result"], 0) + 1
        print(f"{row['fault']:44s} {row['result']:9s} {row['check']}\n    {row['wrong']}")
    survived = counts.get("SURVIVED", 0)
    print(f"\n{sum(counts.values())} planted faults: "
          + ("all were caught." if not survived else f"{survived} SURVIVED."))
    return 1 if survived else 0
