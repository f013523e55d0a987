"""Mail gets its second chance from a person, and only what failed gets one."""

import pytest
from django.urls import reverse

from messaging import outbox
from messaging.models import Message, Outbox


@pytest.fixture
def held(team):
    return Message.objects.create(
        raw=b"?", digest="0" * 64, state="quarantined", action="quarantined", error="no header",
        envelope={"from_email": "mei.ouyang@example.com"}, subject="我的号码 13812341234",
    )  # fmt: skip


def test_a_quarantined_message_goes_back_into_line(signed_in, admin, held):
    done = Message.objects.create(raw=b"!", digest="1" * 64, state="routed", action="opened")
    signed_in(admin).post(
        reverse("admin:messaging_message_changelist"), {"action": "try_again", "_selected_action": [held.pk, done.pk]}
    )
    held.refresh_from_db()
    done.refresh_from_db()
    assert (held.state, held.action, held.error) == ("stored", "", "")
    assert done.state == "routed"
    assert list(Message.objects.unrouted()) == [held]


def test_the_quarantine_shows_neither_sender_nor_number(signed_in, admin, held):
    client = signed_in(admin)
    for url in (
        reverse("admin:messaging_message_changelist"), reverse("admin:messaging_message_change", args=[held.pk])
    ):
        text = client.get(url).content.decode()
        assert "m***@example.com" in text and "138****1234" in text
        assert "mei.ouyang" not in text and "13812341234" not in text


def test_a_failed_sending_is_queued_with_all_its_attempts(signed_in, admin, team):
    rows = [outbox.put(key=key, to="mei@example.com", subject="x", body="y", purpose="service") for key in "ab"]
    Outbox.objects.filter(pk=rows[0].pk).update(state="failed", attempts=5, error="refused")
    Outbox.objects.filter(pk=rows[1].pk).update(state="sent", attempts=1)
    signed_in(admin).post(
        reverse("admin:messaging_outbox_changelist"),
        {"action": "queue_again", "_selected_action": [row.pk for row in rows]},
    )
    failed, sent = (Outbox.objects.get(pk=row.pk) for row in rows)
    assert (failed.state, failed.attempts, failed.error) == ("queued", 0, "")
    assert (sent.state, sent.attempts) == ("sent", 1)
    text = signed_in(admin).get(reverse("admin:messaging_outbox_changelist")).content.decode()
    assert "mei@example.com" not in text
