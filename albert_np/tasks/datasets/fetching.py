"""Finding a file of a data set: in a folder, or by downloading it once."""

import gzip
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ...files import read_bytes
from ...files.file_kinds import is_gzip

RAW = "https://raw.githubusercontent.com"
FOLDER_VARIABLE = "ALBERT_NP_DATA"
CACHE_NAME = "albert_np"


@dataclass(frozen=True)
class Source:
    """One file of a data set, and where it comes from.

    Attributes
    ----------
    name : str
        Its place in a folder of data, such as "sms_spam/SMSSpamCollection".
    address : str or None
        Its place under `RAW`, at a fixed commit. None: it cannot be downloaded.
    size : int or None
        In bytes.
    sha256 : str or None
    also : tuple of str
        Other names it may have in a folder of data.
    """

    name: str
    address: str | None = None
    size: int | None = None
    sha256: str | None = None
    also: tuple = ()


def find_file(source, folder=None):
    """The path of a file, which is downloaded if it must be.

    Looked for in this order: in `folder`, and nowhere else, if that is given; in the folder that
    the environment variable ``ALBERT_NP_DATA`` names; in the cache (``pooch.os_cache``); on the
    net. In the two folders it may be gzip, with ``.gz`` after its name. Wherever it is found, it
    must have the right SHA-256 (unpacked): another text would be another data set.

    Parameters
    ----------
    source : Source
    folder : str or Path, optional

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError
        It is nowhere and cannot be downloaded; the sentence says which file to put where.
    ValueError
        The file has another SHA-256, or pooch is needed and not installed.
    """
    given = folder if folder is not None else os.environ.get(FOLDER_VARIABLE)
    if given:
        if not Path(given).is_dir():
            named = "There is no folder" if folder is not None else f"{FOLDER_VARIABLE} names"
            raise FileNotFoundError(f"{named} {given}{', which is no folder' * (folder is None)}; "
                                    f"it is to hold {source.name}.")
        for name in (source.name, *source.also):
            for path in (Path(given) / name, Path(given) / f"{name}.gz"):
                if path.is_file():
                    return _checked(path, source)
    if folder is not None:
        raise FileNotFoundError(f"There is no file {Path(folder) / source.name} (nor with .gz "
                                f"after its name){_where_from(source)}.")
    if source.address is None:
        raise FileNotFoundError(f"{source.name} cannot be downloaded: put it into a folder of "
                                f"yours, as FOLDER/{source.name}, and set "
                                f"{FOLDER_VARIABLE}=FOLDER.")
    return _download(source)


def _checked(path, source):
    if source.sha256 is not None:
        data = read_bytes(path)
        if is_gzip(path):
            try:
                data = gzip.decompress(data)
            except Exception as error:       # a damaged file can fail in many ways
                raise ValueError(f"{path} is damaged gzip ({error}).") from error
        found = hashlib.sha256(data).hexdigest()
        if found != source.sha256:
            raise ValueError(f"{path} is not the file this data set is made of: it has {len(data)} "
                             f"bytes and the SHA-256 {found[:12]}..., which must be {source.size} "
                             f"and {source.sha256[:12]}...{_where_from(source)}.")
    return path


def _download(source):
    try:
        import pooch
    except ImportError:
        raise ValueError(f"Downloading {source.name} needs pooch; install it with pip install "
                         f"pooch, or put the file into a folder of yours, as "
                         f"FOLDER/{source.name}, and set {FOLDER_VARIABLE}=FOLDER.") from None
    target = Path(pooch.os_cache(CACHE_NAME)) / source.name
    address = f"{RAW}/{source.address}"
    known = f"sha256:{source.sha256}" if source.sha256 else None
    try:
        return Path(pooch.retrieve(address, known, fname=target.name, path=target.parent,
                                   downloader=pooch.HTTPDownloader(timeout=30)))
    except ValueError as error:
        raise ValueError(f"What {address} sends is not the file this data set is made of: its "
                         f"SHA-256 must be {source.sha256}; nothing was kept.") from error
    except OSError as error:
        raise FileNotFoundError(
            f"{source.name} cannot be downloaded ({_reason(error)}); get {address} in another "
            f"way, put it into a folder of yours, as FOLDER/{source.name}, and set "
            f"{FOLDER_VARIABLE}=FOLDER.") from error


def _reason(error):
    """The last and plainest of a chain of network errors, in a few words."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answers {response.status_code} {response.reason}".strip()
    return f"{type(error).__name__}: no answer from the server" \
        if not error.strerror else error.strerror


def _where_from(source):
    return f"; get it from {RAW}/{source.address}" if source.address else ""
