"""Whether the search finds every row that a sequential scan finds: `python -m benchmarks.recall [tickets] [file …]`.

One scan of each table answers all questions at once; the search answers each by its index. Compared are the number of
rows and the sum of their ids. The lines of the files named are added as messages, so that real texts are asked, too:
besides the questions here, two neighbouring Chinese characters or the beginning of a word of some of the lines.
"""

import random
import re
import sys
from pathlib import Path

from benchmarks.ground import empty

SEED, LIMIT, SAMPLED = 20261122, 100_000_000, 150
WORD, NO_WORD = "(?<![a-z0-9])", "(?![a-z0-9])"
HAN, LATIN = re.compile("[\u4e00-\u9fff]{2,}"), re.compile("[A-Za-z]{4,}")
# What is typed, and what a scan looks for: a piece of the text, or a regular expression.
PIECES = ["退款", "师傅", "漏水", "净水机", "三个工作日内", "重复扣款", "水", "飞碟"]
PATTERNS = {
    "refund": f"{WORD}refund", "ref": f"{WORD}ref", "75": f"{WORD}75{NO_WORD}", "e4": f"{WORD}e4{NO_WORD}",
    "refunds": f"{WORD}refund(s|ed|ing)?{NO_WORD}|{WORD}refunds",
    "leaking": f"{WORD}leak(s|ed|ing)?{NO_WORD}|{WORD}leaking",
    "zephyrine": f"{WORD}zephyrine",
}  # fmt: skip


def questions(lines: list[str]) -> dict[str, tuple[str, str]]:
    """{what is typed: (operator of the scan, what it looks for)}"""
    asked = {text: ("LIKE", f"%{text}%") for text in PIECES} | {text: ("~", one) for text, one in PATTERNS.items()}
    chance = random.Random(SEED)
    for line in chance.sample(lines, min(SAMPLED, len(lines))):
        if found := HAN.findall(line):
            run = chance.choice(found)
            start = chance.randrange(len(run) - 1)
            asked[run[start : start + 2]] = ("LIKE", f"%{run[start : start + 2]}%")
        elif found := LATIN.findall(line):  # a beginning that is no whole word has no other forms
            beginning = chance.choice(found).lower()[:3]
            asked[beginning] = ("~", f"{WORD}{beginning}")
    return asked


def scan(words, asked: dict[str, tuple[str, str]]) -> list[tuple[int, int]]:
    """(rows, sum of their ids) for each question, by one reading of the whole table."""
    from django.db import connection

    names = [f"hit{number}" for number in range(len(asked))]
    counted = ", ".join(f"count(*) FILTER (WHERE {name}), coalesce(sum(id) FILTER (WHERE {name}), 0)" for name in names)
    looked = ", ".join(f"text {sign} %s AS {name}" for name, (sign, _one) in zip(names, asked.values(), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {counted} FROM (SELECT id, {looked} FROM (SELECT r.id, lower(normalize({words.TEXT}, NFKC)) "
            f'AS text FROM "{words.source()._meta.db_table}" r OFFSET 0) one OFFSET 0) two',
            [one for _sign, one in asked.values()],
        )
        found = list(map(int, cursor.fetchone()))
    return list(zip(found[::2], found[1::2], strict=True))


def recall(lines: tuple[str, ...] | list[str] = ()) -> None:
    from core import search
    from core.finding import Sought, newest

    asked = questions(list(lines))
    for words in search.tables():
        whole = missed = 0
        for text, (rows, ids) in zip(asked, scan(words, asked), strict=True):
            found = newest(words, Sought(words=text), limit=LIMIT)
            if (len(found), sum(found)) != (rows, ids):
                missed += 1
                print(f"{words.__name__}: {text!r}: {len(found)} found, {rows} by the scan")
            whole += rows
        print(f"{words.__name__}: {len(asked)} questions, {whole:,} hits, {missed} questions answered otherwise")


def add(lines: list[str]) -> None:
    """As messages on the first ticket."""
    from tickets.models import Post, Ticket

    ticket = Ticket.objects.order_by("pk")[0]
    rows = (Post(ticket=ticket, kind="inbound", channel="mail", body=line) for line in lines)
    Post.objects.bulk_create(rows, batch_size=2000)


def read(paths: list[str]) -> list[str]:
    texts = (line.strip() for path in paths for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [line for line in texts if len(line) > 1]


def main() -> None:
    size, lines = int((sys.argv[1:2] or ["10000"])[0]), read(sys.argv[2:])
    with empty("recall"):
        from benchmarks.seeding import Seeding
        from core.management.commands.defaults import fill_all

        fill_all()
        Seeding(size).run()
        add(lines)
        print(f"{size:,} tickets, {len(lines):,} lines more", flush=True)
        recall(lines)


if __name__ == "__main__":
    main()
