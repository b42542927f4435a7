"""The examples in proto/schema against the real stack: every one that a member could send does what it says, and all that came back fits."""
import datetime
import json
import re

import pytest

import wire_check
from stack import BASE, message_id, new_secret, secret_hash

UNIT, ROOM, OTHER = "village-02", "room-guandi", "village-03"
DAY_OF_THE_SAMPLES = datetime.datetime.fromisoformat("2026-11-21T12:00:00+08:00")
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")
RESULT = {"households": 120, "dissuaded": 3}

# What must have happened to a task before the verb makes sense: (who, verb, body)…, and who speaks the verb then.
DOER, ABOVE, TOP = "doer", "above", "top"
ACCEPTED = [(DOER, "accept", {})]
DONE = ACCEPTED + [(DOER, "complete", {"result": RESULT})]
ESCALATED = ACCEPTED + [(DOER, "escalate", {"reason": "need-support"})]
ASKED = ACCEPTED + [(DOER, "extend", {"by": {"workdays": 2}, "reason": "holiday"})]
RESTING = ACCEPTED + [(DOER, "suspend", {"until": "2026-12-01T08:00:00+08:00", "reason": "absent"}), (ABOVE, "grant", {})]
TASK_VERBS = {
    "accept": ([], DOER), "assign": (ACCEPTED, DOER), "start": (ACCEPTED, DOER), "progress": (ACCEPTED, DOER), "complete": (ACCEPTED, DOER),
    "verify": (DONE, ABOVE), "return": (DONE, ABOVE), "decline": ([], DOER), "escalate": (ACCEPTED, DOER),
    "resolve": (ESCALATED + [(ABOVE, "accept", {})], ABOVE), "transfer": (ACCEPTED, DOER), "extend": (ACCEPTED, DOER),
    "suspend": (ACCEPTED, DOER), "grant": (ASKED, ABOVE), "refuse": (ASKED, ABOVE), "resume": (RESTING, DOER), "cancel": ([], TOP),
    "reopen": (DONE + [(ABOVE, "verify", {})], ABOVE), "remind": ([], ABOVE), "supervise": ([], ABOVE), "seen": ([], DOER),
    "comment": ([], DOER),
}


def examples(file, name=None):
    schema = wire_check.load(file)
    return [dict(example) for example in (schema["$defs"][name] if name else schema)["examples"]]


def shifted(value):
    """A sample with its times moved from the day that it was written for to today."""
    now = datetime.datetime.now(DAY_OF_THE_SAMPLES.tzinfo).replace(microsecond=0)
    moved = lambda match: (datetime.datetime.fromisoformat(match.group()) - DAY_OF_THE_SAMPLES + now).isoformat()
    return json.loads(TIME.sub(moved, json.dumps(value)))


class Town:
    """The stack with one phone for each part that is played."""

    def __init__(self, stack):
        self.stack = stack
        self.doer = stack.speak("grid_head", UNIT)
        self.above = stack.speak("officer", ROOM)
        self.top = stack.phone(stack.member("commander", stack.root()), subscribe=[
            f"{BASE}/+/+/task/+/+", f"{BASE}/+/+/escalation/+/+", f"{BASE}/+/+/notice/+", f"{BASE}/+/+/status", f"{BASE}/tier3/+/list/+",
            f"{BASE}/tier3/+/presence/+", f"{BASE}/+/+/device/+", f"{BASE}/daemon/mark"])
        self.admin = stack.phone(stack.member("admin", ""))
        self.units = {DOER: UNIT, ABOVE: ROOM, TOP: stack.root()}

    def new_task(self):
        """The id of a fresh task of the unit, and of the warning that it came from."""
        area = [{"geocode": [{"valueName": "unit", "value": UNIT}]}]
        receipt = self.top.send(self.stack.topic(self.stack.root(), "warning"), self.stack.warning(info={"area": area}))
        assert receipt["outcome"] == "accepted", receipt
        warning = receipt["created"]["warning"]
        return self.top.task(UNIT, lambda document: document["origin"]["id"] == warning)["id"], warning

    def act(self, who, target, verb, body):
        body = {key: value for key, value in shifted(body).items() if key not in ("id", "revision", "seat")}
        return getattr(self, who).act(self.units[who], target, verb, **body)

    def report(self, example):
        receipt = self.doer.send(self.stack.topic(UNIT, "report"), {**shifted(example), "id": message_id()})
        assert receipt["outcome"] == "accepted", receipt
        return receipt["created"]["report"]


@pytest.fixture(scope="module")
def town(jiezhou):
    return Town(jiezhou)


@pytest.mark.parametrize("verb", sorted(TASK_VERBS))
def test_verbs_on_tasks(town, verb):
    before, who = TASK_VERBS[verb]
    for example in examples("action.json", verb):
        task, _ = town.new_task()
        for speaker, earlier, body in before:
            receipt = town.act(speaker, task, earlier, body)
            assert receipt["outcome"] == "accepted", (earlier, receipt)
        if verb == "assign":
            example["assignee"] = town.stack.member("grid_worker", UNIT)
        receipt = town.act(who, task, verb, example)
        assert receipt["outcome"] == "accepted", (verb, example, receipt)


def test_issue_and_acknowledge(town):
    for example in examples("action.json", "issue"):
        receipt = town.act(ABOVE, message_id(), "issue", example)
        assert receipt["outcome"] == "accepted", receipt
    for example in examples("action.json", "ack"):
        _, warning = town.new_task()
        assert town.act(DOER, warning, "ack", example)["outcome"] == "accepted"


@pytest.mark.parametrize("verb", ["dispatch", "merge", "dismiss", "comment"])
def test_verbs_on_reports(town, verb):
    for example in examples("action.json", verb):
        report = town.report({"kind": "incident", "fields": {"people": 3}})
        if verb == "merge":
            example["into"] = town.report({"kind": "incident", "fields": {"people": 4}})
        receipt = town.act(ABOVE, report, verb, example)
        assert receipt["outcome"] == "accepted", (verb, example, receipt)


def test_warnings_and_reports(town):
    for example in examples("warning.json"):
        receipt = town.top.send(town.stack.topic(town.stack.root(), "warning"), {**shifted(example), "id": message_id()})
        assert receipt["outcome"] == "accepted" or receipt["code"] == "closed", (example, receipt)
    for example in examples("report.json"):
        town.report(example)


def test_devices(town):
    device = town.stack.phone(town.stack.member("device"))
    for example in examples("device-heartbeat.json"):
        device.publish(f"{BASE}/device/panic-01/heartbeat", shifted(example))
    for example in examples("device-event.json"):
        receipt = device.send(f"{BASE}/device/panic-01/event", {**shifted(example), "id": message_id()})
        assert receipt["outcome"] == "accepted", (example, receipt)


def test_queries(town):
    task, warning = town.new_task()
    known = {"task": task, "warning": warning, "report": town.report({"kind": "need"}), "member": town.stack.member("grid_head", UNIT)}
    for example in examples("query.json"):
        body = {key: known.get(key, value) for key, value in example.items() if key not in ("id", "query")}
        asker = town.admin if example["query"] == "quarantine" else town.top
        reply = asker.query(example["query"], **body)
        # nobody here has a card, or has been granted a contact: test_points.py, test_privacy.py
        assert "data" in reply or (example["query"] in ("points", "contact") and reply["code"] == "unknown_target"), (example, reply)


def test_requests(town):
    member, secret = town.stack.member("volunteer", ROOM), new_secret()
    phone = town.stack.phone(member)
    for example in examples("request.json"):
        if example["request"] not in ("enrol", "rotate"):
            continue  # points and contacts want a story: test_points.py, test_privacy.py
        body = {**example, "id": message_id(), "secret_hash": secret_hash(secret)}
        receipt = phone.send(f"{BASE}/member/{member}/request", body)
        assert receipt["outcome"] == "accepted" or (example["request"], receipt["code"]) == ("enrol", "enrolment"), receipt


def test_administration(town):
    """Samples of what an administrator sends; those that name a member or a file of their own are given one of the town."""
    def send(verb, body):
        return town.admin.send(f"{BASE}/admin/{verb}", {**shifted(body), "id": message_id()})

    made = []
    for example in examples("admin.json", "member-add"):
        made.append(send("member-add", example))
    for example in examples("admin.json", "member-import"):
        made.append(send("member-import", example))
    assert all(receipt["outcome"] == "accepted" for receipt in made), made
    member = made[0]["created"]["member"]
    for verb in ("member-enrol", "seat-start", "seat-end", "member-revoke", "playbook-apply", "catalogue-apply", "clock-confirm"):
        for example in examples("admin.json", verb):
            if "member" in example:
                example["member"] = member
            receipt = send(verb, example)
            assert receipt["outcome"] == "accepted" or (verb, receipt["code"]) == ("playbook-apply", "playbook"), (verb, receipt)
    for verb, codes in (("quarantine-retry", {"unknown_target"}), ("organisation-apply", {"orphans", "organisation", "conflict"})):
        for example in examples("admin.json", verb):
            receipt = send(verb, example)
            assert receipt["outcome"] == "accepted" or receipt["code"] in codes, (verb, receipt)


def test_last_everything_that_came_back_fits(town):
    # What the broker replays at a subscription is flagged retained, live messages are not: the flag is not judged here.
    messages = [{"topic": topic, "payload": payload.decode()} for phone in town.stack.phones for topic, payload, *_ in phone.messages]
    counts, faults = wire_check.check_all(messages)
    assert not faults, faults[:10]
    assert {"task", "escalation", "notice", "status", "list", "presence", "device", "receipt", "reply", "mark"} <= set(counts)
