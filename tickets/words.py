"""What tickets and posts are found by. Facets: t team, open until archived; of tickets k class and c channel too."""

from django.db import models

from core.search import Words, gin


class TicketWords(Words):
    """The words of a ticket's summary and wish."""

    row = models.OneToOneField("tickets.Ticket", models.CASCADE, primary_key=True, related_name="words")

    TEXTS = ("subject", "wish")
    TEXT = "r.subject || E'\\n' || r.wish"
    FACETS = (
        "ARRAY['t' || r.team_id, 'k' || r.kind, 'c' || r.channel, CASE WHEN r.state <> 'archived' THEN 'open' END]"
    )

    class Meta:
        indexes = [gin("ticket_words")]


class PostWords(Words):
    """The words of one entry of a conversation; whoever sees the ticket may find it."""

    row = models.OneToOneField("tickets.Post", models.CASCADE, primary_key=True, related_name="words")

    TEXTS = ("body",)
    TEXT = "r.body"
    FACETS = (
        "(SELECT ARRAY['t' || t.team_id, CASE WHEN t.state <> 'archived' THEN 'open' END] "
        "FROM tickets_ticket t WHERE t.id = r.ticket_id)"
    )

    class Meta:
        indexes = [gin("post_words")]
