"""The pages of imports and the export: upload, columns, check, load, refused lines; for leads, in their own teams."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from customers.models import Customer, Export, ImportRun
from customers.transfer import loading
from staff.models import Role
from tests.factories import CustomerFactory, UserFactory

TEXT = "编号,姓名,电话\n1,王小雨,13812341234\n2,李雷,12\n3,=CMD(),13900000001\n".encode()
URL = "/imports/"


@pytest.fixture
def upload(signed_in, lead, team):
    """upload(content) → the answer to posting it as the lead."""

    def post(content=TEXT, name="客户.csv", user=None, **fields):
        client = signed_in(user or lead)
        data = {"file": SimpleUploadedFile(name, content), "what": "customers", "team": team.pk, **fields}
        return client.post(URL, data)

    return post


@pytest.fixture
def run(upload):
    upload()
    return ImportRun.objects.get()


def at(run, step=""):
    return reverse(f"desk:import{step}", args=[run.pk])


def chosen(run, **more):
    return {**{f"f:{code}": name for code, name in run.columns.items()}, **more}


def test_a_file_goes_from_upload_to_customers_by_four_clicks(signed_in, lead, upload):
    answer = upload()
    run = ImportRun.objects.get()
    assert answer.status_code == 302 and answer["Location"] == at(run)
    client = signed_in(lead)
    page = client.get(at(run)).content.decode()
    assert '<option value="姓名" selected>' in page and "138****1234" in page and "13812341234" not in page
    assert client.post(at(run, "_columns"), chosen(run, save_as="老系统")).status_code == 302
    assert 'role="progressbar"' in client.get(at(run)).content.decode()
    loading.work()
    page = client.get(at(run)).content.decode()
    assert at(run, "_load") in page and not Customer.objects.exists()
    client.post(at(run, "_load"))
    loading.work()
    assert Customer.objects.get().name == "王小雨"
    page = client.get(at(run)).content.decode()
    assert at(run, "_rejects") in page and at(run, "_load") not in page
    assert "13812341234" not in page


def test_refused_lines_come_as_a_csv_that_can_be_put_right(signed_in, lead, run):
    client = signed_in(lead)
    client.post(at(run, "_columns"), chosen(run))
    loading.work()
    answer = client.post(at(run, "_rejects"))
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 3 and lines[0].endswith("编号,姓名,电话")
    assert lines[1].startswith("3,") and "李雷,12" in lines[1]
    assert "'=CMD()" in lines[2]  # harmless where it is opened
    assert Export.objects.get().what == "import_rejects"


def test_refused_lines_are_for_who_uploaded_them(signed_in, supervisor, lead, run):
    client = signed_in(lead)
    client.post(at(run, "_columns"), chosen(run))
    loading.work()
    assert signed_in(supervisor).post(at(run, "_rejects")).status_code == 403


@pytest.mark.parametrize(
    "content", [b"", "名\n\xe9".encode("latin-1", "replace") + b"\xe9 x\xff\xff", b"PK\x03\x04", b"a,a\n1,2\n"]
)
def test_a_file_that_cannot_be_read_is_refused_on_the_page(upload, content):
    answer = upload(content)
    assert answer.status_code == 422 and "upload-refusal" in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_a_team_out_of_sight_cannot_be_chosen(upload, other_team):
    assert upload(team=other_team.pk).status_code == 422
    assert not ImportRun.objects.exists()


def test_columns_that_cannot_be_loaded_are_refused_and_the_choice_is_kept(signed_in, lead, run):
    answer = signed_in(lead).post(at(run, "_columns"), {"f:name": "姓名", "source": "old"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "columns-refusal" in page
    assert 'value="old"' in page and '<option value="姓名" selected>' in page


def test_a_file_can_be_removed_before_it_is_loaded(signed_in, lead, run):
    assert signed_in(lead).post(at(run, "_discard"))["Location"] == URL
    assert not ImportRun.objects.exists()


@pytest.mark.parametrize("step", ["", "_columns", "_load", "_discard", "_rejects"])
def test_another_teams_import_is_not_there(signed_in, other_team, run, step):
    stranger = UserFactory(username="stranger", role=Role.LEAD, team=other_team)
    client = signed_in(stranger)
    answer = client.post(at(run, step)) if step else client.get(at(run))
    assert answer.status_code == 404
    assert run.file_name not in client.get(URL).content.decode()


def test_agents_neither_import_nor_export(signed_in, agent, run):
    client = signed_in(agent)
    assert client.get(URL).status_code == client.get(at(run)).status_code == 403
    assert client.post(reverse("desk:export"), {"format": "csv"}).status_code == 403
    assert URL not in client.get("/customers/").content.decode()


def test_getting_an_address_that_writes_is_refused(signed_in, lead, run):
    for address in (at(run, "_load"), at(run, "_rejects"), reverse("desk:export")):
        assert signed_in(lead).get(address).status_code == 405


def test_the_list_takes_as_many_queries_for_many_imports_as_for_one(
    signed_in, lead, run, django_assert_max_num_queries
):
    for _ in range(12):
        ImportRun.objects.create(team=run.team, what="customers", file_name="x.csv", by=lead)
    client = signed_in(lead)
    client.get(URL)
    with django_assert_max_num_queries(12):
        client.get(URL)


def test_the_list_of_customers_leaves_as_a_file_with_its_filters(signed_in, lead, team):
    CustomerFactory(team=team, name="王小雨", phone="13812341234", vip=True)
    CustomerFactory(team=team, name="李雷")
    client = signed_in(lead)
    assert reverse("desk:export") in client.get("/customers/").content.decode()
    answer = client.post(reverse("desk:export"), {"format": "csv", "tier": "vip"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "attachment" in answer["Content-Disposition"] and answer["Content-Type"].startswith("text/csv")
    assert "王小雨" in text and "李雷" not in text and "13812341234" not in text
    assert Export.objects.get().filters == {"tier": "vip"}


def test_an_export_in_full_without_a_reason_is_refused(signed_in, supervisor, team):
    CustomerFactory(team=team)
    answer = signed_in(supervisor).post(reverse("desk:export"), {"format": "csv", "unmask": "1"})
    assert answer.status_code == 422 and not Export.objects.exists()
