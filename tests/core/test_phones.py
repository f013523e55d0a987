import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import phones


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("13812341234", "+8613812341234"),
        ("１３８１２３４１２３４", "+8613812341234"),
        ("＋８６ １３８－１２３４－１２３４", "+8613812341234"),
        ("138 1234 1234", "+8613812341234"),
        ("138-1234-1234", "+8613812341234"),
        ("138—1234—1234", "+8613812341234"),
        ("\u202a138\u00a01234\u200b1234\u202c", "+8613812341234"),
        ("+86 138 1234 1234", "+8613812341234"),
        ("(+86)13812341234", "+8613812341234"),
        ("0086-13812341234", "+8613812341234"),
        ("8613812341234", "+8613812341234"),
        ("013812341234", "+8613812341234"),
        ("tel:+86-138-1234-1234", "+8613812341234"),
        ("19912341234", "+8619912341234"),
        ("010-62345678", "+861062345678"),
        ("（010）62345678", "+861062345678"),
        ("021 6234 5678", "+862162345678"),
        ("+86 10 6234 5678", "+861062345678"),
        ("0755-26001234", "+8675526001234"),
        ("4008123456", "+864008123456"),
        ("400-812-3456", "+864008123456"),
        ("800-810-1234", "+868008101234"),
        ("12345", "12345"),
        ("12315", "12315"),
        ("１２３１５", "12315"),
        ("95588", "95588"),
        ("110", "110"),
        ("+852 2345 6789", "+85223456789"),
        ("00852 2345 6789", "+85223456789"),
        ("+1 (415) 555-2671", "+14155552671"),
        ("0044 20 7946 0958", "+442079460958"),
    ],
)
def test_a_number_has_one_form_however_it_was_typed(raw, expected):
    assert phones.normalise(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("010-62345678-801", ("+861062345678", "801")),
        ("010-62345678转801", ("+861062345678", "801")),
        ("010-62345678 转分机 801", ("+861062345678", "801")),
        ("+86 10 62345678 ext. 12", ("+861062345678", "12")),
        ("400-812-3456 x9", ("+864008123456", "9")),
        ("02162345678,,5", ("+862162345678", "5")),
        ("010-62345678", ("+861062345678", "")),
    ],
)
def test_an_extension_is_set_apart(raw, expected):
    assert phones.split(raw) == expected
    assert phones.normalise(raw) == expected[0]


@pytest.mark.parametrize(
    "raw",
    ["", "   ", "abc", "1381234123", "138123412345", "62345678", "010-6234567", "+86", "+8612", "1" * 70, "138O2341234",
     "+999 1234 5678", "12315; DROP TABLE", "13812341234 or 13912341234", "+"],
)  # fmt: skip
def test_what_is_no_number_is_refused_without_repeating_it(raw):
    with pytest.raises(phones.BadPhone) as refused:
        phones.normalise(raw)
    assert str(refused.value) == "not a telephone number"
    assert refused.value.__cause__ is None and refused.value.__suppress_context__ or not refused.value.__context__


def test_another_region_reads_its_own_national_form():
    assert phones.normalise("(415) 555-2671", region="US") == "+14155552671"
    with pytest.raises(phones.BadPhone):
        phones.normalise("12345", region="US")


def test_the_last_four_digits_are_those_read_out_to_verify_a_caller():
    assert phones.last4("+8613812341234") == "1234"
    assert phones.last4("110") == "110"


@pytest.mark.parametrize(
    ("e164", "expected"),
    [("+8613812341234", "138 1234 1234"), ("+14155552671", "+1 415-555-2671"), ("12315", "12315"), ("?", "?")],
)
def test_a_number_is_shown_as_people_write_it(e164, expected):
    assert phones.display(e164) == expected


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "+86", "0086", "+86 ", "86"]), st.data())
def test_every_mobile_number_is_found_with_any_prefix_and_separators(number, prefix, data):
    separator = data.draw(st.sampled_from(["", " ", "-", "·", "\u3000"]))
    typed = prefix + separator.join((number[:3], number[3:7], number[7:]))
    assert phones.normalise(typed) == f"+86{number}"


@given(st.text(max_size=30))
def test_any_text_gives_a_number_that_stays_as_it_is_or_a_refusal(text):
    try:
        number = phones.normalise(text)
    except phones.BadPhone:
        return
    assert phones.normalise(number) == number
