"""What a ticket is bound to, as its page shows it: chips in the head, tasks and links in the panel of work."""

from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject

from desk import search
from desk.relation_forms import LinkForm, TaskForm
from desk.search_filters import resolve
from staff.models import User
from tickets import joining, relations
from tickets.models import Join, Tag, Tagging, Task, Ticket, Watch

DONE_SHOWN = 5
OFFERED = 8
RECENT_JOINS = 5


def head_facts(user: User) -> dict:
    """Columns for the query of the page, so that the head costs no query more."""
    chips = Tagging.objects.filter(ticket=OuterRef("pk")).order_by("tag__name")
    of_tag = JSONObject(pk="tag_id", name="tag__name", colour="tag__colour")
    watches = Watch.objects.filter(ticket=OuterRef("pk"))
    counted = watches.order_by().values("ticket").annotate(n=Count("pk")).values("n")
    return {
        "tag_chips": ArraySubquery(chips.values(json=of_tag)),
        "watched": Exists(watches.filter(user=user)),
        "watchers": Subquery(counted),
        "merged_into": Subquery(Join.objects.filter(joined=OuterRef("pk"), undone_at=None).values("survivor")[:1]),
    }


def panel(ticket: Ticket, user: User, *, now: datetime, refused=None) -> dict:
    """Tasks and links; `refused` is a form that comes back as it was sent."""
    name = getattr(refused, "name", "")
    return {
        "todos": tasks(ticket, now),
        "task_form": refused if name == "task" else TaskForm(ticket=ticket),
        "links": links(ticket, user),
        "link_form": refused if name == "link" else LinkForm(user=user),
        "joins": joins(ticket, now),
        "refused_act": refused if name == "act" else None,
    }


def tasks(ticket: Ticket, now: datetime) -> dict:
    """Open ones in their order, what is late marked; the last that were closed behind them."""
    rows = list(Task.objects.filter(ticket=ticket).select_related("owner", "done_by"))
    still = [row for row in rows if row.done_at is None]
    closed = sorted((row for row in rows if row.done_at), key=lambda row: row.done_at, reverse=True)
    return {"open": [(row, row.is_late(now)) for row in still], "closed": closed[:DONE_SHOWN], "done": len(closed)}


def links(ticket: Ticket, user: User) -> dict:
    found = relations.links_of(ticket, user)
    return {
        "groups": {name: rows for name, rows in found.items() if rows},
        "children": len(found["children"]),
        "open_children": relations.open_among(found["children"]),
    }


def joins(ticket: Ticket, now: datetime) -> list[tuple[Join, bool]]:
    """What was merged into the ticket, with whether that can still be undone."""
    rows = Join.objects.filter(survivor=ticket, undone_at=None).select_related("joined", "by").order_by("-pk")
    return [(row, not joining.undo_refusal(row, now)) for row in rows[:RECENT_JOINS]]


def tag_names() -> list[str]:
    return list(Tag.objects.active().values_list("name", flat=True)[:500])


def offered(ticket: Ticket, typed: str, user: User) -> list[Ticket]:
    """Tickets that may be meant: found by what was typed, else the customer's own."""
    text = search.cleaned(typed)
    seen = Ticket.objects.visible_to(user).exclude(pk=ticket.pk)
    if not text:
        return list(seen.filter(customer=ticket.customer_id).order_by("-pk")[:OFFERED])
    exact = list(search.named_ticket(text, user).values_list("pk", flat=True))
    asked = resolve(text, user)
    ids = exact or search.ticket_ids(asked, OFFERED)
    return list(seen.filter(pk__in=ids).order_by("-pk"))


def open_of_customer(ticket: Ticket, user: User) -> list[Ticket]:
    """The customer's other open tickets, newest first: one of them may be the same matter."""
    mine = Ticket.objects.visible_to(user).active().filter(customer=ticket.customer_id).exclude(pk=ticket.pk)
    return list(mine.select_related("owner").order_by("-pk")[:20])


def compared(one: Ticket, other: Ticket) -> dict[int, dict]:
    """Of each of two tickets what tells them apart: how much it holds, and what was said last."""
    counts = Ticket.objects.filter(pk__in=[one.pk, other.pk]).annotate(
        entries=Count("posts", distinct=True), open_tasks=Count("todos", filter=Q(todos__done_at=None), distinct=True)
    )
    by_id = {row["pk"]: row for row in counts.values("pk", entries=F("entries"), open_tasks=F("open_tasks"))}
    return {
        ticket.pk: {**by_id[ticket.pk], "ticket": ticket, "last": list(ticket.posts.order_by("-pk")[:3])[::-1]}
        for ticket in (one, other)
    }
