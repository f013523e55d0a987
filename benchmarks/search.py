"""The search at scale: `python -m benchmarks.search [tickets]` seeds a desk, writes its index and asks it.

Prints p50 and p95 of the palette and of the full page (all tabs counted, the first page drawn as rows) for English,
Chinese, mixed words and conditions, by an agent, a supervisor and an administrator; then pages deep and rare words;
and how many of the rows that one sequential scan of everything finds were found (`benchmarks.recall`).
"""

import os
import random
import resource
import statistics
import sys
import time
from functools import partial

from benchmarks.ground import empty
from benchmarks.lookup import fresh
from benchmarks.recall import recall

SEED, ASKED = 20261122, 20
RARE_ZH, RARE_EN = "蓝鲸灯塔", "zephyrine"
QUERIES = {
    "zh, common": ["退款", "师傅", "净水机", "投诉", "答复"],
    "zh, phrase": ["空气净化器", "三个工作日内", "扫地机器人", "重复扣款"],
    "zh, one character": ["水", "单", "我"],
    "zh, rare": [RARE_ZH, "鲸灯"],
    "zh, none": ["飞碟", "龙虾汤"],
    "en, common": ["refund", "water", "order", "the", "technician"],
    "en, stems": ["refunds", "ordering", "called", "leaking"],
    "en, beginning": ["ref", "tech", "pur"],
    "en, rare": [RARE_EN, RARE_EN[:6]],
    "figures": ["75", "20261001"],
    "mixed": ["退款 refund", "E4 报错", "净水机 E4", "refund week"],
    "two common": ["退款 师傅", "refund technician", "净水机 漏水"],
    "class, words": ["class:complaint 退款", "类别:投诉 净水机", "class:service refund"],
    "tier, words": ["tier:vip 退款", "等级:贵宾 refund"],
    "open, words": ["is:open 退款", "due<1d 净水机", "is:overdue refund"],
    "all conditions": ["class:complaint tier:vip due<1d 退款", "类别:投诉 等级:贵宾 到期<1天 净水机"],
    "conditions alone": ["class:complaint is:open", "is:overdue", "tier:vip", "owner:me", "opened>2026-11-01",
                         "opened<2025-06-01"],
    "customer": ["customer:王小雨 退款", "customer:Smith refund"],
    "without": ["退款 -师傅", "refund -technician", "净水机 -漏水需要维修"],
    "word for word": ['"nobody called back"', "“正在为您核实”"],
}


def plant() -> None:
    """A word that three posts in all have: the oldest, the middle and one of the newest."""
    from tickets.models import Post

    last = Post.objects.order_by("-pk").values_list("pk", flat=True)[0]
    for post in Post.objects.filter(pk__in=[3, last // 2, last - 100]):
        post.body += f" {RARE_ZH} {RARE_EN}"
        post.save(update_fields=["body"])


def write_index() -> None:
    """By the command, with the indexes made afterwards as one would for a first load; prints rates and sizes."""
    from django.db import connection

    from core import search

    for words in search.tables():
        index, table = words._meta.indexes[0].name, words._meta.db_table
        begun, rows = time.monotonic(), words.source()._base_manager.count()
        with connection.cursor() as cursor:
            cursor.execute(f'DROP INDEX "{index}"')
            for _last in search.rebuild(words, batch=5000):
                pass
            wrote = time.monotonic() - begun
            cursor.execute("SET maintenance_work_mem = '512MB'")
            cursor.execute(f'CREATE INDEX "{index}" ON "{table}" USING gin (tokens) WITH (fastupdate = off)')
            cursor.execute(f'VACUUM ANALYZE "{table}"')
            cursor.execute("SELECT pg_relation_size(%s) >> 20, pg_table_size(%s) >> 20", [index, table])
            index_size, table_size = cursor.fetchone()
        print(f"{words.__name__}: {rows:,} rows, {rows / max(wrote, 0.01):,.0f}/s, index made in "
              f"{time.monotonic() - begun - wrote:.0f} s, {index_size} MB index, {table_size} MB words", flush=True)


def measure() -> None:
    from desk import search, search_page
    from staff.models import Role, Team, User

    largest, smallest = Team.objects.order_by("pk").first(), Team.objects.order_by("pk").last()
    users = {
        "agent 40 %": User.objects.filter(team=largest, role=Role.AGENT).first(),
        "agent 10 %": User.objects.filter(team=smallest, role=Role.AGENT).first(),
        "supervisor": User.objects.filter(role=Role.SUPERVISOR).first(),
        "admin": User.objects.create(username="bench-admin", role=Role.ADMIN, display_name="admin"),
    }
    asks = {
        "palette": lambda text, user: search.find(text, fresh(user)),
        "page": lambda text, user: search_page.page(text, fresh(user)),
    }
    taken: dict[str, list[float]] = {name: [] for name in asks}
    print(f"{'asked':20} {'by':12} {'palette p50':>11} {'p95':>7} {'page p50':>9} {'p95':>7} ms")
    for kind, texts in QUERIES.items():
        for who, user in users.items():
            line = []
            for name, ask in asks.items():
                found = timed(ask, texts, user)
                taken[name] += found
                line += [cut(found, 50), cut(found, 95)]
            print(f"{kind:20} {who:12} {line[0]:11.1f} {line[1]:7.1f} {line[2]:9.1f} {line[3]:7.1f}", flush=True)
    for name, found in taken.items():
        print(f"{name}, everything together: p50 {cut(found, 50):.1f} ms, p95 {cut(found, 95):.1f} ms, "
              f"slowest {max(found):.1f} ms")
    deep(users["agent 40 %"])
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def deep(user) -> None:
    """Fifty pages down, the last costs what the first does."""
    from core.finding import newest
    from desk import search
    from desk.search_filters import resolve
    from tickets.models import PostWords

    asked = resolve("refund", user)
    ids = newest(PostWords, asked.sought, limit=1000, facets=asked.sight)
    if len(ids) == 1000:
        found = [_milliseconds(lambda: search.post_ids(asked, 21, before=ids[-1])) for _n in range(ASKED)]
        print(f"messages, page 51: p50 {cut(found, 50):.1f} ms")


def timed(ask, texts: list[str], user) -> list[float]:
    chance = random.Random(SEED)
    for text in texts:  # once, so that what is measured is warm
        ask(text, user)
    return [_milliseconds(partial(ask, chance.choice(texts), user)) for _n in range(ASKED)]


def _milliseconds(work) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def cut(taken: list[float], percent: int) -> float:
    return statistics.quantiles(taken, n=100)[percent - 1]


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with empty("search"):
        seed_and_measure(size)


def seed_and_measure(size: int) -> None:
    from core import search
    from core.management.commands.defaults import fill_all

    fill_all()
    search.forget_progress()  # of the empty tables
    from benchmarks.seeding import Seeding

    begun = time.monotonic()
    Seeding(size, with_words=False).run()
    print(f"{size:,} tickets seeded in {time.monotonic() - begun:.0f} s", flush=True)
    write_index()
    plant()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{time.monotonic() - begun:.0f} s in all, peak {peak} MB", flush=True)
    measure()
    recall()


if __name__ == "__main__":
    main()
