"""Spaces as they are written, and the points that are drawn from them."""

import argparse

import numpy as np
import pytest

from albert_np.tasks.search import Option, options_of, read_space
from albert_np.tasks.search.points import distributions, draw, number_of_trials

optuna = pytest.importorskip("optuna")



def draw_trials(axes, method="random", trials=None, seed=0):
    points = []
    for number in range(1, number_of_trials(axes, method, trials, seed) + 1):
        points.append(draw(number, axes, method, seed, points))
    return points


LOWER = Option("lower", bool, None, "--no-lower")
RATE = Option("learning-rate", float)
OPTIONS = {"learning-rate": RATE, "lr": RATE, "layers": Option("layers", int),
           "data": Option("data"), "lower": LOWER,
           "sharing": Option("sharing", str, ("all", "none"))}


def read(word, method="random"):
    return read_space([word], OPTIONS, method)[0]


# ---- reading -------------------------------------------------------------------------------------

@pytest.mark.parametrize("word, values", [
    ("layers=3,1", (3, 1)), ("lr=1e-3", (0.001,)), ("lr= 1e-3 , 2", (0.001, 2.0)),
    ("sharing=none,all", ("none", "all")), ("lower=on,off", (True, False)),
    ("data=../a,../b", ("../a", "../b")), ("--layers=4", (4,)), ("lay=4", (4,)),
    ("lr=0..1:3", (0.0, 0.5, 1.0)), ("layers=2..8:3", (2, 5, 8)),
    ("lr=1e-5..1e-3:log:3", (1e-5, 1e-4, 1e-3)), ("lr=1e-5..1e-3:3:log", (1e-5, 1e-4, 1e-3)),
    ("layers=1..16:log:5", (1, 2, 4, 8, 16))])
def test_a_list_or_a_range_with_a_count_has_values(word, values):
    axis = read(word, "grid")
    assert axis.values == values
    assert [type(value) for value in axis.values] == [type(value) for value in values]


def test_a_range_has_two_ends():
    axis = read("lr=-0.5..1.5")
    assert (axis.values, axis.low, axis.high, axis.log) == (None, -0.5, 1.5, False)
    axis = read("layers=1..12:log")
    assert (axis.values, axis.low, axis.high, axis.log) == (None, 1, 12, True)
    assert read("learn=1..2").option is RATE          # both names of one option begin like this


@pytest.mark.parametrize("word, method, said", [
    ("lr", "random", "write NAME=VALUES"),
    ("=3", "random", "write NAME=VALUES"),
    ("lr=", "random", "there are no values behind the ="),
    ("lr= ", "random", "there are no values behind the ="),
    ("learning-rat3=1", "random", "no option --learning-rat3 to search; --learning-rate is one."),
    ("warmth=1", "random", "no option --warmth to search; there are data, layers, "),
    ("l=1", "random", "--l could be --learning-rate or --lr or --layers or --lower."),
    ("lr=1e-3..1e-5", "random", "the range runs downwards; write 1e-5..1e-3."),
    ("lr=0.1..0.1", "random", "both ends of the range are 0.1; write lr=0.1."),
    ("lr=0..1:log", "random", "a range with :log begins above 0, not at 0.0."),
    ("lr=-1..1:log", "random", "a range with :log begins above 0, not at -1.0."),
    ("lr=1..", "random", "a range has two ends"),
    ("lr=..1", "random", "a range has two ends"),
    ("lr=..", "random", "a range has two ends"),
    ("lr=1..2..3", "random", "'2..3' is not a number"),
    ("lr=1..x", "random", "'x' is not a number that --learning-rate could have."),
    ("lr=1e-5..inf", "random", "inf is not a finite number."),
    ("lr=nan", "random", "nan is not a finite number."),
    ("lr=-1e301,1", "random", "-1e301 is too large."),
    ("lr=-1e299..1e299", "random", "the ends of a range lie between -2**53 and 2**53"),
    ("layers=0..99999999999999999999:5", "grid", "the ends of a range lie between -2**53 and "),
    ("lr=1..2:lin", "random", "not in :lin."),
    ("lr=1..2:log:log", "random", "not in :log."),
    ("lr=1..2:5:5", "random", "not in :5."),
    ("lr=1..2:-5", "random", "not in :-5."),
    ("lr=1..2:", "random", "not in :."),
    ("lr=1..2:1", "random", "the count of a range is between 2 and 1000, not 1."),
    ("lr=1..2:1001", "random", "the count of a range is between 2 and 1000, not 1001."),
    ("lr=1,2:log", "random", "'2:log' is not a number that --learning-rate could have; :log goes"),
    ("layers=1.5,2", "random", "'1.5' is not a whole number that --layers could have."),
    ("layers=1..2.5", "random", "'2.5' is not a whole number that --layers could have."),
    ("layers=1..3:4", "random", "there are not 4 different values"),
    ("layers=1,,2", "random", "a value is missing beside a comma."),
    ("layers=1,2,", "random", "a value is missing beside a comma."),
    ("lr=1e-3,0.001", "random", "the value 0.001 is there twice."),
    ("lower=yes", "random", "'yes' is neither on nor off."),
    ("sharing=all,some", "random", "'some' is none of all, none."),
    ("lr=1e-5..1e-3:log", "grid", "a grid needs a list, or a range with a count such as "
                                  "1e-5..1e-3:log:5."),
])
def test_a_bad_space_gets_its_sentence(word, method, said):
    with pytest.raises(ValueError) as error:
        read_space(["layers=1,2", word] if "layers" not in word else [word], OPTIONS, method)
    message = str(error.value)
    assert message.startswith(f"--space {word}: ") and said in message and "\n" not in message


def test_the_same_option_under_two_names_is_there_twice():
    with pytest.raises(ValueError, match="--space lr=1,2: --learning-rate is there twice."):
        read_space(["learning-rate=3", "lr=1,2"], OPTIONS)


def test_an_empty_space():
    with pytest.raises(ValueError, match="--space is empty"):
        read_space([], OPTIONS)


# ---- drawing -------------------------------------------------------------------------------------

def test_a_grid_has_every_combination_once():
    axes = read_space(["layers=2,1", "sharing=all,none", "lr=0..1:3"], OPTIONS, "grid")
    points = draw_trials(axes, "grid")
    assert {tuple(point.items()) for point in points} == {
        (("layers", a), ("sharing", b), ("lr", c))
        for a in (2, 1) for b in ("all", "none") for c in (0.0, 0.5, 1.0)}
    assert len(points) == 12


def test_the_same_seed_draws_the_same_points_and_more_of_them_begin_alike():
    axes = read_space(["lr=1e-5..1e-3:log", "layers=1..12", "sharing=all,none"], OPTIONS)
    points = draw_trials(axes, trials=20, seed=1)
    assert points == draw_trials(axes, trials=20, seed=1) == draw_trials(axes, seed=1)
    assert points == draw_trials(axes, trials=50, seed=1)[:20]
    assert points != draw_trials(axes, trials=20, seed=2)
    assert list(points[0]) == ["lr", "layers", "sharing"]


@pytest.mark.parametrize("word, median, kind", [
    ("lr=1e-5..1e-3:log", 1e-4, float), ("lr=0..0.2", 0.1, float), ("lr=-3..1", -1, float)])
def test_half_of_the_draws_lie_below_the_middle(word, median, kind):
    axis = read(word)
    values = np.array([point["lr"] for point in draw_trials([axis], trials=1000)])
    assert axis.low <= values.min() and values.max() <= axis.high
    assert abs((values < median).mean() - 0.5) < 4 * 0.5 / 1000**0.5      # four deviations
    # and they come near the ends
    assert (values < axis.low + 0.01 * (axis.high - axis.low)).any() or axis.log
    assert (values > axis.low + 0.95 * (axis.high - axis.low)).any()


def test_whole_numbers_have_both_ends_and_each_only_once():
    assert sorted(point["layers"] for point in draw_trials([read("layers=3..7")], trials=20)) \
        == [3, 4, 5, 6, 7]
    assert sorted(point["layers"] for point in draw_trials([read("layers=1..4:log")], trials=20)) \
        == [1, 2, 3, 4]


def test_whole_numbers_of_a_log_range_are_rarer_the_larger_they_are():
    axes = read_space(["layers=1..7:log", "lr=0..1"], OPTIONS)       # lr: no two points alike
    values = np.array([point["layers"] for point in draw_trials(axes, trials=1000)])
    for k in range(1, 8):
        share = np.log((k + 0.5) / (k - 0.5)) / np.log(15)           # rounded from 0.5 .. 7.5
        assert abs((values == k).mean() - share) < 4 * (share * (1 - share) / 1000) ** 0.5


def test_drawn_numbers_are_short_and_survive_a_round_trip():
    for point in draw_trials([read("lr=1.23456e-5..1.23457e-5")], trials=3):
        assert 1.23456e-5 <= point["lr"] <= 1.23457e-5
    for point in draw_trials([read("lr=1e-5..1e-3:log")], trials=30):
        assert float(f"{point['lr']:.4g}") == point["lr"]


def test_lists_alone_are_drawn_without_repetition():
    axes = read_space(["layers=1,2,3", "sharing=all,none"], OPTIONS)
    points = draw_trials(axes, trials=50)
    assert len(points) == len({tuple(point.values()) for point in points}) == 6
    assert len(draw_trials(axes, trials=4)) == 4


@pytest.mark.parametrize("word", ["layers=1..6", "layers=1,2,3,4,5,6"])
def test_tpe_repeats_no_point_while_there_are_others(word):
    assert sorted(point["layers"] for point in draw_trials([read(word)], "tpe", 9)) \
        == [1, 2, 3, 4, 5, 6]


def test_tpe_draws_where_trials_did_well():
    axes, history = [read("lr=0..1")], []
    for number in range(1, 61):
        point = draw(number, axes, "tpe", 0, [], history)
        history.append(optuna.trial.create_trial(
            value=-abs(point["lr"] - 0.3), params=point, distributions=distributions(axes)))
    distances = [-trial.value for trial in history]
    # A draw at random is 0.29 away on average.
    assert np.mean(distances[:10]) > 0.2 and np.mean(distances[-30:]) < 0.16
    again = draw(60, axes, "tpe", 0, [], history[:59])
    assert again == history[59].params


@pytest.mark.parametrize("arguments, said", [
    (dict(method="bayes"), "the method is 'bayes'; there are random, grid, tpe"),
    (dict(method="grid", trials=3), "--trials goes with --method random"),
    (dict(trials=0), "--trials is 0; it must be between 1 and 10,000"),
    (dict(trials=10_001), "--trials is 10001; it must be between 1 and 10,000"),
    (dict(seed=-1), "--seed is -1"), (dict(seed=2**32), "--seed is 4294967296"),
])
def test_bad_draws_get_their_sentence(arguments, said):
    with pytest.raises(ValueError, match=said):
        draw_trials([read("layers=1,2")], **arguments)


def test_a_grid_of_a_million_is_refused():
    with pytest.raises(ValueError, match="the grid has 1,000,000 combinations; at most 10,000"):
        draw_trials(read_space(["lr=0..1:1000", "layers=1..1000:1000"], OPTIONS), "grid")


# ---- options -------------------------------------------------------------------------------------

def test_options_are_read_from_a_parser():
    parser = argparse.ArgumentParser()
    parser.add_argument("task")
    parser.add_argument("--learning-rate", "--lr", type=float)
    parser.add_argument("--lower", action=argparse.BooleanOptionalAction)
    parser.add_argument("--frozen", action="store_true")
    parser.add_argument("--no-mapping", action="store_true")
    parser.add_argument("--sharing", choices=["all", "none"])
    parser.add_argument("--data", nargs="+")
    parser.add_argument("--place", nargs=2)
    frozen, mapping = Option("frozen", bool), Option("no-mapping", bool)
    options = options_of(parser)
    assert options.pop("frozen") == frozen and options.pop("no-mapping") == mapping
    assert options == {name: option for name, option in OPTIONS.items() if name != "layers"}


def test_an_option_becomes_words():
    assert RATE.arguments(-0.001) == ["--learning-rate=-0.001"]
    assert LOWER.arguments(True) == ["--lower"] and LOWER.arguments(False) == ["--no-lower"]
    assert Option("frozen", bool).arguments(False) == []
