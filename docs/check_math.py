"""Open built pages in headless Chromium, without a net, and see that MathJax rendered every formula.

    python docs/check_math.py docs/_build/html [PAGE ...]

Needs Chromium (on Debian: ``apt install chromium``). All pages with formulas, or those named.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--allow-file-access-from-files", "--host-resolver-rules=MAP * ~NOTFOUND",
         "--virtual-time-budget=20000", "--dump-dom")
FORMULA = re.compile(r'<(?:span|div) class="math notranslate')


def rendered(chromium, page):
    """The page as the browser sees it once its scripts have run.

    Parameters
    ----------
    chromium : str
    page : Path

    Returns
    -------
    str
        HTML.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        return subprocess.run([chromium, *FLAGS, f"--user-data-dir={profile}",
                               page.resolve().as_uri()], capture_output=True, text=True,
                              timeout=300, check=True).stdout


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if folder is None or not folder.is_dir() or chromium is None:
        print("Name the folder of built pages; Chromium must be installed.", file=sys.stderr)
        return 2
    pages = [folder / name for name in sys.argv[2:]] or sorted(folder.rglob("*.html"))
    wrong = checked = formulas = 0
    for page in pages:
        asked = len(FORMULA.findall(page.read_text(encoding="utf-8")))
        if "_modules" in page.parts or not asked:
            continue
        html = rendered(chromium, page)
        got = html.count("<mjx-container")
        errors = html.count("<mjx-merror") + html.count("data-mjx-error")
        checked, formulas = checked + 1, formulas + got
        if got < asked or errors:
            wrong += 1
            print(f"{page.name}: {asked} formulas, {got} rendered, {errors} with an error",
                  file=sys.stderr)
    print(f"{checked} pages, {formulas} formulas rendered, {wrong} pages with a fault")
    return 1 if wrong or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
