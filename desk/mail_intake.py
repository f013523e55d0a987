"""A stored mail becomes a ticket, a line on one, or is put aside; whatever it is, it never stops the next one."""

import logging
import re
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core import events, redaction
from customers import consent, registry
from customers.models import Contact, Customer
from desk import acknowledgement
from messaging import inbound
from messaging.mail import ParsedMail, Unparseable, parse, ticket_token
from messaging.models import Attachment, Channel, Mailbox, Message, Outbox
from staff import notifications
from staff.models import Team
from tickets import classification, intake, reopening, workflow
from tickets.models import Kind, Post, Ticket

log = logging.getLogger(__name__)
Action, State = Message.Action, Message.State
TAKEN_IN = (Action.OPENED, Action.APPENDED)
# A process that stored mails is about to route them itself; in the order in which they came.
GRACE = timedelta(seconds=15)
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
# A mail that says no more than this takes back the consent to greetings and offers.
_OPT_OUT = re.compile(r"\s*(退订|取消订阅|unsubscribe|stop)[\s.。!！]*", re.I)
_TOKEN = re.compile(r"\s*[\[【]\s*T-\d+\s*[\]】]", re.I)
TAKEN = """
SELECT state, set_config('synchronous_commit', 'off', true) FROM messaging_message WHERE id = %s FOR UPDATE
"""
# Two statements in one go: the second sees what was committed while the first waited.
EARLIER = """
SELECT pg_advisory_xact_lock(%s);
SELECT id FROM messaging_message
WHERE (message_id = %s AND action = ANY(%s) OR digest = %s AND action = ANY(%s)) AND id <> %s ORDER BY id LIMIT 1
"""


class NoTeam(Exception):
    """There is no team that could answer the mail."""


@dataclass(frozen=True)
class Result:
    """What became of a mail: its row, the ticket it belongs to, and its attachments as (name, type, size)."""

    message: Message
    ticket_id: int | None = None
    attachments: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def action(self) -> str:
        return self.message.action


def mailboxes() -> dict[str, Mailbox]:
    """Our addresses as they stand now; whoever routes several mails in a row asks once."""
    return {box.address.lower(): box for box in Mailbox.objects.select_related("team")}


def route(message: Message, *, boxes: dict[str, Mailbox] | None = None, now: datetime | None = None) -> Result:
    """Turns a stored mail into a ticket or a line on one, in one transaction with the message's own row.

    A mail that cannot be read, or on which something unforeseen fails, is quarantined with the reason. One that
    another worker has routed meanwhile is left as it is. Raises OperationalError when the database is unwell: the
    mail then stays stored, for the next try.
    """
    now = now or timezone.now()
    mail = None
    try:
        mail = parse(bytes(message.raw))
        with transaction.atomic():
            if _taken(message) != State.STORED:
                return _routed_before(Message.objects.defer("raw").get(pk=message.pk))
            return _Routing(copy(message), mail, mailboxes() if boxes is None else boxes, now).run()
    except OperationalError:
        raise
    except Unparseable as error:
        return _quarantine(message, None, str(error))
    except Exception as error:
        log.exception("message %s cannot be routed", message.pk)
        return _quarantine(message, mail, f"{type(error).__name__}: {error}")


def route_stored(*, now: datetime | None = None, limit: int = 200) -> int:
    """Routes what a killed process left stored, and returns how many; safe to run in parallel (SKIP LOCKED)."""
    now = now or timezone.now()
    waiting = Message.objects.unrouted().filter(channel=Channel.MAIL, received_at__lt=now - GRACE)
    done, boxes = 0, mailboxes()
    for pk in list(waiting.values_list("pk", flat=True)[:limit]):
        try:
            with transaction.atomic():
                message = waiting.filter(pk=pk).select_for_update(skip_locked=True).first()
                if message:
                    route(message, boxes=boxes, now=now)
                    done += 1
        except OperationalError as error:
            log.warning("message %s waits for the next try: %s", pk, type(error).__name__)
    return done


def _taken(message: Message) -> str:
    """Locks the mail and returns its state; only that is read again: the bytes never change, and opening them costs.

    The commit need not wait for the disk: the bytes lie there already, and a routing that a power failure undoes
    is done again. What others build on it, a sending above all, is committed behind it in the same log.
    """
    with connection.cursor() as cursor:
        cursor.execute(TAKEN, [message.pk])
        found = cursor.fetchone()
    if found is None:
        raise Message.DoesNotExist(f"message {message.pk} is gone")
    return found[0]


def _routed_before(message: Message) -> Result:
    post = Post.objects.filter(message=message).first()
    names = list(message.attachments.values_list("name", "content_type", "size"))
    return Result(message, post.ticket_id if post else None, names)


@transaction.atomic
def _quarantine(message: Message, mail: ParsedMail | None, reason: str) -> Result:
    message.state, message.action, message.error = State.QUARANTINED, Action.QUARANTINED, redaction.shorten(reason, 400)
    if mail:
        _describe(message, mail)
    message.save(update_fields=["state", "action", "error", "envelope", "subject", "body", "body_html"])
    return Result(message, None, _names(mail) if mail else [])


def _names(mail: ParsedMail) -> list[tuple[str, str, int]]:
    return [(one.name, one.content_type, one.size) for one in mail.attachments]


def _describe(message: Message, mail: ParsedMail) -> None:
    message.envelope = {
        "from_email": mail.from_email, "from_name": mail.from_name, "to": mail.to, "cc": mail.cc,
        "reply_to": mail.reply_to, "message_id": mail.message_id, "in_reply_to": mail.in_reply_to,
        "references": mail.references, "date": mail.date, "kind": mail.kind, "kind_reason": mail.kind_reason,
    }
    message.subject, message.body, message.body_html = mail.subject, mail.body, mail.body_html


class _Routing:
    """One mail on its way, inside the transaction that routes it."""

    def __init__(self, message: Message, mail: ParsedMail, boxes: dict[str, Mailbox], now: datetime):
        self.message, self.mail, self.boxes, self.now = message, mail, boxes, now
        _describe(message, mail)

    def run(self) -> Result:
        if earlier := self._earlier():
            return self._finish(Action.DUPLICATE, _ticket_of(earlier))
        if self.mail.kind == "bounce":
            return self._bounce()
        if self.mail.kind == "auto_reply" or self._is_ours(self.mail.from_email):
            return self._auto_reply()
        self.message.message_id = self._key
        ticket = self._thread()
        if ticket is None or (ticket.is_archived and not workflow.returns(ticket, now=self.now)):
            return self._open(cycle_of=ticket)
        if self._wants_out:
            self._opt_out(ticket.customer)
        intake.append_inbound(ticket, body=self.mail.body, message=self.message, now=self.now)
        return self._finish(Action.APPENDED, ticket)

    def _is_ours(self, address: str) -> bool:
        return address in self.boxes or address == settings.DEFAULT_FROM_EMAIL.lower()

    @property
    def _key(self) -> str:
        return inbound.id_index(self.mail.message_id) or self.message.digest

    def _earlier(self) -> Message | None:
        """The mail that was taken in before under the same Message-ID, or with the very same bytes.

        Of equal mails at once, one is routed; the others wait here until it is, and find it then.
        """
        with connection.cursor() as cursor:
            cursor.execute(EARLIER, [
                int(self._key[:15], 16), self._key, list(TAKEN_IN), self.message.digest,
                [*TAKEN_IN, Action.BOUNCE, Action.AUTO_REPLY], self.message.pk,
            ])  # fmt: skip
            found = cursor.fetchone()
        return Message.objects.only("pk").get(pk=found[0]) if found else None

    def _open(self, cycle_of: Ticket | None) -> Result:
        mail = self.mail
        found = classification.suggest(f"{mail.subject}\n{mail.body}")
        if cycle_of and cycle_of.customer.erased_at is None:
            if self._wants_out:
                self._opt_out(cycle_of.customer)
            return self._opened(
                reopening.open_cycle(
                    cycle_of, body=mail.body, kind=found.kind, level=found.level, urgency=found.urgency,
                    channel=Channel.MAIL, message=self.message, now=self.message.received_at,
                )
            )
        customer = self._customer(cycle_of.team if cycle_of else self._team())
        if self._wants_out:
            self._opt_out(customer)
        with translation.override(customer.language):
            subject = _TOKEN.sub("", mail.subject).strip() or intake.split_subject(mail.body) or _("(no subject)")
        ticket = intake.open_ticket(
            customer=customer, kind=found.kind or Kind.CONSULT, level=found.level, urgency=found.urgency,
            subject=subject, body=mail.body, channel=Channel.MAIL, message=self.message, cycle_of=cycle_of,
            now=self.message.received_at,
        )
        return self._opened(ticket)

    def _opened(self, ticket: Ticket) -> Result:
        if acknowledgement.wanted(self.mail, self.message.raw):
            acknowledgement.queue(ticket, self.mail, mailbox=self._mailbox(), now=self.now)
        return self._finish(Action.OPENED, ticket)

    def _customer(self, team: Team) -> Customer:
        mail = self.mail
        language = "zh-hans" if _HAN.search(f"{mail.from_name}{mail.subject}{mail.body}") else "en"
        name = mail.from_name or mail.from_email.partition("@")[0]
        return registry.find_or_create(
            team=team, source=Customer.Source.MAIL, name=name, email=mail.from_email, language=language,
            now=self.message.received_at,
        )[0]

    @property
    def _wants_out(self) -> bool:
        return _OPT_OUT.fullmatch(self.mail.body) is not None

    def _opt_out(self, customer: Customer) -> None:
        """Withdrawing is as easy as giving (PIPL): one word in a mail from the customer's own address."""
        theirs = Contact.index_of(Contact.Kind.EMAIL, self.mail.from_email)
        if not customer.contacts.filter(value_index=theirs).exists():
            return
        for purpose in sorted(consent.NEEDS_CONSENT):
            consent.record(
                customer=customer, purpose=purpose, given=False, wording=self.mail.body.strip(), way="mail",
                now=self.message.received_at,
            )

    def _mailbox(self) -> Mailbox | None:
        """The mailbox of ours that the mail was sent to, else the default one."""
        addressed = (self.boxes.get(address) for address in [*self.mail.to, *self.mail.cc])
        return next(filter(None, addressed), None) or next((b for b in self.boxes.values() if b.is_default), None)

    def _team(self) -> Team:
        box = self._mailbox()
        team = box.team if box else Team.objects.order_by("pk").first()
        if team is None:
            raise NoTeam("There is no team yet: add one, and a mailbox")
        return team

    def _thread(self) -> Ticket | None:
        """The ticket that the mail continues; of an archived one what it was merged into, or its open successor."""
        ticket = self._referenced() or self._named()
        return reopening.goes_on_in(ticket) if ticket else None

    def _referenced(self) -> Ticket | None:
        mail = self.mail
        ids = [one for one in dict.fromkeys([mail.in_reply_to, *reversed(mail.references)]) if one]
        if not ids:
            return None
        sent = Outbox.objects.filter(message_id__in=ids).values_list("message_id", "post__ticket", "key")
        numbers = {one: number or acknowledgement.ticket_number(key) for one, number, key in sent}
        keys = {inbound.id_index(one): one for one in ids}
        taken_in = Message.objects.filter(message_id__in=keys, action__in=TAKEN_IN).exclude(pk=self.message.pk)
        received = {keys[index]: number for index, number in taken_in.values_list("message_id", "post__ticket")}
        for number in filter(None, map((received | numbers).get, ids)):
            if ticket := Ticket.objects.filter(pk=number).first():
                return ticket
        return None

    def _named(self) -> Ticket | None:
        """The ticket of a [T-n] in the subject, when the sender is its customer: anybody can write a number."""
        number = ticket_token(self.mail.subject)
        if not number:
            return None
        index = Contact.index_of(Contact.Kind.EMAIL, self.mail.from_email)
        return Ticket.objects.filter(
            pk=number, customer__contacts__kind=Contact.Kind.EMAIL, customer__contacts__value_index=index
        ).first()

    def _bounce(self) -> Result:
        """The mail server gave one of ours back: that sending has failed, and its ticket shows it."""
        mail = self.mail
        row = Outbox.objects.filter(message_id=mail.original_message_id).first() if mail.original_message_id else None
        ticket = _ticket_of(row)
        if row:
            row.state, row.error = Outbox.State.FAILED, f"returned {mail.bounce_status}".strip()
            row.save(update_fields=["state", "error"])
        if row and ticket:
            self._log("bounced", ticket, status=mail.bounce_status, to=row.to_masked)
            if ticket.owner:
                notifications.notify(ticket.owner, "bounced", ticket_id=ticket.pk, now=self.now)
        return self._finish(Action.BOUNCE, ticket)

    def _auto_reply(self) -> Result:
        ticket = self._referenced() or self._named()
        if ticket:
            self._log("auto_reply", ticket, reason=self.mail.kind_reason or "our own address")
        return self._finish(Action.AUTO_REPLY, ticket)

    def _log(self, kind: str, ticket: Ticket, **data) -> None:
        events.record(
            kind, ticket, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=self.now,
            message=self.message.pk, **data,
        )

    def _finish(self, action: str, ticket: Ticket | None) -> Result:
        message = self.message
        message.action = action
        message.state = State.ROUTED if action in TAKEN_IN else State.IGNORED
        message.save(
            update_fields=["state", "action", "message_id", "envelope", "subject", "body", "body_html", "error"]
        )
        if action in TAKEN_IN:
            Attachment.objects.bulk_create(
                Attachment(message=message, name=one.name, content_type=one.content_type, size=one.size,
                           content=one.content)
                for one in self.mail.attachments
            )
        return Result(message, ticket.pk if ticket else None, _names(self.mail))


def _ticket_of(row: Message | Outbox | None) -> Ticket | None:
    """The ticket to which a mail that came in or went out belongs."""
    if row is None:
        return None
    post = getattr(row, "post", None)  # a reverse one-to-one that is missing counts as an absent attribute
    if post:
        return post.ticket
    number = acknowledgement.ticket_number(row.key) if isinstance(row, Outbox) else None
    return Ticket.objects.filter(pk=number).first() if number else None
