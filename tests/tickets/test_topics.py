"""Topics proposed from past tickets: measured on unseen ones, with their words, by rules where there is too little."""

import json
import random
import sys
from io import StringIO
from types import ModuleType

import pytest
from django.core.management import call_command
from django.urls import reverse

from messaging import calls
from tests.factories import CustomerFactory, TicketFactory
from tickets import topic_learning, topic_training, topic_words, topics
from tickets.models import Category, Post, Ticket, TopicModel, TopicRule

pytestmark = pytest.mark.django_db
SAID = {
    "refund": ["七天无理由的退款还没有到账", "refund has not reached my card", "退款什么时候退回银行卡"],
    "installation": ["想预约师傅上门安装净水机", "please install the purifier on Saturday", "安装需要打孔吗"],
    "invoice": ["发票抬头写错了要重开", "send the invoice with our tax number", "电子发票没有收到"],
}


@pytest.fixture
def past(team):
    """240 tickets of three topics by 24 customers, four of a topic beside, and names and numbers in them."""
    rng = random.Random(7)
    names = ["欧阳震霆", *(f"客户{number}" for number in range(23))]
    customers = [CustomerFactory(team=team, name=name) for name in names]
    known = {topic.code: topic for topic in Category.objects.all()}
    rows = [code for code in SAID for _number in range(80)] + ["repair"] * 4
    rng.shuffle(rows)
    tickets = []
    for number, code in enumerate(rows):
        customer = customers[number % len(customers)]
        words = rng.choice(SAID.get(code, ["机器漏水"]))
        tickets.append(Ticket(
            team=team, customer=customer, kind="service", channel="mail", category=known[code],
            subject=f"{words}，我是{customer.name}，电话13812345678",
        ))  # fmt: skip
    made = Ticket.objects.bulk_create(tickets)
    Post.objects.bulk_create(
        Post(ticket=ticket, kind="inbound", channel="mail", body=f"请处理 secretword{ticket.pk} a@b.example")
        for ticket in made
    )
    return made


def test_what_is_learned_is_told_as_measured_and_proposes_with_its_words(
    past, django_assert_max_num_queries
):
    told = StringIO()
    call_command("train_topics", "--json", "--built-in", stdout=told)
    figures = json.loads(told.getvalue())
    assert (figures["engine"], figures["tickets"], figures["held_out"]) == ("bayes", 244, 49)
    assert figures["top1"] > 0.9 and figures["top1"] > figures["commonest"] + 0.3
    by_code = {line["code"]: line for line in figures["topics"]}
    assert by_code["refund"]["learned"] and not by_code["repair"]["learned"]  # four are too few
    topics.suggest("发票")
    with django_assert_max_num_queries(4):  # which model, stems, rules, names
        offer = topics.suggest("你好，七天内的退款还没有到账")
    first = offer.proposals[0]
    assert (first.topic.code, first.share > 0.5) == ("refund", True)
    assert "退款" in first.words and len(offer.proposals) <= 3
    assert topics.suggest("refunds").proposals[0].words == ["refund"]  # by its stem, as the search has it
    assert [one.topic.code for one in topics.suggest("水龙头漏水，有异响").proposals] == ["repair"]  # by its rule
    assert topics.suggest("嗯").proposals == []


def test_no_name_number_or_rare_word_gets_into_the_vocabulary(past, agent):
    row = topic_training.train(scikit=False)
    words = set(topic_learning.Linear.unpacked(bytes(row.weights)).weights)
    assert "退款" in words and "invoic" in words
    assert not words & {"欧阳", "震霆", "阳震", "13812345678", "138", "5678", "example", "李娜"}
    assert not [word for word in words if word.startswith("secretword") or word.isdigit()]
    assert topic_words.words_of(["李娜，电话 13812345678，a@b.example，the 3 cats"]) == [["李娜", "电话", "cat"]]


def test_a_training_replaces_the_last_one_and_forgets_its_words(past):
    first, second = topic_training.train(scikit=False), topic_training.train(scikit=False)
    first.refresh_from_db()
    assert (first.is_active, bytes(first.weights), second.is_active) == (False, b"", True)
    assert first.top1 == second.top1
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in past[50:]]).update(category=None)
    third = topic_training.train(scikit=False)
    assert (third.engine, third.top1, bytes(third.weights)) == ("", None, b"")
    assert topics.suggest("我要退款").proposals[0].share is None  # the rule says so


def test_where_scikit_learn_is_installed_its_weights_are_kept_in_the_same_form(past, monkeypatch):
    """A stand-in for the package, as it is optional: what it is asked for, and that its answer is what proposes."""

    class Vectorizer:
        def __init__(self, *, analyzer, binary, vocabulary):
            self.vocabulary = known[:] = vocabulary

        def transform(self, rows):
            return rows

        def get_feature_names_out(self):
            return self.vocabulary

    class Regression:
        def __init__(self, **settings):
            pass

        def fit(self, rows, topics):
            self.classes_ = sorted(set(topics))
            self.intercept_ = [0.0 for _topic in self.classes_]
            self.coef_ = [
                [sum(word in row for row, one in zip(rows, topics, strict=True) if one == topic) for word in known]
                for topic in self.classes_
            ]
            return self

    known = []
    text, model = ModuleType("sklearn.feature_extraction.text"), ModuleType("sklearn.linear_model")
    text.CountVectorizer, model.LogisticRegression = Vectorizer, Regression
    names = ("sklearn", "sklearn.feature_extraction")
    modules = {name: ModuleType(name) for name in names} | {text.__name__: text, model.__name__: model}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    row = topic_training.train(scikit=True)
    assert (row.engine, row.top1 > 0.9) == ("scikit", True)
    assert topics.suggest("电子发票").proposals[0].topic.code == "invoice"


def test_the_agent_takes_or_leaves_what_is_offered_and_it_is_counted(past, signed_in, agent, team, outsider):
    row, client = topic_training.train(scikit=False), signed_in(agent)
    refund, invoice = Category.objects.get(code="refund"), Category.objects.get(code="invoice")
    shown = client.post(reverse("desk:intake_suggest"), {"words": "退款没有到账"}).content.decode()
    assert f'data-topic="{refund.pk}"' in shown and "<mark>退款</mark>" in shown
    assert "Return or exchange › Refund" in shown
    offer = f"{row.pk}:{refund.pk}"
    call = calls.start(team=team, agent=agent, number="13800000001")
    filled = {
        "name": "周杰", "phone": "13800000001", "kind": "service", "category": refund.pk, "subject": "退款",
        "wish": "退",
        "promised_at": "2099-01-01T10:00", "outcome": "ticket", topics.FIELD: offer,
    }
    assert client.post(reverse("desk:intake_finish", args=[call.pk]), filled).status_code == 302
    assert Ticket.objects.latest("pk").category == refund
    ticket = TicketFactory(customer=CustomerFactory(team=team), subject="退款没有到账")
    address = reverse("desk:ticket_topics", args=[ticket.pk])
    assert f'value="{row.pk}:' in client.get(address).content.decode()
    assert signed_in(outsider).get(address).status_code == 404
    sent = {"subject": "开票", "category": invoice.pk, "wish": "", "urgency": 1, "importance": 1, "difficulty": 1}
    for _twice in range(2):  # the second time nothing changes, so nothing is counted
        client.post(reverse("desk:ticket_details", args=[ticket.pk]), sent | {topics.FIELD: offer})
    row.refresh_from_db()
    assert (row.offered, row.taken) == (2, 1)
    for nonsense in ("", "x:1", f"{row.pk}:", "9999999999:1", f"{row.pk}:1,2,3,4"):
        topics.count(offer=nonsense, chosen=refund)
    row.refresh_from_db()
    assert row.offered == 2


def test_the_administration_shows_accuracy_beside_what_was_taken(past, signed_in, admin):
    row = topic_training.train(scikit=False)
    TopicModel.objects.filter(pk=row.pk).update(offered=10, taken=7)
    page = signed_in(admin).get(reverse("admin:tickets_topicmodel_changelist")).content.decode()
    assert "70 % of 10" in page and "built-in naive Bayes" in page
    detail = signed_in(admin).get(reverse("admin:tickets_topicmodel_change", args=[row.pk])).content.decode()
    assert "Refund" in detail and "by rules" in detail
    rule = {"category": Category.objects.get(code="repair").pk, "words": "滴水, leaking", "is_active": "on"}
    assert signed_in(admin).post(reverse("admin:tickets_topicrule_add"), rule).status_code == 302
    assert TopicRule.objects.latest("pk").listed == ["滴水", "leaking"]
