"""The tree of topics: no rings, three levels, and what names a topic means everything below it."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from desk.search_filters import resolve
from tests.factories import CustomerFactory, TicketFactory
from tickets.models import Category, Ticket
from tickets.topic_fields import TopicField
from tickets.topic_models import LEVELS, line_of, misplaced


@given(st.lists(st.tuples(st.integers(1, 9), st.none() | st.integers(1, 9)), max_size=60))
def test_moves_that_are_let_through_never_make_a_ring_nor_a_fourth_level(moves):
    parents: dict[int, int | None] = dict.fromkeys(range(1, 10))
    for topic, under in moves:
        if not misplaced(parents, topic, under):
            parents[topic] = under
        for one in parents:
            line = line_of(parents, one)
            assert len(line) <= LEVELS
            assert parents[line[-1]] is None  # the line ends at the top, not in a ring
    # Whatever stands on top can take a lone new topic below it.
    assert all(not misplaced(parents, None, one) for one, above in parents.items() if above is None)


def topic(code, parent=None, **more):
    return Category.objects.create(code=code, name_zh=f"细类{code}", name_en=f"Topic {code}", parent=parent, **more)


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_choices_are_the_tree_in_its_order_under_topics_that_are_offered_no_more(ground, language):
    above = topic("z", position=1)
    closed = topic("b-1", above, is_active=False, position=5)
    topic("c", closed), topic("a", closed, position=3), topic("b", above, position=5)
    offered = Category.objects.filter(is_active=True)
    with translation.override(language):
        assert offered.paths() == [(one.pk, one.path) for one in offered.in_tree()]
        assert any("b-1 › " in path for _pk, path in offered.paths())
        offered_last = TopicField(empty_label=None).choices
        assert list(offered_last) == offered.paths()


@pytest.mark.django_db
def test_a_topic_of_its_own_line_or_a_fourth_level_is_refused_with_the_reason(ground):
    first = topic("a")
    second = topic("b", first)
    third = topic("c", second)
    assert third.path == "Topic a › Topic b › Topic c"
    with pytest.raises(ValidationError, match="three levels"):
        topic("d", third)
    first.parent = third
    with pytest.raises(ValidationError, match="under itself"):
        first.full_clean()
    with pytest.raises(ValidationError, match="under itself"):
        first.save()


@pytest.mark.django_db(transaction=True)
def test_of_two_moves_at_once_that_would_make_a_ring_one_is_refused(ground):
    first, second = topic("a"), topic("b")
    together, refused = threading.Barrier(2), []

    def move(one, under):
        try:
            together.wait(timeout=60)
            one.parent = under
            one.save()
        except ValidationError:
            refused.append(one.code)
        finally:
            connection.close()

    hands = [threading.Thread(target=move, args=pair) for pair in ((first, second), (second, first))]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert len(refused) == 1
    assert Category.objects.filter(code__in=["a", "b"], parent=None).count() == 1


@pytest.mark.django_db
def test_forms_show_paths_and_lists_mean_what_stands_below(team, agent, admin, signed_in):
    above = Category.objects.get(code="return-exchange")
    refund = Category.objects.get(code="refund")
    customer = CustomerFactory(team=team)
    ticket = TicketFactory(customer=customer, category=refund, subject="退货款没有到账", owner=agent)
    other = TicketFactory(customer=customer, category=Category.objects.get(code="invoice"), subject="开票", owner=agent)
    client = signed_in(agent)
    page = client.get(reverse("desk:ticket", args=[other.pk])).content.decode()
    assert "Return or exchange › Refund</option>" in page
    shown = client.get(reverse("desk:workbench"), {"view": "mine", "category": above.pk}).content.decode()
    assert (ticket.number in shown, other.number in shown) == (True, False)
    for words in (f"topic:{above.code}", "细类:退换货", "topic:refund"):
        asked = resolve(words, agent, now=timezone.now())
        assert list(asked.ticket_rows()) == [ticket], words
    assert "says nothing for" in resolve("topic:nonsense", agent).problems[0]
    assert set(resolve("-topic:return-exchange", agent).ticket_rows()) == {other}
    assert Ticket.objects.filter(category=above).count() == 0  # figures count where the ticket was put
    tree = signed_in(admin).get(reverse("admin:tickets_category_changelist")).content.decode()
    assert tree.index("Return or exchange") < tree.index("\u2003└ Refund") < tree.index("Invoice")
