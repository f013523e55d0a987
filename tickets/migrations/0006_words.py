import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

from core.search import facets_follow

FOLLOW = """
IF OLD.team_id = NEW.team_id AND OLD.kind = NEW.kind AND OLD.channel = NEW.channel
  AND (OLD.state = 'archived') = (NEW.state = 'archived') THEN RETURN NULL;
END IF;
UPDATE tickets_ticketwords SET tokens = search_faceted(tokens, NEW.id, ARRAY[
  't' || NEW.team_id, 'k' || NEW.kind, 'c' || NEW.channel, CASE WHEN NEW.state <> 'archived' THEN 'open' END
]) WHERE row_id = NEW.id;
IF OLD.team_id <> NEW.team_id OR (OLD.state = 'archived') <> (NEW.state = 'archived') THEN
  UPDATE tickets_postwords SET tokens = search_faceted(tokens, row_id, ARRAY[
    't' || NEW.team_id, CASE WHEN NEW.state <> 'archived' THEN 'open' END
  ]) WHERE row_id IN (SELECT id FROM tickets_post WHERE ticket_id = NEW.id);
END IF;
"""


def words(name, of, index):
    row = models.OneToOneField(
        on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="words", serialize=False, to=of
    )
    gin = django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=["tokens"], name=index)
    tokens = django.contrib.postgres.search.SearchVectorField()
    return migrations.CreateModel(
        name=name, fields=[("row", row), ("tokens", tokens)], options={"indexes": [gin]}
    )


class Migration(migrations.Migration):
    """Empty tables, so their indexes are made at once; `search_index` fills them from the rows of before."""

    dependencies = [("core", "0007_search"), ("tickets", "0005_open_by_due")]

    operations = [
        words("TicketWords", "tickets.ticket", "ticket_words"),
        words("PostWords", "tickets.post", "post_words"),
        facets_follow(
            "ticket_facets", table="tickets_ticket", changed="team_id, kind, channel, state", updates=FOLLOW
        ),
    ]
