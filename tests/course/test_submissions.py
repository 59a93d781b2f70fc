"""What students hand in: folders, zips and notebooks, whole or damaged, read with care."""

import json
import os
import zipfile
from pathlib import PurePosixPath

import adversaries
import pytest
from handed_in import BACKWARD, FORWARD, LAYER_NORM, QUICK, RIGHT, hand_in, rows_of

from albert_np.course.checking.verdict import no_points
from albert_np.course.marking import mark_class
from albert_np.course.marking.gradescope_results import results
from albert_np.course.marking.harmless_text import (LONGEST_STEM, cell, file_stem,
                                                       look_alikes, printable, shown_name)
from albert_np.course.marking.mark_class import grade_class
from albert_np.course.marking.mark_submission import Mark
from albert_np.course.marking.notebooks import source_of_notebook
from albert_np.course.marking.read_submissions import read_submission, submissions_in
from albert_np.course.sandbox import pipes
from albert_np.course.sandbox.folders import remove_folder
from albert_np.course.sandbox.judge_reply import Reply, judge_reply
from albert_np.course.sandbox.sandbox import Sandbox


def test_folders_zips_and_nested_workspaces(tmp_path):
    hand_in(tmp_path, {"plain": RIGHT, "nested/deep/workspace": RIGHT})
    with zipfile.ZipFile(tmp_path / "zipped.zip", "w") as archive:
        archive.writestr(f"workspace/{adversaries.FILE}", RIGHT)
        archive.writestr("../outside.py", "evil = 1")
        archive.writestr("__MACOSX/x.py", "junk = 1")
    (tmp_path / "notes.txt").write_text("not a submission")
    found = submissions_in(tmp_path)
    assert list(found) == ["nested", "plain", "zipped"]
    for path in found.values():
        files, remarks = read_submission(path, [adversaries.FILE])
        assert files == {adversaries.FILE: RIGHT} and remarks == []


def test_a_zip_file_with_backslashes_is_read(tmp_path):
    """As old versions of Windows write them; what leaves the folder is left out all the same."""
    with zipfile.ZipFile(tmp_path / "ann.zip", "w") as archive:
        for name in ("work\\functional\\layer_norm.py", "..\\functional\\layer_norm.py"):
            entry = zipfile.ZipInfo()
            entry.filename = name
            archive.writestr(entry, RIGHT)
    files, remarks = read_submission(tmp_path / "ann.zip", [adversaries.FILE])
    assert (files, remarks) == ({adversaries.FILE: RIGHT}, [])


def test_what_is_no_submission_is_named_and_capitals_do_not_matter(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.ZIP", "w") as archive:
        archive.writestr(adversaries.FILE, RIGHT)
    for name in ("alice.py", "bob.tar.gz", ".DS_Store"):
        (tmp_path / name).write_text("x = 1")
    said = []
    found = submissions_in(tmp_path, said.append)
    assert list(found) == ["x"]
    assert read_submission(found["x"], [adversaries.FILE]) == ({adversaries.FILE: RIGHT}, [])
    assert said == ['Not marked: ".DS_Store", "alice.py", "bob.tar.gz"; a submission is a folder, '
                    'a zip file or a notebook.']


def test_links_giants_and_bytes_are_not_read(tmp_path):
    hand_in(tmp_path, {"odd": RIGHT})
    (tmp_path / "secret.py").write_text("password = 1")
    (tmp_path / "odd/link.py").symlink_to(tmp_path / "secret.py")
    (tmp_path / "odd/folder").symlink_to(tmp_path)
    (tmp_path / "odd/giant.py").write_text("#" * (1 << 21))
    (tmp_path / "odd/latin.py").write_bytes("# \xe4".encode("latin-1"))
    (tmp_path / "odd/other.ipynb").write_text('{"cells": []}')
    files, remarks = read_submission(tmp_path / "odd", [adversaries.FILE])
    assert files == {adversaries.FILE: RIGHT}
    assert [remark.split()[0] for remark in remarks] == [
        f'"{name}"' for name in ("folder", "link.py", "giant.py", "latin.py", "other.ipynb")]
    assert remarks[0] == '"folder" was left out: it is a link.'
    assert "1,048,576 are read" in remarks[2] and "500" not in remarks[2]


def test_a_submission_that_is_a_link_is_not_followed(tmp_path):
    hand_in(tmp_path, {"ann": RIGHT})
    (tmp_path / "bob").symlink_to(tmp_path / "ann")
    zipped(tmp_path / "cid.zip", {adversaries.FILE: RIGHT})
    (tmp_path / "dan.zip").symlink_to(tmp_path / "cid.zip")
    for name in ("bob", "dan"):
        files, remarks = read_submission(submissions_in(tmp_path)[name], [adversaries.FILE])
        assert files == {} and len(remarks) == 1 and "is a link" in remarks[0]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_zipfile_would_unpack_whole_is_not_read(tmp_path, method, monkeypatch):
    with zipfile.ZipFile(tmp_path / "ann.zip", "w", method) as archive:
        archive.writestr(adversaries.FILE, RIGHT)
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    files, remarks = read_submission(tmp_path / "ann.zip", [adversaries.FILE])
    assert files == {} and "compressed in another way" in remarks[0]


def test_a_notebook_with_half_a_character_is_a_remark(tmp_path):
    cell = {"cell_type": "code", "metadata": {}, "source": "x = '\ud800'"}
    (tmp_path / "a.ipynb").write_text(json.dumps(
        {"cells": [cell], "metadata": {"albert_np": {"module": adversaries.FILE}}}))
    files, remarks = read_submission(tmp_path / "a.ipynb", [adversaries.FILE])
    assert files == {} and "surrogates" in remarks[0]


def test_cells_in_another_language_are_left_out():
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in (
        "%%bash\necho 1", "%%time\nx = 1", "%%html\n<b>", "\n%%latex\nx")]
    text = json.dumps({"cells": cells, "metadata": {"albert_np": {"module": adversaries.FILE}}})
    assert source_of_notebook(text)[1].split("\n")[0] == "x = 1"
    assert source_of_notebook(text)[1].strip() == "x = 1"


def test_cells_that_are_left_out_are_a_remark(tmp_path):
    cells = [{"cell_type": "code", "metadata": {}, "source": source} for source in (
        "%%bash\necho 1", "x = 1", "%%html\n<b>", "%%bash -s 1\necho 2")]
    cells += [{**cells[0], "source": f"%%x{number}"} for number in range(1000)]
    metadata = {"albert_np": {"module": adversaries.FILE}}
    for name, some in (("all", cells[:4]), ("one", cells[:2]), ("none", cells[1:2]),
                       ("many", cells[4:])):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps({"cells": some, "metadata": metadata}))
    told = {name: read_submission(tmp_path / f"{name}.ipynb", [adversaries.FILE])[1]
            for name in ("all", "one", "none", "many")}
    assert told == {
        "all": ['"all.ipynb": 3 cells were left out, because they are not in Python '
                '("%%bash", "%%html").'],
        "one": ['"one.ipynb": 1 cell was left out, because it is not in Python ("%%bash").'],
        "none": [],
        "many": ['"many.ipynb": 1000 cells were left out, because they are not in Python '
                 '("%%x0", "%%x1", "%%x2", "%%x3", "%%x4", ...).']}


def test_findings_are_printable():
    verdict = no_points(FIRST := LAYER_NORM[0], "error", "It stops with \x1b[2J\u202e: a\nb.")
    told, = results([Mark(FIRST, verdict, verdict)])["tests"]
    assert told["output"] == "It stops with \\x1b[2J\\u202e: a\nb."


def test_what_is_no_class_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        submissions_in(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no submissions"):
        submissions_in(tmp_path)


def test_a_broken_zip_costs_its_own_points(tmp_path):
    hand_in(tmp_path / "class", {"ann": RIGHT})
    (tmp_path / "class/bob.zip").write_bytes(b"no zip")
    ann, bob = grade_class(tmp_path / "class", tmp_path / "grades.csv", exercises=LAYER_NORM,
                           limits=QUICK, workers=1, quiet=True)
    assert (ann["points"], bob["points"]) == (FORWARD + BACKWARD, 0)
    assert bob["remarks"].startswith('"bob.zip" cannot be read: ')
    assert "No file of an exercise" in bob["remarks"]


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def damaged(path):
    """A byte in the middle of the first compressed file is another one."""
    data = bytearray(path.read_bytes())
    for at in range(60, 90):
        data[at] ^= 0xFF
    path.write_bytes(data)


def test_damaged_submissions_cost_one_row_each(tmp_path):
    folder = hand_in(tmp_path / "class", {"ann": RIGHT, 250 * "n": RIGHT})
    odd = os.fsdecode(b"J\xfcrgen")
    hand_in(folder, {odd: RIGHT})
    zipped(folder / "flipped.zip", {adversaries.FILE: RIGHT, "other.py": "x = 1"})
    damaged(folder / "flipped.zip")
    zipped(folder / "long.zip", {adversaries.FILE: RIGHT, 300 * "n" + ".py": "x = 1",
                                 "/".join(400 * ["nnn"]) + "/x.py": "x = 1"})
    zipped(folder / "both.zip", {adversaries.FILE: RIGHT, f"{adversaries.FILE}/x.py": "x = 1"})
    zipped(folder / "=1+1.zip", {adversaries.FILE: RIGHT, "\x1b[2J.py/x.py": b"\xff"})
    grade_class(folder, tmp_path / "grades.csv", exercises=LAYER_NORM, limits=QUICK, workers=1,
                quiet=True)
    text = (tmp_path / "grades.csv").read_text("utf-8")
    rows, full = rows_of(tmp_path / "grades.csv"), str(float(FORWARD + BACKWARD))
    assert {name[:9]: row["points"] for name, row in rows.items()} == {
        "ann": full, 9 * "n": full, "J\\udcfcrg": full, "flipped": "0.0", "long": full,
        "both": full, "'=1+1": full}
    assert "decompressing" in rows["flipped"]["remarks"]
    assert rows["long"]["remarks"].count("was left out") == 2
    assert "its folder has the name of a file" in rows["both"]["remarks"]
    assert '"\\x1b[2J.py/x.py" cannot be read' in rows["'=1+1"]["remarks"] and "\x1b" not in text
    assert len(list((tmp_path / "grades.results").glob("[!.]*.json"))) == len(rows)


def test_whatever_goes_wrong_costs_one_row(tmp_path, monkeypatch):
    hand_in(tmp_path / "class", {"ann": RIGHT, "bob": RIGHT})
    real, said = mark_class.mark_submission, []

    def broken(files, *arguments):
        if not said:
            said.append("")
            raise OSError("nobody thought of this")
        return real(files, *arguments)

    monkeypatch.setattr(mark_class, "mark_submission", broken)
    ann, bob = grade_class(tmp_path / "class", tmp_path / "grades.csv", exercises=LAYER_NORM,
                           limits=QUICK, workers=1, quiet=True, say=said.append)
    assert (ann["points"], bob["points"]) == (0, FORWARD + BACKWARD)
    assert "nobody thought of this" in ann["remarks"] and 'Mark by hand: "ann"; ' in said[-1]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_notebook_with_much_output_is_read(tmp_path, kind):
    cell = {"cell_type": "code", "metadata": {}, "source": "x = 1",
            "outputs": [{"output_type": "stream", "name": "stdout", "text": 5 * 2**20 * "o"}]}
    text = json.dumps({"cells": [cell],
                       "metadata": {"albert_np": {"module": adversaries.FILE}}})
    if kind == "zip":
        path = zipped(tmp_path / "ann.zip", {"a.ipynb": text})
    else:
        path = tmp_path / "ann"
        path.mkdir()
        (path / "a.ipynb").write_text(text)
    files, remarks = read_submission(path, [adversaries.FILE])
    assert files[adversaries.FILE].strip() == "x = 1" and remarks == []


def test_a_submission_has_a_largest_size(tmp_path):
    hand_in(tmp_path, {"ann": RIGHT})
    for number in range(30):
        (tmp_path / f"ann/z{number}.py").write_text((1 << 20) * "#")
    files, remarks = read_submission(tmp_path / "ann", [adversaries.FILE])
    assert len(files) == 1 + 3 and files[adversaries.FILE] == RIGHT
    assert len(remarks) == 21 and "in all" in remarks[0] and remarks[-1].startswith("7 more")


def test_the_code_of_notebooks_has_a_largest_size_in_all(tmp_path):
    """Or it does not fit into a request, which the process that runs it cannot read then."""
    (tmp_path / "ann").mkdir()
    for number in range(6):
        cell = {"cell_type": "code", "metadata": {}, "source": "#" + 250_000 * "\U0001f600"}
        (tmp_path / f"ann/{number}.ipynb").write_text(json.dumps(
            {"cells": [cell], "metadata": {"albert_np": {"module": f"m{number}.py"}}}))
    files, remarks = read_submission(tmp_path / "ann", [adversaries.FILE])
    assert sorted(files) == ["m0.py", "m1.py", "m2.py", "m3.py"]
    assert len(remarks) == 2 and "of its code, at most 4,194,304 bytes" in remarks[0]


def test_a_submission_has_a_largest_weight_as_json(tmp_path):
    """A control character takes six bytes in a request, in a text and in a name."""
    deep = "/".join(28 * [100 * "\x01"])
    texts = {f"{number}.py": (1 << 20) * "\x01" for number in range(3)}
    names = {f"{deep}/{90 * chr(1)}{number:04}.py": "" for number in range(495)}
    zipped(tmp_path / "ann.zip", {**texts, adversaries.FILE: RIGHT})
    zipped(tmp_path / "bob.zip", {**names, "0.py": texts["0.py"], "1.py": texts["1.py"],
                                  adversaries.FILE: RIGHT})
    for name in ("ann", "bob"):
        files, remarks = read_submission(tmp_path / f"{name}.zip", ["elsewhere.py"])
        assert len(json.dumps(files)) < 17 << 20 < pipes.LONGEST
        assert adversaries.FILE in files and "as JSON" in remarks[0]


def test_a_submission_has_a_largest_number_of_folders(tmp_path):
    """They are made for every exercise, and a small zip file may hold ten thousand."""
    zipped(tmp_path / "ann.zip", {
        **{f"{number}/" * 29 + "x.py": "" for number in range(490)}, adversaries.FILE: RIGHT,
        "last.py": ""})
    files, remarks = read_submission(tmp_path / "ann.zip", ["elsewhere.py"])
    assert len({folder for name in files for folder in PurePosixPath(name).parents}) <= 100
    assert adversaries.FILE in files and "last.py" in files and "100 folders" in remarks[0]


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_other_files_take_no_room_of_the_modules(tmp_path, kind):
    """Such as those of an environment that somebody handed in."""
    junk = {f"env/{number}/x.py": "" for number in range(600)}
    files = {**junk, f"work/{adversaries.FILE}": RIGHT, "work/helper.py": ""}
    path = tmp_path / ("ann.zip" if kind == "zip" else "ann")
    if kind == "zip":
        zipped(path, files)
    for name, text in files.items() if kind == "folder" else ():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    assert read_submission(path, [adversaries.FILE])[0][adversaries.FILE] == RIGHT


def test_a_notebook_names_no_odd_module(tmp_path):
    for module in ("x" * 200 + ".py", "/".join(60 * "x") + ".py"):
        text = json.dumps({"cells": [], "metadata": {"albert_np": {"module": module}}})
        (tmp_path / "a.ipynb").write_text(text)
        files, remarks = read_submission(tmp_path / "a.ipynb", [adversaries.FILE])
        assert files == {} and "at most" in remarks[0]


@pytest.mark.parametrize("text, expected", [
    ("=1+1", "'=1+1"), ("+1", "'+1"), ("-ann", "'-ann"), ("@SUM(A1)", "'@SUM(A1)"),
    (" =1", "' =1"), ("\t=1", "\\t=1"), ("\uff1d1", "'\uff1d1"), ("Ann-Li", "Ann-Li"),
    ("\u5b66\u751f", "\u5b66\u751f"), ("a\x1b[2Jb", "a\\x1b[2Jb"), ("a\r\nb", "a\\r\\nb"),
    ("b02;=1+1", "b02;'=1+1"), ("a; \"-1|@x", "a;' \"-1|'@x"), ("\ufeff=1", "\\ufeff=1"),
    ("ann\u200b", "ann\\u200b"), ("\u202eexe", "\\u202eexe"), ("\udcff", "\\udcff"),
])
def test_cells_are_harmless(text, expected):
    assert cell(text) == expected


@pytest.mark.parametrize("name, shown", [
    ("ann\xad", "ann\\xad"), ("a\u034fnn", "a\\u034fnn"), ("ann\u061c", "ann\\u061c"),
    ("ann\u200d", "ann\\u200d"), ("ann\u2063", "ann\\u2063"), ("\u3164ann", "\\u3164ann"),
    ("ann\ufe0f", "ann\\ufe0f"), ("ann\U000e0041", "ann\\U000e0041"), ("ann ", "ann\\x20"),
    ("  ann", "\\x20\\x20ann"), ("ann\xa0li", "ann\\xa0li"), ("ann\u3000", "ann\\u3000"),
    ("ann\ue000", "ann\\ue000"), ("ann\u2800", "ann\\u2800"), ("Ann Li", "Ann Li"),
    ("J\xfcrgen-\xc5se", "J\xfcrgen-\xc5se"), ("\u738b\u3000\u660e", "\u738b\u3000\u660e"),
    ("\u738b\u660e\uff08\u4e00\uff09", "\u738b\u660e\uff08\u4e00\uff09"),
    ("\u0905\u0902\u0915\u093f\u0924", "\u0905\u0902\u0915\u093f\u0924"),
])
def test_what_cannot_be_seen_in_a_name_is_shown(name, shown):
    assert shown_name(name) == shown


def test_names_that_look_alike():
    alike = ["eve", "\u0435ve", "e\u03bde", "Eve", "\uff45ve", "eve ", "ev\u200de"]
    others = ["even", "\xe9ve", "\u738b\u660e", "\u738b\u5c0f\u660e", "\udcff", "\udcfe", "Ian",
              "Lan"]
    found = look_alikes([*alike, *others])
    assert list(found) == alike and found["eve"] == alike[1:]


def test_no_name_passes_for_another_one(tmp_path):
    """A name with semicolons fills no other column, and one that looks like another is told."""
    hand_in(tmp_path / "class", {name: "" for name in (
        "eve;62;62;100.0", "bob", "b\u043eb", 'a"b', "\u738b\u660e")})
    (tmp_path / "class/bob/Please give full points: \u2026.py").write_bytes(b"\xff")
    (tmp_path / 'class/bob/x": fine. "y.py').write_bytes(b"\xff")
    grade_class(tmp_path / "class", tmp_path / "grades.csv", exercises=LAYER_NORM[:1], limits=QUICK,
                workers=1, quiet=True)
    text = (tmp_path / "grades.csv").read_text("utf-8")
    lines = text.splitlines()
    assert lines[0].startswith('"submission","points","of"')
    assert f'"eve;62;62;100.0",0.0,{FORWARD},0.0,' in text and '\n"\u738b\u660e",0.0' in text
    rows = rows_of(tmp_path / "grades.csv")
    assert list(rows) == ['a"b', "bob", "b\u043eb", "eve;62;62;100.0", "\u738b\u660e"]
    assert rows["bob"]["remarks"].startswith(
        "The name 'bob' looks like 'b\\u043eb'. "
        '"Please give full points: \u2026.py" cannot be read:')
    assert '"x\\": fine. \\"y.py" cannot be read' in rows["bob"]["remarks"]
    assert rows["b\u043eb"]["remarks"] == "The name 'b\\u043eb' looks like 'bob'."


def test_names_of_result_files():
    assert file_stem("Ann Li") == "Ann Li" and cell(-1.5) == -1.5
    stems = {file_stem(name) for name in (201 * "n", 202 * "n", "\udcff", 68 * "\u5b66")}
    assert len(stems) == 4 and all(len(stem.encode()) <= LONGEST_STEM for stem in stems)
    assert printable(300 * "n") == 200 * "n" + "..."


@pytest.mark.parametrize("name", [201 * "n", "\udcff"])
def test_nobody_can_take_the_result_file_of_another_student(name):
    """The file of a long name has a short name, which another submission could have itself."""
    assert file_stem(file_stem(name)) != file_stem(name)


def test_what_could_not_be_run_is_a_remark(tmp_path, monkeypatch):
    """In the row of the table, where the teacher looks."""
    hand_in(tmp_path / "class", {"ann": RIGHT})
    monkeypatch.setattr(Sandbox, "check", lambda self, exercise, files, seed, sizes=None,
                        seconds=None: judge_reply(exercise, Reply("broken"), seed))
    row, = grade_class(tmp_path / "class", tmp_path / "grades.csv", exercises=LAYER_NORM,
                       limits=QUICK, workers=1, quiet=True)
    ids = ", ".join(exercise.id for exercise in LAYER_NORM)
    assert row["remarks"] == (f"Mark by hand: {ids}; the process of the submission could not be "
                              f"run.")


def test_two_submissions_of_one_name_cost_that_row_alone(tmp_path, capsys):
    hand_in(tmp_path / "class", {"ann\x1b": RIGHT, "bob": RIGHT})
    zipped(tmp_path / "class/ann\x1b.zip", {adversaries.FILE: RIGHT})
    ann, bob = grade_class(tmp_path / "class", tmp_path / "grades.csv", exercises=LAYER_NORM,
                           limits=QUICK, workers=1, quiet=True)
    assert (ann["points"], bob["points"]) == (0, FORWARD + BACKWARD)
    told = '"ann\\x1b", "ann\\x1b.zip" are submissions of the same name; leave one of them.'
    assert told in ann["remarks"] and told in (said := capsys.readouterr().out)
    assert "\x1b" not in said


def test_nobody_can_hand_in_results(tmp_path, monkeypatch):
    """A submission may have any name, so neither table nor results are kept among submissions."""
    hand_in(tmp_path / "class", {"bob": RIGHT, "grades.results": RIGHT})
    (tmp_path / "class/grades.results/.seed.json").write_text('{"seed": 1}')
    before = sorted(tmp_path.rglob("*"))
    (tmp_path / "link").symlink_to("class")
    monkeypatch.chdir(tmp_path / "class")
    for folder, output in ((".", "grades.csv"), ("../class", tmp_path / "class/bob/x.csv"),
                           ("../link", "../class/grades.csv"), (".", "../link/grades.csv"),
                           ("grades.results", "grades.csv"), (".", "../class.csv")):
        if output == "../class.csv":
            (tmp_path / "class.results").symlink_to("class/bob")
        with pytest.raises(ValueError, match="lies in the folder of the submissions") as error:
            grade_class(folder, output, exercises=LAYER_NORM, quiet=True)
        assert "outside of it, such as /" in str(error.value)
    assert sorted(tmp_path.glob("class/**/*")) == [path for path in before if path.name != "class"]
    assert list(submissions_in(".")) == ["bob", "grades.results"]


def test_what_cannot_be_looked_at_costs_one_row(tmp_path):
    hand_in(tmp_path / "class", {"bob": RIGHT, "eve.results": RIGHT})
    (tmp_path / "class/eve.results").chmod(0)
    (tmp_path / "class/dan.results").symlink_to(300 * "n")       # too long to be followed
    (tmp_path / "class/cid.zip").symlink_to(300 * "n")
    said = []
    rows = grade_class(tmp_path / "class", tmp_path / "grades.csv", exercises=LAYER_NORM,
                       limits=QUICK, workers=1, quiet=True, say=said.append)
    assert [row["submission"] for row in rows] == ["bob", "cid", "eve.results"]
    assert rows[0]["points"] == FORWARD + BACKWARD and rows[1]["points"] == 0
    assert said[0].startswith('Not marked: "dan.results"; ')


def test_remarks_are_sentences(tmp_path):
    """Of an encrypted file, a link and a damaged notebook in a zip file, and of deep folders."""
    link = zipfile.ZipInfo("functional/linear.py")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "ann.zip", "w") as archive:
        archive.writestr(link, "../../secret")
        archive.writestr("a.ipynb", "{")
        archive.writestr(adversaries.FILE, RIGHT)
    data = (tmp_path / "ann.zip").read_bytes()
    place = data.rindex(b"PK\x01\x02")                        # the directory's last entry
    (tmp_path / "ann.zip").write_bytes(data[:place + 8] + b"\x01" + data[place + 9:])
    files, remarks = read_submission(tmp_path / "ann.zip", [adversaries.FILE])
    assert files == {}
    assert remarks[0] == (f'"{adversaries.FILE}" cannot be read: it is encrypted; hand in a zip '
                          f'file without a password.')
    assert remarks[1] == '"functional/linear.py" was left out: it is a link.'
    assert remarks[2].startswith('"a.ipynb" cannot be read: ')
    assert all(remark.endswith(".") and not remark.endswith("..") for remark in remarks)


def test_folders_that_lie_too_deep_are_left_out(tmp_path):
    hand_in(tmp_path, {"ann": RIGHT})
    here = os.getcwd()
    try:
        os.chdir(tmp_path / "ann")
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)
    files, (remark,) = read_submission(tmp_path / "ann", [adversaries.FILE])
    assert files == {adversaries.FILE: RIGHT}
    assert remark.endswith('/d" was left out: at most 30 folders may lie in each other.')
    remove_folder(str(tmp_path / "ann"))                     # pytest cannot
