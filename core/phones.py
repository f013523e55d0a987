"""Telephone numbers in one written form (E.164), so that a caller is found however the number was typed."""

import re
import unicodedata
from zoneinfo import ZoneInfo

import phonenumbers

CN_MOBILE = re.compile(r"1[3-9]\d{9}")
# Numbers that exist only inside China: 110, 12315, 12345, 10086, 95588, 96110 and the like.
CN_SHORT = re.compile(r"1[12]\d|1[12]\d{3}|10\d{3}|9[56]\d{3}|95\d{4,6}")
CN_PREFIX = re.compile(r"(?:\+86|0086|86)(?=1[3-9]\d{9}$)")
EXTENSION = re.compile(r"(?:转分机|分机号?|轉|转|extension|ext\.?|[x#,;]{1,2})[:\s]*(\d{1,8})\s*$", re.IGNORECASE)
# 010-62345678-801: a third group after a complete landline number is an extension.
TRAILING_GROUP = re.compile(r"^((?:\+?86[- ]?)?\(?0?\d{2,3}\)?[- ]\d{7,8})-(\d{1,6})$")
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"))
DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−ー·•"), "-")
MAX_RAW = 64
# Where calls go to; the library without maps knows no zones. Of a country with several, the middle one.
ZONES = {
    "CN": "Asia/Shanghai", "HK": "Asia/Hong_Kong", "MO": "Asia/Macau", "TW": "Asia/Taipei", "JP": "Asia/Tokyo",
    "KR": "Asia/Seoul", "SG": "Asia/Singapore", "MY": "Asia/Kuala_Lumpur", "TH": "Asia/Bangkok",
    "VN": "Asia/Ho_Chi_Minh", "PH": "Asia/Manila", "ID": "Asia/Jakarta", "IN": "Asia/Kolkata", "PK": "Asia/Karachi",
    "AE": "Asia/Dubai", "SA": "Asia/Riyadh", "IL": "Asia/Jerusalem", "TR": "Europe/Istanbul", "KZ": "Asia/Almaty",
    "RU": "Asia/Yekaterinburg", "UA": "Europe/Kyiv", "PL": "Europe/Warsaw", "CZ": "Europe/Prague",
    "HU": "Europe/Budapest", "RO": "Europe/Bucharest", "GR": "Europe/Athens", "DE": "Europe/Berlin",
    "AT": "Europe/Vienna", "CH": "Europe/Zurich", "FR": "Europe/Paris", "BE": "Europe/Brussels",
    "NL": "Europe/Amsterdam", "IT": "Europe/Rome", "ES": "Europe/Madrid", "PT": "Europe/Lisbon",
    "GB": "Europe/London", "IE": "Europe/Dublin", "DK": "Europe/Copenhagen", "NO": "Europe/Oslo",
    "SE": "Europe/Stockholm", "FI": "Europe/Helsinki", "EG": "Africa/Cairo", "NG": "Africa/Lagos",
    "KE": "Africa/Nairobi", "ZA": "Africa/Johannesburg", "US": "America/Chicago", "CA": "America/Toronto",
    "MX": "America/Mexico_City", "BR": "America/Sao_Paulo", "AR": "America/Argentina/Buenos_Aires",
    "CL": "America/Santiago", "CO": "America/Bogota", "PE": "America/Lima", "AU": "Australia/Sydney",
    "NZ": "Pacific/Auckland",
}


class BadPhone(ValueError):
    """The text is no telephone number. The message never carries the text itself."""


def normalise(raw: str, region: str = "CN") -> str:
    """Return the number as E.164 ("+8613812341234"), or a Chinese short code ("12315") as its bare digits.

    `region` is the ISO country assumed where no country code is written. Extensions are dropped; `split` keeps them.
    Raises BadPhone.
    """
    return split(raw, region)[0]


def split(raw: str, region: str = "CN") -> tuple[str, str]:
    """Return (number as by `normalise`, extension digits or ""). Raises BadPhone."""
    text = _plain(raw)
    text, extension = _without_extension(text)
    digits = re.sub(r"[\s\-().]", "", text)
    if region == "CN":
        bare = CN_PREFIX.sub("", digits)
        if CN_MOBILE.fullmatch(bare):
            return f"+86{bare}", extension
        if CN_SHORT.fullmatch(digits):
            return digits, extension
    return _parsed(text, region), extension


def is_short_code(number: str) -> bool:
    """True for public short numbers such as 12315 and 12345, which belong to nobody in person."""
    return bool(CN_SHORT.fullmatch(number))


def last4(e164: str) -> str:
    """Return the last four digits, which agents read out to verify a caller."""
    return re.sub(r"\D", "", e164)[-4:]


def display(e164: str, region: str = "CN") -> str:
    """Return the number as people of `region` write it; what cannot be read is returned as it is."""
    if is_short_code(e164):
        return e164
    try:
        parsed = phonenumbers.parse(e164, region)
    except phonenumbers.NumberParseException:
        return e164
    home = parsed.country_code == phonenumbers.country_code_for_region(region)
    form = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)


def zone_of(e164: str) -> ZoneInfo | None:
    """The time zone of the number's country, of a wide one its middle; None where it is not in `ZONES`."""
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        return None
    name = ZONES.get(region or "")
    return ZoneInfo(name) if name else None


def _plain(raw: str) -> str:
    text = unicodedata.normalize("NFKC", str(raw or "")).translate(INVISIBLE).translate(DASHES).strip()
    text = re.sub(r"^tel:\s*", "", text, flags=re.IGNORECASE)
    if not text or len(text) > MAX_RAW:
        raise BadPhone("not a telephone number")
    return text


def _without_extension(text: str) -> tuple[str, str]:
    for pattern in (EXTENSION, TRAILING_GROUP):
        found = pattern.search(text)
        if found:
            head = text[: found.start()] if pattern is EXTENSION else found.group(1)
            return head.strip(), found.group(found.lastindex or 1)
    return text, ""


def _parsed(text: str, region: str) -> str:
    if re.search(r"[^\d\s+\-().]", text):
        raise BadPhone("not a telephone number")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise BadPhone("not a telephone number") from None
    # Abroad only the length is judged: numbering plans open new ranges faster than any list of them.
    possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    if not possible or (number.country_code == 86 and not phonenumbers.is_valid_number(number)):
        raise BadPhone("not a telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
