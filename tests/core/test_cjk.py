import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import cjk

MIXED = st.text(st.sampled_from("退款流程订单张三我要aBc xyz019 -'&|!():*\\é，。ｶﾞ"), max_size=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("退款流程", "退款 款流 流程"),
        ("退", "退"),
        ("我要退款，尽快。", "我要 要退 退款 尽快"),
        ("订单20261001号", "订单 20261001 号"),
        ("T-2026-0042", "t 2026 0042"),
        ("iPhone15 Pro", "iphone15 pro"),
        ("ＡＢＣ１２", "abc12"),
        ("mary.li@Example.com", "mary li example com"),
        ("refund退款now", "refund 退款 now"),
        ("Straße CAFÉ", "strasse café"),
        ("ﾊﾟｰﾄ", "パー ート"),
        ("𠮷野家", "𠮷野 野家"),
        ("12e5x", "12e5 x"),
        ("a\0b", "a b"),
        ("  ,.!—…  ", ""),
        ("", ""),
    ],
)
def test_a_text_becomes_these_tokens(text, expected):
    assert cjk.tokens(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("退款", "'退款'"),
        ("退款流程", "'退款' & '款流' & '流程'"),
        ("退", "'退':*"),
        ("Refund", "'refund':*"),
        ("tv", "'tv'"),
        ("20261001", "'20261001'"),
        ("退款 refund 退款", "'退款' & 'refund':*"),
        ("x' | !(退款) & y:*\\", "'x' & '退款' & 'y'"),
        ("!!!", ""),
        ("", ""),
    ],
)
def test_words_become_this_query(text, expected):
    assert cjk.query(text) == expected


def test_a_long_paste_asks_for_a_bounded_number_of_terms():
    assert cjk.query(" ".join(str(n) for n in range(5_000))).count("&") == cjk.MAX_TERMS - 1


def test_a_key_without_blanks_is_cut_alike_on_both_sides():
    key = "k" * 5_000
    assert cjk.query(key) == f"'{cjk.tokens(key)}':*"
    assert len(cjk.tokens(key)) == cjk.MAX_WORD


def test_three_characters_and_more_are_checked_again_as_they_stand():
    assert cjk.phrases("退款流程 退款 REFUND 退款流程 客服部") == ["退款流程", "客服部"]
    assert cjk.contains("请问退款流程是什么", "退款流程")
    assert not cjk.contains("退款的流程，款流", "退款流程")
    assert cjk.contains("请看Ａｐｐ里的客服部", "app里的客服部")


def matches(tokens: str, query: str) -> bool:
    """What PostgreSQL answers for terms joined by &."""
    held = tokens.split()
    for term in filter(None, query.split(" & ")):
        word = term.removesuffix(":*").strip("'")
        if not any(token.startswith(word) if term.endswith(":*") else token == word for token in held):
            return False
    return True


@given(MIXED)
def test_every_pair_of_neighbouring_characters_is_found(text):
    for pair in (text[i : i + 2] for i in range(len(text) - 1)):
        if all("\u4e00" <= char <= "\u9fff" for char in pair):
            assert matches(cjk.tokens(text), cjk.query(pair))


@given(MIXED, MIXED)
def test_a_text_is_found_by_its_own_words_whatever_stands_around_them(text, other):
    assert matches(cjk.tokens(f"{other} {text} {other}"), cjk.query(text))


@given(st.text(max_size=60))
def test_no_operator_gets_into_tokens_or_terms(text):
    tokens = cjk.tokens(text)
    assert not set(tokens) & set("'\\&|!():*<>\0")
    assert set(cjk.query(text)) - set(tokens) <= set("' &:*")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("我要退款，订单20261001", "退款", True),
        ("我要退款，订单20261001", "20261001", True),
        ("我要退款，订单20261001", "订单 退款", True),
        ("我要退款，订单20261001", "款退", False),
        ("Refunds are slow", "refund", True),
        ("Refunds are slow", "slo", True),
        ("it's 12e5x & more", "12e5x", True),
        ("张三来电", "张", True),
        ("张三来电", "' | '电来", False),
    ],
)
def test_postgresql_agrees(text, words, found):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_tsvector('simple', %s) @@ to_tsquery('simple', %s)", [cjk.tokens(text), cjk.query(words)]
        )
        assert cursor.fetchone()[0] is found
