"""Where service processes take longest (F3): the median time per step of a template."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, ExpressionWrapper, F, FloatField, Q
from django.db.models.functions import Extract

from metrics.definitions import Percentile
from processes.models import StepQuerySet, TemplateStep

STRETCH = timedelta(days=90)
SHOWN = 8


@dataclass(frozen=True)
class Bottleneck:
    """One step of a template: how often it was done, its median in clock seconds, how many were late."""

    step: TemplateStep
    n: int
    median: float
    late: int

    @property
    def late_share(self) -> float:
        return 100 * self.late / self.n


def bottlenecks(steps: StepQuerySet, *, now: datetime) -> list[Bottleneck]:
    """The slowest steps of the last 90 days among these, the slowest first; from opened to done, day and night."""
    took = ExpressionWrapper(Extract(F("done_at") - F("started_at"), "epoch"), output_field=FloatField())
    done = steps.filter(
        done_at__gte=now - STRETCH, done_at__lte=now, started_at__isnull=False, skipped=False, origin__isnull=False
    )
    rows = (
        done.order_by().values("origin")
        .annotate(n=Count("pk"), median=Percentile(took, 0.5), late=Count("pk", filter=Q(done_at__gt=F("due_at"))))
        .order_by("-median", "origin")[:SHOWN]
    )
    found = TemplateStep.objects.select_related("template").in_bulk([row["origin"] for row in rows])
    return [Bottleneck(found[row["origin"]], row["n"], row["median"], row["late"]) for row in rows]
