"""Fields of the ticket page drawn by `field_row` look as crispy draws them."""

import pytest
from crispy_forms.templatetags.crispy_forms_filters import as_crispy_field
from django.test.html import parse_html

from desk import case, forms
from desk.relation_forms import LinkForm, TaskForm
from desk.templatetags.field_rows import field_row
from tests.factories import CustomerFactory, TicketFactory


@pytest.fixture
def ticket(team, agent):
    return TicketFactory(customer=CustomerFactory(team=team), owner=agent)


def _all(ticket, user):
    return [*case.blank_forms(ticket).values(), TaskForm(ticket=ticket), LinkForm(user=user)]


def test_every_field_of_the_page_looks_as_crispy_draws_it(ticket, agent):
    ours = [field_row(field) for form in _all(ticket, agent) for field in form.visible_fields()]
    theirs = [as_crispy_field(field) for form in _all(ticket, agent) for field in form.visible_fields()]

    assert len(ours) > 20
    for drawn, crispy in zip(ours, theirs, strict=True):
        assert parse_html(drawn) == parse_html(crispy)


def test_a_refused_field_says_why(ticket):
    form = forms.MoveForm.sent({"to": "archived", "form": "final", "outcome": ""}, ticket)

    assert not form.is_valid()
    assert 'aria-invalid="true"' in field_row(form["outcome"])
