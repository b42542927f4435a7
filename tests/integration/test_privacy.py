"""
I12 through the real stack: synthetic identities are planted in every field of every upward message that proto/schema knows (each example,
each leaf, each object's keys), and nothing of them is found afterwards in any table, document, receipt, reply, log or file. And the schemas
themselves: no field could name a resident, and every field that takes free text is known here by name.
"""
import copy
import json
import re
import uuid

import pytest

import wire_check
from stack import AREA, BASE, ROOT, message_id, new_secret, secret_hash

IDENTITY, MOBILE, PLATE, CARD = "140802199003070003", "13800138000", "晋M12345", "6222021234567890128"
NUMBERS = f"{IDENTITY}，{MOBILE}，{PLATE}，{CARD}"
NAME = "欧阳演示甲"
PLANTED = [IDENTITY, MOBILE, PLATE, CARD, NAME]

# Words for people: masked (numbers, plates), but a person's name in a sentence cannot be told from another word. None stands in a document
# of residents: notes are seen by the own unit and the line above and erased, a warning's words and a task's title are a commander's.
FREE = {"note", "reason", "title", "instruction", "headline", "description", "event", "senderName", "areaDesc", "contact", "web", "restriction",
        "audience", "zh", "en", "value", "valueName", "sender", "source", "scope", "incidents"}
# Made by programs, never typed: what identifies a message, a chain of warnings, a device's gateway, a hash.
MADE = {"id", "identifier", "references", "secret_hash"}
# Asked for so that the responder can be reached; test_points.py shows where it is and that it goes.
CONTACT = {"contact"}

UNIT, ROOM = "village-02", "room-guandi"


def luhn(digits):
    total = sum(sum(divmod(int(d) * (2 if i % 2 else 1), 10)) for i, d in enumerate(reversed(digits)))
    return total % 10 == 0


def test_the_identities_are_ones_that_masking_knows():
    vectors = json.dumps(json.loads((ROOT / "tests/unit/proto/mask_vectors.json").read_text(encoding="utf-8")), ensure_ascii=False)
    assert IDENTITY in vectors and luhn(CARD) and re.fullmatch(r"1[3-9]\d{9}", MOBILE)


# ---- the schemas ----

PERSON = re.compile(r"(^|_)(name|full_?name|surname|given_?name|resident|citizen|id_?(card|number|no)|identity|passport|phone|mobile|telephone|email|wechat|qq|"
                    r"plate|licen[cs]e|face|photo|image|picture|portrait|fingerprint|bank_?card|address|home|birth\w*|track|trajectory)$", re.IGNORECASE)
# What units, steps and fields of forms are called; a list's own name; a key of an area's dictionary of a form.
NAMES = {("task.json", "name"), ("escalation.json", "name")}


def objects(schema, path=""):
    """Every subschema that has properties, with its place."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield path, schema
        for key, value in schema.items():
            if key != "examples":
                yield from objects(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from objects(value, f"{path}/{index}")


@pytest.mark.parametrize("file", sorted(path.name for path in wire_check.SCHEMA.glob("*.json")))
def test_no_field_could_name_a_resident(file):
    for place, schema in objects(wire_check.load(file)):
        for name in schema["properties"]:
            assert not PERSON.search(name) or (file, name) in NAMES, f"{file}{place}: {name}"


UPWARD = ["action.json", "admin.json", "device-event.json", "device-heartbeat.json", "query.json", "report.json", "request.json", "warning.json"]


@pytest.mark.parametrize("file", UPWARD)
def test_upward_messages_take_no_other_field(file):
    assert {kind.schema.split("#")[0] for kind in wire_check.KINDS if kind.upward} == set(UPWARD)
    schema = wire_check.load(file)
    tops = list(schema["$defs"].values()) if file in ("action.json", "admin.json") else schema.get("oneOf", [schema])
    for top in tops:
        if "properties" in top:
            assert top.get("additionalProperties") is False or top.get("unevaluatedProperties") is False, (file, list(top["properties"]))


# ---- planting ----

def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, path + (key,))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, path + (index,))
    else:
        yield path, value


def nodes(value, path=()):
    if isinstance(value, dict):
        yield path
        for key, inner in value.items():
            yield from nodes(inner, path + (key,))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from nodes(inner, path + (index,))


def put(body, path, value):
    body = copy.deepcopy(body)
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return body


def add(body, path, key, value):
    body = copy.deepcopy(body)
    inner = body
    for step in path:
        inner = inner[step]
    inner[key] = value
    return body


def words(path):
    return {step for step in path if isinstance(step, str)}


def plantings(example):
    """Variants of a right message: each leaf in turn an identity, each object in turn with a field more."""
    for path, value in leaves(example):
        if words(path) & MADE:
            continue
        names = words(path)
        if names & CONTACT and "info" not in names:
            yield put(example, path, f"{IDENTITY} {PLATE} {CARD}")  # a telephone number is what it is for
            continue
        yield put(example, path, NUMBERS[:200])
        if not names & FREE:
            yield put(example, path, NAME)
        for number in (IDENTITY, MOBILE):
            yield put(example, path, number)
            yield put(example, path, int(number))
    for path in nodes(example):
        for key, value in ((NAME, 1), (IDENTITY, 1), (MOBILE, MOBILE), ("姓名", NAME), ("phone", MOBILE), ("extra", PLATE)):
            yield add(example, path, key, value)


def samples():
    """(kind, verb, example) of every upward message of proto/schema."""
    for kind in wire_check.KINDS:
        if not kind.upward:
            continue
        file, _, pointer = kind.schema.partition("#")
        schema = wire_check.load(file)
        for verb, part in (schema["$defs"].items() if pointer else [(None, schema)]):
            for example in part.get("examples", []):
                yield kind.name, verb, example


class Planter:
    """Somebody for each kind of message, who sends what he is given and waits until it has been dealt with."""

    def __init__(self, stack):
        self.stack = stack
        self.command = stack.speak("commander", stack.root())
        self.worker = stack.speak("grid_head", UNIT)
        self.admin = stack.phone(stack.member("admin", ""))
        self.device = stack.phone(stack.member("device"))
        self.member = stack.speak("volunteer", ROOM)
        self.phones = [self.command, self.worker, self.admin, self.device, self.member]
        self.command.subscribe(*(f"{BASE}/+/+/{rest}" for rest in ("task/+/+", "escalation/+/+", "notice/+", "list/+", "status", "device/+")))
        self.worker.subscribe(f"{BASE}/member/{self.worker.member}/list/+", f"{BASE}/tier3/{UNIT}/task/+/+", f"{BASE}/tier3/{UNIT}/notice/+")
        self.task = None
        self.n_sent = 0

    def fresh_task(self):
        ident = str(uuid.uuid4())
        receipt = self.command.act(self.stack.root(), ident, "issue", title="查看", to=UNIT)
        assert receipt["outcome"] == "accepted", receipt
        self.task = ident

    def send(self, kind, verb, body):
        stack, body = self.stack, {**body}
        if "id" in body or kind not in ("heartbeat", "query"):
            body["id"] = message_id()
        self.n_sent += 1
        if kind == "query":
            body["id"] = message_id()
            topic = f"{BASE}/member/{self.command.member}/reply"
            self.command.publish(f"{BASE}/member/{self.command.member}/query", body)
            return self.command.wait(lambda: any(t == topic and json.loads(p).get("id") == body["id"] for t, p, *_ in self.command.messages), "reply")
        if kind == "heartbeat":
            return self.device.publish(f"{BASE}/device/panic-01/heartbeat", body)
        phone, topic = {
            "warning": (self.command, stack.topic(stack.root(), "warning")),
            "report": (self.worker, stack.topic(UNIT, "report")),
            "action": (self.worker, stack.topic(UNIT, f"action/{self.task}/{verb}")),
            "event": (self.device, f"{BASE}/device/panic-01/event"),
            "request": (self.member, f"{BASE}/member/{self.member.member}/request"),
            "admin": (self.admin, f"{BASE}/admin/{verb}"),
        }[kind]
        if verb == "issue":
            topic = stack.topic(UNIT, f"action/{uuid.uuid4()}/issue")
        phone.publish(topic, body)
        return phone.wait(lambda: phone.receipts.get(body["id"]), f"receipt of {kind} {verb}")


def found_in(text):
    return [identity for identity in PLANTED if identity in text]


def tables(stack):
    for (table,) in stack.sql("select c.relname from pg_class c where c.relnamespace = 'policegrid'::regnamespace and c.relkind in ('r', 'p')"
                              " and not c.relispartition"):
        for (row,) in stack.sql(f"select x::text from policegrid.{table} x"):
            yield table, row
    for (payload,) in stack.sql("select payload from quarantine where payload is not null"):
        yield "quarantine.payload", bytes(payload).decode("utf-8", "replace")


def files(stack):
    yield stack.folder / "daemon.log"
    yield stack.folder / "broker.log"
    yield stack.cluster.folder / "postgresql.log"
    for folder in (stack.state, stack.snapshots):
        yield from (path for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def planted(jiezhou):
    """The town after everything has been planted."""
    catalogue = json.loads((ROOT / "deploy/catalogue/jiezhou.json").read_text(encoding="utf-8"))
    planter = Planter(jiezhou)
    receipt = planter.admin.send(f"{BASE}/admin/catalogue-apply", {"catalogue": {**catalogue, "version": 2000}})
    assert receipt["outcome"] == "accepted", receipt
    seen, last = set(), None
    for kind, verb, example in samples():
        seen.add((kind, verb))
        if kind == "action" and (kind, verb) != last:
            planter.fresh_task()
        last = (kind, verb)
        for body in plantings(example):
            planter.send(kind, verb, body)
    planter.seen = seen
    # what comes after everything is dealt with after everything
    planter.worker.send(jiezhou.topic(UNIT, "report"), {"kind": "diary", "fields": {}})
    return planter


def test_every_kind_was_planted(planted):
    kinds = {kind.name for kind in wire_check.KINDS if kind.upward}
    assert {kind for kind, _ in planted.seen} == kinds
    for file, name in (("action.json", "action"), ("admin.json", "admin")):
        assert {verb for kind, verb in planted.seen if kind == name} == set(wire_check.load(file)["$defs"]), "an example is missing"
    for file, word in (("query.json", "query"), ("request.json", "request")):
        schema = wire_check.load(file)
        assert {example[word] for example in schema["examples"]} == {one["properties"][word]["const"] for one in schema["oneOf"]}
    assert planted.n_sent > 1000


def test_no_table_holds_one(planted):
    held = {}
    for table, row in tables(planted.stack):
        for identity in found_in(row):
            held.setdefault((table, identity), row[:400])
    assert not held, json.dumps({str(k): v for k, v in held.items()}, ensure_ascii=False, indent=1)


def test_no_document_receipt_or_reply_holds_one(planted):
    for phone in planted.phones:
        for topic, payload, *_ in phone.messages:
            assert not found_in(topic + payload.decode("utf-8", "replace")), (topic, payload[:600].decode("utf-8", "replace"))


def test_no_log_or_file_holds_one(planted):
    for path in files(planted.stack):
        text = path.read_bytes().decode("utf-8", "replace")
        for identity in found_in(text):
            line = next((line for line in text.splitlines() if identity in line), "")
            raise AssertionError(f"{path.name}: {line[:400]}")


def test_no_metric_holds_one(planted):
    assert not found_in(json.dumps(planted.stack.metrics()) + json.dumps(planted.stack.ready()[1]))
