"""CRC-32C, the checksum in TensorFlow's files, computed for many bytes at a time.

The checksum is the remainder of a division of polynomials whose coefficients are single bits. It
is taken byte by byte, so a loop in Python would need minutes for the weights of one model. But it
is linear: the remainder of a sum is the sum (XOR) of the remainders. The data are therefore cut
into lanes of equal length that go through the division side by side, and in the end neighbours are
joined: the remainder of "left, then right" is that of "left, then zeros" plus that of "right".
"""

import numpy as np

_POLYNOMIAL = 0x82F63B78        # Castagnoli's, its bits reversed
_LANE = 64                      # bytes in a lane
CHUNK = 1 << 22                # bytes that are worked on at a time, to bound the memory


def crc32c(data):
    """The CRC-32C of some bytes.

    Parameters
    ----------
    data : bytes, or a contiguous array of any dtype

    Returns
    -------
    int
        From 0 to 2**32 - 1.

    References
    ----------
    RFC 3720, appendix B.4, which also has the checksum of 32 zero bytes.

    Examples
    --------
    >>> hex(crc32c(b"123456789")), hex(crc32c(bytes(32)))
    ('0xe3069283', '0x8a9136aa')
    """
    data = np.frombuffer(data, np.uint8)
    remainder = 0xFFFFFFFF
    for start in range(0, len(data), CHUNK):
        remainder = _divide_on(remainder, data[start:start + CHUNK])
    return remainder ^ 0xFFFFFFFF


def masked_crc32c(data):
    """The form in which the checksum is stored: rotated by 15 bits, plus a constant.

    A checksum of data that hold their own checksum would otherwise always be the same.
    """
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _divide_on(remainder, data):
    """The remainder after further data, of which there is at least one byte."""
    n = len(data)
    lanes = 1 << ((n - 1) // _LANE).bit_length()              # a power of two, to be halved below
    padded = np.zeros(lanes * _LANE, np.uint8)                # zeros in front change no remainder
    padded[-n:] = data
    head = padded[-n:][:4]
    head ^= np.frombuffer(remainder.to_bytes(4, "little"), np.uint8)[:n]
    remainders = _divide(np.zeros(lanes, np.uint32), padded.reshape(lanes, _LANE))
    shift = _LANE_OF_ZEROS
    while len(remainders) > 1:
        remainders = _append_zeros(remainders[0::2], shift) ^ remainders[1::2]
        shift = _append_zeros(shift, shift)                   # twice as many
    return int(remainders[0]) ^ remainder >> 8 * n            # what is left where n < 4


def _divide(remainders, lanes):
    """Take every remainder through its own lane: (n,), (n, bytes) -> (n,)."""
    for column in np.ascontiguousarray(lanes.T):
        remainders = _TABLE[(remainders ^ column) & 0xFF] ^ remainders >> 8
    return remainders


def _append_zeros(remainders, shift):
    """What zero bytes make of the remainders, where ``shift`` says it of each single bit."""
    bits = remainders[:, None] >> np.arange(32, dtype=np.uint32) & 1              # (n, 32)
    return np.bitwise_xor.reduce(bits * shift, axis=1)


_TABLE = np.arange(256, dtype=np.uint32)                      # the remainder of every single byte
for _ in range(8):
    _TABLE = np.where(_TABLE & 1, _TABLE >> 1 ^ _POLYNOMIAL, _TABLE >> 1).astype(np.uint32)
_LANE_OF_ZEROS = _divide(np.uint32(1) << np.arange(32, dtype=np.uint32),
                         np.zeros((32, _LANE), np.uint8))     # (32,)
