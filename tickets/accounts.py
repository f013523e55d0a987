"""A ticket of a tier that has account managers goes to the customer's own (B6)."""

from customers.models import Customer
from staff.models import User
from staff.sight import visible_teams


def manager_for(customer: Customer) -> User | None:
    """The account manager who gets this customer's new tickets; None where the tier has none, or they cannot see it."""
    if not (customer.account_manager_id and customer.tier.to_manager):
        return None
    manager = customer.account_manager
    sees = manager is not None and manager.is_active and visible_teams(manager).filter(pk=customer.team_id).exists()
    return manager if sees else None
