"""A writer of TensorFlow's checkpoint format, for tests; it shares no line with the reader.

It can leave the truth on request: ``spoil`` is applied to the contents of a block before they get
their checksum, so that damage can reach what lies behind the checksums.
"""

import struct
from functools import lru_cache

import numpy as np

TYPES = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int64": 9, "bool": 10,
         "bfloat16": 14, "float16": 19}


def crc32c_bit_by_bit(data):
    """As the definition says it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc % 2 else 0)
    return crc ^ 0xFFFFFFFF


OF_ONE_BYTE = [crc32c_bit_by_bit([byte]) ^ crc32c_bit_by_bit([0]) for byte in range(256)]


@lru_cache
def checksum(data):
    """The same byte by byte, for the tests that need many, and masked."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = OF_ONE_BYTE[(crc ^ byte) % 256] ^ crc // 256
    crc ^= 0xFFFFFFFF
    return ((crc // 2**15 + (crc % 2**15) * 2**17) + 0xA282EAD8) % 2**32


def varint(number):
    number %= 2**64                       # as protocol buffers write what is negative
    groups = []
    while number >= 128:
        groups.append(number % 128 + 128)
        number //= 128
    return bytes([*groups, number])


def integer(field, number):
    return varint(field * 8) + varint(number) if number else b""


def text(field, value):
    return varint(field * 8 + 2) + varint(len(value)) + value


def entry(array, offset=0, shard=0, dtype=None, shape=None, size=None, crc=None):
    """The message about one variable; every number can be replaced by another."""
    data = array.tobytes()
    dimensions = b"".join(text(2, integer(1, n)) for n in (array.shape if shape is None else shape))
    return (integer(1, TYPES[array.dtype.name] if dtype is None else dtype) + text(2, dimensions)
            + integer(3, shard) + integer(4, offset)
            + integer(5, len(data) if size is None else size)
            + b"\x35" + struct.pack("<I", checksum(data) if crc is None else crc))


def header(shards=1, endianness=0):
    return integer(1, shards) + integer(2, endianness) + text(3, integer(1, 1))


def block(entries, interval=16):
    """Entries with shared beginnings of keys, every ``interval``-th written in full."""
    data, restarts, last = b"", [], b""
    for i, (key, value) in enumerate(entries):
        shared = 0
        if i % interval == 0:
            restarts.append(len(data))
        else:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        data += varint(shared) + varint(len(key) - shared) + varint(len(value))
        data += key[shared:] + value
        last = key
    restarts = restarts or [0]
    return data + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def table(entries, per_block=5, compression=0, spoil=lambda contents: contents):
    """A whole sorted table."""
    data, index = b"", []

    def put(contents):
        nonlocal data
        contents = spoil(contents)
        handle = varint(len(data)) + varint(len(contents))
        sealed = contents + bytes([compression])
        data += sealed + struct.pack("<I", checksum(sealed))
        return handle

    for start in range(0, len(entries), per_block):
        part = entries[start:start + per_block]
        index.append((part[-1][0] + b"~", put(block(part))))
    unused = put(block([]))
    footer = unused + put(block(index, interval=1))
    return data + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def write(prefix, variables, shards=1, changes=(), **options):
    """Write a checkpoint; ``changes`` are dicts of arguments to :func:`entry`, by name."""
    changes, entries = dict(changes), [(b"", header(shards))]
    data = [b""] * shards
    for i, (name, array) in enumerate(sorted(variables.items())):
        shard = i % shards
        place = {"offset": len(data[shard]), "shard": shard, **changes.get(name, {})}
        entries.append((name.encode(), entry(array, **place)))
        data[shard] += array.tobytes()
    prefix.with_name(prefix.name + ".index").write_bytes(table(entries, **options))
    for shard, content in enumerate(data):
        name = f"{prefix.name}.data-{shard:05d}-of-{shards:05d}"
        prefix.with_name(name).write_bytes(content)


def variables(rng):
    """What the checkpoint of a very small ALBERT holds, in part, its optimiser's slots included."""
    block = "bert/encoder/transformer/group_0/inner_group_0/"
    shapes = {"bert/embeddings/word_embeddings": (11, 4),
              "bert/embeddings/LayerNorm/gamma": (4,), "bert/embeddings/LayerNorm/beta": (4,),
              f"{block}attention_1/self/query/kernel": (6, 6),
              f"{block}attention_1/self/query/bias": (6,),
              f"{block}ffn_1/intermediate/dense/kernel": (6, 9),
              f"{block}ffn_1/intermediate/output/dense/kernel": (9, 6),
              f"{block}LayerNorm/gamma": (6,), f"{block}LayerNorm_1/gamma": (6,),
              "cls/predictions/output_bias": (11,)}
    weights = {name: rng.standard_normal(shape).astype(np.float32)
               for name, shape in shapes.items()}
    slots = {f"{name}/{slot}": np.ones_like(array) for name, array in weights.items()
             for slot in ("adam_m", "adam_v")}
    return weights, {**weights, **slots, "global_step": np.array(125_000, np.int64)}
