"""Run by test_damaged_files.py: loads damaged files, and stops at the first that does harm.

    python damage.py FOLDER KIND FIRST LAST

FOLDER holds an undamaged model with its tokenizer. Case after case, a copy of one file is damaged
(bytes flipped, cut, lengthened, numbers made huge) and loaded. Harm is: an exception that is not
documented, more than 100 MB of memory, more than two seconds of processor time (the timer then
ends the process, wherever it is), and of course the end of the interpreter. The number of the case
is printed before it is tried, so that whoever started this knows which one it was.
"""

import random
import re
import resource
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from albert_np.model_files.file_names import INDEX_NAME
from albert_np.models import AlbertForPreTraining
from albert_np.text import AlbertTokenizer

MEMORY, SECONDS = 100 * 2**20, 2.0
HUGE = ("-1", "0", "1e999", "NaN", "1.5", "true", "null", "[]", '"7"', str(2**31), str(2**32 - 1),
        str(2**53), str(2**63), str(2**64), "9" * 30, "9" * 400, "9" * 5000)
FILES = {"weights": ["model.safetensors"], "config": ["config.json"],
         "index": [INDEX_NAME], "tokenizer": ["spiece.model", "tokenizer_config.json"]}
TEXT = "The 3,000 cafés of (Paris) [MASK] — 東京 ﬁne Å \U0001F600 x\u0301\u0000 it's"


def flip(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 40))):
        # Most of what can be misread stands at the beginning.
        place = rng.randrange(min(len(data), rng.choice((16, 200, 3000, len(data)))))
        data[place] = rng.choice((rng.randrange(256), data[place] ^ 1 << rng.randrange(8), 0, 255))
    return bytes(data)


def cut(data, rng):
    return data[:rng.randrange(len(data))]


def lengthen(data, rng):
    place, more = rng.choice((rng.randrange(len(data)), len(data))), rng.randrange(1, 300)
    extra = rng.choice((bytes(more), rng.randbytes(more), data[:more], b"[" * 5000,
                        b'{"a":' * 5000))
    return data[:place] + extra + data[place:]


def enlarge(data, rng):
    """Other numbers: those of JSON, or a run of bytes of which lengths can be made."""
    if data[:1] != b"{" and data[8:9] != b"{":
        place, width = rng.randrange(len(data)), rng.choice((1, 4, 8, 10))
        return data[:place] + b"\xff" * width + data[place + width:]
    begin = 0 if data[:1] == b"{" else 8
    end = len(data) if not begin else 8 + int.from_bytes(data[:8], "little")
    text = data[begin:end].decode()
    numbers = list(re.finditer(r"(?<![\w.])\d+(\.\d+)?(e-?\d+)?", text))
    if begin and rng.random() < 0.1:
        return rng.choice((2**63, 2**64 - 1, 2**40, end)).to_bytes(8, "little") + data[8:]
    for number in sorted(rng.sample(numbers, min(len(numbers), rng.choice((1, 1, 2, 5)))),
                         key=lambda match: -match.start()):
        text = text[:number.start()] + rng.choice(HUGE) + text[number.end():]
    length = len(text.encode()).to_bytes(8, "little") if begin else b""
    return length + text.encode() + data[end:]


def load(folder, kind):
    """What a user would do with such a folder."""
    if kind == "tokenizer":
        tokenizer = AlbertTokenizer.from_pretrained(folder)
        ids = tokenizer.encode_batch([TEXT, ""], threads=1)[0]
        tokenizer.tokenize_with_offsets(TEXT)
        tokenizer.decode(ids)
    else:
        AlbertForPreTraining.from_pretrained(folder)


def virtual_memory():
    """Bytes of address space of this process."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def main(folder, kind, first, last):
    with tempfile.TemporaryDirectory(dir=Path(folder).parent) as work:
        work = Path(work) / "model"
        shutil.copytree(folder, work)
        if kind == "index":
            (work / "model.safetensors").rename(work / "model-1.safetensors")
        else:
            (work / INDEX_NAME).unlink()
        load(work, kind)                       # undamaged, it loads; libraries are warm now
        limit = virtual_memory() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        refused = 0
        for case in range(first, last):
            rng = random.Random(f"{kind} {case}")
            path = work / rng.choice(FILES[kind])
            whole = path.read_bytes()
            damaged = rng.choice((flip, flip, cut, lengthen, enlarge, enlarge))(whole, rng)
            path.write_bytes(damaged)
            print(f"{kind} {case}", file=sys.stderr, flush=True)
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            try:
                load(work, kind)
            except (ValueError, FileNotFoundError) as error:
                assert type(error) in (ValueError, FileNotFoundError), repr(error)
                assert str(work) in str(error), f"no file is named: {error}"
                refused += 1
            signal.setitimer(signal.ITIMER_PROF, 0)
            path.write_bytes(whole)
        print(refused)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
