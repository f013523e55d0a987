"""Requests of the person concerned: the clock of 30 days, who may answer, and when a supervisor is told."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import Event
from core.phones import BadPhone
from customers import profile, requests
from customers.models import DataRequest
from staff.models import Notification
from tests.factories import CustomerFactory

NOW = timezone.now()


@pytest.fixture
def request_(team, specialist):
    return requests.open_request(customer=CustomerFactory(team=team), kind="access", way="mail", by=specialist, now=NOW)


def test_the_clock_runs_thirty_days_from_when_it_reached_us(team, specialist):
    came = NOW - timedelta(days=4)
    customer = CustomerFactory(team=team)
    row = requests.open_request(customer=customer, kind="erase", way="call", by=specialist, received_at=came, now=NOW)
    assert row.due_at == came + timedelta(days=30)
    assert requests.open_request(customer=customer, kind="erase", way="call", by=specialist, now=NOW) == row
    with pytest.raises(requests.RequestRefused):
        requests.open_request(
            customer=customer, kind="access", way="call", by=specialist, received_at=NOW + timedelta(days=1), now=NOW
        )


def test_it_is_answered_once(request_, specialist):
    done = requests.close(request=request_, by=specialist, answer="sent", now=NOW)
    assert (done.state, done.closed_by, done.answer) == ("done", specialist, "sent")
    with pytest.raises(requests.RequestClosed):
        requests.refuse(request=request_, by=specialist, reason="no", now=NOW)
    assert list(Event.objects.filter(subject_id=request_.pk, subject_type="customers.datarequest").order_by("pk")
                .values_list("kind", flat=True)) == ["request_opened", "request_closed"]


def test_refusing_needs_its_reason(request_, specialist):
    with pytest.raises(requests.RequestRefused):
        requests.refuse(request=request_, by=specialist, reason="  ", now=NOW)
    assert requests.refuse(request=request_, by=specialist, reason="not the person", now=NOW).state == "refused"


def test_supervisors_are_told_once_of_a_request_that_is_late(request_, supervisor, lead):
    assert requests.notify_overdue(now=NOW + timedelta(days=29)) == 0
    late = NOW + timedelta(days=30, minutes=1)
    assert requests.notify_overdue(now=late) == 1
    assert requests.notify_overdue(now=late + timedelta(days=1)) == 0
    line = Notification.objects.get(kind="request_overdue")
    assert line.user == supervisor and line.data["number"] == request_.number


def test_without_a_supervisor_the_lead_is_told(request_, lead):
    requests.notify_overdue(now=NOW + timedelta(days=31))
    assert Notification.objects.get().user == lead


def test_an_answered_request_is_never_late(request_, supervisor, specialist):
    requests.close(request=request_, by=specialist)
    assert requests.notify_overdue(now=NOW + timedelta(days=31)) == 0


def test_only_the_present_can_ask(team, specialist):
    gone = CustomerFactory(team=team, erased_at=NOW)
    with pytest.raises(requests.RequestRefused):
        requests.open_request(customer=gone, kind="access", way="mail", by=specialist)


def test_a_hold_is_released_once(request_, lead):
    with pytest.raises(requests.RequestRefused):
        requests.hold(customer=request_.customer, reason="", by=lead)
    held = requests.hold(customer=request_.customer, reason="court", by=lead)
    first = requests.release(hold=held, by=lead, now=NOW)
    assert requests.release(hold=held, by=lead, now=NOW + timedelta(days=1)).released_at == first.released_at


def test_roles_say_who_may_handle_requests(agent, specialist, lead):
    assert not requests.may_handle(agent) and requests.may_handle(specialist)
    assert not requests.may_hold(specialist) and requests.may_hold(lead)


def test_others_see_no_request(request_, outsider, agent):
    assert not DataRequest.objects.visible_to(outsider).exists()
    assert DataRequest.objects.visible_to(agent).get() == request_


# --- Correcting -------------------------------------------------------------------------------------------


@pytest.fixture
def wrong(team, specialist):
    customer = CustomerFactory(team=team, name="王小雨", phone="13812341234")
    return requests.open_request(
        customer=customer, kind="correct", way="mail", asked="姓名写错了，电话换成 13987651234", by=specialist, now=NOW
    )


def correct(row, by, **given):
    return requests.correct(request=row, seen=profile.snapshot(row.customer), given=given, by=by, now=NOW)


def test_what_is_asked_is_kept_without_the_number_in_it(wrong):
    assert "姓名写错了" in wrong.asked
    assert "13987651234" not in DataRequest.objects.get().asked


def test_asked_again_it_is_added_to_the_open_one(wrong, specialist):
    again = requests.open_request(
        customer=wrong.customer, kind="correct", way="call", asked="生日也错了", by=specialist, now=NOW
    )
    assert again == wrong and again.asked.endswith("; 生日也错了")


def test_the_names_of_corrected_fields_stay_with_the_request_and_not_their_values(wrong, specialist):
    assert correct(wrong, specialist, name="王晓雨", occupation="教师", language="zh-hans") == ["name", "occupation"]
    wrong.refresh_from_db()
    wrong.customer.refresh_from_db()
    old = wrong.customer.contacts.get()
    requests.correct_contact(request=wrong, kind="phone", value="13987651234", instead_of=old, by=specialist, now=NOW)
    done = requests.close(request=wrong, by=specialist, now=NOW)
    assert done.summary == {"fields": ["name", "occupation", "phone"]} and done.state == "done"
    assert wrong.customer.name == "王晓雨"
    right = wrong.customer.contacts.get(valid=True)
    assert right.value == "+8613987651234" and right.preferred and right.verified_on
    assert Event.objects.filter(kind="profile_changed", customer_id=wrong.customer_id).exists()


def test_nothing_corrected_needs_the_reason(wrong, specialist):
    assert correct(wrong, specialist, name="王小雨") == []
    with pytest.raises(requests.RequestRefused):
        requests.close(request=wrong, by=specialist, answer="  ", now=NOW)
    done = requests.close(request=wrong, by=specialist, answer="The person saw that it is right", now=NOW)
    assert done.state == "done" and done.summary == {"fields": []}


def test_an_answered_request_corrects_nothing_more(wrong, specialist):
    requests.refuse(request=wrong, by=specialist, reason="not the person", now=NOW)
    with pytest.raises(requests.RequestClosed):
        correct(wrong, specialist, name="某某")
    with pytest.raises(requests.RequestClosed):
        requests.correct_contact(request=wrong, kind="phone", value="13987651234", by=specialist)
    wrong.customer.refresh_from_db()
    assert wrong.customer.name == "王小雨" and wrong.customer.contacts.count() == 1


def test_a_request_for_access_corrects_nothing(request_, specialist):
    with pytest.raises(requests.RequestRefused):
        correct(request_, specialist, name="某某")


def test_a_contact_that_is_none_changes_nothing(wrong, specialist):
    old = wrong.customer.contacts.get()
    with pytest.raises(BadPhone):
        requests.correct_contact(request=wrong, kind="phone", value="12", instead_of=old, by=specialist)
    old.refresh_from_db()
    wrong.refresh_from_db()
    assert old.valid and requests.corrected(wrong) == []
    with pytest.raises(requests.RequestRefused):
        requests.correct_contact(request=wrong, kind="phone", value=" ", by=specialist)
