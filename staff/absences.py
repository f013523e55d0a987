"""Recording who will be away, from when to when, and who stands in; two absences of one person never overlap (M4)."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events
from staff.floor_models import Absence
from staff.models import Presence, User
from staff.sight import visible_teams


class AbsenceRefused(Exception):
    """The absence cannot be recorded so; the text says why."""


def may_lead(user: User, team_id: int | None) -> bool:
    """Whether a lead or supervisor answers for the people of this team."""
    return bool(user.supervises and team_id and visible_teams(user).filter(pk=team_id).exists())


@transaction.atomic
def record(
    *, user: User, starts_at: datetime, ends_at: datetime, kind: str, plan: str, by: User, deputy: User | None = None,
    note: str = "", now: datetime | None = None,
) -> Absence:
    """Writes an absence down. Raises `AbsenceRefused` where it overlaps another of theirs or its deputy is not fit."""
    now = now or timezone.now()
    locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)  # of two at once the second sees the first
    if ends_at <= starts_at:
        raise AbsenceRefused(_("The end has to be after the beginning."))
    if ends_at <= now:
        raise AbsenceRefused(_("This absence is over already."))
    if Absence.objects.filter(user=locked, starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        raise AbsenceRefused(_("%(name)s is away within this time already.") % {"name": locked})
    if deputy is not None and (deputy.pk == locked.pk or not deputy.is_active):
        raise AbsenceRefused(_("Choose a colleague as the deputy."))
    if plan == Absence.Plan.DEPUTY and deputy is None:
        raise AbsenceRefused(_("Name the deputy who takes the work over."))
    absence = Absence.objects.create(
        user=locked, starts_at=starts_at, ends_at=ends_at, kind=kind, plan=plan, deputy=deputy, note=note.strip(),
        recorded_by=by, recorded_at=now,
    )
    events.record("absence_recorded", absence, by=by, team_id=locked.team_id, now=now, user=locked.pk)
    return absence


@transaction.atomic
def end(absence: Absence, *, by: User, now: datetime | None = None) -> Absence | None:
    """Ends a running absence now, or withdraws one that lies ahead (then None). One that is over stays as it was."""
    now = now or timezone.now()
    locked = Absence.objects.select_for_update(of=("self",)).select_related("user").filter(pk=absence.pk).first()
    if locked is None:
        return None
    if locked.ends_at <= now:
        return locked
    events.record("absence_ended", locked, by=by, team_id=locked.user.team_id, now=now, user=locked.user_id)
    if locked.starts_at >= now:
        locked.delete()
        return None
    locked.ends_at = now
    locked.save(update_fields=["ends_at"])
    return locked


def leave(absence: Absence, *, now: datetime) -> None:
    """The person is shown as gone from now on; the caller owns the transaction."""
    gone = Presence.AWAY if absence.kind == Absence.Kind.TRAINING else Presence.OFFLINE
    User.objects.filter(pk=absence.user_id).update(presence=gone, presence_since=now)
