"""What customers are found by besides the lookup's beginnings and keyed contacts, which never stand here."""

from collections.abc import Iterable
from typing import Any

from django.db import models

from core.search import Words, gin

PRESENT = "r.merged_into_id IS NULL AND r.erased_at IS NULL"


class CustomerWords(Words):
    """The words of a customer's name, company and needs. Facets of those present: p, t team, m account manager."""

    row = models.OneToOneField("customers.Customer", models.CASCADE, primary_key=True, related_name="words")

    TEXTS = ("name", "company", "occupation", "industry")
    TEXT = (
        "concat_ws(E'\\n', r.name, r.company, r.occupation, r.industry, "
        "(SELECT string_agg(concat_ws(E'\\n', n.topic, n.text), E'\\n') "
        "FROM customers_need n WHERE n.customer_id = r.id))"
    )
    FACETS = (
        f"CASE WHEN {PRESENT} THEN ARRAY['p', 't' || r.team_id, 'm' || r.account_manager_id] ELSE ARRAY[]::text[] END"
    )

    class Meta:
        indexes = [gin("customer_words")]

    @classmethod
    def texts(cls, rows: Iterable[Any]) -> dict[int, str]:
        found = super().texts(rows)
        needs: models.QuerySet = models.QuerySet(cls.source()._meta.get_field("needs").related_model)
        for owner, topic, text in needs.filter(customer__in=list(found)).values_list("customer_id", "topic", "text"):
            found[owner] += f"\n{topic}\n{text}"
        return found
