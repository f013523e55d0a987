import pytest

from messaging.mail.parse import _parse
from tests.messaging.mail_samples import fixture, mail


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("quote-gmail-html", "It works again, thank you."),
        ("quote-outlook-html", "问题已经解决。"),
        ("quote-163-html", "还是不行，请再看看。"),
        ("quote-apple", "可以，明天上午十点之后都行。"),
    ],
)
def test_the_history_that_mail_programs_add_is_apart(name, body):
    parsed = _parse(fixture(name))
    assert parsed.body == body
    assert parsed.quoted
    assert parsed.kind == "normal"


HISTORY = "We sent a technician.\nSecond line."


@pytest.mark.parametrize(
    "header",
    [
        "On Thu, Mar 5, 2026 at 11:30 AM Service Desk <service@desk.example> wrote:",
        "On Thu, Mar 5, 2026 at 11:30 AM Service Desk\n<service@desk.example> wrote:",
        "在 2026年3月5日 11:30，客服 <service@desk.example> 写道：",
        "在 2026-03-05 11:30:00，“客服”<service@desk.example> 写道：",
        'At 2026-03-05 11:30:00, "客服" <service@desk.example> wrote:',
        "客服 <service@desk.example> 于2026年3月5日周四 11:30写道：",
        "-----原始邮件-----\n发件人: 客服\n发送时间: 2026年3月5日",
        '------------------ 原始邮件 ------------------\n发件人: "客服" <service@desk.example>;',
        "-----Original Message-----\nFrom: Service Desk",
        "________________________________\nFrom: Desk <service@desk.example>\nSent: Thursday\nTo: Li Na\nSubject: x",
        "发件人：客服\n发送时间：2026年3月5日 11:30\n收件人：李娜\n主题：您的请求",
        "发件人： 客服 发送时间： 2026年3月5日 11:30 收件人： 李娜",
        "*From:* Service Desk\n*Date:* Thursday\n*To:* Li Na",
    ],
)
def test_the_words_are_those_above_the_history(header):
    parsed = _parse(
        mail("Content-Type: text/plain; charset=utf-8", body=f"好的，谢谢。\nThanks.\n\n{header}\n\n{HISTORY}")
    )
    assert parsed.body == "好的，谢谢。\nThanks."
    assert "technician" in parsed.quoted
    assert "technician" in parsed.body_full


@pytest.mark.parametrize(
    "text",
    [
        "在2026年3月买的手机，你们的客服写道：\n七天内可以退款。\n现在却不肯。",
        "From: Beijing\nI want to change my ticket.",
        "发件人是谁？\n我没有收到。",
        "He wrote:\nnothing.",
        "金额 > 100 元\n> 这是引用？",
        "---\n原始邮件我没有收到\n---",
    ],
)
def test_sentences_that_only_look_like_a_quote_stay(text):
    body = _parse(mail("Content-Type: text/plain; charset=utf-8", body=text)).body
    assert body.splitlines()[0] == text.splitlines()[0]
    assert len(body.splitlines()) >= min(2, len(text.splitlines())) - text.count("\n>")


def test_answers_between_quoted_lines_keep_them():
    parsed = _parse(fixture("interleaved"))
    assert parsed.body == (
        "> Which router do you have?\nThe grey one with two antennas.\n> When did it start?\nLast night."
    )
    assert parsed.signature.endswith("Sun Li\nRoom 12")


def test_an_answer_below_the_quote_is_the_body():
    text = "On 05/03/2026 11:30, Desk wrote:\n> Which router?\n> Really?\n\nThe grey one."
    assert _parse(mail(body=text)).body == "The grey one."


@pytest.mark.parametrize(
    "text", ["> only a quote\n> of two lines", "-----原始邮件-----\n发件人: 客服\n您好", "--\nLi Na"]
)
def test_a_mail_that_is_all_quote_is_all_body(text):
    parsed = _parse(mail("Content-Type: text/plain; charset=utf-8", body=text))
    assert parsed.body == parsed.body_full == text


def test_a_forwarded_mail_keeps_what_it_forwards():
    text = "请看下面。\n\n-----原始邮件-----\n发件人: 甲\n您的订单已取消。"
    parsed = _parse(mail("Subject: 转发: 订单", "Content-Type: text/plain; charset=utf-8", body=text))
    assert "订单已取消" in parsed.body


@pytest.mark.parametrize(
    "line", ["-- \nLi Na\nSales", "--\nLi Na", "Sent from my iPhone", "发自我的iPhone", "来自我的华为手机"]
)
def test_the_signature_is_apart(line):
    parsed = _parse(mail("Content-Type: text/plain; charset=utf-8", body=f"Words.\n\n{line}"))
    assert (parsed.body, parsed.signature) == ("Words.", line.replace("-- ", "--"))


def test_flowed_lines_are_joined():
    raw = mail("Content-Type: text/plain; format=flowed; delsp=yes", body="one \ntwo\n three\n>> deep \n>> er\n-- \nme")
    assert _parse(raw).body_full == "onetwo\nthree\n>> deeper\n-- \nme"
