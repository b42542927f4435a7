"""Devices and warnings between the town and the world: the adapter of alerts, alerts of other publishers, questions on the command line."""
import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from stack import AREA, BUILD

ROOT = pathlib.Path(__file__).resolve().parents[2]
CTL = BUILD / "daemon/ctl/policegridctl"
ADAPTER = ROOT / "deploy/adapter/notify-to-file"


@pytest.fixture(scope="module")
def stack(jiezhou):
    path = jiezhou.folder / "connection.json"
    path.write_text(json.dumps({"area": AREA, "mqtt": {"host": "127.0.0.1", "port": jiezhou.port}, "members": jiezhou.members}), encoding="utf-8")
    return jiezhou


def ctl(stack, *arguments, expect=0):
    command = [str(CTL), "--connection", str(stack.folder / "connection.json"), "--lang", "en", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    assert done.returncode == expect, (command, done.returncode, done.stdout, done.stderr)
    return done


def wait_lines(path, process, n):
    """Until that many lines are in the file: the adapter says so of each."""
    while True:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
        if len(lines) >= n:
            return lines
        assert process.stderr.readline(), f"the adapter ended: {process.wait()}"


def wait_line(path, process, fits):
    """The first line that fits; everybody of a post is called, one line each."""
    for n in itertools.count(1):
        line = wait_lines(path, process, n)[n - 1]
        if fits(line):
            return line


def start_adapter(stack, gateway, out, directory):
    process = subprocess.Popen([sys.executable, str(ADAPTER), "--connection", str(stack.folder / "connection.json"), "--gateway", gateway,
                                "--directory", str(directory), "--out", str(out)], stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if line.startswith("listening"):
            return process
    raise AssertionError(f"the adapter ended: {process.wait()}")


def test_01_the_adapter_writes_what_it_is_told_and_loses_nothing_while_away(stack, tmp_path):
    gateway, out, directory = stack.member("gateway"), tmp_path / "notices.jsonl", tmp_path / "members.csv"
    called = stack.member("officer", "room-4")
    directory.write_text(f"member,to\n{called},+86-ops-1\n", encoding="utf-8")
    adapter = start_adapter(stack, gateway, out, directory)
    button = stack.phone(stack.member("device"))
    receipt = button.send(f"grid/v1/{AREA}/device/panic-01/event", {"event": "panic"})
    number = stack.sql("select number from task where id = %s", receipt["created"]["task"])[0][0]
    mine = [wait_line(out, adapter, lambda line: line["member"] == called)]
    assert mine[0]["to"] == "+86-ops-1" and mine[0]["number"] == number and mine[0]["channel"] == "voice" and mine[0]["level"] == 0
    assert set(mine[0]) == {"at", "to", "member", "level", "number", "channel"}  # and no word of what it is about
    assert os.stat(out).st_mode & 0o777 == 0o600
    adapter.send_signal(signal.SIGTERM)
    assert adapter.wait(30) == 0
    chief = stack.speak("officer", "room-4")
    assert chief.act("room-4", receipt["created"]["task"], "escalate", reason="busy")["outcome"] == "accepted"  # while nobody listens
    adapter = start_adapter(stack, gateway, out, directory)
    assert wait_line(out, adapter, lambda line: line["level"] > 0)["number"] == number
    adapter.send_signal(signal.SIGTERM)
    assert adapter.wait(30) == 0


@pytest.mark.parametrize("text", ["a,b,c\n", "a\n", "a,1\na,2\n"])
def test_02_a_bad_directory_is_named_by_its_line(stack, tmp_path, text):
    directory = tmp_path / "members.csv"
    directory.write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, str(ADAPTER), "--connection", str(stack.folder / "connection.json"), "--gateway", stack.member("gateway"),
                           "--directory", str(directory), "--out", str(tmp_path / "out")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "line" in done.stderr and not (tmp_path / "out").exists()


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() + seconds))


def alert(identifier, kind, body="", references="", polygon="34.8,110.8 34.8,111.0 35.0,111.0 35.0,110.8 34.8,110.8"):
    info = f"""<info><language>en-US</language><category>Met</category><event>Flash Flood Warning</event><urgency>Immediate</urgency><severity>Severe</severity>
<certainty>Observed</certainty><expires>{stamp(7200)}</expires><headline>Flood until evening</headline>{body}
<area><areaDesc>Lake</areaDesc><polygon>{polygon}</polygon></area></info>
<info><language>zh-CN</language><category>Met</category><event>山洪预警</event><urgency>Immediate</urgency><severity>Severe</severity>
<certainty>Observed</certainty><expires>{stamp(7200)}</expires><headline>山洪,傍晚前</headline></info>""" if kind != "Cancel" else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier><sender>w@example.org</sender>
<sent>{stamp(0)}</sent><status>Actual</status><msgType>{kind}</msgType><scope>Public</scope>{references}{info}</alert>"""


def test_03_an_alert_of_another_publisher_comes_and_goes(stack, tmp_path):
    first = "urn:oid:2.49.0.1.156.0.0123456789abcdef0123456789abcdef0123456789.001.1"
    points, file, out = tmp_path / "points.csv", tmp_path / "a.xml", tmp_path / "out.xml"
    points.write_text("unit,latitude,longitude\nzhongao,34.9,110.9\nvillage-25,34.95,110.95\nvillage-02,36,112\n", encoding="utf-8")
    reference = f"<references>w@example.org,{first},{stamp(-60)}</references>"
    file.write_text(alert(first, "Alert"), encoding="utf-8")
    assert "--points" in ctl(stack, "cap", "import", file, expect=2).stderr  # nothing says who lies in it
    receipt = json.loads(ctl(stack, "--json", "cap", "import", file, "--points", points).stdout.splitlines()[-1])
    warning = receipt["created"]["warning"]
    assert (receipt["created"]["units"], receipt["created"]["tasks"]) == (2, 2)
    assert sorted(stack.sql("select units from warning where id = %s", warning)[0][0]) == ["village-25", "zhongao"]
    assert stack.sql("select brief ->> 'title' from task where origin_id = %s limit 1", warning) == [("山洪,傍晚前",)]
    file.write_text(alert("u-2", "Update", references=reference, polygon="34.94,110.94 34.94,111 35,111 35,110.94 34.94,110.94"), encoding="utf-8")
    ctl(stack, "cap", "import", file, "--points", points)
    assert stack.sql("select units from warning where id = %s", warning) == [(["village-25"],)]
    identifier = stack.sql("select identifier from warning where id = %s", warning)[0][0]
    ctl(stack, "cap", "export", identifier, "--out", out)
    text = out.read_text(encoding="utf-8")
    assert "<msgType>Update</msgType>" in text and "<source>w@example.org</source>" in text and "山洪" in text and "<references>" in text
    file.write_text(alert("c-3", "Cancel", references=reference), encoding="utf-8")
    ctl(stack, "cap", "import", file)
    assert stack.sql("select state from warning where id = %s", warning) == [("cancelled",)]
    file.write_text('<!DOCTYPE alert [<!ENTITY x "y">]><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><note>&x;</note></alert>', encoding="utf-8")
    assert "not accepted" in ctl(stack, "cap", "import", file, expect=5).stderr
    points.write_text("unit,latitude,longitude\nzhongao,34.9,110.9\nvillage-25,34.95\n", encoding="utf-8")
    file.write_text(alert("d-4", "Alert"), encoding="utf-8")
    assert "line 3" in ctl(stack, "cap", "import", file, "--points", points, expect=5).stderr
    assert stack.sql("select count(*) from warning where identifiers @> '[\"d-4\"]'") == [(0,)]


def test_04_devices_on_the_command_line(stack):
    gateway = stack.phone(stack.member("gateway"))
    # Heartbeats and events travel on sessions of their own: of two in one millisecond nobody can say which came first.
    gateway.send(f"grid/v1/{AREA}/device/camera-01/event", {"event": "fault", "fields": {"code": "lens"}})
    listed = json.loads(ctl(stack, "--json", "device", "list", "--kind", "camera").stdout)
    assert [(d["device"], d["state"], d["fault_code"]) for d in listed["devices"]] == [("camera-01", "fault", "lens")]
    assert "camera-01" in ctl(stack, "device", "list", "--state", "fault").stdout
    assert "fault" in ctl(stack, "device", "history", "camera-01").stdout
    assert "camera-01" in ctl(stack, "device", "availability").stdout
    ctl(stack, "device", "list", "--state", "broken", expect=1)
