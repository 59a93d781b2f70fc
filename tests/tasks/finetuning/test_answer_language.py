"""The rules that score answers: chosen by the answers or by --language, and written down."""

import json

import pytest

pytest.importorskip("sklearn")

from albert_np.commands.cli import main
from albert_np.tasks import metrics
from albert_np.tasks.datasets import Answer, Question
from albert_np.tasks.finetuning import TASKS, Settings, finetune, read_settings
from albert_np.tasks.finetuning.evaluate import evaluate
from albert_np.tasks.finetuning.recipes import questions
from albert_np.tasks.finetuning.start import from_scratch
from albert_np.text import AlbertTokenizer

TINY = {"hidden_size": 8, "embedding_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 8, "max_position_embeddings": 32}
CHINESE = Question("1", "他在北京大学读书。", "他在哪儿？", (Answer("北京大学", 2),))
ENGLISH = Question("2", "He reads in the old library.", "Where?", (Answer("the old library", 12),))


def write_questions(path, contexts):
    """SQuAD's format; the answer is the first two characters."""
    path.write_text(json.dumps({"data": [{"title": "", "paragraphs": [
        {"context": context, "qas": [{"id": str(i), "question": "谁？", "answers": [
            {"text": context[:2], "answer_start": 0}]}]} for i, context in enumerate(contexts)]}]}),
        encoding="utf-8")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function that makes a run on 20 questions in Chinese; its folder and results."""
    folder = tmp_path_factory.mktemp("language")
    write_questions(folder / "全部.json", [f"小{c}坐在垫子上。大狗看见月亮。" for c in
                                          "猫狗鸟鱼马牛羊鸡鸭鹅虎兔龙蛇猴猪鼠象狼熊"])
    made = {}

    def make(language):
        if language not in made:
            told = {} if language is None else {"language": language}
            made[language] = folder / str(language), finetune(
                "questions", folder / str(language), data=folder / "全部.json", config=TINY,
                vocab_size=45, epochs=1, batch_size=8, progress=False,
                settings={"max_length": 32, **told})
        return made[language]

    return make


def test_the_language_of_the_answers_unless_one_is_told():
    told, open_ = Settings("questions", language="en"), Settings("questions")
    assert questions.language_of([CHINESE], open_) == "zh"
    assert questions.language_of([ENGLISH], open_) == "en"
    assert questions.language_of([CHINESE], told) == "en"
    guess = [{"answer": "北京大学。"}]
    found = {language: questions.figures([CHINESE], guess, (), language=language)["f1"].value
             for language in (None, "zh", "en")}
    assert found == {None: 1, "zh": 1, "en": 0}
    near = questions.figures([ENGLISH], [{"answer": "an old library"}], (), language="zh")
    assert near["f1"].value == pytest.approx(2 / 3) and near["exact match"].value == 0


def test_the_threshold_is_chosen_by_these_rules():
    """Half of an answer in Chinese, nothing in English."""
    impossible = Question("3", "天黑了。", "谁？", (), True)
    rows = [CHINESE, impossible]
    guesses = [{"no_answer": 0.5, "best_answer": "北京", "answer": "北京"},
               {"no_answer": 0.6, "best_answer": "天", "answer": "天"}]
    for language, best in (("zh", (1 / 1.5 + 1) / 2), ("en", 0.5), (None, (1 / 1.5 + 1) / 2)):
        found = questions.figures(rows, guesses, (), language=language)
        assert found["best f1"].value == pytest.approx(best)
        settings, _ = questions.tune(Settings("questions", no_answer=True, language=language),
                                     rows, guesses)
        assert (0.5 < settings.no_answer_threshold < 0.6) == (language != "en")


@pytest.mark.parametrize("language", [None, "en", "zh"])
def test_a_run_writes_the_rules_down_and_scores_by_them(run, language):
    folder, results = run(language)
    rules = language or "zh"
    assert results["languages"] == {"validation": rules, "test": rules}
    assert json.loads((folder / "results.json").read_text())["languages"] == results["languages"]
    assert results["settings"]["language"] == read_settings(folder).language == language
    assert results["options"]["settings"].get("language") == language
    assert "全部.json" in (folder / "results.json").read_text("utf-8")       # not as \u5168...
    for part in ("validation", "test"):
        lines = [json.loads(line) for line in
                 (folder / f"predictions-{part}.jsonl").read_text("utf-8").splitlines()]
        exact, f1 = metrics.answer_scores(
            [line["prediction"]["answer"] for line in lines],
            [[answer["text"] for answer in line["answers"]] for line in lines],
            chinese=rules == "zh")
        assert [results[part][name]["value"] for name in ("exact match", "f1")] == [
            exact.value, f1.value]
    # Of "小猫坐在垫子上" the answer is 2 of 7 characters, but no word.
    assert results["baselines"]["the first sentence"]["f1"]["value"] == pytest.approx(
        {"zh": 4 / 9, "en": 0}[rules])


def test_evaluate_takes_the_rules_of_the_run_or_its_own(run, tmp_path, capsys):
    folder, _ = run("en")
    data = tmp_path / "更多.json"
    write_questions(data, ["小猪坐在垫子上。", "大象走到河边。"])
    found = {}
    for told in (None, "zh"):
        found[told] = evaluate(folder, data, tmp_path / str(told), language=told)
        assert found[told]["language"] == found[told]["settings"]["language"] == (told or "en")
    said = capsys.readouterr().out
    assert "(scored by SQuAD's rules; --language zh takes those of CMRC 2018)" in said
    assert "(scored by the rules of CMRC 2018; --language en takes those of SQuAD)" in said
    assert [found[None]["language"], found["zh"]["language"]] == ["en", "zh"]
    written = (tmp_path / "zh" / "results.json").read_text("utf-8")
    assert json.loads(written)["language"] == "zh" and "更多.json" in written
    assert "小猪坐在垫子上" in (tmp_path / "zh" / "predictions.jsonl").read_text("utf-8")
    free, _ = run(None)
    again = evaluate(free, data, tmp_path / "again", progress=False)
    assert (again["language"], again["settings"]["language"]) == ("zh", None)


def test_a_wrong_language_is_refused_in_a_sentence(run, tmp_path, monkeypatch, capsys):
    folder, _ = run("en")
    monkeypatch.chdir(tmp_path)
    write_questions(tmp_path / "a.json", ["小猫"] * 10)
    wanted = "language is 'fr'; it must be one of en, zh"
    for command, sentence in [
            ("finetune questions --data a.json --language fr", wanted),
            ("finetune classification --data a.tsv --language zh",
             "--language chooses the rules by which answers to questions are scored; the task "
             "classification has no such answers"),
            (f"evaluate {folder} --data a.json --language fr", wanted)]:
        assert main(command.split()) == 2
        told = capsys.readouterr().err
        assert sentence in told and told.count("\n") == 1, told
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_other_models_have_no_such_rules(run, tmp_path):
    folder, _ = run("en")
    tokenizer = AlbertTokenizer.from_pretrained(folder)
    model = from_scratch(TASKS["entities"].MODEL, TINY, tokenizer, {"num_labels": 3}, seed=0)
    model.save_pretrained(tmp_path)
    tokenizer.save(tmp_path)
    with pytest.raises(ValueError, match="--language chooses the rules .* is for the task "
                                         "entities"):
        evaluate(tmp_path, "a.conll", tmp_path / "out", language="zh", progress=False)
