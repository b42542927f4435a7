"""Bad input, each with its code, its sentence in Chinese and English, its counter; and nothing is lost by it."""
import json
import re
import socket

import pytest

from stack import BASE, Phone, message_id

CHINESE = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile("[a-z]{3}")
CODES = set()  # every code that a test of this file was given


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
    return explained(receipt)


def explained(receipt):
    """The code of a rejection that says in Chinese and English why."""
    assert receipt["outcome"] == "rejected", receipt
    assert CHINESE.search(receipt["detail"]) and LATIN.search(receipt["detail"]), receipt
    CODES.add(receipt["code"])
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
    assert explained(worker.act(worker.unit, unknown, "accept")) == "unknown_target"
    other = next(v for v in stack.villages() if v != worker.unit)
    receipt = command.send(stack.topic(stack.root(), "warning"), stack.warning(
        info={"area": [{"areaDesc": "x", "geocode": [{"valueName": "unit", "value": other}]}]}))
    task = stack.sql("select id from task where origin_id = %s", receipt["created"]["warning"])[0][0]
    assert explained(worker.act(worker.unit, task, "accept")) == "forbidden"
    assert explained(worker.act(worker.unit, task, "frobnicate")) == "unknown_verb"
    assert command.act(stack.root(), task, "cancel")["outcome"] == "accepted"
    assert explained(command.act(stack.root(), task, "cancel")) == "closed"


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
    assert explained(receipt) == "playbook", why
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
    assert explained(receipt) == "orphans"


def task_in(stack, command, unit):
    receipt = command.send(stack.topic(stack.root(), "warning"), stack.warning(
        info={"area": [{"areaDesc": "x", "geocode": [{"valueName": "unit", "value": unit}]}]}))
    return receipt["created"]["warning"], stack.sql("select id from task where origin_id = %s", receipt["created"]["warning"])[0][0]


def test_08_two_members_at_once(stack, worker, command):
    _, task = task_in(stack, command, worker.unit)
    head = stack.speak("grid_head", worker.unit)
    idents = [message_id(), message_id()]
    revision = stack.sql("select state_revision from task where id = %s", task)[0][0]
    for phone, ident in zip((head, worker), idents):  # neither waits for the other
        phone.publish(stack.topic(worker.unit, f"action/{task}/accept"), {"id": ident, "revision": revision})
    receipts = [phone.wait(lambda p=phone, i=ident: p.receipts.get(i), "receipt")[0] for phone, ident in zip((head, worker), idents)]
    lost = [r for r in receipts if r["outcome"] == "rejected"]
    assert len(lost) == 1 and explained(lost[0]) == "stale" and lost[0]["revision"] == revision + 1
    assert stack.sql("select state from task where id = %s", task) == [("accepted",)]


def test_09_messages_out_of_order(stack, worker, command):
    first, second = stack.warning(), stack.warning()
    for body in (first, second):
        body["info"][0]["area"] = [{"areaDesc": "x", "geocode": [{"valueName": "unit", "value": worker.unit}]}]
    second["msgType"], second["references"] = "Update", [first["identifier"]]
    topic = stack.topic(stack.root(), "warning")
    assert explained(command.send(topic, second)) == "unknown_reference"  # the Update overtook its Alert
    warning = command.send(topic, first)["created"]["warning"]
    assert command.send(topic, second)["outcome"] == "accepted"  # and is taken when it comes again after it
    task = stack.sql("select id from task where origin_id = %s", warning)[0][0]
    assert explained(command.act(stack.root(), task, "verify")) in ("state", "forbidden")  # before anything is done
    assert worker.act(worker.unit, task, "accept")["outcome"] == "accepted"
    assert explained(worker.act(worker.unit, task, "accept")) == "state"
    assert stack.sql("select state from task where id = %s", task) == [("accepted",)]


def test_10_repeats_and_reused_ids(stack, worker):
    topic, body = stack.topic(worker.unit, "report"), {"id": message_id(), "kind": "hazard", "fields": {"count": 1}}
    first = worker.send(topic, body)
    again = worker.send(topic, body, receipts=2)
    assert again == {**first, "repeat": True}
    body["fields"]["count"] = 2
    assert explained(worker.send(topic, body, receipts=3)) == "id_reused"
    assert stack.sql("select count(*) from report where id = %s", first["created"]["report"]) == [(1,)]


def test_11_an_entry_that_the_quarantine_does_not_hold(stack):
    admin = stack.speak("admin", "")
    body = {"id": message_id(), "quarantine": 424242}
    assert explained(admin.send(f"{BASE}/admin/quarantine-retry", body)) == "unknown_target"
    assert admin.send(f"{BASE}/admin/quarantine-retry", body, receipts=2)["repeat"]
    for wrong in ({}, {"quarantine": "x"}, {"quarantine": -1}, {"quarantine": 0}):
        explained(admin.send(f"{BASE}/admin/quarantine-retry", wrong))
    assert stack.sql("select count(*) from event where kind = 'admin' and facts::text like '%%quarantine_retried%%'") == [(0,)]


def test_12_a_drill_can_be_told_from_the_real_thing(stack, worker, command):
    worker.subscribe(stack.topic(worker.unit, "task/+/+"))
    room = next(u["parent"] for u in stack.organisation["units"] if u["id"] == worker.unit)
    officer = stack.speak("officer", room, subscribe=[stack.topic(room, "escalation/staff/+")])
    for status in ("Actual", "Exercise", "Test"):
        receipt = command.send(stack.topic(stack.root(), "warning"), stack.warning(
            status=status, info={"area": [{"areaDesc": "x", "geocode": [{"valueName": "unit", "value": worker.unit}]}]}))
        task = worker.task(worker.unit, lambda d, w=receipt["created"]["warning"]: d["origin"]["id"] == w)
        assert task["status"] == status
        assert worker.act(worker.unit, task["id"], "escalate", reason="help")["outcome"] == "accepted"
        assert officer.document(stack.topic(room, f"escalation/staff/{task['id']}"))["status"] == status


VERBS = ("issue accept assign start progress complete verify return decline escalate resolve transfer extend suspend grant refuse resume cancel reopen "
         "remind supervise seen comment dispatch merge dismiss ack").split()
ODD = [5, -1, 1e300, True, None, "", "x" * 300, "张三", "no-such-thing", [], [[]], ["a", 5], {}, {"a": {"b": [1]}}, "2026-13-41T99:00:00+08:00", "PT",
       "1970-01-01T00:00:00Z", "P99999D"]
FIELDS = ("reason assignee result checklist note until by to title instruction severity finish_by audience outcome playbook into kind fields place device "
          "status revision seat occurred_at").split()


def test_13_every_verb_with_odd_values_of_every_field(stack, worker, command):
    """Each gets an answer that is no `internal`; nothing goes to quarantine, and the task can be worked on afterwards."""
    _, task = task_in(stack, command, worker.unit)
    report = worker.send(stack.topic(worker.unit, "report"), {"kind": "hazard", "fields": {}})["created"]["report"]
    idents = {worker: [], command: []}
    for number, verb in enumerate(VERBS):
        for turn, field in enumerate(FIELDS):
            phone, unit = ((worker, worker.unit), (command, stack.root()))[(number + turn) % 2]
            if verb in ("cancel", "complete", "decline", "escalate", "transfer", "resolve") and turn % len(ODD) > 14:
                continue
            ident = message_id()
            target = (task, report, ident)[(number * 7 + turn) % 3] if verb != "issue" else ident
            phone.publish(stack.topic(unit, f"action/{target}/{verb}"), {"id": ident, field: ODD[(number * 5 + turn) % len(ODD)]})
            idents[phone].append(ident)
    for phone, expected in idents.items():
        phone.wait(lambda p=phone, e=expected: all(i in p.receipts for i in e), "receipts of all")
        codes = {phone.receipts[i][0].get("code") for i in expected}
        assert "internal" not in codes and {"type", "range", "missing"} & codes, codes
        for i in expected:
            if phone.receipts[i][0]["outcome"] == "rejected":
                explained(phone.receipts[i][0])
    assert stack.sql("select count(*) from quarantine") == [(0,)]
    assert stack.ready()[0] == 200


def test_14_administration_with_odd_values(stack):
    admin = stack.speak("admin", "")
    fields = "organisation member unit role position device secret_hash enrolment_hash members from until playbook text quarantine surprise".split()
    verbs = ("organisation-apply member-add member-import member-revoke member-enrol seat-start seat-end playbook-apply catalogue-apply quarantine-retry "
             "no-such-verb").split()
    roster, idents = stack.sql("select count(*), count(*) filter (where revoked) from member"), []
    for number, verb in enumerate(verbs):
        for turn, field in enumerate(fields):
            idents.append(message_id())
            body = {"id": idents[-1], "member": admin.member, field: ODD[(number * 5 + turn) % len(ODD)]}
            admin.publish(f"{BASE}/admin/{verb}", body if verb != "member-revoke" or field == "member" else {**body, "member": "140802100-nobodyatall"})
    admin.wait(lambda: all(i in admin.receipts for i in idents), "receipts of all")
    for i in idents:
        assert explained(admin.receipts[i][0]) != "internal"
    assert stack.sql("select count(*), count(*) filter (where revoked) from member") == roster
    assert stack.sql("select count(*) from quarantine") == [(0,)]


def test_15_questions_with_odd_values(stack, worker):
    topic, asked = f"{BASE}/member/{worker.member}/reply", []
    for number, name in enumerate("self task tasks escalations warnings warning units members member quarantine history organisation playbooks unit_status "
                                  "no-such-query".split() + [5, None, [], "张三"]):
        for turn, field in enumerate("task unit state limit open warning member".split()):
            asked.append(message_id())
            worker.publish(f"{BASE}/member/{worker.member}/query", {"id": asked[-1], "query": name, field: ODD[(number * 3 + turn) % len(ODD)]})
    answered = lambda: {json.loads(p).get("id") for t, p, *_ in worker.messages if t == topic}  # noqa: E731
    worker.wait(lambda: answered().issuperset(asked), "replies to all")
    assert stack.ready()[0] == 200


def test_19_counted_logged_and_still_at_work(stack, worker, command):
    assert refused(worker, stack.topic(worker.unit, "report"), b"{") == "malformed"
    metrics = stack.metrics()
    log = (stack.folder / "daemon.log").read_text(encoding="utf-8")
    by_plugin = {"denied", "busy"}  # whose counters and lines are the broker's
    for code in CODES - by_plugin:
        assert metrics[f'policegrid_rejected_total{{code="{code}"}}'] > 0, code
        assert f"rejected code={code} " in log, code
    receipt = worker.send(stack.topic(worker.unit, "report"), {"kind": "hazard", "fields": {}})
    assert receipt["outcome"] == "accepted"
    assert stack.sql("select count(*) from quarantine") == [(0,)]
    assert stack.ready()[0] == 200


def test_20_a_will_and_a_retained_flag_do_nothing(stack, worker):
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
