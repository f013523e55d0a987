"""Accounts in the administration: the role alone opens it."""

import pytest
from axes.models import AccessAttempt
from django.urls import reverse

from staff.models import ApiToken, User
from tests.factories import UserFactory

CHANGE = {"username": "lina", "display_name": "李娜", "email": "li.na@desk.example", "language": "", "theme": "",
          "presence": "offline", "capacity": "20", "recovery_limit": "0", "is_active": "on",
          "single_keys": "on"}  # fmt: skip


def change(client, user, **data):
    return client.post(reverse("admin:staff_user_change", args=[user.pk]), CHANGE | data)


@pytest.mark.parametrize(("role", "opens"), [("admin", True), ("supervisor", False), ("agent", False)])
def test_the_role_alone_decides_who_may_open_these_pages(signed_in, admin, team, role, opens):
    user = UserFactory(username="lina", team=team, is_staff=not opens, is_superuser=not opens)
    assert change(signed_in(admin), user, role=role, team=team.pk).status_code == 302
    user.refresh_from_db()
    assert (user.role, user.is_staff, user.is_superuser) == (role, opens, opens)


def test_an_admin_cannot_lock_themselves_out(signed_in, admin, team):
    answer = change(signed_in(admin), admin, username="admin", role="agent", team=team.pk)
    admin.refresh_from_db()
    assert "role" in answer.context["adminform"].form.errors
    assert (admin.role, admin.is_staff) == ("admin", True)


def test_a_new_colleague_is_added_with_name_role_and_team(signed_in, admin, team):
    secret = "clearly-long-enough-1"
    answer = signed_in(admin).post(reverse("admin:staff_user_add"), {
        "username": "zhou", "display_name": "周敏", "email": "zhou@desk.example", "role": "specialist", "team": team.pk,
        "usable_password": "true", "password1": secret, "password2": secret,
    })  # fmt: skip
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    user = User.objects.get(username="zhou")
    assert (user.display_name, user.role, user.team, user.is_staff) == ("周敏", "specialist", team, False)
    assert user.check_password(secret)


def test_colleagues_are_picked_by_typing_not_from_a_giant_list(signed_in, admin, team):
    answer = signed_in(admin).get(
        reverse("admin:autocomplete"),
        {"app_label": "staff", "model_name": "user", "field_name": "team", "term": "华东"},
    )
    assert [row["text"] for row in answer.json()["results"]] == ["华东一组"]


def test_a_token_is_withdrawn_by_deleting_it(signed_in, admin, agent):
    ApiToken.issue(agent)
    token = ApiToken.objects.get()
    url = reverse("admin:staff_apitoken_delete", args=[token.pk])
    page = signed_in(admin).get(reverse("admin:staff_apitoken_changelist")).content.decode()
    assert token.digest not in page
    assert signed_in(admin).post(url, {"post": "yes"}).status_code == 302
    assert not ApiToken.objects.exists()


def test_a_lock_is_lifted_by_deleting_its_attempts(signed_in, admin, client):
    for _try in range(5):
        client.post(reverse("login"), {"username": "admin", "password": "wrong"})
    attempt = AccessAttempt.objects.get()
    page = signed_in(admin)
    assert "admin" in page.get(reverse("admin:axes_accessattempt_changelist")).content.decode()
    assert page.post(reverse("admin:axes_accessattempt_delete", args=[attempt.pk]), {"post": "yes"}).status_code == 302
    assert not AccessAttempt.objects.exists()
