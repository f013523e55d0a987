"""The panel that explains a tier, wherever a page shows it."""

from django import template

from desk import tier_panel

register = template.Library()


@register.simple_tag(takes_context=True)
def tier_why(context, customer) -> dict:
    """{% tier_why customer as why %}: everything the panel shows for the user of this page."""
    return tier_panel.panel(customer, context["user"])
