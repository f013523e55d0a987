"""CSV files of any making: read in flat memory, by a map, bad rows set aside with line and reason."""

import csv
import stat
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core import import_maps, importing, pseudonyms
from core.import_maps import BadMap, BadRow, Field, Rule

TODAY = date(2026, 3, 31)
FIELDS = {
    "external_id": Field(longest=10, required=True), "spend": Field("decimal"), "stage": Field(choices=["a", "b"]),
}  # fmt: skip


def rule(kind="text", **spec):
    return Rule("field", kind, spec)


def write_map(folder, text):
    path = folder / "map.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def load(folder, text):
    return import_maps.load(write_map(folder, text), shipped=folder, fields=FIELDS, options={"x": 1})


GOOD = 'source = "s"\n[fields]\nexternal_id = "id"\nspend = { column = "spent", empty = "0" }\n'


class Keeper:
    """Saves into a list; refuses what it is told to."""

    def __init__(self, refused=()):
        self.kept, self.batches, self.refused = [], [], refused

    def check(self, record, today):
        if record.external_id in self.refused:
            raise BadRow("refused")

    def save(self, batch, now):
        self.batches.append(len(batch))
        self.kept += batch
        return importing.Tally(made=len(batch))


def run(tmp_path, content, text=GOOD, keeper=None):
    path = tmp_path / "in.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    keeper = keeper or Keeper()
    tally = importing.run(path, load(tmp_path, text), keeper, rejects=tmp_path / "out" / "r.csv")
    return tally, keeper


@pytest.mark.parametrize(
    ("made", "text", "value"),
    [
        (rule(column="c"), " x ", "x"),
        (rule(column="c"), "  ", None),
        (rule("decimal", column="c", empty="0"), "", Decimal(0)),
        (rule("decimal", column="c"), "1,889.50", Decimal("1889.50")),
        (rule(value="fixed"), "anything", "fixed"),
        (rule(column="c", values={"Yes": "decline"}), "Yes", "decline"),
        (rule(column="c", values={"Yes": "decline"}, otherwise="stable"), "?", "stable"),
        (rule("date", column="c", **{"as": "months_ago"}), "1", date(2026, 2, 28)),
        (rule("date", column="c", **{"as": "months_ago"}), "13", date(2025, 2, 28)),
        (rule("date", column="c", **{"as": "months_ago"}), "0", TODAY),
        (rule("date", column="c", format="%d.%m.%Y"), "24.12.2025", date(2025, 12, 24)),
        (rule(template="{c}: {d}"), "left", "left: right"),
        (rule(template="Zip {empty}\nHere {c}"), "left", "Here left"),
    ],
)
def test_a_rule_reads_its_value(made, text, value):
    assert made.read({"c": text, "d": "right", "empty": " "}, today=TODAY) == value


@pytest.mark.parametrize(
    ("local", "fold", "utc"),
    [
        ("3/8/2025 8:20", 0, datetime(2025, 3, 8, 13, 20, tzinfo=UTC)),
        ("3/10/2025 8:20", 0, datetime(2025, 3, 10, 12, 20, tzinfo=UTC)),
        ("3/9/2025 2:30", 0, datetime(2025, 3, 9, 7, 30, tzinfo=UTC)),
        ("11/2/2025 1:30", 0, datetime(2025, 11, 2, 5, 30, tzinfo=UTC)),
        ("11/2/2025 1:30", 1, datetime(2025, 11, 2, 6, 30, tzinfo=UTC)),
    ],
    ids=["winter", "summer", "skipped hour", "first of the repeated hour", "second of it"],
)
def test_local_times_become_instants(local, fold, utc):
    made = rule("datetime", column="c", format="%m/%d/%Y %H:%M", zone="America/New_York")
    assert made.read({"c": local}, today=TODAY, fold=fold) == utc


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (rule("decimal", column="c"), "abc"),
        (rule("decimal", column="c"), "NaN"),
        (rule("decimal", column="c"), "1e40"),
        (rule("integer", column="c"), "1.5"),
        (rule("date", column="c"), "31/31/2025"),
        (rule("date", column="c", **{"as": "months_ago"}), "-1"),
        (rule(column="c", values={"Yes": "x"}), "No"),
        (rule(column="c"), "a\0b"),
        (Rule("field", "text", {"column": "c"}, longest=3), "four"),
        (Rule("field", "text", {"column": "c"}, choices=["a"]), "b"),
        (Rule("field", "text", {"column": "c"}, required=True), " "),
    ],
)
def test_a_value_that_cannot_be_kept_is_refused_with_its_column(made, text):
    with pytest.raises(BadRow, match="^c: |months ago"):
        made.read({"c": text}, today=TODAY)


def test_a_pseudonym_is_the_same_for_the_same_record_and_many_differ():
    names = {pseudonyms.name_of(f"id-{number}") for number in range(500)}
    assert pseudonyms.name_of("7590-VHVEG") == pseudonyms.name_of("7590-VHVEG")
    assert len(names) > 450
    assert all(2 <= len(name) <= 3 for name in names)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("source = ", "Invalid"),
        ('source = "s"\n[fields]\n', "needs the field external_id"),
        ('[fields]\nexternal_id = "id"\n', "needs a source"),
        (GOOD + 'nme = "x"\n', "unknown field “nme”"),
        (GOOD + "[options]\nother = 1\n", "unknown option “other”"),
        (GOOD + 'stage = { colum = "x" }\n', "rule of “stage”"),
        (GOOD + 'stage = { column = "x", value = "y" }\n', "rule of “stage”"),
        (GOOD + 'stage = { column = "x", zone = "Mars" }\n', "time zone “Mars”"),
    ],
)
def test_a_bad_map_is_refused_in_one_line(tmp_path, text, says):
    with pytest.raises(BadMap, match=says) as caught:
        load(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_map_that_is_not_there_names_the_shipped_ones(tmp_path):
    (tmp_path / "telco.toml").write_text(GOOD)
    assert import_maps.load("telco", shipped=tmp_path, fields=FIELDS, options={}).source == "s"
    with pytest.raises(BadMap, match="No mapping file “nothing”; give a path, or one of: telco"):
        import_maps.load("nothing", shipped=tmp_path, fields=FIELDS, options={})


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_usual_encoding_is_read(tmp_path, encoding):
    text = 'source = "s"\n[fields]\nexternal_id = "编号"\n'
    tally, keeper = run(tmp_path, "编号,说明\r\n客户一,鎔基\r\n".encode(encoding), text)
    assert [record.external_id for record in keeper.kept] == ["客户一"]
    assert keeper.kept[0].row["说明"] == "鎔基"


@pytest.mark.django_db
def test_bad_rows_go_aside_with_line_and_reason_and_the_good_ones_load(tmp_path):
    content = 'id,spent\n1,10\n2,"a\nb"\n\n3\n4,5\n,7\nbad,1\n5,\n'
    tally, keeper = run(tmp_path, content, keeper=Keeper(refused={"bad"}))
    assert [record.external_id for record in keeper.kept] == ["1", "4", "5"]
    assert (tally.read, tally.made, tally.rejected) == (7, 3, 4)
    path = tmp_path / "out" / "r.csv"
    rows = list(csv.reader(path.open(encoding="utf-8-sig")))
    assert [row[0] for row in rows] == ["line", "3", "6", "8", "9"]
    assert "no number" in rows[1][1]
    assert rows[2][1] == "1 cells where the first line has 2"
    assert rows[3][1:] == ["id: is empty", "", "7"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.django_db
def test_a_clean_run_removes_the_rejects_of_the_last_one(tmp_path):
    run(tmp_path, "id,spent\n1,x\n")
    assert (tmp_path / "out" / "r.csv").exists()
    run(tmp_path, "id,spent\n1,2\n")
    assert not (tmp_path / "out" / "r.csv").exists()


@pytest.mark.django_db
def test_an_unclosed_quote_costs_its_stretch_not_the_file(tmp_path):
    content = "id,spent\n1,1\n2,\"open\n" + "x,1\n" * 40_000 + "9,9\n"
    tally, keeper = run(tmp_path, content)
    assert {"1", "9"} <= {record.external_id for record in keeper.kept}
    assert "field larger" in (tmp_path / "out" / "r.csv").read_text(encoding="utf-8-sig")


@pytest.mark.django_db
def test_unreadable_bytes_cost_their_row(tmp_path):
    tally, keeper = run(tmp_path, b"id,spent\n" + "好,1\n".encode("gb18030") + b"\xff\xff,2\n3,3\n")
    assert [record.external_id for record in keeper.kept] == ["好", "3"]
    assert tally.rejected == 1


@pytest.mark.django_db
def test_a_second_row_of_an_id_comes_in_a_later_batch(tmp_path):
    _tally, keeper = run(tmp_path, "id,spent\n1,1\n2,2\n1,3\n")
    assert keeper.batches == [2, 1]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "says"), [("id,x\n1,2\n", "no column “spent”"), ("", "no column"), ("id,spent,id\n", "two columns")]
)
def test_a_file_without_the_columns_is_refused_in_one_line(tmp_path, content, says):
    with pytest.raises(importing.BadFile, match=says):
        run(tmp_path, content)


@pytest.mark.django_db
def test_memory_stays_flat_however_long_the_file(tmp_path):
    class Counter(Keeper):
        def save(self, batch, now):
            return importing.Tally(made=len(batch))

    def peak(count):
        content = "id,spent\n" + "".join(f"{number},{'9' * 11}\n" for number in range(count))
        (tmp_path / "in.csv").write_text(content)
        mapping = load(tmp_path, GOOD)
        tracemalloc.start()
        importing.run(tmp_path / "in.csv", mapping, Counter(), rejects=tmp_path / "r.csv")
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(20_000) < peak(2_000) * 2
