import base64

import pytest

from messaging.mail import Unparseable, parse, ticket_token
from messaging.mail.parse import _parse
from tests.messaging.mail_samples import encoded_word, fixture, mail, multipart, part, ten_raw_mails, undeclared_gb18030

# --- Charsets ------------------------------------------------------------------------------------


def test_undeclared_gb18030_is_read_in_headers_and_body():
    parsed = _parse(undeclared_gb18030())
    assert parsed.from_name == "王小明"
    assert parsed.subject == "宽带一直断线，请尽快处理"
    assert parsed.body.startswith("您好：\n\n家里的宽带")
    assert "镕基喆" in parsed.body


def test_a_gb2312_label_is_read_as_gb18030():
    parsed = _parse(ten_raw_mails()[1][1])
    assert (parsed.from_name, parsed.subject) == ("朱镕喆", "退款€30的问题")
    assert parsed.body == "请问陶喆演唱会的€30退款什么时候到账？"


TRADITIONAL = "陳小明先生您好，請問上個月的帳單金額是否正確？謝謝您的說明。"
SIMPLIFIED = "请问上个月的账单金额是否正确？谢谢。"


@pytest.mark.parametrize(
    ("text", "charset", "label"),
    [
        (SIMPLIFIED, "utf-8", ""),
        (SIMPLIFIED, "utf-8", "gb2312"),
        (SIMPLIFIED, "utf-8", "iso-8859-1"),
        (SIMPLIFIED, "utf-8", "us-ascii"),
        (SIMPLIFIED, "utf-8", "x-unknown"),
        (SIMPLIFIED, "gb18030", "utf-8"),
        (SIMPLIFIED, "gb18030", "GBK"),
        (SIMPLIFIED, "gb18030", "gb_2312-80"),
        (SIMPLIFIED, "gb18030", "windows-1252"),
        (SIMPLIFIED, "gb18030", "big5"),
        (SIMPLIFIED, "gb18030", "no such \x00 charset"),
        (SIMPLIFIED, "gb18030", "idna"),
        (SIMPLIFIED, "gb18030", "quopri"),
        (SIMPLIFIED, "utf-16", "utf-16"),
        (SIMPLIFIED, "utf-7", "utf-7"),
        (SIMPLIFIED, "utf-7", "unicode-1-1-utf-7"),
        (SIMPLIFIED, "hz", "hz-gb-2312"),
        (TRADITIONAL, "big5", ""),
        (TRADITIONAL, "big5", "big5"),
        (TRADITIONAL, "big5", "utf-8"),
        ("ご返金をお願いします。", "iso2022_jp", "iso-2022-jp"),
        ("ご返金をお願いします。", "iso2022_jp", ""),
        ("환불해 주세요.", "euc-kr", "ks_c_5601-1987"),
        ("Прошу вернуть деньги", "koi8-r", "koi8-r"),
        ("Прошу вернуть деньги", "utf-8", ""),
        ("Käse für Zoë — 39 €", "cp1252", "iso-8859-1"),
        ("Käse für Zoë, 39 Euro", "cp1252", ""),
    ],
)
def test_the_body_is_read_whatever_the_label_says(text, charset, label):
    head = mail(f'Content-Type: text/plain; charset="{label}"' if label else "Subject: x", body="")
    parsed = _parse(head + text.encode(charset))
    assert parsed.body == text


@pytest.mark.parametrize("charset", ["utf-8", "gb18030", "big5"])
def test_a_raw_8_bit_name_and_subject_are_read(charset):
    parsed = _parse(mail("From: 陳小明 <chen@customer.example>", "Subject: 帳單金額", charset=charset))
    assert (parsed.from_name, parsed.from_email, parsed.subject) == ("陳小明", "chen@customer.example", "帳單金額")


def test_a_character_split_between_two_encoded_words_is_whole():
    data = "宽带断线".encode()
    halves = [base64.b64encode(data[:4]).decode(), base64.b64encode(data[4:]).decode()]
    parsed = _parse(mail(f"Subject: =?utf-8?B?{halves[0]}?=\r\n =?UTF-8?b?{halves[1]}?="))
    assert parsed.subject == "宽带断线"


def test_base64_cut_anywhere_between_two_encoded_words_is_whole():
    text = base64.b64encode("宽带断线".encode("gb18030")).decode()
    assert _parse(mail(f"Subject: =?gb2312?B?{text[:5]}?= =?gb2312?B?{text[5:]}?=")).subject == "宽带断线"


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("=?utf-8?Q?Caf=C3=A9_au_lait?=", "Café au lait"),
        ("=?utf-8*en?Q?Hello?= there", "Hello there"),
        ("=?utf-8?B?5a69?= plain =?utf-8?B?5bim?=", "宽 plain 带"),
        ("=?utf-8?B?5a695bim?=x", "宽带x"),
        ("=?nonsense?B?5a69?=", "宽"),
        ("=?utf-8?B?!!!?=", ""),
        ("a\x00b \ttwo\x07lines", "ab two lines"),
    ],
)
def test_subjects_are_decoded_and_folded(raw, read):
    assert _parse(mail(f"Subject: {raw}")).subject == read


# --- Headers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "name", "email"),
    [
        ("Li Na <Li.Na@Customer.Example>", "Li Na", "li.na@customer.example"),
        ('"Na, Li" <a@b.example>', "Na, Li", "a@b.example"),
        ("a@b.example (Li Na)", "Li Na", "a@b.example"),
        ("<a@b.example>", "", "a@b.example"),
        ('"a@b.example" <a@b.example>', "a@b.example", "a@b.example"),
        ('"boss@bank.example" <evil@c.example>', "boss@bank.example", "evil@c.example"),
        (f"{encoded_word('李娜', 'utf-8')} <a@b.example>", "李娜", "a@b.example"),
        (f'"{encoded_word("李, 娜", "utf-8")}" <a@b.example>', "李, 娜", "a@b.example"),
        (f"{encoded_word('李娜 <a@b.example>', 'utf-8')}", "李娜", "a@b.example"),
        (f"{encoded_word('<x@y.example>,', 'utf-8')} <a@b.example>", "<x@y.example>,", "a@b.example"),
        ("Li Na <mailto:a@b.example>", "Li Na", "a@b.example"),
        ("李娜 <李娜@例子.example>", "李娜", "李娜@例子.example"),
    ],
)
def test_the_sender_is_read_from_many_spellings(header, name, email):
    parsed = _parse(mail(f"From: {header}"))
    assert (parsed.from_name, parsed.from_email) == (name, email)


def test_recipients_are_lower_case_without_doubles_and_without_group_names():
    parsed = _parse(mail("To: Team: A@x.example; b@x.example, A@X.example;", "Cc: undisclosed-recipients:;"))
    assert (parsed.to, parsed.cc) == (["a@x.example", "b@x.example"], [])


def test_the_sender_falls_back_to_other_headers():
    assert _parse(b"Subject: x\r\nReply-To: A@b.example\r\n\r\nx").from_email == "a@b.example"


@pytest.mark.parametrize("value", ["", "<>", "<@>", "garbage", "< >", "<" + "x" * 2000 + "@y>", "<a\x00@\x01>"])
def test_an_unusable_message_id_is_empty(value):
    assert _parse(mail(f"Message-ID: {value}")).message_id == ""


def test_ids_keep_their_brackets_and_order():
    parsed = _parse(mail("Message-ID: one@x", "In-Reply-To: Mail of <two@x>", "References: <a@x>\r\n\t<b@x><a@x> junk"))
    assert (parsed.message_id, parsed.in_reply_to, parsed.references) == ("<one@x>", "<two@x>", ["<a@x>", "<b@x>"])


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("Thu, 05 Mar 2026 10:12:00 +0800 (CST)", "2026-03-05T02:12:00+00:00"),
        ("5 Mar 2026 03:02:13 -0000", "2026-03-05T03:02:13+00:00"),
        ("yesterday", None),
        ("Thu, 99 Mar 99999 10:12:00 +0800", None),
        ("Thu, 05 Mar 2026 10:12:00 +9999", None),
    ],
)
def test_the_date_is_utc_or_none(value, iso):
    date = _parse(mail(f"Date: {value}")).date
    assert (date and date.isoformat()) == iso


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_is_read(end):
    raw = mail("Subject: x", "Content-Type: text/plain; charset=utf-8", body="one\ntwo").replace(b"\r\n", end)
    parsed = _parse(raw)
    assert (parsed.subject, parsed.body) == ("x", "one\ntwo")


@pytest.mark.parametrize("torn", ["Subject : 宽带", "no header here at all", "X-Bad Header: x"])
def test_a_torn_header_block_is_repaired(torn):
    raw = mail("From: a@b.example", torn, "To: c@d.example", "Content-Type: text/plain; charset=utf-8", body="words")
    parsed = _parse(raw)
    assert (parsed.to, parsed.body) == (["c@d.example"], "words")
    assert "header block repaired" in parsed.defects


@pytest.mark.parametrize(
    "raw", [b"", b" \r\n\r\n", b"just words", b"Subject: x\r\n\r\nx", b"\x00\xff", b"From: nobody\n\nx"]
)
def test_what_holds_no_mail_is_unparseable(raw):
    with pytest.raises(Unparseable):
        parse(raw)


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Re: [T-123] x", 123),
        ("回复：【T-45】宽带", 45),
        ("［Ｔ－９］", 9),
        ("[t - 7] again [T-8]", 7),
        ("[T-0]", None),
        ("[T-]", None),
        ("T-12", None),
        ("[XT-12]", None),
        ("[T-" + "9" * 30 + "]", None),
    ],
)
def test_the_ticket_token_is_read_in_any_width(subject, number):
    assert ticket_token(subject) == number


# --- Parts ---------------------------------------------------------------------------------------


def test_two_attachments_with_chinese_names():
    parsed = _parse(ten_raw_mails()[5][1])
    assert [(one.name, one.content_type, one.size) for one in parsed.attachments] == [
        ("三月发票.pdf", "application/pdf", 16),
        ("设备照片.png", "image/png", 14),
    ]
    assert parsed.attachments[0].content == b"%PDF-1.4 invoice"
    assert parsed.body == "附件是发票和设备照片，请查收。"


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ('filename="a.pdf"', "a.pdf"),
        ("filename=a b.pdf", "a b.pdf"),
        ('filename="C:\\Users\\me\\a.pdf"', "a.pdf"),
        ('filename="../../etc/passwd"', "passwd"),
        ("filename*0*=gb18030''%B7%A2;\n filename*1*=%C6%B1;\n filename*2=.pdf", "发票.pdf"),
        ("filename*0*=utf-8''%E5%8F;\n filename*1*=%91.pdf", "发.pdf"),
        (f'filename="{encoded_word("发票.pdf", "gb18030", "gb2312")}"', "发票.pdf"),
        ('filename="%E5%8F%91%E7%A5%A8.pdf"', "发票.pdf"),
        ('filename="发票.pdf"', "发票.pdf"),
        ('filename="invoice\u202efdp.exe"', "invoicefdp.exe"),
        ('filename="' + "x" * 500 + '.pdf"', "x" * 188 + ".pdf"),
        ('filename=""', "attachment-1.pdf"),
        ("filename*=broken''%ZZ", "%ZZ"),
    ],
)
def test_file_names_are_decoded_and_made_harmless(parameter, name):
    headers = ("Content-Type: application/pdf", f"Content-Disposition: attachment; {parameter}")
    assert _parse(multipart("mixed", part(*headers, body="x"))).attachments[0].name == name


@pytest.mark.parametrize(
    "data", ["aGVsbG8", "aGVsbG8=", "aGVs\n bG8=", "aGV*sbG8=", "aGVsbG8==\ntrailing words", "aGVsbG8gX"]
)
def test_broken_base64_gives_what_is_there(data):
    raw = multipart("mixed", part("Content-Type: a/b", "Content-Transfer-Encoding: base64", body=data))
    assert _parse(raw).attachments[0].content.startswith(b"hello")


def test_words_labelled_base64_stay_words():
    raw = mail("Content-Type: text/plain", "Content-Transfer-Encoding: base64", body="你好，这不是 base64。")
    assert _parse(raw).body == "你好，这不是 base64。"


def test_broken_quoted_printable_gives_what_is_there():
    raw = mail(
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: Quoted-Printable",
        body="=E4=BD=A0=ZZ 50=25 so=\nft =",
    )
    assert _parse(raw).body.startswith("你=ZZ 50% soft")


def test_a_missing_closing_boundary_loses_nothing():
    raw = multipart(
        "mixed", part("Content-Type: text/plain", body="words"), part("Content-Type: a/b", body="x"), end=""
    )
    parsed = _parse(raw)
    assert (parsed.body, len(parsed.attachments)) == ("words", 1)
    assert "CloseBoundaryNotFoundDefect" in parsed.defects


@pytest.mark.parametrize(
    "content_type", ["multipart/mixed", "multipart/mixed; boundary=never", "nonsense", "/", "text"]
)
def test_a_body_of_no_readable_type_is_text(content_type):
    assert _parse(mail(f"Content-Type: {content_type}", body="words")).body == "words"


def test_a_mail_within_the_mail_is_an_attachment_and_no_body():
    inner = part("Content-Type: message/rfc822", body="From: x@y.example\nSubject: 宽带\n\ninner words")
    parsed = _parse(multipart("mixed", part("Content-Type: text/plain", body="outer"), inner))
    assert parsed.body == "outer"
    assert parsed.attachments[0].name == "宽带.eml"
    assert b"inner words" in parsed.attachments[0].content


def test_winmail_dat_is_just_an_attachment():
    tnef = part(
        "Content-Type: application/ms-tnef", 'Content-Disposition: attachment; filename="winmail.dat"', body="x"
    )
    parsed = _parse(multipart("mixed", part("Content-Type: text/plain", body="words"), tnef))
    assert (parsed.body, parsed.attachments[0].name) == ("words", "winmail.dat")


def test_text_and_html_of_the_same_are_one_body():
    raw = multipart(
        "alternative",
        part("Content-Type: text/plain", body="plain"),
        part("Content-Type: text/html", body="<p>rich</p>"),
    )
    parsed = _parse(raw)
    assert (parsed.body, parsed.body_html, parsed.attachments) == ("plain", "<p>rich</p>", [])


def test_a_blank_plain_part_yields_to_the_html():
    raw = multipart(
        "alternative", part("Content-Type: text/plain", body=" "), part("Content-Type: text/html", body="<p>rich</p>")
    )
    assert _parse(raw).body == "rich"


def test_a_footer_added_by_a_list_does_not_hide_the_html():
    raw = multipart(
        "mixed", part("Content-Type: text/html", body="<p>rich</p>"), part("Content-Type: text/plain", body="footer")
    )
    assert _parse(raw).body == "rich\n\nfooter"


def test_an_image_shown_by_the_html_is_inline():
    image = part(
        "Content-Type: image/png", "Content-ID: <logo@x>", 'Content-Disposition: inline; filename="l.png"', body="x"
    )
    parsed = _parse(multipart("related", part("Content-Type: text/html", body='<img src="cid:logo@x">'), image))
    assert (parsed.attachments[0].inline, parsed.attachments[0].content_id) == (True, "logo@x")
    assert 'src="cid:logo@x"' in parsed.body_html


def test_html_is_made_harmless_and_becomes_text():
    parsed = _parse(fixture("html-only"))
    assert parsed.body == (
        "Hello,\n\nI returned the router on 2 March and have not seen my refund yet.\nOrder 10248, €39.90.\n\n"
        "- Bought 1 February\n- Returned 2 March\n\nEmily\n\nhere"
    )
    for danger in ("script", "onload", "javascript:", "track.example", "style", "alert"):
        assert danger not in parsed.body_html


@pytest.mark.parametrize(
    "source", ["<img src='data:text/html,x'>", "<a href='data:text/html,x'>a</a>", "<iframe src=x>"]
)
def test_no_active_address_survives(source):
    html = _parse(mail("Content-Type: text/html", body=source)).body_html
    assert "data:" not in html
    assert "iframe" not in html
