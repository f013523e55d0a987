"""Free text: what identifies a person becomes a placeholder before it is stored, its original sealed beside."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from core import events, redaction
from core.bulk import Rows
from core.models import Event
from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation
from tickets.models import Post, Ticket

ID_CARD, CARD = "11010519491231002X", "6222 0212 3456 7894"
KNOWN = [
    ("电话13812341234谢谢", "电话⟨138****1234⟩谢谢"),
    ("打 138-1234-1234 或 １３９１２３４１２３４", "打 ⟨138****1234⟩ 或 ⟨139****1234⟩"),
    ("call +44 20 7946 0958 please", "call ⟨+44****0958⟩ please"),
    ("座机 010-6234-5678", "座机 ⟨010-****5678⟩"),
    ("写到 mei.ouyang@example.com。", "写到 ⟨m***@example.com⟩。"),
    (f"身份证{ID_CARD}。", "身份证⟨110***********002X⟩。"),
    (f"卡号 {CARD}", "卡号 ⟨622*********7894⟩"),
    ("护照 E12345678", "护照 ⟨E******78⟩"),
    ("护照号：AB1234567", "护照号：⟨A******67⟩"),
    ("13812341234@139.example、138 1234 1234@x.example", "⟨1***@139.example⟩、⟨138****1234⟩@x.example"),
    ("Ring (415) 555-2671", "Ring ⟨+1****2671⟩"),
]
HARMLESS = [
    "订单 T-1024，2026-11-22 09:00 到 2026-11-23 18:00", "金额 1500.00 元，型号 WP-3000", "请拨 400-820-8820 或 12315",
    "序列号 SN20261122001", "2026-11-22T03:50:31.123456+00:00", "[T-13812]", "六位 123456 与 8 位 20261122",
]  # fmt: skip


@pytest.mark.parametrize(("text", "shown"), KNOWN)
def test_what_identifies_a_person_becomes_a_placeholder_and_comes_back(text, shown):
    changed, originals = redaction.redact(text)
    assert changed == shown
    assert redaction.restore(changed, originals) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_dates_amounts_and_public_numbers_stay(text):
    assert redaction.redact(text) == (text, {})


def test_numbers_that_look_alike_when_masked_keep_placeholders_of_their_own():
    text = "13812341234、13899991234、13812341234"
    changed, originals = redaction.redact(text)
    assert changed == "⟨138****1234⟩、⟨138****1234·2⟩、⟨138****1234⟩"
    assert redaction.restore(changed, originals) == text


@given(st.text(st.sampled_from("0123456789+- ()@.ab电话，⟨⟩*·１２Xx"), max_size=60))
def test_redacting_is_reversible_and_happens_once(text):
    changed, originals = redaction.redact(text)
    if not redaction.PLACEHOLDER.search(text):
        assert redaction.restore(changed, originals) == text
    assert redaction.redact(changed, originals)[0] == changed


def test_a_cut_never_leaves_half_a_number():
    assert redaction.shorten("请回电13812341234", 10) == "请回电"
    assert redaction.shorten("请回电话谢谢", 3) == "请回电"


def raw(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
        return cursor.fetchone()[0] or ""


@pytest.fixture
def ticket(team):
    return TicketFactory(
        customer=CustomerFactory(team=team), subject="请回电13812341234", wish="短信到13912341234",
        body="邮箱 a.b@example.com",
    )


def test_the_database_holds_placeholders_in_rows_and_history_and_the_originals_sealed(ticket):
    assert ticket.subject == "请回电⟨138****1234⟩"
    for table in ("tickets_ticket", "tickets_historicalticket", "tickets_post"):
        text = raw(table)
        assert "⟨" in text
        assert "13812341234" not in text and "13912341234" not in text and "a.b@example.com" not in text
    row = Ticket.objects.get(pk=ticket.pk)
    assert row.originals == {"⟨138****1234⟩": "13812341234", "⟨139****1234⟩": "13912341234"}


def test_saving_one_field_keeps_the_originals_of_the_others_and_lets_go_of_its_own(ticket):
    row = Ticket.objects.get(pk=ticket.pk)
    row.subject = "改打 13712341234"
    row.save(update_fields=["subject"])
    row.refresh_from_db()
    assert row.originals == {"⟨139****1234⟩": "13912341234", "⟨137****1234⟩": "13712341234"}


def test_a_row_loaded_in_part_loses_nothing(ticket):
    row = Ticket.objects.only("subject").get(pk=ticket.pk)
    row.subject = "改打 13712341234"
    row.save()
    assert Ticket.objects.get(pk=ticket.pk).originals["⟨139****1234⟩"] == "13912341234"
    assert Ticket.objects.get(pk=ticket.pk).originals["⟨137****1234⟩"] == "13712341234"


def test_many_at_once_and_copied_rows_are_redacted_like_single_ones(ticket):
    Post.objects.bulk_create([Post(ticket=ticket, kind="note", channel="phone", body="号码13612341234")])
    rows = Rows(Post, ticket_id=ticket.pk, kind="note", channel="phone")
    rows.add(body="号码13512341234")
    rows.pour()
    assert "13612341234" not in raw("tickets_post") and "13512341234" not in raw("tickets_post")
    found = [one.originals for one in Post.objects.order_by("-pk")[:2]]
    assert found == [{"⟨135****1234⟩": "13512341234"}, {"⟨136****1234⟩": "13612341234"}]


def test_an_update_past_the_model_loses_the_number_rather_than_leaks_it(ticket):
    Post.objects.update(body="号码13612341234")
    assert Post.objects.get().body == "号码⟨136****1234⟩"


def test_a_complete_number_finds_its_placeholder(ticket):
    assert Ticket.objects.get(subject__icontains=redaction.sought("+86 138 1234 1234")) == ticket


def test_words_in_events_are_redacted_too(ticket, agent):
    events.record("moved", ticket, by=agent, note="客户手机13812341234", n=13812341234)
    row = Event.objects.get(kind="moved")
    assert row.data["note"] == "客户手机⟨138****1234⟩" and row.originals == {"⟨138****1234⟩": "13812341234"}


def test_a_reply_goes_out_as_written_and_is_kept_with_placeholders(agent, team):
    customer = CustomerFactory(team=team, email="rain@example.com")
    post = conversation.reply(TicketFactory(customer=customer), body="请拨 021-62345678", by=agent, wait=True)
    assert post.body == "请拨 ⟨021-****5678⟩"
    assert post.outgoing.body == "请拨 021-62345678"
    assert "62345678" not in raw("messaging_outbox")
