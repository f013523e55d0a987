"""Masked forms of personal data for lists, search, exports, the API and logs (mission.md, Masking)."""

import re
from collections import deque
from collections.abc import Iterator

import phonenumbers

from core import phones

STARS = "****"
HIDDEN = "***"
COMPOUND_SURNAMES = frozenset(
    re.findall(
        "..",
        "欧阳歐陽司马司馬上官诸葛諸葛东方東方皇甫尉迟尉遲公孙公孫长孙長孫慕容司徒司空令狐宇文夏侯"
        "东郭東郭南宫南宮端木百里轩辕軒轅申屠独孤獨孤拓跋钟离鍾離闻人聞人澹台澹臺呼延赫连赫連",
    )
)
HAN = r"\u3400-\u9fff\uf900-\ufaff"
# Street words and figures end the part of an address that may be shown.
_PLACE = rf"(?:(?![路街道巷弄号號室楼樓栋棟])[{HAN}])"
CN_DISTRICT = re.compile(
    rf"^(?:中国|中國)?(?:{_PLACE}{{2,8}}?(?:省|自治区|自治區|特别行政区|特別行政區)\s*)?"
    rf"(?:{_PLACE}{{1,10}}?(?:(?<![超夜菜])市|自治州|地区|地區|盟)\s*)?"
    rf"(?:{_PLACE}{{1,12}}?(?:(?<![小社园園校景厂廠])[区區]|[县縣旗]))?"
)

FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# Of the same length, so that positions found in the plain form hold in the original.
PLAIN = FULL_WIDTH | dict.fromkeys([0xA0, *range(0x2002, 0x2010), 0x2060, 0xFEFF], 0x20)
PLAIN |= dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0x30FB, 0xB7], 0x2D)

_GAP = r"[ \-.]{0,2}"
# Looked for from the @ to both sides: a mail of ten million letters without a space must not stop anybody.
_BEFORE_AT = re.compile(r"[A-Za-z0-9._%+\-]{1,64}\Z")
_AFTER_AT = re.compile(r"@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+")
_CARD = (
    r"(?P<card>(?<![0-9])(?:[2-69][0-9]{12,18}|[2-69][0-9]{3}(?:[ \-][0-9]{4}){3}(?:[ \-]?[0-9]{1,3})?)(?![0-9]))"
)
_ID = (
    r"(?P<id>(?<![0-9])[1-9][0-9]{5}[ \-]?(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])[ \-]?"
    r"[0-9]{3}[0-9Xx](?![0-9A-Za-z]))"
)
_MOBILE = (
    rf"(?P<mobile>(?<![0-9])(?:\(?(?:\+|00)?86\)?{_GAP})?(?:1[3-9][0-9]{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}"
    rf"|1[3-9][0-9]{_GAP}[0-9]{{3}}{_GAP}[0-9]{{5}}|1[3-9][0-9]{{2}}{_GAP}[0-9]{{3}}{_GAP}[0-9]{{4}}"
    r"|1[ \-][3-9](?:[ \-][0-9]){9})(?![0-9]))"
)
_ABROAD = r"(?P<abroad>(?<![0-9A-Za-z])(?:\+[1-9](?:[ \-().]{0,2}[0-9]){6,14}|00[1-9](?:[ \-]?[0-9]){8,13})(?![0-9]))"
_LANDLINE = (
    r"(?P<landline>(?<![0-9\-])(?:(?:\(0[0-9]{2,3}\) ?|0[0-9]{2,3}[ \-.]{0,2})[1-9][0-9]{2,3}[ \-.]?[0-9]{4}"
    r"|0[0-9]{4} [0-9]{6})(?![0-9]))"
)
# 400 and 800 numbers are public.
_AMERICAN = (
    r"(?P<american>(?<![0-9\-])(?:1[ \-.])?(?![48]00)(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[\-.])"
    r"[2-9][0-9]{2}[ \-.][0-9]{4}(?![0-9\-]))"
)


def _after(*words: str) -> str:
    """Right after one of these words, with what may stand between."""
    return "(?:" + "|".join(f"(?<={word}{gap})" for word in words for gap in ("", ":", " ", ": ")) + ")"


_PHONE_WORDS = _after("电话", "座机", "固话", "電話", "[Tt]el", "TEL", "[Pp]hone")
_LOCAL = rf"(?P<local>(?=[1-9][0-9]{{2}}){_PHONE_WORDS}[1-9][0-9]{{2,3}}[ \-]?[0-9]{{4}}(?![0-9\-]))"
_PASSPORT_WORDS = _after("护照", "护照号", "护照号码", "證件號", "证件号", "证件号码", "[Pp]assport", "[Pp]assport no.")
_PASSPORT = (
    r"(?P<passport>(?<![A-Za-z0-9])(?:E[A-HJ-NP-Z][0-9]{7}|[EG][0-9]{8}|[HM][0-9]{8}(?:[0-9]{2})?)(?![A-Za-z0-9])"
    rf"|(?=[A-Za-z]{{0,2}}[0-9]{{6}}){_PASSPORT_WORDS}[A-Za-z]{{0,2}}[0-9]{{6,9}}(?![A-Za-z0-9]))"
)
_NUMBERS = (_ID, _PASSPORT, _MOBILE, _ABROAD, _LANDLINE, _AMERICAN, _CARD, _LOCAL)
NUMBERS = re.compile("|".join(_NUMBERS))


def _written(plain: str) -> str:
    """All ways to write these characters, for a class of a pattern."""
    return re.escape(plain + "".join(chr(code) for code, to in PLAIN.items() if chr(to) in plain))


# Nothing personal can stand in a text without it, plain or not; every text that is written is searched for it.
_DIGIT = f"[{_written('0123456789')}]"
HINT = re.compile(
    f"[{_written('@0123456789')}](?:(?<=[{_written('@')}])|(?<={_DIGIT})(?:[{_written(' -.()')}]{{0,2}}{_DIGIT}){{5}})"
)
DOCUMENTS = frozenset({"id", "card", "passport"})


def phone(value: str | None) -> str:
    """138****1234 · 010-****5678 · +44****0958; a public short code (12315) is shown, other text hides all but 2."""
    if not value or STARS in value:
        return value or ""
    try:
        e164 = phones.normalise(value)
    except phones.BadPhone:
        digits = re.sub(r"\D", "", value)
        return STARS + digits[-2:] if len(digits) >= 7 else STARS
    if phones.is_short_code(e164):
        return e164
    if e164.startswith("+86") and phones.CN_MOBILE.fullmatch(e164, 3):  # nearly all of them, and parsing is dear
        return f"{e164[3:6]}{STARS}{e164[-4:]}"
    number = phonenumbers.parse(e164)
    national = phonenumbers.national_significant_number(number)
    if number.country_code != 86:
        return f"+{number.country_code}{STARS}{national[-4:] if len(national) > 7 else national[-2:]}"
    if phones.CN_MOBILE.fullmatch(national) or not phonenumbers.length_of_geographical_area_code(number):
        return f"{national[:3]}{STARS}{national[-4:]}"
    area = national[: phonenumbers.length_of_geographical_area_code(number)]
    return f"0{area}-{STARS}{national[-4:]}"


def name(value: str | None) -> str:
    """张* · 欧阳* · E*** C***. The length of what is hidden never shows."""
    text = (value or "").strip()
    if "@" in text:
        return email(text)
    if re.search(rf"[{HAN}]", text[:1]):
        keep = 2 if text[:2] in COMPOUND_SURNAMES and len(text) > 2 else 1
        return text[:keep] + "*"
    if re.search(r"\d{5}", text):
        return phone(text)
    return " ".join(f"{word[0]}{HIDDEN}" for word in text.split())


def email(value: str | None) -> str:
    """m***@example.com; without an @ nothing is shown."""
    text = (value or "").strip()
    if not text:
        return ""
    local, at, domain = text.rpartition("@")
    return f"{local[:1]}{HIDDEN}@{domain}" if at else HIDDEN


def address(value: str | None) -> str:
    """Keep province, city and district, hide street and door: 北京市朝阳区*** · ***, Springfield, IL."""
    text = (value or "").strip().translate(FULL_WIDTH)
    if not text:
        return ""
    if re.search(rf"[{HAN}]", text):
        found = CN_DISTRICT.match(text)
        return (found.group().strip() if found else "") + HIDDEN
    parts = [part.strip() for part in text.split(",")]
    shown = []
    for part in parts[1:][-2:]:
        words = [] if part[:1].isdigit() else [word for word in part.split() if not re.search(r"\d", word)]
        if words:
            shown.append(" ".join(words))
    return ", ".join([HIDDEN, *shown])


def document(value: str | None) -> str:
    """Identity and bank card numbers: 110***********1234 from 15 characters on, E******78 below, short ones hidden."""
    if not value or value.isspace():
        return ""
    text = re.sub(r"[\s\-]", "", value)
    if len(text) >= 15:
        return text[:3] + "*" * (len(text) - 7) + text[-4:]
    if len(text) >= 7:
        return text[:1] + "*" * (len(text) - 3) + text[-2:]
    return STARS


def free_text(text: str | None) -> str:
    """Mask telephone, mail, identity and card numbers found inside a text, for logs and previews.

    Everything else stays as written; a text once masked is not changed by masking it again.
    """
    if not text:
        return ""
    pieces, last = [], 0
    for start, end, kind in found(text):
        pieces += [text[last:start], masked(kind, text[start:end])]
        last = end
    return "".join([*pieces, text[last:]])


def found(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of every telephone number, mail address and document number inside a text, in order."""
    if not HINT.search(text):
        return
    plain = text.translate(PLAIN)
    mails = deque(_mails(plain))
    at = 0
    while one := NUMBERS.search(plain, at):
        while mails and mails[0][0] <= one.start():
            start, at = mails.popleft()
            yield start, at, "email"
        if at > one.start():  # a number within a mail address
            continue
        at, kind = one.end(), one.lastgroup or ""
        if mails and mails[0][0] < at:  # its local part begins with the end of the number
            _start, end = mails.popleft()
            if plain[at] != "@":
                mails.appendleft((at, end))
        if kind != "card" or _luhn(re.sub(r"\D", "", one.group())):
            yield one.start(), at, kind
    yield from ((start, end, "email") for start, end in mails)


def _mails(plain: str) -> Iterator[tuple[int, int]]:
    last = 0
    for domain in _AFTER_AT.finditer(plain):
        local = _BEFORE_AT.search(plain, max(last, domain.start() - 64), domain.start())
        if local:
            last = domain.end()
            yield local.start(), last


def masked(kind: str, text: str) -> str:
    """The masked form of what `found` told."""
    plain = text.translate(PLAIN)
    if kind == "email":
        return email(plain)
    if kind == "american":
        return f"+1{STARS}{plain[-4:]}"
    return document(plain) if kind in DOCUMENTS else phone(plain)


def _luhn(digits: str) -> bool:
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(int(digit) for digit in digits[-1::-2])) % 10 == 0
