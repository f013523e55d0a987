"""Customers from a CSV: made once, changed when their row has, each with contacts, history and event."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import Event
from customers.models import Customer
from tests.factories import CustomerFactory

HEAD = (
    "customerID,gender,SeniorCitizen,Partner,Dependents,tenure,PhoneService,MultipleLines,InternetService,"
    "OnlineSecurity,OnlineBackup,DeviceProtection,TechSupport,StreamingTV,StreamingMovies,Contract,PaperlessBilling,"
    "PaymentMethod,MonthlyCharges,TotalCharges,Churn\n"
)
MAP = """source = "old"
[fields]
external_id = "编号"
name = "姓名"
phone = "电话"
email = "邮箱"
spend = { column = "消费", empty = "0" }
[attributes]
level = "级别"
"""


def telco(number, tenure=12, total="100.5", churn="No"):
    return (
        f"{number},Male,0,No,No,{tenure},Yes,No,DSL,No,No,No,No,No,No,One year,Yes,Mailed check,29.85,{total},{churn}\n"
    )


@pytest.fixture
def load(tmp_path, team, capsys):
    """load(text, map) → what the command printed; `load.rejects` is where bad rows went."""

    def run(text, mapping="telco", encoding="utf-8", **options):
        path = tmp_path / "in.csv"
        path.write_bytes(text.encode(encoding))
        if mapping != "telco":
            (tmp_path / "map.toml").write_text(mapping, encoding="utf-8")
            mapping = str(tmp_path / "map.toml")
        call_command("import_customers", str(path), map=mapping, rejects=run.rejects, **options)
        return capsys.readouterr().out

    run.rejects = tmp_path / "rejected.csv"
    return run


def test_the_shipped_map_makes_customers_of_the_telco_file(load, team):
    gone = [telco("5575-B", tenure=0, total="30", churn="Yes"), telco("3668-C", tenure=0, total=" ", churn="Yes")]
    said = load(HEAD + telco("7590-A") + "".join(gone))
    first, second, third = Customer.objects.order_by("-spend")
    assert said.startswith("3 read: 3 new, 0 changed, 0 unchanged, 0 rejected")
    assert (first.external_source, first.external_id, first.team) == ("telco", "7590-A", team)
    assert (first.spend, first.stage, first.source) == (Decimal("100.50"), "stable", "import")
    assert first.years == 1
    assert (first.attributes["contract"], first.attributes["payment"]) == ("One year", "Mailed check")
    assert (second.spend, second.stage, second.since) == (30, "decline", timezone.localdate())
    assert (third.spend, third.stage) == (0, "exploration"), "who never bought explores"
    assert first.name and first.initials and not first.contacts.exists()
    assert first.history.filter(history_type="+").count() == 1
    assert Event.objects.filter(kind="imported", customer_id=first.pk).count() == 1


def test_a_second_run_doubles_nothing_and_a_changed_row_is_followed(load):
    load(HEAD + telco("7590-A"))
    said = load(HEAD + telco("7590-A") + telco("5575-B"))
    assert said.startswith("2 read: 1 new, 0 changed, 1 unchanged")
    said = load(HEAD + telco("7590-A", total="999", churn="Yes"))
    assert said.startswith("1 read: 0 new, 1 changed, 0 unchanged")
    customer = Customer.objects.get(external_id="7590-A")
    assert (customer.spend, customer.stage) == (Decimal("999"), "decline")
    assert customer.history.filter(history_change_reason="imported from telco").count() == 2
    assert Customer.objects.count() == 2


def test_what_was_learnt_here_outlives_a_changed_row(load):
    load(HEAD + telco("7590-A"))
    Customer.objects.update(birthday=date(1990, 5, 1), occupation="教师")
    load(HEAD + telco("7590-A", total="7"))
    customer = Customer.objects.get()
    assert (customer.birthday, customer.occupation, customer.spend) == (date(1990, 5, 1), "教师", 7)


def test_a_gb18030_file_with_contacts_is_loaded_and_found_by_number(load, team):
    text = "编号,姓名,电话,邮箱,消费,级别\n1,王小雨,138 1234 5678,Yu@Mail.example,88,金\n"
    load(text, MAP, encoding="gb18030")
    customer = Customer.objects.by_contact("phone", "+8613812345678").get()
    assert (customer.name, customer.initials, customer.attributes) == ("王小雨", "wxy", {"level": "金"})
    assert Customer.objects.by_contact("email", "yu@mail.example").get() == customer
    assert customer.contacts.get(kind="phone").masked == "138****5678"
    load(text.replace("138 1234 5678", "139 1234 5678").replace("88", "90"), MAP, encoding="gb18030")
    assert customer.contacts.filter(kind="phone").count() == 2


def test_bad_rows_are_set_aside_and_the_good_ones_load(load):
    head = "编号,姓名,电话,邮箱,消费,级别\n"
    bad = "1,甲,12,,0,\n2,乙,,no mail,0,\n3,丙,,,-5,\n4,,,,0,\n"
    said = load(head + bad + "5,戊,,,1,\n", MAP)
    assert said.startswith("5 read: 1 new, 0 changed, 0 unchanged, 4 rejected")
    reasons = [line.split(",")[1] for line in load.rejects.read_text("utf-8-sig").splitlines()[1:]]
    assert reasons == [
        "phone: is no telephone number", "email: is no mail address", "spend: is negative", "姓名: is empty",
    ]  # fmt: skip


def test_a_row_that_the_database_refuses_costs_only_itself(load, monkeypatch):
    from django.db import DataError

    from customers import imports

    make = imports.CustomerImport._make

    def picky(self, fresh, now):
        if any(record.external_id == "bad" for record in fresh):
            raise DataError("value out of range")
        return make(self, fresh, now)

    monkeypatch.setattr(imports.CustomerImport, "_make", picky)
    load(HEAD + telco("good-1") + telco("bad") + telco("good-2"))
    assert set(Customer.objects.values_list("external_id", flat=True)) == {"good-1", "good-2"}
    assert "value out of range" in load.rejects.read_text("utf-8-sig")


def test_tiers_are_assigned_at_the_end(load, team):
    CustomerFactory.create_batch(19, team=team, spend=1)
    said = load(HEAD + telco("7590-A", tenure=72, total="9000"))
    assert "Tiers: 20 scored" in said
    assert Customer.objects.get(external_id="7590-A").tier.code == "vip"


def test_the_team_is_named_by_name_or_number_and_must_be_said_where_there_are_several(load, team, other_team):
    load(HEAD + telco("1"), team=other_team.name)
    load(HEAD + telco("2"), team=str(team.pk))
    assert Customer.objects.get(external_id="1").team == other_team
    assert Customer.objects.get(external_id="2").team == team
    with pytest.raises(CommandError, match="--team: .*华东一组"):
        load(HEAD + telco("3"))
    with pytest.raises(CommandError, match="No team “nobody”. Teams: "):
        load(HEAD + telco("3"), team="nobody")


@pytest.mark.parametrize(
    ("name", "mapping", "says"),
    [("in.csv", "none", "No mapping file"), ("missing.csv", "telco", "missing.csv cannot be read: No such file")],
)
def test_a_missing_file_or_map_is_said_in_one_line(team, tmp_path, name, mapping, says):
    (tmp_path / "in.csv").write_text(HEAD)
    with pytest.raises(CommandError, match=says):
        call_command("import_customers", str(tmp_path / name), map=mapping, rejects=tmp_path / "r")
