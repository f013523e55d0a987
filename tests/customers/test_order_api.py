import pytest
from rest_framework.test import APIClient

from customers.models import Order
from staff.models import ApiToken
from tests.factories import CustomerFactory

URL = "/api/v1/orders/"
LINES = [{"product": "净水机 M3", "quantity": 2, "price": "100.00", "serial": "SN-1"}]


@pytest.fixture
def rain(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234")


def caller(user):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {ApiToken.issue(user)}")
    return client


@pytest.fixture
def api(agent):
    return caller(agent)


def order(rain, **more):
    return {"customer_id": rain.pk, "source": "shop", "code": "A-1", "lines": LINES, **more}


def test_an_order_sent_twice_is_made_once(api, rain):
    first = api.post(URL, order(rain, state="delivered"), format="json")
    again = api.post(URL, order(rain, state="delivered"), format="json")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.data["result"] == "unchanged" and Order.objects.count() == 1
    rain.refresh_from_db()
    assert rain.spend == 200


def test_a_customer_is_named_by_number_or_address_as_well(api, rain):
    given = order(rain) | {"phone": "+86 138 1234 1234"}
    given.pop("customer_id")
    assert api.post(URL, given, format="json").data["customer"]["id"] == rain.pk


def test_an_unconfirmed_order_cannot_be_shipped_over_the_interface(api, rain):
    refused = api.post(
        URL, order(rain, state="shipped", address="上海市浦东新区张江路 88 号", payment="invoice"), format="json"
    )
    assert refused.status_code == 422 and "cannot ship" in refused.data["detail"]
    assert not Order.objects.exists()


def test_answers_are_masked(api, rain):
    made = api.post(URL, order(rain, address="上海市浦东新区张江路 88 号", need="打 13812341234"), format="json")
    told = api.get(f"{URL}{made.data['id']}/").content.decode() + api.get(URL).content.decode()
    assert "张江路" not in told and "13812341234" not in told and "王小雨" not in told
    assert made.data["address"] == "上海市浦东新区***"


def test_orders_of_another_team_do_not_exist(api, rain, outsider):
    made = api.post(URL, order(rain), format="json")
    stranger = caller(outsider)
    assert stranger.get(f"{URL}{made.data['id']}/").status_code == 404
    assert stranger.get(URL).data["results"] == []
    assert stranger.post(URL, order(rain), format="json").status_code == 400
    assert APIClient().get(URL).status_code == 401


@pytest.mark.parametrize(
    "bad",
    [{"customer_id": 999999}, {"code": ""}, {"lines": [{"product": "x", "quantity": 0}]}, {"state": "lost"},
     {"source": "form"}, {"amount": "-1"}, {"phone": "13812341234"}, {"lines": [{"product": "x"}] * 201}],
)
def test_what_is_no_order_is_refused_beside_its_field(api, rain, bad):
    answer = api.post(URL, order(rain) | bad, format="json")
    assert answer.status_code == 400 and not Order.objects.exists()


def test_the_list_is_narrowed_and_takes_few_queries(api, rain, django_assert_max_num_queries):
    for n in range(12):
        api.post(URL, order(rain) | {"code": f"A-{n}", "state": "delivered" if n % 2 else ""}, format="json")
    with django_assert_max_num_queries(6):
        found = api.get(URL, {"state": "delivered", "customer_id": rain.pk}).data["results"]
    assert len(found) == 6
    assert len(api.get(URL, {"code": "A-3"}).data["results"]) == 1
    assert api.get(URL, {"state": "lost"}).status_code == 400
