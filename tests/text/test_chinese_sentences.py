"""Sentences and layouts of texts in Chinese and Japanese."""

import pytest

from albert_np.text import guess_layout, read_corpus, split_documents, split_sentences
from albert_np.text.corpus.blocks import ANYWHERE
from albert_np.text.scripts import is_chinese


@pytest.mark.parametrize("text, sentences", [
    ("天气很好。走吧！去哪儿？不知道……走", ["天气很好。", "走吧！", "去哪儿？", "不知道……", "走"]),
    ("他说：“走吧。”她笑了。", ["他说：“走吧。”", "她笑了。"]),
    ("（新华社电。）『好！』》【完。】好", ["（新华社电。）", "『好！』》", "【完。】", "好"]),
    ("「行こう。」と言った。そうだ｡本当か？！はい．３．５です",
     ["「行こう。」", "と言った。", "そうだ｡", "本当か？！", "はい．", "３．５です"]),
    ("质量好!真的?Yes!不过…还行", ["质量好!", "真的?", "Yes!", "不过…", "还行"]),
    ("电影《你好，李焕英！》，很好。“来！”，他说。", [
        "电影《你好，李焕英！》，很好。", "“来！”，他说。"]),
    ('他说"你好。"走了。"再见！"他又说。', ['他说"你好。"', "走了。", '"再见！"', "他又说。"]),
    ("我用 NumPy 2.0。 Mr. Smith came. He left. 他走了。", [
        "我用 NumPy 2.0。", "Mr. Smith came.", "He left. 他走了。"]),
    ("一行没有写\n完。\n\u3000\u3000第二段。a\nb", ["一行没有写完。", "第二段。", "a b"]),
    ("甲；乙。", ["甲；乙。"]),
])
def test_sentences_end_at_their_own_signs(text, sentences):
    assert split_sentences(text) == sentences


def test_a_semicolon_ends_a_clause_where_asked(tmp_path):
    assert split_sentences("甲；乙;丙，丁。a; B", clauses=True) == [
        "甲；", "乙;", "丙，丁。", "a; B"]
    (tmp_path / "a.txt").write_text("甲；乙。丙。", encoding="utf-8")
    assert read_corpus(tmp_path / "a.txt", "clauses") == [["甲；", "乙。", "丙。"]]
    assert read_corpus(tmp_path / "a.txt", "prose") == [["甲；乙。", "丙。"]]


def test_a_long_row_of_signs_is_no_trouble():
    text = "。" * 100_000 + "好" + "！" * 100_000 + "”" * 100_000 + "，好"
    assert split_sentences(text) == ["。" * 100_000, text[100_000:]]


def test_a_sentence_a_line_is_recognised_whatever_its_punctuation():
    assert guess_layout("今天天气很好\n我们去公园\n\n你呢？\n") == "lines"
    assert guess_layout("今天天气很好。\n我们去公园！\n你说：“走吧。”\n") == "lines"
    assert guess_layout("今天很好。我们去公园！\n你呢？他来了。\n") == "prose"
    prose = "我们的队伍今天到了北京。天气很好，大家都很高兴。"
    assert guess_layout("\n".join((prose * 20)[i:i + 35] for i in range(0, 400, 35))) == "prose"


def test_a_chinese_line_of_running_text_is_a_paragraph(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("春天来了\n朋友们好。新年好。\n我们很高兴。谢谢。\n", encoding="utf-8")
    assert read_corpus(file) == [[
        "春天来了", "朋友们好。", "新年好。", "我们很高兴。", "谢谢。"]]
    file.write_text("朋友们好。新年\n好。我们很高\n兴。谢谢。再见。\n", encoding="utf-8")  # wrapped
    assert read_corpus(file, "prose") == [[
        "朋友们好。", "新年好。", "我们很高兴。", "谢谢。", "再见。"]]


def test_one_sentence_is_told_of_the_layout(tmp_path):
    (tmp_path / "a.txt").write_text("今天天气很好\n我们去公园\n", encoding="utf-8")
    with pytest.raises(ValueError, match="--layout lines"):
        split_documents(read_corpus(tmp_path / "a.txt", "prose"), rng=None)


def test_a_long_text_is_cut_after_a_chinese_sentence():
    text = "走吧。”他说！今天是好日子".encode()
    assert text[:ANYWHERE[0].match(text).end()].decode() == "走吧。”他说！"


def test_which_texts_are_chinese():
    assert is_chinese(["我们用 NumPy 训练模型"]) and is_chinese(["今日はいい天気です"])
    assert not is_chinese(["Beijing (北京)"]) and not is_chinese(["1998"]) and not is_chinese([])
