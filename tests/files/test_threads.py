"""One thread for each matrix product while several workers compute; afterwards as before."""

import pytest

from albert_np.commands.cli import main
from albert_np.files.threads import one_thread_each
from albert_np.pretraining import pretrain
from albert_np.pretraining.ablation.run import ablate

threadpoolctl = pytest.importorskip("threadpoolctl")
SMALL = dict(vocab_size=45, batch_size=4, data=dict(max_seq_length=16), steps=1,
             config=dict(hidden_size=16, embedding_size=8, num_attention_heads=2,
                         intermediate_size=20), progress=False)


def threads():
    """How many each matrix product has, by every library that is loaded."""
    return {library["num_threads"] for library in threadpoolctl.threadpool_info()
            if library["user_api"] == "blas"}


@pytest.fixture
def three():
    """As on a machine with three cores."""
    with threadpoolctl.threadpool_limits(3, user_api="blas"):
        if threads() != {3}:
            pytest.skip("no library of matrix products whose threads can be set")
        yield


@pytest.fixture
def during(monkeypatch):
    """Has a function of a module note how many threads there are whenever it is called."""
    def watch(module, name):
        real, noted = getattr(module, name), []

        def noting(*arguments, **options):
            noted.append(threads())
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, noting)
        return noted
    return watch


def test_one_thread_within_and_as_many_as_before_after_an_exception(three):
    with pytest.raises(KeyError), one_thread_each():
        assert threads() == {1}
        raise KeyError
    assert threads() == {3}


def test_pretraining(three, during, corpus, tmp_path):
    from albert_np.pretraining import run

    noted = during(run, "train")
    pretrain(tmp_path, corpus, **SMALL)
    assert noted == [{1}] and threads() == {3}


def test_ablations(three, during, corpus, tmp_path):
    from albert_np.pretraining.ablation import run

    noted = during(run, "train"), during(run, "evaluate")
    ablate("lambda", tmp_path, corpus, seeds=1, processes=1, **SMALL)
    assert noted == ([{1}] * 5, [{1}] * 5) and threads() == {3}


def test_fine_tuning_and_predicting(three, during, tmp_path):
    pytest.importorskip("sklearn")
    from albert_np.tasks.finetuning import finetune, run
    from albert_np.tasks.finetuning.recipes import classification

    (tmp_path / "data").mkdir()
    for part in ("train", "dev", "test"):
        rows = [f"{word} {part} {i}\t{label}" for i in range(9)
                for word, label in (("good", "yes"), ("bad", "no"))]
        (tmp_path / f"data/{part}.tsv").write_text("\n".join(rows) + "\n")
    noted = during(run, "train_epochs"), during(classification, "predict")
    finetune("classification", tmp_path / "run", data=tmp_path / "data", epochs=1,
             vocab_size=33, config=SMALL["config"], progress=False)
    assert noted[0] == [{1}] and set(map(frozenset, noted[1])) == {frozenset({1})}
    noted[1].clear()
    assert main(["predict", str(tmp_path / "run"), "good", "--quiet"]) == 0
    assert noted[1] == [{1}]
