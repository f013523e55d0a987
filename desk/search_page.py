"""The page of all results: a tab per kind with its count, one kind at a time, and pages that stay put."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from desk import search
from desk.search import KINDS, Kind
from desk.search_filters import Asked, resolve
from staff.models import User

PAGE = 20
CAP = 2000  # more are not counted
CAP_NARROWED = 200  # nor so many where each hit has to be looked at

HELP: tuple[tuple[str, str, str | Promise], ...] = (
    ("退款流程", "refund", _("Chinese as it stands, English in all its forms")),
    ("“未到账”", '"not received"', _("word for word")),
    ("-安装", "-installation", _("without this word")),
    ("类别:投诉", "class:complaint", _("consult, service, complaint")),
    ("等级:贵宾", "tier:vip", _("tier of the customer")),
    ("状态:已升级", "state:escalated", _("stage of the flow")),
    ("是:未结 是:超时", "is:open is:overdue", _("also archived, unread, waiting, unassigned, mine")),
    ("到期<1天", "due<1d", _("hours as 4h, days as 1d, or a day")),
    ("受理>2026-11-01", "opened>2026-11-01", _("after this day; opened<7d: within seven days")),
    ("负责人:我", "owner:me", _("me, none, or a name")),
    ("细类:退款", "topic:refund", _("a topic and everything below it")),
    ("标签:漏水 关注:我", "tag:leak watching:me", _("by tag; tickets that you watch")),
    ("班组:… 客户:… 渠道:微信", "team:… customer:… channel:wechat", _("by part of the name")),
)


@dataclass(frozen=True)
class Tab:
    code: str
    label: str | Promise
    icon: str
    count: int
    cap: int
    url: str
    here: bool


def page(text: str, user: User, *, chosen: str = "", before: int | None = None) -> dict:
    """What the template shows. Without a choice the first kind that has hits is shown."""
    text = search.cleaned(text)
    context: dict = {"q": text, "help": HELP, "tabs": [], "rows": [], "problems": []}
    if not text:
        return context
    asked = resolve(text, user)
    caps = {kind.code: _cap(kind, asked) for kind in KINDS}
    first = _named(text, asked)
    found = {kind.code: kind.ids(asked, caps[kind.code] + 1) for kind in KINDS}
    counts = {code: len(ids) + len(set(first.get(code, ())) - set(ids)) for code, ids in found.items()}
    kind = _kind(chosen, counts)
    ids = found[kind.code] if before is None else kind.ids(asked, PAGE + 1, before)
    named = first.get(kind.code, [])
    ids = [pk for pk in ids[: PAGE + 1] if pk not in named]
    shown = [*(named if before is None else []), *ids[:PAGE]]
    context |= {
        "problems": asked.problems, "kind": kind.code, "rows": _in_order(kind.rows(asked, shown), shown),
        "part": f"desk/_search_{kind.part}.html",
        "tabs": [
            Tab(one.code, one.label, one.icon, counts[one.code], caps[one.code], _url(text, one.code), one is kind)
            for one in KINDS
        ],
        "first_url": _url(text, kind.code) if before is not None else "",
        "next_url": _url(text, kind.code, before=ids[PAGE - 1]) if len(ids) > PAGE else "",
    }
    return context


def _cap(kind: Kind, asked: Asked) -> int:
    """How far hits are counted: conditions that facets answer cost nothing, the others a look at every ticket."""
    by_facets = not asked.has_conditions or (kind.code == "tickets" and asked.by_facets)
    return CAP if by_facets else CAP_NARROWED


def _named(text: str, asked: Asked) -> dict[str, list[int]]:
    """What was named by its number or contact stands before all others."""
    if asked.has_conditions:
        return {}
    return {
        "tickets": list(search.named_ticket(text, asked.user).values_list("pk", flat=True)),
        "customers": search.looked_up(text, asked.user, limit=PAGE),
    }


def _kind(chosen: str, counts: dict[str, int]) -> Kind:
    by_code = {kind.code: kind for kind in KINDS}
    if chosen in by_code:
        return by_code[chosen]
    return next((kind for kind in KINDS if counts[kind.code]), KINDS[0])


def _in_order(rows: list[dict], ids: list[int]) -> list[dict]:
    place = {pk: at for at, pk in enumerate(ids)}
    return sorted(rows, key=lambda row: place[row["pk"]])


def _url(text: str, code: str, before: int | None = None) -> str:
    return "?" + urlencode({"q": text, "in": code, **({"before": before} if before else {})})
