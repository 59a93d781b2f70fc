"""Tasks in Chinese: scores over characters, baselines, tags of characters."""

import numpy as np
import pytest

from albert_np.tasks import baselines, metrics
from albert_np.tasks.datasets import Answer, Choice, Classification, Question, Tagged
from albert_np.tasks.datasets.words import in_characters
from albert_np.tasks.finetuning import TASKS


# By hand from the official evaluation: the longest stretch of characters that stands in both.
@pytest.mark.parametrize("prediction, answers, exact, f1", [
    ("《红楼梦》", ["红楼梦。"], True, 1),
    ("在北京大学", ["北京大学"], False, 8 / 9),
    ("北大京学", ["北京大学"], False, 2 / 8),                 # SQuAD's rule would count 4 in common
    ("308分", ["308"], False, 2 / 3),
    ("iPhone 4手机", ["IPHONE手机"], False, 4 / 7),
    ("3.5%", ["3.5"], False, 2 / 3),
    ("上海", ["北京", "上海市"], False, 4 / 5),
    ("上海", ["北京"], False, 0),
    ("", [], True, 1),
    ("上海", [], False, 0),
])
def test_chinese_answers(prediction, answers, exact, f1):
    assert metrics.exact_match(prediction, answers, chinese=True) == exact
    assert metrics.overlap_f1(prediction, answers, chinese=True) == pytest.approx(f1)


def test_the_answers_choose_the_rules():
    predictions, answers = ["在北京大学", "1998"], [["北京大学"], ["1998"]]
    assert metrics.answer_scores(predictions, answers)[1].value == pytest.approx((8 / 9 + 1) / 2)
    assert metrics.answer_scores(predictions, answers, chinese=False)[1].value == 0.5
    assert metrics.answer_scores(["a cat"], [["the cat"]])[1].value == 1
    assert metrics.answer_scores(["a cat"], [["the cat"]], chinese=True)[1].value == 0.5
    _, f1 = metrics.best_null_threshold(["在北京大学"], [["北京大学"]], [0.0])
    assert f1 == pytest.approx(8 / 9)
    row = Question("1", "他在北京大学读书。", "他在哪儿？", (Answer("北京大学", 2),))
    found = TASKS["questions"].figures([row], [{"answer": "北京大学。"}], ())
    assert found["exact match"].value == 1


def test_sentence_baselines_split_chinese():
    rows = [Question("1", "今天下雨。猫坐在垫子上。狗在门外。", "猫坐在哪儿？")]
    assert baselines.first_sentences(rows) == ["今天下雨。"]
    assert baselines.overlapping_sentences(rows) == ["猫坐在垫子上。"]


def test_chinese_words_are_characters_in_tfidf():
    pytest.importorskip("sklearn")
    train = [Classification("这本书很好看", label="好"), Classification("东西太差了", label="差"),
             Classification("真的很好", label="好"), Classification("质量很差", label="差")]
    rows = [Classification("非常好看"), Classification("差得很")]
    assert baselines.tfidf_labels(train, rows) == ["好", "差"]
    pairs = [Classification("一只红猫", "一只红猫", 5.0), Classification("猫", "狗", 1.0),
             Classification("那只红狗", "那只红猫", 3.0), Classification("上海", "下雨", 0.0)]
    alike, different = baselines.tfidf_similarity(pairs, [
        Classification("红狗", "红狗"), Classification("红", "狗")])
    assert alike > different
    asked = "他看见了什么？"
    seen = [Choice("", f"汤姆看见了{one}。天黑了。", asked, choices, label)
            for one, choices, label in [("红猫", ("一只红猫", "雨"), 0),
                                        ("绿树", ("狗", "一棵绿树"), 1), ("狗", ("雨", "狗"), 1)]]
    row = Choice("x", "汤姆看见了房子。天黑了。", asked, ("雨", "一座房子"))
    assert baselines.tfidf_choices(seen, [row, seen[0]]) == [1, 0]


def test_entities_are_tagged_character_by_character(tmp_path):
    task, file = TASKS["entities"], tmp_path / "train.conll"
    file.write_text("张小明\tB-nr\n在\tO\n北京\tB-ns\n市\tI-ns\niPhone\tO\n", encoding="utf-8")
    assert task.read(file, {}) == [Tagged(
        ("张", "小", "明", "在", "北", "京", "市", "iPhone"),
        ("B-nr", "I-nr", "I-nr", "O", "B-ns", "I-ns", "I-ns", "O"))]
    assert task.parse("张小明 在北京").words == tuple("张小明在北京")
    assert task.parse({"words": ["张小明", "在"]}) == Tagged(tuple("张小明在"), ())
    assert task.entities_of("张小明在", ["B-nr", "I-nr", "I-nr", "O"])[0]["text"] == "张小明"
    english = Tagged(("New", "York"), ("B-x", "I-x"))
    assert in_characters(english) == english


def test_a_long_answer_is_compared_quickly():
    rng = np.random.default_rng(0)
    first, second = ("".join(rng.choice(list("天地人"), 300)) for _ in range(2))
    longest = max(n for n in range(300) for i in range(301 - n) if first[i:i + n] in second)
    assert metrics.overlap_f1(first, [second], chinese=True) == pytest.approx(longest / 300)
