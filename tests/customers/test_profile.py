import pytest
from django.utils import timezone

from core.models import Event
from core.phones import BadPhone
from customers import custom_fields, needs, profile
from customers.custom_fields import BadValue
from customers.models import Customer, CustomField, Task
from customers.profile import BadContact, StaleProfile
from tests.factories import CustomerFactory


@pytest.fixture
def rain(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234")


def field(code="soil", kind="text", **more):
    return CustomField.objects.create(code=code, name_zh="水质", name_en="Water", kind=kind, **more)


# --- The profile ------------------------------------------------------------------------------------------


def test_a_new_name_brings_its_initials_and_leaves_its_history(rain, agent):
    profile.edit(rain, seen=profile.snapshot(rain), given={"name": "李大雨", "occupation": "教师"}, by=agent)
    rain.refresh_from_db()
    assert (rain.name, rain.initials, rain.occupation) == ("李大雨", "ldy", "教师")
    assert rain.history.first().history_user == agent
    assert Event.objects.get(kind="profile_changed").data["fields"] == ["name", "occupation"]


def test_the_second_editor_of_a_field_is_shown_both_versions(rain, agent, lead):
    seen = profile.snapshot(rain)
    profile.edit(rain, seen=seen, given={"company": "晴川净水"}, by=lead)
    with pytest.raises(StaleProfile) as stale:
        profile.edit(rain, seen=seen, given={"company": "晴川水务", "industry": "水务"}, by=agent)
    conflict = stale.value.conflicts[0]
    assert (conflict.theirs, conflict.yours) == ("晴川净水", "晴川水务")
    assert "王强" in str(stale.value) and len(stale.value.conflicts) == 1
    rain.refresh_from_db()
    assert (rain.company, rain.industry) == ("晴川净水", "")


def test_two_editors_of_different_fields_keep_each_others_work(rain, agent, lead):
    seen = profile.snapshot(rain)
    profile.edit(rain, seen=seen, given={"company": "晴川净水", "industry": ""}, by=lead)
    profile.edit(rain, seen=seen, given={"company": "", "industry": "水务"}, by=agent)
    rain.refresh_from_db()
    assert (rain.company, rain.industry) == ("晴川净水", "水务")


def test_saving_what_stands_already_writes_nothing(rain, agent):
    before = rain.history.count()
    profile.edit(rain, seen=profile.snapshot(rain), given=profile.snapshot(rain), by=agent)
    assert rain.history.count() == before and not Event.objects.filter(kind="profile_changed").exists()


def test_a_verified_profile_is_dated_and_its_task_is_done(rain, agent):
    Task.objects.create(customer=rain, kind="update", key="k", due_on=timezone.localdate())
    profile.verify(rain, by=agent)
    rain.refresh_from_db()
    task = Task.objects.get()
    assert rain.verified_on == timezone.localdate() and task.done_at and task.done_by == agent


# --- Contacts ---------------------------------------------------------------------------------------------


def test_a_contact_carries_source_age_and_validity(rain, agent):
    contact = profile.add_contact(
        rain, kind="email", value="Rain@Example.com", source="callback", by=agent, preferred=True, verified=True
    )
    contact.refresh_from_db()
    assert contact.value == "rain@example.com" and contact.masked == "r***@example.com"
    assert (contact.source, contact.preferred, contact.verified_on) == ("callback", True, timezone.localdate())


def test_one_contact_of_each_kind_is_preferred(rain, agent):
    second = profile.add_contact(rain, kind="phone", value="13900001111", by=agent, preferred=True)
    mail = profile.add_contact(rain, kind="email", value="rain@example.com", by=agent, preferred=True)
    assert set(rain.contacts.filter(preferred=True)) == {second, mail}


def test_the_same_number_in_another_form_is_not_added_twice(rain, agent):
    profile.add_contact(rain, kind="phone", value="+86 138-1234-1234", by=agent)
    assert rain.contacts.count() == 1


def test_an_invalid_contact_stays_but_is_no_longer_preferred(rain, agent):
    contact = profile.invalidate(rain.contacts.get(), by=agent)
    assert not contact.valid and not contact.preferred and contact.valid_until == timezone.localdate()
    with pytest.raises(BadContact):
        profile.prefer(contact, by=agent)
    assert profile.verify_contact(contact, by=agent).valid


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [("phone", "abc", BadPhone), ("email", "rain@", BadContact), ("address", " ", BadContact), ("fax", "1", BadContact),
     ("address", "路" * 10_000_000, BadContact)],
)
def test_what_is_no_contact_is_refused(rain, agent, kind, value, error):
    with pytest.raises(error):
        profile.add_contact(rain, kind=kind, value=value, by=agent)
    assert rain.contacts.count() == 1


# --- Custom fields ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [("text", " 硬水 ", "硬水"), ("number", "１,２００", 1200), ("number", "7.5", 7.5),
     ("date", "2026年3月1日", "2026-03-01"), ("date", "2026/3/1", "2026-03-01"), ("choice", "硬", "硬"),
     ("text", "", None)],
)
def test_values_are_read_by_kind(kind, typed, stored):
    assert custom_fields.read(CustomField(code="c", kind=kind, choices=["硬", "软"]), typed) == stored


@pytest.mark.parametrize(
    ("kind", "typed"),
    [("number", "many"), ("number", "NaN"), ("number", "1e400"), ("date", "2026-02-30"), ("date", "soon"),
     ("choice", "中"), ("text", "长" * 201)],
)
def test_values_of_another_kind_are_refused(kind, typed):
    with pytest.raises(BadValue):
        custom_fields.read(CustomField(code="c", kind=kind, choices=["硬", "软"]), typed)


def test_a_custom_field_is_edited_and_found_by_its_name_or_code(rain, agent):
    field("hardness", "number")
    profile.edit(rain, seen=profile.snapshot(rain), given={"x_hardness": "320"}, by=agent)
    for text in ("hardness:320", "水质：320", "water: 320.0"):
        assert list(Customer.objects.filter(attributes__contains=custom_fields.search(text))) == [rain]
    assert custom_fields.search("other:320") is None and custom_fields.search("王小雨") is None


def test_emptying_a_custom_field_takes_it_away(rain, agent):
    field()
    profile.edit(rain, seen=profile.snapshot(rain), given={"x_soil": "硬水"}, by=agent)
    rain.refresh_from_db()
    profile.edit(rain, seen=profile.snapshot(rain), given={"x_soil": ""}, by=agent)
    rain.refresh_from_db()
    assert rain.attributes == {}


# --- Needs ------------------------------------------------------------------------------------------------


def test_a_need_is_noted_and_met_once(rain, agent):
    need = needs.note(customer=rain, text="要静音的机器", topic="噪声", by=agent)
    met = needs.meet(need, by=agent)
    assert needs.meet(need, by=agent).met_at == met.met_at
    assert Event.objects.filter(kind="need_met").count() == 1


def test_an_empty_need_is_refused(rain, agent):
    with pytest.raises(needs.NeedRefused):
        needs.note(customer=rain, text="  ", by=agent)
