"""One warning's whole road through the real stack: post, tasks, answers, silence, escalation, resolution, update, cancel."""
import json

import paho.mqtt.client as mqtt
import pytest

from stack import BASE, Phone, message_id, new_secret, properties_publish, secret_hash


@pytest.fixture(scope="module")
def stack(jiezhou):
    return jiezhou


def post(stack, phone=None, **changes):
    phone = phone or stack.speak("commander", stack.root())
    body = stack.warning(**changes)
    receipt = phone.send(stack.topic(stack.root(), "warning"), body)
    assert receipt["outcome"] == "accepted", receipt
    return receipt["created"]["warning"], body


def to_units(*units):
    return {"area": [{"areaDesc": "units", "geocode": [{"valueName": "unit", "value": u} for u in units]}]}


def plain_villages(stack):
    """Villages with workers of their own."""
    return [u["id"] for u in stack.organisation["units"] if u["tier"] == 3 and not u.get("staffed_by")]


def reader(stack):
    return stack.phone(stack.member("commander", stack.root()), subscribe=[
        f"{BASE}/+/+/task/+/+", f"{BASE}/+/+/escalation/+/+", f"{BASE}/+/+/notice/+"])


def task_of(phone, stack, unit, warning):
    return phone.task(unit, lambda d: d["origin"]["id"] == warning)


def test_01_every_village_has_its_task_and_notice(stack):
    watch = reader(stack)
    warning, body = post(stack)
    for unit in stack.villages():
        task = task_of(watch, stack, unit, warning)
        assert task["state"] == "issued" and task["kind"] == "telecom-fraud" and task["tier"] == 3
        notice = watch.document(stack.topic(unit, f"notice/{warning}"))
        assert notice["headline"] == body["info"][0]["headline"]
    rows = stack.sql("select count(*), count(distinct number) from task where origin_id = %s", warning)
    assert rows == [(27, 27)]
    assert stack.sql("select units, tasks from warning_progress where warning = %s", warning) == [(27, 27)]


def test_02_accept_complete_verify_close(stack):
    unit = plain_villages(stack)[0]
    parent = next(u["parent"] for u in stack.organisation["units"] if u["id"] == unit)
    watch = reader(stack)
    warning, _ = post(stack, info=to_units(unit))
    task = task_of(watch, stack, unit, warning)
    worker, room = stack.speak("grid_worker", unit), stack.speak("officer", parent)
    assert worker.act(unit, task["id"], "accept")["outcome"] == "accepted"
    assert worker.act(unit, task["id"], "start")["outcome"] == "accepted"
    wrong = worker.act(unit, task["id"], "complete", result={"households": 5, "dissuaded": 9})
    assert (wrong["outcome"], wrong["code"]) == ("rejected", "form")
    assert worker.act(unit, task["id"], "complete", result={"households": 120, "dissuaded": 3})["outcome"] == "accepted"
    own = worker.act(unit, task["id"], "verify")
    assert (own["outcome"], own["code"]) == ("rejected", "forbidden")
    back = room.act(parent, task["id"], "return", reason="brief")
    assert back["outcome"] == "accepted"
    watch.task(unit, lambda d: d["id"] == task["id"] and d["state"] == "in_progress")
    assert worker.act(unit, task["id"], "complete", result={"households": 121, "dissuaded": 4})["outcome"] == "accepted"
    assert room.act(parent, task["id"], "verify")["outcome"] == "accepted"
    closed = watch.task(unit, lambda d: d["id"] == task["id"] and d["state"] == "closed")
    assert closed["result"] == {"households": 121, "dissuaded": 4}
    late = worker.act(unit, task["id"], "accept")
    assert (late["outcome"], late["code"]) == ("rejected", "closed")
    states = stack.sql("select verb, from_state, to_state from task_event where task = %s order by seq, verb", task["id"])
    assert ("verify", "completed", "closed") in states


def test_03_escalate_by_hand_pass_up_resolve(stack):
    unit = plain_villages(stack)[1]
    parent = next(u["parent"] for u in stack.organisation["units"] if u["id"] == unit)
    watch = reader(stack)
    warning, _ = post(stack, info=to_units(unit))
    task = task_of(watch, stack, unit, warning)
    worker, room = stack.speak("grid_worker", unit), stack.speak("officer", parent)
    command = stack.speak("commander", stack.root())
    assert worker.act(unit, task["id"], "accept")["outcome"] == "accepted"
    none = worker.act(unit, task["id"], "escalate")
    assert (none["outcome"], none["code"]) == ("rejected", "reason")
    assert worker.act(unit, task["id"], "escalate", reason="too-hard", note="对方拒绝沟通")["outcome"] == "accepted"
    escalation = watch.wait(lambda: next((d for t, d in watch.documents.items() if t.startswith(stack.topic(parent, "escalation/"))
                                          and d["task"] == task["id"]), None), "escalation at the room")
    assert escalation["state"] == "open" and escalation["level"] == 1 and escalation["from"] == unit
    assert room.act(parent, task["id"], "accept")["outcome"] == "accepted"
    assert room.act(parent, task["id"], "escalate", reason="needs-command")["outcome"] == "accepted"
    watch.wait(lambda: next((d for t, d in watch.documents.items() if t.startswith(stack.topic(stack.root(), "escalation/"))
                             and d["task"] == task["id"] and d["level"] == 2), None), "escalation at command")
    assert command.act(stack.root(), task["id"], "accept")["outcome"] == "accepted"
    assert command.act(stack.root(), task["id"], "resolve", result={"households": 1, "dissuaded": 1})["outcome"] == "accepted"
    rows = stack.sql("select level, from_unit, to_unit, state from escalation_status where task = %s order by level", task["id"])
    assert rows == [(1, unit, parent, "passed_up"), (2, parent, stack.root(), "resolved")]
    done = worker.act(unit, task["id"], "complete", result={"households": 2, "dissuaded": 0})
    assert done["outcome"] == "accepted" and done["late"] is True
    text = json.dumps([r[0] for r in stack.sql("select facts from event")], ensure_ascii=False)
    assert "对方拒绝沟通" not in text
    assert not any("对方拒绝沟通" in p.decode("utf-8", "replace") for _, p, *_ in watch.messages)


def test_04_update_and_cancel(stack):
    a, b, c = plain_villages(stack)[2:5]
    watch = reader(stack)
    command = stack.speak("commander", stack.root())
    warning, body = post(stack, command, info=to_units(a, b))
    task_a, task_b = task_of(watch, stack, a, warning), task_of(watch, stack, b, warning)
    worker = stack.speak("grid_worker", a)
    worker.act(a, task_a["id"], "accept")
    receipt = worker.act(a, task_a["id"], "complete", result={"households": 3, "dissuaded": 0})
    assert receipt["outcome"] == "accepted", receipt
    reference = f"{body['sender']},{body['identifier']},{body['sent']}"
    update = stack.warning(msgType="Update", references=reference, info={**to_units(c), "severity": "Severe"})
    assert command.send(stack.topic(stack.root(), "warning"), update)["outcome"] == "accepted"
    watch.task(b, lambda d: d["id"] == task_b["id"] and d["state"] == "cancelled")
    task_c = task_of(watch, stack, c, warning)
    assert task_c["state"] == "issued"
    assert stack.sql("select state from task where id = %s", task_a["id"])[0][0] in ("completed", "closed")
    stranger = stack.warning(msgType="Cancel", references="x,20260101-nobody,2026-01-01T00:00:00+08:00")
    refused = command.send(stack.topic(stack.root(), "warning"), stranger)
    assert (refused["outcome"], refused["code"]) == ("rejected", "unknown_reference")
    cancel = stack.warning(msgType="Cancel", references=f"{update['sender']},{update['identifier']},{update['sent']}")
    assert command.send(stack.topic(stack.root(), "warning"), cancel)["outcome"] == "accepted"
    watch.task(c, lambda d: d["id"] == task_c["id"] and d["state"] == "cancelled")
    watch.document(stack.topic(c, f"notice/{warning}"), lambda d: d["state"] == "cancelled")
    late = stack.speak("grid_worker", c).act(c, task_c["id"], "complete", result={"households": 1, "dissuaded": 0})
    assert late["outcome"] == "accepted" and late["late"] is True


def test_05_repeat_reused_and_correlation(stack):
    unit = plain_villages(stack)[5]
    watch = reader(stack)
    warning, _ = post(stack, info=to_units(unit))
    task = task_of(watch, stack, unit, warning)
    worker = stack.phone(stack.member("grid_worker", unit), protocol=mqtt.MQTTv5)
    topic = stack.topic(unit, f"action/{task['id']}/accept")
    ident = message_id()
    first = worker.send(topic, {"id": ident}, properties=properties_publish(CorrelationData=b"c-1", ResponseTopic=f"{BASE}/member/{worker.member}/receipt"))
    again = worker.send(topic, {"id": ident}, receipts=2)
    assert first["repeat"] is False and again["repeat"] is True
    assert (again["event"], again["outcome"]) == (first["event"], first["outcome"])
    correlations = [getattr(p, "CorrelationData", None) for t, m, _, p in worker.messages if t.endswith("/receipt") and json.loads(m)["id"] == ident]
    assert correlations[0] == b"c-1"
    other = worker.send(topic, {"id": ident, "note": "别的"}, receipts=3)
    assert (other["outcome"], other["code"]) == ("rejected", "id_reused")
    assert stack.sql("select count(*) from event where message_id = %s", ident) == [(1,)]


def test_06_stale_revision_and_two_members_at_once(stack):
    unit = plain_villages(stack)[6]
    watch = reader(stack)
    warning, _ = post(stack, info=to_units(unit))
    task = task_of(watch, stack, unit, warning)
    head, worker = stack.speak("grid_head", unit), stack.speak("grid_worker", unit)
    seen = task["state_revision"]
    assert head.act(unit, task["id"], "comment", note="先看看")["outcome"] == "accepted"
    assert head.act(unit, task["id"], "accept", revision=seen)["outcome"] == "accepted"
    second = worker.act(unit, task["id"], "accept", revision=seen)
    assert (second["outcome"], second["code"]) == ("rejected", "stale")


def test_07_an_outsider_is_denied_by_the_plugin_with_a_receipt(stack):
    a, b = plain_villages(stack)[7:9]
    worker = stack.speak("grid_worker", a)
    ident = message_id()
    worker.publish(stack.topic(b, "report"), {"id": ident, "kind": "hazard", "fields": {}})
    receipt = worker.wait(lambda: worker.receipts.get(ident), "denied")[0]
    assert (receipt["outcome"], receipt["code"]) == ("rejected", "denied")
    assert stack.sql("select count(*) from outcome where id = %s", ident) == [(0,)]


def test_08_revoked_phone_is_thrown_out(stack):
    unit = plain_villages(stack)[9]
    worker = stack.speak("grid_worker", unit)
    admin = stack.speak("admin", "")
    assert admin.send(f"{BASE}/admin/member-revoke", {"member": worker.member})["outcome"] == "accepted"
    worker.wait(lambda: worker.refused, "refusal of the revoked phone")


def test_09_enrolment_code_becomes_a_secret_once(stack):
    unit = plain_villages(stack)[10]
    admin = stack.speak("admin", "")
    code, secret = new_secret(), new_secret()
    receipt = admin.send(f"{BASE}/admin/member-add", {"unit": unit, "role": "grid_worker", "enrolment_hash": secret_hash(code)})
    member = receipt["created"]["member"]
    stack.members[member] = {"secret": code, "role": "grid_worker", "unit": unit, "tier": 3}
    phone = stack.phone(member)
    receipt = phone.send(f"{BASE}/member/{member}/request", {"request": "enrol", "secret_hash": secret_hash(secret)})
    assert receipt["outcome"] == "accepted", receipt
    stack.members[member]["secret"] = secret
    stack.phone(member)
    spent = Phone(stack, member, secret=code)
    spent.start(wait=False)
    spent.wait(lambda: spent.refused, "refusal of the spent code")
    spent.stop()


def test_10_dashboard_queries_and_status(stack):
    unit = plain_villages(stack)[0]
    dashboard = stack.phone(next(m for m, d in stack.members.items() if d["role"] == "dashboard"))
    dashboard.subscribe(f"{BASE}/+/+/status")
    status = dashboard.document(stack.topic(unit, "status"))
    assert status["unit"] == unit
    reply = stack.speak("commander", stack.root()).query("tasks", limit=5)
    assert len(reply["data"]["tasks"]) == 5 and reply["data"]["truncated"] is True and reply["data"]["total"] > 5
    rows = stack.sql("select count(*) from unit_status", user="policegrid_reader")
    assert rows[0][0] >= 32
