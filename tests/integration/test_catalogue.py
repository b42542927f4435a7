"""The catalogue through the real stack: from the file to the forms that a report is checked by, and over a restart."""
import json
import os
import subprocess

import pytest

from stack import AREA, BUILD, ROOT

CTL = BUILD / "daemon/ctl/policegridctl"
FILE = ROOT / "deploy/catalogue/jiezhou.json"
VERSION = json.loads(FILE.read_text(encoding="utf-8"))["version"]
TOWN = ROOT / "deploy/organisations/jiezhou.json"


@pytest.fixture(scope="module")
def ctl(jiezhou):
    path = jiezhou.folder / "catalogue-connection.json"
    path.write_text(json.dumps({"area": AREA, "mqtt": {"host": "127.0.0.1", "port": jiezhou.port}, "members": jiezhou.members}), encoding="utf-8")
    path.chmod(0o600)

    def run(*arguments, expect=0):
        done = subprocess.run([str(CTL), "--connection", str(path), "--lang", "en", *map(str, arguments)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"})
        assert done.returncode == expect, (arguments, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout + done.stderr
    return run


def applied(jiezhou):
    return jiezhou.sql("select version, is_current from policegrid.catalogue where area = %s order by version", AREA)


def test_01_checked_without_a_town(ctl, tmp_path):
    assert "✓" in ctl("catalogue", "check", FILE) and "✓" in ctl("catalogue", "check", FILE, "--organisation", TOWN)
    catalogue = json.loads(FILE.read_text(encoding="utf-8"))
    catalogue["report_kinds"]["dispute"]["form"]["kind"]["dict"] = "moods"
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(catalogue), encoding="utf-8")
    assert "✓" in ctl("catalogue", "check", wrong)  # alone it is good
    told = ctl("catalogue", "check", wrong, "--organisation", TOWN, expect=5)
    assert "report_kinds.dispute.form.kind: 没有字典 moods / no dictionary moods" in told
    wrong.write_text('{"catalogue": "a", "catalogue": "b"}', encoding="utf-8")
    ctl("catalogue", "check", wrong, expect=5)
    ctl("catalogue", "check", tmp_path / "nothing.json", expect=5)


def test_02_applied_whole_and_shown(ctl, jiezhou):
    assert json.loads(ctl("--json", "catalogue", "show").splitlines()[-1])["version"] == 0
    ctl("catalogue", "apply", FILE)
    ctl("catalogue", "apply", FILE)  # the same again does nothing
    shown = json.loads(ctl("--json", "catalogue", "show").splitlines()[-1])
    assert shown["catalogue"] == json.loads(FILE.read_text(encoding="utf-8"))
    assert applied(jiezhou) == [(VERSION, True)]


def test_03_a_phone_asks_for_its_forms(jiezhou):
    phone = jiezhou.phone(jiezhou.member("grid_worker", "village-02"))
    data = phone.query("catalogue", section="report_kinds")["data"]
    assert list(data["catalogue"]) == ["report_kinds"]
    assert data["catalogue"]["report_kinds"]["exam"]["form"]["score"]["int"] == [0, 100]
    assert phone.query("catalogue", section="nothing")["code"] == "range"
    assert phone.query("dictionaries")["data"]["dictionaries"]["dispute-kind"]["land"]["en"] == "land"


def report(jiezhou, **body):
    phone = jiezhou.phone(jiezhou.member("grid_worker", "village-02"))
    return phone.send(jiezhou.topic("village-02", "report"), body)


def test_04_reports_are_held_to_their_form(jiezhou):
    assert report(jiezhou, kind="rescue", fields={"kind": "bird", "count": 60})["outcome"] == "accepted"
    refused = report(jiezhou, kind="rescue", fields={"kind": "bird", "count": 0})
    assert refused["code"] == "form" and "fields.count" in refused["detail"]
    assert report(jiezhou, kind="rescue", fields={"kind": "fish", "count": 1})["code"] == "form"
    assert report(jiezhou, kind="strangers", fields={"count": 1})["code"] == "unknown_kind"
    assert jiezhou.sql("select fields from policegrid.report where kind = 'rescue'") == [({"kind": "bird", "count": 60},)]


def test_05_another_version_and_a_restart(ctl, jiezhou, tmp_path):
    catalogue = json.loads(FILE.read_text(encoding="utf-8"))
    del catalogue["report_kinds"]["rescue"]
    path = tmp_path / "next.json"
    path.write_text(json.dumps(catalogue), encoding="utf-8")
    assert "conflict" in ctl("catalogue", "apply", path, expect=1)  # other contents under the same version
    catalogue["version"] = VERSION + 1
    path.write_text(json.dumps(catalogue), encoding="utf-8")
    ctl("catalogue", "apply", path)
    assert applied(jiezhou) == [(VERSION, False), (VERSION + 1, True)]
    jiezhou.stop_daemon()
    jiezhou.start_daemon()
    assert report(jiezhou, kind="rescue", fields={"kind": "bird", "count": 60})["code"] == "unknown_kind"
    assert report(jiezhou, kind="village-work", fields={"matters": 3})["outcome"] == "accepted"
