"""From the bell to mail and webhooks: plans what leaves for whom and when, and posts the webhooks.

Every step may run anywhere and again: lines are planned once, keys are unique, rows are claimed before they leave.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from staff import webhooks
from staff.models import Delivery, NoticeSettings, Notification, Preference, Role, User, Webhook
from staff.notice_kinds import group_of
from staff.notice_models import Cadence, Channel, mail_unless_wished
from staff.notifications import notify

STALE = timedelta(days=1)  # what is older when it is planned stays under the bell alone
IN_FLIGHT = timedelta(minutes=5)  # a row that has been under way for longer lost its worker
RETRIES = (30, 120, 600, 3600)  # seconds before each further attempt
PAUSE_AFTER = 10  # failures in a row
PATIENCE = timedelta(seconds=30)  # for what waits behind a failure
GONE = gettext_noop("paused or gone")
State = Delivery.State


def plan(*, now: datetime | None = None, limit: int = 500) -> int:
    """Thinks of mails and webhooks for a batch of new lines; returns how many lines."""
    now = now or timezone.now()
    with transaction.atomic():
        fresh = Notification.objects.filter(is_planned=False).order_by("pk").select_for_update(skip_locked=True)
        rows = list(fresh[:limit])
        if not rows:
            return 0
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(is_planned=True)
        Delivery.objects.bulk_create(_of_lines(rows, now), ignore_conflicts=True)
    return len(rows)


def _of_lines(rows: list[Notification], now: datetime) -> list[Delivery]:
    people = User.objects.filter(is_active=True).in_bulk({row.user_id for row in rows if row.at > now - STALE})
    wishes = Wishes(people)
    hooks = list(Webhook.objects.filter(is_active=True, paused_at=None))
    made: list[Delivery] = []
    for row in rows:
        user = people.get(row.user_id)
        if user is None or row.at <= now - STALE:
            continue
        group = group_of(row.kind)
        cadence = wishes.mail(user.pk, group)
        if cadence != Cadence.OFF and user.email:
            due = wishes.settings(user).mail_due(now, cadence, urgent=row.is_urgent)
            made.append(_delivery(row, Channel.MAIL, f"mail:{row.pk}", due, now))
        if wishes.webhook(user.pk, group):
            due = now if row.is_urgent else wishes.settings(user).silent_until(now) or now
            made += [
                _delivery(row, Channel.WEBHOOK, f"hook:{hook.pk}:{row.pk}", due, now, hook)
                for hook in hooks if hook.wants(group=group, team_id=user.team_id)
            ]  # fmt: skip
    return made


def _delivery(
    row: Notification, channel: Channel, key: str, due: datetime, now: datetime, hook: Webhook | None = None
) -> Delivery:
    return Delivery(
        notification_id=row.pk, user_id=row.user_id, channel=channel, key=key, due_at=due, webhook=hook, made_at=now
    )


class Wishes:
    """What a batch of people wish, in two queries."""

    def __init__(self, people: Iterable[int]):
        people = list(people)
        self._settings = NoticeSettings.objects.in_bulk(people)
        rows = Preference.objects.filter(user__in=people)
        self._wished = {(row.user_id, row.group): row for row in rows}

    def settings(self, user: User) -> NoticeSettings:
        return self._settings.get(user.pk) or NoticeSettings(user=user)

    def mail(self, user_id: int, group: str) -> str:
        row = self._wished.get((user_id, group))
        return row.mail if row else mail_unless_wished(group)

    def webhook(self, user_id: int, group: str) -> bool:
        row = self._wished.get((user_id, group))
        return row.webhook if row else True


def post_due(*, now: datetime | None = None, limit: int = 20) -> int:
    """Posts the webhooks that are due; returns how many rows were claimed.

    At least once: a row whose worker ended is posted again, under the same key.
    """
    now = now or timezone.now()
    Delivery.objects.lost(Channel.WEBHOOK, now - IN_FLIGHT).update(state=State.QUEUED)
    with transaction.atomic():
        due = Delivery.objects.due(Channel.WEBHOOK, now).order_by("due_at", "pk").select_related("webhook")
        rows = list(due.select_for_update(skip_locked=True, of=("self",))[:limit])
        Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(state=State.SENDING, claimed_at=now)
    lines = Notification.objects.in_bulk({row.notification_id for row in rows})
    silent: set[int] = set()  # one dead address costs a batch one wait, not twenty
    for row in _out_of_quiet_hours(rows, lines, now):
        _post(row, lines.get(row.notification_id), silent, now)
    return len(rows)


def _out_of_quiet_hours(rows: list[Delivery], lines: dict[int, Notification], now: datetime) -> list[Delivery]:
    """Those that may leave now; the others wait for the morning, as mails do: a retry may fall into the night."""
    people = User.objects.in_bulk({row.user_id for row in rows})
    wishes, leaving = Wishes(people), []
    for row in rows:
        line = lines.get(row.notification_id)
        later = wishes.settings(people[row.user_id]).silent_until(now)
        if later and line is not None and not line.is_urgent:
            Delivery.objects.filter(pk=row.pk).update(state=State.QUEUED, due_at=later)
        else:
            leaving.append(row)
    return leaving


def _post(row: Delivery, line: Notification | None, silent: set[int], now: datetime) -> None:
    hook = row.webhook
    if line is None or hook is None or not hook.is_active or hook.paused_at:
        _end(row, State.DROPPED, now, why=GONE)
        return
    if hook.pk in silent:
        Delivery.objects.filter(pk=row.pk).update(state=State.QUEUED, due_at=now + PATIENCE)
        return
    try:
        webhooks.post(hook, payload(line), key=row.key, now=now)
    except webhooks.PostFailed as error:
        silent.add(hook.pk)
        # Whatever waits for the same address waits on, so that others are not kept back by it.
        Delivery.objects.due(Channel.WEBHOOK, now).filter(webhook=hook).update(due_at=now + PATIENCE)
        _retry(row, str(error), now)
        _count_failure(hook, now)
    else:
        _end(row, State.SENT, now)
        Webhook.objects.filter(pk=hook.pk, failures__gt=0).update(failures=0)


def payload(line: Notification) -> dict:
    """What a webhook is told: ids, codes and the time, nothing that a person wrote."""
    return {
        "notification": line.pk, "kind": line.kind, "group": group_of(line.kind).value, "urgent": line.is_urgent,
        "user": line.user_id, "ticket": line.ticket_id, "at": line.at.isoformat(timespec="seconds"),
        "count": line.data["count"] if isinstance(line.data.get("count"), int) else 1,
    }  # fmt: skip


def _end(row: Delivery, state: str, now: datetime, why: str = "") -> None:
    Delivery.objects.filter(pk=row.pk).update(
        state=state, ended_at=now, why=why[:200], attempts=F("attempts") + int(state != State.DROPPED)
    )


def _retry(row: Delivery, why: str, now: datetime) -> None:
    if row.attempts >= len(RETRIES):
        _end(row, State.FAILED, now, why)
        return
    Delivery.objects.filter(pk=row.pk).update(
        state=State.QUEUED, attempts=row.attempts + 1, why=why[:200],
        due_at=now + timedelta(seconds=RETRIES[row.attempts]),
    )


@transaction.atomic
def _count_failure(hook: Webhook, now: datetime) -> None:
    Webhook.objects.filter(pk=hook.pk).update(failures=F("failures") + 1)
    full = Webhook.objects.filter(pk=hook.pk, failures__gte=PAUSE_AFTER, paused_at=None)
    if full.update(paused_at=now):  # one of two failing at once tells the administrators
        waiting = Delivery.objects.filter(webhook=hook, state=State.QUEUED)
        waiting.update(state=State.DROPPED, ended_at=now, why=GONE)
        for admin in User.objects.filter(role=Role.ADMIN, is_active=True):
            notify(admin, "webhook_paused", now=now, webhook=hook.pk, name=hook.name)


def resume(hooks: QuerySet[Webhook]) -> int:
    """Takes paused webhooks up again, as if nothing had failed; returns how many."""
    return hooks.exclude(paused_at=None).update(paused_at=None, failures=0)
