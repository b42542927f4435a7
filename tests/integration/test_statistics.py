"""Statistics on rows written by hand: what counts and what does not, in which month, who sees it in full, and from which rows it comes."""
import itertools
import json
import random
import uuid

import pytest

from stack import AREA, Cluster
from store_probe import Probe, connect, migrate, sql
from store_rows import UNIT, insert

OTHER = "999"
UNITS = [("command", 1, None), ("room", 2, "command"), ("east", 3, "room"), ("west", 3, "room"), ("hill", 3, "command")]
ALL = "{command,room,east,west,hill}"
NOBODY = "{}"
CATALOGUE = {
    "catalogue": "town", "version": 1,
    "report_kinds": {"burglary": {"sensitive": True}},
    "figures": {"criminal": {"title": {"zh": "刑事警情", "en": "criminal"}, "report": "incident", "where": {"class": ["criminal", "grave"]}},
                "wages": {"title": {"zh": "追回工资", "en": "wages"}, "task": "labour", "sum": "wages_amount"},
                "old": {"title": {"zh": "旧数", "en": "old"}}},
    "campaigns": {"summer": {"title": {"zh": "夏季行动", "en": "summer"}, "from": "2026-06-01", "until": "2026-06-30", "kinds": ["patrol", "nine-small"]}},
    "zero_days": {"burglary": {"title": {"zh": "零盗窃", "en": "no burglary"}, "report": "burglary", "baseline": "2021-03-01"},
                  "robbery": {"title": {"zh": "零抢劫", "en": "no robbery"}, "report": "incident", "where": {"kind": "robbery"}}},
}
DISPUTE, NINE = "a" * 64, "b" * 64


class Town:
    """Rows as the engine writes them; each helper returns the id."""

    def __init__(self, cursor):
        self.cursor, self.numbers = cursor, itertools.count(1)
        for unit, tier, parent in UNITS:
            cursor.execute(UNIT, (AREA, unit, tier, parent, unit, unit))
        cursor.execute(*insert("organisation", area=AREA, version=1, title="镇", title_en="town", utc_offset=480, body="{}", is_current=True,
                               applied_by="m1", applied_at="2020-01-01T00:00Z", changed_seq=1))
        cursor.execute(*insert("catalogue", area=AREA, version=1, hash="c" * 64, is_current=True, body=json.dumps(CATALOGUE), applied_by="m1",
                               applied_at="2020-01-01T00:00Z", changed_seq=1))
        for name, digest in (("dispute", DISPUTE), ("nine-small", NINE)):
            cursor.execute(*insert("playbook", area=AREA, hash=digest, name=name, version=1, title="t", title_en="t", body="{}", is_current=True,
                                   applied_by="m1", applied_at="2020-01-01T00:00Z", changed_seq=1))

    def number(self):
        return f"2026-{next(self.numbers):05}"

    def report(self, kind, unit, at, fields=None, state="recorded", occurred_at=None, reality="Actual", case=None, merged_into=None):
        row = str(uuid.uuid4())
        self.cursor.execute(*insert("report", area=AREA, id=row, number=self.number(), kind=kind, unit=unit, sender="m1", state=state,
                                    severity="Minor", reality=reality, received_at=at, occurred_at=occurred_at, revision=1, state_revision=1,
                                    case_id=case, merged_into=merged_into, fields=json.dumps(fields or {}), timers="{}", live=False, born=1,
                                    changed_seq=1))
        return row

    def case(self, playbook, unit, at, outcome=None, ended_at=None, origin=("duty", "nine"), results=None, reality="Actual"):
        row = str(uuid.uuid4())
        self.cursor.execute(*insert("work_case", area=AREA, id=row, number=self.number(), playbook=playbook, origin_type=origin[0],
                                    origin_id=origin[1], origin_unit=unit, reality=reality, results=json.dumps(results or {}), visits="{}",
                                    outcome=outcome, opened_at=at, ended_at=ended_at, timers="{}", live=False, born=1, changed_seq=1))
        return row

    def task(self, kind, unit, issued, done=None, result=None, step="check", case=None, reality="Actual", state=None, born=1, **more):
        row = str(uuid.uuid4())
        case = case or self.case(None, unit, issued)
        state = state or ("closed" if done else "issued")
        self.cursor.execute(*insert("task", area=AREA, id=row, number=self.number(), case_id=case, kind=kind, step=step, unit=unit, tier=3,
                                    handler=unit, origin_type="duty", origin_id="x", state=state, severity="Minor", reality=reality,
                                    audience="staff", revision=1, state_revision=1, base_at=issued, issued_at=issued, completed_at=done,
                                    ended_at=done if state == "closed" else None, card="none", hops=0, raised=0, late=0, unlisted=False,
                                    brief="{}", body=json.dumps({"result": result} if result is not None else {}), timers="{}",
                                    live=state != "closed", born=born, changed_seq=1, **{"returns": 0, **more}))
        return row

    def dispute(self, unit, at, source, outcome=None, subject="land", state="dispatched", reality="Actual"):
        case = self.case(DISPUTE, unit, at, outcome, at if outcome else None, ("report", "x"), {"sort": {"kind": subject}}, reality)
        return self.report("dispute", unit, at, {"source": source}, state, case=case, reality=reality)

    def imported(self, unit, month, figure, amount):
        self.cursor.execute(*insert("figure", area=AREA, unit=unit, month=month, figure=figure, amount=amount, imported_by="m1",
                                    imported_at="2026-01-01T00:00Z", changed_seq=1))

    def close(self, month, units):
        for unit, figures in units.items():
            self.cursor.execute(*insert("closed_month", area=AREA, unit=unit, month=month, closed_at="2026-11-02T00:00Z",
                                        figures=json.dumps(figures), changed_seq=1))


@pytest.fixture(scope="module")
def server(workspace):
    cluster = Cluster(workspace / "statistics-postgresql", fsync=False)
    cluster.start()
    sql(cluster, "postgres", "create database migrated")
    assert migrate(cluster, "migrated").returncode == 0
    yield cluster
    cluster.stop()


@pytest.fixture
def town(server):
    """An empty town, a way to ask, and a session for SQL."""
    name = f"town{next(_numbers)}"
    sql(server, "postgres", f"create database {name} template migrated")
    connection = connect(server, name)
    made = Town(connection.cursor())
    made.server, made.database = server, name
    made.probe = Probe(server.conninfo("policegrid_daemon", name))
    made.probe.ready()
    yield made
    made.probe.stop()
    connection.close()


_numbers = itertools.count(1)


def month(town, month, full=ALL, asked="{command}"):
    answer = town.probe.query("month", AREA, full, asked, month)
    assert answer is not None, town.probe.why
    return answer


def figures(answer, unit="command"):
    return {f["figure"]: f for f in next(u for u in answer["units"] if u["unit"] == unit)["figures"]}


def values(answer, unit="command"):
    return {name: f.get("value") for name, f in figures(answer, unit).items()}


OCTOBER = "2026-10-15T10:00:00+08:00"


# ---- what counts ----

def test_a_month_counts_reports_and_the_sums_of_their_numbers(town):
    town.report("patrol", "east", OCTOBER, {"people": 3, "lane": "north", "lit": True})
    town.report("patrol", "west", OCTOBER, {"people": 4, "month": 202610, "date": 20261015, "receipt": 7, "score": 90})
    town.report("patrol", "command", OCTOBER)
    answer = month(town, "2026-10", asked="{command,east}")
    assert values(answer)["reports.patrol"] == 3 and values(answer)["reports.patrol.people"] == 7
    assert values(answer, "east") == {"reports.patrol": 1, "reports.patrol.people": 3}
    assert figures(answer)["reports.patrol"]["own"] == 1
    assert not any(name in figure for figure in values(answer) for name in ("lane", "lit", "month", "date", "receipt", "score"))


def test_exercises_and_tests_count_nowhere(town):
    for reality in ("Exercise", "Test"):
        town.report("patrol", "east", OCTOBER, {"people": 3}, reality=reality)
        town.task("nine-small", "east", OCTOBER, OCTOBER, {"hazards": 2}, reality=reality, case=town.case(NINE, "east", OCTOBER, "done", OCTOBER, reality=reality))
        town.dispute("east", OCTOBER, "call", "settled", reality=reality)
        town.report("incident", "east", OCTOBER, {"class": "criminal"}, reality=reality)
        town.report("burglary", "east", "2026-10-20T00:00Z", reality=reality)
    assert values(month(town, "2026-10")) == {}
    assert town.probe.query("rate", AREA, ALL, ALL, "2026-01-01", "2026-12-31", "source", None)["rows"] == []
    assert town.probe.query("hazards", AREA, ALL, ALL, "2026-01-01", "2026-12-31", None)["rows"] == []
    assert town.probe.query("zero_days", AREA, "{east}")["counters"][0]["since"] == "2021-03-01"


def test_merged_and_dismissed_reports_count_nowhere(town):
    kept = town.report("incident", "east", OCTOBER)
    town.report("incident", "east", OCTOBER, state="merged", merged_into=kept)
    town.report("incident", "east", OCTOBER, state="dismissed")
    assert values(month(town, "2026-10")) == {"reports.incident": 1}


def test_another_town_in_the_same_database_counts_nowhere(town):
    town.cursor.execute(UNIT, (OTHER, "east", 3, None, "x", "x"))
    town.cursor.execute("insert into policegrid.report select (jsonb_populate_record(r, jsonb_build_object('area', %s, 'number', '2026-99999'))).*"
                        " from policegrid.report r where id = %s", (OTHER, town.report("patrol", "east", OCTOBER)))
    assert values(month(town, "2026-10")) == {"reports.patrol": 1}


def test_months_begin_and_end_at_midnight_in_the_town(town):
    town.report("patrol", "east", "2026-10-31T15:59:59Z")  # 23:59:59 in town
    town.report("patrol", "east", "2026-10-31T16:00:00Z")  # midnight: November
    town.report("patrol", "east", "2026-11-01T02:00:00Z", occurred_at="2026-10-31T10:00:00Z")  # told later, happened in October
    town.task("x", "east", "2026-10-31T15:59:59Z", "2026-10-31T16:00:00Z")
    october, november = (values(month(town, m)) for m in ("2026-10", "2026-11"))
    assert october["reports.patrol"] == 2 and november["reports.patrol"] == 1
    assert october["work.issued"] == 1 and "tasks.x" not in october and november["tasks.x"] == 1


def test_work_is_counted_by_how_it_was_done(town):
    late = dict(accept_by="2026-10-15T02:30Z", accepted_at="2026-10-15T03:00Z", finish_by="2026-10-16T00:00Z")
    town.task("x", "east", OCTOBER, "2026-10-17T00:00Z", returns=2, **late)
    town.task("x", "east", OCTOBER, "2026-10-15T12:00Z", {"households": 12}, step="tell", finish_by="2026-10-16T00:00Z", accepted_at="2026-10-15T02:05Z")
    town.task("x", "east", OCTOBER)
    answer = values(month(town, "2026-10"))
    assert {k: v for k, v in answer.items() if k.startswith("work.")} == {
        "work.issued": 3, "work.accepted": 2, "work.accepted_in_time": 1, "work.completed": 2, "work.completed_in_time": 1, "work.returned": 2}
    assert answer["tasks.x"] == 2 and answer["tasks.x.tell.households"] == 12


def test_figures_of_the_towns_own(town):
    town.report("incident", "east", OCTOBER, {"class": "criminal"})
    town.report("incident", "east", OCTOBER, {"class": "order"})
    town.task("labour", "east", OCTOBER, OCTOBER, {"wages_amount": 920000000000, "people": 1300})
    town.imported("east", "2025-10", "criminal", 4)
    answer = figures(month(town, "2026-10"))
    assert answer["criminal"]["value"] == 1 and answer["criminal"]["year_before"] == 4 and answer["criminal"]["change"] == -75.0
    assert answer["wages"]["value"] == 920000000000
    assert answer["tasks.labour.check.wages_amount"]["of"] == "fen" and "of" not in answer["tasks.labour.check.people"]
    assert values(month(town, "2025-10")) == {"criminal": 4}


def test_the_month_before_is_a_whole_month(town):
    """November's before is October whole, also its 31st; and a year before is the same month."""
    town.report("patrol", "east", "2026-10-31T10:00:00Z")
    town.report("patrol", "east", "2026-11-30T10:00:00Z")
    town.report("patrol", "east", "2025-11-30T15:59:59Z")
    answer = figures(month(town, "2026-11"))["reports.patrol"]
    assert (answer["value"], answer["month_before"], answer["year_before"]) == (1, 1, 1)
    for zone in ("UTC", "Asia/Shanghai", "America/New_York"):
        town.cursor.execute("set timezone to %s", (zone,))
        town.cursor.execute("select amount, month_before, year_before from policegrid.year_on_year where month = '2026-11' and unit = 'east'"
                            " and figure = 'reports.patrol'")
        assert town.cursor.fetchall() == [(1, 1, 1)], zone


def test_rounds_devices_and_points_are_counted_and_cards_not_named(town):
    town.cursor.execute("set session_replication_role = replica")  # the rest of these rooms is theirs
    for state in ("met", "missed", "missed", "open"):
        town.cursor.execute(*insert("duty_round", area=AREA, id=str(uuid.uuid4()), duty="patrol", unit="east", state=state, starts_at="2026-10-15T00:00Z",
                                    ends_at="2026-10-16T00:00Z", wanted=1, done=1 if state == "met" else 0, marks="{}",
                                    met_at="2026-10-15T01:00Z" if state == "met" else None, closed_at=None if state == "open" else "2026-10-16T00:00Z",
                                    timers="{}", live=False, born=1, changed_seq=1))
    for n, what in enumerate(("offline", "restored", "online")):
        town.cursor.execute(*insert("device_event", area=AREA, device="camera-1", seq=n + 1, ordinal=0, at=OCTOBER, unit="east", what=what, online=what != "offline",
                                    fault=False))
    for n, (kind, points) in enumerate((("base", 20), ("bonus", 5), ("redeem", -10), ("correct", -1))):
        town.cursor.execute(*insert("points_entry", area=AREA, card="20260001", number=n + 1, seq=n + 1, at=OCTOBER, period="2026-10", kind=kind, points=points,
                                    balance=50, origin_type="report", origin_id="r-1", unit="east", by_member="m1"))
    answer = values(month(town, "2026-10"))
    assert answer == {"rounds.patrol.met": 1, "rounds.patrol.missed": 2, "devices.offline": 1, "devices.restored": 1, "points.earned": 25, "points.redeemed": 10}
    assert "20260001" not in str(town.probe.query("trace", AREA, ALL, "{command}", "2026-10", "points.earned", None))


# ---- rates, chains, campaigns ----

def test_resolution_rate_by_source_unit_and_subject(town):
    for source, outcomes in {"canvassed": ["settled"] * 3 + [None], "call": ["settled"] * 4 + ["litigation"]}.items():
        for outcome in outcomes:
            town.dispute("east" if source == "call" else "west", OCTOBER, source, outcome, "debt" if outcome is None else "land")
    town.dispute("east", "2025-10-15T00:00Z", "call", "settled")  # another year
    town.report("dispute", "east", OCTOBER, {"source": "call", "kind": "land"}, "open")  # nobody has taken it up yet

    def rate(by, kind=None):
        answer = town.probe.query("rate", AREA, ALL, "{command}", "2026-01-01", "2026-12-31", by, kind)
        return {r["group"]: (r["received"], r["settled"], r["rate"]) for r in answer["rows"]}, answer

    rows, answer = rate("source")
    assert rows == {"canvassed": (4, 3, 75.0), "call": (6, 4, 66.7)} and (answer["received"], answer["settled"]) == (10, 7)
    assert rate("unit")[0] == {"west": (4, 3, 75.0), "east": (6, 4, 66.7)}
    assert rate("subject")[0] == {"land": (9, 7, 77.8), "debt": (1, 0, 0.0)}
    assert rate("month")[0] == {"2026-10": (10, 7, 70.0)} and rate(None, "hazard")[0] == {}


def inspection(town, unit, at, hazards, notice="none", left=()):
    case = town.case(NINE, unit, at, "clean" if hazards == 0 else None, at if hazards == 0 else None)
    town.task("nine-small", unit, at, at, {"hazards": hazards, "notice": notice}, case=case, born=1)
    for n, remains in enumerate(left):
        town.task("nine-small", unit, at, at, {"left": remains}, step="recheck", case=case, born=2 + n)


def test_the_chain_of_hazards_reconciles(town):
    for _ in range(5):
        inspection(town, "east", OCTOBER, 0)
    inspection(town, "east", OCTOBER, 0, "written")  # a notice without a hazard is none
    inspection(town, "east", OCTOBER, 3, "written", [1, 0])
    inspection(town, "east", OCTOBER, 2, "written", [1])
    inspection(town, "west", OCTOBER, 4)
    row, = town.probe.query("hazards", AREA, ALL, "{command}", "2026-10-01", "2026-10-31", None)["rows"]
    assert row == {"group": "nine-small", "checked": 9, "with_hazard": 3, "notices": 2, "hazards": 9, "rectified": 4, "open": 3}
    answer = values(month(town, "2026-10"))
    assert [answer["hazards." + n] for n in ("checked", "found_at", "notices", "found", "rectified")] == [9, 3, 2, 9, 4]


def test_a_chain_reconciles_whatever_was_done(town):
    chance = random.Random(20)
    for _ in range(120):
        hazards = chance.choice([0, 0, 1, 5])
        inspection(town, chance.choice(["east", "west"]), OCTOBER, hazards, chance.choice(["none", "written"]),
                   [chance.randint(0, hazards) for _ in range(chance.randint(0, 3))])
    for by in ("unit", "month", "kind", "place_kind"):
        for row in town.probe.query("hazards", AREA, ALL, ALL, "2026-10-01", "2026-10-31", by)["rows"]:
            assert row["checked"] >= row["with_hazard"] >= row["notices"] and row["rectified"] <= row["hazards"], row


def test_a_campaign_sums_its_kinds_over_its_days(town):
    for at in ("2026-05-31T15:59:59Z", "2026-05-31T16:00:00Z", "2026-06-30T15:59:59Z", "2026-06-30T16:00:00Z"):
        town.report("patrol", "east", at, {"dissuaded": 10})
        town.report("visit", "east", at)
    inspection(town, "west", "2026-06-10T00:00Z", 3)
    campaign, = town.probe.query("campaigns", AREA, ALL, "{command}", None)["campaigns"]
    totals = {f["figure"]: f["value"] for f in campaign["figures"]}
    assert totals["reports.patrol"] == 2 and totals["reports.patrol.dissuaded"] == 20 and totals["hazards.found"] == 3
    assert not any("visit" in figure for figure in totals)
    assert (campaign["from"], campaign["until"], campaign["running"]) == ("2026-06-01", "2026-06-30", False)
    assert town.probe.query("campaigns", AREA, ALL, "{command}", "winter")["campaigns"] == []


def test_days_without_count_from_the_latest_or_the_baseline(town):
    def days(counter="burglary"):
        return {c["unit"]: (c.get("days"), c.get("latest")) for c in town.probe.query("zero_days", AREA, ALL)["counters"] if c["counter"] == counter}

    town.cursor.execute("select (now() at time zone 'UTC' + interval '8 hours')::date - date '2021-03-01',"
                        " ((now() at time zone 'UTC' + interval '8 hours')::date - 5)::text, now() - interval '5 days'")
    since_baseline, day, five_days_ago = town.cursor.fetchone()
    assert set(days().values()) == {(since_baseline, None)}
    town.report("burglary", "east", "2020-01-01T00:00Z")  # before the baseline: counts from the baseline
    assert days()["east"] == (since_baseline, None)
    town.report("burglary", "east", five_days_ago)
    town.report("burglary", "east", "2024-01-01T00:00Z")
    answer = days()
    assert answer["east"] == answer["room"] == answer["command"] == (5, day) and answer["west"] == (since_baseline, None)
    assert days("robbery")["east"] == (None, None)  # neither a baseline nor a robbery: nothing to count from
    town.report("incident", "east", five_days_ago, {"kind": "robbery"})
    town.report("incident", "west", five_days_ago, {"kind": "quarrel"})
    assert days("robbery")["east"] == (5, day) and days("robbery")["west"] == (None, None)


def test_units_are_ranked_and_ties_share_a_place(town):
    for unit, n in (("east", 3), ("west", 3), ("hill", 1)):
        for _ in range(n):
            town.report("patrol", unit, OCTOBER)
    rows = town.probe.query("ranking", AREA, ALL, ALL, "2026-10", "reports.patrol", None)["rows"]
    assert [(r["place"], r["unit"], r["value"]) for r in rows] == [(1, "east", 3), (1, "west", 3), (3, "hill", 1)]
    rows = town.probe.query("ranking", AREA, ALL, ALL, "2026-10", "reports.patrol", "2")["rows"]
    assert [(r["place"], r["unit"], r["value"]) for r in rows] == [(1, "room", 6)]


def test_a_period_of_days(town):
    town.imported("east", "2022-05", "old", 1890)
    for _ in range(6):
        town.report("patrol", "west", OCTOBER)
    answer = town.probe.query("period", AREA, ALL, "{room}", "2021-01-01", "2026-12-31")
    assert {f["figure"]: f["value"] for f in answer["figures"]} == {"old": 1890, "reports.patrol": 6}
    answer = town.probe.query("period", AREA, ALL, "{east}", "2026-01-01", "2026-12-31")
    assert answer["figures"] == []


# ---- every figure can be traced ----

def busy(town, seed=7):
    chance = random.Random(seed)
    for _ in range(60):
        unit = chance.choice(["command", "room", "east", "west", "hill"])
        at = f"2026-{chance.choice([9, 10])}-{chance.randint(1, 28):02}T10:00:00Z"
        what = chance.randint(0, 5)
        if what == 0:
            town.dispute(unit, at, "call", chance.choice(["settled", None, "litigation"]))
        elif what == 1:
            inspection(town, unit, at, chance.randint(0, 4), chance.choice(["none", "written"]), [0])
        elif what == 2:
            town.report("incident", unit, at, {"class": chance.choice(["criminal", "order"]), "people": chance.randint(0, 9)})
        elif what == 3:
            town.task("labour", unit, at, at, {"wages_amount": chance.randint(1, 10**9)})
        else:
            town.report(chance.choice(["patrol", "burglary", "visit"]), unit, at, {"people": chance.randint(1, 20)}, reality=chance.choice(["Actual", "Actual", "Test"]))
    town.imported("east", "2026-09", "old", 12)


def test_every_figure_can_be_traced_to_its_rows(town):
    busy(town)
    traced = 0
    for name in ("2026-09", "2026-10"):
        for unit in ("command", "room", "east"):
            for figure, value in values(month(town, name, asked=f"{{{unit}}}"), unit).items():
                if value == 0:
                    continue
                trace = town.probe.query("trace", AREA, ALL, f"{{{unit}}}", name, figure, "500")
                assert trace["value"] == value == sum(r["amount"] for r in trace["rows"]), (name, unit, figure)
                for row in trace["rows"]:
                    table = {"report": "report", "task": "task", "case": "work_case"}.get(row["source"])
                    if table:
                        town.cursor.execute(f"select reality from policegrid.{table} where id = %s and number = %s", (row["id"], row["number"]))
                        assert town.cursor.fetchall() == [("Actual",)]
                traced += 1
    assert traced > 60


def test_a_trace_shows_only_what_the_asker_reads(town):
    town.report("patrol", "east", OCTOBER)
    town.report("patrol", "west", OCTOBER)
    trace = town.probe.query("trace", AREA, "{east}", "{east,room}", "2026-10", "reports.patrol", None)
    assert trace["value"] == 1 and [r["unit"] for r in trace["rows"]] == ["east"]
    trace = town.probe.query("trace", AREA, ALL, "{command}", "2026-10", "reports.patrol", "1")
    assert (trace["value"], trace["total"], trace["truncated"], len(trace["rows"])) == (2, 2, True, 1)


def test_the_sum_of_months_is_an_independent_count(town):
    busy(town, 8)
    town.cursor.execute("select to_char(coalesce(occurred_at, received_at) at time zone 'Asia/Shanghai', 'YYYY-MM') as m, kind, count(*)"
                        " from policegrid.report where reality = 'Actual' and state not in ('merged', 'dismissed') group by 1, 2")
    counted = {(m, f"reports.{kind}"): n for m, kind, n in town.cursor.fetchall()}
    told = {(m, figure): value for m in ("2026-09", "2026-10") for figure, value in values(month(town, m)).items()
            if figure.startswith("reports.") and figure.count(".") == 1 and value}
    assert told == counted and len(told) > 6


# ---- walls ----

def wall(town, name="2026-10"):
    """{unit: {figure: value or None}} as the retained documents show it."""
    return {u["unit"]: {f["figure"]: f.get("value") for f in json.loads(u["months"])[0]["figures"]} for u in month_documents(town, name)}


def month_documents(town, name, back="0"):
    answer = town.probe.query("month_documents", AREA, name, back)
    assert answer is not None, town.probe.why
    return answer["units"]


def test_work_for_named_readers_alone_is_not_on_walls(town):
    """A village's mark is no figure of anybody's wall; work of which one step is for all readers is."""
    for name, digest, audiences in (("assessment", "d" * 64, ["named", "named"]), ("matter", "e" * 64, ["named", "all"])):
        body = json.dumps({"steps": {f"s{n}": {"audience": audience} for n, audience in enumerate(audiences)}})
        town.cursor.execute(*insert("playbook", area=AREA, hash=digest, name=name, version=1, title="t", title_en="t", body=body, is_current=True,
                                    applied_by="m1", applied_at="2020-01-01T00:00Z", changed_seq=1))
        for _ in range(4):
            town.task(name, "east", OCTOBER, OCTOBER, {"mark": 80}, step="s0")
    shown = wall(town)
    assert not any("assessment" in figure for unit in shown.values() for figure in unit)
    assert shown["east"]["tasks.matter"] == 4


def test_small_cells_and_sensitive_kinds_are_not_on_walls(town):
    for unit, n in (("east", 2), ("west", 6), ("hill", 7)):
        for _ in range(n):
            town.report("patrol", unit, OCTOBER, {"people": 50})
    for _ in range(9):
        town.report("burglary", "west", OCTOBER)
    shown = wall(town)
    assert shown["east"]["reports.patrol"] is None
    assert shown["east"]["reports.patrol.people"] is None  # 100 people, but told of in 2 reports
    assert shown["west"]["reports.patrol"] is None  # or east would be what is left of the room's
    assert shown["room"]["reports.patrol"] == 8 and shown["command"]["reports.patrol"] == 15 and shown["hill"]["reports.patrol"] == 7
    assert not any("burglary" in figure for unit in shown.values() for figure in unit)
    # a member who reads only the town's wall is told the same; one who reads the unit in full, everything
    assert values(month(town, "2026-10", full=NOBODY, asked="{east}"), "east") == shown["east"]
    assert values(month(town, "2026-10", full="{east}", asked="{east}"), "east")["reports.patrol"] == 2
    assert values(month(town, "2026-10", full="{east}", asked="{room}"), "room") == shown["room"]


def parts_of(unit, own, totals):
    children = [u for u, _, parent in UNITS if parent == unit]
    return [own.get(unit, 0)] + [totals.get(child, 0) for child in children], children


@pytest.mark.parametrize("seed", range(4))
def test_what_is_withheld_cannot_be_had_by_subtraction(town, seed):
    """Whatever the numbers: no equation 'total = own + units below' of the wall leaves one unknown, or unknowns that are small together."""
    chance = random.Random(seed)
    months = [f"{year}-{n:02}" for year in (2021,) for n in range(1, 13)]
    for name in months:
        for unit, _, _ in UNITS:
            town.imported(unit, name, "old", chance.choice([0, 0, 1, 2, 3, 4, 9]))
    hidden = 0
    for name in months:
        town.cursor.execute("select unit, amount from policegrid.figure where month = %s", (name,))
        own = dict(town.cursor.fetchall())
        totals = {u: sum(own[v] for v, _, _ in UNITS if v == u or u in lines(v)) for u, _, _ in UNITS}
        shown = wall(town, name)
        value = {u: shown[u].get("old", 0) for u, _, _ in UNITS}
        for unit, _, _ in UNITS:
            assert value[unit] in (None, totals[unit])
            assert totals[unit] not in (1, 2) or value[unit] is None
            parts, children = parts_of(unit, own, totals)
            unknown = [own[unit]] if own[unit] else []  # a unit's own number is on no wall, it is only what is left
            unknown += [totals[c] for c in children if value[c] is None]
            if children and value[unit] is not None and any(value[c] is None for c in children):
                assert len(unknown) >= 2 and sum(unknown) >= 3, (name, unit, own, value)
            if children and value[unit] is not None and not any(value[c] is None for c in children):
                assert own[unit] not in (1, 2), (name, unit, own, value)
            if children and value[unit] is None and own[unit] == 0:  # or the units below would add up to it
                assert any(value[c] is None for c in children), (name, unit, own, value)
        hidden += sum(v is None for v in value.values())
    assert hidden > 5


def lines(unit):
    parents = {u: parent for u, _, parent in UNITS}
    while parents[unit]:
        unit = parents[unit]
        yield unit


def test_a_rate_on_a_wall_tells_no_single_matter(town):
    for _ in range(5):
        town.dispute("east", OCTOBER, "call", "settled")
    for _ in range(2):
        town.dispute("west", OCTOBER, "call", "settled")
    for outcome in ["settled"] * 4 + [None]:
        town.dispute("hill", OCTOBER, "call", outcome)
    answer = town.probe.query("rate", AREA, NOBODY, "{command}", "2026-01-01", "2026-12-31", "unit", None)
    assert [r["group"] for r in answer["rows"]] == ["east"] and answer["received"] is None
    assert len(town.probe.query("rate", AREA, ALL, "{command}", "2026-01-01", "2026-12-31", "unit", None)["rows"]) == 3


# ---- closed months ----

def books(town, now, back=13):
    town.cursor.execute("select (extract(epoch from %s::timestamptz) * 1000)::bigint", (now,))
    return town.probe.query("month_books", AREA, str(town.cursor.fetchone()[0]), str(back))


def test_a_month_closes_a_day_after_its_end_oldest_first(town):
    town.report("patrol", "east", "2026-08-15T00:00Z")
    town.report("patrol", "east", OCTOBER)
    assert books(town, "2026-09-01T15:59:59Z") == {}
    closing = books(town, "2026-09-01T16:00:00Z")["close"]
    assert closing["month"] == "2026-08" and closing["units"]["east"] == {"reports.patrol": [1, 1]} and closing["units"]["west"] == {}
    assert books(town, "2026-11-03T00:00Z")["close"]["month"] == "2026-08"
    town.close("2026-08", closing["units"])
    assert books(town, "2026-11-03T00:00Z")["close"]["month"] == "2026-09"  # nothing happened in it, and that is closed too


def test_corrections_of_a_closed_month_are_found_and_marked(town):
    for _ in range(4):
        town.report("patrol", "east", OCTOBER)
    town.close("2026-10", books(town, "2026-11-03T00:00Z")["close"]["units"])
    assert books(town, "2026-11-03T00:00Z") == {}
    town.report("patrol", "east", "2026-11-02T01:00Z", occurred_at="2026-10-31T10:00Z")
    assert books(town, "2026-11-03T00:00Z")["correct"] == {"month": "2026-10", "units": {"east": {
        "closed_at": 1793577600000, "closed": {"reports.patrol": [4, 4]}, "now": {"reports.patrol": [5, 5]}}}}
    assert values(month(town, "2026-10"))["reports.patrol"] == 5
    assert figures(month(town, "2026-10"))["reports.patrol"]["closed"] == 4  # the book, beside what the rows say now
    assert wall(town)["east"] == {"reports.patrol": 4}  # the wall shows the book until it is corrected
    town.cursor.execute("update policegrid.closed_month set corrected = '{\"reports.patrol\": [5, 5]}', corrected_at = now() where unit = 'east'")
    assert books(town, "2026-11-03T00:00Z") == {}
    document = json.loads(next(u for u in month_documents(town, "2026-10") if u["unit"] == "east")["months"])[0]
    assert document["state"] == "closed" and document["figures"] == [{"figure": "reports.patrol", "value": 5, "corrected": True}]
    with pytest.raises(Exception, match="never closed again"):
        town.cursor.execute("update policegrid.closed_month set figures = '{}' where unit = 'east'")


def test_a_document_has_every_unit_and_the_same_months_a_year_before(town):
    for _ in range(10):
        town.report("patrol", "east", "2026-11-15T00:00Z")
        town.report("patrol", "east", OCTOBER)
    town.imported("east", "2025-10", "old", 5)
    documents = month_documents(town, "2026-11", "3")
    assert {u["unit"] for u in documents} == {u for u, _, _ in UNITS}
    east = next(u for u in documents if u["unit"] == "east")
    months = json.loads(east["months"])
    assert [m["month"] for m in months] == ["2026-11", "2026-10", "2026-09", "2026-08"] and east["tier"] == 3
    october = {f["figure"]: f for f in months[1]["figures"]}
    assert october["old"] == {"figure": "old", "value": 0, "year_before": 5} and october["reports.patrol"]["year_before"] == 0
    november = {f["figure"]: f for f in months[0]["figures"]}
    assert november == {"reports.patrol": {"figure": "reports.patrol", "value": 10}}  # a year before there was no record at all


# ---- dashboards ----

VIEWS = ["figure_row", "month_figure", "month_closed", "year_on_year", "hazard_chain", "resolution", "campaign_total", "zero_days", "unit_ranking",
         "town_month", "unit_line"]


def test_dashboards_read_the_views_and_no_words(town):
    busy(town)
    for view in VIEWS:
        assert sql(town.server, town.database, f"select count(*) >= 0 from policegrid.{view} where area = %s", AREA, user="policegrid_reader") == [(True,)]
    assert sql(town.server, town.database, "select count(*) > 0 from policegrid.public_cells(%s, '2026-10')", AREA, user="policegrid_reader") == [(True,)]
    columns = {row[0] for row in sql(town.server, town.database, "select column_name from information_schema.columns where table_schema = 'policegrid'"
                                     " and table_name = any(%s)", VIEWS)}
    assert not columns & {"note", "words", "sender", "member", "assignee", "secret"}
