"""Webhooks over a real socket: signed, repeated under one key, never inside the network, paused when they fail."""

import hashlib
import hmac
import json
import socket
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from staff import deliveries, webhooks
from staff.models import Delivery, NoticeSettings, Webhook
from staff.notifications import notify
from tests.staff.hook_server import DRIPS, hook_server


@pytest.fixture(autouse=True)
def _inside_is_allowed(settings):
    settings.WEBHOOKS_PRIVATE = True


def a_hook(server, **given):
    return Webhook.objects.create(name="chat", url=server.url, **given)


def run(now):
    deliveries.plan(now=now)
    deliveries.post_due(now=now)


def test_a_post_is_signed_carries_ids_only_and_comes_again_under_its_key_after_a_500(agent):
    now = timezone.now()
    with hook_server(500) as server:
        hook = a_hook(server)
        notify(agent, "mentioned", ticket_id=7, by="王强", now=now)
        run(now)
        run(now + timedelta(seconds=5))
        assert len(server.received) == 1  # not due yet
        run(now + timedelta(seconds=31))
        run(now + timedelta(hours=2))
    (path, first, body), (_path, second, again) = server.received
    assert path == "/hook?team=1" and body == again and "王强" not in body.decode()
    told = json.loads(body)
    assert (told["kind"], told["group"], told["ticket"], told["user"]) == ("mentioned", "mention", 7, agent.pk)
    assert first["Idempotency-Key"] == second["Idempotency-Key"]
    signed = hmac.new(hook.secret.encode(), f"{second['X-Desk-Timestamp']}.".encode() + body, hashlib.sha256)
    assert second["X-Desk-Signature"] == f"sha256={signed.hexdigest()}"
    row = Delivery.objects.get()
    hook.refresh_from_db()
    assert (row.state, row.attempts, hook.failures) == ("sent", 2, 0)


def test_quiet_hours_hold_webhooks_until_the_morning_retries_too_and_urgent_ones_pass(agent):
    NoticeSettings.objects.create(user=agent, is_quiet=True, zone="Asia/Shanghai")  # 21:00 to 8:00
    evening = datetime(2026, 5, 8, 12, 59, 50, tzinfo=UTC)  # 20:59:50 in Shanghai
    morning = datetime(2026, 5, 9, 0, tzinfo=UTC)
    with hook_server(500, 200, 200, 200) as server:
        a_hook(server)
        notify(agent, "mentioned", ticket_id=1, now=evening)
        run(evening)  # refused: to be tried again in half a minute, when it is quiet
        notify(agent, "mentioned", ticket_id=2, now=evening + timedelta(minutes=1))
        notify(agent, "escalated", ticket_id=3, now=evening + timedelta(minutes=1))
        for minutes in (1, 2, 60, 600):
            run(evening + timedelta(minutes=minutes))
        assert [json.loads(body)["ticket"] for _path, _head, body in server.received] == [1, 3]
        held = Delivery.objects.filter(state="queued", channel="webhook")
        assert set(held.values_list("due_at", flat=True)) == {morning}
        run(morning)
    assert [json.loads(body)["ticket"] for _path, _head, body in server.received[2:]] == [1, 2]


def test_a_redirect_is_not_followed(agent):
    with hook_server(302) as server:
        hook = a_hook(server)
        with pytest.raises(webhooks.PostFailed, match="redirects are refused"):
            webhooks.post(hook, {}, key="k", now=timezone.now())
        assert len(server.received) == 1


def test_an_answer_that_drips_holds_nobody_for_long(agent, monkeypatch):
    monkeypatch.setattr(webhooks, "DEADLINE", 0.3)
    with hook_server(DRIPS) as server, pytest.raises(webhooks.PostFailed, match="in time|no answer"):
        webhooks.post(a_hook(server), {}, key="k", now=timezone.now())


def test_addresses_inside_are_refused_when_entered_and_when_a_name_leads_there(settings, monkeypatch, db):
    settings.WEBHOOKS_PRIVATE = False
    inside = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "[fe80::1]", "[64:ff9b::a00:1]",
              "0.0.0.0", "100.64.0.1", "localhost", "db.internal"]  # fmt: skip
    assert all(webhooks.check_url(f"https://{host}/x") for host in inside)
    assert all(webhooks.check_url(url) for url in ("http://example.com/", "https://a:b@example.com/", "ftp://x", "https://"))
    assert webhooks.check_url("https://hooks.example.com/x?y=1") == ""
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.216.34", "10.0.0.5")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answer)
    monkeypatch.setattr(socket, "create_connection", lambda *args, **kwargs: pytest.fail("connected inside"))
    hook = Webhook(name="x", url="https://hooks.example.com/x", secret="s")
    with pytest.raises(webhooks.PostFailed, match="inside this network"):
        webhooks.post(hook, {}, key="k", now=timezone.now())


def test_a_webhook_that_keeps_failing_is_paused_once_and_an_admin_takes_it_up_again(agent, admin, signed_in):
    now = timezone.now()
    with hook_server(*[503] * 10, 200) as server:
        hook = a_hook(server)
        for minute in range(10):
            notify(agent, "mentioned", ticket_id=minute, now=now)
        for minute in range(0, 30 * 60, 2):
            run(now + timedelta(minutes=minute))
            hook.refresh_from_db()
            if hook.paused_at:
                break
        assert hook.failures == 10 and len(server.received) == 10
        assert admin.notifications.filter(kind="webhook_paused").count() == 1
        run(now + timedelta(days=2))
        assert len(server.received) == 10 and set(Delivery.objects.values_list("state", flat=True)) == {"dropped"}
        client, page = signed_in(admin), reverse("admin:staff_webhook_changelist")
        assert "chat" in client.get(reverse("staff:notifications")).content.decode()
        client.post(page, {"action": "resume", "_selected_action": [hook.pk]})
        answer = client.post(page, {"action": "send_test", "_selected_action": [hook.pk]}, follow=True)
        assert "200" in answer.content.decode() and json.loads(server.received[-1][2])["kind"] == "test"
    hook.refresh_from_db()
    assert (hook.paused_at, hook.failures) == (None, 0)


def test_a_webhook_hears_its_team_and_its_groups_and_nobody_who_declined(agent, outsider, admin, signed_in):
    now = timezone.now()
    form = {"name": "ops", "url": "http://127.0.0.1:9/x", "team": agent.team_id, "groups": ["escalation"],
            "secret": "a secret", "is_active": "on"}  # fmt: skip
    answer = signed_in(admin).post(reverse("admin:staff_webhook_add"), form)
    assert answer.status_code == 302
    notify(agent, "escalated", ticket_id=1, now=now)
    notify(agent, "mentioned", ticket_id=2, now=now)
    notify(outsider, "escalated", ticket_id=3, now=now)
    deliveries.plan(now=now)
    assert list(Delivery.objects.filter(channel="webhook").values_list("user", flat=True)) == [agent.pk]
    signed_in(agent).post(reverse("me:notices"), WITHOUT_HOOK)
    notify(agent, "escalated", ticket_id=4, now=now)
    deliveries.plan(now=now)
    assert Delivery.objects.filter(channel="webhook").count() == 1


WITHOUT_HOOK = {
    "zone": "Asia/Shanghai", "digest_at": "08:00", "quiet_from": "21:00", "quiet_until": "08:00",
    **{f"mail_{group}": "off" for group in
       ("escalation", "promise", "assignment", "mention", "customer", "watched", "visit", "desk")},
}  # fmt: skip
