import re

from django.urls import reverse

from tests.factories import CustomerFactory, TicketFactory

URL = reverse("metrics:dashboard")


def test_a_supervisor_sees_the_figures_of_the_department_and_no_other(
    supervisor, outsider, team, other_team, signed_in
):
    TicketFactory(customer=CustomerFactory(team=team), subject="退款未到账", late=True)
    TicketFactory(customer=CustomerFactory(team=other_team), subject="别的组的事", late=True)
    page = signed_in(supervisor).get(URL).content.decode()
    assert "退款未到账" in page
    assert "别的组的事" not in page
    assert re.search(r'data-figure="breached"><a [^>]*>1</a>', page)


def test_an_agent_is_told_whom_the_dashboard_is_for(agent, signed_in):
    assert signed_in(agent).get(URL).status_code == 403


def test_the_refresh_is_the_same_board_without_its_frame(lead, team, signed_in):
    page = signed_in(lead).get(URL, headers={"HX-Request": "true"}).content.decode()
    assert "data-figure" in page
    assert "<html" not in page


def test_the_dashboard_asks_the_database_the_same_number_of_times_at_any_size(
    lead, team, signed_in, django_assert_max_num_queries
):
    client = signed_in(lead)
    client.get(URL)
    for _ in range(12):
        TicketFactory(customer=CustomerFactory(team=team), late=True)
    with django_assert_max_num_queries(18):
        assert client.get(URL).status_code == 200
