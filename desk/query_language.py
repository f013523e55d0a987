"""What is typed into the search box: words, “phrases”, -unwanted, and conditions such as `class:complaint due<1d`.

Pure: text in, meaning out. Keys and values may be English or Chinese (类别:投诉 等级:贵宾); a condition that says
nothing known becomes a `Problem`, and the rest is searched all the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from messaging.models import Channel
from tickets.models import Kind, State

LONGEST = 300
MOST = 20  # conditions
PROSE = 10  # 您好：我要… is a sentence: what stands behind an unknown Chinese key and is longer is no value
KEYS = {
    "class": "类别 类型 kind", "state": "状态 阶段 stage", "tier": "等级 级别", "owner": "负责人 经办人",
    "team": "班组 团队", "customer": "客户 顾客", "topic": "细类 话题 category", "channel": "渠道",
    "opened": "受理 开单 提交", "due": "到期 时限", "is": "是", "tag": "标签 标记", "watching": "关注 关注人",
}  # fmt: skip
ALIASES = {alias: key for key, words in KEYS.items() for alias in (key, *words.split())}
KNOWN = tuple(f"{key} {words.split()[0]}" for key, words in KEYS.items())
CLASSES = {
    Kind.CONSULT: "咨询", Kind.SERVICE: "服务 报修", Kind.COMPLAINT: "投诉 complaints",
}  # fmt: skip
STATES = {
    State.RECEIVED: "已受理 受理", State.UNDERSTOOD: "已了解需求 了解需求", State.ANSWERED: "已答复 答复",
    State.BACK_OFFICE: "后台 转后台", State.CLASSIFIED: "已分类 分类", State.RECORDED: "已登记 登记",
    State.AUDIT_CALLBACK: "审核回访 审核与回访", State.PHONE_HANDLING: "电话处理",
    State.SHEET_OPEN: "已开单 开具投诉单", State.DEPT_HANDLING: "部门 部门处理 department",
    State.ESCALATED: "已升级 升级", State.EXTERNAL_DISPUTE: "外部争议", State.CALLBACK: "回访",
    State.ARCHIVED: "已归档 归档 closed",
}  # fmt: skip
CHANNELS = {
    Channel.PHONE: "电话 call", Channel.MAIL: "邮件 邮箱 email", Channel.API: "接口", Channel.WEB: "网页 网站 表单",
    Channel.WECHAT: "微信", Channel.CHAT: "在线 在线客服", Channel.VISIT: "到访 上门", Channel.IMPORT: "导入",
    Channel.MARKET_12315: "消协 市场监管", Channel.CITY_12345: "市民热线 政务热线",
}  # fmt: skip
ARE = {
    "open": "未结 未归档 处理中", "overdue": "超时 逾期 late breached", "archived": "归档 已归档 closed 已结",
    "unread": "未读", "waiting": "等待 等待客户 等待中", "unassigned": "未分配 无人负责", "mine": "我的",
}  # fmt: skip
ME, NOBODY = {"me", "我", "本人"}, {"none", "nobody", "无", "无人", "未分配"}
UNITS = {
    "m": 60, "min": 60, "分": 60, "分钟": 60, "h": 3600, "小时": 3600, "时": 3600, "d": 86400, "天": 86400,
    "日": 86400, "w": 604800, "周": 604800,
}  # fmt: skip
SIGNS = {"：": ":", "＜": "<", "＞": ">", "≤": "<=", "≥": ">=", "＝": ":", "=": ":"}
QUOTES = str.maketrans("“”„＂", '""""')
PIECE = re.compile(
    r'(?P<minus>[-－])?(?:(?P<key>[^\W\d_]+)(?P<sign><=|>=|[:：<>＜＞≤≥＝=])(?P<value>"[^"]*"?|[^\s"]+)|"(?P<phrase>[^"]*)"?'
    r'|(?P<word>[^\s"]+))'
)
LASTING = re.compile(rf"(\d{{1,4}})({'|'.join(sorted(UNITS, key=len, reverse=True))})")


@dataclass(frozen=True)
class Condition:
    """`key` `sign` `value`; a duration is a timedelta, a day a date, everything else text. `negated`: must not hold."""

    key: str
    sign: str
    value: str | timedelta | date
    negated: bool = False


@dataclass(frozen=True)
class Problem:
    """What could not be understood: an unknown `key`, or a `value` that the key does not take."""

    key: str
    value: str
    unknown_key: bool = False
    choices: tuple[str, ...] = ()


@dataclass
class Query:
    words: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(self.words)


def parse(text: str) -> Query:
    """Reads a query; never fails."""
    query = Query()
    for piece in PIECE.finditer(text.replace("\0", " ")[:LONGEST].translate(QUOTES)):
        minus, key = bool(piece["minus"]), piece["key"]
        if key and not _is_prose(key, piece["value"]):
            _take_condition(query, key, SIGNS.get(piece["sign"], piece["sign"]), piece["value"].strip('"'), minus)
        elif piece["phrase"] is not None:
            if phrase := " ".join(piece["phrase"].split()):
                (query.without if minus else query.phrases).append(phrase)
        else:
            words = piece.group().removeprefix(piece["minus"] or "").replace('"', " ").split()
            (query.without if minus else query.words).extend(one for one in words if any(map(str.isalnum, one)))
    return query


def _is_prose(key: str, value: str) -> bool:
    """https://…, and sentences with a colon, are no conditions."""
    if key.lower() in ALIASES:
        return False
    return value.startswith("/") or not key.isalpha() or (not key.isascii() and len(value) > PROSE)


def _take_condition(query: Query, typed: str, sign: str, value: str, negated: bool) -> None:
    key = ALIASES.get(typed.lower())
    value = value.strip()
    if key is None:
        query.problems.append(Problem(typed, value, unknown_key=True, choices=KNOWN))
        return
    read = READERS[key](sign, value) if value else None
    if read is None or len(query.conditions) >= MOST:
        query.problems.append(Problem(typed, value, choices=EXAMPLES.get(key, ())))
        return
    query.conditions.append(Condition(key, sign, read, negated))


def _one_of(choices: Mapping[Any, str]):
    known = {word.lower(): str(value) for value, words in choices.items() for word in (str(value), *words.split())}
    return lambda sign, value: known.get(value.lower().replace("-", "_")) if sign == ":" else None


def _free(sign: str, value: str) -> str | None:
    return value[:80] if sign == ":" else None


def _time(sign: str, value: str) -> timedelta | date | None:
    """7d, 4h, 30m, 2天, or a day as 2026-11-01; a day may stand behind a colon, a duration may not."""
    if lasting := LASTING.fullmatch(value.lower()):
        return timedelta(seconds=int(lasting[1]) * UNITS[lasting[2]]) if sign != ":" else None
    if not re.fullmatch(r"(?:19|20|21)[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}", value):
        return None
    try:
        return date(*map(int, value.split("-")))
    except ValueError:
        return None


READERS = {
    "class": _one_of(CLASSES), "state": _one_of(STATES), "channel": _one_of(CHANNELS), "is": _one_of(ARE),
    "tier": _free, "owner": _free, "team": _free, "customer": _free, "topic": _free,
    "opened": _time, "due": _time, "tag": _free, "watching": _one_of({"me": "我 本人"}),
}  # fmt: skip
EXAMPLES: dict[str, tuple[str, ...]] = {
    key: tuple(f"{value!s} {words.split()[0]}" for value, words in choices.items())
    for key, choices in (("class", CLASSES), ("state", STATES), ("channel", CHANNELS), ("is", ARE))
} | {
    "watching": ("me",), "opened": ("opened>2026-11-01", "opened<7d"), "due": ("due<1d", "due<4h", "due:2026-11-30"),
}  # fmt: skip
