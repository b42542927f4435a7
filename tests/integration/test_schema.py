"""The documents of the wire against each other: schemas, their examples, asyncapi.yaml, and the list of topics."""
import json
import pathlib
import re

import jsonschema
import pytest
import yaml

import wire_check

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
FILES = sorted(path.name for path in wire_check.SCHEMA.glob("*.json"))
ASYNCAPI = yaml.safe_load((PROTO / "asyncapi.yaml").read_text(encoding="utf-8"))
SAMPLE = {"area": "140802100", "tier": "2", "unit": "room-1", "target": "x-1", "task": "x-1", "warning": "x-1", "device": "b-7",
          "member": "140802100-ab", "gateway": "140802100-gw", "audience": "all", "list": "duty", "name": "points"}


def references(node):
    """Every $ref of a schema."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def bodies():
    """(reference, schema) of every message: whole files, or each definition of those that hold one body a verb."""
    for name in FILES:
        schema = wire_check.load(name)
        if name in ("action.json", "admin.json"):
            for verb, body in schema["$defs"].items():
                yield f"{name}#/$defs/{verb}", body
        elif name != "common.json":
            yield name, schema


@pytest.mark.parametrize("name", FILES)
def test_file_is_a_schema_whose_references_exist(name):
    schema = wire_check.load(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith("/" + name)
    for reference in references(schema):
        target, _, pointer = reference.partition("#")
        node = wire_check.load(target or name)
        for part in pointer.strip("/").split("/"):
            assert part in node, reference
            node = node[part]


@pytest.mark.parametrize("reference, body", list(bodies()), ids=[reference for reference, _ in bodies()])
def test_examples_fit(reference, body):
    assert body.get("examples"), "no examples"
    for example in body["examples"]:
        faults = [wire_check.describe(error) for error in wire_check.validator(reference).iter_errors(example)]
        assert not faults, (example, faults)


@pytest.mark.parametrize("reference, body", list(bodies()), ids=[reference for reference, _ in bodies()])
def test_descriptions_are_in_both_languages(reference, body):
    assert re.search(r"[\u4e00-\u9fff].* / .*[A-Za-z]", body["description"], re.DOTALL), reference


@pytest.mark.parametrize("reference, body", list(bodies()), ids=[reference for reference, _ in bodies()])
def test_unknown_and_personal_fields_do_not_fit(reference, body):
    found = wire_check.validator(reference)
    for example in body["examples"]:
        assert not found.is_valid({**example, "id_number": "x"}), reference
        assert not found.is_valid([example])


def channel_topic(channel, verb):
    return re.sub(r"\{(\w+)\}", lambda match: verb if match.group(1) == "verb" else SAMPLE[match.group(1)], channel["address"])


def payload_reference(reference):
    message = ASYNCAPI["components"]["messages"][reference["$ref"].rsplit("/", 1)[1]]
    return message["payload"]["schema"]["$ref"]


def test_every_channel_is_a_topic_with_its_schema():
    seen = set()
    for name, channel in ASYNCAPI["channels"].items():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"]), name
        for verb, message in channel["messages"].items():
            kind, reference = wire_check.kind_of(channel_topic(channel, verb))
            assert kind, channel["address"]
            assert payload_reference(message) == "./schema/" + reference
            seen.add(kind.name)
    assert seen == {kind.name for kind in wire_check.KINDS}


def test_every_schema_is_in_asyncapi():
    used = {payload_reference({"$ref": "/" + name}).split("/")[2].partition("#")[0] for name in ASYNCAPI["components"]["messages"]}
    assert used | {"common.json"} == set(FILES)
    verbs = {(file, verb) for file in ("action.json", "admin.json") for verb in wire_check.load(file)["$defs"]}
    named = {tuple(payload_reference({"$ref": "/" + name}).split("/")[2].split("#")[0:1]) + (name.split(".", 1)[1],)
             for name in ASYNCAPI["components"]["messages"] if "." in name}
    assert named == verbs


def test_operations_go_the_way_of_their_channel_and_tell_qos_and_retain():
    by_channel = {}
    for name, operation in ASYNCAPI["operations"].items():
        channel = operation["channel"]["$ref"].rsplit("/", 1)[1]
        by_channel[channel] = operation
        verb = next(iter(ASYNCAPI["channels"][channel]["messages"]))
        kind, _ = wire_check.kind_of(channel_topic(ASYNCAPI["channels"][channel], verb))
        assert operation["action"] == ("receive" if kind.upward else "send"), name
        assert operation["bindings"]["mqtt"]["qos"] == 1
        assert operation["bindings"]["mqtt"]["retain"] == kind.retained, name
    assert set(by_channel) == set(ASYNCAPI["channels"])


def test_verbs_are_those_of_the_code():
    source = (PROTO / "verb.c").read_text(encoding="utf-8")
    assert set(re.findall(r'\] = "([a-z]+)"', source)) == set(wire_check.load("action.json")["$defs"])


def test_codes_are_those_of_the_code():
    source = (PROTO / "code.c").read_text(encoding="utf-8")
    words = re.findall(r'\[CODE_[A-Z0-9_]+\] = \{"([a-z0-9_]+)"', source)
    assert len(words) > 30
    assert set(words) == set(wire_check.load("common.json")["$defs"]["errorCode"]["enum"])


def test_kinds_of_topics_are_those_of_the_code():
    header = (PROTO / "topic.h").read_text(encoding="utf-8")
    listed = re.search(r"typedef enum TopicKind \{(.*?)\} TopicKind", header, re.DOTALL).group(1)
    names = {name.lower() for name in re.findall(r"^\s+TOPIC_(\w+)", listed, re.MULTILINE)} - {"none", "kind_count", "upward_last"}
    ours = {kind.name for kind in wire_check.KINDS}
    assert {name.replace("device_", "") if name.startswith("device_") else name for name in names} == ours


def test_wire_check_finds_what_does_not_fit():
    mark = "grid/v1/140802100/daemon/mark"
    assert not wire_check.check_message(mark, '{"alive":false}', True)
    assert not wire_check.check_message(mark, "", True)
    assert wire_check.check_message(mark, '{"alive":false}', False)
    assert wire_check.check_message(mark, '{"alive":true}', True)
    assert wire_check.check_message(mark, "not json")
    assert wire_check.check_message("grid/v1/140802100/daemon/marks", "{}")
    assert wire_check.check_message("grid/v1/140802100/tier3/v1/action/x/dance", '{"id":"20261121-1"}')
    assert wire_check.check_message("grid/v1/140802100/tier3/v1/action/x/accept", "")
    assert wire_check.check([]) and wire_check.check([{"topic": "x", "payload": "{}"}])
    assert not wire_check.check([{"topic": mark, "payload": {"alive": False}, "retain": True}, {"topic": "$SYS/x", "payload": "1"}])


def test_wire_check_runs_by_hand(tmp_path, capsys, monkeypatch):
    capture = tmp_path / "capture.jsonl"
    lines = [{"topic": "grid/v1/140802100/daemon/mark", "payload": '{"alive":false}'}, {"topic": "grid/v1/1/x", "payload": "{}"}]
    capture.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["wire_check.py", str(capture)])
    assert wire_check.main() == 1
    assert "1 faults" in capsys.readouterr().out
