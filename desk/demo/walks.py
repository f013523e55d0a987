"""How a case goes through the desk: each walk takes the steps that people took, through the services they use.

A walk is a generator. It yields the moment at which it wants to go on; the story wakes it then, sets the clock, and
drops whatever lies in the future: those tickets are the open ones.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from customers.models import Customer
from desk import calls as desk_calls
from desk import mail_intake
from desk.demo import mails
from desk.demo.cases import Case
from desk.demo.cast import Crew
from messaging import calls, inbound
from messaging.models import Call, CallStep, Channel, Outbox
from staff.models import User
from tickets import conversation, intake, routing, workflow
from tickets.models import Category, Kind, State, Ticket

if TYPE_CHECKING:
    from desk.demo.story import Story

Steps = Iterator[datetime]
FIRST_REPLY: dict[str, float] = {Channel.WECHAT: 3.5, Channel.CHAT: 0.4, Channel.WEB: 19, Channel.MAIL: 22, Channel.API: 24}
SEEN_WITHIN = timedelta(minutes=4)
LATE_REPLY = 0.04  # the share of first replies that wait for hours
AS_SERVICE = {"zh-hans": "按客户诉求改类", "en": "Class set by what the customer asks for"}
CALLBACK_ASKED = 0.1


class Walk:
    """One customer's matter on its way. `plan` names how it ends."""

    def __init__(
        self, story: "Story", crew: Crew, customer: Customer, case: Case, *, owner: User, channel: str, plan: str = ""
    ):
        self.story, self.crew, self.customer, self.case = story, crew, customer, case
        self.owner, self.channel, self.plan = owner, channel, plan
        self.rng, self.hours = story.rng, story.hours
        self.opened: Ticket | None = None
        self.letters = 0

    # --- Small words -------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.story.clock.now

    @property
    def chinese(self) -> bool:
        return self.customer.language != "en"

    def say(self, zh: str, en: str) -> str:
        return zh if self.chinese else en

    @property
    def ticket(self) -> Ticket:
        """The ticket of this matter; there is one once the customer has arrived."""
        if self.opened is None:
            raise LookupError("nobody has arrived yet")
        return self.opened

    def at_work(self, user: User) -> User:
        """Whoever acts from here on; history rows are signed by them."""
        self.story.clock.actor = user
        return user

    def by_itself(self) -> None:
        """From here on the customer or the machinery acts, and nobody signs."""
        self.story.clock.actor = None

    def later(self, minutes: float, spread: float = 0.6) -> datetime:
        return self.hours.after(self.now, minutes, spread)

    def address(self, kind: str = "email") -> str:
        return next((c.value for c in self.customer.contacts.all() if c.kind == kind), "")

    # --- Arrival -----------------------------------------------------------------------------------------

    def arrive(self) -> Steps:
        """The customer turns to us over their channel; the ticket is there afterwards."""
        if self.channel == Channel.PHONE:
            yield from self._call()
        elif self.channel == Channel.MAIL:
            self._write()
        else:
            self.by_itself()
            self.opened = intake.open_ticket(
                customer=self.customer, kind=self.case.kind, subject=self.case.subject, channel=self.channel,
                body=self.case.words, category=self._category(), wish=self.case.wish, now=self.now, **self._weights(),
            )

    def _category(self) -> Category | None:
        return self.story.categories.get(self.case.category)

    def _weights(self) -> dict[str, Any]:
        heavy = 3 if self.case.kind == Kind.COMPLAINT else 2
        return {
            "urgency": self.rng.choice((2, heavy)), "importance": self.rng.choice((1, 2, heavy)),
            "difficulty": self.rng.choice((1, 1, 2)),
        }

    def _call(self, chase: Ticket | None = None) -> Steps:
        """An incoming call with its five standard actions."""
        while busy := self.story.busy_until(self.owner, self.now):
            yield busy + timedelta(seconds=self.rng.uniform(5, 60))
        agent = self.at_work(self.owner)
        lasts = timedelta(minutes=self.rng.uniform(2.2, 7.5))
        self.story.busy[agent.pk] = self.now + lasts
        ringing = self.now - timedelta(seconds=self.rng.choice((4, 6, 8, 9, 11, 13, 19)))
        call = calls.start(team=self.crew.team, agent=agent, number=self.address("phone"), ringing_at=ringing, now=self.now)
        begun = self.now
        yield begun + timedelta(seconds=self.rng.uniform(9, 32))
        self.at_work(agent)
        calls.attach_customer(call, self.customer, by=agent, now=self.now)
        for step, share in ((CallStep.NOTE, 0.4), (CallStep.ANSWER, 0.75)):
            yield begun + lasts * share
            calls.stamp(call, step, now=self.now)
        yield begun + lasts
        self.at_work(agent)
        outcome, facts = self._facts(chase)
        self.opened = desk_calls.finish(call=call, outcome=outcome, facts=facts, by=agent, now=self.now).ticket

    def _facts(self, chase: Ticket | None) -> tuple[str, desk_calls.Facts]:
        case, outcome = self.case, Call.Outcome.TICKET
        later = self.hours.calling(self.hours.working(self.now + timedelta(hours=3)))
        if self.plan == "on_call" and not chase:
            outcome = Call.Outcome.ANSWERED
        elif self.rng.random() < CALLBACK_ASKED:
            outcome = Call.Outcome.CALLBACK
        return outcome, desk_calls.Facts(
            kind=case.kind, category=self._category(), subject=case.subject,
            words=case.chase or case.words if chase else case.words, wish=case.wish,
            answer=case.done if outcome == Call.Outcome.ANSWERED else case.first, promised_at=self.promise(),
            callback_at=later, chase=chase, **self._weights(),
        )

    def promise(self) -> datetime:
        """The time of the next answer: 17:30 today, as most texts say, else a round hour ahead."""
        local = timezone.localtime(self.now)
        today = local.replace(hour=17, minute=30, second=0, microsecond=0)
        return today if local.hour < 17 else (local + timedelta(hours=3)).replace(minute=30, second=0, microsecond=0)

    def _write(self, *, body: str = "") -> None:
        """A raw mail: the first one opens the ticket, a further one answers our last."""
        self.by_itself()
        self.letters += 1
        first, subject, answers = self.opened is None, self.case.subject, ""
        if not first:
            sent = Outbox.objects.filter(post__ticket=self.ticket).order_by("-pk").first()
            subject = f"{self.say('回复：', 'Re: ')}{self.ticket.subject} [{self.ticket.number}]"
            answers = sent.message_id if sent else ""
        words = {
            "sender": self.address(), "name": self.customer.name, "to": self.story.mailboxes[self.crew.team.pk],
            "subject": subject, "body": (body or self.case.words) + f"\n\n-- \n{self.customer.name}\n",
            "number": f"{self.customer.pk}.{self.letters}.{self.now:%m%d%H%M%S%f}",
        }
        if self.plan == "careless" and self.chinese and first:
            raw = mails.careless(**words, at=self.now)
        else:
            charset = "gb18030" if self.chinese and self.rng.random() < 0.3 else "utf-8"
            raw = mails.letter(
                **words, at=self.now, charset=charset, answers=answers, file=self.case.file if first else "",
            )
        message = inbound.store(raw, now=self.now)
        mail_intake.route(message, now=self.now)
        if first:
            self.opened = Ticket.objects.get(posts__message=message)

    def write_again(self, body: str) -> None:
        """The customer answers or chases, over the channel they came by."""
        if self.channel == Channel.MAIL:
            self._write(body=body)
        else:
            self.by_itself()
            intake.append_inbound(self.ticket, body=body, channel=self.channel, now=self.now)
        self.ticket.refresh_from_db()

    # --- Handling ----------------------------------------------------------------------------------------

    def claim(self) -> None:
        """A ticket that went to the customer's own manager is theirs already."""
        self.ticket.refresh_from_db()
        self.owner = self.ticket.owner or self.owner
        routing.claim(self.ticket, by=self.at_work(self.owner), now=self.now)

    def classify(self) -> None:
        """The class is checked and the record completed; a mail comes with a guess only."""
        self.at_work(self.owner)
        if self.ticket.kind != self.case.kind:
            reason = AS_SERVICE[self.customer.language]
            workflow.reclassify(self.ticket, self.case.kind, by=self.owner, reason=reason, now=self.now)
        if not self.ticket.category_id:
            self.ticket.category, self.ticket.wish = self._category(), self.case.wish
            self.ticket.save(update_fields=["category", "wish"])
        first = State.UNDERSTOOD if self.case.kind == Kind.CONSULT else State.CLASSIFIED
        if self.ticket.state == State.RECEIVED:
            workflow.move(self.ticket, first, by=self.owner, now=self.now)

    def answer(self, body: str, *, wait: bool = False, by: User | None = None) -> None:
        """A reply by mail where an address is known, else a note of what was told on the phone."""
        by = self.at_work(by or self.owner)
        if self.address():
            promised = None if wait or self.ticket.resolved_at else self.promise()
            conversation.reply(self.ticket, body=body, by=by, next_update_at=promised, wait=wait, now=self.now,
                               key=f"{self.now:%d%H%M%S%f}")
        else:
            conversation.note(self.ticket, body=self.say("已电话告知：", "Told on the phone: ") + body, by=by, now=self.now)
            conversation.mark_read(self.ticket, by=self.owner)

    def note(self, body: str, *, by: User | None = None) -> None:
        conversation.note(self.ticket, body=body, by=self.at_work(by or self.owner), now=self.now)

    def move(self, to: str, *, by: User | None = None, **details) -> None:
        workflow.move(self.ticket, to, by=self.at_work(by or self.owner), now=self.now, **details)

    def pass_on(self, to: User, reason: str, *, by: User | None = None) -> None:
        routing.assign(self.ticket, to=to, by=self.at_work(by or self.owner), reason=reason, now=self.now)
        self.owner = to

    def take(self) -> Steps:
        """Somebody takes what came in writing, answers first and checks the class."""
        if self.channel == Channel.PHONE:
            return
        arrived, slow = self.now, self.rng.random() < LATE_REPLY
        first = FIRST_REPLY[self.channel] * (self.rng.uniform(4, 12) if slow else self.rng.lognormvariate(0, 0.7))
        replied = self.hours.working(arrived + timedelta(minutes=first))
        yield self.hours.working(arrived + min((replied - arrived) * 0.4, SEEN_WITHIN))
        self.claim()
        yield max(replied, self.now)
        self.answer(self.case.first)
        yield self.now + timedelta(seconds=self.rng.uniform(20, 90))
        self.classify()

    def chased(self) -> Steps:
        """The customer asks again before we are done, and is answered."""
        yield self.later(150)
        if self.channel == Channel.PHONE:
            yield from self._call(chase=self.ticket)
        else:
            self.write_again(self.case.chase)
        yield self.later(25)
        self.answer(self.say("{name}，您好！让您久等，非常抱歉。我已催办，约定时间前给您答复。",
                             "Dear {name}, sorry for the wait. I have asked again and will answer you by the time given.")
                    .format(name=self.customer.name))

    def ask(self) -> Steps:
        """The customer has to decide; the clock waits with them."""
        self.answer(self.case.ask, wait=True)
        yield self.later(200)
        self.write_again(self.case.decision)
        yield self.later(20)
        self.at_work(self.owner)
        conversation.mark_read(self.ticket, by=self.owner)
