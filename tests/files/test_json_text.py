"""JSON that is written: every reader accepts it."""

import json
import re
from pathlib import Path

import pytest

import albert_np
from albert_np.files.json_objects import json_file, json_text

NAN, INF = float("nan"), float("inf")


def strict(text):
    """The value, read as the standard has it: no NaN and no Infinity."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_what_is_no_number_becomes_null():
    value = {"a": [NAN, -INF, 1.5, (INF, "nan")], "b": {"c": NAN, "d": True, "e": 10**400}}
    expected = {"a": [None, None, 1.5, [None, "nan"]], "b": {"c": None, "d": True, "e": 10**400}}
    assert strict(json_text(value)) == expected == strict(json_file(value))
    assert json_text(NAN) == "null" and json_text(0.1) == "0.1" and json_text("é") == '"\\u00e9"'
    assert value["b"]["e"] == 10**400 and value["a"][2] == 1.5            # it was not changed


def test_the_layout_of_a_file():
    assert json_file({"a": "é"}) == b'{\n  "a": "\\u00e9"\n}\n'
    assert json_file({"a": "é"}, 1, ensure_ascii=False) == '{\n "a": "é"\n}\n'.encode()


def test_what_json_cannot_say_is_an_error():
    with pytest.raises(TypeError):
        json_text({"a": {1, 2}})


def test_everything_that_is_written_goes_through_it():
    """Other uses of the library quote a value in a sentence, or talk to a process of one's own."""
    package, others = Path(albert_np.__file__).parent, {
        "files/json_objects.py", "text/corpus/blocks.py", "text/corpus/manifest.py",
        "text/tokenizing/tokenizer_folder.py", "tasks/datasets/squad.py",
        "tasks/datasets/json_lines.py", "pretraining/run_checkpoints.py", "pretraining/options.py",
        "course/sandbox/pipes.py", "course/marking/read_submissions.py",
        "course/marking/notebooks.py", "course/workspace/make_workspace.py"}
    found = {path.relative_to(package).as_posix() for path in package.rglob("*.py")
             if re.search(r"json\.dumps?\(", path.read_text("utf-8"))}
    assert found <= others, found - others
