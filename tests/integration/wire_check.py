#!/usr/bin/python3
"""
Holds captured traffic against proto/schema: every message on a topic of policegrid must be what its schema says, and must be retained
exactly where DESIGN.md says so. Used by the tests, and by hand:

    tests/integration/wire_check.py CAPTURE.jsonl      # one {"topic","payload","retain"} a line; "-" reads standard input

`payload` is the message as text, or as the parsed object; an empty payload clears a retained topic. `retain` may be left out; where it
is given it is judged, so a subscriber that captures should give what the message carried when it was first published, not the flag of a
later delivery (brokers deliver live messages of retained topics with the flag off: leave it out, or use retain-as-published).
Exit code 0: all fit. 1: some do not, with a line for each. 2: usage.
"""
import argparse
import collections
import functools
import json
import pathlib
import re
import sys

import jsonschema

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "proto" / "schema"

# DESIGN.md, Topics: pattern under the root, schema (a verb is looked up in its $defs), retained or not.
UNIT = r"tier[123]/[a-z0-9][a-z0-9-]{0,31}"
NAME = r"[a-z0-9][a-z0-9-]{0,31}"
TARGET = r"[A-Za-z0-9][A-Za-z0-9-]{0,63}"
MEMBER = r"[0-9]{2,12}-[a-z0-9]{1,40}"
Kind = collections.namedtuple("Kind", "name pattern schema upward retained")
KINDS = [
    Kind("warning", rf"{UNIT}/warning", "warning.json", True, False),
    Kind("report", rf"{UNIT}/report", "report.json", True, False),
    Kind("action", rf"{UNIT}/action/{TARGET}/(?P<verb>[a-z]+)", "action.json#/$defs/{verb}", True, False),
    Kind("heartbeat", rf"device/{NAME}/heartbeat", "device-heartbeat.json", True, False),
    Kind("event", rf"device/{NAME}/event", "device-event.json", True, False),
    Kind("query", rf"member/{MEMBER}/query", "query.json", True, False),
    Kind("request", rf"member/{MEMBER}/request", "request.json", True, False),
    Kind("admin", r"admin/(?P<verb>[a-z-]+)", "admin.json#/$defs/{verb}", True, False),
    Kind("task", rf"{UNIT}/task/(all|staff|named)/{TARGET}", "task.json", False, True),
    Kind("escalation", rf"{UNIT}/escalation/(all|staff|named)/{TARGET}", "escalation.json", False, True),
    Kind("notice", rf"{UNIT}/notice/{TARGET}", "notice.json", False, True),
    Kind("list", rf"{UNIT}/list/(duty|task|result|month)", "list.json", False, True),
    Kind("status", rf"{UNIT}/status", "status.json", False, True),
    Kind("presence", rf"{UNIT}/presence/{MEMBER}", "presence.json", False, True),
    Kind("device", rf"{UNIT}/device/{NAME}", "device.json", False, True),
    Kind("receipt", rf"member/{MEMBER}/receipt", "receipt.json", False, False),
    Kind("reply", rf"member/{MEMBER}/reply", "reply.json", False, False),
    Kind("member_list", rf"member/{MEMBER}/list/{NAME}", "member-list.json", False, True),
    Kind("notify", rf"gateway/{MEMBER}/notify", "notify.json", False, False),
    Kind("mark", r"daemon/mark", "mark.json", False, True),
]
ROOT = re.compile(r"grid/v1/[0-9]{2,12}/(.*)", re.DOTALL)


@functools.lru_cache(maxsize=None)
def load(name):
    """One schema file."""
    return json.loads((SCHEMA / name).read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=None)
def validator(reference):
    """A validator for `file.json` or `file.json#/$defs/name`; None when there is no such definition."""
    store = {load(path.name)["$id"]: load(path.name) for path in SCHEMA.glob("*.json")}
    name, _, pointer = reference.partition("#")
    schema = load(name)
    if pointer and pointer.split("/")[-1] not in schema["$defs"]:
        return None
    resolver = jsonschema.RefResolver(schema["$id"], schema, store)
    return jsonschema.Draft202012Validator({"$ref": schema["$id"] + ("#" + pointer if pointer else "")}, resolver=resolver)


def kind_of(topic):
    """(kind, schema reference) of a topic, or (None, None)."""
    under = ROOT.fullmatch(topic)
    for kind in KINDS if under else []:
        match = re.fullmatch(kind.pattern, under.group(1))
        if match:
            return kind, kind.schema.format(**match.groupdict())
    return None, None


def describe(error):
    """One validation error in words; of `oneOf`, the branch that came nearest."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    where = "/".join(str(part) for part in error.absolute_path) or "(top)"
    return f"{where}: {error.message[:300]}"


def check_message(topic, payload, retain=None):
    """List of faults of one message; empty when it fits."""
    kind, reference = kind_of(topic)
    if kind is None:
        return ["no topic of policegrid"]
    faults = []
    if retain is not None and bool(retain) != kind.retained:
        faults.append(f"retain is {bool(retain)}, should be {kind.retained}")
    if payload in ("", b"", None):
        return faults if kind.retained else faults + ["empty payload"]
    if isinstance(payload, (bytes, str)):
        try:
            payload = json.loads(payload)
        except ValueError as error:
            return faults + [f"not JSON: {error}"]
    found = validator(reference)
    if found is None:
        return faults + [f"no schema {reference}"]
    return faults + [describe(error) for error in found.iter_errors(payload)]


def check_all(messages):
    """(number of messages by kind, list of "topic: fault"). `messages` yields dicts as in a capture."""
    counts, faults = collections.Counter(), []
    for message in messages:
        kind, _ = kind_of(message["topic"])
        counts[kind.name if kind else "unknown"] += 1
        for fault in check_message(message["topic"], message.get("payload"), message.get("retain")):
            faults.append(f"{message['topic']}: {fault}")
    return counts, faults


def check(messages):
    """List of "topic: fault" over messages as in a capture; no messages at all is a fault too."""
    counts, faults = check_all(message for message in messages if not message["topic"].startswith("$"))
    return faults if counts else ["no messages"]


def read_lines(stream):
    """Messages of a capture, leaving out what is not ours ($SYS, $CONTROL)."""
    for line in stream:
        if line.strip():
            message = json.loads(line)
            if not message["topic"].startswith("$"):
                yield message


def main():
    parser = argparse.ArgumentParser(description="holds captured traffic against proto/schema 用模式检查抓取的消息")
    parser.add_argument("capture", help="JSON lines {topic, payload, retain}; - = standard input")
    parser.add_argument("--limit", type=int, default=50, help="faults shown (default 50)")
    arguments = parser.parse_args()
    stream = sys.stdin if arguments.capture == "-" else open(arguments.capture, encoding="utf-8")
    with stream:
        counts, faults = check_all(read_lines(stream))
    for fault in faults[: arguments.limit]:
        print(fault)
    print(", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "no messages", f"- {len(faults)} faults")
    return 1 if faults or not counts else 0


if __name__ == "__main__":
    sys.exit(main())
