"""Reading a SentencePiece model, checked before the library gets it.

Version 0.2.0 of the library trusts two parts of its files. The table that normalises characters is
a trie, which it walks without looking where it steps: a damaged one leads out of memory. And from a
piece without characters it cannot build its index. Either ends the interpreter. Later versions
look; everything else they all check themselves.
"""

import math

import numpy as np

# Numbers of fields in sentencepiece_model.proto.
_PIECES, _NORMALIZERS = 1, (3, 5)       # pieces; normalizer_spec and denormalizer_spec
_PIECE, _CHARSMAP = 1, 2                # piece in the first; precompiled_charsmap in the others


def load_sentencepiece(data, model_file):
    """The model in the bytes of a file.

    Parameters
    ----------
    data : bytes
    model_file : str or Path
        What the sentences call the file.

    Returns
    -------
    sentencepiece.SentencePieceProcessor
    pieces : list of str

    Raises
    ------
    ValueError
        This is no SentencePiece model, or a damaged one.
    """
    import sentencepiece

    not_a_model = f"{model_file} is not a SentencePiece model"
    if not data:
        raise ValueError(f"{not_a_model}.")
    try:
        for number, spec in _fields(data):
            if number == _PIECES:
                _check_piece(_of_bytes(spec))
            elif number in _NORMALIZERS:
                for inner, charsmap in _fields(_of_bytes(spec)):
                    if inner == _CHARSMAP:
                        _check_charsmap(_of_bytes(charsmap))
        model = sentencepiece.SentencePieceProcessor(model_proto=data)
        pieces = [model.id_to_piece(i) for i in range(model.get_piece_size())]
        if not all(math.isfinite(model.get_score(i)) for i in range(len(pieces))):
            raise ValueError("a piece has a score that is no number")
    except UnicodeDecodeError:
        raise ValueError(f"{not_a_model}. A piece is not UTF-8.") from None
    except (RuntimeError, MemoryError, OverflowError):
        raise ValueError(f"{not_a_model}.") from None
    except ValueError as error:
        raise ValueError(f"{not_a_model}. It is damaged: {error}.") from None
    return model, pieces


def _fields(data):
    """Yield (number, value) of every field of a Protocol Buffers message.

    The value is a memoryview for a field that has a length of its own, otherwise None.
    """
    data, position = memoryview(data), 0
    while position < len(data):
        key, position = _varint(data, position)
        number, kind = key >> 3, key & 7
        if kind == 0:
            _, position = _varint(data, position)
            yield number, None
            continue
        if kind == 2:
            length, position = _varint(data, position)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        if length > len(data) - position:
            raise ValueError("it ends in the middle of a field")
        yield number, data[position:position + length] if kind == 2 else None
        position += length


def _varint(data, position):
    """A number of seven bits a byte, the lowest first, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ValueError("it ends in the middle of a number")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number has more than ten bytes")


def _of_bytes(value):
    if value is None:
        raise ValueError("a number stands where bytes belong")
    return value


def _check_piece(spec):
    """Refuse a piece that is empty or holds a zero byte, where the library thinks that it ends."""
    length = spec[1] if len(spec) > 1 else 0
    # Nearly always: the text, 5 bytes of score, and for a special piece 2 of type. That is quick.
    if spec[:1] == b"\x0a" and length < 0x80 and len(spec) in (length + 7, length + 9) \
            and spec[length + 2] == 0x15 and (len(spec) == length + 7
                                              or spec[length + 7] == 0x18):
        texts = [spec[2:2 + length]]
    else:
        texts = [_of_bytes(value) for number, value in _fields(spec) if number == _PIECE]
    if not texts or any(not text or 0 in bytes(text) for text in texts):
        raise ValueError("a piece is empty or holds a zero byte")


def _check_charsmap(charsmap):
    """Refuse a normalisation table with a step that leads outside of it.

    The table is a length, a double-array trie of that many bytes, and the texts that its leaves
    point to, each ended by a zero byte. A unit of the trie is 32 bits::

        bit 31        this is a leaf; the other bits are where its text begins
        bits 10 - 30  where the children of this unit begin, as the exclusive or with its own place
        bit 9         those bits count in steps of 256
        bit 8         one of the children is a leaf
        bits 0 - 7    the character that leads here

    Whatever the next character c is, the library looks at the place (children ^ c). So all 256
    places must lie within the trie.

    References
    ----------
    google/sentencepiece, ``third_party/darts_clone/darts.h`` and ``src/normalizer.cc``.
    """
    charsmap = bytes(charsmap)
    if not charsmap:
        return
    length = int.from_bytes(charsmap[:4], "little")
    if len(charsmap) < 4 or length % 4 or not 0 < length < len(charsmap) - 4:
        raise ValueError("its normalisation table contradicts its own length")
    trie, texts = np.frombuffer(charsmap[4:4 + length], "<u4"), charsmap[4 + length:]
    is_leaf = trie >> 31 == 1
    place = np.arange(len(trie), dtype=np.uint32)
    children = place ^ ((trie >> 10) << ((trie & (1 << 9)) >> 6))
    if ((children | 255) >= len(trie))[~is_leaf].any():
        raise ValueError("its normalisation table points outside of itself")
    # Any unit may be taken for a leaf where bit 8 of its parent says so, in a damaged table.
    parents = ~is_leaf & (trie >> 8 & 1 == 1)
    begins = np.concatenate([trie[is_leaf], trie[children[parents]]]) & 0x7FFFFFFF
    if (begins >= len(texts)).any() or texts[-1] != 0:
        raise ValueError("its normalisation table points outside of its texts")
    texts = np.frombuffer(texts, np.uint8)
    if (texts[begins] & 0xC0 == 0x80).any() or not _is_utf8(texts):
        raise ValueError("its normalisation table does not hold UTF-8 texts")


def _is_utf8(texts):
    try:
        texts.tobytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
