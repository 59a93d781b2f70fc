"""Photograph a reader page for README: docs/reader.png.

    python docs/reader_picture.py

The page of layer norm, as a headless Chromium shows it in a window of 1366 pixels.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS)]

from albert_np.course.reader.write import write_pages  # noqa: E402

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         "--force-device-scale-factor=1.5", "--window-size=1366,566")


def main():
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("There is no Chromium; on Debian: apt install chromium")
    with tempfile.TemporaryDirectory() as folder:
        write_pages(folder, ["layer_norm"], False)
        subprocess.run([chromium, *FLAGS, f"--screenshot={DOCS / 'reader.png'}",
                        f"file://{folder}/layer_norm.html"], check=True, capture_output=True)


if __name__ == "__main__":
    main()
