"""Views of the queue that people keep: their own, their team's, and the way back."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import signing
from django.db import connection
from django.urls import reverse

from tests.factories import CustomerFactory, TicketFactory, UserFactory
from tickets import saved_views
from tickets.list_models import SavedView
from tickets.models import Category

HOME = "/"


def save(client, name, query="view=team&kind=complaint", **more):
    return client.post(reverse("desk:view_save"), {"name": name, "query": query} | more)


def test_a_view_is_kept_with_its_filters_order_and_columns_and_counted(signed_in, agent, team):
    TicketFactory(customer=CustomerFactory(team=team), kind="complaint")
    TicketFactory(customer=CustomerFactory(team=team))
    client = signed_in(agent)
    answer = save(client, " 投诉  最新 ", "view=team&kind=complaint&sort=opened&cols=priority&junk=1&after=r1.1")
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("投诉 最新", "view=team&kind=complaint&sort=opened&cols=priority")
    assert answer["Location"] == f"/?{view.query}&saved={view.pk}"
    page = client.get(answer["Location"])
    assert page.context["saved_views"] == [(view, 1, False)]
    assert page.context["saved"] == view
    assert "投诉 最新" in page.content.decode()


def test_saving_under_a_name_that_exists_takes_the_new_filters(signed_in, agent):
    client = signed_in(agent)
    save(client, "投诉")
    save(client, "投诉", "view=mine")
    assert [view.query for view in SavedView.objects.all()] == ["view=mine"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 41])
def test_a_name_that_is_none_is_refused_and_stays_in_its_field(signed_in, agent, name):
    answer = save(signed_in(agent), name)
    assert answer.status_code == 422
    assert answer.context["refused_view"]["name"] == name
    assert "kind=complaint" in answer.context["filters"].query
    assert not SavedView.objects.exists()


def test_only_whoever_leads_shares_and_the_team_sees_it(signed_in, agent, lead, outsider):
    assert save(signed_in(agent), "全组", shared="on").status_code == 422
    save(signed_in(lead), "全组", shared="on")
    save(signed_in(lead), "我的")
    assert [view.name for view in SavedView.objects.visible_to(agent)] == ["全组"]
    assert not SavedView.objects.visible_to(outsider).exists()
    shared = SavedView.objects.get(name="全组")
    assert signed_in(agent).post(reverse("desk:view_delete", args=[shared.pk])).status_code == 422
    assert signed_in(agent).post(reverse("desk:view_rename", args=[shared.pk]), {"name": "x"}).status_code == 422
    assert SavedView.objects.filter(name="全组").exists()


def test_another_persons_view_is_not_there(signed_in, agent, lead, outsider):
    mine = saved_views.save(name="a", query="view=mine", by=lead)
    shared = saved_views.save(name="b", query="view=mine", by=lead, shared=True)
    for user, view in ((agent, mine), (outsider, mine), (outsider, shared)):
        client = signed_in(user)
        assert client.post(reverse("desk:view_delete", args=[view.pk])).status_code == 404
        assert client.post(reverse("desk:view_rename", args=[view.pk]), {"name": "x"}).status_code == 404
        assert client.get(HOME, {"saved": view.pk}).context["saved"] is None


def test_a_view_is_renamed_but_not_to_a_name_that_is_taken(signed_in, agent):
    one, _two = (saved_views.save(name=name, query="view=mine", by=agent) for name in ("a", "b"))
    client = signed_in(agent)
    client.post(reverse("desk:view_rename", args=[one.pk]), {"name": "c"})
    assert client.post(reverse("desk:view_rename", args=[one.pk]), {"name": "b"}).status_code == 422
    assert {view.name for view in SavedView.objects.all()} == {"b", "c"}


def test_a_deleted_view_comes_back_for_half_a_minute_and_only_once(signed_in, agent, lead, monkeypatch):
    view = saved_views.save(name="a", query="view=mine", by=agent)
    client = signed_in(agent)
    answer = client.post(reverse("desk:view_delete", args=[view.pk]))
    page = client.get(answer["Location"])
    token = page.context["deleted"]["token"]
    assert signed_in(lead).post(reverse("desk:view_restore"), {"token": token}).status_code == 422
    for _ in range(2):
        assert client.post(reverse("desk:view_restore"), {"token": token}).status_code == 302
    assert [view.name for view in SavedView.objects.all()] == ["a"]
    SavedView.objects.all().delete()
    monkeypatch.setattr(signing.time, "time", lambda now=signing.time.time: now() + 31)
    assert client.get(answer["Location"]).context["deleted"] is None
    assert client.post(reverse("desk:view_restore"), {"token": token}).status_code == 422


def test_what_a_view_names_and_is_gone_is_left_out_and_told(signed_in, agent, team):
    gone = UserFactory(team=team)
    topic = Category.objects.create(code="gone", name_zh="旧", name_en="old")
    query = f"view=team&owner={gone.pk}&category={topic.pk}&kind=telegram&colour=red"
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    gone.delete()
    topic.delete()
    page = signed_in(agent).get(f"{HOME}?{query}&saved=1")
    assert [row.pk for group in page.context["page"].groups for row in group.rows] == [ticket.pk]
    assert len(page.context["filters"].ignored) == 4
    assert "colour" in page.content.decode()


def test_there_is_an_end_to_views(agent):
    for number in range(saved_views.MOST):
        saved_views.save(name=str(number), query="", by=agent)
    with pytest.raises(saved_views.ViewRefused):
        saved_views.save(name="more", query="", by=agent)


@pytest.mark.django_db(transaction=True)
def test_the_same_view_saved_in_two_windows_at_once_is_one(agent):
    def once(number):
        try:
            return saved_views.save(name="a", query=f"view=mine&q={number}", by=agent).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(once, range(8)))) == 1
    assert SavedView.objects.count() == 1
