"""The conversation of a ticket with what happened around it, merged by time, a page at a time."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.db.models import Q
from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.models import Event
from desk import calls, pause_requests_panel, relations_story
from followups import outgoing
from followups.models import Attempt, Outgoing
from messaging.models import Attachment
from processes import confirmations
from processes import story as process_story
from tickets import conversation, joined_waits, ladder_acts, mentions, routing_turns
from tickets.models import Kind, Metric, Outcome, Post, Priority, SLATimer, State, Ticket
from tickets.routing_models import Strategy
from visits import flow, story

PAGE = 50
MOST_EVENTS = 400
TOLD_BY_POSTS = ("replied", "noted", "customer_wrote", "call_started", "call_ended", "call_attached")
# Reasons of ours, kept as they stand in the code.
OWN_REASONS = (
    ladder_acts.OVERDUE, conversation.WAITING, calls.ESCALATED, confirmations.WAITING, flow.WAITS, flow.GOES_ON,
    joined_waits.TAKEN_OVER, joined_waits.GIVEN_ON, joined_waits.HEARD, joined_waits.GIVEN_BACK,
)
OUTCOMES = {**dict(Attempt.Outcome.choices), **dict(Outcome.choices)}


@dataclass(frozen=True)
class Line:
    """One event in the reader's words."""

    at: datetime
    icon: str
    text: str
    look: str = ""
    note: str = ""
    pk: int = 0
    post = None


@dataclass(frozen=True)
class Entry:
    """One post of the thread with the files that came with it."""

    at: datetime
    post: Post
    files: list[Attachment]
    names: dict[int, str] = field(default_factory=dict)  # of the colleagues mentioned, by id


@dataclass
class Day:
    """What happened on one day, oldest first."""

    day: date
    title: str
    items: list[Entry | Line] = field(default_factory=list)


@dataclass(frozen=True)
class Thread:
    """A page of the conversation. `earlier` is the id before which the page before it ends, None at the beginning."""

    days: list[Day]
    earlier: int | None
    moved: list[Event]  # every step of the flow, oldest first, for the strip of stages


def read(ticket: Ticket, *, before: int | None = None, now: datetime | None = None) -> Thread:
    """The last posts of a ticket, or those before a post, with the events of the same stretch: three queries."""
    now = now or timezone.now()
    posts = ticket.posts.select_related("author", "outgoing").only(
        "ticket_id", "kind", "channel", "body", "at", "next_update_at", "message_id", "outgoing_id",
        "author__display_name",
        "author__username", "outgoing__state", "outgoing__sent_at", "outgoing__error", "outgoing__to_masked",
        "outgoing__next_attempt_at", "outgoing__attempts",
    )
    if before:
        posts = posts.filter(pk__lte=before)
    found = list(posts.order_by("-pk")[: PAGE + 1 + bool(before)])
    until = found.pop(0).at if before and found and found[0].pk == before else None
    page, more = found[:PAGE], len(found) > PAGE
    since = page[-1].at if more else None
    events = _events(ticket, since, until)
    told_now = [
        (event.kind, line) for event in events
        if (since is None or event.at >= since) and (until is None or event.at < until) and (line := told(event))
    ]
    # The sort is stable: at the same moment a ticket opens before its first post, all else follows the post.
    items: list[Entry | Line] = [line for kind, line in told_now if kind == "opened"]
    items += _entries(page)
    items += [line for kind, line in told_now if kind != "opened"]
    items.sort(key=lambda item: item.at)
    return Thread(_days(items, now), page[-1].pk if more else None, [e for e in events if e.kind == "moved"])


def _events(ticket: Ticket, since: datetime | None, until: datetime | None) -> list[Event]:
    """Oldest first; all steps of the flow, and the rest of the stretch, in one query."""
    stretch = Q()
    if since:
        stretch &= Q(at__gte=since)
    if until:
        stretch &= Q(at__lt=until)
    wanted = Event.objects.filter(ticket_id=ticket.pk).exclude(kind__in=TOLD_BY_POSTS)
    if stretch:
        wanted = wanted.filter(stretch | Q(kind="moved"))
    return list(wanted.order_by("-pk")[:MOST_EVENTS])[::-1]


def _entries(posts: list[Post]) -> list[Entry]:
    names = mentions.names_in(post.body for post in posts)
    came = [post.message_id for post in posts if post.message_id]
    went = [post.outgoing_id for post in posts if post.outgoing_id]
    files: dict[tuple[int | None, int | None], list[Attachment]] = {}
    if came or went:
        wanted = Q(message__in=came) | Q(outgoing__in=went)
        for file in Attachment.objects.filter(wanted).defer("content").order_by("pk"):
            files.setdefault((file.message_id, file.outgoing_id), []).append(file)
    return [Entry(post.at, post, files.get((post.message_id, post.outgoing_id), []), names) for post in posts]


def _days(items: list[Entry | Line], now: datetime) -> list[Day]:
    days: list[Day] = []
    for item in items:
        day = timezone.localdate(item.at)
        if not days or days[-1].day != day:
            days.append(Day(day, day_title(day, timezone.localdate(now))))
        days[-1].items.append(item)
    return days


def day_title(day: date, today: date) -> str:
    """Today, November 20 · Yesterday, November 19 · November 2 · March 3, 2024."""
    written = formats.date_format(day, "MONTH_DAY_FORMAT" if day.year == today.year else "DATE_FORMAT")
    words = {0: _("Today, {day}"), 1: _("Yesterday, {day}")}
    return words.get((today - day).days, "{day}").format(day=written)


def stamp(moment: datetime, now: datetime) -> str:
    """Today 09:02, or November 19 17:40: when a stage was entered."""
    day, today = timezone.localdate(moment), timezone.localdate(now)
    hour = timezone.localtime(moment).strftime("%H:%M")
    if day == today:
        return _("Today {time}").format(time=hour)
    return f"{formats.date_format(day, 'MONTH_DAY_FORMAT' if day.year == today.year else 'DATE_FORMAT')} {hour}"


def told(event: Event) -> Line | None:
    """An event in words; None for what the page tells otherwise."""
    tell = WORDS.get(event.kind)
    line = tell(event, event.actor_name or _("The system"), event.data) if tell else None
    return replace(line, pk=event.pk) if line else None


def _label(choices, value: str) -> str:
    return str(choices(value).label) if value in choices.values else value


def _moved(event, who, data):
    text = _("%(who)s: %(from)s → %(to)s") % {
        "who": who, "from": _label(State, data.get("from", "")), "to": _label(State, data.get("to", "")),
    }
    if data.get("to") == State.ARCHIVED and data.get("outcome"):
        text += f" · {_label(Outcome, data['outcome'])}"
    archived = data.get("to") == State.ARCHIVED
    return Line(event.at, "archive" if archived else "arrow-right-circle", text, note=data.get("note", ""))


def _breached(event, who, data):
    due = parse_datetime(data.get("due_at") or "") or event.at
    text = _("%(promise)s was due at %(time)s and has been missed") % {
        "promise": _label(Metric, data.get("metric", "")), "time": timezone.localtime(due).strftime("%m-%d %H:%M"),
    }
    return Line(event.at, "exclamation-triangle", text, "u-red")


def _sla_warning(event, who, data):
    due = parse_datetime(data.get("due_at") or "") or event.at
    text = _("%(promise)s is due at %(time)s: the owner has been warned") % {
        "promise": _label(Metric, data.get("metric", "")), "time": timezone.localtime(due).strftime("%m-%d %H:%M"),
    }
    return Line(event.at, "hourglass-split", text, "u-amber")


def _replanned(event, who, data):
    before, after = (parse_datetime(data.get(name) or "") for name in ("before", "after"))
    facts = {"who": who, "promise": _label(Metric, data.get("metric", "")), "because": data.get("because", "")}
    if not before or not after:
        return Line(event.at, "calendar-range", _("%(who)s re-planned %(promise)s by %(because)s") % facts)
    facts |= {name: timezone.localtime(at).strftime("%m-%d %H:%M") for name, at in (("from", before), ("to", after))}
    text = _("%(who)s re-planned %(promise)s by %(because)s: due %(to)s instead of %(from)s")
    return Line(event.at, "calendar-range", text % facts)


def _escalated(event, who, data):
    if not data.get("to"):
        return Line(event.at, "bell", _("Overdue: nobody stands on this rung of the escalation path"), "u-red")
    text = _("Overdue: %(name)s has been told")
    if "percent" in data and data["percent"] is None:
        text = _("Overdue and not acknowledged in time: %(name)s has been told")
    return Line(event.at, "bell", text % {"name": data["to"]}, "u-red")


def _ahead(event, who, data):
    facts = {"promise": _label(Metric, data.get("metric", "")), "name": data.get("to") or "–"}
    if data.get("percent"):
        facts["percent"] = data["percent"]
        text = _("%(percent)s %% of the time for %(promise)s is used: %(name)s has been told") % facts
    else:
        text = _("%(promise)s: not acknowledged in time, %(name)s has been told") % facts
    return Line(event.at, "bell", text, "u-amber")


def _raised(event, who, data):
    up = data.get("to")
    text = _("By the escalation ladder: priority raised to %(priority)s")
    label = Priority(up).label if up in Priority.values else up
    return Line(event.at, "chevron-double-up", text % {"priority": label}, "u-amber")


def _reason(data) -> str:
    """What somebody wrote stays as written; what the product wrote is told in the reader's language."""
    reason = data.get("reason") or ""
    return _(reason) if reason in OWN_REASONS else reason


def _assigned(event, who, data):
    text, icon = _("%(who)s took the owner off") % {"who": who}, "person-dash"
    if data.get("to"):
        text, icon = _("%(who)s assigned it to %(name)s") % {"who": who, "name": data["to"]}, "person-check"
    return Line(event.at, icon, text, note=_reason(data))


ROUTED_BECAUSE = {
    routing_turns.UNOPENED: gettext_noop("It was not opened in time."),
    routing_turns.READY: gettext_noop("Somebody is ready now."),
    routing_turns.OVERFLOW: gettext_noop("Nobody was ready, so it went to the overflow team."),
}


def _routed(event, who, data):
    facts = {
        "position": data.get("rule"), "name": data.get("name", ""), "team": data.get("team", ""),
        "strategy": _label(Strategy, data.get("strategy", "")), "to": data.get("to"),
    }
    words = _("Rule %(position)s: %(name)s → %(team)s, %(strategy)s: %(to)s") if data.get("to") else _(
        "Rule %(position)s: %(name)s → %(team)s, nobody assigned yet"
    )
    why = ROUTED_BECAUSE.get(data.get("why", ""))
    return Line(event.at, "signpost-split", words % facts, note=_(why) if why else "")


def _taken_over(event, who, data):
    text = _("%(who)s took the ticket over from %(name)s") % {"who": who, "name": data.get("former", "")}
    return Line(event.at, "arrow-left-right", text, note=_reason(data))


def _chased(event, who, data):
    text = _("The customer asked again, chaser %(n)s") % {"n": data.get("count", "")}
    if data.get("from") != data.get("to") and data.get("to") in Priority.values:
        text += " · " + _("priority raised to %(priority)s") % {"priority": Priority(data["to"]).label}
    return Line(event.at, "megaphone", text, "u-amber")


def _reopened(event, who, data):
    text = _("The customer wrote again within the grace period: the ticket is open again")
    if event.actor_id:
        text = _("%(who)s reopened the ticket") % {"who": who}
    stood = data.get("stood", {})
    if stood.get("outcome"):
        text += " · " + _("until then: %(outcome)s") % {"outcome": _label(Outcome, stood["outcome"])}
    return Line(event.at, "arrow-counterclockwise", text, "u-amber", note=_reason(data))


def _cycle_opened(event, who, data):
    text = _("The matter goes on in %(number)s") % {"number": data.get("number", "")}
    return Line(event.at, "arrow-repeat", text)


def _reclassified(event, who, data):
    text = _("%(who)s changed the class from %(from)s to %(to)s") % {
        "who": who, "from": _label(Kind, data.get("from", "")), "to": _label(Kind, data.get("to", "")),
    }
    for timer in data.get("timers", ()):
        text += f" · {_label(Metric, timer['metric'])}: {_label(SLATimer.Mark, timer['did'])}"
    return Line(event.at, "diagram-3", text, note=_reason(data))


def _callback(event, who, data):
    result = data.get("outcome") or data.get("result") or ""
    text = _("%(who)s called back: %(result)s") % {"who": who, "result": OUTCOMES.get(result, result)}
    return Line(event.at, "telephone-outbound", text)


def _called_out(event, who, data):
    result = data.get("result") or ""
    text = _("%(who)s called the customer: %(result)s") % {"who": who, "result": _label(Outgoing.Result, result)}
    scores = [data.get(name) for name in outgoing.RATINGS]
    if any(scores):
        text += " · " + " / ".join("–" if score is None else str(score) for score in scores)
    return Line(event.at, "telephone-outbound", text)


def _planned(event, who, data):
    due = parse_datetime(data.get("due_at") or "")
    text = _("Callback planned for %(time)s") % {
        "time": timezone.localtime(due or event.at).strftime("%m-%d %H:%M")
    }
    return Line(event.at, "calendar-plus", text)


def _audited(event, who, data):
    if data.get("passed"):
        return Line(event.at, "clipboard-check", _("%(who)s audited the record: passed") % {"who": who}, "u-green")
    return Line(event.at, "clipboard-x", _("%(who)s audited the record: returned") % {"who": who}, "u-amber")


def _snoozed(event, who, data):
    until = parse_datetime(data.get("until") or "") or event.at
    text = _("%(who)s put it aside until %(time)s") % {
        "who": who, "time": timezone.localtime(until).strftime("%m-%d %H:%M"),
    }
    return Line(event.at, "moon", text)


def _visit(event, who, data):
    told_so = story.told(event, who)
    return Line(told_so.at, told_so.icon, told_so.text, told_so.look, told_so.note)
def _related(event, who, data):
    icon, text, look = relations_story.told(event.kind, who, data)
    return Line(event.at, icon, text, look, note=_reason(data))


def _plain(icon: str, words: str, look: str = ""):
    """An event of fixed words, with or without %(who)s, translated when it is told."""

    def tell(event, who, data):
        return Line(event.at, icon, _(words) % {"who": who}, look, note=_reason(data) or data.get("note") or "")

    return tell


def _process(event, who, data):
    found = process_story.told(event, who)
    return Line(event.at, found.icon, found.text, found.look, note=found.note)


WORDS = {
    "opened": _plain("inbox", gettext_noop("%(who)s opened the ticket")),
    "moved": _moved,
    "reclassified": _reclassified,
    "chased": _chased,
    "reopened": _reopened,
    "cycle_opened": _cycle_opened,
    "amended": _plain("pencil", gettext_noop("%(who)s corrected the details")),
    "breached": _breached,
    "sla_warning": _sla_warning,
    "replanned": _replanned,
    "investigated": _plain("search", gettext_noop("%(who)s finished the investigation")),
    "escalated_overdue": _escalated,
    "escalated_ahead": _ahead,
    "escalation_acknowledged": _plain("check2-circle", gettext_noop("%(who)s acknowledged the escalation")),
    "priority_raised": _raised,
    "assigned": _assigned,
    "taken_over": _taken_over,
    "routed": _routed,
    "claimed": _plain("person-plus", gettext_noop("%(who)s took the ticket")),
    "paused": _plain("pause", gettext_noop("%(who)s paused the clock")),
    **{kind: _plain(*words) for kind, words in pause_requests_panel.WORDS.items()},
    "resumed": _plain("play", gettext_noop("%(who)s let the clock run again")),
    "snoozed": _snoozed,
    "woken": _plain("sunrise", gettext_noop("%(who)s took it back into the lists")),
    **dict.fromkeys(relations_story.WORDS, _related),
    "no_policy": _plain("question-circle", gettext_noop("No promise in time applies to this case"), "u-amber"),
    "acknowledged": _plain("envelope-check", gettext_noop("An acknowledgement with the number was sent")),
    "bounced": _plain("envelope-x", gettext_noop("A mail to the customer was returned"), "u-red"),
    "auto_reply": _plain("reply-all", gettext_noop("The customer's mail program answered by itself")),
    "imported": _plain("database-down", gettext_noop("Taken over from another system")),
    "callback": _callback,
    "called_out": _called_out,
    "callback_planned": _planned,
    "callback_cancelled": _plain("calendar-x", gettext_noop("The planned callback was cancelled")),
    "audited": _audited,
    "feedback_opened": _plain("clipboard-data", gettext_noop("%(who)s opened the feedback record")),
    "feedback_handed": _plain("clipboard-data", gettext_noop("%(who)s handed the feedback record on")),
    "feedback_returned": _plain("clipboard-x", gettext_noop("%(who)s returned the feedback record"), "u-amber"),
    "feedback_filed": _plain("clipboard-check", gettext_noop("%(who)s filed the feedback record"), "u-green"),
    **dict.fromkeys(story.KINDS, _visit),
    **dict.fromkeys(process_story.KINDS, _process),
    "sheet_opened": _plain("shield-exclamation", gettext_noop("%(who)s opened the complaint sheet")),
    "sheet_investigated": _plain("search", gettext_noop("%(who)s finished the investigation")),
    "sheet_closed": _plain("shield-check", gettext_noop("%(who)s closed the complaint sheet")),
}
