"""Files are written completely or not at all, whatever goes wrong."""

import errno
import os
import stat

import pytest

from albert_np.files import remove_leftovers, write_whole
from albert_np.files import whole_files as files


def names(folder):
    """All names in a folder, hidden ones included."""
    return sorted(path.name for path in folder.iterdir())


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("data", [b"new", bytearray(b"new"), memoryview(b"new"), [b"n", b"", b"ew"],
                                  iter([b"ne", b"w"])])
def test_bytes_and_chunks(tmp_path, data):
    path = tmp_path / "made" / "too" / "file"
    write_whole(path, data)
    assert path.read_bytes() == b"new" and names(path.parent) == ["file"]


def test_bytes_are_flushed_before_the_rename_and_the_folder_after_it(tmp_path, monkeypatch):
    events = []

    def fsync(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        size = None if is_folder else os.fstat(descriptor).st_size
        events.append("flush folder" if is_folder else f"flush {size} bytes")

    def replace(source, target, real=os.replace):
        events.append("rename")
        real(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write_whole(tmp_path / "file", b"12345")
    assert events == ["flush 5 bytes", "rename", "flush folder"]


def chunks_until_full():
    yield b"new"
    full()


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, failing):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    if failing != "write":
        monkeypatch.setattr(os, failing, full)
    with pytest.raises(ValueError, match=rf"The file {path} cannot be written: No space left on "
                                         rf"device\."):
        write_whole(path, chunks_until_full() if failing == "write" else b"new")
    assert path.read_bytes() == b"old" and names(tmp_path) == ["file"]


def test_ctrl_c_while_writing_leaves_the_old_file(tmp_path):
    def interrupted():
        yield b"new"
        raise KeyboardInterrupt

    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "file", interrupted())
    assert (tmp_path / "file").read_bytes() == b"old" and names(tmp_path) == ["file"]


@pytest.mark.parametrize("number, refused", [(errno.EINVAL, False), (errno.EIO, True)])
def test_folders_that_cannot_be_flushed(tmp_path, monkeypatch, number, refused):
    """A file system without that is no error, a broken disk is."""
    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    if refused:
        with pytest.raises(ValueError, match="cannot be written: Input/output error"):
            write_whole(tmp_path / "file", b"new")
    else:
        write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_places_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(ValueError, match="cannot be written: Not a directory"):
        write_whole(tmp_path / "file" / "below", b"new")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match="cannot be written: Is a directory"):
        write_whole(tmp_path / "folder", b"new")
    assert names(tmp_path) == ["file", "folder"]


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(ValueError, match="cannot be written: Permission denied"):
            write_whole(tmp_path / "file", b"new")
        assert names(tmp_path) == []
    finally:
        tmp_path.chmod(0o755)


def test_leftovers_of_killed_writers_are_removed_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_removed_on_failure", lambda temporary: os.scandir(tmp_path))
    with pytest.raises(ValueError):                # as if killed: nobody clears up
        write_whole(tmp_path / "model", chunks_until_full())
    leftover = f".model.{os.getpid()}.part"
    assert names(tmp_path) == [leftover]
    kept = [".lock", ".model.12x.part", ".part", ".12.part", "a.12.part", ".a.12.part.gz", "model"]
    for name in kept:
        (tmp_path / name).write_bytes(b"mine")
    (tmp_path / ".folder.7.part").mkdir()
    (tmp_path / ".link.7.part").symlink_to(tmp_path / "model")
    (tmp_path / ".a.b.1.part").write_bytes(b"half")
    assert remove_leftovers(tmp_path) == [tmp_path / ".a.b.1.part", tmp_path / leftover]
    assert names(tmp_path) == sorted([*kept, ".folder.7.part", ".link.7.part"])
    assert remove_leftovers(tmp_path / "absent") == []
