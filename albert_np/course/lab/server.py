"""The server of the lab: this computer alone, and only who knows the token.

Any web page that is open in the same browser can send requests to 127.0.0.1. So the address has a
token that cannot be guessed, and a request is refused if its ``Host`` is not this server (a name
that somebody else's DNS leads here) or if its ``Origin`` is another page.
"""

from __future__ import annotations

import secrets
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

from ...files.json_objects import json_text
from .answers import Answers

MOST_BYTES = 200_000     # of a request; the largest example has some hundred numbers
HEADERS = {
    "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
                               "frame-ancestors 'self'"}


class LabServer(socketserver.ThreadingTCPServer):
    """Serve the lab until ``shutdown``.

    Parameters
    ----------
    port : int
        0 takes any that is free.
    answers : Answers, optional

    Attributes
    ----------
    address : str
        Of the list of pages, with the token.

    Raises
    ------
    OSError
        If the port is in use.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port=0, answers=None):
        super().__init__(("127.0.0.1", port), _Handler)
        self.token = secrets.token_urlsafe(32)
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.address = f"http://{self.host}/{self.token}/"
        self.answers = answers or Answers()
        self.one_at_a_time = threading.Lock()            # an example's output is caught for all

    def handle_error(self, request, client_address):
        """Say nothing of a browser that has gone away."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Refused(Exception):
    """A status and a sentence."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 20         # seconds without a byte

    def do_GET(self):
        self._answer(lambda name: self.server.answers.page(name))

    def do_POST(self):
        def numbers(name):
            return json_text(self.server.answers.numbers(name, body)), "application/json"

        try:
            body = self._body()
        except _Refused as refused:
            return self._send(*refused.args)
        return self._answer(numbers)

    def log_message(self, *arguments):
        """Write no line for each request."""

    def _answer(self, make):
        try:
            name = self._page_asked_for()
            with self.server.one_at_a_time:
                text, kind = make(name)
        except _Refused as refused:
            self._send(*refused.args)
        except KeyError:
            self._send(404, "There is no such page.")
        except ValueError as error:
            self._send(400, str(error))
        else:
            self._send(200, text, kind)

    def _page_asked_for(self):
        """What stands after the token in the path, if the request may be answered."""
        if self.headers.get_all("Host", []) != [self.server.host]:
            raise _Refused(403, "This server answers only to its own address.")
        if self.headers.get("Origin", f"http://{self.server.host}") != f"http://{self.server.host}":
            raise _Refused(403, "Pages from elsewhere may not ask this server.")
        path = unquote(urlsplit(self.path).path)
        token, slash, name = path.removeprefix("/").partition("/")
        if not slash or not secrets.compare_digest(token.encode(), self.server.token.encode()):
            raise _Refused(403, "The token in this address is wrong; open the address that "
                                "albert-np lab has printed.")
        return name

    def _body(self):
        """The body of a request, if it is not too long."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise _Refused(411, "The request does not say how long it is.")
        if int(length) > MOST_BYTES:
            self.rfile.read(min(int(length), 50 * MOST_BYTES))     # else nobody reads the answer
            raise _Refused(413, f"The request has {int(length):,} bytes; at most {MOST_BYTES:,} "
                                f"are read.")
        body = self.rfile.read(int(length))
        if self.headers.get_content_type() != "application/json":
            raise _Refused(415, "The request must be application/json.")
        return body

    def _send(self, status, text, kind="text/plain"):
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": f"{kind}; charset=utf-8", **HEADERS,
                            "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
