"""The report of teams × stages: where all tickets stand, archived ones included, from the ledger at any size."""

from collections import Counter
from dataclasses import dataclass

from metrics import standing
from staff.models import Team, User
from staff.sight import visible_teams
from tickets.models import Kind, State


@dataclass(frozen=True)
class Row:
    """The tickets of one team: how many in each stage, in the order of `State`, and in all."""

    team: Team
    counts: list[int]

    @property
    def total(self) -> int:
        return sum(self.counts)


def report(user: User, *, kind: str) -> dict:
    """Teams in sight by stage, of one class or of all ("")."""
    teams = list(visible_teams(user).order_by("name", "pk"))
    found: Counter[tuple[int, str]] = Counter()
    for (team, of_kind, state), n in standing.by_state([team.pk for team in teams]).items():
        if kind in ("", of_kind):
            found[team, state] += n
    # Stages that nobody's ticket is in would make the table too wide to read.
    states = [state for state in State if any(found[team.pk, state] for team in teams)]
    rows = [Row(team, [found[team.pk, state] for state in states]) for team in teams]
    sums = [sum(column) for column in zip(*(row.counts for row in rows), strict=True)]
    return {"states": states, "rows": rows, "sums": sums, "total": sum(sums), "kind": kind, "kinds": list(Kind)}
