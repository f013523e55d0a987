"""The language of the search box: pure, in two languages, and never at a loss."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.query_language import KEYS, LONGEST, Condition, parse

ANY = st.text(max_size=80) | st.lists(
    st.sampled_from(
        ["class", "类别", ":", "：", "<", ">=", "投诉", "complaint", '"', "“", "-", " ", "1d", "退款", "is", "不知"]
    ),
    max_size=14,
).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class:complaint", Condition("class", ":", "complaint")),
        ("类别:投诉", Condition("class", ":", "complaint")),
        ("类别：投诉", Condition("class", ":", "complaint")),
        ("CLASS:Complaint", Condition("class", ":", "complaint")),
        ("-class:complaint", Condition("class", ":", "complaint", negated=True)),
        ("等级:贵宾", Condition("tier", ":", "贵宾")),
        ('customer:"Emma Clarke"', Condition("customer", ":", "Emma Clarke")),
        ("客户：“王小雨”", Condition("customer", ":", "王小雨")),
        ("due<1d", Condition("due", "<", timedelta(days=1))),
        ("到期＜4小时", Condition("due", "<", timedelta(hours=4))),
        ("due<=30m", Condition("due", "<=", timedelta(minutes=30))),
        ("opened>2026-11-01", Condition("opened", ">", date(2026, 11, 1))),
        ("受理:2026-11-1", Condition("opened", ":", date(2026, 11, 1))),
        ("is:open", Condition("is", ":", "open")),
        ("是:超时", Condition("is", ":", "overdue")),
        ("state:dept-handling", Condition("state", ":", "dept_handling")),
        ("状态:已升级", Condition("state", ":", "escalated")),
        ("渠道:微信", Condition("channel", ":", "wechat")),
        ("owner:我", Condition("owner", ":", "我")),
    ],
)
def test_a_condition_is_read(text, expected):
    query = parse(text)
    assert query.conditions == [expected] and not query.problems and not query.words


def test_words_phrases_unwanted_words_and_conditions_stand_together():
    query = parse('class:complaint tier:vip due<1d 退款 "not received" -安装 -“改天 再说” E4:7')
    assert query.words == ["退款", "E4:7"] and query.phrases == ["not received"]
    assert query.without == ["安装", "改天 再说"]
    assert [one.key for one in query.conditions] == ["class", "tier", "due"] and not query.problems


@pytest.mark.parametrize(
    ("text", "key", "value", "unknown"),
    [
        ("clas:complaint", "clas", "complaint", True), ("等极:贵宾", "等极", "贵宾", True),
        ("class:angry", "class", "angry", False), ("due<soon", "due", "soon", False), ("due:1d", "due", "1d", False),
        ("opened>2026-13-40", "opened", "2026-13-40", False), ("class<complaint", "class", "complaint", False),
        ("is:what", "is", "what", False), ('class:""', "class", "", False),
        ("due<0000-01-01", "due", "0000-01-01", False),
    ],
)  # fmt: skip
def test_what_is_not_known_is_told_and_the_rest_is_searched(text, key, value, unknown):
    query = parse(f"退款 {text} refund")
    (problem,) = query.problems
    assert (problem.key, problem.value, problem.unknown_key) == (key, value, unknown)
    assert query.words == ["退款", "refund"] and not query.conditions


@pytest.mark.parametrize(
    "text", ["https://mail.example/a", "12:30", "您好：我想问一下我的退款什么时候到账", "a-b", "T-12", "C++"]
)
def test_ordinary_text_is_no_condition(text):
    query = parse(text)
    assert query.words == [text] and not query.problems and not query.conditions


def test_signs_without_a_word_are_nothing():
    assert parse(' - "" “” -"" , ， %').words == [] and parse("").words == []


def test_a_paste_is_cut_and_its_conditions_are_counted():
    assert len(parse("x" * 9_000).words[0]) == LONGEST
    query = parse("is:open " * 30)
    assert len(query.conditions) == 20 and len(query.problems) > 1


@given(ANY)
def test_whatever_is_typed_is_read(text):
    query = parse(text)
    assert all(one.key in KEYS for one in query.conditions)
    for word in [*query.words, *query.phrases, *query.without]:
        assert word.strip() and '"' not in word and "\0" not in word


@given(st.lists(st.sampled_from(["退款", "refund", "E4", "20261001", "净水机"]), min_size=1, max_size=5))
def test_words_keep_their_order_and_number(words):
    assert parse(" ".join(words)).words == words
