"""Customers as a file: in sight only, masked unless a supervisor gives a reason, harmless in a spreadsheet, noted."""

import csv
import io

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from core.models import Event
from customers.models import Customer, CustomField, Export
from customers.transfer import out
from tests.factories import CustomerFactory


@pytest.fixture
def rain(team):
    customer = CustomerFactory(team=team, name="王小雨", phone="13812341234", email="rain@example.com", vip=True)
    Customer.objects.filter(pk=customer.pk).update(company="华东机械", birthday="1990-05-01")
    return customer


def export(user, *, format="csv", unmask=False, reason="", **filters):
    rows = out.chosen(user, **filters)
    noted = out.note(rows=rows, by=user, format=format, filters=filters, unmask=unmask, reason=reason)
    return b"".join(out.written(noted, rows, language="en"))


def table(content: bytes) -> list[dict]:
    assert content.startswith(b"\xef\xbb\xbf")  # spreadsheets tell UTF-8 by it
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_file_holds_what_the_list_shows_masked(lead, rain):
    (row,) = table(export(lead))
    assert (row["name"], row["company"], row["tier"]) == ("王小雨", "华东机械", "VIP")
    assert (row["phone"], row["mail"], row["birthday"]) == ("138****1234", "r***@example.com", "05-01")


def test_a_supervisor_has_the_numbers_in_full_for_a_reason(supervisor, rain):
    (row,) = table(export(supervisor, unmask=True, reason="召回通知"))
    assert (row["phone"], row["mail"], row["birthday"]) == ("138 1234 1234", "rain@example.com", "1990-05-01")
    noted = Export.objects.get()
    assert (noted.unmasked, noted.reason, noted.by) == (True, "召回通知", supervisor)


@pytest.mark.parametrize(
    ("who", "options"),
    [("agent", {}), ("specialist", {}), ("lead", {"unmask": True, "reason": "x"}), ("supervisor", {"unmask": True}),
     ("supervisor", {"unmask": True, "reason": "  "}), ("lead", {"format": "pdf"})],
)  # fmt: skip
def test_an_export_that_is_not_allowed_writes_nothing_out(request, rain, who, options):
    with pytest.raises(out.ExportRefused):
        export(request.getfixturevalue(who), **options)
    assert not Export.objects.exists()


def test_every_export_is_noted_with_filter_and_count_and_the_note_stands(lead, rain, team):
    CustomerFactory(team=team)
    export(lead, tier="vip", q="王")
    noted = Export.objects.get()
    assert (noted.rows, noted.filters, noted.format, noted.unmasked) == (1, {"tier": "vip", "q": "王"}, "csv", False)
    event = Event.objects.get(kind="exported")
    assert (event.actor_id, event.data["rows"], event.data["filters"]) == (lead.pk, 1, {"tier": "vip", "q": "王"})
    with pytest.raises(IntegrityError), transaction.atomic():
        Export.objects.update(rows=0)


def test_only_customers_in_sight_who_are_still_there_leave(lead, outsider, rain, team):
    CustomerFactory(team=outsider.team, name="别处")
    CustomerFactory(team=team, name="并入", merged_into=rain)
    CustomerFactory(team=team, name="抹去", erased_at="2025-01-01T00:00Z")
    assert [row["name"] for row in table(export(lead))] == ["王小雨"]


@pytest.mark.parametrize("name", ["=CMD|'/C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1"])
@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_no_cell_is_a_formula(lead, team, name, format):
    CustomerFactory(team=team, name=name)
    content = export(lead, format=format)
    if format == "csv":
        assert table(content)[0]["name"] == f"'{name}"
    else:
        cell = load_workbook(io.BytesIO(content)).active["B2"]
        assert (cell.value, cell.data_type) == (f"'{name}", "s")


def test_a_workbook_holds_the_same_rows(lead, rain):
    sheet = load_workbook(io.BytesIO(export(lead, format="xlsx"))).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:2] == ("number", "name") and rows[1][1] == "王小雨" and "138****1234" in rows[1]


def test_own_fields_have_columns_and_numbers_in_them_are_masked(lead, rain):
    CustomField.objects.create(code="deputy", name_zh="代理人", name_en="Deputy")
    Customer.objects.filter(pk=rain.pk).update(attributes={"deputy": "李雷 13900001111"})
    (row,) = table(export(lead))
    assert "13900001111" not in row["Deputy"] and row["Deputy"].startswith("李雷")


def test_a_long_list_is_written_in_batches_with_few_queries(lead, team, monkeypatch):
    monkeypatch.setattr(out, "BATCH", 4)
    made = [CustomerFactory(team=team, phone=f"1380000{n:04d}").pk for n in range(9)]
    rows = out.chosen(lead)
    noted = out.note(rows=rows, by=lead, format="csv", filters={})
    with CaptureQueriesContext(connection) as asked:
        numbers = [row["number"] for row in table(b"".join(out.written(noted, rows, language="en")))]
    assert numbers == [f"K-{pk:06d}" for pk in reversed(made)]
    assert len(asked) <= 1 + 2 * 4


def test_a_list_longer_than_a_file_may_be_is_refused(lead, rain, team, monkeypatch):
    monkeypatch.setattr(out, "MOST_XLSX", 1)
    CustomerFactory(team=team)
    with pytest.raises(out.ExportRefused):
        export(lead, format="xlsx")
    assert len(table(export(lead))) == 2
