"""Who hears on a rung: the one it means, whoever stands in for them, or the next higher one who is here."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from staff import floor
from staff.models import Role, Team, User
from tickets.ladder_models import Rung, Whom

OWNER, LEAD, SUPERVISOR, MANAGER = range(4)
LEVELS = {Whom.OWNER: OWNER, Whom.DUTY: OWNER, Whom.LEAD: LEAD, Whom.SUPERVISOR: SUPERVISOR, Whom.MANAGER: MANAGER}
OF_ROLE = {Role.LEAD: LEAD, Role.SUPERVISOR: SUPERVISOR, Role.ADMIN: MANAGER}
# Where a department names no manager, an administrator stands for one.
HEADS = {LEAD: (Role.LEAD, Role.SUPERVISOR, Role.ADMIN), SUPERVISOR: (Role.SUPERVISOR, Role.ADMIN),
         MANAGER: (Role.ADMIN,)}  # fmt: skip


def level_of(rung: Rung, before: Iterable[Rung]) -> int:
    """How high a rung reaches: 0 owner, 1 team lead, 2 supervisor, 3 manager; `before` are the rungs below it."""
    if rung.to == Whom.NAMED:
        return OF_ROLE.get(Role(rung.person.role), OWNER) if rung.person else OWNER
    if rung.to != Whom.NEXT:
        return LEVELS[Whom(rung.to)]
    below = list(before)
    return min(level_of(below[-1], below[:-1]) + 1, MANAGER) if below else LEAD


class People:
    """Resolves the recipients of one batch: a handful of queries, each (team, rung) looked up once."""

    def __init__(self, *, owners: Iterable[int | None], named: Iterable[int | None], now: datetime):
        self.now = now
        teams = list(Team.objects.values_list("pk", "department_id", "department__manager"))
        self.departments = {pk: department for pk, department, _manager in teams}
        self.managers = {pk: manager for pk, _department, manager in teams if manager is not None}
        wanted = {pk for pk in (*owners, *named) if pk}
        staff = User.objects.filter(Q(pk__in=wanted) | Q(role__in=HEADS[LEAD]), is_active=True)
        self.here = {person.pk: person for person in staff}
        self.acting = floor.stand_ins(self.here, now)
        self.found: dict[tuple[int, int], User | None] = {}
        self.duty: dict[int, list[User]] = {}

    def told(self, rung: Rung, before: list[Rung], *, team_id: int, owner_id: int | None) -> User | None:
        """Who hears of a ticket of this team and owner on this rung; None where nobody is left to tell."""
        if rung.to == Whom.OWNER:
            return self._acting(owner_id, team_id) or self.head(team_id, LEAD)
        key = (team_id, rung.pk)
        if key not in self.found:
            self.found[key] = self._one(rung, before, team_id)
        return self.found[key]

    def _one(self, rung: Rung, before: list[Rung], team_id: int) -> User | None:
        level = level_of(rung, before)
        if rung.person_id and rung.person_id == self.managers.get(team_id):
            level = MANAGER
        if rung.to == Whom.NAMED:
            return self._acting(rung.person_id, team_id) or self.head(team_id, min(level + 1, MANAGER))
        if rung.to == Whom.DUTY:
            return self._on_duty(rung.duty_team_id or team_id, team_id) or self.head(team_id, LEAD)
        return self.head(team_id, level)

    def _acting(self, pk: int | None, team_id: int) -> User | None:
        """Themselves while they are here, else who stands in; only people who see the team's tickets."""
        person = self.acting.get(pk) if pk else None
        return person if person and self._sees(person, team_id) else None

    def _sees(self, person: User, team_id: int) -> bool:
        if person.is_admin or person.team_id == team_id:
            return True
        same = self.departments.get(person.team_id or 0) == self.departments.get(team_id)
        return person.role == Role.SUPERVISOR and same

    def head(self, team_id: int, level: int) -> User | None:
        """The nearest head of at least this level who is here or stood in for; else the nearest one all the same."""
        role, manager = HEADS[level][0], self.managers.get(team_id)
        near = [person for person in self.here.values()
                if (person.role in HEADS[level] or person.pk == manager) and self._sees(person, team_id)]  # fmt: skip
        # The manager comes first on their own level, and below it after everybody but the administrators.
        near.sort(key=lambda p: (
            (p.pk != manager) if level == MANAGER else (p.pk == manager), p.role != role, p.team_id != team_id,
            p.role == Role.ADMIN, p.pk,
        ))  # fmt: skip
        acting = (self._acting(person.pk, team_id) for person in near)
        return next((person for person in acting if person), near[0] if near else None)

    def _on_duty(self, duty_team: int, team_id: int) -> User | None:
        if duty_team not in self.duty:
            self.duty[duty_team] = list(floor.on_duty(duty_team, self.now))
        seeing = [person for person in self.duty[duty_team] if self._sees(person, team_id)]
        return min(seeing, key=lambda p: -OF_ROLE.get(Role(p.role), OWNER), default=None)
