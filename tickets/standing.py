"""The tier that a ticket stands in the queue with: its customer's, copied so that lists need not ask for it."""

from django.db import connection

BATCH = 2_000
MOVED = """
UPDATE tickets_ticket SET tier_id = found.tier_id
FROM (
    SELECT t.id, c.tier_id FROM tickets_ticket t JOIN customers_customer c ON c.id = t.customer_id
    WHERE t.state <> 'archived' AND t.tier_id IS DISTINCT FROM c.tier_id
        AND (%(customer)s::bigint IS NULL OR c.id = %(customer)s)
    LIMIT %(limit)s FOR UPDATE OF t SKIP LOCKED
) found
WHERE tickets_ticket.id = found.id
"""


def follow_tiers(customer_id: int | None = None) -> int:
    """Gives open tickets the tier that their customers have now, one batch; returns how many changed.

    Of one customer where the change must show at once, of all by the beat. Tickets that somebody is working on this
    moment are left to the next run, so that a night's scoring never waits for a desk, nor a desk for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(MOVED, {"customer": customer_id, "limit": BATCH})
        return cursor.rowcount
