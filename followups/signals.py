"""What callbacks tell about customers: how satisfied they were in a year (B1)."""

from datetime import datetime, timedelta

from django.utils import timezone

from customers import signals

SATISFACTION = """
SELECT t.customer_id, round(avg(a.score), 2) AS value
FROM followups_attempt a JOIN followups_callback c ON c.id = a.callback_id JOIN tickets_ticket t ON t.id = c.ticket_id
WHERE a.score IS NOT NULL AND a.at >= %(since)s GROUP BY t.customer_id
"""


def refresh(*, now: datetime | None = None) -> int:
    """Takes the mean of each customer's scores, 1 to 5, for the scoring; returns how many means have changed."""
    now = now or timezone.now()
    return signals.take("satisfaction", SATISFACTION, {"since": now - timedelta(days=365)}, now=now)
