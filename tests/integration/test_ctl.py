"""policegridctl against the real stack: as its users type it, with its exit codes."""
import json
import os
import re
import signal
import subprocess
import time

import paho.mqtt.client as mqtt
import pytest

from proxy import Proxy
from stack import AREA, BUILD, ROOT, free_port, new_secret, wait_connect

CTL = BUILD / "daemon/ctl/policegridctl"
ACCEPTED, REJECTED, USAGE, CONNECTION, TIMEOUT, LOCAL = range(6)

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def connection(jiezhou):
    path = jiezhou.folder / "connection.json"
    path.write_text(json.dumps({"area": AREA, "mqtt": {"host": "127.0.0.1", "port": jiezhou.port}, "members": jiezhou.members}), encoding="utf-8")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def ctl(jiezhou, connection):
    def run(*arguments, expect=ACCEPTED, language="en", path=connection):
        command = [str(CTL), "--connection", str(path), "--lang", language, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"})
        assert done.returncode == expect, (command, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        run.error = done.stderr
        return done.stdout
    return run


def one(text):
    return json.loads(text.strip().splitlines()[-1])


def post(ctl, *arguments):
    return one(ctl("--json", "warn", "post", "--event", "telecom-fraud", "--headline", "防范电信诈骗", *arguments))["created"]["warning"]


def task_of(ctl, unit, warning):
    tasks = one(ctl("--json", "task", "list", "--unit", unit))["tasks"]
    for task in tasks:
        full = one(ctl("--json", "task", "show", task["id"]))
        if full["origin"]["id"] == warning:
            return full
    raise LookupError(unit)


@pytest.mark.parametrize("command", ["init", "organisation apply", "organisation show", "member add", "member import", "member revoke", "member list",
                                     "warn post", "warn update", "warn cancel", "task list", "task show", "task accept", "escalations", "sheet", "watch",
                                     "quarantine list", "quarantine retry", "playbook check", "playbook test", "playbook replay"])
def test_00_help_of_each_in_two_languages_wherever_the_language_stands(command):
    texts = {}
    for language in ("zh", "en"):
        for line in (["--lang", language, *command.split(), "--help"], [*command.split(), "--help", f"--lang={language}"]):
            done = subprocess.run([str(CTL), *line], capture_output=True, text=True, timeout=60)
            assert done.returncode == 0 and done.stderr == "" and f"policegridctl {command}" in done.stdout
            assert texts.setdefault(language, done.stdout) == done.stdout
        assert texts[language].count("  policegridctl ") == 1  # of this one alone
    assert CHINESE.search(texts["zh"]) and not CHINESE.search(texts["en"])


def test_00_wrong_usage_says_how_to_use_it():
    for line, told in (("task", "accept|"), ("task fly", "accept|"), ("task accept", "policegridctl task accept TASK")):
        done = subprocess.run([str(CTL), "--lang", "en", *line.split()], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and told in done.stderr and len(done.stderr.splitlines()) < 10, done.stderr


def test_01_organisation_show_is_what_was_applied(ctl, jiezhou):
    shown = one(ctl("--json", "organisation", "show"))["organisation"]
    assert [u["id"] for u in shown["units"]] == [u["id"] for u in jiezhou.organisation["units"]]


def test_02_the_same_organisation_again_is_a_conflict_told_in_both_languages(ctl):
    path = ROOT / "deploy/organisations/jiezhou.json"
    assert "conflict" in ctl("organisation", "apply", path, expect=REJECTED)
    assert re.search("[一-鿿]", ctl("organisation", "apply", path, expect=REJECTED, language="zh"))


def test_03_warn_post_makes_tasks_and_list_shows_them(ctl, jiezhou):
    a, b = jiezhou.villages()[:2]
    text = ctl("warn", "post", "--event", "telecom-fraud", "--headline", "防范电信诈骗", "--unit", a, "--unit", b, "--expires", "PT6H")
    assert "tasks: 2" in text
    assert "防范电信诈骗" in ctl("warn", "list", "--limit", 5)
    table = ctl("task", "list", "--unit", a)
    assert "issued" in table and "Tell households" in table
    assert "防范电信诈骗" in ctl("task", "list", "--unit", a, language="zh")


def test_04_a_task_by_its_number_from_accept_to_close(ctl, jiezhou):
    unit = next(u["id"] for u in jiezhou.organisation["units"] if u["tier"] == 3 and not u.get("staffed_by"))
    parent = next(u["parent"] for u in jiezhou.organisation["units"] if u["id"] == unit)
    task = task_of(ctl, unit, post(ctl, "--unit", unit))
    number, worker, room = task["number"], f"grid_worker@{unit}", f"officer@{parent}"
    ctl("--as", worker, "task", "accept", number)
    ctl("--as", worker, "task", "progress", number, "--result", "households=10")
    assert "form" in ctl("--as", worker, "task", "complete", number, "--result", "households=5", "--result", "dissuaded=9", expect=REJECTED)
    ctl("--as", worker, "task", "complete", number, "--result", "households=120", "--result", "dissuaded=3")
    assert "forbidden" in ctl("--as", worker, "task", "verify", number, expect=REJECTED)
    ctl("--as", room, "task", "return", number, "--reason", "brief")
    ctl("--as", worker, "task", "complete", number, "--result", "households=121", "--result", "dissuaded=4")
    ctl("--as", room, "task", "verify", number, "--note", "核过")
    assert one(ctl("--json", "task", "show", number))["state"] == "closed"
    assert "closed" in ctl("--as", worker, "task", "accept", number, expect=REJECTED)
    verbs = [h["verb"] for h in one(ctl("--json", "task", "show", number, "--history"))["history"]]
    assert [v for v in verbs if v in ("accept", "return", "complete", "verify")] == ["accept", "complete", "return", "complete", "verify"]


def test_04b_the_weekly_sheet(ctl, jiezhou):
    unit = [u["id"] for u in jiezhou.organisation["units"] if u["tier"] == 3 and not u.get("staffed_by")][2]
    worker = f"grid_worker@{unit}"
    task = task_of(ctl, unit, post(ctl, "--unit", unit))
    before = one(ctl("--json", "sheet", unit))["results"]["total"]
    assert task["number"] in ctl("sheet", unit) and "二、任务清单" in ctl("sheet", unit, language="zh")
    ctl("--as", worker, "task", "complete", task["number"], "--result", "households=120", "--result", "dissuaded=3")
    parent = next(u["parent"] for u in jiezhou.organisation["units"] if u["id"] == unit)
    ctl("--as", f"officer@{parent}", "task", "verify", task["number"])
    sheet = one(ctl("--json", "--as", worker, "sheet", unit))
    assert sheet["results"]["total"] == before + 1 and sheet["results"]["results"][0]["by"] == jiezhou.member("grid_worker", unit)
    text = ctl("sheet", unit, language="zh")
    assert "三、成绩清单" in text and task["number"] in text
    assert ctl("sheet", unit, "--html").startswith("<!DOCTYPE html>")
    assert task["number"] not in ctl("sheet", unit, "--week", "2026-01-07")
    ctl("sheet", unit, "--week", "2026-02-30", expect=USAGE)
    assert "forbidden" in ctl("--as", worker, "sheet", jiezhou.root(), expect=REJECTED) + ctl.error


def test_05_escalations_and_their_end(ctl, jiezhou):
    unit = [u["id"] for u in jiezhou.organisation["units"] if u["tier"] == 3 and not u.get("staffed_by")][1]
    parent = next(u["parent"] for u in jiezhou.organisation["units"] if u["id"] == unit)
    task = task_of(ctl, unit, post(ctl, "--unit", unit))
    ctl("--as", f"grid_worker@{unit}", "task", "accept", task["id"])
    ctl("--as", f"grid_worker@{unit}", "task", "escalate", task["id"], "--reason", "needs-police")
    assert task["number"] in ctl("--as", f"officer@{parent}", "escalations")
    ctl("--as", f"officer@{parent}", "task", "resolve", task["id"])
    assert task["number"] not in ctl("escalations")
    assert task["number"] in ctl("escalations", "--all")


def test_06_update_and_cancel_by_identifier(ctl, jiezhou):
    a, b, c = jiezhou.villages()[5:8]
    text = ctl("warn", "post", "--event", "telecom-fraud", "--headline", "h", "--unit", a, "--unit", b)
    identifier = re.search(r"identifier: (\S+)", text)[1]
    text = ctl("warn", "update", identifier, "--event", "telecom-fraud", "--headline", "h2", "--severity", "Severe", "--unit", b, "--unit", c)
    newer = re.search(r"identifier: (\S+)", text)[1]
    ctl("warn", "cancel", newer)
    assert "unknown_reference" in ctl("warn", "cancel", "20260101-nobody", expect=REJECTED)


def test_06b_cap_goes_in_and_out_as_xml(ctl, jiezhou, tmp_path):
    unit, sent = jiezhou.villages()[8], time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    alert = tmp_path / "alert.xml"
    alert.write_text(f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>xml-1</identifier><sender>elsewhere</sender><sent>{sent}</sent><status>Actual</status>
<msgType>Alert</msgType><scope>Restricted</scope><restriction>police grid</restriction><info><language>zh-CN</language><category>Security</category><event>电信诈骗</event>
<urgency>Expected</urgency><severity>Severe</severity><certainty>Likely</certainty><eventCode><valueName>policegrid</valueName><value>telecom-fraud</value></eventCode>
<headline>退款 &amp; 冒充</headline><area><areaDesc>村</areaDesc><circle>1,1 2</circle><geocode><valueName>unit</valueName><value>{unit}</value></geocode></area></info></alert>""",
                     encoding="utf-8")
    assert "tasks: 1" in ctl("warn", "send", alert)
    assert "circle" in ctl.error
    xml = ctl("warn", "show", "xml-1", "--xml")
    assert "<headline>退款 &amp; 冒充</headline>" in xml and "<identifier>xml-1</identifier>" in xml
    shown = one(ctl("--json", "warn", "show", "xml-1"))
    assert shown["identifier"] == "xml-1" and shown["tasks"] == 1
    alert.write_text('<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">&x;</alert>', encoding="utf-8")
    ctl("warn", "send", alert, expect=LOCAL)


def test_07_import_is_all_or_nothing_and_names_the_line(ctl, jiezhou, tmp_path):
    rows, unit = tmp_path / "members.csv", jiezhou.villages()[0]
    secrets, before = tmp_path / "new.json", jiezhou.sql("select count(*) from member")[0][0]
    rows.write_text(f"unit,role,position\n{unit},volunteer,\n{unit},flyer,\n", encoding="utf-8")
    ctl("member", "import", rows, "--secrets", secrets, expect=LOCAL)
    assert "line 3" in ctl.error and not secrets.exists()
    rows.write_text(f"unit,role,position\n{unit},volunteer,\nnowhere,volunteer,\n", encoding="utf-8")
    assert "unknown_unit" in ctl("member", "import", rows, "--secrets", secrets, expect=REJECTED)
    assert "line 3" in ctl.error and not secrets.exists() and not (tmp_path / "new.json.pending").exists()
    assert jiezhou.sql("select count(*) from member")[0][0] == before
    rows.write_text(f"unit,role,position\n{unit},volunteer,\n{unit},grid_worker,\n", encoding="utf-8")
    ctl("member", "import", rows, "--secrets", secrets)
    made = json.loads(secrets.read_text(encoding="utf-8"))["members"]
    assert sorted(m["role"] for m in made.values()) == ["grid_worker", "volunteer"] and all(m["tier"] == 3 and m["unit"] == unit for m in made.values())
    assert secrets.stat().st_mode & 0o777 == 0o600
    for member, seat in made.items():
        jiezhou.phone(member, secret=seat["secret"])


def test_08_an_import_cut_off_ends_with_the_same_members(ctl, jiezhou, connection, tmp_path):
    rows, secrets, unit = tmp_path / "members.csv", tmp_path / "new.json", jiezhou.villages()[1]
    rows.write_text(f"unit,role\n{unit},volunteer\n{unit},volunteer\n", encoding="utf-8")
    away = tmp_path / "away.json"
    away.write_text(connection.read_text(encoding="utf-8"), encoding="utf-8")
    # sent, and killed before the receipt could be written down: the secrets cannot be written where a folder stands
    secrets.mkdir()
    ctl("member", "import", rows, "--secrets", secrets, expect=LOCAL)
    count = jiezhou.sql("select count(*) from member")[0][0]
    secrets.rmdir()
    assert "repeat" in ctl("member", "import", rows, "--secrets", secrets)
    made = json.loads(secrets.read_text(encoding="utf-8"))["members"]
    assert jiezhou.sql("select count(*) from member")[0][0] == count and len(made) == 2
    for member, seat in made.items():
        jiezhou.phone(member, secret=seat["secret"])
    assert not (tmp_path / "new.json.pending").exists()


def test_09_cards_enrol_once_and_revoked_stays_out(ctl, jiezhou, connection, tmp_path):
    cards, unit, mine = tmp_path / "cards.html", jiezhou.villages()[2], tmp_path / "desk.json"
    member = ctl("member", "add", "--unit", unit, "--role", "grid_worker", "--cards", cards).strip().splitlines()[-1]
    page = cards.read_text(encoding="utf-8")
    assert "<svg" in page and member in page
    code = re.search(r'class="code">([a-z2-7 ]+)<', page)[1]
    desk = json.loads(connection.read_text(encoding="utf-8"))
    desk["members"] = {member: {"role": "grid_worker", "tier": 3, "unit": unit}}
    mine.write_text(json.dumps(desk), encoding="utf-8")
    ctl("enrol", member, code, path=mine)
    kept = json.loads(mine.read_text(encoding="utf-8"))["members"][member]
    assert kept["secret"] != code.replace(" ", "") and "next" not in kept
    ctl("--as", member, "task", "list", path=mine)
    again = tmp_path / "again.json"
    again.write_text(json.dumps(desk), encoding="utf-8")
    ctl("--timeout", 5, "enrol", member, code, expect=CONNECTION, path=again)
    phone = jiezhou.phone(member, secret=kept["secret"])
    ctl("member", "revoke", member)
    phone.wait(lambda: phone.refused, "the end of the revoked session")
    ctl("--as", member, "task", "list", expect=CONNECTION, path=mine)
    assert "revoked" in ctl("member", "list")


def test_10_playbook_walks_are_shown(ctl, tmp_path):
    shown = ctl("playbook", "test", ROOT / "deploy/playbooks/dispute.json")
    assert "sort → mediate → call → settled" in shown and "joint (refused) → litigation" in shown
    bare = json.loads((ROOT / "deploy/playbooks/telecom-fraud.json").read_text(encoding="utf-8"))
    del bare["test"]
    (tmp_path / "bare.json").write_text(json.dumps(bare), encoding="utf-8")
    assert "has no test" in ctl("playbook", "test", tmp_path / "bare.json", expect=LOCAL)


def test_10_the_worked_example_of_the_playbooks_works(ctl, tmp_path):
    """The file and the commands of deploy/playbooks/README.md, as they are printed there."""
    chapter = (ROOT / "deploy/playbooks/README.md").read_text(encoding="utf-8").split("## In ten minutes")[1].split("\n## ")[0]
    text, commands = re.search(r"```json\n(.*?)```.*?```sh\n(.*?)```", chapter, re.S).groups()
    path = tmp_path / "flood.json"
    path.write_text(text, encoding="utf-8")
    number, shown = "", []
    for line in commands.strip().splitlines():
        words = line.split("#")[0].replace("flood.json", str(path)).replace("NUMBER", number).split()[1:]
        if words[0] == "escalations":
            deadline = time.monotonic() + 90
            while "room-guandi" not in (out := ctl(*words)):  # the twenty seconds run out
                assert time.monotonic() < deadline, out
        else:
            out = ctl(*words)
        shown.append(out)
        if words[:2] == ["task", "list"]:
            number = next(row.split()[0] for row in out.splitlines() if "village-02" in row and "汛情" in row or "village-02" in row and "Flood" in row)
    assert "look → dry" in shown[1] and "look → mend → mended" in shown[1]
    wrong = tmp_path / "wrong.json"
    wrong.write_text(text.replace('{"step": "mend"}]},', '{"step": "repair"}]},', 1), encoding="utf-8")
    assert "steps.look.then[1]: 没有步骤 repair / no step repair" in ctl("playbook", "check", wrong, expect=LOCAL)
    assert "steps.look.then[1]: 没有步骤 repair / no step repair" in chapter
    newer = json.loads(text)
    newer["version"], newer["steps"]["look"]["clocks"]["*"] = 2, {"accept": "PT10M", "finish": "PT20M"}
    path.write_text(json.dumps(newer), encoding="utf-8")
    assert "village-02" in ctl("playbook", "replay", path, "--since", "P30D")


def test_10_a_changed_playbook_is_played_on_the_past(ctl, tmp_path):
    """What was posted before, played with a playbook that leaves all but three villages alone and gives them a second to accept."""
    post(ctl, "--tag", "complex", "--severity", "Severe")
    changed = json.loads((ROOT / "deploy/playbooks/telecom-fraud.json").read_text(encoding="utf-8"))
    changed["version"] = 99
    for clocks in changed["steps"]["tell"]["clocks"].values():
        clocks.update(accept="PT1S", hours="always")
    changed["steps"]["tell"]["to"] = [{"addressed": {"tier": 3, "tag": "complex"}}]
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(changed), encoding="utf-8")
    deadline = time.monotonic() + 60
    while True:  # until the second that the villages are given is over: nobody accepts
        rows = [json.loads(line) for line in ctl("--json", "playbook", "replay", path, "--since", "P1D").splitlines()]
        if rows and all(row["escalations_would"] >= 1 for row in rows if row["tasks_would"] > 0):
            break
        assert time.monotonic() < deadline, rows
    assert any(row["tasks_would"] > 0 for row in rows)
    assert all(row["tasks_would"] <= row["tasks_was"] and row["unknown"] == 0 for row in rows)
    assert "would have started" in ctl("playbook", "replay", path, "--since", "P1D")
    ctl("playbook", "replay", path, "--since", "yesterday", expect=USAGE)


def test_10_playbooks_offline_and_applied(ctl, tmp_path):
    files = sorted((ROOT / "deploy/playbooks").glob("*.json"))
    assert ctl("playbook", "check", *files).count("✓") == len(files)
    text = json.loads(files[0].read_text(encoding="utf-8"))
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({**text, "start": "nowhere"}), encoding="utf-8")
    assert "✗" in ctl("playbook", "check", bad, expect=LOCAL)
    assert one(ctl("--json", "playbook", "check", bad, expect=LOCAL))["good"] is False
    ctl("playbook", "apply", bad, expect=LOCAL)
    newer = tmp_path / "newer.json"
    newer.write_text(json.dumps({**text, "version": text["version"] + 1}), encoding="utf-8")
    ctl("playbook", "apply", newer)
    older = tmp_path / "older.json"
    older.write_text(json.dumps({**text, "version": text["version"] + 1, "title": {"zh": "别的", "en": "another"}}), encoding="utf-8")
    assert "conflict" in ctl("playbook", "apply", older, expect=REJECTED)


def test_11_watch_shows_what_happens(ctl, jiezhou, connection):
    unit = jiezhou.villages()[9]
    watch = subprocess.Popen([str(CTL), "--connection", str(connection), "--lang", "en", "--json", "watch"], stdout=subprocess.PIPE, text=True)
    try:
        assert any("daemon/mark" in line for line in iter(watch.stdout.readline, ""))  # subscribed
        post(ctl, "--unit", unit)
        assert any(f"/{unit}/task/" in line and json.loads(line)["payload"]["state"] == "issued" for line in iter(watch.stdout.readline, ""))
    finally:
        watch.send_signal(signal.SIGINT)
        watch.stdout.close()
        assert watch.wait(20) == 0


def test_11b_everybody_may_watch_what_he_may_read(ctl, jiezhou):
    room = next(u["id"] for u in jiezhou.organisation["units"] if u["type"] == "room")
    below = {u["id"] for u in jiezhou.organisation["units"] if u.get("parent") == room}
    for who in ("admin", "auditor", "dashboard", f"volunteer@{room}", "partner"):
        ctl("watch", "--as", who, "--seconds", 1, "--json")
    topics = {json.loads(line)["topic"] for line in ctl("watch", "--as", f"officer@{room}", "--seconds", 2, "--json").splitlines()}
    units = {t.split("/")[4] for t in topics if "/status" in t}
    assert units <= below | {room} and units & below


def test_12_quarantine_and_clock(ctl):
    assert one(ctl("--json", "quarantine", "list"))["quarantine"] == []
    ctl("quarantine", "retry", 424242, expect=REJECTED)
    ctl("clock", "confirm")


def test_13_who_may_not_is_told(ctl, jiezhou):
    unit = jiezhou.villages()[0]
    assert "denied" in ctl("--as", f"volunteer@{next(u['id'] for u in jiezhou.organisation['units'] if u['type'] == 'room')}", "member", "revoke", f"{AREA}-x", expect=REJECTED)
    ctl("--as", f"grid_worker@{unit}", "organisation", "show", expect=REJECTED)
    assert "denied" in ctl.error


def test_14_no_broker_wrong_secret_no_file(ctl, connection, tmp_path):
    desk = json.loads(connection.read_text(encoding="utf-8"))
    nobody = tmp_path / "nobody.json"
    nobody.write_text(json.dumps({**desk, "mqtt": {"host": "127.0.0.1", "port": free_port()}}), encoding="utf-8")
    ctl("task", "list", expect=CONNECTION, path=nobody)
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({**desk, "members": {m: {**s, "secret": new_secret()} for m, s in desk["members"].items()}}), encoding="utf-8")
    ctl("task", "list", expect=CONNECTION, path=wrong)
    assert "secret" in ctl.error
    ctl("task", "list", expect=LOCAL, path=tmp_path / "none.json")
    ctl("--as", "nobody", "task", "list", expect=USAGE)


def test_15_no_receipt_while_the_daemon_is_away_then_the_same_command_works(make_stack):
    stack = make_stack()
    path = stack.folder / "connection.json"
    path.write_text(json.dumps({"area": AREA, "mqtt": {"host": "127.0.0.1", "port": stack.port}, "members": stack.members}), encoding="utf-8")
    command = [str(CTL), "--connection", str(path), "--lang", "en"]
    stack.phone(stack.member("commander")).stop()  # the broker knows him
    stack.stop_daemon()
    done = subprocess.run([*command, "--timeout", "2", "warn", "post", "--event", "telecom-fraud", "--headline", "h"], capture_output=True, text=True, timeout=60)
    assert done.returncode == TIMEOUT and re.search("message [0-9a-f-]{36}", done.stderr)
    waiting = subprocess.Popen([*command, "warn", "post", "--event", "telecom-fraud", "--headline", "h"], stdout=subprocess.PIPE, text=True)
    stack.start_daemon()
    assert "tasks: 27" in waiting.communicate(timeout=60)[0] and waiting.returncode == ACCEPTED


class ForgetfulTown:
    """A plain broker and somebody who answers only the `nth` time that a message comes."""

    def __init__(self, folder, nth):
        self.port, self.nth, self.seen, self.on_first = free_port(), nth, [], lambda: None
        self.config = folder / "plain.conf"
        self.config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")
        self.broker = None
        self.start()
        self.client = mqtt.Client("town")
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe("grid/v1/+/admin/+", 1)
        self.client.on_message = self.on_message
        self.client.connect("127.0.0.1", self.port)
        self.client.loop_start()

    def start(self):
        self.broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_connect(self.port, self.broker, "plain broker")

    def on_message(self, client, _userdata, message):
        self.seen.append(message.payload)
        if len(self.seen) == 1:
            self.on_first()
        mine = len(self.seen) == self.nth
        receipt = {"id": json.loads(message.payload)["id"] if mine else "20260101-foreign", "outcome": "accepted", "epoch": 1, "at": "2026-01-01T00:00:00+08:00"}
        client.publish(f"grid/v1/{AREA}/member/{AREA}-x/receipt", json.dumps(receipt), qos=1)

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()
        self.broker.terminate()
        self.broker.wait()


def desk_of(folder, port):
    path = folder / "desk.json"
    path.write_text(json.dumps({"area": AREA, "mqtt": {"host": "127.0.0.1", "port": port}, "members": {
        f"{AREA}-x": {"secret": "s", "role": "admin", "tier": 0, "unit": ""}}}), encoding="utf-8")
    return [str(CTL), "--connection", str(path), "--lang", "en", "clock", "confirm"]


def test_16_the_same_message_again_until_its_receipt_comes(tmp_path):
    town = ForgetfulTown(tmp_path, nth=2)
    try:
        done = subprocess.run(desk_of(tmp_path, town.port), capture_output=True, text=True, timeout=60)
        assert done.returncode == ACCEPTED, done.stderr
        assert len(town.seen) == 2 and town.seen[0] == town.seen[1]
    finally:
        town.stop()


def test_17_again_at_once_after_a_reconnect(tmp_path):
    town = ForgetfulTown(tmp_path, nth=2)
    proxy = Proxy(town.port)
    town.on_first = lambda: proxy.cut_after(1)  # what comes back after the first sending is cut in its middle
    try:
        began = time.monotonic()
        done = subprocess.run(desk_of(tmp_path, proxy.port), capture_output=True, text=True, timeout=60)
        assert done.returncode == ACCEPTED, done.stderr
        assert proxy.cuts == 1 and time.monotonic() - began < 4.5  # not at the next repeat: at once
        assert len(town.seen) == 2 and town.seen[0] == town.seen[1]
    finally:
        proxy.close()
        town.stop()
