from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.template.loader import get_template
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.translation import override

from desk import navigation
from staff.models import User


def draw(source, **context):
    return Template("{% load desk_ui %}" + source).render(Context(context)).strip()


def asked(path="/", user=None, **cookies):
    request = RequestFactory().get(path)
    request.user = user or User(username="li", display_name="李娜", role="agent")
    request.COOKIES.update(cookies)
    request.resolver_match = resolve(path)
    return request


def ticket(**fields):
    now = timezone.now()
    defaults = {
        "due_at": now + timedelta(minutes=30, seconds=30), "due_from": now - timedelta(minutes=30),
        "due_kind": "first_response", "waiting_customer": False,
    }
    return SimpleNamespace(**{**defaults, **fields})


def test_a_row_counts_down_to_the_next_deadline_of_its_ticket():
    html = draw("{% ticket_sla ticket %}", ticket=ticket())
    assert "c-sla--soon" in html and "data-due=" in html and ">30:" in html and ">Reply<" in html


def test_a_row_of_a_waiting_ticket_stands_still():
    html = draw("{% ticket_sla ticket %}", ticket=ticket(due_at=None, waiting_customer=True))
    assert "c-sla--paused" in html and "data-due" not in html


def test_a_row_without_a_deadline_has_no_chip():
    assert draw("{% ticket_sla ticket %}", ticket=ticket(due_at=None)) == ""


def test_a_class_is_shape_and_word():
    assert draw('{% class_chip "complaint" %}') == '<span class="c-class c-class--complaint">Complaint</span>'


def test_only_tiers_with_a_badge_carry_one():
    vip, ordinary = SimpleNamespace(badge="platinum", name="VIP"), SimpleNamespace(badge="", name="Ordinary")
    assert "bi-gem" in draw("{% tier_badge tier %}", tier=vip)
    assert draw("{% tier_badge tier %}", tier=ordinary) == ""
    assert draw("{% tier_badge tier %}", tier=None) == ""


def test_a_badge_reduced_to_its_icon_still_says_its_name():
    html = draw("{% tier_badge tier True %}", tier=SimpleNamespace(badge="gold", name="Important"))
    assert '<span class="visually-hidden">Important</span>' in html


@pytest.mark.parametrize(
    ("value", "shown"),
    [("13812341234", "138****1234"), ("emma@northmail.example", "e***@northmail.example"), (None, "")],
)
def test_numbers_and_addresses_are_masked(value, shown):
    assert draw("{{ value|masked }}", value=value) == shown


def test_found_words_are_marked_and_markup_in_them_stays_text():
    assert draw("{{ text|highlight:q }}", text="净水机 <b>漏水</b>", q="漏水 <b>") == (
        "净水机 <mark>&lt;b&gt;</mark><mark>漏水</mark>&lt;/b&gt;"
    )


def test_counts_stop_where_counting_is_not_worth_it():
    assert draw("{{ a|capped }} {{ b|capped }}", a=2000, b=2001) == "2,000 2,000+"


def test_the_theme_of_this_browser_wins_over_the_users_own():
    user = User(username="li", display_name="李娜", theme="dark")
    assert draw("{% ui_theme %}", request=asked(user=user), user=user) == "dark"
    assert draw("{% ui_theme %}", request=asked(user=user, theme="light"), user=user) == "light"


def test_a_forged_theme_is_not_drawn():
    assert draw("{% ui_theme %}", request=asked(theme='"><script>'), user=None) == ""


@pytest.mark.parametrize("place", navigation.RAIL, ids=lambda place: place.view)
def test_every_place_of_the_rail_leads_to_a_page(place):
    assert resolve(reverse(place.view)).view_name.startswith(place.parts)


def test_the_rail_marks_the_place_one_is_in():
    html = draw("{% rail %}", request=asked("/tickets/7/"), user=None, rail_breached=2)
    assert html.count('aria-current="page"') == 1
    assert html.index('aria-current="page"') < html.index("bi-inbox") < html.index("bi-telephone-inbound")
    assert "<span data-count-value>2</span>" in html


def test_the_dashboard_is_offered_to_those_who_may_read_it():
    agent, lead = User(display_name="李娜", role="agent"), User(display_name="王强", role="lead")
    views = {
        user.role: [entry["url"] for entry in navigation.rail_for("", supervises=user.supervises)]
        for user in (agent, lead)
    }
    assert reverse("metrics:dashboard") in views["lead"]
    assert reverse("metrics:dashboard") not in views["agent"]


def test_every_command_opens_a_page_or_presses_a_key():
    commands = navigation.commands_for(supervises=True)
    assert all(("href" in command) != ("press" in command) for command in commands)


def test_what_is_drawn_once_is_drawn_for_each_reader_apart():
    agent, lead = User(display_name="李娜", role="agent"), User(display_name="王强", role="lead")
    admin = User(display_name="管理", role="admin", is_superuser=True)

    def frame(user=agent, path="/", breached=0):
        context = {"request": asked(path, user), "user": user, "rail_breached": breached}
        return draw('{% rail %}{% palette_commands %}{% fixed "_keyhelp.html" %}', **context)

    usual = frame()
    with override("zh-hans"):
        assert "工作台" in frame() and "Workbench" not in frame()
    others = [frame(lead), frame(admin), frame(path="/help/"), frame(breached=3)]
    assert len({usual, *others}) == 5 and frame() == usual
    assert reverse("metrics:dashboard") not in usual and reverse("metrics:dashboard") in others[0]
    assert reverse("admin:index") not in usual + others[0] and reverse("admin:index") in others[1]


@pytest.mark.parametrize("name", ["404.html", "403.html", "403_csrf.html", "500.html"])
def test_an_error_page_needs_nobody_signed_in_and_leads_onward(name):
    html = get_template(name).render()
    assert 'class="btn btn-primary" href="' in html and "l-rail" not in html


def test_no_template_of_the_frame_carries_script_or_handlers_of_its_own():
    request = asked()
    html = get_template("base.html").template.render(Context({"request": request, "user": request.user}))
    scripts = [tag.split(">")[0] for tag in html.split("<script")[1:]]
    assert all("src=" in tag or 'type="application/json"' in tag for tag in scripts)
    assert " onclick=" not in html and " onload=" not in html
