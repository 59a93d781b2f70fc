"""A student's workspace: a folder with one file for every module that has an exercise in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ... import __version__
from ...files import read_text, write_together
from ..checking.verdict import no_points
from ..exercises import OPEN_EXERCISES, UNITS, exercises_of_units
from ..trials.random_inputs import check_sizes
from .empty_functions import emptied_modules
from .pages import CONFTEST, TEST_FILE, open_page, readme

SETTINGS = "course.json"


@dataclass(frozen=True)
class Workspace:
    """A workspace as its settings describe it.

    Attributes
    ----------
    folder : Path
    units : list of int
    hints : str
    seed : int
        Of the visible checks' inputs and their sizes.
    sizes : dict of str to int, or None
        Letters whose sizes are fixed.
    """

    folder: Path
    units: list
    hints: str
    seed: int
    sizes: dict | None = None

    @property
    def exercises(self):
        """The exercises of its units, in their order."""
        return exercises_of_units(self.units)

    def check(self, exercise, sandbox, seed=None):
        """Check one exercise.

        Parameters
        ----------
        exercise : Exercise
        sandbox : Sandbox
            Without a cage.
        seed : int, optional
            In place of that of the workspace.

        Returns
        -------
        Verdict
        """
        path = self.folder / exercise.module
        try:
            read_text(path)
        except FileNotFoundError:
            return no_points(exercise, "missing", f"There is no file {path}.")
        except ValueError as error:
            return no_points(exercise, "error", str(error))
        return sandbox.check(exercise, self.folder, self.seed if seed is None else seed, self.sizes)


def make_workspace(folder, units=None, hints="shapes", seed=0):
    """Write a workspace.

    Parameters
    ----------
    folder : str or Path
        Made if it does not exist.
    units : sequence of int, optional
        None takes all.
    hints : {"none", "shapes", "steps"}
        See :func:`~albert_np.course.workspace.empty_functions.emptied`.
    seed : int

    Returns
    -------
    Workspace

    Raises
    ------
    ValueError
        The folder holds something already.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} exists and is not empty; name a folder that does not exist, "
                         f"so that nobody's work is overwritten.")
    workspace = Workspace(folder, sorted(units or [unit.number for unit in UNITS]), hints, seed)
    files = emptied_modules(workspace.exercises, hints)
    for exercise in OPEN_EXERCISES:
        if exercise.unit in workspace.units:
            files[f"open/unit_{exercise.unit}.md"] = open_page(exercise)
    settings = {"albert_np": __version__, "units": workspace.units, "hints": hints, "seed": seed,
                "sizes": None}
    files |= {"README.md": readme(workspace), "conftest.py": CONFTEST,
              "test_exercises.py": TEST_FILE, SETTINGS: json.dumps(settings, indent=2) + "\n"}
    write_together({folder / name: text.encode() for name, text in files.items()})
    return workspace


def open_workspace(folder="."):
    """The workspace in a folder.

    Raises
    ------
    FileNotFoundError
        There is none.
    ValueError
        Its settings cannot be read.
    """
    folder = Path(folder)
    if not (folder / SETTINGS).is_file():
        raise FileNotFoundError(f"There is no {SETTINGS} in {folder.resolve()}; change into the "
                                f"folder that `albert-np course new` made.")
    try:
        settings = json.loads(read_text(folder / SETTINGS))
        units, hints = settings["units"], str(settings["hints"])
        seed, sizes = settings["seed"], settings.get("sizes")
        if not (isinstance(units, list) and units and all(isinstance(u, int) for u in units)
                and isinstance(seed, int) and (sizes is None or isinstance(sizes, dict))):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{folder / SETTINGS} is not as `albert-np course new` writes it: it "
                         f'needs "units" (a list of numbers), "hints", "seed" (a number) and '
                         f'"sizes" (null, or letters with their sizes).') from None
    return Workspace(folder, units, hints, seed, check_sizes(sizes) or None)
