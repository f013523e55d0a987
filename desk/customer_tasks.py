"""Tasks about customers as the pages show them: on the 360° page of one, and as a list over all in sight (A2, A3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import get_language

from customers import plans
from customers.models import CommunicationPlan, Contact, Customer, Task
from staff.models import User

ROWS = 25
KINDS = dict(Task.Kind.choices)
METHODS = dict(CommunicationPlan.Method.choices)
SHOWN = {"detail": "plan__goal_en", "goal_zh": "plan__goal_zh", "method": "reason__method"}  # beside kind, person, day


@dataclass(frozen=True)
class Line:
    """A task in words: what, what for, how to reach the customer, whose, when."""

    pk: int
    text: str
    goal: str
    method: str
    contact: str
    who: str
    day: date
    late: bool
    customer: Customer


@dataclass(frozen=True)
class Filters:
    """What the list is asked for: whose tasks, of which kind, and after which row."""

    whose: str
    kind: str
    after: tuple[date, int] | None

    @classmethod
    def of(cls, asked, user: User) -> "Filters":
        """Out of the address; heads begin with everybody's, others with their own."""
        usual = "all" if user.supervises else "mine"
        whose = asked.get("whose") if asked.get("whose") in ("mine", "all") else usual
        return cls(whose, asked.get("kind") if asked.get("kind") in KINDS else "", _cursor(asked.get("after", "")))


def of_customer(customer: Customer, rows: list[dict[str, Any]], today: date | None = None) -> list[Line]:
    """The lines of the 360° page from what its one query brought along; reads prefetched contacts."""
    today = today or timezone.localdate()
    chinese = (get_language() or "").startswith("zh")
    return [
        _line(
            customer, row["pk"], row["text"], (row["goal_zh"] if chinese else row["detail"]) or "", row["method"],
            row["who"], parse_date(row["day"]) or today, today,
        )
        for row in rows
    ]


def page(user: User, filters: Filters, today: date | None = None) -> dict[str, Any]:
    """The context of the list: open tasks by their due day, and how far the planned contacts have come."""
    today = today or timezone.localdate()
    scope = Task.objects.visible_to(user)
    if filters.whose == "mine":
        scope = scope.filter(assignee=user)
    found = _after(scope.filter(done_at=None), filters)
    rows = list(_whole(found).order_by("due_on", "pk")[: ROWS + 1])
    last = rows[ROWS - 1] if len(rows) > ROWS else None
    return {
        "lines": [_of_task(row, today) for row in rows[:ROWS]],
        "onward": f"{last.due_on:%Y-%m-%d}.{last.pk}" if last else "",
        "coverage": plans.coverage(scope, today),
        "filters": filters,
        "kinds": KINDS.items(),
    }


def _after(tasks: QuerySet[Task], filters: Filters) -> QuerySet[Task]:
    if filters.kind:
        tasks = tasks.filter(kind=filters.kind)
    if filters.after:
        day, pk = filters.after
        tasks = tasks.filter(Q(due_on__gt=day) | Q(pk__gt=pk), due_on__gte=day)
    return tasks


def _whole(tasks: QuerySet[Task]) -> QuerySet[Task]:
    contacts = Contact.objects.filter(kind__in=set(plans.OF_CONTACT.values()), valid=True).defer("value")
    return (
        tasks.select_related("customer__tier", "assignee", "plan")
        .defer("originals", "customer__attributes", "customer__tier_reason")
        .prefetch_related(Prefetch("customer__contacts", contacts.order_by("-preferred", "pk")))
    )


def _of_task(task: Task, today: date) -> Line:
    return _line(
        task.customer, task.pk, task.kind, task.plan.goal if task.plan else "", task.reason.get("method"),
        str(task.assignee or ""), task.due_on, today,
    )


def _line(
    customer: Customer, pk: int, kind: str, goal: str, method: str | None, who: str | None, day: date, today: date
) -> Line:
    method = method or ""
    contact = _contact(customer.contacts.all(), plans.OF_CONTACT.get(method, ""))
    return Line(
        pk, str(KINDS.get(kind, kind)), goal, str(METHODS.get(method, "")), contact, who or "–", day, day < today,
        customer,
    )


def _contact(contacts: Iterable[Contact], kind: str) -> str:
    """The contact to use, masked: the valid one of this kind, preferred before others."""
    fitting = sorted((c for c in contacts if c.kind == kind and c.valid), key=lambda c: (not c.preferred, c.pk))
    return fitting[0].masked if fitting else ""


def _cursor(text: str) -> tuple[date, int] | None:
    day, _dot, pk = text.partition(".")
    try:
        found = parse_date(day)
    except ValueError:
        return None
    return (found, int(pk)) if found and pk.isdecimal() and len(pk) < 19 else None
