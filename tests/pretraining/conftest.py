"""What the tests of pretraining share: a run to compare with."""

import pytest

from albert_np.pretraining import pretrain


@pytest.fixture(scope="session")
def undisturbed(corpus, tmp_path_factory):
    """The folder of a run of one process and two threads that nothing interrupted."""
    from test_resume import OPTIONS

    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    pretrain(folder, corpus, **OPTIONS, progress=False)
    return folder
