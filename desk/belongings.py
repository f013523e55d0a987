"""What hangs on a customer, over all apps: found by looking at the models, so that a new table cannot be forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet

from core.models import Event
from customers.models import Customer, DuplicatePair, Merge

# Pairs and merges speak of two customers and stay as they are.
ABOUT_TWO = (DuplicatePair, Merge, Customer)


@dataclass(frozen=True)
class Link:
    """A column of a table that says whose a row is."""

    model: type[models.Model]
    field: str  # the name by which rows are filtered and updated

    @property
    def label(self) -> str:
        return self.model._meta.label

    @property
    def key(self) -> str:
        """Its name in the record of a merge; a table may point at customers twice."""
        return self.label if self.field in ("customer", "customer_id") else f"{self.label}.{self.field}"

    def rows(self, customer_ids) -> QuerySet:
        return plain(self.model).filter(**{f"{self.field}__in": list(customer_ids)})


def plain(model: type[models.Model]) -> QuerySet:
    """All rows by a queryset without habits of its own; the ledger's refuses updates."""
    return QuerySet(model)


def is_history(model: type[models.Model]) -> bool:
    return hasattr(model, "history_type") and hasattr(model, "history_id")


def links() -> list[Link]:
    """Every foreign key to a customer but those of history tables, and the plain ids of events."""
    found = [
        Link(model, field.name)
        for model in apps.get_models()
        if not is_history(model) and model not in ABOUT_TWO
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.related_model is Customer
    ]
    return sorted([*found, Link(Event, "customer_id")], key=lambda link: link.label)


def movable() -> list[Link]:
    """Without rows that are the customer's own row extended (one each, derived and made anew)."""
    return [link for link in links() if not _is_primary(link)]


def _is_primary(link: Link) -> bool:
    return link.field != "customer_id" and link.model._meta.get_field(link.field).primary_key


def unique_sets(link: Link) -> Iterator[tuple[list[str], Q | None]]:
    """(the other fields, condition) of each rule by which two rows of one customer must differ."""
    meta = link.model._meta
    for together in meta.unique_together:
        if link.field in together:
            yield [name for name in together if name != link.field], None
    for rule in meta.constraints:
        if isinstance(rule, models.UniqueConstraint) and link.field in rule.fields:
            yield [name for name in rule.fields if name != link.field], rule.condition
    field = meta.get_field(link.field)
    if field.unique and not field.primary_key:
        yield [], None


def clashing(link: Link, *, winner_id: int, loser_id: int) -> set[int]:
    """The loser's rows that the winner has already, by the table's own rules of uniqueness."""
    clashes: set[int] = set()
    for others, condition in unique_sets(link):
        rows = plain(link.model).filter(condition) if condition is not None else plain(link.model)
        theirs = set(rows.filter(**{link.field: winner_id}).values_list(*others or ["pk"]))
        for pk, *key in rows.filter(**{link.field: loser_id}).values_list("pk", *others):
            if (not others and theirs) or (others and None not in key and tuple(key) in theirs):
                clashes.add(pk)
    return clashes


def history_of(model: type[models.Model]) -> type[models.Model] | None:
    """The table that keeps the former states of a model's rows, if it has one."""
    manager = getattr(model, "history", None)
    found = getattr(manager, "model", None)
    return found if isinstance(found, type) and is_history(found) else None
