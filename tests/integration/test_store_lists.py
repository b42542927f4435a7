"""The lists as questions and views: what is due when, in the town's zone; what was closed, with its counts; to whom it is told."""
import itertools

import pytest

from stack import AREA
from store_probe import filled_town, sql
from store_rows import build_town, insert, task

M1, M2 = "140802100-a", "140802100-b"
_ids = itertools.count(1)
FORM = '{"form": [{"name": "hazards", "type": "int", "title": "隐患", "title_en": "Hazards"}]}'
CLOSED = dict(state="closed", outcome="done", live=True)


def add(cursor, **changes):
    number = next(_ids)
    cursor.execute(*task(**{"id": f"00000000-0000-7000-8000-0000000001{number:02x}", "number": f"2026-1{number:03d}", "born": number,
                            "audience": "all", **changes}))


@pytest.fixture(scope="module")
def town(workspace):
    with filled_town(workspace / "lists-postgresql", fill) as (cluster, probe):
        yield cluster, probe


def fill(cursor):
    build_town(cursor)
    for member in (M1, M2):
        cursor.execute("insert into policegrid.member (area, id, revoked, made_at, changed_seq) values (%s, %s, false, now(), 2)", (AREA, member))
    cursor.execute(*insert("organisation", area=AREA, version=1, title="解州", title_en="Jiezhou", utc_offset=480, body="{}",
                           is_current=True, applied_by=M1, applied_at="now", changed_seq=1))
    add(cursor, kind="late", accept_by="yesterday", assignee=M1)
    add(cursor, kind="drill", accept_by="yesterday", reality="Exercise")
    add(cursor, kind="soon", state="accepted", accepted_at="now", accept_by="yesterday", finish_by="2126-01-01", body=f'{{"accepted": ["{M2}"]}}')
    add(cursor, kind="free", audience="staff")
    add(cursor, kind="check", accept_by="tomorrow", accepted_at="now", completed_at="now", finish_by="yesterday", ended_at="now",
        body=f'{{"result": {{"hazards": 3, "notice": "written"}}, "completed_by": "{M1}"}}', returns=1, **CLOSED)
    add(cursor, kind="check", brief=FORM, accepted_at="now", completed_at="now", ended_at="now", body=f'{{"result": {{"hazards": 4}}, "completed_by": "{M2}"}}', **CLOSED)
    add(cursor, kind="check", completed_at="2026-01-05", ended_at="2026-01-05T10:00:00+08", body='{"result": {"hazards": 9}}', **CLOSED)
    add(cursor, kind="check", completed_at="now", ended_at="now", body='{"result": {"hazards": 90}}', reality="Test", **CLOSED)
    for outcome in ("declined", "restored"):  # closed, and yet no result
        add(cursor, kind="check", ended_at="now", body='{"result": {"hazards": 500}}', **{**CLOSED, "outcome": outcome})
    cursor.execute(*insert("task_part", area=AREA, task="00000000-0000-7000-8000-000000000101", unit="room", part="joint",
                           part_state="issued", changed_seq=1))
    cursor.execute(*insert("task_part", area=AREA, task="00000000-0000-7000-8000-000000000101", unit="command", part="informed",
                           part_state="transferred", changed_seq=1))


def ask_open(town, all="{village}", staff="{}", due=None, member=None, limit=None):
    return town[1].query("task_list", AREA, all, staff, "{}", "nobody", due, member, limit)


def ask_results(town, all="{village}", since=None, until=None, member=None, limit=None):
    return town[1].query("results", AREA, all, "{}", "{}", "nobody", since, until, member, limit)


def kinds(answer, name="tasks"):
    return [item["kind"] for item in answer[name]]


def test_open_by_when_it_is_due(town):
    answer = ask_open(town)
    assert kinds(answer) == ["late", "drill", "soon"]
    assert [item["due"] for item in answer["tasks"]] == ["overdue", "overdue", "later"]
    assert (answer["total"], answer["overdue"], answer["truncated"]) == (3, 1, False)  # the drill is listed, not counted
    assert kinds(ask_open(town, due="later")) == ["soon"]
    assert kinds(ask_open(town, staff="{village}")) == ["late", "drill", "soon", "free"]
    assert ask_open(town, staff="{village}", due="open")["tasks"][0]["due"] == "open"
    cut = ask_open(town, limit=1)
    assert (kinds(cut), cut["total"], cut["truncated"], cut["overdue"]) == (["late"], 3, True, 1)


def test_open_by_person(town):
    answer = ask_open(town)
    assert answer["members"] == [{"member": M1, "total": 1, "overdue": 1, "today": 0, "week": 0},
                                 {"member": M2, "total": 1, "overdue": 0, "today": 0, "week": 0}]
    assert kinds(ask_open(town, member=M2)) == ["soon"]
    assert "member" not in answer["tasks"][1]


def test_open_is_told_to_nobody_else(town):
    assert ask_open(town, all="{command}")["total"] == 0
    assert kinds(ask_open(town, all="{room}")) == ["late"]  # takes part
    assert ask_open(town, all="{}")["members"] == []


def test_results_with_what_was_counted(town):
    answer = ask_results(town)
    assert answer["counted"] == {"check": {"done": 2, "sums": {"hazards": 7}}}
    assert answer["titles"] == {"check": {"zh": "check", "en": "check", "fields": {"hazards": {"zh": "隐患", "en": "Hazards"}}}}
    assert answer["total"] == 3 and len(answer["results"]) == 3  # the test is listed, not counted
    mine = ask_results(town, member=M1)
    assert mine["counted"] == {"check": {"done": 1, "sums": {"hazards": 3}}}
    assert mine["results"][0]["by"] == M1 and mine["results"][0]["in_time"] is False and mine["results"][0]["returns"] == 1


def test_results_of_a_period(town):
    assert ask_results(town, since="2026-01-05", until="2026-01-06")["counted"]["check"]["sums"] == {"hazards": 9}
    assert ask_results(town, since="2026-01-05T02:00:01+00:00", until="2026-01-06")["total"] == 0
    assert ask_results(town, since="2026-01-01", limit=1)["truncated"] is True
    assert ask_results(town, all="{room}")["total"] == 0


def test_due_when_in_the_towns_zone(town):
    """Saturday 2026-11-21 18:00 in town; weeks begin on Monday."""
    cases = {"2026-11-21T09:59:59Z": "overdue", "2026-11-21T10:00:00Z": "today", "2026-11-21T15:59:59Z": "today", "2026-11-21T16:00:00Z": "week",
             "2026-11-22T15:59:59Z": "week", "2026-11-22T16:00:00Z": "later", None: "open"}
    for due, word in cases.items():
        assert sql(town[0], "town", "select policegrid.due_when(%s::timestamptz, '2026-11-21T10:00:00Z', interval '8 hours')", due) == [(word,)], due


def test_views(town):
    rows = sql(town[0], "town", "select kind, unit, part, member, due from task_list where unit = 'village' order by due_at, kind", user="policegrid_reader")
    assert ("late", "village", "lead", M1, "overdue") in rows and ("soon", "village", "lead", M2, "later") in rows and len(rows) == 4
    assert sql(town[0], "town", "select unit, part from task_list where kind = 'late' and part <> 'lead'", user="policegrid_reader") == [("room", "joint")]
    row = sql(town[0], "town", "select accepted_in_time, completed_in_time, returns, result ->> 'hazards' from result_list where completed_by = %s", M1,
              user="policegrid_reader")
    assert row == [(True, False, 1, "3")]
    assert sql(town[0], "town", "select count(*) from result_list where status = 'Actual'", user="policegrid_reader") == [(3,)]
    columns = {name for (name,) in sql(town[0], "town", "select column_name from information_schema.columns where table_schema = 'policegrid'"
                                                        " and table_name in ('task_list', 'result_list')")}
    assert not columns & {"brief", "body", "instruction", "note", "secret"}
