"""What to say at each standard action: the team's script, and for a step that it leaves out the standard one."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from knowledge import blanks, script_defaults
from knowledge.script_models import STEPS, ScriptLine

BLANKS = {name: words for name, words in blanks.KNOWN.items() if name != "due"} | {
    "day": _("the day on which it was dealt with"),
}
KEY, KEPT = "call-scripts", 300
Lines = dict[tuple[str, str, int | None, str], list[tuple[str, str]]]  # direction, language, team, step


@dataclass(frozen=True)
class Said:
    """One step of a script: its sentences with the blanks filled in, and the hint beside them."""

    says: list[str]
    hint: str

    @property
    def say(self) -> str:
        return "\n".join(self.says)


def told(direction: str, *, team_id: int | None, language: str, values: Mapping[str, str]) -> dict[str, Said]:
    """{step: what to say} for one direction; at most one query, and none while the scripts are kept."""
    kept = cache.get(KEY)
    if kept is None:
        kept = _read()
        cache.set(KEY, kept, KEPT)
    language = language if (direction, language) in script_defaults.STANDARD else "en"
    return {step: _said(_lines(kept, direction, language, team_id, step), values) for step in STEPS[direction].values}


def forget() -> None:
    """After an edit: the next reader reads anew."""
    cache.delete(KEY)


def _read() -> Lines:
    found: Lines = {}
    rows = ScriptLine.objects.filter(script__is_active=True).select_related("script").order_by("position", "id")
    for row in rows:
        place = (row.script.direction, row.script.language, row.script.team_id, row.step)
        found.setdefault(place, []).append((row.sentence, row.hint))
    return found


def _lines(kept: Lines, direction: str, language: str, team_id: int | None, step: str) -> list[tuple[str, str]]:
    """The team's, else everybody's, else the procedure's own words."""
    for team in (team_id, None):
        if lines := kept.get((direction, language, team, step)):
            return lines
    standard = script_defaults.STANDARD[direction, language]
    return [(sentence, hint) for code, sentence, hint in standard if code == step]


def _said(lines: list[tuple[str, str]], values: Mapping[str, str]) -> Said:
    says = [blanks.fill(sentence, values) for sentence, _hint in lines if sentence.strip()]
    return Said(says, next((hint for _sentence, hint in lines if hint), ""))
