"""A suggestion of class, level and priority from words in Chinese and English. It explains; the agent decides."""

import re
from dataclasses import dataclass, field

from tickets.models import Grade, Kind, Level, Priority

# word → weight. Domain vocabulary, matched as it stands in the customer's text.
WORDS: dict[str, dict[str, int]] = {
    Kind.COMPLAINT: {
        "投诉": 5, "举报": 5, "曝光": 4, "赔偿": 4, "索赔": 4, "态度": 3, "欺骗": 4, "骗": 3, "差评": 3, "太差": 3,
        "不满": 3, "生气": 3, "愤怒": 3, "气愤": 3, "退货": 2, "质量问题": 3, "漏水": 2, "一直没": 2, "没人管": 4,
        "推诿": 4, "第三次": 3, "再次": 2, "12315": 5, "12345": 5, "媒体": 4, "律师": 4, "消协": 5, "受伤": 5,
        "complaint": 5, "complain": 5, "unacceptable": 4, "terrible": 3, "rude": 4, "angry": 3, "compensation": 4,
        "lawyer": 4, "refund": 2, "broken": 2, "leaking": 2, "disappointed": 3, "worst": 3, "again": 1, "injured": 5,
        "scam": 4, "third time": 3, "nobody": 2, "media": 3,
    },
    Kind.SERVICE: {
        "安装": 4, "维修": 4, "上门": 3, "更换": 3, "换": 1, "退款": 3, "退货": 3, "换货": 3, "开通": 4, "修改": 2,
        "改地址": 3, "地址": 1, "预约": 3, "发票": 3, "保修": 2, "寄": 2, "发货": 2, "取消": 2, "办理": 3, "申请": 3,
        "install": 4, "repair": 4, "replace": 3, "exchange": 3, "refund": 3, "return": 3, "activate": 4, "change": 2,
        "appointment": 3, "invoice": 3, "ship": 2, "cancel": 2, "visit": 2, "technician": 3, "address": 1,
    },
    Kind.CONSULT: {
        "请问": 4, "咨询": 5, "怎么": 3, "如何": 3, "多少": 3, "什么": 2, "是否": 2, "能不能": 2, "价格": 3, "型号": 2,
        "营业时间": 4, "区别": 3, "了解": 3, "进度": 3, "查询": 3, "有没有": 2,
        "how": 3, "what": 2, "when": 2, "which": 3, "price": 3, "question": 4, "does": 2, "is it": 2, "hours": 2,
        "wondering": 3, "could you tell": 4, "difference": 3, "cover": 1,
    },
}
SPECIAL = ("12315", "12345", "媒体", "曝光", "律师", "起诉", "消协", "受伤", "着火", "爆炸", "触电", "索赔", "第三次",
           "lawyer", "lawsuit", "injured", "fire", "media", "authority", "third time")
URGENT = ("马上", "立即", "今天", "当天", "紧急", "漏水", "着火", "停电", "urgent", "immediately", "today", "asap",
          "leaking", "emergency", "fire")


@dataclass(frozen=True)
class Suggestion:
    """A proposed class with the words that speak for it; `kind` is '' where nothing was recognised."""

    kind: str = ""
    level: str = ""
    urgency: int = Grade.MEDIUM
    reasons: list[str] = field(default_factory=list)
    scores: dict[str, int] = field(default_factory=dict)


def has_word(text: str, word: str) -> bool:
    """Whether the text holds the word; Latin ones as whole words, so that "immediately" is no "media"."""
    if not word.isascii():
        return word in text
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?:s|es|ed|ing)?(?![a-z0-9])", text, re.IGNORECASE) is not None


def suggest(text: str) -> Suggestion:
    """Scores each class by the words found. Ties go to the class that obliges us to do more."""
    found = {kind: {word: n for word, n in words.items() if has_word(text, word)} for kind, words in WORDS.items()}
    scores = {kind: sum(words.values()) for kind, words in found.items()}
    best = max((Kind.COMPLAINT, Kind.SERVICE, Kind.CONSULT), key=lambda kind: scores[kind])
    urgent = [word for word in URGENT if has_word(text, word)]
    if not scores[best]:
        return Suggestion(urgency=Grade.HIGH if urgent else Grade.MEDIUM, reasons=urgent, scores=scores)
    special = [word for word in SPECIAL if has_word(text, word)] if best == Kind.COMPLAINT else []
    level = (Level.SPECIAL if special else Level.GENERAL) if best == Kind.COMPLAINT else ""
    reasons = sorted(found[best], key=found[best].__getitem__, reverse=True)
    return Suggestion(
        kind=best,
        level=level,
        urgency=Grade.HIGH if urgent else Grade.MEDIUM,
        reasons=list(dict.fromkeys(reasons + special + urgent))[:6],
        scores=scores,
    )


def priority(*, urgency: int, importance: int, difficulty: int, tier_rank: int = 3, chases: int = 0) -> Priority:
    """Urgency × importance × difficulty, each 1–3 (P3, P4); a VIP (rank 1) and each chaser move up one step."""
    product = urgency * importance * difficulty
    step = Priority.URGENT if product >= 18 else Priority.HIGH if product >= 9 else (
        Priority.NORMAL if product >= 3 else Priority.LOW
    )
    return Priority(max(step - (tier_rank == 1) - chases, Priority.URGENT))
