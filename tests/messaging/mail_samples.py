"""Raw mails for tests and trials, of the kinds that stop or fool a desk. All names and addresses are invented."""

import base64
from pathlib import Path

MAILS = Path(__file__).parent / "mails"
QUEUE = "service@desk.example"


def fixture(name: str) -> bytes:
    """A raw mail from tests/messaging/mails, with the CRLF line ends that it had on the wire."""
    return (MAILS / f"{name}.eml").read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def mail(*headers: str, body: str = "Hello", charset: str = "utf-8") -> bytes:
    """Header lines and a body, as raw 8-bit bytes in `charset` without declaring it; From is added when missing."""
    lines = list(headers)
    if not any(line.lower().startswith(("from:", "from ")) for line in lines):
        lines.insert(0, "From: Li Na <li.na@customer.example>")
    return ("\r\n".join(lines) + "\r\n\r\n" + body.replace("\n", "\r\n")).encode(charset)


def part(*lines: str, body: str) -> str:
    """One part of a multipart mail: its header lines and its body."""
    return "\n".join(lines) + "\n\n" + body + "\n"


def multipart(kind: str, *parts: str, end: str = "--cut--\n", headers: tuple = ()) -> bytes:
    """A mail of parts made by part(); `end` is the closing boundary."""
    body = "".join(f"--cut\n{one}" for one in parts) + end
    return mail("MIME-Version: 1.0", f'Content-Type: multipart/{kind}; boundary="cut"', *headers, body=body)


def encoded_word(text: str, charset: str, label: str = "") -> str:
    return f"=?{label or charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


def undeclared_gb18030(queue: str = QUEUE) -> bytes:
    return mail(
        "From: 王小明 <wang.xm@customer.example>",
        f"To: {queue}",
        "Subject: 宽带一直断线，请尽快处理",
        "Message-ID: <gb-undeclared-1@customer.example>",
        "Date: Thu, 05 Mar 2026 10:12:00 +0800",
        body="您好：\n\n家里的宽带从昨天晚上开始一直断线，重启路由器也没有用。\n套餐是三百兆，用户名镕基喆。\n\n王小明",
        charset="gb18030",
    )


def labelled_gb2312(queue: str = QUEUE) -> bytes:
    """gb2312 by its label, with characters (镕, 喆, €) that only GB18030 has."""
    head = mail(
        f"From: {encoded_word('朱镕喆', 'gb18030', 'gb2312')} <zhu@customer.example>",
        f"To: {queue}",
        f"Subject: {encoded_word('退款€30的问题', 'gb18030', 'gb2312')}",
        "Message-ID: <gb2312-label-1@customer.example>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=gb2312",
        "Content-Transfer-Encoding: base64",
        body="",
    )
    return head + base64.encodebytes("请问陶喆演唱会的€30退款什么时候到账？".encode("gb18030"))


def two_chinese_attachments(queue: str = QUEUE) -> bytes:
    """One name in RFC 2231 with a charset, one in a GB2312 encoded word."""
    invoice = base64.encodebytes(b"%PDF-1.4 invoice").decode().strip()
    photo = base64.encodebytes(b"\x89PNG\r\n\x1a\n photo").decode().strip()
    return mail(
        f"From: {encoded_word('陈静', 'utf-8')} <chen.jing@customer.example>",
        f"To: {queue}",
        f"Subject: {encoded_word('发票和照片', 'utf-8')}",
        "Message-ID: <two-files-1@customer.example>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="cut-here"',
        body=(
            "--cut-here\nContent-Type: text/plain; charset=utf-8\n\n附件是发票和设备照片，请查收。\n"
            "--cut-here\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n"
            "Content-Disposition: attachment;\n filename*=utf-8''%E4%B8%89%E6%9C%88%E5%8F%91%E7%A5%A8.pdf\n\n"
            f"{invoice}\n"
            f'--cut-here\nContent-Type: image/png; name="{encoded_word("设备照片.png", "gb18030", "gb2312")}"\n'
            f"Content-Transfer-Encoding: base64\nContent-Disposition: attachment\n\n{photo}\n--cut-here--\n"
        ),
    )


def reply_with_history(queue: str = QUEUE, ticket: int = 1) -> bytes:
    return mail(
        "From: 王小明 <wang.xm@customer.example>",
        f"To: {queue}",
        f"Subject: 回复：[T-{ticket}] 宽带一直断线，请尽快处理",
        "Message-ID: <reply-1@customer.example>",
        "In-Reply-To: <sent-1@desk.example>",
        "References: <gb-undeclared-1@customer.example> <sent-1@desk.example>",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        body=(
            "师傅来过了，现在好了，谢谢！\n\n------------------ 原始邮件 ------------------\n"
            f'发件人: "客服工作台" <{queue}>;\n发送时间: 2026年3月5日(星期四) 中午11:30\n'
            '收件人: "王小明" <wang.xm@customer.example>;\n主题: 宽带一直断线，请尽快处理\n\n我们已安排师傅上门。\n'
        ),
    )


def queue_in_cc(queue: str = QUEUE) -> bytes:
    return mail(
        "From: Zhao Min <zhao.min@customer.example>",
        "To: Wang Qiang <wang.qiang@partner.example>",
        f"Cc: Service Desk <{queue}>, sun@customer.example",
        "Subject: Contract renewal for site 12",
        "Message-ID: <cc-1@customer.example>",
        "Content-Type: text/plain; charset=us-ascii",
        body="Wang Qiang, please send the renewal to the desk in copy.\n\n-- \nZhao Min\nPurchasing",
    )


def ten_raw_mails(queue: str = QUEUE, ticket: int = 1) -> list[tuple[str, bytes, str]]:
    """(name, raw bytes, action expected of receive_mail) in the order to feed them.

    `ticket` is the number of an existing ticket for the reply; when the first mail opens ticket 1, that is the default.
    """
    first = undeclared_gb18030(queue)
    return [
        ("gb18030-undeclared", first, "opened"),
        ("gb2312-label", labelled_gb2312(queue), "opened"),
        ("bounce", fixture("bounce-postfix"), "bounce"),
        ("auto-reply", fixture("auto-qq"), "auto_reply"),
        ("duplicate", first, "duplicate"),
        ("two-attachments", two_chinese_attachments(queue), "opened"),
        ("malformed", b"\x00\xff\xfeno mail: at all\r\n\r\n\x80\x81=?gb2312?B?", "quarantined"),
        ("html-only", fixture("html-only"), "opened"),
        ("reply-with-history", reply_with_history(queue, ticket), "appended"),
        ("queue-in-cc", queue_in_cc(queue), "opened"),
    ]
