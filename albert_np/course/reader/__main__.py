"""Write all pages: ``python -m albert_np.course.reader FOLDER``."""

import argparse
import sys

from .write import write_pages


def main():
    """Write the pages that the command line asks for; the exit status is 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="python -m albert_np.course.reader",
                                     description="Write the reader pages.")
    parser.add_argument("folder")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these pages alone")
    parser.add_argument("--alone", action="store_true",
                        help="without links to the rest of the site")
    options = parser.parse_args()
    try:
        names = write_pages(options.folder, options.only, not options.alone)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    written = names if options.only is None else options.only
    print(f"{len(written)} reader pages in {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
