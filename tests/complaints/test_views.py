import pytest
from django.urls import reverse

from complaints import sheets
from complaints.models import Sheet
from tests.factories import CustomerFactory
from tickets.models import Kind, Level

WHOLE = {
    "ground": "media", "severity": "3", "about": "product", "manner": "venting", "nature": "criticism",
    "finding": "upheld", "known": "接口滴水", "known_when": "09:02", "done": "关阀", "root_cause": "company_system",
    "root_cause_why": "垫圈偏软",
}


@pytest.fixture
def sheet(complaint, agent):
    return sheets.open_sheet(complaint(), by=agent)


def page(sheet, name="sheet"):
    return reverse(f"complaints:{name}", args=[sheet.pk])


def test_the_page_shows_the_sheet_its_clocks_and_what_is_left(signed_in, agent, sheet):
    text = signed_in(agent).get(page(sheet)).content.decode()
    assert sheet.number in text and sheet.ticket.number in text
    assert all(label in text for label in sheets.missing(sheet))


def test_saving_keeps_what_was_written(signed_in, agent, sheet):
    answer = signed_in(agent).post(page(sheet), {**WHOLE, "version": 1})
    assert answer.status_code == 302
    sheet.refresh_from_db()
    assert (sheet.severity, sheet.known, sheet.version) == (3, "接口滴水", 2)


def test_a_late_save_shows_both_versions_and_keeps_the_text(signed_in, agent, specialist, sheet):
    sheets.save_sheet(sheet, by=specialist, version=1, known="六起同类")
    answer = signed_in(agent).post(page(sheet), {**WHOLE, "version": 1})
    text = answer.content.decode()
    assert answer.status_code == 409 and "六起同类" in text and "接口滴水" in text
    assert 'name="version" value="2"' in text
    assert signed_in(agent).post(page(sheet), {**WHOLE, "version": 2}).status_code == 302


def test_a_wrong_value_is_told_and_nothing_is_lost(signed_in, agent, sheet):
    answer = signed_in(agent).post(page(sheet), {**WHOLE, "root_cause": "moon", "version": 1})
    assert answer.status_code == 422 and "接口滴水" in answer.content.decode()


def test_closing_saves_first(signed_in, specialist, sheet):
    assert signed_in(specialist).post(page(sheet, "close"), {**WHOLE, "version": 1}).status_code == 302
    sheet.refresh_from_db()
    assert sheet.closed_by == specialist and sheet.root_cause_why == "垫圈偏软"
    assert signed_in(specialist).get(page(sheet)).status_code == 200


def test_closing_too_early_lists_what_is_missing_and_keeps_the_rest(signed_in, specialist, sheet):
    answer = signed_in(specialist).post(page(sheet, "close"), {**WHOLE, "finding": "", "version": 1})
    assert answer.status_code == 422 and sheets.label_of("finding") in answer.content.decode()
    sheet.refresh_from_db()
    assert sheet.known == "接口滴水" and sheet.closed_at is None


def test_the_investigation_is_finished_from_the_page(signed_in, agent, sheet):
    signed_in(agent).post(page(sheet, "investigated"), {**WHOLE, "version": 1})
    sheet.refresh_from_db()
    assert sheet.investigated_at


def test_a_sheet_is_opened_from_the_ticket(signed_in, agent, complaint):
    ticket = complaint(level=Level.GENERAL)
    answer = signed_in(agent).post(reverse("complaints:open", args=[ticket.pk]), {"ground": "claim"})
    opened = Sheet.objects.get(ticket=ticket)
    assert answer.url == page(opened) and opened.ground == "claim"


def test_a_refused_opening_leads_back_to_the_ticket(signed_in, agent, complaint):
    ticket = complaint(kind=Kind.SERVICE)
    answer = signed_in(agent).post(reverse("complaints:open", args=[ticket.pk]))
    assert answer.url == reverse("desk:ticket", args=[ticket.pk]) and not Sheet.objects.exists()


@pytest.mark.parametrize("name", ["sheet", "close", "investigated"])
def test_another_team_sees_no_sheet(signed_in, outsider, sheet, name):
    assert signed_in(outsider).post(page(sheet, name)).status_code == 404


def test_another_team_opens_no_sheet_and_lists_none(signed_in, outsider, complaint, sheet):
    ticket = complaint()
    assert signed_in(outsider).post(reverse("complaints:open", args=[ticket.pk])).status_code == 404
    assert sheet.number not in signed_in(outsider).get(reverse("complaints:list")).content.decode()


@pytest.mark.parametrize("name", ["open", "close", "investigated"])
def test_reading_never_writes(signed_in, agent, sheet, name):
    pk = sheet.ticket_id if name == "open" else sheet.pk
    assert signed_in(agent).get(reverse(f"complaints:{name}", args=[pk])).status_code == 405


def test_the_list_filters_and_pages(signed_in, specialist, complaint, monkeypatch):
    monkeypatch.setattr("complaints.views.PAGE", 2)
    rows = [sheets.open_sheet(complaint(), by=specialist) for _ in range(5)]
    sheets.save_sheet(rows[4], by=specialist, version=1, severity=3)
    client, url = signed_in(specialist), reverse("complaints:list")
    seen, address = [], ""
    while True:
        answer = client.get(url + address)
        seen += [row.pk for row in answer.context["rows"]]
        address = answer.context["next_url"]
        if not address:
            break
    assert seen == [row.pk for row in rows]
    assert [row.pk for row in client.get(url + "?severity=3").context["rows"]] == [rows[4].pk]
    assert not client.get(url + "?state=closed").context["rows"]
    assert client.get(url + "?severity=9&state=x&after=abc").status_code == 200


def test_the_list_asks_as_much_for_one_sheet_as_for_many(
    signed_in, specialist, complaint, team, django_assert_max_num_queries
):
    client, url = signed_in(specialist), reverse("complaints:list")
    for _ in range(12):
        sheets.open_sheet(complaint(customer=CustomerFactory(team=team, vip=True)), by=specialist)
    with django_assert_max_num_queries(8):
        client.get(url)


def test_the_page_asks_a_bounded_number_of_questions(signed_in, specialist, sheet, django_assert_max_num_queries):
    version = 1
    for text in "abcdefgh":
        version = sheets.save_sheet(sheet, by=specialist, version=version, known=text).version
    client = signed_in(specialist)
    with django_assert_max_num_queries(12):
        client.get(page(sheet))
