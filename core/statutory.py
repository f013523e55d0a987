"""China's statutory days off 法定节假日 and make-up workdays 调休上班日, as far as the library knows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class StatutoryYear:
    """One year's special days. `complete` is False while the make-up workdays of the year are not known."""

    year: int
    days_off: frozenset[date]
    extra_days: frozenset[date]
    complete: bool
    names: Mapping[date, str]


FIRST_YEAR = 2001  # the first of which the library knows the make-up workdays


def known_years(last: int) -> range:
    """The years that can be filled, up to `last`, whose make-up workdays may not be announced yet."""
    return range(FIRST_YEAR, last + 1)


def china(year: int, language: str = "zh_CN") -> StatutoryYear:
    """Return the year's days off and make-up workdays, named in `language` ("zh_CN", "en_US").

    The State Council announces the make-up workdays each November for the year to come. Before that the library lists
    the holidays alone and says nothing: a year without any make-up workday counts as incomplete, and wants a warning.
    """
    import holidays  # 13 MB with the calendars of all the world, for what is done once a year

    known = holidays.country_holidays("CN", years=year, language=language)
    extra = frozenset(day for day in known.weekend_workdays if day.year == year)
    names = {day: name for day, name in sorted(known.items()) if day not in extra}
    return StatutoryYear(year, frozenset(names), extra, complete=bool(extra), names=names)
