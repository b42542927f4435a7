"""Bad input, each with its code, its sentence in Chinese and English, its counter; and nothing is lost by it."""
import json
import re
import socket

import pytest

from stack import BASE, Phone, message_id

CHINESE = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile("[a-z]{3}")


@pytest.fixture(scope="module")
def stack(jiezhou):
    return jiezhou


@pytest.fixture(scope="module")
def worker(stack):
    unit = next(u["id"] for u in stack.organisation["units"] if u["tier"] == 3 and not u.get("staffed_by"))
    phone = stack.speak("grid_worker", unit)
    phone.unit = unit
    return phone


@pytest.fixture(scope="module")
def command(stack):
    return stack.speak("commander", stack.root())


def refused(phone, topic, payload, ident=None):
    """Publish raw bytes and wait for the receipt of `ident` (None: one without an id)."""
    with phone.condition:
        before = len(phone.receipts.get(ident, ()))
    phone.publish(topic, payload)
    receipt = phone.wait(lambda: len(phone.receipts.get(ident, ())) > before and phone.receipts[ident][-1], f"receipt {ident}")
    assert receipt["outcome"] == "rejected"
    assert CHINESE.search(receipt["detail"]) and LATIN.search(receipt["detail"]), receipt
    return receipt["code"]


def raw(text):
    return text.encode() if isinstance(text, str) else text


@pytest.mark.parametrize("payload,code", [
    ("", "malformed"), ("{", "malformed"), ("[]", "malformed"), ("null", "malformed"), ('{"id":"x"} x', "malformed"),
    (b'{"id":"\xff\xfe"}', "utf8"), (b'{"id":"\xc0\x80"}', "utf8"), (b'{"a":"\xed\xa0\x80"}', "utf8"),
    ('{"a":"\\u0000"}', "nul"), ("{\"a\":" * 40 + "1" + "}" * 40, "too_deep"), ('{"a":1,"a":2}', "duplicate_key"),
    ('{"a":1,"\\u0061":2}', "duplicate_key"), ('{"kind":"hazard"}', "bad_id"), ('{"id":7,"kind":"hazard"}', "bad_id"),
    ('{"id":"undated"}', "bad_id"), ('{"a":"' + "x" * 66000 + '"}', "too_large"),
])
def test_01_unreadable(stack, worker, payload, code):
    known = {'{"id":"undated"}': "undated", '{"id":"x"} x': "x"}.get(payload)  # an id that can be read is given back
    assert refused(worker, stack.topic(worker.unit, "report"), raw(payload), known) == code


@pytest.mark.parametrize("body,code", [
    ({}, "missing"), ({"kind": 5}, "type"), ({"kind": "no-such-kind", "fields": {}}, "unknown_kind"),
    ({"kind": "hazard", "fields": []}, "type"), ({"kind": "hazard", "fields": {"count": "many words with spaces"}}, "range"),
    ({"kind": "hazard", "fields": {}, "occurred_at": "2026-11-21T08:00:00"}, "time"),
    ({"kind": "hazard", "fields": {}, "occurred_at": "1999-01-01T00:00:00+08:00"}, "time"),
    ({"kind": "hazard", "fields": {}, "occurred_at": "2999-01-01T00:00:00+08:00"}, "time"),
    ({"kind": "hazard", "fields": {"phone": 1}}, "privacy"),
    ({"kind": "hazard", "fields": {}, "note": "字" * 201}, "range"),
])
def test_02_wrong_fields(stack, worker, body, code):
    ident = message_id()
    got = refused(worker, stack.topic(worker.unit, "report"), json.dumps({"id": ident, **body}), ident)
    assert got == code
    assert stack.sql("select count(*) from event where message_id = %s", ident) == [(0,)]
    assert stack.sql("select outcome, code from outcome where id = %s", ident) == [("rejected", code)]


def test_03_too_old_id(stack, worker):
    ident = "20200101-1"
    assert refused(worker, stack.topic(worker.unit, "report"), json.dumps({"id": ident, "kind": "hazard", "fields": {}}), ident) == "too_old"


@pytest.mark.parametrize("change,code", [
    ({"status": "Real"}, "range"), ({"msgType": None}, "missing"), ({"sent": "yesterday"}, "time"), ({"sent": "2019-01-01T00:00:00+08:00"}, "time"),
    ({"info": []}, "missing"), ({"info": {"severity": "Bad"}}, "range"), ({"info": {"headline": 5}}, "type"),
    ({"info": {"area": [{"areaDesc": "x", "geocode": [{"valueName": "unit", "value": "no-such-unit"}]}]}}, "unknown_unit"),
    ({"info": {"area": [{"areaDesc": "x", "geocode": [{"valueName": "tag", "value": "no-such-tag"}]}]}}, "nobody"),
])
def test_04_warnings(stack, command, change, code):
    body = stack.warning()
    for key, value in change.items():
        if key == "info" and isinstance(value, dict):
            body["info"][0].update(value)
        elif value is None:
            del body[key]
        else:
            body[key] = value
    ident = message_id()
    assert refused(command, stack.topic(stack.root(), "warning"), json.dumps({"id": ident, **body}), ident) == code
    assert stack.sql("select count(*) from warning where identifier = %s", body["identifier"]) == [(0,)]


def test_05_verbs_on_foreign_closed_and_unknown_tasks(stack, worker, command):
    unknown = message_id()
    assert worker.act(worker.unit, unknown, "accept")["code"] == "unknown_target"
    other = next(v for v in stack.villages() if v != worker.unit)
    receipt = command.send(stack.topic(stack.root(), "warning"), stack.warning(
        info={"area": [{"areaDesc": "x", "geocode": [{"valueName": "unit", "value": other}]}]}))
    task = stack.sql("select id from task where origin_id = %s", receipt["created"]["warning"])[0][0]
    assert worker.act(worker.unit, task, "accept")["code"] in ("forbidden", "unknown_target")
    assert worker.act(worker.unit, task, "frobnicate")["code"] in ("unknown_verb", "denied")
    assert command.act(stack.root(), task, "cancel")["outcome"] == "accepted"
    assert command.act(stack.root(), task, "cancel")["code"] == "closed"


@pytest.mark.parametrize("change,why", [
    (lambda p: p["steps"]["tell"].update(then=[{"step": "tell"}]), "cycle"),
    (lambda p: p["steps"]["tell"].update(then=[{"step": "nowhere"}]), "missing step"),
    (lambda p: p["steps"]["tell"].update(to=[{"unit": "no-such-unit"}]), "missing unit"),
    (lambda p: p["steps"]["tell"].update(surprise=1), "unknown key"),
])
def test_06_playbooks(stack, change, why):
    admin = stack.speak("admin", "")
    playbook = json.loads((stack.playbooks / "telecom-fraud.json").read_text(encoding="utf-8"))
    playbook["version"] += 100
    change(playbook)
    receipt = admin.send(f"{BASE}/admin/playbook-apply", {"playbook": playbook})
    assert (receipt["outcome"], receipt["code"]) == ("rejected", "playbook"), why
    assert "tell" in receipt["detail"], receipt["detail"]


def test_07_organisation_that_would_orphan_open_tasks(stack, command):
    admin = stack.speak("admin", "")
    villages = [u["id"] for u in stack.organisation["units"] if u["tier"] == 3 and not u.get("staffed_by")]
    last = villages[-1]
    command.send(stack.topic(stack.root(), "warning"), stack.warning(
        info={"area": [{"areaDesc": "x", "geocode": [{"valueName": "unit", "value": last}]}]}))
    smaller = json.loads(json.dumps(stack.organisation))
    smaller["version"] += 1
    smaller["units"] = [u for u in smaller["units"] if u["id"] != last]
    for key in ("seats_wanted", "places", "devices"):
        smaller[key] = [x for x in smaller.get(key, []) if x.get("unit") != last]
    for unit in smaller["units"]:
        for link in unit.get("links", []):
            link["to"] = [t for t in link["to"] if t != last]
        unit["links"] = [link for link in unit.get("links", []) if link["to"]]
    receipt = admin.send(f"{BASE}/admin/organisation-apply", {"organisation": smaller})
    assert (receipt["outcome"], receipt["code"]) == ("rejected", "orphans"), receipt


def test_08_counted_and_still_at_work(stack, worker, command):
    metrics = stack.metrics()
    rejected = {k: v for k, v in metrics.items() if "rejected" in k or "code=" in k}
    assert any("malformed" in k and v > 0 for k, v in rejected.items()), list(metrics)[:60]
    receipt = worker.send(stack.topic(worker.unit, "report"), {"kind": "hazard", "fields": {}})
    assert receipt["outcome"] == "accepted"
    assert stack.sql("select count(*) from quarantine") == [(0,)]
    assert stack.ready()[0] == 200


def test_09_a_will_and_a_retained_flag_do_nothing(stack, worker):
    before = stack.sql("select count(*) from outcome")[0][0]
    phone = Phone(stack, worker.member)
    phone.client.will_set(stack.topic(worker.unit, "report"), json.dumps({"id": message_id(), "kind": "hazard", "fields": {}}), qos=1)
    phone.start()
    phone.client._sock.shutdown(socket.SHUT_RDWR)  # disappears without DISCONNECT: the broker would publish the will
    phone.client.loop_stop()
    ident = message_id()
    worker.publish(stack.topic(worker.unit, "report"), json.dumps({"id": ident, "kind": "hazard", "fields": {}}), retain=True)
    worker.wait(lambda: worker.receipts.get(ident), "receipt")
    assert stack.sql("select count(*) from outcome")[0][0] == before + 1
