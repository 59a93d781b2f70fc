"""What all tests share: numbers that are the same on every run."""

import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def rng():
    """A random generator with a fixed seed."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def data_folder():
    """The folder of real data named by ALBERT_NP_DATA; tests that need it are skipped without."""
    folder = os.environ.get("ALBERT_NP_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("ALBERT_NP_DATA does not name a folder")
    return Path(folder)


def pytest_collection_modifyitems(config, items):
    """Leave out what takes minutes, unless it is asked for: ``pytest -m thorough``."""
    if "thorough" in (config.option.markexpr or ""):
        return
    skip = pytest.mark.skip(reason="takes minutes; ask for it with -m thorough")
    for item in items:
        if "thorough" in item.keywords:
            item.add_marker(skip)
