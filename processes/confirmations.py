"""The customer's word on a plan (F1): by a signed link, by mail, or in a recorded call. Meanwhile the clock waits.

A confirmation holds for one version of the plan; a link is answered once, by whoever comes first.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from messaging import outbox
from messaging.models import Call, Mailbox
from processes.models import Confirmation, Invitation, LogEntry, Process, Stage, Step
from processes.running import StepRefused, current, locked, log_event, settle
from staff import notifications
from staff.models import User
from tickets import sla
from tickets.models import PauseCause, Post, Ticket

SALT = "processes.confirm"
VALID = timedelta(days=14)  # how long a link can be answered
WORDS = 500  # characters that the customer may add
WAITING = gettext_noop("The customer has to confirm the plan")
OFFERED = 10


class LinkBroken(Exception):
    """No such link: tampered with, or made by nobody here."""


class LinkExpired(Exception):
    """The link is older than it may be."""


class LinkStale(Exception):
    """The plan has changed since the link was sent, was answered otherwise, or is no longer asked about."""


def sign(invitation: Invitation) -> str:
    return signing.TimestampSigner(salt=SALT).sign_object(invitation.pk)


def opened(token: str, *, now: datetime | None = None) -> Invitation:
    """The invitation behind a link. Raises `LinkBroken` or `LinkExpired`; a link that was answered opens for good."""
    try:
        pk = signing.TimestampSigner(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError):
        raise LinkBroken from None
    found = Invitation.objects.select_related("process__ticket__customer", "answer").filter(pk=pk).first()
    if found is None:
        raise LinkBroken
    if not hasattr(found, "answer") and found.expires_at <= (now or timezone.now()):
        raise LinkExpired
    return found


def pending(process: Process, *, now: datetime) -> Invitation | None:
    """The link to the plan as it stands that can still be answered."""
    rows = process.invitations.filter(version=process.plan_version, answer=None, expires_at__gt=now)
    return rows.order_by("-pk").first()


def stale(invitation: Invitation) -> bool:
    """Whether what the link asks is no longer open: another plan, the process ended, or an answer by another way."""
    process = invitation.process
    return (
        not process.is_open
        or process.ticket.is_archived
        or invitation.version != process.plan_version
        or process.confirmed()
    )


def _asked(process: Process) -> tuple[Process, Step]:
    """The process and its open step of confirmation, the ticket locked."""
    fresh = locked(process)
    if fresh.confirmed():
        raise StepRefused(_("The customer has confirmed this plan already."))
    step = current(fresh)
    if step is None or step.stage != Stage.CONFIRMATION:
        raise StepRefused(_("“%(step)s” comes first.") % {"step": step.title if step else ""})
    return fresh, step


@transaction.atomic
def invite(process: Process, *, by: User, root: str, now: datetime | None = None) -> Invitation:
    """Mails the customer a signed link to the plan and pauses the clock; one that is open already is returned.

    `root` is the address of this site, such as https://desk.example/. Raises `StepRefused`.
    """
    now = now or timezone.now()
    fresh, _step = _asked(process)
    if known := pending(fresh, now=now):
        return known
    customer = fresh.ticket.customer
    contact = customer.contacts.filter(kind="email").order_by("-preferred", "pk").first()
    if contact is None:
        raise StepRefused(_("No mail address is known for this customer; call them, or add an address."))
    row = Invitation.objects.create(
        process=fresh, version=fresh.plan_version, at=now, expires_at=now + VALID, by=by
    )
    with translation.override(customer.language):
        subject, body = _mail(fresh.ticket, row, root)
    row.outgoing = outbox.put(
        key=f"process:{row.pk}", to=contact.value, subject=subject, body=body, purpose="service", customer=customer,
        mailbox=Mailbox.objects.filter(team=fresh.ticket.team_id).first(), now=now,
    )
    row.save(update_fields=["outgoing"])
    fresh.state = Process.State.WAITING
    fresh.save()
    sla.stop(fresh.ticket, sla.Metric.PROPOSAL, now=now)  # the plan is the proposal (C5)
    with suppress(sla.PauseRefused), transaction.atomic():
        sla.pause(fresh.ticket, by=by, reason=WAITING, by_hand=False, now=now)
    log_event("confirmation_asked", fresh, by=by, now=now, version=row.version)
    return row


def _mail(ticket: Ticket, row: Invitation, root: str) -> tuple[str, str]:
    link = root.rstrip("/") + reverse("processes:confirm", args=[sign(row)])
    subject = _("Please confirm our plan [%(number)s]") % {"number": ticket.number}
    until = timezone.localtime(row.expires_at).strftime("%Y-%m-%d")
    body = _(
        "Hello,\n\nwe have worked out how we will handle your matter %(number)s. Please read the plan and tell us "
        "whether you agree; we begin once you have:\n\n%(link)s\n\nThe link works until %(until)s and can be answered "
        "once. You need no account. If anything is unclear, simply reply to this mail."
    )
    return subject, body % {"number": ticket.number, "link": link, "until": until}


@transaction.atomic
def answer_link(
    invitation: Invitation, *, accepted: bool, words: str = "", ip: str = "", now: datetime | None = None
) -> Confirmation:
    """The customer's answer by the link. Sent twice, or by two at once, the first one stands and is returned.

    Raises `LinkStale` and `LinkExpired`.
    """
    now = now or timezone.now()
    Ticket.objects.select_for_update().only("pk").get(pk=invitation.process.ticket_id)
    fresh = Invitation.objects.select_related("process__ticket", "answer").get(pk=invitation.pk)
    if hasattr(fresh, "answer"):
        return fresh.answer
    if stale(fresh):
        raise LinkStale
    if fresh.expires_at <= now:
        raise LinkExpired
    try:
        process, step = _asked(fresh.process)
    except StepRefused:
        raise LinkStale from None
    return _answer(
        process, step, how=Confirmation.How.LINK, accepted=accepted, words=words, by=None, invitation=fresh, ip=ip,
        now=now,
    )


@transaction.atomic
def record(
    process: Process, *, accepted: bool, by: User, words: str = "", post: Post | None = None, call: Call | None = None,
    now: datetime | None = None,
) -> Confirmation:
    """The customer's answer that reached us by mail (`post`) or in a recorded call (`call`). Raises `StepRefused`."""
    now = now or timezone.now()
    fresh, step = _asked(process)
    if (post is None) == (call is None):
        raise StepRefused(_("Choose the mail or the call in which the customer answered."))
    if post is not None and not mails(fresh).filter(pk=post.pk).exists():
        raise StepRefused(_("Choose a mail that the customer sent after the plan was written."))
    if call is not None and not calls(fresh).filter(pk=call.pk).exists():
        raise StepRefused(_("Choose a call with this customer after the plan was written."))
    how = Confirmation.How.MAIL if post else Confirmation.How.CALL
    return _answer(fresh, step, how=how, accepted=accepted, words=words, by=by, post=post, call=call, now=now)


def mails(process: Process) -> QuerySet[Post]:
    """What the customer wrote on this ticket since the plan stands, newest first."""
    written = process.ticket.posts.filter(kind=Post.Kind.INBOUND, message__isnull=False, at__gte=process.plan_at)
    return written.order_by("-pk")


def calls(process: Process) -> QuerySet[Call]:
    """Calls with the customer that lasted beyond the moment when the plan was written, newest first."""
    spoken = Q(ended_at=None) | Q(ended_at__gte=process.plan_at)
    return Call.objects.filter(spoken, customer=process.ticket.customer_id, team=process.ticket.team_id).order_by("-pk")


def _answer(process: Process, step: Step, *, accepted: bool, words: str, by: User | None, now: datetime, **proof):
    row = Confirmation.objects.create(
        process=process, version=process.plan_version, digest=process.digest(), accepted=accepted,
        words=words.strip()[:WORDS], by=by, at=now, **proof,
    )
    if process.state == Process.State.WAITING:
        process.state = Process.State.RUNNING
        process.save()
        sla.resume(process.ticket, by=by, cause=PauseCause.CUSTOMER, now=now)
    kind = "plan_accepted" if accepted else "plan_declined"
    log_event(kind, process, by=by, now=now, how=row.how, version=row.version, note=row.words)
    owner = step.owner or process.ticket.owner
    if owner and owner != by:
        notifications.notify(owner, kind, ticket_id=process.ticket_id, now=now)
    if accepted:
        settle(process, step, by=by, result=row.words, now=now)
        LogEntry.objects.create(process=process, step=step, at=now, by=by, confirmation=row)
    return row
