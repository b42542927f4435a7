"""Points and contacts through broker, daemon and database: two shops at once, replays, the ledger, and what only the responder is shown."""
import csv
import io
import json
import os
import subprocess
import threading

import pytest

import wire_check
from stack import AREA, BASE, BUILD, ROOT, message_id

UNIT, OTHER, ROOM = "village-02", "village-03", "room-guandi"
CATALOGUE = json.loads((ROOT / "deploy/catalogue/jiezhou.json").read_text(encoding="utf-8"))
CODE = "mk7q-2hzd-9xwt"


@pytest.fixture(scope="module")
def town(jiezhou):
    admin = jiezhou.phone(jiezhou.member("admin", ""))
    receipt = admin.send(f"{BASE}/admin/catalogue-apply", {"catalogue": {**CATALOGUE, "version": 1000}})
    assert receipt["outcome"] == "accepted", receipt
    seats = [{"unit": UNIT, "role": "shop"}, {"unit": OTHER, "role": "shop"}, {"unit": UNIT, "role": "volunteer"}]
    secrets_ = [jiezhou_secret() for _ in seats]
    receipt = admin.send(f"{BASE}/admin/member-import",
                         {"members": [{**seat, "secret_hash": hashed} for seat, (_, hashed) in zip(seats, secrets_)]})
    assert receipt["outcome"] == "accepted", receipt
    for member, seat, (secret, _) in zip(receipt["created"]["members"], seats, secrets_):
        jiezhou.members[member] = {"secret": secret, "role": seat["role"], "unit": seat["unit"], "tier": 3}
    return jiezhou


def jiezhou_secret():
    from stack import new_secret, secret_hash
    secret = new_secret()
    return secret, secret_hash(secret)


def ask(phone, request, **body):
    return phone.send(f"{BASE}/member/{phone.member}/request", {"request": request, **body})


def fits(phone):
    """Everything that this phone was told is what the schemas say."""
    for topic, payload, *_ in phone.messages:
        if payload:
            kind, reference = wire_check.kind_of(topic)
            wire_check.validator(reference).validate(json.loads(payload))


def test_a_month_of_a_card(town):
    holder, commander = town.speak("volunteer", UNIT), town.phone(town.member("commander", town.root()))
    shop = town.speak("shop", UNIT)
    holder.subscribe(f"{BASE}/member/{holder.member}/list/points")
    assert ask(holder, "points-join", card="20260001")["outcome"] == "accepted"
    receipt = holder.send(town.topic(UNIT, "report"), {"kind": "patrol", "fields": {"people": 3, "hazards": 2}})
    assert receipt["created"]["points"] == 5, receipt
    assert ask(commander, "points-award", card="20260001", points=60, reason="helped")["created"]["balance"] == 65
    receipt = ask(shop, "redeem", card="20260001", goods="soap", count=2)
    assert receipt["created"]["points"] == 40 and receipt["created"]["state"] == "reserved"
    waiting = holder.document(f"{BASE}/member/{holder.member}/list/points", lambda d: d["entries"])
    assert waiting["reserved"] == 40 and waiting["entries"][0]["redemption"] == receipt["created"]["redemption"]
    assert ask(shop, "redeem", card="20260001", goods="soap", count=2)["code"] == "balance"
    assert ask(holder, "redeem-confirm", redemption=receipt["created"]["redemption"])["created"]["state"] == "confirmed"
    assert ask(holder, "redeem-confirm", redemption=receipt["created"]["redemption"])["code"] == "closed"
    assert ask(commander, "points-honour", card="20260001", honour="star")["code"] == "balance"
    assert ask(commander, "points-award", card="20260001", points=35, reason="helped")["outcome"] == "accepted"
    assert ask(commander, "points-honour", card="20260001", honour="star")["outcome"] == "accepted"

    mine = holder.query("points")["data"]
    assert (mine["card"], mine["balance"], mine["reserved"], mine["own"], mine["total"]) == ("20260001", 60, 0, True, 6)
    assert [entry["balance"] for entry in mine["entries"]] == [60, 60, 25, 65, 5, 2]
    assert shop.query("points", card="20260001")["code"] == "unknown_target"  # a shop sees no balance
    assert town.speak("grid_head", OTHER).query("points", card="20260001")["code"] == "unknown_target"
    assert commander.query("points", card="20260001")["data"]["own"] is False
    done = shop.query("redemptions")["data"]
    assert [(one["state"], one["points"]) for one in done["redemptions"]] == [("confirmed", 40)]
    ranking = commander.query("points_ranking")["data"]["ranking"]
    assert ranking[0]["card"] == "20260001" and ranking[0]["earned"] == 100 and ranking[0]["honours"] == ["star"]
    assert "member" not in json.dumps(ranking)
    assert holder.query("points_ranking")["code"] == "denied"
    fits(holder), fits(shop), fits(commander)


def test_export_page_by_page(town):
    commander = town.phone(town.member("commander", town.root()))
    whole = commander.query("points_ledger", limit=500)["data"]
    pages, after = [], {}
    while True:
        page = commander.query("points_ledger", limit=2, **after)["data"]
        pages += page["entries"]
        if not page["truncated"]:
            break
        after = {"after": page["next"]}
    assert pages == whole["entries"] and len(pages) >= 6
    assert commander.query("points_ledger", after="1; drop table")["code"] == "range"


def test_on_the_command_line(town, tmp_path):
    path = tmp_path / "connection.json"
    path.write_text(json.dumps({"area": AREA, "mqtt": {"host": "127.0.0.1", "port": town.port}, "members": town.members}), encoding="utf-8")
    path.chmod(0o600)

    def run(*arguments, expect=0):
        done = subprocess.run([str(BUILD / "daemon/ctl/policegridctl"), "--connection", str(path), "--lang", "en", *arguments], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=120, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=1"})
        assert done.returncode == expect, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout
    holder, commander, shop = town.speak("grid_worker", OTHER), town.phone(town.member("commander", town.root())), town.speak("shop", OTHER)
    assert ask(holder, "points-join", card="20260009")["outcome"] == "accepted"
    for points in (60, 7):
        assert ask(commander, "points-award", card="20260009", points=points, reason="helped")["outcome"] == "accepted"
    assert ask(shop, "redeem", card="20260009", goods="soap", count=1)["outcome"] == "accepted"
    entries = town.sql("select card, number, points, balance from points_entry order by seq, card, number")
    assert len(entries) > 1
    rows = list(csv.DictReader(io.StringIO(run("points", "export"))))
    assert [(r["card"], int(r["number"]), int(r["points"]), int(r["balance"])) for r in rows] == entries
    assert run("points", "export", "--period", "2001-01").splitlines() == ["card,number,points,balance,at,period,kind,unit,origin_type,origin_id,by,reason"]
    assert f"card 20260009 ({OTHER}): balance 67, reserved 20" in run("points", "card", "20260009")
    assert "20260009" in run("points", "ranking")
    assert "soap" in run("points", "redemptions")
    run("points", "card", "99999999", expect=1)


def test_two_shops_at_once(town):
    """Both ask for what only one can have, again and again, each repeating its messages: never below zero, nothing twice."""
    commander, desk = town.phone(town.member("commander", town.root())), town.speak("grid_head", UNIT)
    assert ask(desk, "points-join", card="30260001", own=False, code=CODE)["outcome"] == "accepted"
    assert ask(commander, "points-award", card="30260001", points=95, reason="helped")["outcome"] == "accepted"
    shops, outcomes = [town.speak("shop", UNIT), town.speak("shop", OTHER)], []

    def storm(shop):
        topic = f"{BASE}/member/{shop.member}/request"
        for _ in range(12):
            body = {"id": message_id(), "request": "redeem", "card": "30260001", "goods": "salt", "code": CODE}
            text = json.dumps(body)
            for _ in range(3):
                shop.publish(topic, text)
            shop.wait(lambda: len(shop.receipts.get(body["id"], ())) == 3, "three receipts")
            outcomes.append(shop.receipts[body["id"]])

    threads = [threading.Thread(target=storm, args=(shop,)) for shop in shops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(outcomes) == 24
    for receipts in outcomes:
        assert [receipt["repeat"] for receipt in receipts] == [False, True, True]
    assert sum(receipts[0]["outcome"] == "accepted" for receipts in outcomes) == 9
    assert {receipts[0]["code"] for receipts in outcomes if receipts[0]["outcome"] == "rejected"} == {"balance"}
    assert town.sql("select balance, reserved from points_holder where card = '30260001'") == [(5, 0)]
    assert town.sql("select count(*), sum(points) from points_entry where card = '30260001' and kind = 'redeem'") == [(9, -90)]
    # the code stands nowhere: not in a table, not in the daemon's log
    assert town.sql("select count(*) from points_holder where code like %s", f"%{CODE}%") == [(0,)]
    assert CODE not in (town.folder / "daemon.log").read_text(encoding="utf-8")
    assert town.sql("select count(*) from event where facts::text like %s", f"%{CODE}%") == [(0,)]


def test_the_samples_are_understood(town):
    """Each example of the schema about points and contacts is accepted, or refused for what it speaks of, never for its shape."""
    phone = town.speak("commander", town.root())
    for example in wire_check.load("request.json")["examples"]:
        if example["request"] not in ("enrol", "rotate"):
            receipt = phone.send(f"{BASE}/member/{phone.member}/request", {**example, "id": message_id()})
            assert receipt["outcome"] == "accepted" or receipt["code"] in ("balance", "unknown_target", "conflict", "denied", "forbidden", "card_code",
                                                                           "unknown_card", "limit", "duplicate"), (example, receipt)


# ---- contacts ----

ADDRESS = "东街七号 13800138000"


def words(town):
    return town.sql("select words from private_text where owner_kind = 'contact' order by at")


def test_a_contact_from_the_report_to_its_end(town):
    reporter, responder = town.speak("grid_head", UNIT), town.speak("auxiliary", UNIT)
    commander = town.phone(town.member("commander", town.root()))
    receipt = reporter.send(town.topic(UNIT, "report"), {"kind": "appointment", "contact": ADDRESS, "fields": {"service": "permit", "where": "home", "date": 20261123}})
    if receipt["outcome"] != "accepted":
        known = list(town.organisation["dictionaries"]["service-kind"])
        receipt = reporter.send(town.topic(UNIT, "report"),
                                {"kind": "appointment", "contact": ADDRESS, "fields": {"service": known[0], "where": "home", "date": 20261123}})
    assert receipt["outcome"] == "accepted", receipt
    task = receipt["created"]["task"]
    assert words(town) == [(ADDRESS,)]
    assert responder.query("contact", task=task)["code"] == "unknown_target"
    assert ask(responder, "contact", task=task)["code"] == "forbidden"  # has not accepted it
    assert responder.act(UNIT, task, "accept")["outcome"] == "accepted"
    assert responder.query("contact", task=task)["code"] == "unknown_target"  # no grant, no answer
    for other in (reporter, commander):
        assert ask(other, "contact", task=task)["code"] == "forbidden"
        assert other.query("contact", task=task)["code"] == "unknown_target"
    assert ask(responder, "contact", task=task)["outcome"] == "accepted"
    assert responder.query("contact", task=task)["data"]["contact"] == ADDRESS
    assert commander.query("contact", task=task)["code"] == "unknown_target"
    assert town.sql("select member from contact_grant where task = %s", task) == [(responder.member,)]
    # a grant of a quarter of an hour ago is over
    town.sql("alter table contact_grant disable trigger append_only; update contact_grant set at = at - interval '16 minutes';"
             " alter table contact_grant enable trigger append_only")
    assert responder.query("contact", task=task)["code"] == "unknown_target"
    assert ask(responder, "contact", task=task)["outcome"] == "accepted"
    assert responder.query("contact", task=task)["data"]["contact"] == ADDRESS
    # the end of the work erases it
    assert commander.act(town.root(), task, "cancel", reason="mistake")["outcome"] == "accepted"
    assert words(town) == [(None,)]
    assert responder.query("contact", task=task)["code"] == "unknown_target"
    for table in ("event", "outcome", "report", "task", "task_event", "private_text", "contact"):
        assert town.sql(f"select count(*) from {table} x where x::text like '%%13800138000%%' or x::text like '%%东街%%'") == [(0,)], table


def test_a_contact_nobody_asked_for(town):
    reporter = town.speak("grid_head", UNIT)
    before = len(words(town))
    assert reporter.send(town.topic(UNIT, "report"), {"kind": "patrol", "contact": ADDRESS})["code"] == "unknown_field"
    assert len(words(town)) == before
