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
    parser.add_argument("--language", metavar="{en,zh}", default="en",
                        help="the language of the derivation: English, or Chinese if there is a "
                             "note on the equation (default: %(default)s)")


def _equation(options):
    from ..gradcheck.equation_pages import WORDS, list_equations, show_equation

    if options.list == (options.label is not None):
        raise ValueError("give the label of an equation, such as LN.5, or --list")
    if options.language not in WORDS:
        raise ValueError(f"--language is {options.language!r}; it must be one of "
                         f"{', '.join(WORDS)}")
    note = None
    if options.language != "en" and options.label is not None:
        note = _note(options.label, options.language)
    print(list_equations() if options.list
          else show_equation(options.label, measure=not options.no_measure,
                             language=options.language, derivation=note))
    return 0


def _note(label, language):
    """What a translator wrote about an equation; a ValueError names those with a note."""
    from ..course.notes import LANGUAGES, all_notes
    from ..gradcheck.equations import find_equations

    notes, wanted = all_notes(language), label.strip().strip("()").upper()
    if wanted in notes or wanted not in {equation.label for equation in find_equations()}:
        return notes.get(wanted)                       # an unknown label is refused with a hint
    families = sorted({each.partition(".")[0] for each in notes})
    raise ValueError(f"there is no note in {LANGUAGES[language]} on {wanted}, only on equations of "
                     f"{', '.join(families)}; without --language it is shown in English")
