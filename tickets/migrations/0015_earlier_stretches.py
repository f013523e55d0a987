from django.db import migrations

BATCH = 20_000
# One stretch stands for all that a timer had used before stretches were kept; a pause begins with its last event.
STRETCHES = """
INSERT INTO tickets_segment (timer_id, kind, cause, began_at, ended_at, seconds)
SELECT t.id, 'run', 'taken_over', t.started_at, greatest(t.started_at, coalesce(t.stopped_at,
    CASE WHEN t.state = 'paused' THEN (
        SELECT max(e.at) FROM core_event e WHERE e.ticket_id = t.ticket_id AND e.kind = 'paused') END,
    t.resumed_at)), t.consumed_seconds
FROM tickets_slatimer t
WHERE t.id BETWEEN %s AND %s AND t.consumed_seconds > 0
  AND NOT EXISTS (SELECT FROM tickets_segment s WHERE s.timer_id = t.id)
"""
PAUSED = """
UPDATE tickets_slatimer t SET waits_for = 'customer', resumed_at = greatest(t.started_at, coalesce((
    SELECT max(e.at) FROM core_event e WHERE e.ticket_id = t.ticket_id AND e.kind = 'paused'), t.resumed_at))
WHERE t.id BETWEEN %s AND %s AND t.state = 'paused' AND t.waits_for = ''
"""
# Promises in clock hours: what is left is plain time. Those in working time are warned of from their next start on.
WARNINGS = """
UPDATE tickets_slatimer t SET warns_at = t.due_at - make_interval(secs => t.target_seconds * 0.2)
WHERE t.id BETWEEN %s AND %s AND t.state = 'running' AND t.calendar_id IS NULL AND t.warned_at IS NULL
  AND t.due_at - make_interval(secs => t.target_seconds * 0.2) > now()
"""
WAITING = """
INSERT INTO tickets_pause (ticket_id, cause, by_hand, began_at)
SELECT k.id, 'customer', false, coalesce((
    SELECT max(e.at) FROM core_event e WHERE e.ticket_id = k.id AND e.kind = 'paused'), k.updated_at)
FROM tickets_ticket k
WHERE k.id BETWEEN %s AND %s AND k.waiting_customer AND k.state <> 'archived'
  AND NOT EXISTS (SELECT FROM tickets_pause p WHERE p.ticket_id = k.id AND p.ended_at IS NULL)
"""
# The policy that names nothing holds where nothing else does.
DEFAULTS = """
UPDATE tickets_slapolicy p SET is_default = true
WHERE p.is_active AND p.channel = '' AND p.kind = '' AND p.tier_id IS NULL AND p.category_id IS NULL
  AND p.priority IS NULL AND NOT EXISTS (
      SELECT FROM tickets_slapolicy o WHERE o.metric = p.metric AND o.is_default)
"""


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        in_batches(cursor, "tickets_slatimer", [STRETCHES, PAUSED, WARNINGS])
        in_batches(cursor, "tickets_ticket", [WAITING])
        cursor.execute(DEFAULTS)


def in_batches(cursor, table: str, statements: list[str]) -> None:
    """Each batch commits by itself, so that a large desk is never locked for long; a second run finds nothing to do."""
    cursor.execute(f"SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM {table}")  # noqa: S608
    first, last = cursor.fetchone()
    for start in range(first, last + 1, BATCH):
        for statement in statements:
            cursor.execute(statement, [start, start + BATCH - 1])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0014_promises_and_stretches"), ("core", "0003_append_only")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
