"""``albert-np lab``: the reader pages on this computer, with numbers that can be typed over."""

import argparse

DESCRIPTION = """\
Serve the reader pages in your browser. They show each function line by line, forward beside
backward, with formula, shape and numbers.

In the lab you can type over the numbers of an example. Every value on every line follows, and the
gradient check below the lines is that of just these numbers. You can also plant a mistake: the page
shows which lines change, and what the gradient check says.

Only this computer can open the address, and only with the token in it. Ctrl-C ends the lab. It
needs docutils: pip install '.[lab]'.

  albert-np lab
  albert-np lab attention --port 8000
"""


def add(commands):
    """Add ``lab`` to the commands, an argparse object from ``add_subparsers``."""
    parser = commands.add_parser(
        "lab", help="the lines of each function in your browser, with numbers to type over",
        description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=_serve)
    parser.add_argument("page", nargs="?", help="the function to open, such as layer_norm "
                                                "(default: the list of all)")
    parser.add_argument("--port", type=int, default=0,
                        help="listen on this port (default: any that is free)")
    parser.add_argument("--no-browser", action="store_true",
                        help="print the address, and open no browser")


def _serve(options):
    import webbrowser

    try:
        from ..course.lab import LabServer
    except ModuleNotFoundError as error:
        if error.name != "docutils":
            raise
        raise ModuleNotFoundError("The lab needs docutils; install it with pip install docutils."
                                  ) from None

    if not 0 <= options.port <= 65535:
        raise ValueError(f"--port is {options.port}; it must be a number from 0 to 65535")
    try:
        server = LabServer(options.port)
    except OSError as error:
        raise ValueError(f"port {options.port} cannot be used ({error.strerror}); choose another "
                         f"with --port, or leave it out") from None
    with server:
        address = server.address
        if options.page is not None:
            if options.page not in server.answers.pairs:
                raise ValueError(f"there is no page {options.page!r}; the pages are "
                                 f"{', '.join(server.answers.pairs)}")
            address += f"{options.page}.html"
        print(f"{address}\nCtrl-C ends the lab.", flush=True)
        if not options.no_browser:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nThe lab has ended.")
    return 0
