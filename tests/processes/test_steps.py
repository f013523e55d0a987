"""Templates, the list of steps over all tickets, what is late, and who sees it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from followups import feedback
from metrics.bottlenecks import bottlenecks
from processes import overdue, panel, running
from processes.models import Process, Step, Template
from staff.models import Notification
from tests.factories import CustomerFactory, TicketFactory
from tickets import workflow


def form_of(template, **changes):
    data = {"name_zh": template.name_zh, "name_en": template.name_en, "kind": template.kind, "is_active": "on",
            "steps-TOTAL_FORMS": template.steps.count(), "steps-INITIAL_FORMS": template.steps.count()}
    for at, step in enumerate(template.steps.all()):
        data |= {f"steps-{at}-{name}": getattr(step, name) or "" for name in running.COPIED if name != "calendar"}
        data |= {f"steps-{at}-id": step.pk, f"steps-{at}-template": template.pk,
                 f"steps-{at}-calendar": step.calendar_id or ""}
        data.pop(f"steps-{at}-may_skip")
    return data | changes


def test_an_edited_template_leaves_running_processes_as_they_were(process, signed_in, admin):
    template = process.template
    url = reverse("admin:processes_template_change", args=[template.pk])
    answer = signed_in(admin).post(url, form_of(template, **{"steps-0-title_en": "Something else"}))
    template.refresh_from_db()
    assert answer.status_code == 302 and template.version == 2 and process.template_version == 1
    assert template.steps.get(position=1).title_en == "Something else"
    assert process.steps.get(position=1).title_en == "Confirm the need"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps-3-stage": "confirmation"}, "exactly one step"),
        ({"steps-0-position": "9"}, "stand in the order"),
        ({"steps-0-position": "2"}, "same position"),
        ({"steps-2-may_skip": "on"}, "never skipped"),
        ({"steps-0-target_days": "3"}, "Give seconds, or working days"),
    ],
)
def test_a_template_that_makes_no_sense_is_refused_in_words(process, signed_in, admin, changes, said):
    url = reverse("admin:processes_template_change", args=[process.template_id])
    answer = signed_in(admin).post(url, form_of(process.template, **changes))
    assert answer.status_code == 200 and said in answer.content.decode()
    assert Template.objects.get(pk=process.template_id).version == 1


def test_the_list_shows_mine_the_latest_first_and_the_team_only_in_sight(
    process, ticket, team, agent, lead, outsider, signed_in
):
    other = TicketFactory(customer=CustomerFactory(team=team), owner=lead, by=lead, kind="service", subject="另一单")
    running.start(other, template=process.template, by=lead)
    Step.objects.filter(process__ticket=other).exclude(started_at=None).update(
        due_at=timezone.now() - timedelta(hours=1)
    )
    mine = signed_in(agent).get(reverse("desk:steps")).content.decode()
    assert ticket.subject in mine and "另一单" not in mine
    whole = signed_in(lead).get(reverse("desk:steps")).content.decode()
    assert whole.index("另一单") < whole.index(ticket.subject) and ">late<" in whole
    assert ticket.subject not in signed_in(outsider).get(reverse("desk:steps") + "?whose=team").content.decode()
    outside = signed_in(outsider).post(reverse("desk:process_stop", args=[ticket.pk]), {"reason": "x"})
    assert outside.status_code == 404


def test_the_list_is_paged_by_its_last_row_in_a_bounded_number_of_queries(
    process, team, lead, signed_in, django_assert_max_num_queries
):
    customer = CustomerFactory(team=team)
    for _one in range(30):
        running.start(
            TicketFactory(customer=customer, owner=lead, by=lead, kind="service"), template=process.template, by=lead
        )
    client, seen, url = signed_in(lead), [], reverse("desk:steps") + "?whose=team"
    while url:
        with django_assert_max_num_queries(14):
            answer = client.get(url)
        seen += [step.pk for step, _late in answer.context["rows"]]
        url = answer.context["next_url"] and reverse("desk:steps") + answer.context["next_url"]
    assert len(seen) == len(set(seen)) == 31


def test_the_workbench_says_what_else_is_with_somebody(process, ticket, signed_in, agent, outsider):
    Step.objects.open().update(owner=agent, due_at=timezone.now() - timedelta(hours=1))
    feedback.open_record(ticket, by=agent)
    page = signed_in(agent).get(reverse("desk:workbench")).content.decode()
    assert "/steps/?whose=mine" in page and "/feedback/?mine=1" in page and "1 late" in page
    assert 'id="waiting"' not in signed_in(outsider).get(reverse("desk:workbench")).content.decode()


def test_owner_and_lead_are_told_once_of_a_late_step(process, step, agent, lead):
    late = step("need").due_at + timedelta(hours=1)  # after days off too
    assert overdue.tell(now=late) == 1 and overdue.tell(now=late) == 0
    told = Notification.objects.filter(kind="step_overdue").values_list("user__username", flat=True)
    assert sorted(told) == ["agent", "lead"]


def test_nobody_is_told_of_steps_on_an_archived_ticket(process, step, ticket, agent):
    late = step("need").due_at + timedelta(hours=1)
    workflow.move(ticket, "archived", by=agent, outcome="withdrawn", cause="customer", note="客户撤回")
    assert overdue.tell(now=late) == 0
    assert panel.part(ticket, agent, now=timezone.now()).turn is None


def test_the_slowest_step_comes_first_with_its_median(planned, agent):
    now = timezone.now()
    for stage, hours in (("need", 30), ("plan", 2)):
        Step.objects.filter(stage=stage).update(started_at=now - timedelta(hours=hours), done_at=now, due_at=now)
    rows = bottlenecks(Step.objects.visible_to(agent), now=now + timedelta(minutes=1))
    assert [(row.step.stage, round(row.median / 3600), row.n, row.late) for row in rows] == [
        ("need", 30, 1, 0), ("plan", 2, 1, 0),
    ]  # fmt: skip


def test_a_process_starts_once_and_only_in_a_service_ticket_that_is_not_resolved(process, ticket, team, agent):
    assert running.start(ticket, template=process.template, by=agent).pk == process.pk
    consult = TicketFactory(customer=ticket.customer, kind="consult", by=agent)
    with pytest.raises(running.StepRefused, match="service ticket"):
        running.start(consult, template=process.template, by=agent)
    assert Process.objects.count() == 1 and panel.part(consult, agent, now=timezone.now()) is None
