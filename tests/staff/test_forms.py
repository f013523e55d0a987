import pytest
from django.urls import reverse

from staff.models import User

PASSWORD = "a-long-pass-word"


@pytest.fixture
def li_na(db):
    user = User(username="lina", email="li.na@desk.example", display_name="李娜")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, name, password=PASSWORD, **more):
    return client.post(reverse("login"), {"username": name, "password": password, **more})


@pytest.mark.parametrize("name", ["lina", "LI.NA@desk.example", " lina "])
def test_staff_sign_in_by_number_or_by_address(client, li_na, name):
    assert sign_in(client, name).status_code == 302
    assert client.session["_auth_user_id"] == str(li_na.pk)


def test_an_address_of_two_accounts_signs_nobody_in(client, li_na):
    User.objects.create(username="other", email=li_na.email, display_name="李娜")
    assert "_auth_user_id" not in sign_in(client, li_na.email).wsgi_request.session


def test_the_session_ends_with_the_browser_unless_asked_to_be_kept(client, li_na):
    sign_in(client, "lina")
    assert client.session.get_expire_at_browser_close()
    client.logout()
    sign_in(client, "lina", keep="on")
    assert not client.session.get_expire_at_browser_close()
    assert client.session.get_expiry_age() == 8 * 3600


def test_a_wrong_password_says_how_many_tries_are_left(client, li_na):
    assert "4 tries left" in sign_in(client, "lina", "wrong").content.decode()
    assert "3 tries left" in sign_in(client, "lina", "wrong").content.decode()


def test_an_address_and_its_number_share_their_tries(client, li_na):
    sign_in(client, "lina", "wrong")
    assert "3 tries left" in sign_in(client, li_na.email, "wrong").content.decode()


def test_the_fifth_failure_locks_even_the_right_password_out(client, li_na):
    answers = [sign_in(client, "lina", "wrong") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    assert "15 minutes" in answers[-1].content.decode()
    assert sign_in(client, "lina").status_code == 429
