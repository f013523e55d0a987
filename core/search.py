"""The words of rows, kept beside them in narrow tables of their own: written with the row, in its transaction.

A model that is found by its words takes `Searched` (and its querysets `SearchedRows`); its app has a table of the kind
`Words` for it. Whoever saves a row, by `save`, `create`, `bulk_create`, `bulk_update` or `update`, writes its words
too; what pours rows in by COPY calls `Words.index_ids`. Facets (`=t5`: the team is 5) stand among the words, so that
one index answers for words, sight and class together; triggers keep them (`facets_follow`).

Every lexeme begins with the hexadecimal number of its row's block of 32,768 ids (`1f:退款`). The newest rows with a
word are so read block by block from the newest on, without reading all that hold it, and what is written touches the
newest part of the index only. See `core.finding`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, migrations, models, transaction
from django.utils import timezone

from core import cjk

BITS = 15  # as search_block has it
# A tsvector holds 1 MB; stems and prefixes come on top. Only a text without a language gets so far.
LARGEST = 600_000
FUNCTIONS = """
CREATE OR REPLACE FUNCTION search_block(id bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT to_hex(id >> 15) || ':' $$;
CREATE OR REPLACE FUNCTION search_vector(id bigint, words text, facets text[]) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_to_tsvector(coalesce(array_agg(search_block(id) || lexeme), ARRAY[]::text[])) FROM (
    SELECT unnest(string_to_array(words, ' ')) AS lexeme
    UNION ALL SELECT '=' || facet FROM unnest(facets) AS facet
    UNION ALL SELECT (ts_lexize('pg_catalog.english_stem', word))[1] FROM unnest(string_to_array(words, ' ')) AS word
      WHERE word ~ '^[a-z]{3,}$'
  ) AS found WHERE lexeme <> ''
$$;
CREATE OR REPLACE FUNCTION search_faceted(tokens tsvector, id bigint, facets text[]) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_to_tsvector(coalesce(array_agg(lexeme), ARRAY[]::text[])) FROM (
    SELECT lexeme FROM unnest(tsvector_to_array(tokens)) AS lexeme WHERE lexeme NOT LIKE '%:=%'
    UNION ALL SELECT search_block(id) || '=' || facet FROM unnest(facets) AS facet WHERE facet <> ''
  ) AS found
$$;
"""
NO_FUNCTIONS = """
DROP FUNCTION search_faceted(tsvector, bigint, text[]);
DROP FUNCTION search_vector(bigint, text, text[]);
DROP FUNCTION search_block(bigint);
"""


class Words(models.Model):
    """The words of one row. A table of this kind adds `row`, a one-to-one key with the related name `words`."""

    tokens = SearchVectorField()

    TEXTS: tuple[str, ...] = ()  # the row's columns that are searched
    TEXT = "''"  # the same as an SQL expression on the row r, for phrases
    FACETS = "ARRAY[]::text[]"  # an SQL expression on the row r

    class Meta:
        abstract = True

    def __str__(self):
        return str(self.pk)

    @classmethod
    def source(cls) -> Any:
        """The model whose rows these words are of."""
        return cls._meta.get_field("row").related_model

    @classmethod
    def texts(cls, rows: Iterable[Any]) -> dict[int, str]:
        """{id: what the row is found by}"""
        return {row.pk: "\n".join(str(getattr(row, name)) for name in cls.TEXTS) for row in rows}

    @classmethod
    def index(cls, rows: Iterable[Any]) -> None:
        """Writes the words of rows that are at hand, as they were just saved."""
        texts = cls.texts(rows)
        if not texts:
            return
        words = [" ".join(_bounded(cjk.tokens(text))) for text in texts.values()]
        table, rows_table = cls._meta.db_table, cls.source()._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(  # every name is the model's own
                f'INSERT INTO "{table}" AS old (row_id, tokens) '  # noqa: S608
                f"SELECT r.id, search_vector(r.id, v.words, {cls.FACETS}) "
                f'FROM unnest(%s::bigint[], %s::text[]) AS v(id, words) JOIN "{rows_table}" r ON r.id = v.id '
                "ON CONFLICT (row_id) DO UPDATE SET tokens = EXCLUDED.tokens WHERE old.tokens <> EXCLUDED.tokens",
                [list(texts), words],
            )

    @classmethod
    def index_ids(cls, ids: Iterable[int]) -> None:
        """Writes the words of rows as the database has them."""
        cls.index(cls.source()._base_manager.filter(pk__in=list(ids)).only(*cls.TEXTS))


def gin(name: str) -> GinIndex:
    """The index of a table of words. A list of pending entries would be read through for every block."""
    return GinIndex(fields=["tokens"], name=name, fastupdate=False)


def tables() -> list[type[Words]]:
    """Every table of words, in the order of the apps."""
    return [model for model in apps.get_models() if issubclass(model, Words)]


def facets_follow(name: str, *, table: str, changed: str, updates: str) -> migrations.RunSQL:
    """The migration step by which `updates` run after one of the columns `changed` of `table` has become another."""
    columns = [column.strip() for column in changed.split(",")]
    differs = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
    return migrations.RunSQL(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {updates} RETURN NULL; END $$;"
        f"CREATE TRIGGER {name} AFTER UPDATE OF {changed} ON {table} FOR EACH ROW WHEN ({differs}) "
        f"EXECUTE FUNCTION {name}();",
        f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}();",
    )


def _bounded(tokens: list[str]) -> list[str]:
    if len(tokens) < LARGEST // (cjk.MAX_WORD * 4):
        return tokens
    kept, size = [], 0
    for token in tokens:
        size += 2 * (len(token.encode()) + 12)
        if size > LARGEST * 2:
            break
        kept.append(token)
    return kept


# --- Rows that write their words ------------------------------------------------------------------------------


def _words_of(model: type[models.Model]) -> type[Words]:
    return model._meta.get_field("words").related_model  # type: ignore[return-value,union-attr]


class Searched(models.Model):
    """A row that is found by its words."""

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        words, fields = _words_of(type(self)), kwargs.get("update_fields")
        if fields is not None and not set(words.TEXTS) & set(fields):
            super().save(*args, **kwargs)
            return
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)
            words.index([self])


class SearchedRows(models.QuerySet):
    """Sets of such rows: the words follow what is written by one statement."""

    def bulk_create(self, objs, *args, **kwargs):
        with transaction.atomic(savepoint=False):
            made = super().bulk_create(objs, *args, **kwargs)
            _words_of(self.model).index(row for row in made if row.pk)
        return made

    def bulk_update(self, objs, fields, *args, **kwargs):
        objs, words = tuple(objs), _words_of(self.model)
        if not set(words.TEXTS) & set(fields):
            return super().bulk_update(objs, fields, *args, **kwargs)
        with transaction.atomic(savepoint=False):
            changed = super().bulk_update(objs, fields, *args, **kwargs)
            words.index_ids(row.pk for row in objs)
        return changed

    def update(self, **values):
        words = _words_of(self.model)
        if not set(words.TEXTS) & set(values):
            return super().update(**values)
        with transaction.atomic(savepoint=False):
            ids = list(self.order_by().values_list("pk", flat=True))
            changed = super().update(**values)
            words.index_ids(ids)
        return changed

    update.alters_data = bulk_create.alters_data = bulk_update.alters_data = True  # type: ignore[attr-defined]


# --- All of it anew -------------------------------------------------------------------------------------------


def rebuild(words: type[Words], *, batch: int = 2000) -> Iterator[tuple[int, int]]:
    """Writes the words of every row, in batches that commit; yields (last id, highest id) after each.

    A run that was killed is taken up where it stopped; one that has finished does nothing. Rows may be read and
    written meanwhile: those of a batch wait for its commit.
    """
    from core.models import SearchProgress

    source = words.source()
    kept, _made = SearchProgress.objects.get_or_create(kind=words._meta.label)
    if kept.done_at:
        return
    highest = source._base_manager.aggregate(last=models.Max("pk"))["last"] or 0
    while True:
        with transaction.atomic():
            progress = SearchProgress.objects.select_for_update().get(pk=kept.pk)
            if progress.done_at:
                return
            rows = source._base_manager.filter(pk__gt=progress.last_id).order_by("pk").only(*words.TEXTS)
            found = list(rows.select_for_update(no_key=True, of=("self",))[:batch])
            words.index(found)
            if found:
                progress.last_id = found[-1].pk
            else:
                progress.done_at = timezone.now()
            progress.save()
        if not found:
            return
        yield progress.last_id, max(highest, progress.last_id)


def forget_progress() -> None:
    """The next rebuild begins at the first row of every table."""
    from core.models import SearchProgress

    SearchProgress.objects.all().delete()


__all__ = ["FUNCTIONS", "NO_FUNCTIONS", "Searched", "SearchedRows", "Words", "facets_follow",
           "forget_progress", "gin", "rebuild", "tables"]
