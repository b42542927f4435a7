"""Devices as views and questions: how they stand, and how much of a period each served, reckoned by hand beside it."""
import psycopg2
import pytest

from stack import AREA
from store_probe import connect, filled_town, sql
from store_rows import build_town, insert

HOUR = 3600
DAY = 24 * HOUR
# (device, when, what, online, fault): d1 half the time away, d2 out of order for half a day and taken down for ten, d3 in another unit
STORY = [
    ("d1", "2025-01-01T00:00+08", "online", True, False), ("d1", "2025-01-11T00:00+08", "offline", False, False),
    ("d1", "2025-01-21T00:00+08", "online", True, False),
    ("d2", "2025-01-01T00:00+08", "online", True, False), ("d2", "2025-01-02T00:00+08", "fault", True, True),
    ("d2", "2025-01-02T06:00+08", "offline", False, True), ("d2", "2025-01-02T12:00+08", "online", True, False),
    ("d2", "2025-01-10T00:00+08", "removed", False, False), ("d2", "2025-01-20T00:00+08", "online", True, False),
    ("d3", "2025-01-15T00:00+08", "online", True, False),
]


@pytest.fixture(scope="module")
def town(workspace):
    with filled_town(workspace / "devices-postgresql", fill) as (cluster, probe):
        yield cluster, probe


def fill(cursor):
    build_town(cursor)
    for device, unit in (("d1", "village"), ("d2", "village"), ("d3", "room"), ("d4", "village"), ("d5", "village")):
        cursor.execute("insert into policegrid.device (area, id, kind, unit, silence_ms, active, changed_seq) values (%s, %s, 'camera', %s, 600000, %s, 1)"
                       " on conflict (area, id) do update set kind = 'camera', unit = excluded.unit, active = excluded.active",
                       (AREA, device, unit, device != "d5"))
    for device, online, fault in (("d1", True, False), ("d2", False, False), ("d3", True, True)):
        cursor.execute(*insert("device_status", area=AREA, device=device, online=online, fault=fault, since="2025-01-21", seen_at="now", revision=1,
                               timers="{}", live=True, born=1, changed_seq=1))
    for seq, (device, at, what, online, fault) in enumerate(STORY, 1):
        cursor.execute(*insert("device_event", area=AREA, device=device, seq=seq, ordinal=0, at=at, unit="village" if device != "d3" else "room", what=what,
                               online=online, fault=fault, fault_code="lens" if fault else None))


def availability(town, units, start="2025-01-01T00:00+08", until="2025-02-01T00:00+08", kind=None):
    return town[1].query("availability", AREA, units, kind, start, until, None)


def test_a_month_by_hand(town):
    answer = availability(town, "{village}")
    assert answer["total"] == 2
    d1, d2 = sorted(answer["devices"], key=lambda d: d["device"])
    assert (d1["measured_s"], d1["served_s"], d1["outages"], d1["longest_s"]) == (31 * DAY, 21 * DAY, 1, 10 * DAY)
    # a fault and the silence within it are one outage; what lies between being taken down and put up again is not measured
    assert (d2["measured_s"], d2["served_s"], d2["outages"]) == (21 * DAY, 21 * DAY - 12 * HOUR, 1)
    assert d2["offline_s"] == 6 * HOUR
    assert float(answer["percent"]) == round(100 * (21 * DAY + 21 * DAY - 12 * HOUR) / (52 * DAY), 2)
    assert [d["device"] for d in answer["devices"]] == ["d1", "d2"]  # the worst first


def test_the_view_says_the_same(town):
    rows = sql(town[0], "town", "select device, measured_s, served_s, outages from policegrid.device_availability where month = '2025-01' order by device")
    assert rows == [("d1", 31 * DAY, 21 * DAY, 1), ("d2", 21 * DAY, 21 * DAY - 12 * HOUR, 1), ("d3", 17 * DAY, 17 * DAY, 0)]
    # an outage counts in the month that it began in, and every month is cut where the town's month ends
    assert sql(town[0], "town", "select measured_s, outages from policegrid.device_availability where month = '2025-02' and device = 'd1'") == [(28 * DAY, 0)]


def test_a_part_of_a_period(town):
    d1 = next(d for d in availability(town, "{village}", "2025-01-10T00:00+08", "2025-01-12T00:00+08")["devices"] if d["device"] == "d1")
    assert (d1["measured_s"], d1["served_s"], d1["longest_s"], d1["outages"]) == (2 * DAY, DAY, DAY, 1)
    before = availability(town, "{village,room}", "2024-01-01T00:00+08", "2024-02-01T00:00+08")
    assert (before["total"], before["devices"], before["percent"]) == (0, [], None)


def test_only_of_the_units_that_may_be_seen(town):
    assert availability(town, "{}")["total"] == 0
    assert [d["device"] for d in availability(town, "{room}")["devices"]] == ["d3"]
    assert availability(town, "{village,room}", kind="panic")["total"] == 0


def test_how_they_stand(town):
    answer = town[1].query("devices", AREA, "{village,room}", None, None, None)
    # one that left the organisation is no device of the town's any more
    assert [(d["device"], d["state"]) for d in answer["devices"]] == [("d2", "offline"), ("d3", "fault"), ("d4", "never"), ("d1", "online")]
    assert (answer["total"], answer["online"], answer["fault"], answer["offline"], answer["never"]) == (4, 1, 1, 1, 1)
    assert [d["device"] for d in town[1].query("devices", AREA, "{village,room}", "camera", "never", "1")["devices"]] == ["d4"]
    assert town[1].query("devices", AREA, "{}", None, None, None)["total"] == 0


def test_what_one_did(town):
    story = town[1].query("device_history", AREA, "d2", "{village}", None, None, None)["history"]
    assert [h["what"] for h in story] == ["online", "removed", "online", "offline", "fault", "online"]
    assert town[1].query("device_history", AREA, "d2", "{room}", None, None, None)["history"] == []
    part = town[1].query("device_history", AREA, "d2", "{village}", "2025-01-02T00:00+08", "2025-01-03T00:00+08", "2")
    assert (part["total"], part["truncated"], [h["what"] for h in part["history"]]) == (3, True, ["online", "offline"])


def test_history_is_not_rewritten(town):
    connection = connect(town[0], "town")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="append-only"):
        connection.cursor().execute("update policegrid.device_event set what = 'online'")
    connection.close()
