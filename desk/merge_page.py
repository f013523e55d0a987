"""What the page shows on which two archives are compared field by field."""

from dataclasses import dataclass
from typing import Any

from customers.models import Customer
from desk import merging


@dataclass(frozen=True)
class Field:
    """One field on both sides, and the side that is chosen."""

    name: str
    label: str
    winner: str
    loser: str
    chosen: str

    @property
    def differs(self) -> bool:
        return self.winner != self.loser


def compared(winner: Customer, loser: Customer, posted) -> list[Field]:
    """Every field that can be chosen and is filled in on either side; what was posted stays chosen."""
    fields = []
    for name in merging.CHOSEN:
        sides = shown(winner, name), shown(loser, name)
        if any(sides):
            chosen = posted.get(name) or merging.default_choice(name, winner, loser)
            fields.append(Field(name, str(Customer._meta.get_field(name).verbose_name), *sides, chosen))
    return fields


def shown(customer: Customer, name: str) -> str:
    display: Any = getattr(customer, f"get_{name}_display", None)
    value = display() if display else getattr(customer, name)
    return "" if value is None else str(value)
