"""Drafts, kept on the server as they are typed: a killed browser or a lost session loses nothing."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Prefetch, Subquery, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from core import sealed_files
from messaging import files
from staff.models import User
from tickets.draft_models import Draft, DraftFile
from tickets.models import Ticket

KEPT = timedelta(days=30)
LONGEST = 200_000  # characters; twice what may be sent, so that what is too long to send is still kept
MOST_FILES = 10
BATCH = 500
CONTENT = DraftFile._meta.get_field("content")


class DraftRefused(Exception):
    """The draft cannot be kept as it is; the text says why."""


class Conflict(Exception):
    """Another window has written since; `draft` is what stands there, and nothing was overwritten."""

    def __init__(self, draft: Draft):
        super().__init__(_("This draft was changed in another window."))
        self.draft = draft


@transaction.atomic
def save(
    ticket: Ticket, *, user: User, kind: str, text: str, seen: int, extras: dict | None = None,
    now: datetime | None = None,
) -> Draft:
    """Keeps what has been typed. `seen` is the version it was typed upon, 0 where there was none.

    Raises `Conflict` where a newer version with other words stands, and `DraftRefused` beyond `LONGEST` characters.
    """
    if len(text) > LONGEST:
        raise DraftRefused(
            _("Longer than %(limit)s characters; the end of it is not kept.") % {"limit": f"{LONGEST:,}"}
        )
    draft = _locked(ticket, user, kind)
    extras = extras or {}
    if draft.version != seen and draft.text != text:
        raise Conflict(draft)
    if draft.text == text and draft.extras == extras:
        return draft
    draft.text, draft.extras = text, extras
    draft.version, draft.updated_at = draft.version + 1, now or timezone.now()
    draft.save(update_fields=["text", "extras", "version", "updated_at"])
    return draft


def _locked(ticket: Ticket, user: User, kind: str) -> Draft:
    Draft.objects.get_or_create(user=user, ticket=ticket, kind=kind)
    return Draft.objects.select_for_update().get(user=user, ticket=ticket, kind=kind)


def of(ticket: Ticket, user: User) -> dict[str, Draft]:
    """The user's drafts on a ticket by kind, with their files but not the files' contents."""
    rows = ticket.drafts.filter(user=user).prefetch_related(
        Prefetch("files", DraftFile.objects.defer("content"))
    )
    return {draft.kind: draft for draft in rows}


@transaction.atomic
def clear(ticket: Ticket, *, user: User, kind: str, now: datetime | None = None) -> None:
    """Empties a draft that was sent, in the sender's transaction; a save still under way is a conflict from now on."""
    now = now or timezone.now()
    own = Draft.objects.filter(user=user, ticket=ticket, kind=kind)
    if not own.update(text="", extras={}, version=F("version") + 1, updated_at=now):
        try:
            with transaction.atomic():
                Draft.objects.create(user=user, ticket=ticket, kind=kind, version=1, updated_at=now)
            return  # it was sent without a draft
        except IntegrityError:  # a first save has come in between: its version counts on
            own.update(text="", extras={}, version=F("version") + 1, updated_at=now)
    DraftFile.objects.filter(draft__in=own).delete()


@transaction.atomic
def add_file(
    ticket: Ticket, *, user: User, name: str, pieces: Iterable[bytes], now: datetime | None = None
) -> DraftFile:
    """Puts a file into the user's reply, a piece of it after the other. Raises `files.FileRefused`, which names it."""
    name = files.clean_name(name)
    taken = files.Taken(name, pieces)
    sealed_files.stage(CONTENT, taken)
    content_type = taken.content_type()
    draft = _locked(ticket, user, Draft.Kind.REPLY)  # not before all is there: somebody goes on typing meanwhile
    if draft.files.count() >= MOST_FILES:
        raise files.FileRefused(_("%(name)s: a reply takes %(n)d files at most.") % {"name": name, "n": MOST_FILES})
    together = draft.files.aggregate(size=Sum("size"))["size"] or 0
    if together + taken.size > files.LARGEST:
        raise files.FileRefused(
            _("%(name)s: the files of one mail may have %(limit)s together.")
            % {"name": name, "limit": files.size_words(files.LARGEST)}
        )
    now = now or timezone.now()
    Draft.objects.filter(pk=draft.pk).update(updated_at=now)
    return DraftFile.objects.create(
        draft=draft, name=name, content_type=content_type, size=taken.size, content=sealed_files.staged(), added_at=now
    )


def remove_file(ticket: Ticket, *, user: User, file_id: int) -> None:
    """Takes a file out of the user's reply; one that is gone already is no error."""
    DraftFile.objects.filter(pk=file_id, draft__user=user, draft__ticket=ticket).delete()


def chosen(ticket: Ticket, *, user: User, ids: Iterable[int]) -> list[DraftFile]:
    """The files with these ids in the user's reply, but not their contents; fewer where some are gone."""
    wanted = list(ids)
    own = DraftFile.objects.filter(draft__user=user, draft__ticket=ticket, draft__kind=Draft.Kind.REPLY)
    return list(own.filter(pk__in=wanted).defer("content")) if wanted else []


def content_of(file: DraftFile) -> Subquery:
    """The sealed content, for a column that is written from it without its passing through here."""
    return Subquery(DraftFile.objects.filter(pk=file.pk).values("content"))


def fade(*, now: datetime | None = None) -> int:
    """Deletes drafts that nobody has touched for thirty days, with their files; returns how many."""
    until, faded = (now or timezone.now()) - KEPT, 0
    while ids := list(Draft.objects.filter(updated_at__lt=until).values_list("pk", flat=True)[:BATCH]):
        Draft.objects.filter(pk__in=ids, updated_at__lt=until).delete()
        faded += len(ids)
    return faded
