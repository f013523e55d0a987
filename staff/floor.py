"""Who is here: on duty by the roster, away by their absence, and who stands in for whom (M4)."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from staff.floor_models import Absence, Duty
from staff.models import Team, User


def away(now: datetime) -> QuerySet:
    """The ids of everybody who is away, as a subquery: `.exclude(pk__in=floor.away(now))`."""
    return Absence.objects.running(now).order_by().values("user")


def is_absent(user: User, now: datetime) -> bool:
    """Whether an absence of theirs is running."""
    return Absence.objects.running(now).filter(user=user).exists()


def on_duty(team: Team | int, now: datetime) -> QuerySet[User]:
    """Who works a shift of this team at this moment and is not away, by name; nobody where there is no roster."""
    on_shift = Duty.objects.at(now).filter(shift__team=team).values("user")
    return User.objects.filter(pk__in=on_shift, is_active=True).exclude(pk__in=away(now)).order_by("display_name", "pk")


def stand_in(user: User, now: datetime) -> User | None:
    """Who acts for this person now: themselves while they are here, else their deputy, or the deputy's deputy.

    None where everybody on that way is away, no deputy is named, or the deputies point at each other.
    """
    return stand_ins([user.pk], now)[user.pk]


def stand_ins(user_ids: Iterable[int], now: datetime) -> dict[int, User | None]:
    """`stand_in` for many, in two queries however many they are."""
    asked = list(dict.fromkeys(user_ids))
    deputies = dict(Absence.objects.running(now).order_by().values_list("user", "deputy"))
    ends = {pk: _follow(pk, deputies) for pk in asked}
    people = User.objects.filter(is_active=True).in_bulk({pk for pk in ends.values() if pk is not None})
    return {pk: people.get(end) if end is not None else None for pk, end in ends.items()}


def _follow(pk: int | None, deputies: dict[int, int | None]) -> int | None:
    """The end of a line of deputies; None where it has none."""
    passed: set[int] = set()
    while pk is not None and pk in deputies:
        if pk in passed:
            return None
        passed.add(pk)
        pk = deputies[pk]
    return pk


def in_circle(user_ids: Iterable[int], now: datetime) -> set[int]:
    """Those of them who are away while the deputies on their way point at each other."""
    deputies = dict(Absence.objects.running(now).order_by().values_list("user", "deputy"))
    named = {pk: deputy for pk, deputy in deputies.items() if deputy is not None}
    return {pk for pk in user_ids if _follow(pk, deputies) is None and _follow(pk, named) is None}
