"""The wire format of protocol buffers, as far as reading small messages needs it."""


def read_varint(data, at, end=None):
    """A whole number in groups of seven bits, the lowest first; the eighth bit means "more".

    Parameters
    ----------
    data : bytes
    at : int
        Where it begins.
    end : int, optional
        Where the data end for this reader; by default with the last byte.

    Returns
    -------
    value : int
        From 0 to 2**64 - 1.
    at : int
        The position after it.

    Raises
    ------
    ValueError
        The data end within the number, or it has more than 64 bits.

    Examples
    --------
    >>> read_varint(bytes([0b10101100, 0b10]), 0)      # 0b0101100 + (0b10 << 7)
    (300, 2)
    """
    value = 0
    for i, byte in enumerate(data[at:min(at + 10, len(data) if end is None else end)]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            if value >> 64:
                break
            return value, at + i + 1
    raise ValueError(f"at position {at} there is no whole number of at most 64 bits")


def read_fields(message):
    """The fields of one message: (number, value), in the order of the bytes.

    Parameters
    ----------
    message : bytes

    Yields
    ------
    number : int
    value : int or bytes
        An int for the wire types 0 (varint), 1 and 5 (eight and four bytes, little-endian), bytes
        for wire type 2, which holds text and inner messages.

    Raises
    ------
    ValueError
        The message is cut short or has a field of another type.

    References
    ----------
    protobuf.dev, "Encoding".

    Examples
    --------
    >>> list(read_fields(bytes([0x08, 150, 1, 0x12, 2, 72, 105])))
    [(1, 150), (2, b'Hi')]
    """
    at = 0
    while at < len(message):
        tag, at = read_varint(message, at)
        number, wire_type = divmod(tag, 8)
        if wire_type == 0:
            value, at = read_varint(message, at)
        elif wire_type in (1, 2, 5):
            size, at = read_varint(message, at) if wire_type == 2 else ({1: 8, 5: 4}[wire_type], at)
            if size > len(message) - at:
                raise ValueError(f"field {number} is {size} bytes long, of which there are "
                                 f"{len(message) - at}")
            value = message[at:at + size]
            value = value if wire_type == 2 else int.from_bytes(value, "little")
            at += size
        else:
            raise ValueError(f"field {number} has the unknown wire type {wire_type}")
        yield number, value
