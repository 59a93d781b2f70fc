"""Models by name: fetched from Hugging Face's hub through its own library, once.

What is done by hand here is only which files, and what is said when it does not work. Cache, login,
``HF_HUB_OFFLINE``, ``HF_ENDPOINT`` and ``HF_HOME`` are the library's, so that a model which
transformers has fetched need not be fetched again, and the other way round.
"""

import hashlib
import json
import os
import re
from pathlib import Path

from ..files import read_bytes
from .file_names import (CONFIG_NAME, INDEX_NAME, PICKLE_NAME, TOKENIZER_NAMES, VOCABULARY_NAMES,
                         WEIGHTS_NAME)

PUBLISHED = tuple(f"albert-{size}-v{version}" for version in (1, 2)        # owned by "albert"
                  for size in ("base", "large", "xlarge", "xxlarge"))


def find_folder(name, revision=None, weights=True):
    """The folder of the hub's cache that holds a model, after fetching what is not there yet.

    The hub is asked which commit the name stands for; files of that commit that are in the cache
    are not fetched again. If it cannot be reached, the cache has to do. The checksum of every
    file that is fetched is compared with the hub's.

    Parameters
    ----------
    name : str
        ``owner/model``; the names of the published models may stand without their owner:
        "albert-base-v2".
    revision : str, optional
        A branch, a tag or a commit; by default the newest.
    weights : bool
        False leaves out the weights, for those who want the tokenizer only.

    Returns
    -------
    Path
        With ``config.json``; with ``model.safetensors``, or its index and all shards, or, only
        where there is neither, ``pytorch_model.bin``; and with ``spiece.model`` (or else
        ``vocab.txt``) and ``tokenizer_config.json`` where the model has them.

    Raises
    ------
    FileNotFoundError
        There is no such model or revision, the model lacks a file that is needed, or the cache
        does while ``HF_HUB_OFFLINE`` is set.
    ConnectionError
        The hub cannot be reached and the cache does not have all files, or the download broke off.
    ValueError
        The library is not installed, the name is impossible, the model needs a permission, a file
        is damaged, or the disk is full.

    References
    ----------
    huggingface.co/docs/huggingface_hub, "Download files" and "Environment variables".
    """
    try:
        import huggingface_hub.constants
        import huggingface_hub.errors
    except ImportError:
        raise ValueError(f"{name} is not a folder here, and fetching a model from the hub needs "
                         f"huggingface_hub; install it with pip install huggingface_hub") from None
    owned = f"albert/{name}" if name in PUBLISHED else name
    fetch = _Fetcher(huggingface_hub, owned, revision)
    folder = fetch(CONFIG_NAME).parent
    fetch.revision = folder.name          # the commit: all files are to be of the same one
    found = [fetch(optional, needed=False) for optional in TOKENIZER_NAMES]
    if not found[0]:
        fetch(VOCABULARY_NAMES[0], needed=False)
    if weights and not fetch(WEIGHTS_NAME, needed=False):
        index = fetch(INDEX_NAME, needed=False)
        if index:
            for shard in _shards(index):
                fetch(shard)
        elif not fetch(PICKLE_NAME, needed=False):
            raise fetch.without_weights()
    return folder


class _Fetcher:
    """Fetches the files of one model."""

    def __init__(self, hub, name, revision):
        self.hub, self.name, self.revision = hub, name, revision
        self.out_of_reach = None          # the error that says that only the cache can help
        self.endpoint = hub.constants.ENDPOINT
        try:
            # Fails at once, where the library's download would try for half a minute.
            hub.get_hf_file_metadata(hub.hf_hub_url(name, CONFIG_NAME, revision=revision))
        except Exception as error:        # of which there are many kinds: see _explained
            if isinstance(error, (hub.errors.HFValidationError, hub.errors.RevisionNotFoundError,
                                  hub.errors.EntryNotFoundError)):
                raise self._explained(error, CONFIG_NAME) from error
            self.out_of_reach = error

    def __call__(self, filename, needed=True):
        """The path of a file in the cache, or None where it is not needed and not there."""
        cached = self.hub.try_to_load_from_cache(self.name, filename, revision=self.revision)
        if isinstance(cached, str) and (self.out_of_reach or self._is_commit()):
            return Path(cached)
        if cached is not None and not needed and self._is_commit():
            return None                   # the cache remembers that the hub did not have it
        try:
            path = self.hub.hf_hub_download(self.name, filename, revision=self.revision,
                                            local_files_only=self.out_of_reach is not None)
        except Exception as error:
            absent = isinstance(error, self.hub.errors.EntryNotFoundError) and (
                self.out_of_reach or not isinstance(error, self.hub.errors.LocalEntryNotFoundError))
            if absent and not needed:
                return None
            raise self._explained(self.out_of_reach or error, filename) from error
        if path != cached:
            self._verify(Path(path))
        return Path(path)

    def without_weights(self):
        """The error that says that a model has no weights, or the cache has none of them."""
        if self.out_of_reach:
            return self._explained(self.out_of_reach, WEIGHTS_NAME)
        return FileNotFoundError(f"The model {self.name} on {self.endpoint} has neither "
                                 f"{WEIGHTS_NAME} nor {INDEX_NAME} nor {PICKLE_NAME}.")

    def _is_commit(self):
        return re.fullmatch("[0-9a-f]{40}", self.revision or "")

    def _verify(self, path):
        """Compare a file with its checksum, which is the name that the cache keeps it under.

        The hub names large files by their SHA-256, and small ones as git does.
        """
        if not path.is_symlink():         # a file system without links: the name is lost
            return
        blob = Path(os.readlink(path)).name
        if not re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", blob):
            return                        # a mirror with names of its own
        checksum = hashlib.sha256() if len(blob) == 64 else hashlib.sha1(
            b"blob %d\0" % path.stat().st_size)
        with open(path, "rb") as file:
            while chunk := file.read(1 << 20):
                checksum.update(chunk)
        if checksum.hexdigest() != blob:
            path.resolve().unlink()
            path.unlink()
            raise ValueError(f"{path.name} of {self.name} came from {self.endpoint} with another "
                             f"checksum than it should have; it was removed, so try again")

    def _explained(self, error, filename):
        """An exception that says in one sentence what another one, of the library, means."""
        errors, name, endpoint = self.hub.errors, self.name, self.endpoint
        cache = self.hub.constants.HF_HUB_CACHE
        if isinstance(error, errors.LocalEntryNotFoundError):
            error = error.__cause__ or error
        if isinstance(error, errors.HFValidationError):
            return ValueError(f"{name!r} is neither a folder here nor a possible name of a model "
                              f"on the hub, which look like albert/albert-base-v2")
        if isinstance(error, errors.OfflineModeIsEnabled):
            return FileNotFoundError(f"{filename} of {name} is not in the cache, {cache}, and "
                                     f"HF_HUB_OFFLINE forbids to fetch it.")
        if isinstance(error, errors.GatedRepoError):
            return ValueError(f"The model {name} is only for those who have agreed to its "
                              f"conditions: do that at {endpoint}/{name}, then set HF_TOKEN to a "
                              f"token of yours")
        if isinstance(error, errors.RepositoryNotFoundError):
            return FileNotFoundError(f"There is neither a folder {name} here nor a model of that "
                                     f"name at {endpoint}; for a private one, set HF_TOKEN.")
        if isinstance(error, errors.RevisionNotFoundError):
            return FileNotFoundError(f"The model {name} at {endpoint} has no revision "
                                     f"{self.revision!r}.")
        if isinstance(error, errors.EntryNotFoundError):
            return FileNotFoundError(f"The model {name} at {endpoint} has no file {filename}.")
        if isinstance(error, OSError) and error.errno:
            return ValueError(f"{filename} of {name} cannot be kept in the cache, {cache}: "
                              f"{error.strerror}")
        response = getattr(error, "response", None)
        if response is not None:
            return ConnectionError(f"{endpoint} does not give {filename} of {name}: it answers "
                                   f"with the status {response.status_code}, and the file is not "
                                   f"in the cache, {cache}.")
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        return ConnectionError(f"{filename} of {name} cannot be fetched from {endpoint} "
                               f"({reason}), and is not in the cache, {cache}.")


def _shards(index):
    """The files that an index names; what it should not name is left to those who open it."""
    try:
        places = json.loads(read_bytes(index))["weight_map"].values()
        return sorted({place for place in places
                       if re.fullmatch(r"[\w-][\w.-]*\.safetensors", place)})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
