from django.utils.functional import lazy, lazystr
from django.utils.html import format_html
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from core.markup import fill, together

format_html_lazy = lazy(format_html, SafeString)


@given(st.text() | st.integers() | st.text().map(SafeString))
def test_what_is_filled_in_is_escaped_as_django_escapes_it(value):
    drawn = fill("<b title='{}'>{named}</b>", value, named=value)
    assert drawn == format_html("<b title='{}'>{named}</b>", value, named=value)
    assert isinstance(drawn, SafeString)


def test_words_that_are_translated_late_are_escaped_and_markup_made_late_is_not():
    assert fill("{}", lazystr("a < b")) == "a &lt; b"
    assert fill("{}", format_html_lazy("<i>{}</i>", "&")) == "<i>&amp;</i>"


def test_pieces_that_are_not_markup_yet_are_escaped():
    assert together([fill("<i>{}</i>", "a&b"), "<script>", 7]) == "<i>a&amp;b</i>&lt;script&gt;7"
