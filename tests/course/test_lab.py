"""The lab: who may ask, what is refused, and what a browser sees when numbers are typed over."""

import http.client
import json
import threading

import numpy as np
import pytest

pytest.importorskip("docutils", reason="the lab needs the extra lab")

from headless_browser import ask_browser, find_browser  # noqa: E402

from albert_np.commands.cli import main  # noqa: E402
from albert_np.course.lab import LabServer  # noqa: E402
from albert_np.course.lab.answers import read_request  # noqa: E402
from albert_np.course.lab.server import MOST_BYTES  # noqa: E402
from albert_np.course.reader.numbers import short_numbers  # noqa: E402
from albert_np.functional import layer_norm_backward, layer_norm_forward  # noqa: E402

INPUTS = {"x": np.zeros((1, 4)), "ids": np.zeros(2, int), "keep": np.zeros(2, bool),
          "loss": np.array(1.0)}
FILE = "functional/layer_norm.py"
FAULT = "layer_norm_inv_std_forgotten"


@pytest.fixture(scope="module")
def lab():
    with LabServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(lab, method="GET", name="", body=None, token=None, **headers):
    """The status and the text of an answer."""
    connection = http.client.HTTPConnection(lab.host, timeout=20)
    headers = {"Content-Type": "application/json"} | {
        key.replace("_", "-"): value for key, value in headers.items()}
    path = f"/{lab.token if token is None else token}/{name}"
    connection.request(method, path, body if body is None else body.encode(), headers)
    reply = connection.getresponse()
    return reply.status, reply.read().decode()


def sent(numbers, fault=None):
    return json.dumps({"numbers": numbers, "fault": fault})


# ---- answers -------------------------------------------------------------------------------------

def test_every_line_and_the_gradient_check_follow_the_numbers(lab):
    status, text = ask(lab, "POST", "layer_norm", sent({"dy": [0, 0, 0, 4]}, FAULT))
    answer = json.loads(text)
    assert status == 200 and len(answer["runs"]) == len(answer["faults"]) == 1
    shown = " ".join(answer["runs"][0]["values"].values())
    assert ">0 0 −1 1<" in shown and ">2 −2 0 0<" not in shown            # dx
    assert "finds nothing wrong" in answer["runs"][0]["check"]
    fault = answer["faults"][0]
    assert "for x[0, 2] backward says −2, forward passes say −1" in fault["said"]
    assert "<ins>0 0 −2 2</ins>" in " ".join(fault["changed"].values())


def test_the_list_and_the_pages(lab):
    status, text = ask(lab)
    assert status == 200 and 'href="layer_norm.html"' in text
    status, text = ask(lab, name="layer_norm.html")
    data = json.loads(text.split('id="data">')[1].split("</script>")[0])
    assert status == 200 and data["inputs"]["dy"] == {"shape": [1, 4], "numbers": [4, 0, 0, 0]}
    assert FAULT in [one["fault"] for one in data["faults"]]
    assert ask(lab, name="lab.js")[0] == ask(lab, name="reader.css")[0] == 200
    assert ask(lab, name="../setup.cfg")[0] == ask(lab, name="nope.html")[0] == 404


# ---- refusals ------------------------------------------------------------------------------------

@pytest.mark.parametrize("headers", [
    {"token": "guess"}, {"token": ""}, {"token": "%C3%A9"},
    {"Host": "localhost"}, {"Host": "evil.example"}, {"Origin": "http://evil.example"},
    {"Origin": "null"}])
def test_only_this_page_may_ask(lab, headers):
    for method, name, body in (("GET", "index.html", None), ("POST", "layer_norm", sent({}))):
        status, text = ask(lab, method, name, body, **headers)
        assert status == 403 and text.count(".") == 1
    own = {"Origin": f"http://{lab.host}"}
    assert ask(lab, "POST", "layer_norm", sent({}), **own)[0] == 200


def test_bodies_that_are_too_long_or_of_another_kind(lab):
    status, text = ask(lab, "POST", "layer_norm", sent({"x": [0] * 1_000_000}))
    assert status == 413 and f"at most {MOST_BYTES:,}" in text
    assert ask(lab, "POST", "layer_norm", sent({}), Content_Type="text/plain")[0] == 415
    assert ask(lab, "POST", "layer_norm", sent({}), Content_Length="-1")[0] == 411
    assert ask(lab, "POST", "nope", sent({}))[0] == 404
    assert ask(lab, "POST", "layer_norm", sent({"x": [1, 2]})) == (
        400, "x has 2 numbers; its shape (1, 4) needs 4")


@pytest.mark.parametrize("body, words", [
    ('{"numbers": {"x": [0, NaN, 0, 0]}, "fault": null}', r"x\[0, 1\] is not a finite number"),
    ('{"numbers": {"x": [0, 0, 0, -1e999]}, "fault": null}', r"x\[0, 3\] is not a finite number"),
    (sent({"x": [0, 0, 10**400, 0]}), r"x\[0, 2\] is not a finite number"),
    (sent({"x": [None, 0, 0, 0]}), r"x\[0, 0\] is not a finite number"),
    (sent({"x": ["__import__('os')", 0, 0, 0]}), r"x\[0, 0\] is not a finite number"),
    (sent({"x": [True, 0, 0, 0]}), r"x\[0, 0\] is not a finite number"),
    (sent({"x": [[0, 0, 0, 0]]}), r"x has 1 number; its shape \(1, 4\) needs 4"),
    (sent({"x": [0] * 1_000_000}), r"x has 1,000,000 numbers; its shape \(1, 4\) needs 4"),
    (sent({"x": "1 2 3 4"}), "x has no list of numbers"),
    (sent({"loss": [float("inf")]}), "^loss is not a finite number"),
    (sent({"ids": [0, 1.5]}), r"ids\[1\] is 1.5; it must be a whole number"),
    (sent({"ids": [0, 1e12]}), r"ids\[1\] is 1e\+12; it must be a whole number below 2\^31"),
    (sent({"keep": [0, 2]}), r"keep\[1\] is 2; it must be 0 or 1"),
    (sent({"y": [1]}), "no input 'y'; its inputs are x, ids"),
    (sent({}, "print(1)"), r"no planted fault 'print\(1\)' in functional/layer_norm.py"),
    (sent({}, "softmax_without_row_sum"), "no planted fault 'softmax_without_row_sum'"),
    (sent({}, ["a"]), r"no planted fault \['a'\]"),
    ("[" * 100_000, "not JSON"), ("x = 1", "not JSON"), ("[]", "the request must be"),
    ('{"numbers": {}}', "the request must be"), ("\u00e9", "the request is not JSON")])
def test_only_numbers_and_names_of_faults_are_taken(body, words):
    with pytest.raises(ValueError, match=words) as error:
        read_request(body.encode("latin-1"), INPUTS, FILE)
    assert "\n" not in str(error.value) and len(str(error.value)) < 120


def test_numbers_get_the_shape_and_the_dtype_of_the_example():
    numbers, fault = read_request(sent({"x": [1, 2, 3, 4], "ids": [1, 2.0], "keep": [1, 0],
                                        "loss": [3]}, FAULT).encode(), INPUTS, FILE)
    assert fault.name == FAULT
    assert {name: (array.tolist(), array.dtype) for name, array in numbers.items()} == {
        "x": ([[1, 2, 3, 4]], float), "ids": ([1, 2], int), "keep": ([True, False], bool),
        "loss": (3, float)}


# ---- the command ---------------------------------------------------------------------------------

def test_the_command_opens_the_browser_and_ends_with_control_c(monkeypatch, capsys):
    opened = []

    def interrupted(server):
        raise KeyboardInterrupt

    monkeypatch.setattr(LabServer, "serve_forever", interrupted)
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert main(["lab", "layer_norm"]) == main(["lab", "--no-browser"]) == 0
    said = capsys.readouterr().out
    assert len(opened) == 1 and opened[0].endswith("/layer_norm.html") and opened[0] in said
    assert said.count("http://127.0.0.1:") == said.count("The lab has ended.") == 2


@pytest.mark.parametrize("options, words", [
    (["--port", "70000"], "--port is 70000; it must be a number from 0 to 65535"),
    (["layernorm"], "there is no page 'layernorm'; the pages are relu, tanh")])
def test_the_command_refuses(options, words, capsys):
    assert main(["lab", "--no-browser", *options]) == 2
    assert words in capsys.readouterr().err


def test_a_port_in_use_is_named(lab, capsys):
    port = str(lab.server_address[1])
    assert main(["lab", "--no-browser", "--port", port]) == 2
    assert f"port {port} cannot be used" in capsys.readouterr().err


# ---- the page ------------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.skipif(find_browser() is None, reason="no Chromium is installed")
def test_typing_another_dy_and_planting_a_fault(lab, tmp_path):
    for end in ("html", "js"):                             # the test's own page, from the lab
        lab.answers.files[f"wrapper_1366.{end}"] = tmp_path / f"wrapper_1366.{end}"
    [found], console = ask_browser(tmp_path, [f"{lab.address}layer_norm.html"], """
        const all = (selector) => Array.from(document.querySelectorAll(selector));
        const settled = async (test) => {
            for (let i = 0; i < 400 && !test(); i++)
                await new Promise((wake) => window.setTimeout(wake, 25));
        };
        const row = all(".row").find((one) => /^dx \\*= inv_std$/.test(
            one.querySelector(".src").textContent.trim()));
        const dx = () => row.querySelector(".vals .num, .vals ins").textContent;
        const type = (name, text) => {
            const field = document.querySelector('[aria-label="' + name + '"]');
            field.value = text;
            field.dispatchEvent(new window.Event("input", { bubbles: true }));
        };
        const verdict = () => document.querySelector("#verdict .verdict").textContent;
        const refused = () => document.getElementById("refused").textContent;
        const result = { before: [dx(), verdict()] };
        type("dy[0, 0]", "1"); type("dy[0, 2]", "-3"); type("x[0, 3]", "9");
        await settled(() => dx() !== result.before[0]);
        result.typed = [dx(), verdict()];
        const forget = all(".forget").find((one) => /inv std/.test(one.textContent));
        forget.click();
        await settled(() => /fails/.test(verdict()));
        result.planted = [dx(), verdict()];
        type("dy[0, 0]", "nan");
        await settled(refused);
        const isOld = () => document.body.classList.contains("old");
        result.refused = [refused(), isOld()];
        type("dy[0, 0]", "1");
        await settled(() => !refused());
        result.taken = isOld();
        forget.click();
        await settled(() => !/fails/.test(verdict()));
        result.after = [dx(), verdict()];
        return result;""", 1366, home=lab.address)
    assert [line for line in console if "400" not in line] == []     # the answer to nan
    x, dy = np.array([[1.0, 1, 5, 9]]), np.array([[1.0, 0, -3, 0]])
    _, cache = layer_norm_forward(x, np.array([2.0, 1, 1, 1]), np.zeros(4), eps=0.0)
    dx, _, _ = layer_norm_backward(dy, cache)
    right = [short_numbers(dx), "The gradient check of these numbers finds nothing wrong."]
    assert found["before"] == ["2 −2 0 0", right[1]]
    assert found["typed"] == found["after"] == right
    assert found["planted"][0] == short_numbers(dx * x.std())
    assert "check of these numbers fails: for x[0, " in found["planted"][1]
    assert found["refused"] == ["dy[0, 0] is not a finite number. The lines still show the numbers "
                                "from before.", True] and found["taken"] is False
