"""The wording check: what is wrong, where, how else to say it; no time is offered that nobody has set."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from knowledge import lexicon, wording
from knowledge.defaults import RULES
from knowledge.models import WordingRule
from knowledge.wording import Rule

DUE = {"zh-hans": "今天 16:30", "en": "16:30 today"}
NAMES = ("language", "flaw", "phrases", "unless", "place", "replaces", "offers")
STANDARD = [WordingRule(**dict(zip(NAMES, row, strict=True))).rule() for row in RULES]


def flaws(text, due=None):
    return [(one.word, one.flaw) for one in wording.check(text, STANDARD, due=due)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("喂，请讲。", [("喂", "colloquial")]),
        ("宝宝的喂养说明请见附件。", []),
        ("好的啊。", [("啊", "filler")]),
        ("啊先生，您好。", []),
        ("提供一下序列号。", [("提供一下", "missing")]),
        ("请提供一下序列号。", []),
        ("这个不归我管。", [("不归我管", "shirking")]),
        ("我们会尽快处理。", [("尽快", "vague")]),
        ("已为您预约今天 14:00 上门，请您放心。", []),
        ("This is not my job.", [("not my job", "shirking")]),
        ("We will reply as soon as possible.", [("as soon as possible", "vague")]),
        ("As soon as the part is here, we will call you at 10:00.", []),
        ("Send us the photo.", [("Send us", "missing")]),
        ("Please send us the photo.", []),
        ("It is impossible-looking but fine; soonest at 9.", [("impossible", "refusal")]),
    ],
)
def test_the_standard_lexicon_knows_what_the_procedure_names(text, found):
    assert flaws(text) == found


def test_a_quoted_line_is_the_customers_own():
    assert flaws("> 你们尽快处理\n您好，今天 16:30 前答复您。") == []


def test_a_phrasing_with_a_time_is_offered_only_once_the_time_is_set():
    text = "您好，我们会尽快处理。"
    (open_,) = wording.check(text, STANDARD)
    assert [offer.text for offer in open_.offers] == ["我核实后再给您准确的时间"]
    assert open_.needs_time
    (set_,) = wording.check(text, STANDARD, due=DUE)
    assert set_.offers[0].text == "我核实后今天 16:30 前答复您"
    assert not set_.needs_time


def test_an_offer_takes_the_place_of_the_clause_and_of_nothing_else():
    text = "您好，我们会尽快处理。谢谢。"
    (finding,) = wording.check(text, STANDARD, due=DUE)
    offer = finding.offers[0]
    assert text[: offer.start] + offer.text + text[offer.end :] == "您好，我核实后今天 16:30 前答复您。谢谢。"
    assert offer.held == "我们会尽快处理"


def test_please_is_put_before_what_was_asked():
    zh, en = wording.check("提供一下序列号", STANDARD)[0], wording.check("Tell us the number", STANDARD)[0]
    assert zh.offers[0].text == "请提供一下"
    assert en.offers[0].text == "Please tell us"


def test_a_filler_is_offered_to_be_left_out():
    assert [offer.text for offer in wording.check("好的呀", STANDARD)[0].offers] == [""]


def test_an_open_blank_is_told_and_filled_by_the_set_time():
    (open_,) = wording.check("我{due}前答复您", STANDARD)
    assert (open_.flaw, open_.offers, open_.needs_time) == ("blank", (), True)
    (set_,) = wording.check("我{due}前答复您", STANDARD, due=DUE)
    assert {offer.text for offer in set_.offers} == set(DUE.values())
    assert wording.check("{其他} {x}", STANDARD) == []


def test_of_overlapping_phrases_the_longest_counts_once():
    rules = [Rule("en", "vague", ("soon",)), Rule("en", "vague", ("as soon as possible",))]
    assert [one.word for one in wording.check("as soon as possible", rules)] == ["as soon as possible"]


@given(st.text(alphabet="喂您好请啊尽快 ，。\n>{}dueasoonposible不归我管😀", max_size=200))
def test_whatever_is_typed_positions_hold_and_findings_do_not_overlap(text):
    last = 0
    for one in wording.check(text, STANDARD, due=DUE):
        assert text[one.start : one.end] == one.word
        assert one.start >= last
        last = one.end
        assert all(text[offer.start : offer.end] == offer.held for offer in one.offers)


def test_a_rule_of_the_administrator_counts_at_once(ground):
    WordingRule.objects.create(language="zh-hans", flaw="vague", phrases="稍后\n晚点", offers="我{due}前答复您")
    found = wording.check("晚点联系您", lexicon.rules(), due=DUE)
    assert [(one.word, one.offers[0].text) for one in found] == [("晚点", "我今天 16:30前答复您")]
    WordingRule.objects.filter(phrases__contains="晚点").update(is_active=False)
    assert wording.check("晚点联系您", lexicon.rules()) == []


def test_a_rule_without_phrases_or_with_an_unknown_blank_is_refused(ground):
    with pytest.raises(ValidationError, match="at least one phrase"):
        WordingRule(language="en", flaw="vague", phrases=" \n ", place="any", replaces="word").full_clean()
    with pytest.raises(ValidationError, match="is not known here"):
        WordingRule(language="en", flaw="vague", phrases="x", offers="by {when}").full_clean()
