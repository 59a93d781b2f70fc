"""``albert-np equation``: from an equation to its lines and its checks."""


def add(commands):
    """Add ``equation`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "equation", help="from an equation to its lines and its checks, and back",
        description="Print the derivation around an equation, the lines of code that compute it, "
                    "and its gradient checks with the errors they find.")
    parser.set_defaults(run=_equation)
    parser.add_argument("label", nargs="?", help="the label of an equation, such as LN.5")
    parser.add_argument("--list", action="store_true", help="print all labels instead")
    parser.add_argument("--no-measure", action="store_true",
                        help="name the checks without running them")


def _equation(options):
    from ..gradcheck.equation_pages import list_equations, show_equation

    if options.list == (options.label is not None):
        raise ValueError("give the label of an equation, such as LN.5, or --list")
    print(list_equations() if options.list
          else show_equation(options.label, measure=not options.no_measure))
    return 0
