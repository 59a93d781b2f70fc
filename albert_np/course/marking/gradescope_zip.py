"""The zip file that Gradescope wants: set up the image once, mark one submission at a time."""

import io
import zipfile
from pathlib import Path

from ...files import write_whole

PACKAGE = Path(__file__).resolve().parents[2]
REQUIREMENTS = ("numpy>=2.0", "sentencepiece>=0.2.2", "matplotlib>=3.9", "safetensors>=0.6.1",
                "tqdm>=4.60", "threadpoolctl>=3.5")

SETUP = """\
#!/usr/bin/env bash
# Runs once, as root, when the image is built. Choose Ubuntu 22.04 or later as the base image.
set -e
base="${{AUTOGRADER:-/autograder}}"
apt-get update
apt-get install -y python3 python3-venv
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    echo "albert_np needs Python 3.10 or later: choose a newer base image." >&2
    exit 1
fi
python3 -m venv "$base/env"
"$base/env/bin/pip" install --no-cache-dir {requirements}
"""

RUN = """\
#!/usr/bin/env bash
# Runs for every submission, as root, and writes results/results.json.
base="${{AUTOGRADER:-/autograder}}"
chmod -R go-rwx "$base/source"     # it holds the solution, and submissions run as another user
cd "$base" || exit 1
export PYTHONPATH="$base/source"
exec "$base/env/bin/python" -m albert_np course grade submission \\
    --results results/results.json --seed {seed} {options}
"""


def write_autograder(path, seed, options=()):
    """Write Gradescope's autograder zip.

    Parameters
    ----------
    path : str or Path
        Such as "autograder.zip".
    seed : int
        Of the hidden inputs; it stands in the zip file, which students do not see.
    options : sequence of str
        More of ``albert-np course grade``, such as ``("--units", "1-3")``.

    Raises
    ------
    ValueError
        The file cannot be written, or is not named as a zip file.
    """
    path = Path(path)
    if path.suffix != ".zip":
        raise ValueError(f"Gradescope takes a zip file; name it {path.with_suffix('.zip')}.")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "setup.sh", SETUP.format(
            requirements=" ".join(f"'{name}'" for name in REQUIREMENTS)), 0o755)
        _add(archive, "run_autograder", RUN.format(seed=seed, options=" ".join(options)), 0o755)
        for file in sorted(PACKAGE.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                _add(archive, f"{PACKAGE.name}/{file.relative_to(PACKAGE).as_posix()}",
                     file.read_bytes(), 0o644)
    write_whole(path, packed.getvalue())


def _add(archive, name, data, mode):
    entry = zipfile.ZipInfo(name)                    # without the time: the same bytes every time
    entry.external_attr = (0o100000 | mode) << 16
    archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
