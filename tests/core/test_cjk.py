import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import cjk

MIXED = st.text(st.sampled_from("退款流程订单张三我要aBc xyz019 -'&|!():*\\é，。ｶﾞ"), max_size=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("退款流程", "退款 款流 流程 程"),
        ("退", "退"),
        ("我要退款，尽快。", "我要 要退 退款 款 尽快 快"),
        ("订单20261001号", "订单 单 20261001 号"),
        ("T-2026-0042", "t 2026 0042"),
        ("iPhone15 Pro", "iphone15 pro"),
        ("ＡＢＣ１２", "abc12"),
        ("mary.li@Example.com", "mary li example com"),
        ("refund退款now", "refund 退款 款 now"),
        ("refund Refund REFUND", "refund"),
        ("Straße CAFÉ", "strasse café"),
        ("ﾊﾟｰﾄ", "パー ート ト"),
        ("𠮷野家", "𠮷野 野家 家"),
        ("12e5x", "12e5x"),
        ("a\0b", "a b"),
        ("  ,.!—…  ", ""),
        ("", ""),
    ],
)
def test_a_text_becomes_these_tokens(text, expected):
    assert " ".join(cjk.tokens(text)) == expected


def test_a_key_without_blanks_is_cut():
    assert cjk.tokens("k" * 5_000) == ["k" * cjk.MAX_WORD]


def test_three_characters_and_more_are_checked_again_as_they_stand():
    assert cjk.phrases("退款流程 退款 REFUND 退款流程 客服部") == ["退款流程", "客服部"]
    assert cjk.contains("请问退款流程是什么", "退款流程")
    assert not cjk.contains("退款的流程，款流", "退款流程")
    assert cjk.contains("请看Ａｐｐ里的客服部", "app里的客服部")


@given(MIXED)
def test_every_pair_of_neighbouring_characters_and_every_character_leads_a_token(text):
    tokens = cjk.tokens(text)
    han = [("\u4e00" <= char <= "\u9fff") for char in text]
    for at, char in enumerate(text):
        if han[at]:
            assert any(token.startswith(char) for token in tokens)
        if han[at : at + 2] == [True, True]:
            assert text[at : at + 2] in tokens


@given(st.text(max_size=60))
def test_tokens_are_letters_and_figures_alone_and_stand_once(text):
    tokens = cjk.tokens(text)
    assert len(tokens) == len(set(tokens)) and all(tokens)
    assert not set("".join(tokens)) & set("'\\&|!():*<>@= \0")
