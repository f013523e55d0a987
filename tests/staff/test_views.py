"""What members of staff set for themselves, and the bell."""

import pytest
from django.urls import reverse
from django.utils import translation

from staff import notifications, wording
from staff.models import Notification

ZH = {"HTTP_ACCEPT_LANGUAGE": "zh-CN,zh;q=0.9,en;q=0.5"}


def language_of(response) -> str:
    return response.wsgi_request.LANGUAGE_CODE


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("zh-CN,zh;q=0.9", "zh-hans"), ("zh", "zh-hans"), ("en-GB,en;q=0.8", "en"), ("fr-FR", "en"), ("", "en")],
)
def test_the_sign_in_page_speaks_the_language_the_browser_asks_for(client, db, asked, spoken):
    response = client.get(reverse("login"), headers={"accept-language": asked})
    assert f'lang="{spoken}"' in response.content.decode()


def test_an_anonymous_reader_switches_the_sign_in_page(client, db):
    answer = client.post(reverse("set_language"), {"language": "en", "next": "/sign-in/"}, **ZH)
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    assert language_of(client.get(reverse("login"), **ZH)) == "en"


def test_a_users_own_choice_wins_over_the_browser(signed_in, agent):
    client = signed_in(agent)
    assert language_of(client.get(reverse("staff:preferences"), **ZH)) == "zh-hans"
    client.post(reverse("staff:language"), {"language": "en", "next": "/staff/preferences/"}, **ZH)
    agent.refresh_from_db()
    assert agent.language == "en"
    assert language_of(client.get(reverse("staff:preferences"), **ZH)) == "en"


def test_the_chosen_language_stays_in_the_browser_for_its_sign_in_page(signed_in, agent):
    client = signed_in(agent)
    client.post(reverse("staff:language"), {"language": "zh-hans"})
    client.logout()
    client.cookies["django_language"] = "zh-hans"
    assert language_of(client.get(reverse("login"))) == "zh-hans"


@pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_a_switch_never_leads_to_another_site(signed_in, agent, there):
    for name, data in (("language", {"language": "en"}), ("presence", {"presence": "busy"})):
        answer = signed_in(agent).post(reverse(f"staff:{name}"), {**data, "next": there})
        assert answer["Location"] == reverse("desk:workbench")


def test_an_unknown_language_changes_nothing(signed_in, agent):
    answer = signed_in(agent).post(reverse("staff:language"), {"language": "tlh", "next": "/staff/preferences/"})
    agent.refresh_from_db()
    assert (answer["Location"], agent.language) == ("/staff/preferences/", "")


@pytest.mark.parametrize("name", ["language", "presence"])
def test_a_switch_is_never_made_by_a_link(signed_in, agent, name):
    assert signed_in(agent).get(reverse(f"staff:{name}")).status_code == 405


@pytest.mark.parametrize("name", ["preferences", "notifications"])
def test_strangers_are_asked_to_sign_in(client, db, name):
    answer = client.get(reverse(f"staff:{name}"))
    assert answer["Location"].startswith(reverse("login"))


def test_preferences_are_saved_whole_and_nothing_else(signed_in, agent):
    answer = signed_in(agent).post(
        reverse("staff:preferences"), {"language": "en", "theme": "dark", "role": "admin", "is_superuser": "on"}
    )
    agent.refresh_from_db()
    assert answer.status_code == 302
    assert (agent.language, agent.theme, agent.single_keys) == ("en", "dark", False)
    assert (agent.role, agent.is_superuser) == ("agent", False)


def test_a_wrong_preference_is_refused_with_its_reason(signed_in, agent):
    answer = signed_in(agent).post(reverse("staff:preferences"), {"language": "en", "theme": "neon"})
    agent.refresh_from_db()
    assert (answer.status_code, agent.theme) == (422, "")
    assert 'role="alert"' in answer.content.decode()


def test_presence_is_answered_with_its_own_part(signed_in, agent):
    answer = signed_in(agent).post(reverse("staff:presence"), {"presence": "ready"}, headers={"hx-request": "true"})
    agent.refresh_from_db()
    assert agent.presence == "ready"
    assert answer.content.decode().lstrip().startswith('<div class="dropdown" id="presence"')


def test_an_unknown_presence_changes_nothing(signed_in, agent):
    signed_in(agent).post(reverse("staff:presence"), {"presence": "asleep"})
    agent.refresh_from_db()
    assert agent.presence == "offline"


def test_the_bell_lists_only_ones_own_lines(signed_in, agent, outsider):
    notifications.notify(agent, "assigned", ticket_id=12, by="王强")
    notifications.notify(outsider, "assigned", ticket_id=99, by="王强")
    page = signed_in(agent).get(reverse("staff:notifications")).content.decode()
    assert "T-12" in page and "T-99" not in page and reverse("desk:ticket", args=[12]) in page


def test_htmx_gets_the_bell_alone_with_its_count(signed_in, agent):
    for ticket_id in (1, 2, 3):
        notifications.notify(agent, "escalated", ticket_id=ticket_id)
    answer = signed_in(agent).get(reverse("staff:notifications"), headers={"hx-request": "true"}).content.decode()
    assert 'id="bell"' in answer and ">3<" in answer and "<html" not in answer


def test_reading_the_page_leaves_lines_unread_until_marked(signed_in, agent):
    notifications.notify(agent, "escalated_many", count=7)
    client = signed_in(agent)
    client.get(reverse("staff:notifications"))
    assert agent.notifications.filter(read_at=None).count() == 1
    assert client.post(reverse("staff:notifications")).status_code == 302
    assert agent.notifications.filter(read_at=None).count() == 0


def test_pages_follow_each_other_without_gaps(signed_in, agent):
    Notification.objects.bulk_create(
        Notification(user=agent, kind="escalated", ticket_id=number) for number in range(1, 46)
    )
    client = signed_in(agent)
    first = client.get(reverse("staff:notifications"))
    second = client.get(reverse("staff:notifications"), {"before": first.context["next_cursor"]})
    shown = [line.row.ticket_id for page in (first, second) for line in page.context["lines"]]
    assert shown == list(range(45, 0, -1))
    assert second.context["next_cursor"] is None


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "²"])
def test_a_broken_cursor_shows_the_first_page(signed_in, agent, before):
    notifications.notify(agent, "escalated", ticket_id=5)
    assert "T-5" in signed_in(agent).get(reverse("staff:notifications"), {"before": before}).content.decode()


def test_the_page_of_lines_costs_the_same_however_many_there_are(signed_in, agent, django_assert_max_num_queries):
    Notification.objects.bulk_create(Notification(user=agent, kind="assigned", ticket_id=n) for n in range(1, 40))
    client = signed_in(agent)
    with django_assert_max_num_queries(8):
        client.get(reverse("staff:notifications"))


@pytest.mark.parametrize(
    ("kind", "data", "ticket_id", "words"),
    [
        ("assigned", {"by": "王强"}, 7, "王强 gave you ticket T-7."),
        ("assigned", {}, 7, "Somebody gave you ticket T-7."),
        ("escalated_many", {"count": 1}, None, "1 overdue ticket has been escalated to you."),
        ("escalated_many", {"count": 12}, None, "12 overdue tickets have been escalated to you."),
        ("unheard_of", {}, 7, "There is news about ticket T-7."),
        ("unheard_of", {}, None, "There is news for you."),
    ],
)
def test_every_line_has_words(kind, data, ticket_id, words):
    with translation.override("en"):
        assert wording.line(Notification(kind=kind, data=data, ticket_id=ticket_id)).text == words
