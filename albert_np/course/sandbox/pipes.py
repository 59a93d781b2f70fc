"""Messages over pipes, between processes that do not trust each other: a length, then JSON.

Nothing that arrives is run: no pickle, no names of classes. What a sender made up can only be a
wrong answer, or no answer.
"""

import json
import os
import select
import struct

LONGEST = 32 << 20       # bytes of one message; as Python objects it may take 30 times as many
LONGEST_ANSWER = 8 << 20     # of a submission; the longest answer of the package has 3 MiB
PATIENCE = 900           # seconds after which who reads nothing is given up
_HEAD = struct.Struct("<Q")


def send(descriptor, value):
    """Write a value to a pipe as one message.

    Parameters
    ----------
    descriptor : int
    value : what JSON can hold

    Raises
    ------
    ValueError
        The message is longer than anyone reads. Nothing is sent.
    OSError
        Nobody reads it.
    """
    body = json.dumps(value).encode()
    if len(body) > LONGEST:
        raise ValueError(f"a message of {len(body):,} bytes; at most {LONGEST:,} are sent")
    send_bytes(descriptor, _HEAD.pack(len(body)) + body)


def send_bytes(descriptor, data):
    """Write all of some bytes to a pipe; OSError if nobody reads them."""
    left = memoryview(data)
    while left:
        if not select.select([], [descriptor], [], PATIENCE)[1]:
            raise TimeoutError(f"nothing was read for {PATIENCE} seconds")
        left = left[os.write(descriptor, left[:select.PIPE_BUF]):]     # so many never wait


class Inbox:
    """The bytes of one message, as they arrive.

    Parameters
    ----------
    longest : int
        The bytes that a message may have.

    Attributes
    ----------
    complete : bool
    """

    def __init__(self, longest=LONGEST):
        self._bytes, self.complete, self._longest = bytearray(), False, longest

    def add(self, piece):
        """Take what was read.

        Raises
        ------
        ValueError
            The message is too long.
        """
        self._bytes += piece
        if len(self._bytes) >= _HEAD.size:
            length, = _HEAD.unpack_from(self._bytes)
            if length > self._longest:
                raise ValueError(f"a message of {length:,} bytes; at most {self._longest:,} are "
                                 f"read")
            self.complete = len(self._bytes) >= _HEAD.size + length

    def wanted(self):
        """How many bytes can be read without touching the next message."""
        if len(self._bytes) < _HEAD.size:
            return _HEAD.size - len(self._bytes)
        return min(_HEAD.size + _HEAD.unpack_from(self._bytes)[0] - len(self._bytes), 1 << 20)

    def message(self):
        """The bytes of the whole message, as :func:`send` wrote them, and nothing after them."""
        return bytes(self._bytes[:_HEAD.size + _HEAD.unpack_from(self._bytes)[0]])

    def value(self):
        """What the message says.

        Raises
        ------
        ValueError
            It is incomplete, or not JSON.
        """
        if not self.complete:
            raise ValueError("the message is incomplete")
        length, = _HEAD.unpack_from(self._bytes)
        try:
            return json.loads(self._bytes[_HEAD.size:_HEAD.size + length])
        except RecursionError as error:
            raise ValueError("the message is nested too deeply") from error


def receive(descriptor):
    """Wait for one message.

    Returns
    -------
    value, or None if the sender is gone
    """
    inbox = Inbox()
    while not inbox.complete:
        piece = os.read(descriptor, inbox.wanted())
        if not piece:
            return None
        inbox.add(piece)
    return inbox.value()
