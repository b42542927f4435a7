"""Reports, devices, notices and questions on the real stack: what the engine's unit tests cannot see is the database between."""
import json
import time

import pytest

from stack import BASE, message_id
from wire_check import check


@pytest.fixture(scope="module")
def stack(jiezhou):
    return jiezhou


@pytest.fixture(scope="module")
def village(stack):
    """A village with workers of its own, and its room."""
    unit = next(u for u in stack.organisation["units"] if u["tier"] == 3 and not u.get("staffed_by"))
    return unit["id"], unit["parent"]


def accepted(receipt):
    assert receipt["outcome"] == "accepted", receipt
    return receipt.get("created", {})


def refused(receipt):
    assert receipt["outcome"] == "rejected", receipt
    return receipt["code"]


def data(reply):
    assert "code" not in reply, reply
    return reply["data"]


def test_01_a_dispute_becomes_a_task(stack, village):
    unit, _ = village
    worker = stack.speak("grid_worker", unit)
    made = accepted(worker.send(stack.topic(unit, "report"), {"kind": "dispute", "fields": {"kind": "land", "people": 3}, "note": "两家争地界，电话13800138000"}))
    assert stack.sql("select state, kind, unit, case_id is not null from report where id = %s", made["report"]) == [("dispatched", "dispute", unit, True)]
    assert stack.sql("select origin_type, origin_id from task where id = %s", made["task"]) == [("report", made["report"])]
    words = stack.sql("select words from private_text where owner_id = %s", made["report"])
    assert len(words) == 1 and "13800138000" not in words[0][0] and "地界" in words[0][0]
    assert stack.sql("select count(*) from event where facts::text like %s", "%地界%") == [(0,)]


def test_02_what_was_recorded_can_be_dispatched_later(stack, village):
    unit, room = village
    worker, officer = stack.speak("grid_worker", unit), stack.speak("officer", room)
    report = accepted(worker.send(stack.topic(unit, "report"), {"kind": "counts", "fields": {"households": 310}}))["report"]
    assert stack.sql("select state, live from report where id = %s", report) == [("recorded", False)]
    task = accepted(officer.act(room, report, "dispatch", to=unit))["task"]
    assert stack.sql("select unit from task where id = %s", task) == [(unit,)]
    assert refused(officer.act(room, report, "dispatch", to=unit)) == "state"
    assert refused(worker.act(unit, report, "dismiss", reason="unfounded")) == "denied"


def test_03_open_reports_are_merged_and_dismissed(stack, village):
    unit, room = village
    worker, officer = stack.speak("grid_worker", unit), stack.speak("officer", room)
    one, two, three = (accepted(worker.send(stack.topic(unit, "report"), {"kind": "incident"}))["report"] for _ in range(3))
    accepted(officer.act(room, one, "merge", into=two))
    accepted(officer.act(room, three, "dismiss", reason="unfounded"))
    assert refused(officer.act(room, three, "comment", note="x")) == "closed"
    rows = stack.sql("select state, merged_into::text from report where id = any(%s::uuid[])", [one, two, three])
    assert sorted(rows, key=str) == sorted([("merged", two), ("open", None), ("dismissed", None)], key=str)
    listed = data(worker.query("reports", state="open", unit=unit))
    assert two in [r["id"] for r in listed["reports"]] and one not in [r["id"] for r in listed["reports"]]


def test_04_a_device_and_its_alarm(stack):
    device = next(d for d in stack.organisation["devices"] if d["kind"] == "panic")
    phone = stack.phone(stack.member("device", device["unit"]))
    watch = stack.phone(stack.member("commander", stack.root()), subscribe=[f"{BASE}/+/+/device/+", f"{BASE}/+/+/task/+/+"])
    topic = f"{BASE}/device/{device['id']}"
    phone.publish(f"{topic}/heartbeat", json.dumps({"state": "fault", "fields": {"code": "battery"}}))
    document = watch.document(stack.topic(device["unit"], f"device/{device['id']}"), lambda d: d["online"])
    assert document["faults"] == ["battery"]
    for _ in range(5):
        phone.publish(f"{topic}/heartbeat", json.dumps({"state": "fault", "fields": {"code": "battery"}}))
    first = accepted(phone.send(f"{topic}/event", {"event": "panic"}))
    again = accepted(phone.send(f"{topic}/event", {"event": "panic"}))
    assert again["task"] == first["task"] and again["raised"] == 1
    assert stack.sql("select raised from task where id = %s", first["task"]) == [(1,)]
    assert stack.sql("select count(*) from event where kind = 'device' and facts::text like %s", "%device_heard%") == [(1,)]
    assert stack.sql("select online, fault_code from device_status where device = %s", device["id"]) == [(True, "battery")]


def test_05_a_notice_is_acknowledged(stack, village):
    unit, _ = village
    commander, worker = stack.speak("commander", stack.root()), stack.speak("grid_worker", unit)
    worker.subscribe(stack.topic(unit, "notice/+"))
    body = stack.warning()
    warning = accepted(commander.send(stack.topic(stack.root(), "warning"), body))["warning"]
    accepted(worker.act(unit, warning, "ack", revision=1))
    worker.document(stack.topic(unit, f"notice/{warning}"), lambda d: worker.member in d.get("acks", {}))
    assert stack.sql("select acks ? %s from notice where warning = %s and unit = %s", worker.member, warning, unit) == [(True,)]
    seen = data(worker.query("warning", warning=body["identifier"]))
    assert seen["identifier"] == body["identifier"]


def test_06_an_identifier_stays_taken_when_its_chain_was_cleared(stack):
    commander = stack.speak("commander", stack.root())
    body = stack.warning(status="Test")
    warning = accepted(commander.send(stack.topic(stack.root(), "warning"), body))["warning"]
    cancel = stack.warning(status="Test", msgType="Cancel", references=body["identifier"])
    accepted(commander.send(stack.topic(stack.root(), "warning"), cancel))
    stack.stop_daemon()
    stack.sql("update notice set live = false where warning = %s", warning)
    stack.sql("update warning set live = false where id = %s", warning)
    stack.start_daemon()
    assert refused(commander.send(stack.topic(stack.root(), "warning"), stack.warning(identifier=body["identifier"]))) == "duplicate"
    assert refused(commander.send(stack.topic(stack.root(), "warning"), stack.warning(identifier=cancel["identifier"]))) == "duplicate"


QUERIES = ["self", "tasks", "escalations", "warnings", "reports", "units", "members", "playbooks", "unit_status"]


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("role", ["commander", "grid_worker"])
def test_07_questions(stack, village, name, role):
    phone = stack.speak(role, stack.root() if role == "commander" else village[0])
    found = data(phone.query(name))
    assert isinstance(found, dict) and found
    if name == "units" and role == "grid_worker":
        assert {u["id"] for u in found["units"]} == {village[0], village[1], stack.root()}
    if name == "tasks" and role == "grid_worker":
        assert {t["unit"] for t in found["tasks"]} <= {village[0]}


def test_08_questions_refused(stack, village):
    worker = stack.speak("grid_worker", village[0])
    other = next(u for u in stack.villages() if u != village[0])
    assert worker.query("tasks", unit=other)["code"] == "forbidden"
    assert worker.query("tasks", unit="nowhere")["code"] == "unknown_unit"
    assert worker.query("quarantine")["code"] == "denied"
    assert worker.query("secrets")["code"] == "unknown_kind"
    assert worker.query("tasks", limit=0)["code"] == "range"
    assert worker.query("task", task="01234567-0123-7123-8123-0123456789ab")["code"] == "unknown_target"


def test_09_counters_agree_with_the_view(stack, village):
    unit, _ = village
    watch = stack.phone(stack.member("commander", stack.root()), subscribe=[f"{BASE}/+/+/status", f"{BASE}/tier3/+/list/task"])
    names = ["open", "issued", "accepted", "in_progress", "completed", "suspended", "escalated"]
    row = stack.sql(f"select {', '.join(names)} from unit_status where unit = %s", unit)[0]
    watch.document(stack.topic(unit, "status"), lambda d: tuple(d[n] for n in names) == row)
    total = watch.document(stack.topic(unit, "list/task"))
    assert total["total"] >= row[0] and len(total["entries"]) <= 100


def test_09b_each_member_has_lists_of_his_own(stack, village):
    """They follow what is assigned to him, agree with the question, are his alone, and are there again after a restart."""
    unit = village[0]
    mine, commander = stack.member("grid_worker", unit), stack.speak("commander", stack.root())
    lists = f"{BASE}/member/{mine}/list/task"
    phone, other = stack.phone(mine, subscribe=[lists]), stack.phone(stack.member("grid_head", unit))
    before = phone.document(lists)["total"]
    ident = message_id()
    assert commander.act(stack.root(), ident, "issue", id=ident, title="夜间值守", to=unit, assignee=mine)["outcome"] == "accepted"
    entry = phone.document(lists, lambda d: d["total"] == before + 1)["entries"]
    assert ident in [item["id"] for item in entry]
    assert ident in [item["id"] for item in phone.query("task_list", member=mine)["data"]["tasks"]]
    assert other.subscribe(lists)[-1] == 128
    stack.stop_daemon()
    stack.start_daemon()
    again = stack.phone(mine, subscribe=[lists])
    assert ident in [item["id"] for item in again.document(lists, lambda d: d["total"] == before + 1)["entries"]]
    assert commander.act(stack.root(), ident, "cancel", id=message_id())["outcome"] == "accepted"
    again.document(lists, lambda d: d["total"] == before)


def test_10_a_seat_for_a_time_runs_out(stack, village):
    admin, commander, (village, _) = stack.speak("admin", ""), stack.speak("commander", stack.root()), village
    helper = stack.member("grid_worker", [u for u in stack.villages() if u != village][0])
    until = time.time() + 3
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(until)) + ".000Z"
    assert admin.send(f"{BASE}/admin/seat-start", {"member": helper, "unit": village, "role": "grid_worker", "until": text})["outcome"] == "accepted"
    ident = message_id()
    assert commander.act(stack.root(), ident, "issue", id=ident, title="夜间值守", to=village, assignee=helper)["outcome"] == "accepted"
    commander.subscribe(stack.topic(village, "task/all/+"))
    task = commander.document(stack.topic(village, f"task/all/{ident}"), lambda d: d.get("assignee") != helper)
    assert task["state"] == "issued" and time.time() > until - 1
    row = stack.sql("select ended, until_at from seat where member = %s and unit = %s", helper, village)
    assert row[0][0]
    at = stack.sql("select at from event where kind = 'timer' and facts::text like '%%seats_ended%%' order by seq desc limit 1")
    assert at[0][0] == row[0][1]  # its own time, not that of the processing


def test_10b_times_in_answers_are_those_of_the_town(stack, village):
    commander, (village, _) = stack.speak("commander", stack.root(), subscribe=[stack.topic(village[0], "task/all/+")]), village
    ident = message_id()
    assert commander.act(stack.root(), ident, "issue", id=ident, title="夜间值守", to=village)["outcome"] == "accepted"
    document = commander.document(stack.topic(village, f"task/all/{ident}"))
    answers = [commander.query("task", task=ident)["data"] for _ in range(2)]
    assert [a["issued_at"] for a in answers] == [document["issued_at"]] * 2 and document["issued_at"].endswith("+08:00")


def test_11_all_of_it_is_what_the_schemas_say(stack):
    """Replies, receipts and documents that the tests above have received."""
    heard = [{"topic": topic, "payload": payload.decode()} for phone in stack.phones for topic, payload, *_ in phone.messages]
    kinds = {m["topic"].rsplit("/", 2)[-2] for m in heard}
    assert len(heard) > 100 and {"device", "notice"} <= kinds
    assert check(heard) == []
