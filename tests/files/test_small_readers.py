"""Small functions of the folder files, called directly: what they accept, refuse and say."""

import errno
import gzip
import re
import zipfile
from dataclasses import dataclass

import pytest

from albert_np.files import in_a_sentence, read_bytes, read_text
from albert_np.files.file_kinds import (is_gzip, json_of_line, kind_of, open_unpacked,
                                        refuse_no_utf8, refuse_utf16)
from albert_np.files.git_lfs import POINTER, refuse_pointer
from albert_np.files.json_objects import LIMIT, json_file, json_text, parse_object, read_object
from albert_np.files.locks import lock
from albert_np.files.options import _is_a, check_names, option, options_from, read_options
from albert_np.files.run_folders import (is_unfinished, release_folder, removed_if_not_begun,
                                         unfinished_note)
from albert_np.files.text_lines import (decode_line, is_blank, is_empty, read_lines, read_whole,
                                        read_zipped_lines, split_lines, words_of)

# ---- what a file is ------------------------------------------------------------------------------

@pytest.mark.parametrize("name, kind", [
    ("a.csv", "csv"), ("a.tsv", "tsv"), ("a.tab", "tsv"), ("a.jsonl", "json lines"),
    ("a.ndjson", "json lines"), ("a.xml", "xml"), ("a.txt", "text"), ("A.TAB.GZ", "tsv")])
def test_an_ending_decides_whatever_is_in_the_file(tmp_path, name, kind):
    (tmp_path / name).write_text('{"a": 1}\n')
    assert kind_of(tmp_path / name) == kind


@pytest.mark.parametrize("content, kind", [
    ('{"a": 1}', "json lines"), ("{", "json"), ('{"a": ', "json"), ("[1, 2]", "json"),
    ("<a>", "xml"), ("a\tb,c", "tsv"), ("a,b", "csv"), ("a b", "text"), ("", "text"),
    ("\ufeff\n \t\r\n\ufeff{}", "json lines"), ("\n\n a,b", "csv")])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_without_one_the_first_line_decides(tmp_path, content, kind, pack):
    (tmp_path / "file").write_bytes(pack(content.encode()))
    assert kind_of(tmp_path / "file") == kind


def test_gzip_is_known_by_its_beginning(tmp_path):
    (tmp_path / "plain.gz").write_bytes(b"\x1f")
    (tmp_path / "packed").write_bytes(gzip.compress(b"text"))
    assert [is_gzip(tmp_path / name) for name in ("plain.gz", "packed", "nowhere", ".")] == [
        False, True, False, False]
    for name, data in (("plain.gz", b"\x1f"), ("packed", b"text")):
        with open_unpacked(tmp_path / name) as file:
            assert file.read() == data


@pytest.mark.parametrize("line, kind", [
    (' {"a": 1} ', "object"), ("{", "begun object"), (" { ", "begun object"), ('{"a": ', ""),
    ("[", "array"), ("[]", "array"), ("[{", "array"), ('[ { "a', "array"), ("[[1]]", "array"),
    ('["a"]', "array"), ('["a",', "array"), ("[1]", ""), ("[1,", ""), ("[laughs]", ""), ("", ""),
    ("text", ""), ("[" * 100_000, "")])
def test_what_a_line_of_json_is(line, kind):
    assert json_of_line(line) == kind


@pytest.mark.parametrize("data", [b"\xff\xfea\0", b"\xfe\xff\0a", b"a\0b\0", b"\0a\0b", b"\0\t\0a"])
def test_utf16_is_refused_with_or_without_its_mark(data):
    for refuse in (refuse_utf16, refuse_no_utf8):
        with pytest.raises(ValueError, match="^name is UTF-16, where UTF-8 is needed"):
            refuse(data, "name")


@pytest.mark.parametrize("data, what", [
    (b"PAR1", "Parquet"), (b"PK\x03\x04", r"a zip archive or a workbook \(.xlsx\)")])
def test_other_formats_are_called_by_their_names(data, what):
    with pytest.raises(ValueError, match=f"^name is {what}; this format is not read: write CSV or "
                                         f"JSON lines.$"):
        refuse_no_utf8(data, "name")
    refuse_utf16(data, "name")


@pytest.mark.parametrize("data", [b"", b"a", b"a\0", b"ab\0\0", "日本".encode()])
def test_other_bytes_are_not_taken_for_utf16(data):
    refuse_no_utf8(data, "name")


# ---- lines ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("data, said", [
    (b"ab\0c", "there is a zero byte at byte 3 of the line"),
    (b"ab\rc", r"byte 3 of the line is a carriage return \(\\r\) without a line feed"),
    (b"\xe9", "byte 1 of the line is 0xe9, which is not UTF-8"),
    (b"abc\xff", "byte 4 of the line is 0xff, which is not UTF-8")])
def test_what_is_wrong_in_a_line_is_placed(data, said):
    for number in (1, 7):
        with pytest.raises(ValueError, match=f"^name, line {number}: {said}"):
            decode_line(data, "name", number)


def test_a_byte_order_mark_belongs_to_the_first_line_only():
    line = "\ufeffa\r\n".encode()
    assert decode_line(line, "name", 1) == "a" and decode_line(line, "name", 2) == "\ufeffa"


def test_no_break_spaces_are_part_of_a_word():
    assert split_lines("a\r\nb\x85c\n\n") == ["a", "b\x85c", ""] and split_lines("") == []
    assert words_of(" a\xa0b\t\tc ") == ["a\xa0b", "c"] and words_of(" \t") == []
    assert is_blank(" \t") and not is_blank("\xa0")
    assert is_empty(" \xa0\u2028\u2029\x00") and is_empty("") and not is_empty("\u200ba")


def test_damaged_gzip_says_how_far_it_could_be_read(tmp_path):
    packed = gzip.compress(b"one\ntwo\n")
    (tmp_path / "file").write_bytes(packed[:-4])
    with pytest.raises(ValueError, match="is gzip that is damaged or cut short: it breaks off "
                                         "after line [02]"):
        list(read_lines(tmp_path / "file"))
    with pytest.raises(ValueError, match="file is empty; at least one row is needed"):
        (tmp_path / "file").write_bytes(gzip.compress(b"\n \n"))
        list(read_lines(tmp_path / "file"))


def test_a_file_inside_of_an_archive(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("in/b.txt", "one\r\n\ntwo\n\n")
        archive.writestr("empty", "\n")
        archive.writestr("bad", b"\0")
    assert list(read_zipped_lines(path, "in/b.txt")) == [(1, "one"), (2, ""), (3, "two")]
    for member, said in (("c", f"The archive {path} has no file c."),
                         ("empty", f"{path}:empty is empty; at least one row is needed."),
                         ("bad", f"{path}:bad, line 1: there is a zero byte at byte 1")):
        with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
            list(read_zipped_lines(path, member))
    (tmp_path / "no.zip").write_bytes(b"text")
    with pytest.raises(ValueError, match="no.zip is not a zip archive, or is damaged"):
        list(read_zipped_lines(tmp_path / "no.zip", "b.txt"))
    with pytest.raises(FileNotFoundError, match="There is no file .*nowhere.zip"):
        list(read_zipped_lines(tmp_path / "nowhere.zip", "b.txt"))


@pytest.mark.parametrize("at", range(31, 40))
def test_a_damaged_file_inside_of_an_archive(tmp_path, at):
    """Its packing makes no sense, or gives other bytes than were packed."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b", "text " * 100)
    data = bytearray(path.read_bytes())
    data[at] ^= 0xff
    path.write_bytes(data)
    with pytest.raises(ValueError, match="a.zip is not a zip archive, or is damaged"):
        list(read_zipped_lines(path, "b"))


def test_a_whole_text_has_line_feeds_only(tmp_path):
    (tmp_path / "file").write_bytes("\ufeffa\r\n\r\nb\n\n".encode())
    assert read_whole(tmp_path / "file") == "a\n\nb"
    assert read_text(tmp_path / "file") == "a\r\n\r\nb\n\n"


# ---- whole files ---------------------------------------------------------------------------------

@pytest.mark.parametrize("data, said", [
    (b"ab\0", r"is a binary file \(it holds a zero byte at position 2\)"),
    (b"abc\xff", "is not UTF-8 text: the byte 0xff at position 3 does not decode"),
    (b"a\0b\0", "is UTF-16, where UTF-8 is needed"),
    (POINTER, "is a Git LFS pointer")])
def test_texts_that_are_none(tmp_path, data, said):
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(ValueError, match=said):
        read_text(tmp_path / "file")


def test_places_that_are_no_files(tmp_path):
    for read in (read_bytes, read_text, read_object, read_whole):
        with pytest.raises(FileNotFoundError, match="^There is no file .*nowhere.$"):
            read(tmp_path / "nowhere")
        with pytest.raises(ValueError, match="is a folder, where a file is needed"):
            read(tmp_path)


def test_a_pointer_is_known_by_its_beginning(tmp_path):
    (tmp_path / "file").write_bytes(POINTER + b"v1\noid")
    for given in ({}, {"data": POINTER + b"v1"}):
        with pytest.raises(ValueError, match="is a Git LFS pointer, a few lines in the place"):
            refuse_pointer(tmp_path / "file", **given)
    refuse_pointer(tmp_path / "file", b"other")
    for place in (tmp_path, tmp_path / "nowhere"):
        refuse_pointer(place)


@pytest.mark.parametrize("error, said", [
    (OSError(errno.ENOSPC, "No space left", "file"), "file: No space left"),
    (OSError(errno.EIO, "", "file"), "[Errno 5] : 'file'"), (OSError("in words"), "in words"),
    (OSError(errno.EIO, "Input error"), "[Errno 5] Input error"),
    (ValueError("in words"), "in words")])
def test_what_an_exception_says(error, said):
    assert in_a_sentence(error) == said


# ---- JSON ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("text, said", [
    ("[]", "name must hold a JSON object, {...}, not a list."), ("{", "name is not JSON: "),
    ('{"a": 1, "b": {"c": 1, "c": 1}}', "name is not JSON: the name 'c' occurs twice."),
    ('{"a": ' * 100_000, "name is not JSON that can be read: it is nested too deeply.")])
def test_texts_that_are_no_object(text, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        parse_object(text, "name")


def test_a_long_name_that_occurs_twice_is_shortened():
    long = "a" * 99
    with pytest.raises(ValueError, match="the name 'a{80}' occurs twice"):
        parse_object(f'{{"{long}": 1, "{long}": 2}}', "name")


def test_settings_of_the_largest_size(tmp_path):
    path = tmp_path / "file"
    path.write_text("{}" + " " * (LIMIT - 2))
    assert read_object(path) == {}
    path.write_text("{}" + " " * (LIMIT - 1))
    with pytest.raises(ValueError, match=f"has {LIMIT + 1} bytes; a file of settings has at most"):
        read_object(path)


def test_numbers_that_are_none_within_tuples_and_dicts():
    value = {"a": (1.5, float("nan"), [float("inf")]), "b": None, "c": True, "d": "NaN"}
    assert json_text(value) == '{"a": [1.5, null, [null]], "b": null, "c": true, "d": "NaN"}'
    assert json_text("é") == '"\\u00e9"' and json_text("é", ensure_ascii=False) == '"é"'
    assert json_file({"a": 1}) == b'{\n  "a": 1\n}\n' and json_file({}, None) == b"{}\n"


# ---- folders of runs -----------------------------------------------------------------------------

def test_a_new_folder_goes_if_an_error_comes_before_the_run(tmp_path):
    for there in (False, True):
        folder = tmp_path / f"folder{there}"
        if there:
            folder.mkdir()
        with pytest.raises(KeyError), removed_if_not_begun(folder, "options.json"):
            folder.mkdir(exist_ok=True)
            (folder / "half").touch()
            raise KeyError
        assert folder.exists() == there


def test_a_new_folder_stays_once_the_run_has_begun(tmp_path):
    for error in (KeyError, None):
        folder = tmp_path / f"{error}"
        try:
            with removed_if_not_begun(folder, "options.json"):
                folder.mkdir()
                (folder / ("options.json" if error else "other")).touch()
                if error:
                    raise error
        except KeyError:
            pass
        assert folder.exists()


def test_what_is_said_of_a_run_that_is_not_finished(tmp_path):
    def said(best):
        return f"the run in {tmp_path} is not finished; this is the model of its {best}"

    assert unfinished_note(tmp_path) == "" == unfinished_note(tmp_path / "nowhere")
    (tmp_path / "options.json").touch()
    assert unfinished_note(str(tmp_path)) == said("newest evaluation")
    (tmp_path / "results.json").touch()
    assert unfinished_note(tmp_path) == ""
    for command, note in (("prepare", ""), ("finetune", said("best epoch so far"))):
        (tmp_path / ".unfinished").write_text(f"{command}\n")
        assert is_unfinished(tmp_path, command) and not is_unfinished(tmp_path, "search")
        assert unfinished_note(tmp_path) == note
    release_folder(tmp_path)
    assert not is_unfinished(tmp_path, "finetune")


def test_a_lock_clears_the_subfolders_that_it_is_told(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".x.1.part").touch()
    (tmp_path / ".x.1.part").touch()
    with lock(tmp_path, "a", "nowhere"):
        left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.part")}
    assert left == {"b/.x.1.part"}


# ---- options -------------------------------------------------------------------------------------

@dataclass
class Lamp:
    """A lamp."""

    watts: int = option(40, "how much it takes")
    colour: str = option("red", "the colour")


def test_names_that_no_option_has():
    check_names(Lamp, ["watts", "colour"])
    for name, said in (("wats", "did you mean watts?"), ("x", "there are watts, colour")):
        with pytest.raises(ValueError, match=f"^{name} is no field of Lamp; {re.escape(said)}$"):
            check_names(Lamp, [name])
    assert options_from(Lamp, {"watts": 7}) == Lamp(7)


def test_an_integer_beyond_every_float_is_no_finite_number():
    assert _is_a(10**300, float) and not _is_a(10**400, float) and _is_a(10**400, int)


def test_a_file_of_options_holds_all_of_them(tmp_path):
    path = tmp_path / "lamp.json"
    for text, said in (('{"watts": 7}', "it lacks colour"), ("{}", "it lacks watts, colour"),
                       ('{"watts": 7, "color": 1}', "color is no field of Lamp; did you mean")):
        path.write_text(text)
        with pytest.raises(ValueError, match=f"lamp.json does not hold the options of a run of "
                                             f"this version: {said}"):
            read_options(path, Lamp)
