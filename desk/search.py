"""What the search finds: tickets, messages, customers, articles and reply templates, always within sight, newest first.

Words go through the tables of words (`core.finding`), numbers and contacts to the record itself. Every row is fetched
through `visible_to` once more, whatever the index says.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Prefetch, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from core.finding import newest
from customers import lookup
from customers.models import Contact, Customer, CustomerWords
from desk.highlights import Highlighter
from desk.query_language import LONGEST
from desk.search_filters import ABOUT_CUSTOMERS, Asked, customer_sight, resolve
from knowledge.models import Article, ArticleWords, ReplyTemplate, TemplateWords
from staff.models import User
from tickets.models import Post, PostWords, Ticket, TicketWords

SHOWN = 6
SHOWN_MESSAGES = 4
OF_POSTS = (["open"],)  # facets that posts have of their tickets, besides the team
LANGUAGES = dict(settings.LANGUAGES)
TICKET_NUMBER = re.compile(r"(?P<sign>#|t-?)?(?P<id>\d{1,18})", re.IGNORECASE)
CUSTOMER_NUMBER = re.compile(r"k-?(\d{1,18})", re.IGNORECASE)


def cleaned(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:LONGEST]


# --- Ids, newest first ----------------------------------------------------------------------------------------


def ticket_ids(asked: Asked, limit: int, before: int | None = None) -> list[int]:
    if asked.is_empty:
        return []
    if asked.sought.is_empty and not asked.sought.without and not asked.by_facets:
        rows = asked.ticket_rows() if before is None else asked.ticket_rows().filter(pk__lt=before)
        return list(rows.order_by("-pk").values_list("pk", flat=True)[:limit])
    among = None if asked.by_facets else Ticket.objects.filter(asked.tickets)  # the facets hold them in sight
    return newest(
        TicketWords, asked.sought, limit=limit, before=before, facets=asked.ticket_facets(), among=among, few=asked.few
    )


def post_ids(asked: Asked, limit: int, before: int | None = None) -> list[int]:
    """Entries of conversations; conditions are about their tickets."""
    if asked.sought.is_empty:
        return []
    facets = [group for group in asked.facets if group in OF_POSTS or group[0].startswith("t")]
    whole = asked.by_facets and facets == asked.facets
    among = None if whole else Post.objects.filter(ticket__in=Ticket.objects.filter(asked.tickets))
    facets = [*asked.sight, *facets]
    return newest(PostWords, asked.sought, limit=limit, before=before, facets=facets, among=among, few=asked.few)


def customer_ids(asked: Asked, limit: int, before: int | None = None) -> list[int]:
    """Customers by their words; conditions that are about tickets alone find none."""
    if asked.is_empty or asked.keys - ABOUT_CUSTOMERS:
        return []
    among = asked.customer_rows() if asked.keys else None
    return newest(CustomerWords, asked.sought, limit=limit, before=before, facets=customer_sight(asked), among=among)


def article_ids(asked: Asked, limit: int, before: int | None = None) -> list[int]:
    if asked.sought.is_empty or asked.keys:
        return []
    return newest(ArticleWords, asked.sought, limit=limit, before=before, facets=[["on"]])


def template_ids(asked: Asked, limit: int, before: int | None = None) -> list[int]:
    """Reply templates of the user's teams and of all."""
    if asked.sought.is_empty or asked.keys:
        return []
    theirs = [] if asked.teams is None else [[*asked.teams, "all"]]
    return newest(TemplateWords, asked.sought, limit=limit, before=before, facets=[["on"], *theirs])


# --- Rows -----------------------------------------------------------------------------------------------------


def ticket_rows(asked: Asked, ids: list[int]) -> list[dict]:
    rows = Ticket.objects.visible_to(asked.user).filter(pk__in=ids).for_list().order_by("-pk") if ids else []
    marks = Highlighter(asked.sought)
    return [_ticket_row(ticket, marks) for ticket in rows]


def post_rows(asked: Asked, ids: list[int]) -> list[dict]:
    seen = Ticket.objects.visible_to(asked.user)
    rows = Post.objects.filter(pk__in=ids, ticket__in=seen).select_related("ticket__customer", "author") if ids else []
    marks = Highlighter(asked.sought)
    return [
        {
            "pk": post.pk, "url": f"{reverse('desk:ticket', args=[post.ticket_id])}#post-{post.pk}", "post": post,
            "number": post.ticket.number, "title": post.ticket.subject, "marked": marks.marked(post.ticket.subject),
            "excerpt": marks.excerpt(post.body), "aside": post.ticket.customer.name,
        }
        for post in sorted(rows, key=lambda post: -post.pk)
    ]


def customer_rows(asked: Asked, ids: list[int]) -> list[dict]:
    contacts = Contact.objects.only("customer_id", "kind", "masked", "preferred").order_by("-preferred", "pk")
    found = Customer.objects.visible_to(asked.user).filter(pk__in=ids).select_related("tier")
    rows = {row.pk: row for row in found.prefetch_related(Prefetch("contacts", contacts), "needs")} if ids else {}
    marks = Highlighter(asked.sought)
    return [_customer_row(rows[pk], marks) for pk in ids if pk in rows]


def article_rows(asked: Asked, ids: list[int]) -> list[dict]:
    marks = Highlighter(asked.sought)
    rows = Article.objects.published().filter(pk__in=ids).order_by("-pk") if ids else []
    return [{**_text_row(row, row.title, row.body, marks), "public_url": row.url} for row in rows]


def template_rows(asked: Asked, ids: list[int]) -> list[dict]:
    marks = Highlighter(asked.sought)
    rows = ReplyTemplate.objects.filter(pk__in=ids, is_active=True).order_by("-pk") if ids else []
    return [_text_row(row, row.name, row.body, marks) for row in rows]


def _text_row(row: Article | ReplyTemplate, title: str, body: str, marks: Highlighter) -> dict:
    return {
        "pk": row.pk, "title": title, "marked": marks.marked(title), "excerpt": marks.excerpt(body),
        "body": marks.marked(body), "aside": LANGUAGES.get(row.language, row.language),
    }


def _ticket_row(ticket: Ticket, marks: Highlighter) -> dict:
    return {
        "pk": ticket.pk, "url": reverse("desk:ticket", args=[ticket.pk]), "number": ticket.number, "ticket": ticket,
        "title": ticket.subject, "marked": marks.marked(ticket.subject), "aside": ticket.customer.name,
        "excerpt": marks.excerpt(ticket.wish) if ticket.wish and marks.hits(ticket.wish) else "",
    }


def _customer_row(customer: Customer, marks: Highlighter) -> dict:
    texts = [customer.occupation, customer.industry, *(need.text for need in customer.needs.all())]
    told = next((text for text in texts if text and marks.hits(text)), "")
    return {
        "pk": customer.pk, "url": reverse("desk:customer", args=[customer.pk]), "customer": customer,
        "title": customer.name, "marked": marks.marked(customer.name), "tier": customer.tier,
        "phone": lookup.shown_contact(customer), "company": marks.marked(customer.company),
        "excerpt": marks.excerpt(told) if told else "", "aside": customer.number,
    }


@dataclass(frozen=True)
class Kind:
    """One kind of records that is searched."""

    code: str
    label: str | Promise
    icon: str
    ids: Callable[..., list[int]]
    rows: Callable[[Asked, list[int]], list[dict]]

    @property
    def part(self) -> str:
        """Of the name of the template that shows a row."""
        return "articles" if self.code == "templates" else self.code


KINDS = (
    Kind("tickets", gettext_lazy("Tickets"), "ticket-detailed", ticket_ids, ticket_rows),
    Kind("messages", gettext_lazy("Messages"), "chat-left-text", post_ids, post_rows),
    Kind("customers", gettext_lazy("Customers"), "person", customer_ids, customer_rows),
    Kind("articles", gettext_lazy("Articles"), "journal-text", article_ids, article_rows),
    Kind("templates", gettext_lazy("Reply templates"), "reply", template_ids, template_rows),
)


# --- Numbers and contacts -------------------------------------------------------------------------------------


def named_ticket(text: str, user: User) -> QuerySet[Ticket]:
    """The ticket whose number was typed, if the user sees it."""
    number = TICKET_NUMBER.fullmatch(text)
    return Ticket.objects.visible_to(user).filter(pk=int(number["id"])) if number else Ticket.objects.none()


def looked_up(text: str, user: User, limit: int = SHOWN) -> list[int]:
    """Customers by number, contact, beginnings of names, orders and own fields."""
    if (ticket := TICKET_NUMBER.fullmatch(text)) and ticket["sign"]:
        return []
    return [match.customer.pk for match in lookup.as_typed(user, text, limit=limit)]


def only_a_number(text: str) -> bool:
    """True for what names one record or contact and is no word of a text."""
    number = TICKET_NUMBER.fullmatch(text)
    return bool((number and number["sign"]) or CUSTOMER_NUMBER.fullmatch(text) or "@" in text)


# --- As you type ----------------------------------------------------------------------------------------------


def find(text: str, user: User) -> list[dict]:
    """Groups of results for the palette; each row has url and title, and what its kind of record shows."""
    text = cleaned(text)
    if not text or text == "#":
        return []
    asked = resolve(text, user)
    plain, words = not asked.keys, not only_a_number(text)
    people = looked_up(text, user) if plain else []
    if words and len(people) < SHOWN and not text.isdecimal():
        people += [pk for pk in customer_ids(asked, SHOWN) if pk not in people][: SHOWN - len(people)]
    tickets = _tickets_as_typed(text, asked, people if plain else [], words=words)
    groups = [_group(KINDS[2], customer_rows(asked, people)), _group(KINDS[0], tickets)]
    if words:
        groups.append(_group(KINDS[1], post_rows(asked, post_ids(asked, SHOWN_MESSAGES))))
        articles = article_rows(asked, article_ids(asked, SHOWN_MESSAGES))
        page = f"{reverse('desk:search')}?{urlencode({'q': text, 'in': 'articles'})}"
        groups.append(_group(KINDS[3], [{**row, "url": page} for row in articles]))
    return groups


def _tickets_as_typed(text: str, asked: Asked, people: list[int], *, words: bool) -> list[dict]:
    """The one whose number was typed, then the newest of the customers found and of those with the words."""
    exact = list(named_ticket(text, asked.user).values_list("pk", flat=True)) if not asked.keys else []
    ids = set(ticket_ids(asked, SHOWN)) if words else set()
    if people:
        theirs = Ticket.objects.visible_to(asked.user).filter(customer__in=people).order_by("-pk")
        ids |= set(theirs.values_list("pk", flat=True)[:SHOWN])
    chosen = [*exact, *sorted(ids - set(exact), reverse=True)][:SHOWN]
    return sorted(ticket_rows(asked, chosen), key=lambda row: row["pk"] not in exact)


def _group(kind: Kind, rows: list[dict]) -> dict:
    return {"label": kind.label, "icon": kind.icon, "rows": rows}
