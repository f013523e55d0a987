"""What lay open before is sealed and redacted by the migrations' steps, history and append-only rows included."""

from django.apps import apps
from django.db import connection
from django.utils import timezone

from core import sealing
from core.models import Event
from messaging.models import Message, Outbox
from tests.core.test_redaction import raw
from tests.factories import CustomerFactory, TicketFactory
from tickets.models import Post, Ticket

TEXT = r"回电13812341234 \x \\"


def execute(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def forwards(*steps):
    for step in steps:
        step.code(apps, None)


def backwards(*steps):
    for step in steps:
        step.reverse_code(apps, None)


def test_open_columns_become_bytes_are_sealed_and_come_back(db):
    execute("CREATE TABLE old_mail (id bigint PRIMARY KEY, subject varchar(80), headers jsonb)")
    execute("INSERT INTO old_mail VALUES (1, %s, %s), (2, '', '{}')", TEXT, '{"in_reply_to": "<13812341234@x>"}')
    kinds = {"subject": "varchar(80)", "headers": "jsonb"}
    for step in sealing.open_to_bytes("old_mail", [*kinds]):
        execute(step.sql)
    forwards(sealing.seal_columns("old_mail", [*kinds]))
    assert "13812341234" not in str(execute("SELECT encode(subject, 'escape') FROM old_mail"))
    assert bytes(execute("SELECT subject FROM old_mail WHERE id = 2")[0][0]) == b""
    backwards(sealing.seal_columns("old_mail", [*kinds]))
    for step in sealing.bytes_to_open("old_mail", kinds):
        execute(step.reverse_sql)
    rows = execute("SELECT subject, headers->>'in_reply_to' FROM old_mail ORDER BY id")
    assert rows == [(TEXT, "<13812341234@x>"), ("", None)]


def test_sealed_columns_are_read_by_their_models(team):
    message = Message.objects.create(raw=b"?", digest="0" * 64, received_at=timezone.now())
    row = Outbox.objects.create(
        key="old", to="a@b.example", to_masked="a***", from_address="s@desk.example", message_id="<1@desk.example>",
    )  # fmt: skip
    columns = {"messaging_message": ["subject", "body", "body_html"], "messaging_outbox": ["subject", "body"]}
    for table, names in columns.items():
        for name in names:
            execute(f"UPDATE {table} SET {name} = convert_to(%s, 'UTF8')", "" if name == "body_html" else TEXT)
    forwards(*(sealing.seal_columns(*one) for one in columns.items()))
    assert "13812341234" not in raw("messaging_message") + raw("messaging_outbox")
    message.refresh_from_db()
    row.refresh_from_db()
    assert (message.subject, message.body, message.body_html, row.body) == (TEXT, TEXT, "", TEXT)


def test_free_text_of_rows_history_and_append_only_rows_is_redacted_and_comes_back(team):
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    event = Event.objects.filter(ticket_id=ticket.pk).first()
    for statement in (
        "SET CONSTRAINTS ALL IMMEDIATE",
        "UPDATE tickets_post SET body = '邮箱 a.b@example.com'",
        "UPDATE tickets_ticket SET subject = '回电13812341234'",
        "UPDATE tickets_historicalticket SET subject = '回电13812341234'",
        "ALTER TABLE core_event DISABLE TRIGGER append_only",
        """UPDATE core_event SET data = '{"note": "打 13912341234"}'""",
        "ALTER TABLE core_event ENABLE TRIGGER append_only",
    ):  # fmt: skip
        execute(statement)
    steps = [
        sealing.redact_rows("tickets", "Ticket", "HistoricalTicket", "Post"), sealing.redact_rows("core", "Event"),
    ]
    forwards(*steps)
    told = raw("tickets_post") + raw("tickets_ticket") + raw("tickets_historicalticket") + raw("core_event")
    assert not any(secret in told for secret in ("a.b@example.com", "13812341234", "13912341234"))
    assert Ticket.objects.get().originals == {"⟨138****1234⟩": "13812341234"}
    assert Post.objects.get().originals == {"⟨a***@example.com⟩": "a.b@example.com"}
    assert Event.objects.get(pk=event.pk).originals == {"⟨139****1234⟩": "13912341234"}
    backwards(steps[0])
    assert "回电13812341234" in raw("tickets_ticket") and "a.b@example.com" in raw("tickets_post")

