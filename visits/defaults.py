"""The durations that a new installation starts with; the admin's from then on."""

from visits.models import Kind, KindStandard

MINUTES = {Kind.DELIVERY: 60, Kind.INSTALLATION: 120, Kind.REPAIR: 90}


def fill() -> None:
    """Writes the standard durations that are missing."""
    known = set(KindStandard.objects.values_list("kind", flat=True))
    for kind, minutes in MINUTES.items():
        if kind not in known:
            KindStandard.objects.create(kind=kind, minutes=minutes)
