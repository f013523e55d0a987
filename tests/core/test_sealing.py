"""What lay open before is sealed and redacted by the migrations, history and append-only rows included."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from core.models import Event
from messaging.models import Message, Outbox
from tests.core.test_redaction import raw
from tests.factories import CustomerFactory, TicketFactory
from tickets.models import Post, Ticket

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ground(transactional_db):
    from core.management.commands.defaults import fill_all

    fill_all()


def back(app, name):
    call_command("migrate", app, name, verbosity=0)


@pytest.fixture
def forward():
    yield lambda: call_command("migrate", verbosity=0)
    call_command("migrate", verbosity=0)


def execute(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_what_lay_open_is_sealed_and_redacted_in_rows_and_history_and_comes_back(team, forward):
    """One walk back and forth for all of it: unmaking every migration since then is slow."""
    message = Message.objects.create(raw=b"?", digest="0" * 64, subject="旧", body="旧", received_at=timezone.now())
    row = Outbox.objects.create(
        key="old", to="a@b.example", to_masked="a***", from_address="s@desk.example", subject="旧", body="旧",
        message_id="<1@desk.example>",
    )  # fmt: skip
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    event = Event.objects.filter(ticket_id=ticket.pk).first()
    back("tickets", "0002")
    back("messaging", "0002")
    back("core", "0004")
    lay_open(message, row)
    forward()
    assert "13812341234" not in raw("messaging_message") + raw("messaging_outbox")
    message.refresh_from_db()
    row.refresh_from_db()
    assert (message.subject, message.body, message.body_html) == ("旧", r"回电13812341234 \x \\", "")
    assert (row.subject, row.headers) == ("旧", {"in_reply_to": "<13812341234@x>"})
    told = raw("tickets_post") + raw("tickets_ticket") + raw("tickets_historicalticket") + raw("core_event")
    assert not any(secret in told for secret in ("a.b@example.com", "13812341234", "13912341234"))
    assert Ticket.objects.get().originals == {"⟨138****1234⟩": "13812341234"}
    assert Post.objects.get().originals == {"⟨a***@example.com⟩": "a.b@example.com"}
    assert Event.objects.get(pk=event.pk).originals == {"⟨139****1234⟩": "13912341234"}
    back("tickets", "0003")
    assert "回电13812341234" in raw("tickets_ticket") and "a.b@example.com" in raw("tickets_post")


def lay_open(message, row):
    """As rows stood before anything of it was sealed."""
    execute("UPDATE messaging_message SET body = %s WHERE id = %s", r"回电13812341234 \x \\", message.pk)
    execute("UPDATE messaging_outbox SET headers = %s WHERE id = %s", '{"in_reply_to": "<13812341234@x>"}', row.pk)
    for statement in (
        "UPDATE tickets_post SET body = '邮箱 a.b@example.com'",
        "UPDATE tickets_ticket SET subject = '回电13812341234'",
        "UPDATE tickets_historicalticket SET subject = '回电13812341234'",
        "ALTER TABLE core_event DISABLE TRIGGER append_only",
        """UPDATE core_event SET data = '{"note": "打 13912341234"}'""",
        "ALTER TABLE core_event ENABLE TRIGGER append_only",
    ):  # fmt: skip
        execute(statement)
