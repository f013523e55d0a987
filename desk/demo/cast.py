"""Who works at the demo desk: its departments, teams, mailboxes and people."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.auth.hashers import make_password

from messaging.models import Mailbox
from staff.models import Department, Presence, Role, Team, User

DOMAIN = "desk.example"


@dataclass(frozen=True)
class Person:
    username: str
    name: str
    role: str
    team: str
    presence: str = Presence.READY
    limit: int = 200


TEAMS = {"华东一组": "客户服务部", "华东二组": "客户服务部", "上门服务组": "客户服务部", "海外组": "海外服务部"}
MAILBOXES = (
    ("service", "客服中心", "华东一组", True),
    ("service2", "客服中心华东二组", "华东二组", False),
    ("overseas", "Overseas service", "海外组", False),
)
SIGNING_IN = (
    Person("agent", "李娜", Role.AGENT, "华东一组"),
    Person("specialist", "周敏", Role.SPECIALIST, "华东一组", limit=500),
    Person("lead", "王强", Role.LEAD, "华东一组", limit=1000),
    Person("supervisor", "陈静", Role.SUPERVISOR, "华东一组", limit=5000),
    Person("admin", "管理员", Role.ADMIN, "华东一组", Presence.OFFLINE, 0),
    Person("technician", "高峰", Role.AGENT, "上门服务组"),
    Person("outsider", "赵敏", Role.AGENT, "海外组"),
)
COLLEAGUES = (
    Person("gu.nan", "顾南", Role.AGENT, "华东一组"),
    Person("luo.yiming", "罗一鸣", Role.AGENT, "华东一组", Presence.BUSY),
    Person("shen.ke", "沈可", Role.AGENT, "华东一组", Presence.AWAY),
    Person("han.yue", "韩悦", Role.LEAD, "华东二组", limit=1000),
    Person("sun.yue", "孙悦", Role.AGENT, "华东二组"),
    Person("ma.jun", "马骏", Role.AGENT, "华东二组", Presence.BUSY),
    Person("wu.qian", "吴倩", Role.SPECIALIST, "华东二组", limit=500),
)


@dataclass
class Crew:
    """One team at work, with the supervisor of its department."""

    team: Team
    people: list[User] = field(default_factory=list)

    @property
    def agents(self) -> list[User]:
        return [person for person in self.people if person.role == Role.AGENT]

    @property
    def specialist(self) -> User:
        return self._first(Role.SPECIALIST)

    @property
    def lead(self) -> User:
        return self._first(Role.LEAD)

    @property
    def supervisor(self) -> User:
        return self._first(Role.SUPERVISOR)

    def _first(self, role: str) -> User:
        return next(person for person in self.people if person.role == role)


def exists() -> bool:
    """True when the demo has been played here before."""
    return User.objects.filter(username=SIGNING_IN[0].username).exists()


def build(passwords: dict[str, str]) -> dict[str, Crew]:
    """Makes everybody and returns the crews by team name; `passwords` are by username."""
    teams = {}
    for name, department in TEAMS.items():
        owner = Department.objects.get_or_create(name=department)[0]
        teams[name] = Team.objects.get_or_create(name=name, defaults={"department": owner})[0]
    has_default = Mailbox.objects.filter(is_default=True).exists()
    for local, name, team, default in MAILBOXES:
        Mailbox.objects.get_or_create(
            address=f"{local}@{DOMAIN}",
            defaults={"name": name, "team": teams[team], "is_default": default and not has_default},
        )
    crews = {name: Crew(team) for name, team in teams.items()}
    for person in SIGNING_IN + COLLEAGUES:
        user = _hire(person, teams[person.team], passwords.get(person.username))
        supervises = [name for name in TEAMS if TEAMS[name] == TEAMS[person.team]]
        for name in supervises if user.role == Role.SUPERVISOR else [person.team]:
            crews[name].people.append(user)
    return crews


def _hire(person: Person, team: Team, password: str | None) -> User:
    admin = person.role == Role.ADMIN
    return User.objects.create(
        username=person.username, display_name=person.name, email=f"{person.username}@{DOMAIN}", role=person.role,
        team=team, presence=person.presence, recovery_limit=Decimal(person.limit), is_staff=admin,
        is_superuser=admin, password=make_password(password),
    )

