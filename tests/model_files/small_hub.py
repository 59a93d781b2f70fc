"""A hub of a few small files on localhost, which answers as the real one does, or refuses to."""

import contextlib
import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", ".bin", ".model")      # kept by their SHA-256; the others as git does


def checksum(name, data):
    """What the hub calls a file by."""
    if name.endswith(LARGE):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()


class SmallHub:
    """The server and what the tests may ask of it or do to it.

    Attributes
    ----------
    models : dict of (name, dict of (file name, bytes))
    gated : set of names of models
    status : int or None
        Answer everything with this status.
    broken : dict of (file name, list of int)
        Close the connection after so many bytes of a file, once for each number.
    wrong : dict of (file name, bytes)
        Send these bytes in place of the true ones.
    requests : list of (method, path, Range header or None)
    """

    def __init__(self):
        self.models, self.gated, self.requests = {}, set(), []
        self.status, self.broken, self.wrong = None, {}, {}

    @contextlib.contextmanager
    def serving(self):
        """Serve within a ``with``; gives the address."""
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True      # or every answer would wait for 40 ms

            def do_HEAD(handler):
                self.answer(handler)

            def do_GET(handler):
                self.answer(handler)

            def log_message(handler, *arguments):
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}"
            finally:
                server.shutdown()
                thread.join()

    def fetched(self):
        """The names of the files whose contents were asked for, in order."""
        return [path.split("/")[-1] for method, path, _ in self.requests
                if method == "GET" and "/resolve/" in path]

    def answer(self, handler):
        span = handler.headers.get("Range")
        self.requests.append((handler.command, handler.path, span))
        found = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/([^/]+)", handler.path)
        model, revision, name = found.groups() if found else (None, None, None)
        if self.status:
            refuse(handler, self.status)
        elif model in self.gated:
            refuse(handler, 403, "GatedRepo")
        elif model not in self.models:
            refuse(handler, 401, "RepoNotFound")
        elif revision not in ("main", COMMIT):
            refuse(handler, 404, "RevisionNotFound")
        elif name not in self.models[model]:
            refuse(handler, 404, "EntryNotFound")
        else:
            self.send(handler, name, self.models[model][name], span)

    def send(self, handler, name, data, span):
        etag = checksum(name, data)
        data = self.wrong.get(name, data)
        begin = int(re.fullmatch(r"bytes=(\d+)-", span)[1]) if span else 0
        handler.send_response(206 if span else 200)
        handler.send_header("X-Repo-Commit", COMMIT)
        handler.send_header("ETag", f'"{etag}"')
        handler.send_header("Content-Length", str(len(data) - begin))
        if span:
            handler.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        handler.end_headers()
        if handler.command == "GET":
            pieces = self.broken.get(name)
            if pieces:
                handler.wfile.write(data[begin:begin + pieces.pop(0)])
                handler.close_connection = True
            else:
                handler.wfile.write(data[begin:])


def refuse(handler, status, code=None):
    handler.send_response(status)
    handler.send_header("X-Repo-Commit", COMMIT)
    handler.send_header("Content-Length", "0")
    if code:
        handler.send_header("X-Error-Code", code)
    handler.end_headers()
