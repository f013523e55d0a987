"""The queue of the workbench: its views, filters and columns, and what a page of it shows; see `queue_order`."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db.models import BooleanField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core import redaction
from customers.models import Tier
from desk import queue_counting, queue_rows
from desk.queue_order import DUE, SORTS, Cursor, Group, Mark, grouped, in_order, read_cursor, write_cursor
from staff.models import User
from staff.sight import visible_teams
from tickets.list_models import SavedView, Snooze
from tickets.models import Category, Kind, Level, Priority, State, Tag, Tagging, Ticket, TicketQuerySet, Watch
from tickets.topic_models import LEVELS

PAGE = 50
CAP = 2000  # no count reads more rows, and says "at least" beyond


@dataclass(frozen=True)
class View:
    """One entry of the views column."""

    code: str
    label: str | Promise
    icon: str
    team: bool = False
    red: bool = False


VIEWS = (
    View("mine", _("My queue"), "inbox"),
    View("breached", _("Breached"), "exclamation-circle", red=True),
    View("today", _("Due today"), "hourglass-split"),
    View("unread", _("Unread replies"), "envelope"),
    View("snoozed", _("Snoozed"), "moon"),
    View("watched", _("Watched by me"), "eye"),
    View("team", _("All open"), "people", team=True),
    View("unassigned", _("Unassigned"), "person-dash", team=True),
    View("special", _("Complaints: special"), "shield-exclamation", team=True),
    View("vip", _("VIP customers"), "gem", team=True),
)
CODES = {view.code: view for view in VIEWS}
OWN = ("mine", "breached", "today", "unread", "snoozed")  # what an agent answers for, see `theirs`
MOST_URGENT = {"breached", "today"}  # the first in the order of the queue, so that counting stops where they end


def end_of_today(now: datetime) -> datetime:
    """The coming midnight of the reader's day."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def theirs(user: User) -> Q:
    """What a person answers for: their own tickets and nobody's; whoever supervises answers for all they see."""
    return Q() if user.supervises else Q(owner=user) | Q(owner=None)


def conditions(user: User, now: datetime) -> dict[str, Q]:
    """Which open tickets each view holds, by its code; what is put aside shows where promises or the customer call."""
    asleep = Q(asleep=True)
    awake = ~asleep | Q(unread=True)
    return {
        "mine": Q(owner=user) & awake,
        "breached": theirs(user) & Q(due_at__lt=now),
        "today": theirs(user) & Q(due_at__lt=end_of_today(now)),
        "unread": theirs(user) & Q(unread=True),
        "snoozed": theirs(user) & asleep,
        "watched": Q(pk__in=Watch.objects.filter(user=user).values("ticket")),
        "team": awake,
        "unassigned": Q(owner=None) & awake,
        "special": Q(kind=Kind.COMPLAINT, level=Level.SPECIAL) & awake,
        "vip": Q(tier__in=Tier.objects.filter(rank=1).values("pk")) & awake,
    }


def default_view(user: User) -> str:
    return "team" if user.supervises else "mine"


def in_sight(user: User) -> TicketQuerySet:
    """The tickets a user may see, most urgent first; those without a deadline last. `asleep` are those put aside."""
    asleep = ExpressionWrapper(Q(pk__in=Snooze.objects.values("ticket")), BooleanField())
    return Ticket.objects.visible_to(user).alias(asleep=asleep).order_by(F("due_at").asc(nulls_last=True), "pk")


def open_to(user: User) -> TicketQuerySet:
    """Those of them that are open."""
    return in_sight(user).active()


@dataclass(frozen=True)
class Counts:
    by_view: dict[str, int]
    more: frozenset[str]  # codes of the views that hold at least so many
    closed_today: int


def counts(user: User, now: datetime, saved: "list[tuple[SavedView, Filters]] | None" = None) -> Counts:
    """How many tickets each view holds, the saved ones too, and what was closed today; one query.

    It reads the CAP most urgent tickets in sight, and those of the person's own and, for an agent, nobody's. With
    more than CAP to be looked at, a view holds at least what was found, save where the most urgent are counted.
    """
    wanted = conditions(user, now) | {f"saved{view.pk}": kept.condition(user, now) for view, kept in saved or []}
    watched = open_to(user).filter(wanted.pop("watched"))
    own = {code: wanted.pop(code) for code in (("mine",) if user.supervises else OWN)}
    owned = open_to(user).filter(Q(owner=user) if user.supervises else theirs(user))
    found, more = queue_counting.count(
        [
            queue_counting.among(open_to(user), wanted, most=CAP),
            queue_counting.among(owned, own, most=CAP),
            queue_counting.whole("watched", watched, most=CAP),
            queue_counting.whole("closed_today", closed_today(user, now), most=CAP),
        ],
        most=CAP,
    )
    closed = found.pop("closed_today")
    exact = {code for code in MOST_URGENT if found[code] < CAP}
    return Counts(found, frozenset(more - exact), closed)


def saved_views(user: User) -> "list[tuple[SavedView, Filters]]":
    """Their own views and their team's, each with what it asks for."""
    found = SavedView.objects.visible_to(user)[:60]
    return [(view, Filters.of(QueryDict(view.query), user)) for view in found]


def closed_today(user: User, now: datetime) -> TicketQuerySet:
    """Archived since midnight: by this person, or within sight of whoever supervises."""
    start = end_of_today(now) - timedelta(days=1)
    found = Ticket.objects.visible_to(user).filter(state=State.ARCHIVED, archived_at__gte=start)
    # Looked for among today's: the index by owner, which a plain equality would bring in, holds their whole past.
    return found if user.supervises else found.alias(closer=Coalesce("owner", 0)).filter(closer=user.pk)


def colleagues(user: User) -> list[User]:
    """Those who may own tickets that this user sees, for the filter."""
    return list(User.objects.filter(is_active=True, team__in=visible_teams(user)).order_by("display_name", "pk")[:100])


Choices = list[tuple[int, str]]  # (id, name), as they are offered


def people_topics_and_tags(user: User) -> tuple[Choices, Choices, Choices]:
    """Who and what the list can be narrowed to, in one query; topics by their paths, in the order of their tree."""
    people = User.objects.filter(is_active=True, team__in=visible_teams(user)).order_by("display_name", "pk")
    topics = Category.objects.filter(is_active=True)
    name = "name_zh" if (get_language() or "").startswith("zh") else "name_en"
    none, called = Value(0), Coalesce(NullIf("display_name", Value("")), "username")
    rows = people.values_list(none, "pk", called, none, none)[:100].union(
        topics.values_list(Value(1), "pk", name, "position", Coalesce("parent", none))[:200],
        Tag.objects.active().values_list(Value(2), "pk", "name", none, none)[:300],
        all=True,
    )
    found: tuple[Choices, Choices, Choices] = ([], [], [])
    topic: dict[int, tuple[str, int, int]] = {}
    for what, pk, label, position, parent in rows:
        found[what].append((pk, label))
        if what == 1:
            topic[pk] = label, position, parent
    lines = {pk: _line(pk, topic) for pk in topic}
    in_tree = sorted(lines, key=lambda pk: [(topic[up][1], up) for up in lines[pk]])
    paths = [(pk, " › ".join(topic[up][0] for up in lines[pk])) for pk in in_tree]
    return sorted(found[0], key=itemgetter(1)), paths, sorted(found[2], key=itemgetter(1))


def _line(pk: int, topics: dict[int, tuple[str, int, int]]) -> list[int]:
    """From the top of the tree down to a topic; what is no longer offered is left out."""
    found = [pk]
    while (above := topics[found[0]][2]) in topics and len(found) < LEVELS:
        found.insert(0, above)
    return found


@dataclass(frozen=True)
class Column:
    """One column of the list that may be shown or not; channel and ticket always are."""

    code: str
    label: str | Promise
    look: str = ""
    usual: bool = True


COLUMNS = (
    Column("kind", _("Class")),
    Column("state", _("Stage"), "is-opt is-opt--1"),
    Column("priority", _("Priority"), "is-opt", usual=False),
    Column("category", _("Topic"), "is-opt", usual=False),
    Column("tags", _("Tags"), "is-opt", usual=False),
    Column("sla", _("SLA")),
    Column("owner", _("Owner"), "is-opt"),
    Column("opened", _("Opened"), "is-opt u-right", usual=False),
    Column("updated", _("Updated"), "is-opt u-right"),
)


@dataclass(frozen=True)
class Filters:
    """What the address asks for; unknown values are left out and named in `ignored`, never an error."""

    view: str
    kind: str = ""
    state: str = ""
    owner: str = ""
    category: str = ""
    priority: str = ""
    tag: str = ""
    words: str = ""
    sort: str = DUE
    cols: tuple[str, ...] = ()
    saved: str = ""
    after: Cursor | Mark | None = None
    page_from: str = ""  # the cursor as it was written
    ignored: tuple[str | Promise, ...] = ()

    LABELS: ClassVar[dict[str, str | Promise]] = {
        "view": _("View"), "kind": _("Class"), "state": _("Stage"), "owner": _("Owner"), "category": _("Topic"),
        "tag": _("Tag"), "priority": _("Priority"), "sort": _("Order"), "cols": _("Columns"),
        "q": _("Words in the summary"),
    }

    @classmethod
    def of(cls, params, user: User) -> "Filters":
        chosen = params.getlist("cols") if isinstance(params, QueryDict) else []
        known = {
            "view": CODES, "kind": Kind.values, "state": State.values, "sort": SORTS,
            "priority": [str(value) for value in Priority.values],
        }
        taken = {name: value for name in known if (value := params.get(name, "")) and value in known[name]}
        owner, category = params.get("owner", ""), params.get("category", "")
        taken["owner"] = owner if owner in ("me", "none") or re.fullmatch(r"[0-9]{1,18}", owner) else ""
        taken["category"] = category if re.fullmatch(r"[0-9]{1,9}", category) else ""
        taken["tag"] = tag if re.fullmatch(r"[0-9]{1,18}", tag := params.get("tag", "")) else ""
        ignored = [
            cls.LABELS[name]
            for name in (*known, "owner", "category", "tag")
            if params.get(name) and not taken.get(name)
        ]
        if params.get("saved"):
            ignored += [name[:40] for name in params if name not in cls.LABELS and name not in ("saved", "after")]
            ignored += [cls.LABELS["cols"]] if set(chosen) - {column.code for column in COLUMNS} else []
        after = read_cursor(params.get("after", ""), taken.get("sort", DUE))
        return cls(
            **{"view": default_view(user)} | taken,
            words=params.get("q", "").replace("\0", "").strip()[:100],
            cols=tuple(column.code for column in COLUMNS if column.code in chosen),
            saved=saved if re.fullmatch(r"[0-9]{1,18}", saved := params.get("saved", "")) else "",
            after=after,
            page_from=params.get("after", "") if after else "",
            ignored=tuple(ignored),
        )

    def checked(self) -> "Filters":
        """Without the people and topics that are no longer there; asks only where one is named."""
        gone = []
        if self.owner.isdecimal() and not User.objects.filter(pk=self.owner).exists():
            gone.append("owner")
        if self.category and not Category.objects.filter(pk=self.category).exists():
            gone.append("category")
        if self.tag and not Tag.objects.active().filter(pk=self.tag).exists():
            gone.append("tag")
        ignored = (*self.ignored, *(self.LABELS[name] for name in gone))
        cleared: dict[str, Any] = dict.fromkeys(gone, "")
        return replace(self, ignored=ignored, **cleared) if gone else self

    @property
    def narrowed(self) -> bool:
        return bool(self.kind or self.state or self.owner or self.category or self.priority or self.tag or self.words)

    @property
    def columns(self) -> list[Column]:
        return [column for column in COLUMNS if (column.code in self.cols if self.cols else column.usual)]

    @property
    def query(self) -> str:
        """The address of what is shown, without the page: what a saved view keeps."""
        named = {
            "view": self.view, "kind": self.kind, "state": self.state, "owner": self.owner, "q": self.words,
            "category": self.category, "priority": self.priority, "tag": self.tag,
            "sort": self.sort if self.sort != DUE else "",
        }
        return urlencode([*((n, v) for n, v in named.items() if v), *(("cols", code) for code in self.cols)])

    @property
    def address(self) -> str:
        """The query with the saved view it came from."""
        return f"{self.query}&saved={self.saved}" if self.saved else self.query

    @property
    def whole_address(self) -> str:
        return f"{self.address}&after={self.page_from}" if self.page_from else self.address

    def condition(self, user: User, now: datetime) -> Q:
        """What an open ticket has to be, to stand in this list."""
        found = conditions(user, now)[self.view]
        equal = {"kind": self.kind, "state": self.state, "priority": self.priority}
        found &= Q(**{name: value for name, value in equal.items() if value})
        if self.category:
            found &= Q(category__in=Category.objects.within(self.category).order_by().values("pk"))
        if self.owner:
            found &= Q(owner={"me": user.pk, "none": None}.get(self.owner, self.owner))
        if self.tag:
            found &= Q(pk__in=Tagging.objects.filter(tag=int(self.tag)).values("ticket"))
        return found & Q(subject__icontains=redaction.sought(self.words)) if self.words else found

    def apply(self, user: User, now: datetime) -> TicketQuerySet:
        """The open tickets of this list, most urgent first."""
        if self.state in ("", State.ARCHIVED):
            return open_to(user).filter(self.condition(user, now))
        # Such a stage is an open one: said twice, the planner would believe that there are hardly any.
        return in_sight(user).filter(self.condition(user, now))


@dataclass(frozen=True)
class Page:
    groups: list[Group]
    next_cursor: str
    size: int


def page(user: User, filters: Filters, now: datetime) -> Page:
    """One page of the queue with everything its rows show, in four queries at most."""
    ids = in_order(filters.apply(user, now), filters.sort, filters.after, PAGE + 1)
    shown = queue_rows.read(ids[:PAGE], filters.cols)
    more = write_cursor(shown[-1], filters.sort) if shown and len(ids) > PAGE else ""
    return Page(grouped(shown, now, filters.sort), more, len(shown))
