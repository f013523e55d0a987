"""What tickets tell about customers: their complaints of a year (B4)."""

from datetime import datetime, timedelta

from django.utils import timezone

from customers import signals
from tickets.models import Kind

COMPLAINTS = """
SELECT customer_id, count(*) AS value FROM tickets_ticket
WHERE kind = %(kind)s AND opened_at >= %(since)s GROUP BY customer_id
"""


def refresh(*, now: datetime | None = None) -> int:
    """Counts the complaints of each customer for the life cycle; returns how many counts have changed."""
    now = now or timezone.now()
    values = {"kind": Kind.COMPLAINT.value, "since": now - timedelta(days=365)}
    return signals.take("complaints_year", COMPLAINTS, values, now=now)
