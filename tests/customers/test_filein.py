"""Customers and orders by file: columns guessed, every row judged, the good ones loaded once however often it runs."""

import io
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from openpyxl import Workbook

from core.models import Event
from customers.models import Contact, Customer, CustomField, ImportMapping, ImportPart, ImportRun, Order
from customers.transfer import fields, loading, runs
from customers.transfer.refusals import BadFile, words
from staff.models import Team
from tests.factories import CustomerFactory

HEAD = "编号,姓名,电话,邮箱,生日,消费,公司\n"


@pytest.fixture
def receive(team, lead):
    """receive(text or bytes) → the stored run."""

    def take(content, *, encoding="utf-8", what="customers", by=lead, to=team, name="in.csv"):
        data = content if isinstance(content, bytes) else content.encode(encoding)
        return runs.receive(team=to, what=what, upload=io.BytesIO(data), name=name, size=len(data), by=by)

    return take


@pytest.fixture
def load(receive, lead):
    """load(text) → the finished run, checked and loaded with the columns that were guessed."""

    def run(content, **options):
        found = receive(content, **options)
        columns = found.columns
        runs.choose(run=found, columns=columns, by=lead)
        assert loading.work()
        found.refresh_from_db()
        if found.state == "previewed":
            runs.load(run=found, by=lead)
            assert loading.work()
            found.refresh_from_db()
        return found

    return run


def workbook(*lines) -> bytes:
    book, buffer = Workbook(), io.BytesIO()
    for line in lines:
        book.active.append(line)
    book.save(buffer)
    return buffer.getvalue()


def reasons(run):
    return [(line, field, code) for line, field, code, _detail in run.rejects]


def counts(run):
    return run.state, run.made, run.changed, run.unchanged, run.rejected


# --- What is read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_file_is_read_in_its_encoding_and_its_headings_are_recognised(receive, encoding):
    run = receive(HEAD + "1,王小雨,13812345678,,,,\n", encoding=encoding)
    assert run.header[:2] == ["编号", "姓名"]
    assert run.columns == {
        "external_id": "编号", "name": "姓名", "phone": "电话", "email": "邮箱", "birthday": "生日", "spend": "消费",
        "company": "公司",
    }  # fmt: skip


def test_english_headings_are_recognised_however_they_are_written(db):
    header = ["Customer ID", "full_name", "Phone", "E-Mail", "Date of Birth", "Favourite colour"]
    assert fields.guess(header, fields.customer_columns()[:16]) == {
        "external_id": "Customer ID", "name": "full_name", "phone": "Phone", "email": "E-Mail",
        "birthday": "Date of Birth",
    }  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\xff", "nom,café\n".encode("latin-1"), b"\xd0\xcf\x11\xe0 old", b"PK\x03\x04 no workbook",
     "姓名,姓名\n".encode(), b"\n\n", b",,\n"],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_kept(receive, content):
    with pytest.raises(BadFile):
        receive(content)
    assert not ImportRun.objects.exists() and not ImportPart.objects.exists()


def test_a_file_of_more_than_a_hundred_megabytes_is_refused_unread(team, lead):
    with pytest.raises(BadFile):
        runs.receive(team=team, what="customers", upload=io.BytesIO(), name="x", size=101 << 20, by=lead)


def test_only_leads_import_and_only_into_teams_they_see(receive, agent, lead, other_team):
    for options in ({"by": agent}, {"by": lead, "to": other_team}):
        with pytest.raises(runs.ImportForbidden):
            receive(HEAD, **options)


def test_the_file_is_sealed_in_the_database_and_gone_when_loaded(receive, load):
    run = receive(HEAD + "1,王小雨,13812345678,,,,\n")
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(content, '') FROM customers_importpart")
        assert b"13812345678" not in bytes(cursor.fetchone()[0])
    assert next(iter(runs.preview(run))).values["phone"] == "+8613812345678"
    done = load(HEAD + "1,王小雨,13812345678,,,,\n")
    assert not done.parts.filter(of="file").exists()


# --- What becomes of it -----------------------------------------------------------------------------------


def test_good_rows_become_customers_with_contacts_history_and_event(load, team, lead):
    run = load(HEAD + "7,王小雨,138 1234 5678,Yu@Mail.example,1990/5/1,\"1,234.50\",华东机械\n")
    assert counts(run) == ("done", 1, 0, 0, 0)
    customer = Customer.objects.by_contact("phone", "+8613812345678").get()
    assert (customer.name, customer.initials, customer.team, customer.source) == ("王小雨", "wxy", team, "import")
    assert (customer.birthday, customer.spend, customer.company) == (date(1990, 5, 1), Decimal("1234.50"), "华东机械")
    assert (customer.external_source, customer.external_id) == ("file", "7")
    phone = customer.contacts.get(kind="phone")
    assert (phone.value, phone.masked, phone.preferred) == ("+8613812345678", "138****5678", True)
    assert Customer.objects.by_last4("5678").get() == customer
    made = customer.history.get()
    assert (made.history_type, made.history_user, made.spend) == ("+", lead, Decimal("1234.50"))
    assert phone.history.get().value == "+8613812345678"
    event = Event.objects.get(kind="imported", customer_id=customer.pk)
    assert (event.actor_id, event.data["run"]) == (lead.pk, run.pk)


def test_a_dry_run_tells_everything_and_writes_nothing(receive, lead, team):
    known = CustomerFactory(team=team, phone="13812345678")
    run = receive(HEAD + "1,新,13900000001,,,,\n2,旧,13812345678,,,,\n3,坏,12,,,,\n")
    runs.choose(run=run, columns=run.columns, by=lead)
    assert loading.work()
    run.refresh_from_db()
    assert counts(run) == ("previewed", 1, 1, 0, 1)
    assert Customer.objects.get() == known and not Event.objects.filter(kind="imported").exists()


def test_a_second_import_doubles_nobody_and_follows_what_changed(load):
    text = HEAD + "1,王小雨,13812345678,,,,\n2,李雷,13900000001,,,,\n"
    load(text)
    assert counts(load(text)) == ("done", 0, 0, 2, 0)
    run = load(text.replace("李雷", "李磊").replace("13900000001", "13900000002"))
    assert counts(run) == ("done", 0, 1, 1, 0)
    lei = Customer.objects.get(external_id="2")
    assert lei.name == "李磊" and lei.history.count() == 2
    assert sorted(lei.contacts.values_list("masked", flat=True)) == ["139****0001", "139****0002"]
    assert lei.contacts.filter(preferred=True).count() == 1


def test_someone_known_by_number_or_mail_is_brought_up_to_date(load, team):
    by_phone = CustomerFactory(team=team, name="王", phone="13812345678")
    by_mail = CustomerFactory(team=team, name="李", email="li@mail.example")
    run = load(HEAD + "1,王小雨,+86 138 1234 5678,,,,\n2,李雷,,LI@mail.example,,,\n")
    assert counts(run) == ("done", 0, 2, 0, 0)
    by_phone.refresh_from_db()
    by_mail.refresh_from_db()
    assert (by_phone.name, by_phone.external_id) == ("王小雨", "1")
    assert (by_mail.name, by_mail.external_id) == ("李雷", "2")


def test_customers_of_another_team_stay_untouched(load, other_team):
    there = CustomerFactory(team=other_team, name="别处", phone="13812345678")
    assert counts(load(HEAD + "1,王小雨,13812345678,,,,\n")) == ("done", 1, 0, 0, 0)
    there.refresh_from_db()
    assert there.name == "别处"


def test_what_is_empty_in_the_file_stays_as_it_is(load, team):
    known = CustomerFactory(team=team, name="王", phone="13812345678", company="华东机械")
    load(HEAD + "1,王小雨,13812345678,,,,\n")
    known.refresh_from_db()
    assert (known.name, known.company) == ("王小雨", "华东机械")


def test_custom_fields_are_filled_by_their_kind(load):
    CustomField.objects.create(code="level", name_zh="级别", name_en="Level", kind="choice", choices=["金", "银"])
    CustomField.objects.create(code="seats", name_zh="席位", name_en="Seats", kind="number")
    run = load("姓名,电话,级别,Seats\n王,13812345678,金,12\n李,13812345679,铜,3\n张,13812345670,银,many\n")
    assert Customer.objects.get().attributes == {"level": "金", "seats": 12.0}
    assert reasons(run) == [(3, "attributes.level", "choice"), (4, "attributes.seats", "number")]


# --- What is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        ("1,,13812345678,,,,", "name", "empty"),
        ("1,王,12,,,,", "phone", "phone"),
        ("1,王,,no mail,,,", "email", "email"),
        ("1,王,13812345678,,31/12/1990,,", "birthday", "date"),
        ("1,王,13812345678,,1990-02-30,,", "birthday", "date"),
        ("1,王,13812345678,,2199-01-01,,", "birthday", "range"),
        ("1,王,13812345678,,,-5,", "spend", "negative"),
        ("1,王,13812345678,,,viel,", "spend", "number"),
        ("1,王,13812345678,,,NaN,", "spend", "number"),
        ("1,=CMD|'/C calc'!A0,13812345678,,,,", "name", "formula"),
        ("1,@SUM(A1),13812345678,,,,", "name", "formula"),
        ("1,+cmd|x,13812345678,,,,", "name", "formula"),
        ("1,王,13812345678,,,,=1+1", "company", "formula"),
        (f"1,{'长' * 121},13812345678,,,,", "name", "long"),
        (f"1,王,13812345678,,,,{'x' * 10_000_000}", "", "too_long_cell"),
        ("1,王\0,13812345678,,,,", "name", "nul"),
        (",王,,,,,", "", "keyless"),
        ("1,王", "", "cells"),
        ("1,王,13812345678,,,,,,,", "", "cells"),
    ],
)
def test_a_bad_row_is_set_aside_with_field_and_reason_and_the_others_load(load, row, field, code):
    run = load(HEAD + row + "\n9,好,13900000009,,,,\n")
    assert (run.state, run.made, run.rejected) == ("done", 1, 1)
    assert reasons(run) == [(2, field, code)]
    assert words(code, run.rejects[0][3])
    assert Customer.objects.get().name == "好"


def test_a_key_that_comes_twice_in_a_file_is_refused_with_the_line_of_the_first(load):
    run = load(HEAD + "1,甲,13812345678,,,,\n1,乙,13900000001,,,,\n,丙,13700000000,,,,\n,丁,137 0000 0000,,,,\n")
    assert (run.made, [tuple(one) for one in run.rejects]) == (2, [(3, "", "double", "2"), (5, "", "double", "4")])


def test_a_key_is_remembered_across_batches(load, monkeypatch):
    monkeypatch.setattr(loading, "BATCH", 2)
    text = HEAD + "".join(f"{n},客{n},1380000{n:04d},,,,\n" for n in range(5)) + "0,客,13811112222,,,,\n"
    assert counts(load(text)) == ("done", 5, 0, 0, 1)


def test_a_customer_who_was_erased_does_not_come_back_by_file(load, team):
    gone = CustomerFactory(team=team, name="x", external_source="file", external_id="1")
    Customer.objects.filter(pk=gone.pk).update(erased_at="2025-01-01T00:00Z")
    run = load(HEAD + "1,王小雨,13812345678,,,,\n")
    assert (run.made, reasons(run)) == (0, [(2, "", "erased")])


def test_the_database_refusing_a_batch_costs_only_the_row_it_cannot_take(load, monkeypatch):
    from customers.transfer import saving

    monkeypatch.setattr(saving, "initials_of", lambda name: "x" * 99 if name == "坏" else "x")
    run = load(HEAD + "1,甲,13812345678,,,,\n2,坏,13900000001,,,,\n3,丙,13700000000,,,,\n")
    assert (run.made, reasons(run)) == (2, [(3, "", "database")])


def test_a_workbook_is_read_and_its_formulas_are_refused_never_run(load):
    content = workbook(
        ["编号", "姓名", "电话", "生日"], [1, "王小雨", 13812345678, date(1990, 5, 1)],
        [2, "=CMD()", 13900000001, None], [3, "李雷", "=1+13900000000", None], [None, None, None, None],
    )  # fmt: skip
    run = load(content, name="in.xlsx")
    assert (run.format, run.made, reasons(run)) == ("xlsx", 1, [(3, "name", "formula"), (4, "phone", "formula")])
    customer = Customer.objects.get()
    assert (customer.external_id, customer.birthday) == ("1", date(1990, 5, 1))
    assert customer.contacts.get().masked == "138****5678"


def test_rejected_rows_can_be_had_by_who_uploaded_them_and_that_is_noted(load, lead, supervisor):
    run = load(HEAD + "1,王,12,,,,\n")
    (line,) = runs.rejected(run, by=lead)
    assert line[:3] == [2, "phone", "phone"] and line[4][1] == "王"
    with pytest.raises(runs.ImportForbidden):
        runs.rejected(run, by=supervisor)
    assert Event.objects.filter(kind="exported", subject_id=run.pk, actor_id=lead.pk).count() == 1


# --- Choosing, queueing, killing --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns",
    [{}, {"name": "姓名"}, {"phone": "电话"}, {"name": "姓名", "phone": "姓名"}, {"name": "no such", "phone": "电话"}],
)
def test_columns_that_could_not_be_loaded_are_refused(receive, lead, columns):
    run = receive(HEAD)
    with pytest.raises(runs.BadColumns):
        runs.choose(run=run, columns=columns, by=lead)


def test_a_saved_mapping_is_taken_for_the_next_file_with_its_headings(receive, lead):
    run = receive("Kunde,Tel.-Nr,x\n")
    assert "name" not in run.columns
    chosen = {"name": "Kunde", "phone": "Tel.-Nr"}
    runs.choose(run=run, columns=chosen, save_as="Altsystem", by=lead)
    assert ImportMapping.objects.get().columns == chosen
    assert receive("x,Tel.-Nr,Kunde,y\n").columns == chosen


def test_loading_asked_twice_loads_once(receive, lead):
    run = receive(HEAD + "1,王,13812345678,,,,\n")
    with pytest.raises(runs.BadColumns):
        runs.load(run=run, by=lead)
    runs.choose(run=run, columns=run.columns, by=lead)
    loading.work()
    runs.load(run=run, by=lead)
    with pytest.raises(runs.BadColumns):
        runs.load(run=run, by=lead)
    assert loading.work() and not loading.work()


def test_a_killed_load_goes_on_where_it_stopped(receive, lead, monkeypatch):
    monkeypatch.setattr(loading, "BATCH", 3)
    run = receive(HEAD + "".join(f"{n},客{n},1380000{n:04d},,,,\n" for n in range(8)) + "1,双,13811112222,,,,\n")
    runs.choose(run=run, columns=run.columns, by=lead)
    loading.work()
    runs.load(run=run, by=lead)
    whole = loading._commit
    calls = []

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        whole(*arguments)

    monkeypatch.setattr(loading, "_commit", killed)
    with pytest.raises(KeyboardInterrupt):
        loading.work()
    run.refresh_from_db()
    assert (run.state, run.rows_done, Customer.objects.count()) == ("running", 3, 3)
    monkeypatch.setattr(loading, "_commit", whole)
    assert loading.work()
    run.refresh_from_db()
    assert (*counts(run), run.rows_done) == ("done", 8, 0, 0, 1, 9)
    assert Customer.objects.count() == Event.objects.filter(kind="imported").count() == 8


def test_what_is_left_of_a_file_goes_after_a_month(load, receive):
    load(HEAD + "1,王,12,,,,\n")
    receive(HEAD)
    ImportRun.objects.update(at="2025-01-01T00:00Z")
    assert loading.forget_old() == 2
    assert not ImportPart.objects.exists() and ImportRun.objects.exclude(rejected=0).get().rejects == []


# --- Orders -----------------------------------------------------------------------------------------------

ORDERS = "订单号,电话,型号,数量,单价,序列号,收货地址,付款方式\n"


def test_lines_of_one_number_make_one_order(load, team):
    customer = CustomerFactory(team=team, phone="13812345678")
    where = "上海市某路1号,预付\n"
    text = ORDERS + f"A-1,13812345678,净水机,1,1999,SN-1,{where}A-1,13812345678,滤芯,2,99,,{where}"
    run = load(text, what="orders")
    assert counts(run) == ("done", 2, 0, 0, 0)
    order = Order.objects.get()
    assert (order.customer, order.code, order.source, order.amount) == (customer, "A-1", "file", Decimal(2197))
    assert list(order.lines.values_list("product", "quantity", "serial")) == [("净水机", 1, "SN-1"), ("滤芯", 2, "")]
    assert counts(load(text, what="orders")) == ("done", 0, 0, 2, 0)


def test_an_order_is_refused_as_a_whole_and_the_others_load(load, team):
    CustomerFactory(team=team, phone="13812345678")
    run = load(
        ORDERS + "A-1,13812345678,净水机,0,1999,,,\nA-1,13812345678,滤芯,2,99,,,\n"
        "A-2,13911111111,净水机,1,1,,,\nA-3,13812345678,净水机,1,1,,,\nA-4,13812345678,净水机,1,1,,,\n"
        "A-3,13812345678,滤芯,1,1,,,\n",
        what="orders",
    )
    assert sorted(Order.objects.values_list("code", flat=True)) == ["A-3", "A-4"]
    assert sorted(reasons(run)) == [
        (2, "quantity", "number"), (3, "", "of_group"), (4, "", "nobody"), (7, "", "double"),
    ]  # fmt: skip


def test_an_import_belongs_to_the_team_it_was_made_for(receive, outsider, lead):
    run = receive(HEAD)
    assert list(ImportRun.objects.visible_to(lead)) == [run]
    assert not ImportRun.objects.visible_to(outsider).exists() and Team.objects.count() == 2
    assert Contact.objects.count() == 0
