"""A column of numbers that name the rows is no column of labels."""

import pytest

from albert_np.tasks.datasets import Classification
from albert_np.tasks.finetuning import TASKS
from albert_np.tasks.finetuning.data import check_labels, load_splits


def write(path, labels):
    path.write_text("".join(f"text {'abcdefghij'[i % 10]} {'klmnopqrst'[i // 10 % 10]}\tid{label}\n"
                            for i, label in enumerate(labels)))
    return path


def test_hardly_any_label_twice_is_asked_about(tmp_path):
    path = write(tmp_path / "rows.tsv", [*range(31), *[0] * 19])
    with pytest.raises(ValueError) as error:
        load_splits(TASKS["classification"], path)
    assert str(error.value) == (f"{path} has 31 different labels in 50 rows: is this the label "
                                f"column? --columns label=NAME names another.")


@pytest.mark.parametrize("labels, rows", [(20, 21), (20, 40), (22, 44)])
def test_so_many_labels_are_labels_and_one_more_is_asked_about(labels, rows):
    """Twenty, and of more than forty rows half as many as rows."""
    check_labels([Classification("text", label=f"{i % labels}") for i in range(rows)], "it")
    with pytest.raises(ValueError, match=f"it has {labels + 1} different labels in {rows} rows"):
        check_labels([Classification("text", label=f"{i % (labels + 1)}") for i in range(rows)],
                     "it")


def test_scores_and_lists_of_labels_may_all_differ():
    check_labels([Classification("text", label=float(i)) for i in range(50)], "it")
    check_labels([Classification("text", label=(f"{i}",)) for i in range(50)], "it")


def test_many_labels_of_many_rows_and_few_labels_of_few_are_labels(tmp_path):
    path = write(tmp_path / "rows.tsv", [i % 25 for i in range(50)])
    with pytest.raises(ValueError, match="stands in no training row"):    # a later check
        load_splits(TASKS["classification"], path)
    for part in ("train", "dev"):
        write(tmp_path / f"{part}.tsv", range(10))
    path.unlink()
    assert len(load_splits(TASKS["classification"], tmp_path).labels) == 10
