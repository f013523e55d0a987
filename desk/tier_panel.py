"""Why the customer is in this tier: dimensions, cuts, a tier set by hand, grace, and the lifetime value (B1–B5)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.models import Customer, ScoringRule, ScoringRun, Tier, TierAssignment, TierOverride
from staff.models import User

D = ScoringRule.Dimension
LATEST = 5
KEPT = 60  # seconds


@dataclass(frozen=True)
class Part:
    """One dimension: what was measured, the points for it, and what they add to the score."""

    label: str
    measured: str
    weight: int
    points: int

    @property
    def adds(self) -> Decimal:
        return Decimal(self.weight * self.points) / 100


@dataclass(frozen=True)
class Grace:
    """Scored lower since a day; the tier goes on another, unless they recover."""

    tier: Tier | None
    since: date
    until: date


def panel(customer: Customer, user: User) -> dict:
    """The context of the panel, in one query, and one more for a tier set by hand."""
    why, rules = customer.tier_reason, cache.get_or_set("tier-panel", _rules, KEPT)
    run, past = rules["run"], list(customer.tier_assignments.select_related("tier")[:LATEST])
    hand, grace = None, None
    if past and past[0].cause == TierAssignment.Cause.OVERRIDE:
        hand = TierOverride.objects.filter(customer=customer, ended_at=None).select_related("by").first()
    elif customer.below_since and run:
        wanted = next((tier for tier in rules["tiers"] if tier.pk == why.get("wanted")), None)
        grace = Grace(wanted, customer.below_since, customer.below_since + timedelta(days=run.version.grace_days))
    return {
        "parts": _parts(why, rules["weights"].get(why.get("version"), {})), "version": why.get("version"),
        "scored_on": _day(why.get("on")), "cut": _cut(customer, run), "hand": hand, "grace": grace,
        "clv": _lifetime(customer, run), "past": past, "tiers": rules["tiers"], "may_set": user.supervises,
    }


def _rules() -> dict:
    """What is the same for every customer, kept for a minute: the tiers, the latest run, the weights by version."""
    weights: dict[int, dict[str, int]] = {}
    for version, dimension, weight in ScoringRule.objects.values_list("version__number", "dimension", "weight"):
        weights.setdefault(version, {})[dimension] = weight
    run = ScoringRun.objects.exclude(cuts=[]).select_related("version").first()
    return {"tiers": list(Tier.objects.all()), "run": run, "weights": weights}


def _parts(why: dict, weights: dict[str, int]) -> list[Part]:
    points, measured = why.get("points"), why.get("measured") or {}
    if not points:
        return []
    labels = {
        D.RECENCY: _("Recency"), D.FREQUENCY: _("Frequency"), D.MONETARY: _("Spent"), D.TENURE: _("Tenure"),
        D.SATISFACTION: _("Satisfaction"), D.PAYMENT: _("Payment"),
    }
    return [
        Part(label, _said(name, measured.get(name)), weights.get(name, 0), points[name])
        for name, label in labels.items() if name in points
    ]


def _said(dimension: str, value) -> str:
    if value is None:
        return _("not known")
    whole = int(value)
    return {
        D.RECENCY: ngettext("%(n)d day ago", "%(n)d days ago", whole) % {"n": whole},
        D.FREQUENCY: ngettext("%(n)d order in a year", "%(n)d orders in a year", whole) % {"n": whole},
        D.MONETARY: f"¥{intcomma(whole)}",
        D.TENURE: _("%(n)s years") % {"n": value},
        D.SATISFACTION: f"{value} / 5",
        D.PAYMENT: _("%(n)s %% in time") % {"n": whole},
    }[D(dimension)]


def _cut(customer: Customer, run: ScoringRun | None) -> dict | None:
    """Where the customer's tier begins: the score, and the spend that counts between equal scores."""
    for tier, raw, spend in run.cuts if run else []:
        if tier == customer.tier_id and raw:
            return {"score": f"{raw / 100:g}", "spend": int(Decimal(spend))}
    return None


def _lifetime(customer: Customer, run: ScoringRun | None) -> dict | None:
    """The lifetime value with the numbers of its formula; None where it is not known."""
    factors = run.value.get("factors") if run else None
    if customer.clv is None or not run or not factors or not (factor := Decimal(factors[customer.stage])):
        return None
    rate = run.version.margin_rate
    return {
        "value": customer.clv, "margin": f"{(100 * rate).normalize():f}", "yearly": round(customer.clv / factor),
        "years": f"{(factor / rate).normalize():f}" if rate else "0",
    }


def _day(text: str | None) -> date | None:
    return datetime.fromisoformat(text).date() if text else None
