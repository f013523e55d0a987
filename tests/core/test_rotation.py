"""A new key takes over while people work, and no row is lost on the way."""

import io
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from core import crypto, events, rotation
from core.models import Event
from customers import registry
from customers.models import Contact
from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ground(transactional_db):
    from core.management.commands.defaults import fill_all

    fill_all()


@pytest.fixture
def two_keys(settings):
    """The new key in front of the one that has sealed everything so far."""

    def turn():
        settings.FIELD_KEY = f"new:{crypto.new_key()},old:{settings.FIELD_KEY.rpartition(':')[2]}"

    settings.FIELD_KEY = f"old:{settings.FIELD_KEY.rpartition(':')[2]}"
    return turn


def filled(team, agent):
    customer = CustomerFactory(team=team, name="王小雨", phone="13812341234", email="rain@example.com")
    ticket = TicketFactory(customer=customer, subject="请回电13912341234")
    conversation.reply(ticket, body="请拨 021-62345678", by=agent, wait=True)
    events.record("moved", ticket, by=agent, note="手机13712341234")
    return customer


def test_every_sealed_column_is_known_history_included():
    names = {table.name for table in rotation.tables()}
    assert {"customers_contact", "customers_historicalcontact", "messaging_message", "tickets_post"} <= names


def test_everything_is_sealed_anew_append_only_rows_too_and_reads_the_same(team, agent, two_keys):
    customer = filled(team, agent)
    before = rotation.counts()["old"]
    two_keys()
    rotation.rotate(batch=2)
    assert rotation.counts() == {"new": before}
    assert customer.contacts.get(kind="phone").value == "+8613812341234"
    assert Event.objects.get(kind="moved").originals == {"⟨137****1234⟩": "13712341234"}
    assert rotation.rotate() == 0


def test_nothing_is_lost_while_others_write(team, agent, two_keys):
    for n in range(60):
        CustomerFactory(team=team, phone=f"1381234{n:04d}")
    two_keys()
    stop, failures, written = threading.Event(), [], {}

    def write():
        n = 0
        try:
            while not stop.is_set():
                contact = Contact.objects.order_by("pk")[n % 60]
                with transaction.atomic():
                    contact = Contact.objects.select_for_update().get(pk=contact.pk)
                    contact.value = f"1391234{n:04d}"
                    contact.save()
                written[contact.pk] = contact.value
                n += 1
        except Exception as error:  # told by the assertion below
            failures.append(error)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _round in range(3):
            rotation.rotate(batch=7)
    finally:
        stop.set()
        writer.join()
    assert not failures and written
    assert set(rotation.counts()) == {"new"}
    values = dict(Contact.objects.values_list("pk", "value"))
    assert len(values) == 60 and {pk: values[pk] for pk in written} == written


def test_a_held_row_is_waited_for(team, two_keys, monkeypatch):
    contact = CustomerFactory(team=team, phone="13812341234").contacts.get()
    two_keys()
    held, asked = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            Contact.objects.select_for_update().get(pk=contact.pk)
            held.set()
            asked.wait(20)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(20)

    def let_go(_seconds):
        asked.set()
        holder.join()

    monkeypatch.setattr(rotation.time, "sleep", let_go)
    rotation.rotate()
    assert set(rotation.counts()) == {"new"}


def test_a_key_in_use_is_not_let_go_of(team, agent, two_keys, settings):
    filled(team, agent)
    old = settings.FIELD_KEY
    two_keys()
    spare = f"{settings.FIELD_KEY.split(',')[0]},{old},index:{crypto.new_key()}"
    settings.FIELD_KEY = spare
    with pytest.raises(CommandError, match="sealed with it"):
        call_command("rotate_keys", may_drop="old", stdout=io.StringIO())
    for kept in ("new", "index"):
        with pytest.raises(CommandError, match="Keep key"):
            call_command("rotate_keys", may_drop=kept, stdout=io.StringIO())
    told = io.StringIO()
    call_command("rotate_keys", stdout=told)
    assert "key old: 0 values; may be dropped" in told.getvalue()
    call_command("rotate_keys", may_drop="old", stdout=told)


def test_a_missing_key_is_named(team, two_keys, settings):
    registry.add_contact(CustomerFactory(team=team), kind="phone", value="13812341234", source="call")
    settings.FIELD_KEY = f"new:{crypto.new_key()}"
    with pytest.raises(CommandError, match="lacks keys that are in use: old"):
        call_command("rotate_keys", check=True, stdout=io.StringIO())
