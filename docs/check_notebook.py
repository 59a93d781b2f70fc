"""Run a downloaded notebook in a fresh folder, as a reader would.

    python docs/check_notebook.py docs/_build/html/_downloads/*/20_looking_inside.ipynb ...

Quick mode where ALBERT_NP_QUICK=1; needs the extra "docs".
"""

import shutil
import sys
import tempfile
from pathlib import Path


def run(notebook):
    """Run every cell; the number of pictures that the notebook shows then.

    Parameters
    ----------
    notebook : Path

    Returns
    -------
    int

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        A cell fails.
    """
    import nbformat
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(notebook, folder))
        cells = nbformat.read(copy, as_version=4)
        NotebookClient(cells, timeout=600, kernel_name="python3",
                       resources={"metadata": {"path": folder}}).execute()
        outputs = [output for cell in cells.cells for output in cell.get("outputs", [])]
        return sum("image/png" in output.get("data", {}) for output in outputs)


def main():
    if len(sys.argv) < 2:
        print("Name a notebook, or several.", file=sys.stderr)
        return 2
    for notebook in map(Path, sys.argv[1:]):
        print(f"{notebook.name}: runs, {run(notebook)} pictures", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
