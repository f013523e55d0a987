"""What the customer wrote, apart from the history below it and the signature."""

import re
from typing import NamedTuple

from messaging.mail.markup import QUOTE_MARK

_DIVIDER = re.compile(
    r"[-—–_=*~\s]{2,}\s*(原始邮件|原始郵件|原邮件|回复的原邮件|回复的邮件|答复的原文|原始信息"
    r"|original message|original appointment"
    r"|original e-?mail|ursprüngliche nachricht|message d'origine|mensaje original)\s*[-—–_=*~\s]{2,}",
    re.I,
)
_FROM = re.compile(r"[*\s]*(from|发件人|發件人|寄件者|寄件人|von|de)\s*[*\s]*[:：]", re.I)
_FIELD = re.compile(
    r"[*\s]*(sent|date|to|cc|subject|发送时间|发送日期|發送時間|寄件日期|发件时间|日期|時間|时间|收件人|收件者|抄送|主题|主旨|主題"
    r"|gesendet|an|betreff|envoyé|objet|enviado|para|asunto)\s*[*\s]*[:：]",
    re.I,
)
_FROM_INLINE = re.compile(
    r"[*\s]*(from|发件人|發件人)\s*[:：].{1,200}?(sent|date|发送时间|發送時間|日期|时间)\s*[:：]", re.I
)
_WROTE = re.compile(
    r"(wrote|writes|写道|寫道|schrieb|schrieb .{0,80}|a écrit|escribió|ha scritto|のメール|书写道)\s*[:：]$", re.I
)
_OPENING = re.compile(r"(on|at|在|于|於|am|le|el|il)\b|(在|于|於)|\d{4}[-/年]", re.I)
_CLOCK = re.compile(r"\d{1,2}[:：]\d{2}|\d{1,2}[时點点]\d{0,2}")
_DATED = re.compile(r"\d{1,4}[-/.年]\d{1,2}|\b\d{1,2},? \d{4}|\d{4}")
_FORWARD = re.compile(
    r"[-—_\s]*(forwarded message|begin forwarded message|转发邮件信息|轉發郵件"
    r"|转发的邮件|转发邮件|开始转发的邮件"
    r"|weitergeleitete nachricht)"
    r"\s*[:：]?[-—_\s]*",
    re.I,
)
_FORWARDED_SUBJECT = re.compile(r"\s*(re|回复|答复)?\s*[:：]?\s*(fwd?|转发|轉發|转|wg|tr)\s*[:：]", re.I)
_RULE = re.compile(r"[-—_=*]{5,}")
_SIGNATURE = re.compile(r"--[ \xa0]?")
_DEVICE = re.compile(
    r"(sent from my |sent from (mail|outlook|yahoo|foxmail|samsung|huawei)"
    r"|get outlook for |获取 ?outlook|发自我的|發自我的|來自我的"
    r"|从我的.{1,20}发送|发自.{1,16}(手机|邮箱|客户端|iphone|ipad)|来自.{1,12}(手机|邮箱|客户端)"
    r"|签名由.{1,20}定制|von meinem .{1,20} gesendet"
    r"|envoyé de mon )",
    re.I,
)
_SIGNATURE_LINES = 15


class Split(NamedTuple):
    body: str
    quoted: str
    signature: str


def split(text: str, *, subject: str = "") -> Split:
    """The writer's own words, the quoted history and the signature of a plain text with "\\n" line ends.

    The words are never empty when the text is not: a mail that is all quote is all body. A forwarded mail keeps what
    it forwards, since that is its content.
    """
    full = text.replace(QUOTE_MARK, "").strip()
    lines = text.split("\n")
    stop = next((number for number, line in enumerate(lines) if _is(_FORWARD, line)), len(lines))
    if _FORWARDED_SUBJECT.match(subject) or stop < len(lines):
        return Split(full, "", "")
    cut = _history_start(lines)
    own, quoted = lines[:cut], lines[cut:]
    own, signature = _without_signature(own)
    own, trailing = _without_quotes(own)
    if not signature:
        own, signature = _without_signature(own)
    body = _joined(own)
    if not body:
        return Split(full, "", "")
    return Split(body, _joined(trailing + quoted), _joined(signature))


def _is(pattern: re.Pattern, line: str) -> bool:
    return len(line) < 300 and bool(pattern.fullmatch(line.strip()))


def _joined(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines).replace(QUOTE_MARK, "").strip()


def _history_start(lines: list[str]) -> int:
    """The line where everything below is history, or the number of lines."""
    for number, line in enumerate(lines):
        if line.startswith(QUOTE_MARK):
            return _with_rule(lines, number)
        if not line.strip() or line.startswith(">") or len(line) > 1000:
            continue
        if _is(_DIVIDER, line) or _FROM_INLINE.match(line) or _is_header_block(lines, number):
            return _with_rule(lines, number)
        if _WROTE.search(line[-120:].rstrip()):
            start = _attribution(lines, number)
            if start is not None and not _quote_follows(lines, number):
                return start
    return len(lines)


def _with_rule(lines: list[str], number: int) -> int:
    """Includes the ruled line that mail programs draw above the quoted headers."""
    above = number - 1
    while above >= 0 and not lines[above].strip(" \t\xa0"):
        above -= 1
    return above if above >= 0 and _is(_RULE, lines[above]) else number


def _is_header_block(lines: list[str], number: int) -> bool:
    if not _FROM.match(lines[number]):
        return False
    following = [line for line in lines[number + 1 : number + 10] if line.strip()][:5]
    return sum(1 for line in following if _FIELD.match(line[:200])) >= 2


def _attribution(lines: list[str], end: int) -> int | None:
    """Where the "On … wrote:" that ends on this line starts; None when the line is the writer's own sentence."""
    start = next((n for n in range(end, max(-1, end - 3), -1) if _OPENING.match(lines[n].lstrip("> \t\u3000"))), end)
    joined = " ".join(lines[start : end + 1])
    if len(joined) > 500:
        return None
    if "@" in joined or _CLOCK.search(joined):
        return start
    return start if _DATED.search(joined) and _quote_follows(lines, end) else None


def _quote_follows(lines: list[str], number: int) -> bool:
    following = next((line for line in lines[number + 1 : number + 5] if line.strip(" \t\xa0" + QUOTE_MARK)), "")
    return following.startswith(">")


def _without_quotes(lines: list[str]) -> tuple[list[str], list[str]]:
    """Strips a quote at the end or at the top; answers written between quoted lines keep those lines."""
    lines = _drop_attributions(lines)
    end = len(lines)
    while end and (lines[end - 1].startswith(">") or not lines[end - 1].strip()):
        end -= 1
    own, trailing = lines[:end], [line for line in lines[end:] if line.strip()]
    quoted = [number for number, line in enumerate(own) if line.startswith(">")]
    if not quoted:
        return own, trailing
    written = [number for number, line in enumerate(own) if line.strip() and not line.startswith(">")]
    if min(written) > max(quoted):
        return own[min(written) :], own[: min(written)] + trailing
    return own, trailing


def _drop_attributions(lines: list[str]) -> list[str]:
    drop: set[int] = set()
    for number, line in enumerate(lines):
        if line.startswith(">") or not _WROTE.search(line[-120:].rstrip()) or not _quote_follows(lines, number):
            continue
        start = _attribution(lines, number)
        if start is not None:
            drop.update(range(start, number + 1))
    return [line for number, line in enumerate(lines) if number not in drop]


def _without_signature(lines: list[str]) -> tuple[list[str], list[str]]:
    for number in range(len(lines) - 1, 0, -1):
        below = sum(1 for line in lines[number + 1 :] if line.strip()) if _SIGNATURE.fullmatch(lines[number]) else 99
        if below <= _SIGNATURE_LINES and any(line.strip() for line in lines[:number]):
            return lines[:number], lines[number:]
        if len(lines) - number > 200:
            break
    last = len(lines)
    while last > 1:
        line = lines[last - 1].strip(" \t\xa0|")
        if line and not (len(line) < 80 and _DEVICE.match(line)):
            break
        last -= 1
    signature = lines[last:]
    return (
        (lines[:last], signature) if any(_DEVICE.match(line.strip(" \t\xa0|")) for line in signature) else (lines, [])
    )
