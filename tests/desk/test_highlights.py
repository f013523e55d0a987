import pytest

from core.finding import Sought
from desk.highlights import Highlighter

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        ("退款", "我要退款", "我要<mark>退款</mark>"),
        ("refund", "Refunds, refunded; prerefund", "<mark>Refunds</mark>, <mark>refunded</mark>; prerefund"),
        ("refunding", "a refund退款", "a <mark>refund</mark>退款"),
        ("2026", "2026 20261", "<mark>2026</mark> 20261"),
        ("app", "ＡＰＰ崩溃", "<mark>ＡＰＰ</mark>崩溃"),
        ("strasse", "in der Straße", "in der <mark>Straße</mark>"),
        ("退款", "<b>退款</b> & 'x'", "&lt;b&gt;<mark>退款</mark>&lt;/b&gt; &amp; &#x27;x&#x27;"),
        ("b", "<b>", "&lt;<mark>b</mark>&gt;"),
        ("", "text", "text"),
    ],
)
def test_hits_are_marked_and_everything_is_escaped(words, text, expected):
    assert str(Highlighter(Sought(words=words)).marked(text)) == expected


def test_an_excerpt_stands_around_its_first_hit():
    marks = Highlighter(Sought(words="退款"))
    text = marks.excerpt("前" * 300 + "退款" + "后" * 300)
    assert text.startswith("…") and text.endswith("…") and "<mark>退款</mark>" in text and len(text) < 200
    assert marks.excerpt("没有\n这个词") == "没有 这个词"
