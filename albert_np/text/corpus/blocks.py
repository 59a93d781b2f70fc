"""Reading a corpus of any size in blocks: files, gzip, JSON lines.

A `Block` is a stretch of bytes of one file that can be understood by itself. The reader cuts the
file into blocks and does nothing else. The process that gets a block, perhaps another one, turns it
into documents by `block_documents`.
"""

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import NamedTuple

from ...files.file_kinds import (GZIP_ERRORS, ending_of, is_gzip, kind_of,
                                 refuse_no_utf8)
from .layouts import check_layout, guess_layout, read_layout

ENDINGS = (".txt", ".jsonl", ".ndjson")  # in a folder, in any case, and with .gz
BLOCK_BYTES = 1 << 20                # of a block; a document of plain text that is longer is cut
LONGEST_LINE = 16 << 20              # bytes of a line of JSON, which cannot be cut

# Where plain text may be cut, the best place first. Each finds the last one of its kind.
BLANK = rb"[ \t]*\r?\n"           # the rest of a line that holds nothing
WIDE_END = b"(?:%s)(?:%s)*" % tuple(b"|".join(sign.encode() for sign in signs)
                                    for signs in ("。！？", "”’」』）》"))
ANYWHERE = (re.compile(rb"(?s:.*)(?:[.!?][\"')\]]*\s|%s)" % WIDE_END),     # the end of a sentence
            re.compile(rb"(?s:.*)\s"),                           # of a word
            re.compile(rb"(?s:.*)(?=[^\x80-\xbf])"))             # of a character
BORDERS = {"lines": (re.compile(rb"(?s:.*)\n" + BLANK),          # the end of a document
                     re.compile(rb"(?s:.*)\n"), *ANYWHERE),      # of a line
           "prose": (re.compile(rb"(?s:.*)\n" + BLANK + BLANK),  # the end of a document
                     re.compile(rb"(?s:.*)\n" + BLANK),          # of a paragraph
                     *ANYWHERE)}
BORDERS["clauses"] = BORDERS["prose"]
LONE_RETURN = re.compile(rb"\r(?![\n]|\Z)")
SURROGATE = re.compile("[\ud800-\udfff]")        # half of a pair; JSON can spell one


class Block(NamedTuple):
    """A stretch of one file."""

    file: str                        # for messages
    data: bytes
    layout: str                      # "lines", "prose", or "auto" where it is a whole file
    is_json: bool                    # one JSON object on each line
    position: int                    # of its first byte in the file (unpacked, if it is gzip)
    line: int                        # of its first byte, counted from 1


class Source:
    """One file of a corpus, and what is known of it once it has been read.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    path : Path
    bytes_read : int
        How far the file (as it lies on the disk) has been read.
    digest : hashlib hash
        The SHA-256 of those bytes.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.bytes_read = 0
        self.digest = hashlib.sha256()
        self._file = None

    def read(self, size=-1):
        """Read bytes as they lie on the disk, and take them into the hash."""
        data = self._file.read(size)
        self.bytes_read += len(data)
        self.digest.update(data)
        return data

    def chunks(self, size=BLOCK_BYTES):
        """Yield the content in pieces of about this many bytes, unpacked if it is gzip.

        Yields
        ------
        bytes, not empty

        Raises
        ------
        ValueError
            The file cannot be read, or its gzip is cut short or damaged.
        """
        try:
            with open(self.path, "rb") as self._file:
                if not is_gzip(self.path):
                    while data := self.read(size):
                        yield data
                    return
                with gzip.GzipFile(fileobj=self, mode="rb") as unpacked:
                    while data := unpacked.read(size):
                        yield data
        except EOFError as error:
            raise ValueError(f"The gzip file {self.path} is cut short: it ends before its end "
                             "mark.") from error
        except GZIP_ERRORS as error:
            raise ValueError(f"{self.path} is not a whole gzip file: {error}.") from error
        except OSError as error:
            raise ValueError(f"The file {self.path} cannot be read: {error.strerror}.") from error


def corpus_files(path, say=None):
    """The files that make up a corpus.

    Parameters
    ----------
    path : str or Path
        A file, or a folder: then its files that end in one of `ENDINGS`, in the order of their
        names. Hidden files and folders inside it are left out.
    say : callable, optional
        Gets a sentence that names what is left out.

    Returns
    -------
    list of Path

    Raises
    ------
    FileNotFoundError
        There is no such file or folder.
    ValueError
        The folder has no such file, or cannot be read, or one of these names is a folder.
    """
    path = Path(path)
    if path.is_dir():
        try:
            present = sorted(path.iterdir())
        except OSError as error:
            raise ValueError(f"The folder {path} cannot be read: {error.strerror}.") from error
        files = [file for file in present
                 if ending_of(file) in ENDINGS and not file.name.startswith(".")]
        others = [file.name for file in present if file not in files]
        if not files:
            raise ValueError(f"The folder {path} has no *.txt file, nor one that ends in "
                             f"{', '.join(ENDINGS[1:])} or, after any of these, .gz.")
        if others and say is not None:
            more = f" and {len(others) - 5} more" if len(others) > 5 else ""
            say(f"{'left out':10} {', '.join(others[:5])}{more}; a folder is read for files that "
                f"end in {', '.join(ENDINGS)}, with or without .gz")
        for file in files:
            if file.is_dir():
                raise ValueError(f"{file} is a folder, where a file is needed.")
        return files
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {path}.")
    return [path]


def read_blocks(source, layout="auto", text_field="text", limit=BLOCK_BYTES):
    """Cut one file into blocks, each of which can be understood by itself.

    Plain text is cut between documents. A document that does not fit into a block is cut too, at
    the end of a paragraph, failing that of a sentence, and counts as several. JSON is cut between
    lines.

    Parameters
    ----------
    source : Source
    layout : "auto", "lines", "prose" or "clauses"
        "auto" asks `guess_layout` about the first block.
    text_field : str
        Where the text stands in a line of JSON; needed here for that guess.
    limit : int or None
        Bytes of a block; None makes one block of the whole file.

    Yields
    ------
    Block

    Raises
    ------
    ValueError
        The file cannot be read, or a line of JSON is longer than `LONGEST_LINE`.
    """
    check_layout(layout)
    kind = kind_of(source.path)
    if kind == "json":
        raise ValueError(f"{source.path} is JSON, but not JSON lines: each line must be an object "
                         f'of its own, such as {{"{text_field}": "..."}}.')
    is_json = kind == "json lines"
    position, line, buffer = 0, 1, bytearray()

    def take(length):
        nonlocal position, line
        data = bytes(buffer[:length])
        del buffer[:length]
        block = Block(str(source.path), data, layout, is_json, position, line)
        position, line = position + length, line + data.count(b"\n")
        return block

    for chunk in source.chunks():
        buffer += chunk
        while limit is not None and len(buffer) > limit:
            if layout == "auto":                       # the file is longer than a block
                layout = _guess(bytes(buffer[:limit]), text_field if is_json else None)
            length = (_line_end(buffer, limit, source.path, line) if is_json
                      else _cutting_place(buffer, limit, layout))
            if not length:                             # a line of JSON that goes on
                break
            yield take(length)
    if buffer:
        yield take(len(buffer))


def block_documents(block, text_field="text"):
    """The documents of a block.

    In JSON every line is a document, and its text never becomes two.

    Parameters
    ----------
    block : Block
    text_field : str
        The name of the field that holds the text of a line of JSON.

    Returns
    -------
    list of documents; a document is a list of str
        A document of JSON is empty if its text has no sentence.

    Raises
    ------
    ValueError
        The bytes are binary or not UTF-8, or a line is not JSON with such a text; the sentence
        names the file and the place.
    """
    text = _decode(block)
    if not block.is_json:
        return read_layout(text, block.layout)
    texts = [_text_of(line, text_field, block, number)
             for number, line in enumerate(text.split("\n"), block.line) if line.strip()]
    layout = guess_layout("\n".join(texts)) if block.layout == "auto" else block.layout
    return [[sentence for part in read_layout(text, layout) for sentence in part]
            for text in texts]


def _decode(block):
    if block.position == 0:
        refuse_no_utf8(block.data, block.file)
    if b"\0" in block.data:
        raise ValueError(f"{block.file} is a binary file (it holds a zero byte at position "
                         f"{block.position + block.data.index(0)}), where a UTF-8 text file is "
                         "needed.")
    lone = LONE_RETURN.search(block.data)
    if lone:
        line = block.line + block.data.count(b"\n", 0, lone.start())
        raise ValueError(f"{block.file}, line {line}: there is a carriage return (\\r) without a "
                         "line feed after it; a line must end at \\n or \\r\\n, so save the file "
                         "with such line ends.")
    try:
        text = block.data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{block.file} is not UTF-8 text: the byte "
                         f"0x{block.data[error.start]:02x} at position "
                         f"{block.position + error.start} does not decode; save the file as "
                         "UTF-8.") from error
    return text.removeprefix("\ufeff") if block.position == 0 else text


def _text_of(line, text_field, block, number):
    """The text in one line of JSON, or a sentence that says what is wrong with it."""
    where = f"Line {number} of {block.file}"
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        what = getattr(error, "msg", str(error))
        raise ValueError(f"{where} is not JSON: {what}.") from error
    if not isinstance(record, dict):
        raise ValueError(f"{where} is not a JSON object with a field {text_field!r}.")
    if text_field not in record:
        names = ", ".join(repr(str(name)) for name in list(record)[:8]) or "nothing"
        raise ValueError(f"{where} has no field {text_field!r}; it has {names}.")
    text = record[text_field]
    if not isinstance(text, str):
        raise ValueError(f"The field {text_field!r} in line {number} of {block.file} is "
                         f"{json.dumps(text)[:40]}, not a text.")
    if SURROGATE.search(text):
        raise ValueError(f"The text in line {number} of {block.file} holds half of a surrogate "
                         "pair, which is no character.")
    return text


def _guess(data, text_field):
    """The layout of a file, from its first bytes, which may end in the middle of anything."""
    text = (data[:data.rfind(b"\n") + 1] or data).decode("utf-8", errors="ignore")
    if text_field is None:
        return guess_layout(text)
    texts = []
    for line in text.split("\n"):
        try:
            texts.append(json.loads(line)[text_field])
        except (ValueError, LookupError, TypeError, RecursionError):
            continue                                   # said later, when the block is read
    return guess_layout("\n".join(text for text in texts if isinstance(text, str)))


def _cutting_place(buffer, limit, layout):
    """The number of bytes (1 to `limit`) after which to cut plain text."""
    for border in BORDERS[layout]:
        match = border.match(buffer, 0, limit)
        if match and match.end():
            return match.end()
    return limit                                       # nothing but the middles of characters


def _line_end(buffer, limit, path, line):
    """After how many bytes to cut JSON: at the last line end up to `limit`, or the first after."""
    length = buffer.rfind(b"\n", 0, limit) + 1 or buffer.find(b"\n", limit) + 1
    if not length and len(buffer) > LONGEST_LINE:
        raise ValueError(f"Line {line} of {path} is longer than {LONGEST_LINE >> 20} MB; one line "
                         "is one document.")
    return length
