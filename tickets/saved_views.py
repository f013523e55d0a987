"""Views of the queue that people keep under a name: saved, renamed, deleted, and brought back for half a minute."""

from datetime import datetime

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from staff.models import User
from tickets.list_models import SavedView

MOST = 30  # of one person, and of one team
UNDO_SECONDS = 30
SALT = "saved-view"


class ViewRefused(Exception):
    """The view cannot be kept, changed or brought back; the text says why."""


def may_change(view: SavedView, user: User) -> bool:
    """Own views are their owner's; shared ones are changed by whoever leads the team."""
    if view.team_id is None:
        return view.owner_id == user.pk
    return user.supervises and view.team_id == user.team_id


@transaction.atomic
def save(*, name: str, query: str, by: User, shared: bool = False, now: datetime | None = None) -> SavedView:
    """Keeps the filters of an address; a view of the same name and owner takes the new ones."""
    name = _checked(name)
    if shared and not (by.supervises and by.team_id):
        raise ViewRefused(_("Only whoever leads a team shares views with it."))
    if len(query) > 600:
        raise ViewRefused(_("These filters are too long to keep."))
    # One saves at a time, so that two windows neither pass the limit nor collide on the name.
    User.objects.select_for_update().get(pk=by.pk)
    same = SavedView.objects.filter(team=by.team_id) if shared else SavedView.objects.filter(owner=by, team=None)
    if known := same.filter(name=name).first():
        known.query = query
        known.save(update_fields=["query"])
        return known
    if same.count() >= MOST:
        raise ViewRefused(_("There are %(most)d views already; delete one first.") % {"most": MOST})
    last = same.aggregate(last=Max("position"))["last"] or 0
    return _written(
        SavedView(
            name=name, query=query, owner=by, team_id=by.team_id if shared else None, position=last + 1,
            created_at=now or timezone.now(),
        )
    )


@transaction.atomic
def rename(view: SavedView, *, name: str, by: User) -> SavedView:
    """Gives a view another name. Raises `ViewRefused` where one has it already."""
    _permit(view, by)
    view.name = _checked(name)
    return _written(view)


@transaction.atomic
def delete(view: SavedView, *, by: User) -> str:
    """Takes a view away and returns the token that brings it back within `UNDO_SECONDS`."""
    _permit(view, by)
    fields = ("name", "owner_id", "team_id", "query", "position")
    token = signing.dumps({"by": by.pk} | {name: getattr(view, name) for name in fields}, salt=SALT)
    view.delete()
    return token


def deleted_name(token: str, user: User) -> str:
    """What a fresh token of this user's brings back; '' where the time is over."""
    kept = _kept(token, user)
    return kept["name"] if kept else ""


@transaction.atomic
def restore(token: str, *, by: User) -> SavedView:
    """Brings a deleted view back; doing it twice gives the one that is there."""
    kept = _kept(token, by)
    if kept is None:
        raise ViewRefused(_("The time to bring it back is over."))
    del kept["by"]
    same = {"name": kept["name"], "owner_id": kept["owner_id"], "team_id": kept["team_id"]}
    return SavedView.objects.filter(**same).first() or _written(SavedView(**kept))


def _kept(token: str, user: User) -> dict | None:
    try:
        kept = signing.loads(token, salt=SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature:
        return None
    return kept if kept["by"] == user.pk else None


def _checked(name: str) -> str:
    name = " ".join(name.replace("\0", "").split())
    if not name:
        raise ViewRefused(_("Give the view a name."))
    if len(name) > 40:
        raise ViewRefused(_("A name takes 40 characters at most."))
    return name


def _permit(view: SavedView, user: User) -> None:
    if not may_change(view, user):
        raise ViewRefused(_("A shared view is changed by whoever leads the team."))


def _written(view: SavedView) -> SavedView:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise ViewRefused(_("A view of this name is there already.")) from error
    return view
