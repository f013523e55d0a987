import pytest

from tickets import classification
from tickets.models import Kind, Level, Priority


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("我要投诉，安装师傅态度很差", Kind.COMPLAINT),
        ("请问净水机滤芯多久换一次", Kind.CONSULT),
        ("预约安装洗碗机，周六上午", Kind.SERVICE),
        ("This is unacceptable, I want compensation", Kind.COMPLAINT),
        ("Could you tell me which model fits?", Kind.CONSULT),
        ("Please repair my dishwasher", Kind.SERVICE),
        ("……", ""),
    ],
)
def test_words_in_both_languages_speak_for_a_class(text, kind):
    assert classification.suggest(text).kind == kind


def test_a_suggestion_names_the_words_it_rests_on():
    found = classification.suggest("我要投诉，已经第三次了，要找媒体")
    assert found.level == Level.SPECIAL
    assert {"投诉", "第三次", "媒体"} <= set(found.reasons)


@pytest.mark.parametrize("text", ["Solve it immediately, this complaint", "A complaint about multimedia"])
def test_a_word_inside_another_says_nothing(text):
    assert classification.suggest(text).level == Level.GENERAL


def test_urgent_words_raise_the_urgency_of_any_class():
    assert classification.suggest("今天能上门维修吗，厨房漏水").urgency == 3


@pytest.mark.parametrize(
    ("grades", "rank", "expected"),
    [
        ((3, 3, 3), 3, Priority.URGENT),
        ((3, 3, 1), 3, Priority.HIGH),
        ((2, 2, 2), 3, Priority.NORMAL),
        ((1, 1, 2), 3, Priority.LOW),
        ((2, 2, 2), 1, Priority.HIGH),
        ((3, 3, 3), 1, Priority.URGENT),
    ],
)
def test_priority_is_urgency_times_importance_times_difficulty_and_a_vip_moves_up(grades, rank, expected):
    urgency, importance, difficulty = grades
    assert classification.priority(
        urgency=urgency, importance=importance, difficulty=difficulty, tier_rank=rank
    ) == expected
