"""Words of rows: every hit that a scan of the texts finds, newest first; written with the row; rebuilt with a stop."""

import random
import re

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import cjk, finding, search
from core.finding import Sought
from core.models import SearchProgress
from knowledge.models import ReplyTemplate, TemplateWords

PIECES = [
    "退款", "流程", "退", "款", "的", "张三", "净水机滤芯", "客服部", "refund", "refunds", "Refunded", "happy",
    "happiness", "the", "tv", "E4", "20261001", "2026", "1001", "，", " ", "-", "ｶﾞ", "Straße", "ＡＰＰ", "\n", "𠮷野家",
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=30).map(
    lambda text: text.replace("\0", "").encode("utf-8", "ignore").decode()
)
WORDS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map(" ".join)


def holds(text: str, words: str) -> bool:
    """What a reader would say by looking: each word of the query stands in the text."""
    there = list(cjk.runs(text))
    for kind, word in cjk.runs(words):
        if kind == "cjk":
            hit = cjk.contains(text, word)
        elif kind == "figures" or len(word) < finding.MIN_PREFIX:
            hit = any(other == word for _kind, other in there)
        else:
            spelt = [other for other_kind, other in there if other_kind != "cjk"]
            forms = [*spelt, *(finding.stem(other) for other in spelt if re.fullmatch("[a-z]{3,}", other))]
            hit = any(form.startswith(word) or form == finding.stem(word) for form in forms)
        if not hit:
            return False
    return True


def made(*bodies) -> list[ReplyTemplate]:
    return ReplyTemplate.objects.bulk_create(ReplyTemplate(name="", language="zh-hans", body=body) for body in bodies)


def found(words="", limit=10_000, **asked) -> list[int]:
    return finding.newest(TemplateWords, Sought(words=words), limit=limit, **asked)


@pytest.fixture
def bare(db):
    ReplyTemplate.objects.all().delete()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("我要退款，订单20261001", "退款"), ("我要退款，订单20261001", "20261001"),
        ("我要退款，订单20261001", "订单 退款"),
        ("请问退款流程是什么", "退款流程"), ("张三来电", "张"), ("来电的是张", "张"), ("来电", "电"),
        ("Refunds are slow", "refund"), ("They refunded me", "refunds"), ("a refund", "refunding"),
        ("Happiness", "happy"), ("it's 12e5x & more", "12e5x"), ("the tv", "TV"), ("ＡＰＰ崩溃", "app 崩溃"),
        ("Straße", "strasse"), ("Error E4 on the display", "e4"), ("订单 2026退款refund", "2026 退款 refunds"),
    ],
)  # fmt: skip
def test_found(bare, body, words):
    (row,) = made(body)
    assert found(words) == [row.pk]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("我要退款", "款退"), ("退款的流程，款流", "退款流程"), ("20261001", "2026"), ("tvs", "tv"), ("refund", "退款"),
        ("it's", "' | '退款"), ("refund", "funds"),
    ],
)  # fmt: skip
def test_not_found(bare, body, words):
    made(body)
    assert found(words) == []


@given(st.lists(TEXT, min_size=1, max_size=8), WORDS)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_index_finds_exactly_what_a_scan_finds(bare, bodies, words):
    with transaction.atomic():
        rows = made(*bodies)
        if not Sought(words=words).is_empty:
            expected = [row.pk for row in reversed(rows) if holds(row.body, words)]
            assert found(words) == expected
        transaction.set_rollback(True)


def test_over_many_blocks_and_pages_every_hit_comes_once_and_newest_first(bare):
    """Ids are spread over forty blocks; a common word, a rare one and none are paged through by sevens."""
    chance = random.Random(4)
    size = 1 << search.BITS
    ids = sorted(chance.sample(range(1, 40 * size), 600))
    bodies = ["退款 refunds" if chance.random() < 0.4 else "其它" for _id in ids]
    bodies[37] = "只此一次"
    ReplyTemplate.objects.bulk_create(
        ReplyTemplate(pk=pk, name="", language="zh-hans", body=body) for pk, body in zip(ids, bodies, strict=True)
    )
    for words, held in (("退款", "退款"), ("refund", "refunds"), ("退", "退"), ("此一", "此一"), ("没有", "没有")):
        expected = [pk for pk, body in reversed(list(zip(ids, bodies, strict=True))) if held in body]
        got, before = [], None
        while page := found(words, limit=7, before=before):
            got += page
            before = page[-1]
        assert got == expected


def test_phrases_and_unwanted_words(bare):
    a, b, c = made("refund not received 退款流程", "received, refund not sent", "退款的流程")

    def by(**sought):
        return finding.newest(TemplateWords, Sought(**sought), limit=9, facets=[["on"]])

    assert by(phrases=("not received",)) == [a.pk]
    assert by(phrases=("Refund  Not",)) == [b.pk, a.pk]
    assert by(words="退款", without=("退款流程",)) == [c.pk]
    assert by(words="refund", without=("sent",)) == [a.pk]
    assert by(without=("refund",)) == [c.pk]
    assert by(without=("not received",)) == [c.pk, b.pk]


def test_facets_follow_a_statement_by_hand(bare):
    (row,) = made("退款")
    assert found("退款", facets=[["on"]]) == [row.pk]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE knowledge_replytemplate SET is_active = false WHERE id = %s", [row.pk])
    assert found("退款", facets=[["on"]]) == [] and found("退款") == [row.pk]
    assert found("退款", facets=[["on"], []]) == []


def test_few_rows_are_looked_through_with_the_same_answer(bare):
    rows = made("退款 a", "退款流程 b", "其它 c")
    among = ReplyTemplate.objects.filter(pk__in=[row.pk for row in rows[:2]])
    for words in ("退款", "退款流程", "a", "其它"):
        assert found(words, among=among, few=True) == found(words, among=among)
    assert found("退款", among=ReplyTemplate.objects.none()) == []


def test_words_follow_every_way_of_writing(bare):
    row = ReplyTemplate.objects.create(name="", language="en", body="one")
    assert found("one") == [row.pk]
    row.body = "two"
    row.save(update_fields=["body"])
    assert found("two") == [row.pk] and found("one") == []
    ReplyTemplate.objects.update(body="three")
    assert found("three") == [row.pk]
    row.body = "four"
    ReplyTemplate.objects.bulk_update([row], ["body"])
    assert found("four") == [row.pk] and found("three") == []
    row.delete()
    assert found("four") == [] and not TemplateWords.objects.exists()


def test_what_is_not_searched_costs_no_words(bare):
    (row,) = made("one")
    with CaptureQueriesContext(connection) as asked:
        row.is_active = True
        row.save(update_fields=["is_active"])
    assert not any("INSERT INTO \"knowledge_templatewords" in query["sql"] for query in asked)


def test_a_rolled_back_write_leaves_no_words(bare):
    with pytest.raises(IntegrityError), transaction.atomic():
        made("退款")
        ReplyTemplate.objects.create(name="", language="en", body="refund")
        ReplyTemplate.objects.bulk_create([ReplyTemplate(pk=row.pk) for row in ReplyTemplate.objects.all()])
    assert found("退款") == found("refund") == [] and not TemplateWords.objects.exists()


def test_a_text_of_100000_characters_without_a_language_is_taken(bare):
    chance = random.Random(1)
    body = "首字" + "".join(chr(chance.randrange(0x4E00, 0x9FA5)) for _n in range(100_000))
    (row,) = made(body)
    assert found("首字") == [row.pk]


# --- The rebuild ----------------------------------------------------------------------------------------------


def lost(*bodies):
    """Rows as an older version wrote them: without words."""
    rows = made(*bodies)
    TemplateWords.objects.all().delete()
    SearchProgress.objects.all().delete()
    return rows


def test_a_rebuild_that_is_killed_goes_on_where_it_stopped(bare):
    rows = lost(*(f"word{n}" for n in range(10)))
    work = search.rebuild(TemplateWords, batch=3)
    next(work), next(work)
    work.close()  # killed between two batches
    assert TemplateWords.objects.count() == 6
    with CaptureQueriesContext(connection) as asked:
        call_command("search_index", batch=3, verbosity=0)
    written = [query["sql"] for query in asked if 'INSERT INTO "knowledge_templatewords' in query["sql"]]
    assert TemplateWords.objects.count() == 10 and len(written) == 2
    assert found("word7") == [rows[7].pk]


def test_a_batch_that_fails_leaves_neither_words_nor_progress(bare, monkeypatch):
    lost("one", "two", "three")
    work = search.rebuild(TemplateWords, batch=2)
    next(work)
    monkeypatch.setattr(SearchProgress, "save", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        next(work)
    monkeypatch.undo()
    assert TemplateWords.objects.count() == 2 and SearchProgress.objects.get().done_at is None
    call_command("search_index", verbosity=0)
    assert TemplateWords.objects.count() == 3


def test_a_second_run_does_nothing_and_a_rebuild_repairs(bare):
    (row,) = lost("one")
    call_command("search_index", verbosity=0)
    TemplateWords.objects.update(tokens="'0:wrong'")
    call_command("search_index", verbosity=0)
    assert found("one") == []
    call_command("search_index", rebuild=True, verbosity=0)
    assert found("one") == [row.pk] and SearchProgress.objects.exclude(done_at=None).count() == len(search.tables())
