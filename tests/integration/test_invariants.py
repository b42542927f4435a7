"""Invariants of DESIGN.md that need the whole stack to be seen. The number in a test's name is the invariant's."""
import json
import shutil
import signal
import subprocess
import threading
import time

import paho.mqtt.client as mqtt

from proxy import Proxy
from stack import BASE, WAIT, free_port, message_id, wait_connect

# A valid identity number by GB 11643's checksum, of a code and a birth date that nobody has; a mobile number; a plate; a test card.
PLANTED = ["110101189901010011", "13800138000", "晋M12345", "4111111111111111"]


def to_unit(unit):
    return {"area": [{"areaDesc": "one unit", "geocode": [{"valueName": "unit", "value": unit}]}]}


def plain_village(stack, skip=0):
    return [u["id"] for u in stack.organisation["units"] if u["tier"] == 3 and not u.get("staffed_by")][skip]


def parent_of(stack, unit):
    return next(u["parent"] for u in stack.organisation["units"] if u["id"] == unit)


def post(stack, commander, unit):
    receipt = commander.send(stack.topic(stack.root(), "warning"), stack.warning(info=to_unit(unit)))
    assert receipt["outcome"] == "accepted", receipt
    warning = receipt["created"]["warning"]
    return warning, str(stack.sql("select id from task where origin_id = %s", warning)[0][0])


def quick_playbook(stack, **clocks):
    """The telecom-fraud playbook with clocks in seconds, as its next version."""
    admin = stack.speak("admin", "")
    playbook = json.loads((stack.playbooks / "telecom-fraud.json").read_text(encoding="utf-8"))
    playbook["version"] += 1
    playbook["steps"]["tell"]["clocks"] = {"*": {"hours": "always", **clocks}}
    receipt = admin.send(f"{BASE}/admin/playbook-apply", {"playbook": playbook})
    assert receipt["outcome"] == "accepted", receipt


def wait_until(moment):
    """Until a wall-clock time has passed (a deadline of the town's, not a guess about speed)."""
    threading.Event().wait(max(0.0, moment - time.time()))


def test_i07_a_frozen_writer_is_replaced_and_leaves(make_stack):
    stack = make_stack()
    unit = plain_village(stack)
    worker = stack.speak("grid_worker", unit)
    frozen, notify = stack.daemon, stack.notify
    epoch = stack.sql("select epoch from writer")[0][0]
    stack.http_port = free_port()
    stack.write_config()
    frozen.send_signal(signal.SIGSTOP)
    stack.start_daemon()
    assert stack.sql("select epoch from writer")[0][0] > epoch
    receipt = worker.send(stack.topic(unit, "report"), {"kind": "hazard", "fields": {}})
    assert receipt["outcome"] == "accepted"
    frozen.send_signal(signal.SIGCONT)
    frozen.wait(WAIT)
    notify.close()
    again = worker.send(stack.topic(unit, "report"), {"kind": "hazard", "fields": {}})
    assert again["outcome"] == "accepted"
    assert stack.sql("select count(*) from report") == [(2,)]


def test_i07_a_second_daemon_waits_and_pins_nothing(make_stack):
    stack = make_stack()
    first, first_notify = stack.daemon, stack.notify
    epoch = stack.sql("select epoch from writer")[0][0]
    stack.http_port = free_port()
    stack.write_config()
    stack.start_daemon(wait=False)
    wait_connect(stack.http_port, stack.daemon, "second daemon")
    assert stack.ready()[0] == 503
    log, end = stack.folder / "daemon.log", time.monotonic() + WAIT
    while "another writer has it" not in log.read_text(encoding="utf-8") and time.monotonic() < end:
        threading.Event().wait(0.05)
    assert "another writer has it" in log.read_text(encoding="utf-8"), "it has asked for the lock and was refused"
    assert stack.sql("select count(*) from pg_locks where locktype = 'advisory' and not granted") == [(0,)]
    unit = plain_village(stack)
    worker = stack.speak("grid_worker", unit)
    assert worker.send(stack.topic(unit, "report"), {"kind": "hazard", "fields": {}})["epoch"] == epoch
    assert stack.sql("select epoch from writer") == [(epoch,)]
    first.terminate()
    assert first.wait(WAIT) == 0
    first_notify.close()
    stack.wait_ready()
    assert stack.ready()[0] == 200


def test_i09_an_answer_given_in_time_counts_although_the_daemon_was_down(make_stack):
    stack = make_stack()
    quick_playbook(stack, accept="PT6S", finish="P1D")
    commander = stack.speak("commander", stack.root())
    on_time, silent = plain_village(stack), plain_village(stack, 1)
    _, task = post(stack, commander, on_time)
    _, other = post(stack, commander, silent)
    worker = stack.speak("grid_worker", on_time)
    due = stack.sql("select extract(epoch from max(accept_by))::float8 from task where id in (%s, %s)", task, other)[0][0]
    stack.stop_daemon()
    ident = message_id()
    done = worker.publish(stack.topic(on_time, f"action/{task}/accept"), {"id": ident})
    done.wait_for_publish(WAIT)  # the broker has it, stamped before the deadline
    assert time.time() < due
    wait_until(due + 1)
    stack.start_daemon()
    receipt = worker.wait(lambda: worker.receipts.get(ident), "receipt")[0]
    assert receipt["outcome"] == "accepted", receipt
    watch = stack.phone(stack.member("commander", stack.root()), subscribe=[f"{BASE}/+/+/escalation/+/+"])
    watch.wait(lambda: any(d["task"] == other for d in watch.documents.values() if "task" in d), "escalation of the silent village")
    assert stack.sql("select count(*) from escalation where task = %s", task) == [(0,)]
    opened = stack.sql("select extract(epoch from opened_at)::float8 from escalation where task = %s", other)[0][0]
    expected = stack.sql("select extract(epoch from accept_by)::float8 from task where id = %s", other)[0][0]
    assert abs(opened - expected) < 0.002, "a deadline moved because of a restart"


def test_i10_the_brokers_contents_are_rebuilt_and_ghosts_cleared(make_stack):
    stack = make_stack()
    commander = stack.speak("commander", stack.root())
    for n in range(3):
        post(stack, commander, plain_village(stack, n))
    stack.stop_daemon()
    for phone in stack.phones:
        phone.stop()
    stack.phones = []
    stack.broker.terminate()
    stack.broker.wait(WAIT)
    shutil.rmtree(stack.persistence)
    stack.persistence.mkdir()
    # A broker without the plugin leaves a document that nobody's database knows.
    ghost = f"{BASE}/tier3/{plain_village(stack)}/task/all/{message_id()}"
    port, config = free_port(), stack.folder / "open.conf"
    text = stack.broker_config.read_text(encoding="utf-8").split("\nlistener")[0].replace("allow_anonymous false", "allow_anonymous true")
    config.write_text(text + f"\nlistener {port} 127.0.0.1\n", encoding="utf-8")
    with open(stack.folder / "broker.log", "ab") as log:
        broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(config)], stderr=log)
    wait_connect(port, broker, "open broker")
    client = mqtt.Client()
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.publish(ghost, '{"id":"ghost"}', qos=1, retain=True).wait_for_publish(WAIT)
    client.disconnect()
    client.loop_stop()
    broker.terminate()
    broker.wait(WAIT)
    stack.start_broker()
    stack.start_daemon()
    watch = stack.phone(stack.member("commander", stack.root()), subscribe=[f"{BASE}/+/+/task/+/+", f"{BASE}/+/+/notice/+"])
    tasks = {str(t) for (t,) in stack.sql("select id from task")}
    watch.wait(lambda: {d["id"] for t, d in watch.documents.items() if "/task/" in t} == tasks, "exactly the database's tasks")
    watch.wait(lambda: sum("/notice/" in t for t in watch.documents) == 3, "three notices")
    assert ghost not in watch.documents


def test_i12_planted_identities_come_out_nowhere(make_stack):
    stack = make_stack()
    commander = stack.speak("commander", stack.root())
    watch = stack.phone(stack.member("commander", stack.root()), subscribe=[
        f"{BASE}/+/+/task/+/+", f"{BASE}/+/+/escalation/+/+", f"{BASE}/+/+/notice/+", f"{BASE}/tier3/+/list/+"])
    unit = plain_village(stack)
    parent = parent_of(stack, unit)
    worker, room = stack.speak("grid_worker", unit), stack.speak("officer", parent)
    warning, task = post(stack, commander, unit)
    planted = "、".join(PLANTED)
    spoken = [worker.act(unit, task, "accept", note=planted), worker.act(unit, task, "comment", note=planted),
              worker.act(unit, task, "progress", note=planted, result={"households": 1}),
              worker.act(unit, task, "escalate", reason="too-hard", note=planted),
              room.act(parent, task, "accept", note=planted), room.act(parent, task, "resolve", note=planted),
              worker.send(stack.topic(unit, "report"), {"kind": "hazard", "fields": {}, "note": planted})]
    for receipt in spoken:
        assert receipt["outcome"] == "accepted" and receipt["masked"] is True, receipt
    for fields in ({"who": PLANTED[0]}, {"card": PLANTED[3]}):
        worker.send(stack.topic(unit, "report"), {"kind": "hazard", "fields": fields})
    worker.act(unit, task, "escalate", reason=PLANTED[0])
    # Where a word would be quoted in the rejection, and where a name would be stored.
    refused = [worker.send(stack.topic(unit, "report"), {"kind": "hazard", "fields": {}, "seat": PLANTED[0]}),
               worker.act(unit, PLANTED[0], "comment"), worker.act(unit, task, "transfer", to=PLANTED[0]),
               worker.send(stack.topic(unit, "report"), {"kind": "hazard", "fields": {PLANTED[0]: 1}}),
               worker.send(stack.topic(unit, "report"), {"kind": PLANTED[0], "fields": {}})]
    assert [receipt["outcome"] for receipt in refused] == ["rejected"] * 5, refused
    watch.wait(lambda: any(d.get("task") == task and d["state"] == "resolved" for d in watch.documents.values()
                           if isinstance(d, dict)), "resolution")
    dump = subprocess.run([*stack.cluster.as_user, str(stack.cluster.bin / "pg_dump"), "-h", "127.0.0.1", "-p", str(stack.cluster.port),
                           "-U", "postgres", "-a", stack.database], capture_output=True, text=True, check=True, cwd="/").stdout
    logs = (stack.folder / "daemon.log").read_text(encoding="utf-8") + (stack.folder / "broker.log").read_text(encoding="utf-8")
    wire = "\n".join(p.decode("utf-8", "replace") for phone in stack.phones for _, p, *_ in phone.messages)
    for secret in PLANTED:
        for where, text in (("database", dump), ("logs", logs), ("wire", wire)):
            assert secret not in text, f"{secret} in the {where}"
    assert "****" in dump, "notes are kept, masked"


def test_i14_a_message_that_the_database_refuses_goes_to_quarantine_alone(make_stack):
    stack = make_stack()
    unit = plain_village(stack)
    worker = stack.speak("grid_worker", unit)
    stack.sql("alter table report add constraint poison check (kind <> 'diary')")
    bodies = [{"id": message_id(), "kind": kind, "fields": {}} for kind in ["hazard", "diary", "hazard", "visit", "diary", "hazard"]]
    for body in bodies:
        worker.publish(stack.topic(unit, "report"), body)
    worker.wait(lambda: all(b["id"] in worker.receipts for b in bodies), "six receipts")
    for body in bodies:
        receipt = worker.receipts[body["id"]][0]
        if body["kind"] == "diary":
            assert (receipt["outcome"], receipt["code"]) == ("rejected", "internal")
        else:
            assert receipt["outcome"] == "accepted"
    assert stack.sql("select count(*) from report") == [(4,)]
    assert stack.sql("select count(*) from quarantine") == [(2,)]
    assert stack.ready()[0] == 200
    # Retried after the cause is gone, it is work like any other.
    stack.sql("alter table report drop constraint poison")
    admin = stack.speak("admin", "")
    listed = admin.query("quarantine")
    first = stack.sql("select id from quarantine order by id limit 1")[0][0]
    assert listed["data"], listed
    receipt = admin.send(f"{BASE}/admin/quarantine-retry", {"quarantine": first})
    assert receipt["outcome"] == "accepted", receipt
    watch = threading.Event()
    end = time.monotonic() + WAIT
    while stack.sql("select count(*) from report")[0][0] < 5 and time.monotonic() < end:
        watch.wait(0.05)
    assert stack.sql("select count(*) from report") == [(5,)]


def test_a_broker_that_closes_in_mid_packet_loses_nothing(make_stack):
    stack = make_stack(load=False)
    stack.stop_daemon()
    proxy = Proxy(stack.port)
    stack.daemon_options["broker.port"] = proxy.port
    stack.write_config()
    stack.start_daemon()
    stack.load()
    unit = plain_village(stack)
    worker = stack.speak("grid_worker", unit)
    accepted = 0
    for n in range(8):
        proxy.cut_after(37 * n + 11)
        for _ in range(6):
            assert worker.send(stack.topic(unit, "report"), {"kind": "hazard", "fields": {"count": n}})["outcome"] == "accepted"
            accepted += 1
        proxy.wait_cut(n + 1, WAIT)
    assert stack.sql("select count(*), count(distinct id) from report") == [(accepted, accepted)]
    assert stack.sql("select count(*) from event where kind like '%%report%%' or sender = %s", worker.member)[0][0] == accepted
    proxy.close()


def test_postgresql_away_is_not_an_answer(make_stack):
    """A refused connection: readiness fails, nobody is told anything untrue, and work goes on when it is back."""
    stack = make_stack(own_cluster=True)
    unit = plain_village(stack)
    worker = stack.speak("grid_worker", unit)
    stack.cluster.stop()
    ident = message_id()
    worker.publish(stack.topic(unit, "report"), {"id": ident, "kind": "hazard", "fields": {}})
    end = time.monotonic() + WAIT
    while stack.ready()[0] == 200 and time.monotonic() < end:
        threading.Event().wait(0.05)
    assert stack.ready()[0] == 503
    assert ident not in worker.receipts
    stack.cluster.start()
    receipt = worker.wait(lambda: worker.receipts.get(ident), "receipt")[0]
    assert receipt["outcome"] == "accepted"
    assert stack.sql("select count(*) from report") == [(1,)]


def test_i05_only_the_daemon_reads_upward_topics(make_stack):
    stack = make_stack()
    dashboard = stack.phone(next(m for m, d in stack.members.items() if d["role"] == "dashboard"))
    unit = plain_village(stack)
    granted = dashboard.subscribe(f"{BASE}/+/+/report", f"{BASE}/#", "#", f"$share/g/{BASE}/+/+/warning", "$SYS/#", "$CONTROL/#")
    assert all(code >= 128 for code in granted), granted
    worker = stack.speak("grid_worker", unit)
    worker.send(stack.topic(unit, "report"), {"kind": "hazard", "fields": {}})
    assert not any("/report" in t for t, *_ in dashboard.messages)
