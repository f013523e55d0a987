"""The report of teams × stages for those who lead, counted within sight."""

from django.urls import reverse

from metrics import stages
from tests.factories import CustomerFactory, TicketFactory
from tickets import workflow
from tickets.models import State

URL = reverse("metrics:stages")


def test_tickets_are_told_by_team_class_and_stage_as_they_move(team, other_team, agent, lead, admin):
    ticket, other = (TicketFactory(customer=CustomerFactory(team=one)) for one in (team, other_team))
    workflow.move(ticket, State.CLASSIFIED, by=agent)
    TicketFactory(customer=CustomerFactory(team=team), kind="consult")
    found = stages.report(lead, kind="")
    assert found["states"] == [State.RECEIVED, State.CLASSIFIED]
    assert [(row.team, row.counts, row.total) for row in found["rows"]] == [(team, [1, 1], 2)]
    assert stages.report(lead, kind="consult")["total"] == 1
    assert sorted(stages.report(admin, kind="service")["sums"]) == [1, 1]
    workflow.move(other, State.ARCHIVED, by=admin, outcome="spam", cause="customer", note="广告")
    assert stages.report(admin, kind="service")["states"] == [State.CLASSIFIED, State.ARCHIVED]


def test_the_report_is_for_heads_shows_no_other_team_and_takes_few_queries(
    team, other_team, agent, lead, signed_in, django_assert_max_num_queries
):
    TicketFactory(customer=CustomerFactory(team=other_team))
    assert signed_in(agent).get(URL).status_code == 403
    client = signed_in(lead)
    page = client.get(URL, {"kind": "nonsense"}).content.decode()
    assert other_team.name not in page and "No tickets of this class" in page
    assert URL in client.get(reverse("metrics:dashboard")).content.decode()
    with django_assert_max_num_queries(8):
        client.get(URL)
