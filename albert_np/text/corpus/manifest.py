"""The manifest of a prepared corpus: what its folder holds, in JSON, and whether it can be so."""

import hashlib
import json
import re
from pathlib import Path

from ...files import read_text

MANIFEST_NAME = "manifest.json"
FORMAT, VERSION = "albert_np prepared corpus", 1
PARTS = {"train": "train", "held_out": "held-out"}     # in the manifest, in the names of files
ARRAYS = ("pieces", "sentences", "documents")
LEFTOVER = re.compile(r"\.?(train|held-out)-\d{5,}\.(pieces|sentences|documents)\.npy"
                      r"(\.\d+\.part)?")


def shard_name(part, number):
    """The first part of the names of a shard's files: ``train-00000``."""
    return f"{PARTS[part]}-{number:05d}"


def array_file(folder, name, array):
    """The file of one array of a shard: ``train-00000.pieces.npy``."""
    return Path(folder) / f"{name}.{array}.npy"


def tokenizer_identity(tokenizer):
    """What tells one tokenizer from another: a SHA-256 (hex) of its model and its two settings.

    Parameters
    ----------
    tokenizer : AlbertTokenizer

    Returns
    -------
    str
    """
    settings = f"{bool(tokenizer.do_lower_case)} {bool(tokenizer.keep_accents)} "
    return hashlib.sha256(settings.encode() + tokenizer.model_bytes).hexdigest()


def file_sha256(path):
    """The SHA-256 (hex) of a file, read a megabyte at a time; ValueError if that fails."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while data := file.read(1 << 20):
                digest.update(data)
    except OSError as error:
        raise ValueError(f"The file {path} cannot be read: {error.strerror}.") from error
    return digest.hexdigest()


def check_source(path, source):
    """ValueError if a file is not the one that was prepared.

    Parameters
    ----------
    path : Path
        It must exist.
    source : dict
        Its ``bytes`` and ``sha256`` in the manifest.
    """
    size = path.stat().st_size
    if size != source["bytes"]:
        what = f"it had {source['bytes']:,} bytes and has {size:,}"
    elif file_sha256(path) != source["sha256"]:
        what = "it has the same length and other bytes"
    else:
        return
    raise ValueError(f"{path} has changed since it was prepared ({what}); prepare it again, into "
                     "another folder.")


def read_manifest(folder):
    """Read and check the manifest of a folder.

    Names of files are not taken from it: they follow from the numbers of the shards. So nothing in
    it can lead out of the folder. (It does say where the corpus was, and those files are only
    compared.)

    Parameters
    ----------
    folder : Path

    Returns
    -------
    dict

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    ValueError
        There is no manifest, or it is not one that `albert_np.text.corpus.prepare` could have
        written.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")
    path = folder / MANIFEST_NAME
    if not path.exists():
        raise ValueError(f"The folder {folder} has no {MANIFEST_NAME}: it is no prepared corpus, "
                         "or preparing it did not come to its end; run albert-np prepare again.")
    try:
        manifest = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}.") from error
    check = _Checker(path)
    check(isinstance(manifest, dict) and manifest.get("format") == FORMAT,
          f"it does not say that this is an {FORMAT}")
    if manifest.get("version") != VERSION:
        raise ValueError(f"{path} is of version {json.dumps(manifest.get('version'))[:20]}; this "
                         f"program reads version {VERSION}.")
    _check_sources(manifest, check)
    check(isinstance(manifest.get("options"), dict), "options are missing")
    tokenizer = manifest.get("tokenizer")
    check(isinstance(tokenizer, dict), "the tokenizer is missing")
    check.count(tokenizer.get("vocab_size"), "vocab_size of the tokenizer")
    check.sha256(tokenizer.get("sha256"), "the tokenizer")
    for part in PARTS:
        shards = manifest.get(part)
        check(isinstance(shards, list), f"{part} is not a list of shards")
        for number, shard in enumerate(shards):
            _check_shard(shard, shard_name(part, number), check)
    check(len(manifest["train"]) > 0, "there is no shard to train on")
    return manifest


class _Checker:
    """Says one sentence about a file when something does not hold."""

    def __init__(self, path):
        self.path = path

    def __call__(self, condition, complaint):
        if not condition:
            raise ValueError(f"{self.path} is damaged: {complaint}.")

    def count(self, value, what, least=1):
        self(isinstance(value, int) and not isinstance(value, bool) and value >= least,
             f"{what} is {json.dumps(value)[:40]}, not a whole number of at least {least}")

    def sha256(self, value, what):
        self(isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value),
             f"the SHA-256 of {what} is {json.dumps(value)[:80]}")


def _check_sources(manifest, check):
    check(isinstance(manifest.get("folder"), str), "the folder of the corpus is missing")
    check(isinstance(manifest.get("is_folder"), bool), "is_folder is neither true nor false")
    sources = manifest.get("sources")
    check(isinstance(sources, list) and sources, "sources are missing")
    for source in sources:
        check(isinstance(source, dict) and isinstance(source.get("name"), str)
              and source["name"] not in ("", "..") and "\0" not in source["name"]
              and source["name"] == Path(source["name"]).name,
              "a source has no file name")
        check.count(source.get("bytes"), f"the length of {source['name']}", least=0)
        check.sha256(source.get("sha256"), source["name"])


def _check_shard(shard, name, check):
    check(isinstance(shard, dict) and shard.get("name") == name,
          f"where {name} should be there is {json.dumps(shard)[:60]}")
    for array in ARRAYS:
        check.count(shard.get(array), f"the number of {array} of {name}")
        file = shard.get("files", {}).get(array) if isinstance(shard.get("files"), dict) else None
        check(isinstance(file, dict), f"{name} does not list its {array}")
        check.count(file.get("bytes"), f"the length of the {array} of {name}")
        check.sha256(file.get("sha256"), f"the {array} of {name}")
    check(shard["pieces"] >= shard["sentences"] >= shard["documents"],
          f"{name} has fewer pieces than sentences, or fewer sentences than documents")
