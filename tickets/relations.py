"""Tags of a ticket, and its links to others: parent and children, relatives, duplicates."""

from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, live, redaction
from staff.models import User
from tickets.models import State, Ticket
from tickets.relation_models import Link, Tag, Tagging

MOST_TAGS = 20  # of one ticket
DEEPEST = 20  # parents above one ticket
PARENTS = 7_311_904  # the lock under which parents are set one after the other


class TagRefused(Exception):
    """The tag cannot be put on the ticket; the text says why."""


class LinkRefused(Exception):
    """The tickets cannot be linked so; the text says why."""


# --- Tags -------------------------------------------------------------------------------------------------------


def tag_named(name: str) -> Tag:
    """The tag of this name, made where there is none; of two makers at once both get the same. Raises `TagRefused`."""
    name = " ".join(redaction.masked(name.replace("\0", "")).split()).lstrip("#")
    if not name:
        raise TagRefused(_("Write a tag."))
    if len(name) > 30:
        raise TagRefused(_("A tag takes 30 characters at most."))
    known = Tag.objects.named(name).first()
    if known is None:
        try:
            with transaction.atomic():
                known = Tag.objects.create(name=name)
        except IntegrityError:
            known = Tag.objects.named(name).get()
    if not known.is_active:
        raise TagRefused(_("The tag “%(name)s” is no longer used.") % {"name": known})
    return known


@transaction.atomic
def tag(ticket: Ticket, *, tag: Tag, by: User, now: datetime | None = None) -> bool:
    """Puts a tag on a ticket; False if it was there. Raises `TagRefused`."""
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if not tag.is_active:
        raise TagRefused(_("The tag “%(name)s” is no longer used.") % {"name": tag})
    if locked.taggings.filter(tag=tag).exists():
        return False
    if locked.taggings.count() >= MOST_TAGS:
        raise TagRefused(_("A ticket takes %(most)d tags at most.") % {"most": MOST_TAGS})
    Tagging.objects.create(ticket=locked, tag=tag, by=by, at=now)
    _log("tagged", locked, by=by, now=now, name=tag.name)
    return True


@transaction.atomic
def untag(ticket: Ticket, *, tag: Tag, by: User, now: datetime | None = None) -> bool:
    """Takes a tag off a ticket; False if it was not there."""
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    if not locked.taggings.filter(tag=tag).delete()[0]:
        return False
    _log("untagged", locked, by=by, now=now or timezone.now(), name=tag.name)
    return True


# --- Links ------------------------------------------------------------------------------------------------------


@transaction.atomic
def link(source: Ticket, *, target: Ticket, kind: str, by: User, now: datetime | None = None) -> Link:
    """Makes `source` the parent, the relative or the duplicate of `target`; what is so already stays.

    A ticket has one parent, and no ticket stands above itself: parents are set one after the other, so that of two
    links that would close a circle together the second is refused. Raises `LinkRefused`.
    """
    now = now or timezone.now()
    if kind not in Link.Kind.values:
        raise LinkRefused(_("Say how they belong together."))
    if source.pk == target.pk:
        raise LinkRefused(_("A ticket cannot be linked to itself."))
    if kind == Link.Kind.RELATED and source.pk > target.pk:
        source, target = target, source
    list(Ticket.objects.filter(pk__in=[source.pk, target.pk]).order_by("pk").select_for_update())
    if known := Link.objects.filter(source=source, target=target, kind=kind).first():
        return known
    if kind == Link.Kind.PARENT:
        _check_parent(source, target)
    made = Link.objects.create(source=source, target=target, kind=kind, by=by, at=now)
    for one, other in ((source, target), (target, source)):
        _log("linked", one, by=by, now=now, link=kind, number=other.number, as_source=one is source)
    return made


def _check_parent(parent: Ticket, child: Ticket) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PARENTS])
    other = Link.objects.filter(target=child, kind=Link.Kind.PARENT).select_related("source").first()
    if other:
        facts = {"number": child.number, "parent": other.source.number}
        raise LinkRefused(_("%(number)s has a parent already: %(parent)s.") % facts)
    above: int | None = parent.pk
    steps = 0
    while above is not None:
        if above == child.pk:
            facts = {"child": child.number, "parent": parent.number}
            raise LinkRefused(_("%(child)s stands above %(parent)s already; that would make a circle.") % facts)
        steps += 1
        if steps > DEEPEST:
            raise LinkRefused(_("More than %(most)d tickets would stand above each other.") % {"most": DEEPEST})
        above = Link.objects.filter(target=above, kind=Link.Kind.PARENT).values_list("source", flat=True).first()


@transaction.atomic
def unlink(link: Link, *, by: User, now: datetime | None = None) -> bool:
    """Takes a link away; False if somebody did so before."""
    now = now or timezone.now()
    found = Link.objects.select_for_update(of=("self",)).select_related("source", "target").filter(pk=link.pk).first()
    if found is None:
        return False
    found.delete()
    for one, other in ((found.source, found.target), (found.target, found.source)):
        _log("unlinked", one, by=by, now=now, link=found.kind, number=other.number, as_source=one is found.source)
    return True


def links_of(ticket: Ticket, user: User) -> dict[str, list]:
    """The links of a ticket within sight, each as (link, the other ticket), by what the other is to this one."""
    found: dict[str, list] = {"parent": [], "children": [], "related": [], "duplicates": [], "duplicate_of": []}
    seen = Ticket.objects.visible_to(user)
    for mine, theirs in (("source", "target"), ("target", "source")):
        rows = Link.objects.filter(**{mine: ticket, f"{theirs}__in": seen}).select_related(theirs).order_by("pk")
        for row in rows:
            names = {
                Link.Kind.PARENT: "children" if mine == "source" else "parent",
                Link.Kind.RELATED: "related",
                Link.Kind.DUPLICATE: "duplicate_of" if mine == "source" else "duplicates",
            }
            found[names[Link.Kind(row.kind)]].append((row, getattr(row, theirs)))
    return found


def open_among(links: list) -> int:
    """How many of the tickets at the other end are open."""
    return sum(other.state != State.ARCHIVED for _row, other in links)


def _log(kind: str, ticket: Ticket, *, by: User | None, now: datetime, **data) -> None:
    events.record(
        kind, ticket, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        **data,
    )
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)
