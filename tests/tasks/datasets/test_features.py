"""From rows to what a model reads, and back to words and answers."""

import numpy as np
import pytest

from albert_np.tasks.datasets import (Answer, Choice, Classification, Question, Tagged, fetch_xquad,
                                      tags_of)
from albert_np.tasks.datasets.features import (choice_example, decode_answer, pad_examples,
                                               question_windows, sequence_examples, tag_windows,
                                               tags_of_words)
from albert_np.tasks.datasets.features.questions import answer_pieces
from albert_np.tasks.datasets.features.windows import best_windows, window_spans
from albert_np.text import AlbertTokenizer

LABELS = tags_of(["place", "person"])
WORDS = ("Ann", "came", "to", "the", "Harbour", "of", "Bonn", "in", "1920")
TAGS = ("B-person", "O", "O", "O", "B-place", "I-place", "I-place", "O", "O")
CONTEXT = ("The nine boats came to  the\nHarbour of Bonn in the year 1920, and left again. "
           "Who came to the harbour when the boats had left? Ánn and Bob did.")


# ---------------------------------------------------------------------- windows

def test_windows_cover_a_text_and_every_piece_has_one_home():
    for length in range(40):
        for room, stride in ((7, 3), (7, 7), (7, 20), (5, 1), (50, 10)):
            spans = window_spans(length, room, stride)
            covered = {piece for first, end in spans for piece in range(first, end)}
            assert covered == set(range(length)) and max(e - f for f, e in spans) <= room
            for piece, owner in enumerate(best_windows(spans, length)):
                def context(span):
                    return (min(piece - span[0], span[1] - 1 - piece)
                            + 0.01 * (span[1] - span[0]))
                inside = [span for span in spans if span[0] <= piece < span[1]]
                assert spans[owner] in inside
                assert context(spans[owner]) == pytest.approx(max(map(context, inside)))


# ---------------------------------------------------------------------- tags

def test_the_first_piece_of_a_word_carries_its_label(tokenizer):
    window, = tag_windows(tokenizer, Tagged(WORDS, TAGS), LABELS, max_length=100)
    pieces = tokenizer.convert_ids_to_tokens(window["input_ids"])
    assert pieces[0] == "[CLS]" and pieces[-1] == "[SEP]"
    places = np.flatnonzero(window["word_ids"] >= 0)
    assert window["word_ids"][places].tolist() == list(range(len(WORDS)))
    assert [LABELS[i] for i in window["labels"][places]] == list(TAGS)
    assert (np.delete(window["labels"], places) == -100).all() and len(places) < len(pieces) - 2
    for place, word in zip(places, WORDS):
        expected = tokenizer.tokenize(word)
        assert pieces[place:place + len(expected)] == expected


def test_all_pieces_of_a_word_carry_its_label(tokenizer):
    window, = tag_windows(tokenizer, Tagged(WORDS, TAGS), LABELS, 100, pieces="all")
    expected = [-100]
    for word, tag in zip(WORDS, TAGS):
        inside = tag if tag == "O" else "I-" + tag[2:]
        further = len(tokenizer.tokenize(word)) - 1
        expected += [LABELS.index(tag)] + [LABELS.index(inside)] * further
    assert window["labels"].tolist() == expected + [-100]
    assert "labels" not in tag_windows(tokenizer, Tagged(WORDS, ()), LABELS, 100)[0]


@pytest.mark.parametrize("max_length, stride", [(12, None), (9, 2), (30, 5), (3, None), (20, 100)])
def test_long_sentences_come_back_whole(max_length, stride, tokenizer, rng):
    words = tuple(rng.choice(WORDS, size=50)) + ("supercalifragilisticexpialidocious", "the")
    tags = tuple(LABELS[i] for i in rng.integers(len(LABELS), size=52))
    windows = tag_windows(tokenizer, Tagged(words, tags), LABELS, max_length, stride)
    assert len(windows) > 1 and max(len(w["input_ids"]) for w in windows) <= max_length
    homes = np.concatenate([w["word_ids"][w["word_ids"] >= 0] for w in windows])
    assert sorted(homes) == list(range(52))              # each word counts once
    guesses = [np.where(w["labels"] == -100, 4, w["labels"]) for w in windows]
    assert [LABELS[i] for i in tags_of_words(windows, guesses, 52)] == list(tags)


def test_words_without_a_piece_and_empty_sentences(tokenizer):
    windows = tag_windows(tokenizer, Tagged(("\u0301", "the"), ("B-place", "O")), LABELS, 10)
    assert tags_of_words(windows, [np.full(10, 2)], 2).tolist() == [0, 2]
    window, = tag_windows(tokenizer, Tagged((), ()), LABELS, 10)
    assert tags_of_words([window], [np.zeros(2)], 0).tolist() == []


def test_bad_arguments_for_tags(tokenizer):
    for options, sentence in (({"pieces": "last"}, "must be 'first' or 'all'"),
                              ({"max_length": 2}, "max_length must be at least 3")):
        with pytest.raises(ValueError, match=sentence):
            tag_windows(tokenizer, Tagged(WORDS, TAGS), LABELS, **{"max_length": 9, **options})
    with pytest.raises(ValueError, match="The tag 'B-x' is unknown; the tags are O, B-place"):
        tag_windows(tokenizer, Tagged(("a",), ("B-x",)), LABELS, 9)


# ---------------------------------------------------------------------- questions

def ask(answer, question="Where did the nine boats go?"):
    return Question("1", CONTEXT, question, (Answer(answer, CONTEXT.index(answer)),))


@pytest.mark.parametrize("max_seq_length, doc_stride", [(384, 128), (60, 20), (40, 5)])
@pytest.mark.parametrize("answer", ["Harbour of Bonn", "1920", "The nine", "Ánn and Bob", "did."])
def test_an_answer_is_found_again_as_it_stands_in_the_text(answer, max_seq_length, doc_stride,
                                                           tokenizer):
    row = ask(answer)
    windows = question_windows(tokenizer, row, max_seq_length, doc_stride)
    assert (len(windows) > 1) == (max_seq_length < 100)
    starts, ends, found = [], [], 0
    for window in windows:
        T = len(window["input_ids"])
        assert T <= max_seq_length and window["input_ids"][0] == tokenizer.cls_token_id
        context = (window["p_mask"] == 0) & (np.arange(T) > 0)
        assert (window["token_type_ids"][context] == 1).all()
        assert not window["offsets"][~context].any() and not window["p_mask"][0]
        start, end = np.zeros(T), np.zeros(T)
        start[window["start_positions"]] = end[window["end_positions"]] = 5.0
        if window["is_impossible"]:
            assert window["start_positions"] == window["end_positions"] == 0
        else:
            found += 1
            span = window["offsets"][window["start_positions"]:window["end_positions"] + 1]
            assert CONTEXT[span[0, 0]:span[-1, 1]] == answer
        starts.append(start), ends.append(end)
    assert found
    homes = sum(int(window["max_context"].sum()) for window in windows)
    assert homes == len(tokenizer.tokenize(CONTEXT))         # each piece at home in one window
    guess = decode_answer(row, windows, starts, ends)
    assert guess.text == answer == CONTEXT[guess.start:guess.end] and guess.score == 10


def test_a_long_question_is_cut_and_must_leave_room(tokenizer):
    window = question_windows(tokenizer, ask("1920", "Who? " * 99), 384, max_query_length=8)[0]
    assert np.flatnonzero(window["token_type_ids"])[0] == 10
    with pytest.raises(ValueError, match="leaves no room for a context beside a question of 8"):
        question_windows(tokenizer, ask("1920", "Who? " * 99), 11, max_query_length=8)


def test_which_stretches_count(tokenizer):
    row = ask("1920")
    window, = question_windows(tokenizer, row)
    T = len(window["input_ids"])
    first = int(np.flatnonzero(window["token_type_ids"])[0])
    zeros = np.zeros(T)

    def peak(place, height):
        return np.where(np.arange(T) == place, height, zeros)

    # [SEP], the question and [CLS] never count, nor an end before the start, nor a long stretch.
    for start, end in ((2, 3), (0, 0), (T - 1, T - 1), (first + 5, first + 2), (first, first + 40)):
        guess = decode_answer(row, [window], [peak(start, 9)], [peak(end, 9)])
        assert guess.score <= 9 and guess.text
    guess = decode_answer(row, [window], [peak(first, 9)], [peak(first + 40, 9)],
                          max_answer_length=41)
    assert guess.score == 18
    # Where there is more context elsewhere, an answer may not begin.
    window["max_context"][first] = False
    assert decode_answer(row, [window], [peak(first, 9)], [peak(first + 1, 9)]).score == 9
    # In padding, what stands there is not looked at.
    padded = np.r_[zeros, 99, 99]
    assert decode_answer(row, [window], [padded], [padded]).score == 0


def test_no_answer(tokenizer):
    row = ask("1920")
    windows = question_windows(tokenizer, row, 60, 20)
    starts = [np.where(np.arange(len(w["input_ids"])) == 0, 3.0 + number, 1.0)
              for number, w in enumerate(windows)]
    guess = decode_answer(row, windows, starts, starts)
    assert guess.text and guess.null_score == 6 and guess.score == 2   # the smallest null score
    assert decode_answer(row, windows, starts, starts, null_threshold=3.9).text == ""
    assert decode_answer(row, windows, starts, starts, null_threshold=4.1).text
    scores = [0.5] * len(windows)
    assert decode_answer(row, windows, starts, starts, null_scores=scores).null_score == 0.5
    window = question_windows(tokenizer, Question("1", CONTEXT, "Who?", (), True))[0]
    assert window["is_impossible"] == 1 and window["start_positions"] == 0


def test_ends_that_depend_on_the_start(tokenizer):
    row = ask("1920")
    window, = question_windows(tokenizer, row)
    T, K = len(window["input_ids"]), 3
    first = int(np.flatnonzero(window["token_type_ids"])[0])
    tops, ends = np.array([2, first + 4, first + 1]), np.zeros((K, T))
    starts = np.zeros(T)
    starts[tops] = [9, 2, 1]
    ends[0, 3], ends[1, first + 6], ends[2, first + 6] = 9, 1, 4
    guess = decode_answer(row, [window], [starts], [ends], start_tops=[tops], null_scores=[0])
    assert guess.score == 5 and guess.start == window["offsets"][first + 1, 0]
    assert guess.end == window["offsets"][first + 6, 1]


def test_pieces_that_share_a_character_with_the_answer():
    offsets = np.array([(0, 3), (4, 4), (4, 8), (8, 9), (10, 12)])
    assert answer_pieces(offsets, Answer("xxx", 5)) == (2, 2)
    assert answer_pieces(offsets, Answer("xxxx", 6)) == (2, 3)
    assert answer_pieces(offsets, Answer("x", 3)) is None


# ---------------------------------------------------------------------- sequences and choices

def test_sequences_are_cut_as_the_tokenizer_cuts_them(tokenizer):
    rows = [Classification("The cat sat on the mat.", "It was red.", "yes"),
            Classification("The boats.", "The nine boats came to the harbour of Bonn.", "no"),
            Classification("The cat sat.", None, 2.5)]
    for length in (8, 15, 100):
        first, second, third = sequence_examples(tokenizer, rows, length, ("no", "yes"))
        for row, example in zip(rows, (first, second, third)):
            expected = tokenizer(row.text, row.text_pair, max_length=length)
            for name in expected:
                np.testing.assert_array_equal(example[name], expected[name])
        assert (first["labels"], second["labels"], third["labels"]) == (1, 0, 2.5)
    with pytest.raises(ValueError, match="The label 'yes' is unknown; the labels are no, maybe"):
        sequence_examples(tokenizer, rows, 9, ("no", "maybe"))
    assert "labels" not in sequence_examples(tokenizer, [Classification("a")], 9)[0]


def test_choices(tokenizer):
    row = Choice("1", CONTEXT, "Who left?", ("The nine boats", "Ann"), 1)
    example = choice_example(tokenizer, row, max_length=30)
    assert example["input_ids"].shape == (2, 30) and example["labels"] == 1
    for ids, types, mask, choice in zip(example["input_ids"], example["token_type_ids"],
                                        example["attention_mask"], row.choices):
        question = tokenizer.encode_batch([f"Who left? {choice}"])[0]
        room = 27 - len(question)
        assert ids[mask == 1].tolist() == [
            tokenizer.cls_token_id, *tokenizer.encode_batch([CONTEXT])[0][:room],
            tokenizer.sep_token_id,
            *question, tokenizer.sep_token_id]
        assert types.sum() == len(question) + 1
    short = choice_example(tokenizer, row, 30, max_qa_length=3)["input_ids"][1]
    last = tokenizer.encode_batch(["Who left? Ann"])[0][-3:]               # the last are kept
    assert short[-4:-1].tolist() == last
    gap = Choice("1", CONTEXT, "The _ left.", ("boats",), None)
    example = choice_example(tokenizer, gap, 200)
    assert "labels" not in example
    assert tokenizer.decode(example["input_ids"][0]).endswith("the boats left.")
    with pytest.raises(ValueError, match="max_length must be at least 5"):
        choice_example(tokenizer, row, 3)


# ---------------------------------------------------------------------- batches

def test_padding(tokenizer):
    examples = question_windows(tokenizer, ask("1920"), 60, 20)
    batch = pad_examples(examples, tokenizer.pad_token_id)
    B, T = len(examples), max(len(e["input_ids"]) for e in examples)
    last = len(examples[-1]["input_ids"])
    assert last < T
    for name, array in batch.items():
        if name in ("start_positions", "end_positions", "is_impossible"):
            assert array.shape == (B,)
        else:
            assert array.shape[:2] == (B, T)
            filling = {"p_mask": 1, "input_ids": tokenizer.pad_token_id}.get(name, 0)
            np.testing.assert_array_equal(array[-1, :last], examples[-1][name])
            assert (array[-1, last:] == filling).all()
    tags = [tag_windows(tokenizer, Tagged(WORDS[:n], TAGS[:n]), LABELS, 50)[0] for n in (2, 5)]
    batch = pad_examples(tags, 0, length=50)
    assert batch["labels"].shape == (2, 50) and (batch["labels"][:, 40:] == -100).all()
    assert (batch["word_ids"][:, 40:] == -1).all()
    choices = [choice_example(tokenizer, Choice("1", "a" * n, "b", ("c", "dd")), 50)
               for n in (1, 9)]
    assert pad_examples(choices, 0)["input_ids"].shape[:2] == (2, 2)
    with pytest.raises(ValueError, match="a batch of length 5 is asked for"):
        pad_examples(tags, 0, length=5)
    with pytest.raises(ValueError, match="no example"):
        pad_examples([], 0)
    for dtype in (np.uint8, np.uint64, np.int8):
        narrow = [{name: array.astype(dtype) for name, array in example.items()}
                  for example in [{"input_ids": np.arange(3), "labels": np.arange(3)}]]
        batch = pad_examples(narrow, 1000, length=4)
        assert batch["labels"].tolist() == [[0, 1, 2, -100]]
        assert batch["input_ids"].tolist() == [[0, 1, 2, 1000]]


def test_real_answers_are_found_again(data_folder):
    published = AlbertTokenizer(data_folder / "spiece.model")
    for row in fetch_xquad("en", data_folder)[:300]:
        windows = question_windows(published, row, max_seq_length=128, doc_stride=48)
        peaks = [[np.where(np.arange(len(window["input_ids"])) == window[name], 1.0, 0.0)
                  * (1 - window["is_impossible"]) for window in windows]
                 for name in ("start_positions", "end_positions")]
        guess = decode_answer(row, windows, *peaks, max_answer_length=60)
        assert guess.text == row.answers[0].text and guess.score == 2
