"""What the composer of the ticket page offers: templates filled in, articles that fit, and a check of the words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import F, Q
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from knowledge import articles, blanks, lexicon, wording
from knowledge.models import Article, ReplyTemplate
from knowledge.wording import Finding, Flaw
from messaging.models import Mailbox
from staff.models import User
from tickets.models import Ticket

TEMPLATES = 200
CHECKED = 20_000  # characters; a text beyond is no letter that somebody types
WHY = {
    Flaw.COLLOQUIAL: gettext_lazy("sounds too familiar. Say:"),
    Flaw.FILLER: gettext_lazy("is a filler. Ask with “please” and leave it out:"),
    Flaw.MISSING: gettext_lazy("asks without “please”. Say:"),
    Flaw.SHIRKING: gettext_lazy("passes the matter on. Say what you will do:"),
    Flaw.REFUSAL: gettext_lazy("refuses outright. Say first what is possible:"),
    Flaw.VAGUE: gettext_lazy("is vague. Check first, then promise a time:"),
    Flaw.BLANK: gettext_lazy("is still open. Fill it in:"),
}


@dataclass(frozen=True)
class Choice:
    """A text ready to be inserted: of a template, or of an article, or the way to one."""

    kind: str  # template, article, link
    name: str
    text: str
    language: str
    mark: str = ""  # article and version
    blank: str = ""  # what is still open in it


@dataclass(frozen=True)
class Hint:
    """A finding with positions as browsers count, in UTF-16 units."""

    finding: Finding
    start: int
    end: int
    why: str
    offers: list[tuple[str, int, int, str]]  # (text, start, end, what stands there)


def due_words(moment: datetime | None, *, now: datetime) -> dict[str, str]:
    """{language: the promised time in its words}: 今天 16:30, 16:30 today, November 20, 16:30; empty without a time."""
    if moment is None:
        return {}
    found = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            hour, day = timezone.localtime(moment).strftime("%H:%M"), timezone.localdate(moment)
            if day == timezone.localdate(now):
                found[language] = _("%(time)s today") % {"time": hour}
            else:
                found[language] = _("%(time)s on %(day)s") % {
                    "time": hour, "day": formats.date_format(day, "MONTH_DAY_FORMAT"),
                }
    return found


def values(ticket: Ticket, user: User) -> dict[str, str]:
    """What the blanks of a template stand for, but for the time."""
    mailboxes = Mailbox.objects.filter(Q(team=ticket.team_id) | Q(is_default=True))
    own = mailboxes.annotate(foreign=~Q(team=ticket.team_id)).order_by("foreign", F("pk")).first()
    return {
        "customer": ticket.customer.name, "number": ticket.number, "subject": ticket.subject, "agent": str(user),
        "team": str(ticket.team), "company": own.name if own else "",
    }


def choices(ticket: Ticket, user: User, *, due: datetime | None, now: datetime) -> list[Choice]:
    """Articles that fit the ticket, then the templates of its team, the customer's language first."""
    language = ticket.customer.language
    rows = ReplyTemplate.objects.filter(Q(team=None) | Q(team=ticket.team_id), is_active=True)
    times, known = due_words(due, now=now), values(ticket, user)
    found = suggested(ticket)
    for template in rows.annotate(foreign=~Q(language=language)).order_by("foreign", F("name"))[:TEMPLATES]:
        text = blanks.fill(template.body, known | _time(times, template.language))
        left = blanks.still_open(text)
        found.append(
            Choice("template", template.name, text, template.language, blank=left[0][0] if left else "")
        )
    return found


def _time(times: Mapping[str, str], language: str) -> dict[str, str]:
    return {"due": times[language]} if language in times else {}


def suggested(ticket: Ticket) -> list[Choice]:
    """The articles that fit a ticket by its summary and topic, each as its text and, where it is public, its link."""
    topic = f"{ticket.category.name_zh} {ticket.category.name_en}" if ticket.category else ""
    fitting = articles.suggest(f"{ticket.subject}\n{topic}", language=ticket.customer.language)
    return [choice for article in fitting for choice in _of_article(article)]


def _of_article(article: Article) -> list[Choice]:
    found = [Choice("article", article.title, article.body, article.language, article.mark)]
    if article.url:
        found.append(Choice("link", article.title, f"{article.title}\n{article.url}", article.language, article.mark))
    return found


def hints(text: str, *, due: datetime | None, now: datetime) -> list[Hint]:
    """What the wording check says of a reply."""
    text = text[:CHECKED]
    return [_hint(text, finding) for finding in wording.check(text, lexicon.rules(), due=due_words(due, now=now))]


def _hint(text: str, finding: Finding) -> Hint:
    offers = [(one.text, _units(text, one.start), _units(text, one.end), one.held) for one in finding.offers]
    return Hint(finding, _units(text, finding.start), _units(text, finding.end), str(WHY[Flaw(finding.flaw)]), offers)


def _units(text: str, position: int) -> int:
    """A position in UTF-16 units: a rare character or an emoji counts as two in a browser."""
    return len(text[:position].encode("utf-16-le")) // 2


def noted(text: str, marks: str, *, due: datetime | None, now: datetime) -> dict:
    """What the event of a reply keeps for quality: flaws left standing, and the versions of articles used."""
    left = len(hints(text, due=due, now=now))
    used = {pk: version for pk, version in (mark.split(".") for mark in marks.split(",") if mark.count(".") == 1)
            if pk.isdecimal() and version.isdecimal()}
    known = Article.objects.filter(pk__in=[int(pk) for pk in used if len(pk) < 19]).values_list("pk", flat=True)
    found: dict = {"unheeded": left} if left else {}
    if known:
        found["articles"] = [f"{pk}.{used[str(pk)]}" for pk in known]
    return found
