"""Ask a headless Chromium what it sees on a page, without a net and without other packages.

A page is put into a frame of the wanted width. A script runs in it when it has loaded, and what it
returns, at once or by a promise, comes back as JSON. ``apt install chromium`` installs the browser
on Debian.
"""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--allow-file-access-from-files",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
         "--enable-logging=stderr", "--virtual-time-budget=60000", "--dump-dom")
WRAPPER = """<!doctype html><body>
<iframe id="frame" width="%(width)d" height="%(height)d" frameborder="0"></iframe>
<script src="%(name)s.js"></script>"""
SCRIPT = """const frame = document.getElementById("frame"), pages = %(pages)s, results = [];
function load(number) {
  if (number === pages.length) {
    const end = document.createElement("pre");
    end.id = "results";
    end.textContent = JSON.stringify(results);
    document.body.appendChild(end);
    return;
  }
  frame.onload = async () => {
    const window = frame.contentWindow, document = window.document;
    try {
      results.push(await (async function () { %(script)s })());
    } catch (error) {
      results.push(String(error));
    }
    load(number + 1);
  };
  const [path, place] = pages[number].split("#");      // another place alone would not load it
  frame.src = path + "?" + number + (place ? "#" + place : "");
}
load(0);
"""


def find_browser():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def ask_browser(folder, addresses, script, width, height=768, home=None):
    """Load pages one after the other and run a script in each.

    Parameters
    ----------
    folder : Path
        A scratch folder.
    addresses : list of str
        Addresses of pages, perhaps with a place in them such as ``#LN.5``.
    script : str
        The body of a JavaScript function that sees ``window`` and ``document`` of the page.
    width, height : int
        Of the frame, in pixels.
    home : str, optional
        The address under which a server has the files of the folder, if it has the pages, too.

    Returns
    -------
    (list, list of str)
        What the script returned for each page, and what was written to the browser's console.
    """
    folder = Path(folder)
    words = {"width": width, "height": height, "script": script, "pages": json.dumps(addresses),
             "name": f"wrapper_{width}"}
    for end, text in (("html", WRAPPER), ("js", SCRIPT)):
        (folder / f"wrapper_{width}.{end}").write_text(text % words, encoding="utf-8")
    home = home or f"{folder.resolve().as_uri()}/"
    done = subprocess.run(
        [find_browser(), *FLAGS, f"--window-size={width + 20},{height + 20}",
         f"--user-data-dir={folder / 'profile'}", f"{home}wrapper_{width}.html"],
        capture_output=True, text=True, timeout=300, check=True)
    found = re.search(r'<pre id="results">(.*?)</pre>', done.stdout, re.DOTALL)
    if found is None:
        raise RuntimeError(f"the pages did not load: {done.stderr[-500:]}")
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(found[1])), console
