"""quickstart as its users run it: start detached, the demo, a second start that keeps the data, stop; the demo's traffic against proto/schema."""
import json
import os
import pathlib
import subprocess

import psycopg2
import pytest

from stack import ROOT
import wire_check


def quickstart(state, *arguments, expect=0):
    done = subprocess.run([str(ROOT / "deploy/quickstart"), "--state", str(state), *arguments], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=900, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert done.returncode == expect, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def demo(workspace):
    state = workspace / "quickstart"
    capture = workspace / "captured.jsonl"
    text = quickstart(state, "--demo", "--capture", str(capture))
    yield state, capture, text
    quickstart(state, "--stop")


def test_01_the_demo_plays_and_its_two_tables_agree(demo):
    _, _, text = demo
    assert "Both books agree." in text or "两本账一致。" in text


def test_02_captured_traffic_fits_the_schemas(demo):
    _, capture, _ = demo
    messages = [json.loads(line) for line in pathlib.Path(capture).read_text(encoding="utf-8").splitlines()]
    assert len(messages) > 100
    problems = wire_check.check(messages)
    assert not problems, problems[:10]
    topics = {m["topic"].split("/")[5] for m in messages if m["topic"].startswith("grid/v1/") and "/tier" in m["topic"]}
    assert {"task", "escalation", "notice", "status", "warning", "action"} <= topics, topics


def test_03_connection_json_lets_any_program_connect_and_a_second_start_keeps_all(demo):
    state, _, _ = demo
    connection = state / "connection.json"
    assert connection.stat().st_mode & 0o077 == 0
    before = json.loads(connection.read_text(encoding="utf-8"))
    quickstart(state, "--detach")
    after = json.loads(connection.read_text(encoding="utf-8"))
    assert set(after) == {"area", "mqtt", "websocket", "postgres", "http", "members"}
    assert after["members"] == before["members"]
    roles = {m["role"] for m in after["members"].values()}
    assert {"commander", "officer", "grid_head", "grid_worker", "dashboard", "admin", "auditor", "device"} <= roles
    with psycopg2.connect(after["postgres"]["conninfo"]) as db, db.cursor() as cursor:
        for view in ("escalation_status", "escalation_history", "task_status", "unit_status", "warning_progress"):
            cursor.execute(f"select count(*) from {view}")
            assert cursor.fetchone()[0] > 0, view
