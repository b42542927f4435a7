"""Named questions: each answers what it says, to those who may see it and to nobody else. Who may ask is the engine's plan."""
import itertools

import pytest

from stack import AREA
from store_probe import filled_town
from store_rows import CASE, NEXT, RUNG, TASK, WARNING, build_town, insert, rung, rung_event, task

M1, M2 = "m1", "m2"
NOTE = "00000000-0000-7000-8000-00000000000a"
REPORT = "00000000-0000-7000-8000-00000000000b"
SEAT = "00000000-0000-7000-8000-00000000000c"


@pytest.fixture(scope="module")
def town(workspace):
    with filled_town(workspace / "query-postgresql", fill) as (_, probe):
        yield probe


def fill(cursor):
    build_town(cursor)
    cursor.execute("insert into policegrid.member (area, id, device, revoked, secret, secret_until, made_at, changed_seq)"
                   " values (%s, 'm2', 'd1', false, repeat('a', 64), null, now(), 2)", (AREA,))
    cursor.execute(*insert("seat", area=AREA, id=SEAT, member=M1, unit="village", role="grid_head", ended=False, changed_seq=1))
    cursor.execute(*insert("seat", area=AREA, id=NEXT, member=M1, unit="room", role="officer", ended=True, changed_seq=1))
    cursor.execute(*insert("seat", area=AREA, id=CASE, member=M2, role="auditor", ended=False, changed_seq=2))
    cursor.execute(*insert("private_text", area=AREA, id=NOTE, owner_kind="task", owner_id=TASK, unit="village", at="now",
                           erase_at="tomorrow", words="in confidence"))
    cursor.execute(*task(escalation=RUNG, brief='{"title": "提醒", "title_en": "tell", "instruction": "go", "form": [{"name": "n"}]}',
                         body='{"result": {"n": 3}, "acks": {"m1": "2026-11-21T08:00:00+08:00"}}'))
    for number, audience in enumerate(["all", "named"]):
        cursor.execute(*task(id=[NEXT, CASE][number], number=f"2026-000{number + 2}", audience=audience, state="closed",
                             completed_at="now", ended_at="now", live=False, born=number + 2, issued_at="tomorrow"))
    cursor.execute(*task(id=REPORT, number="2026-0005", unit="room", handler="room", tier=2, audience="named", assignee=M1, born=5))
    cursor.execute(*insert("task_part", area=AREA, task=TASK, unit="command", part="informed", part_state="issued", changed_seq=1))
    cursor.execute(*insert("task_event", area=AREA, task=TASK, seq=2, ordinal=0, at="now", member=M1, unit="village", verb="escalate",
                           from_state="issued", to_state="issued", reason="hard", note=NOTE))
    cursor.execute(*rung())
    cursor.execute(*rung_event())
    cursor.execute(*insert("report", area=AREA, id=REPORT, number="2026-0006", kind="dispute", unit="village", sender=M1, state="open",
                           severity="Minor", reality="Actual", received_at="now", revision=1, state_revision=1, note=NOTE,
                           fields='{"people": 3}', timers="{}", live=True, born=6, changed_seq=6))
    cursor.execute(*insert("notice", area=AREA, warning=WARNING, unit="village", withdrawn=False, revision=1, acks='{"m1": "x"}',
                           timers="{}", live=True, born=7, changed_seq=7))
    cursor.execute(*insert("organisation", area=AREA, version=1, title="解州", title_en="Jiezhou", utc_offset=480, body='{"units": []}',
                           is_current=True, applied_by=M1, applied_at="now", changed_seq=1))
    cursor.execute(*insert("playbook", area=AREA, hash="a" * 64, name="fraud", version=1, title="反诈", title_en="fraud", body="{}",
                           is_current=True, applied_by=M1, applied_at="now", changed_seq=1))


def numbers(answer):
    return sorted(item["number"] for item in answer["tasks"])


def ask_tasks(town, all="{}", staff="{}", named="{}", member="nobody", state=None, limit=None):
    return town.query("tasks", AREA, all, staff, named, member, state, limit)


def test_tasks_by_audience(town):
    assert numbers(ask_tasks(town)) == []
    assert numbers(ask_tasks(town, all="{village}")) == ["2026-0002"]
    assert numbers(ask_tasks(town, staff="{village}")) == ["2026-0001"]
    assert numbers(ask_tasks(town, named="{village}")) == ["2026-0003"]
    assert numbers(ask_tasks(town, named="{village,room}")) == ["2026-0003", "2026-0005"]
    assert numbers(ask_tasks(town, member=M1)) == ["2026-0005"]
    # a participant's unit sees the joint task, in its audience only
    assert numbers(ask_tasks(town, staff="{command}")) == ["2026-0001"]
    assert numbers(ask_tasks(town, all="{command}")) == []


def test_tasks_by_state_and_limit(town):
    everything = dict(all="{village}", staff="{village}", named="{village}")
    assert numbers(ask_tasks(town, state="open", **everything)) == ["2026-0001"]
    assert numbers(ask_tasks(town, state="closed", **everything)) == ["2026-0002", "2026-0003"]
    assert numbers(ask_tasks(town, state="nonsense", **everything)) == []
    answer = ask_tasks(town, limit=1, **everything)
    assert (answer["total"], answer["truncated"], numbers(answer)) == (3, True, ["2026-0003"])  # the newest
    for limit in (-5, 0):
        assert len(ask_tasks(town, limit=limit, **everything)["tasks"]) == 1
    assert ask_tasks(town, limit=100000, **everything)["truncated"] is False
    summary = ask_tasks(town, staff="{village}")["tasks"][0]
    assert summary["title"] == "提醒" and summary["issued_at"].endswith("+00:00") and "result" not in summary and "assignee" not in summary


def test_one_task(town):
    answer = town.query("task", AREA, TASK, "{}", "{village}", "{}", "nobody")
    assert answer["number"] == "2026-0001" and answer["instruction"] == "go" and answer["result"] == {"n": 3}
    assert answer["origin"] == {"type": "warning", "id": WARNING, "unit": "command"}
    assert answer["participants"] == [{"unit": "command", "part": "informed", "state": "issued"}]
    assert (answer["escalation"]["level"], answer["escalation"]["to"], answer["case"]) == (1, "room", CASE)
    assert town.query("task", AREA, TASK, "{village}", "{}", "{village}", "nobody") is None
    assert town.query("task", "999", TASK, "{}", "{village}", "{}", "nobody") is None


def test_history_shows_notes_to_the_line_only(town):
    open_notes = town.query("history", AREA, TASK, "{}", "{village}", "{}", "nobody", "{village}")
    assert open_notes["history"][0]["note"] == "in confidence" and open_notes["history"][0]["reason"] == "hard"
    assert [e["state"] for e in open_notes["escalations"]] == ["open"]
    closed_notes = town.query("history", AREA, TASK, "{}", "{village}", "{}", "nobody", "{}")
    assert "note" not in closed_notes["history"][0] and "confidence" not in str(closed_notes)
    assert town.query("history", AREA, TASK, "{}", "{}", "{}", "nobody", "{village}") is None


def test_escalations(town):
    for units, expected in [("{room}", 1), ("{village}", 1), ("{command}", 0), ("{}", 0)]:
        assert town.query("escalations", AREA, units, "true", 10)["total"] == expected
    answer = town.query("escalations", AREA, "{room}", None, None)["escalations"][0]
    assert (answer["from"], answer["to"], answer["by"], answer["number"]) == ("village", "room", "daemon", "2026-0001")


def test_warnings(town):
    assert town.query("warnings", AREA, "{command}", 10)["total"] == 1
    assert town.query("warnings", AREA, "{village}", 10)["warnings"][0]["acknowledged"] == 1
    assert town.query("warnings", AREA, "{room}", 10)["total"] == 0
    for name in (WARNING, "w-1"):
        answer = town.query("warning", AREA, name, "{village}")
        assert answer["notices"] == [{"unit": "village", "withdrawn": False, "acks": {"m1": "x"}}] and "cap" in answer
        assert town.query("warning", AREA, name, "{command}")["notices"] == []
        assert town.query("warning", AREA, name, "{room}") is None
    assert town.query("warning", AREA, "w-2", "{village}") is None


def test_reports(town):
    assert town.query("reports", AREA, "{village}", "nobody", None, None, "{}", 10, "{}", "{}")["total"] == 1
    assert "note" not in town.query("reports", AREA, "{village}", "nobody", "open", "dispute", "{}", 10, "{}", "{}")["reports"][0]
    assert town.query("reports", AREA, "{}", M1, None, None, "{village}", 10, "{}", "{}")["reports"][0]["note"] == "in confidence"
    assert town.query("reports", AREA, "{}", "nobody", None, None, "{village}", 10, "{}", "{}")["total"] == 0
    assert town.query("reports", AREA, "{village}", "nobody", None, "hazard", "{}", 10, "{}", "{}")["total"] == 0
    assert town.query("report", AREA, REPORT, "{village}", "nobody", "{}", "{}", "{}")["fields"] == {"people": 3}
    assert town.query("report", AREA, REPORT, "{room}", "nobody", "{}", "{}", "{}") is None


def test_members_without_secrets(town):
    assert town.query("self", AREA, M1)["seats"] == [{"id": SEAT, "unit": "village", "tier": 3, "title": "village", "title_en": "village",
                                                      "role": "grid_head"}]
    assert town.query("self", AREA, "nobody") is None
    everybody = town.query("members", AREA, None)
    assert {m["member"] for m in everybody["members"]} == {M1, M2}
    assert "a" * 64 not in str(everybody) and "secret" not in str(everybody)
    assert [m["member"] for m in town.query("members", AREA, "{village}")["members"]] == [M1]
    assert town.query("members", AREA, "{room}")["members"] == []  # an ended seat is no seat
    assert town.query("member", AREA, M2, None)["device"] == "d1"
    assert town.query("member", AREA, M2, "{village}") is None


def test_the_rest(town):
    assert [u["id"] for u in town.query("units", AREA, "{village,command}")["units"]] == ["command", "village"]
    assert town.query("organisation", AREA)["organisation"] == {"units": []}
    assert town.query("playbooks", AREA)["playbooks"][0]["current"] is True
    status = town.query("unit_status", AREA, "{village}")["units"][0]
    assert (status["unit"], status["open"], status["escalated"]) == ("village", 1, 1)
    assert town.query("quarantine", AREA, 10) == {"total": 0, "truncated": False, "quarantine": []}


def test_hostile_parameters_are_only_texts(town):
    hostile = "{\"'; drop table policegrid.task; --\"}"
    assert ask_tasks(town, all=hostile, member="'; drop table x; --")["total"] == 0
    assert town.query("warning", AREA, "\\'; --", "{village}") is None
    assert ask_tasks(town, all="{unclosed") is None and town.why
    assert ask_tasks(town, limit="many") is None and town.why
    assert ask_tasks(town, staff="{village}")["total"] == 1
