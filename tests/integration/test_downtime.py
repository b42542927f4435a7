"""What the daemon finds after it was away: commits that nobody saw, a backlog, deadlines that passed, a poisoned message, one without
a stamp."""
import errno
import json
import subprocess
import time

import paho.mqtt.client as mqtt
import psycopg2

from stack import AREA, BASE, WAIT, free_port, message_id, wait_connect
from test_daemon import HeldCommit, log_of, outcomes, until
from test_invariants import plain_village, post, quick_playbook, wait_until


def report_body(kind="hazard"):
    return {"id": message_id(), "kind": kind, "fields": {}}


def publish_all(stack, phone, unit, bodies):
    """Into the broker's keeping, in order."""
    for sent in [phone.publish(stack.topic(unit, "report"), body) for body in bodies]:
        sent.wait_for_publish(WAIT)


def test_01_what_committed_before_a_crash_is_published_after_it(make_stack):
    """I4: the broker is gone while a batch commits, then the daemon dies: its successor publishes what nobody has seen."""
    stack = make_stack()
    commander = stack.speak("commander", stack.root())
    watch = stack.phone(stack.member("commander", stack.root()), subscribe=[f"{BASE}/+/+/task/+/+", f"{BASE}/+/+/notice/+"])
    ident = message_id()
    with HeldCommit(stack, commander.member, ident) as held:
        commander.publish(stack.topic(stack.root(), "warning"), {"id": ident, **stack.warning()}).wait_for_publish(WAIT)
        held.wait_blocked()
        stack.kill_broker()
        until(lambda: stack.ready()[1]["broker"] is False, "the loss is seen")
    until(lambda: outcomes(stack, ident) == [("accepted", None)], "the batch commits without a broker")
    stack.kill_daemon()
    assert not any("/task/" in t for t in watch.documents)
    stack.start_broker()
    stack.start_daemon()
    for unit in stack.villages():
        watch.task(unit)
    watch.wait(lambda: any("/notice/" in t for t in watch.documents), "notice")
    assert stack.sql("select count(*) from warning") == [(1,)]


def test_02_a_backlog_is_drained_before_timers_fire(make_stack):
    """I9: more messages than the broker sends at once, the answer that was in time the last of them: still no escalation."""
    stack = make_stack(daemon_options={"broker.receive_maximum": "10"})
    quick_playbook(stack, accept="PT10S", finish="P1D")
    commander = stack.speak("commander", stack.root())
    unit = plain_village(stack)
    worker = stack.speak("grid_worker", unit)
    _, task = post(stack, commander, unit)
    due = stack.sql("select extract(epoch from accept_by)::float8 from task where id = %s", task)[0][0]
    stack.stop_daemon()
    publish_all(stack, worker, unit, [report_body() for _ in range(120)])
    accept = message_id()
    worker.publish(stack.topic(unit, f"action/{task}/accept"), {"id": accept}).wait_for_publish(WAIT)
    assert time.time() < due
    wait_until(due + 1)
    later = [report_body() for _ in range(5)]
    publish_all(stack, worker, unit, later)
    stack.start_daemon()
    assert worker.wait(lambda: worker.receipts.get(accept), "receipt")[0]["outcome"] == "accepted"
    worker.wait(lambda: later[-1]["id"] in worker.receipts, "the last receipt")
    assert stack.sql("select state from task where id = %s", task) == [("accepted",)]
    assert stack.sql("select count(*) from escalation where task = %s", task) == [(0,)]


def test_03_a_timer_due_precedes_a_message_received_later(make_stack):
    """I9: an answer that came after the deadline, both while the daemon was away: the deadline comes first."""
    stack = make_stack()
    quick_playbook(stack, accept="PT4S", finish="P1D")
    commander = stack.speak("commander", stack.root())
    unit = plain_village(stack)
    worker = stack.speak("grid_worker", unit)
    _, task = post(stack, commander, unit)
    due = stack.sql("select extract(epoch from accept_by)::float8 from task where id = %s", task)[0][0]
    stack.stop_daemon()
    wait_until(due + 0.5)
    accept = message_id()
    worker.publish(stack.topic(unit, f"action/{task}/accept"), {"id": accept}).wait_for_publish(WAIT)
    stack.start_daemon()
    assert worker.wait(lambda: worker.receipts.get(accept), "receipt")[0]["outcome"] == "accepted"
    opened, seq = stack.sql("select extract(epoch from opened_at)::float8, opened_at is not null from escalation where task = %s", task)[0]
    assert seq and abs(opened - due) < 0.002
    order = [kind for (kind,) in stack.sql("select kind from event where (kind = 'timer' and facts::text like '%%accept%%') or message_id = %s"
                                           " order by seq", accept)]
    assert order[-1] == "action" and "timer" in order, order


def test_04_a_poisoned_message_in_a_burst_takes_nobody_along(make_stack):
    """I14: all in one burst, because the daemon was away: the culprit is found, its neighbours' work is done once."""
    stack = make_stack()
    unit = plain_village(stack)
    worker = stack.speak("grid_worker", unit)
    stack.sql("alter table report add constraint poison check (kind <> 'diary')")
    stack.stop_daemon()
    bodies = [report_body(kind) for kind in ["hazard"] * 5 + ["diary"] + ["hazard"] * 5 + ["diary"] + ["visit"]]
    publish_all(stack, worker, unit, bodies)
    stack.start_daemon()
    worker.wait(lambda: all(b["id"] in worker.receipts for b in bodies), "a receipt for each")
    for body in bodies:
        receipt = worker.receipts[body["id"]][0]
        expected = ("rejected", "internal") if body["kind"] == "diary" else ("accepted", None)
        assert (receipt["outcome"], receipt.get("code")) == expected, (body, receipt)
    assert stack.sql("select count(*), count(distinct id) from report") == [(11, 11)]
    assert stack.sql("select count(*) from quarantine") == [(2,)]
    numbers = stack.sql("select seq from outcome where sender = %s order by seq", worker.member)
    assert len(numbers) == len(bodies) and len(set(numbers)) == len(bodies)


def publish_without_plugin(stack, topic, body):
    """A broker without the plugin over the same persistence: what it queues for the daemon has no stamp."""
    port, config = free_port(), stack.folder / "open.conf"
    text = stack.broker_config.read_text(encoding="utf-8").split("\nlistener")[0].replace("allow_anonymous false", "allow_anonymous true")
    config.write_text(text + f"\nlistener {port} 127.0.0.1\n", encoding="utf-8")
    with open(stack.folder / "broker.log", "ab") as log:
        broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(config)], stderr=log)
    try:
        wait_connect(port, broker, "open broker")
        client = mqtt.Client()
        client.connect("127.0.0.1", port)
        client.loop_start()
        client.publish(topic, json.dumps(body), qos=1).wait_for_publish(WAIT)
        client.disconnect()
        client.loop_stop()
    finally:
        broker.terminate()
        broker.wait(WAIT)


def test_05_what_reached_the_queue_without_a_stamp_is_dropped_and_audited(make_stack):
    """I5: no stamp, no sender to believe; the daemon says so once and goes on."""
    stack = make_stack()
    unit = plain_village(stack)
    worker = stack.speak("grid_worker", unit)
    stack.stop_daemon()
    stack.broker.terminate()
    stack.broker.wait(WAIT)
    body = {**report_body(), "sender": worker.member}
    publish_without_plugin(stack, stack.topic(unit, "report"), body)
    stack.start_broker()
    stack.start_daemon()
    assert worker.send(stack.topic(unit, "report"), report_body())["outcome"] == "accepted"
    assert stack.sql("select count(*) from report") == [(1,)]
    assert outcomes(stack, body["id"]) == [] and body["id"] not in worker.receipts
    assert [line for line in log_of(stack).splitlines() if "without a valid stamp" in line and f"topic=grid/v1/{AREA}" in line]
    assert stack.metrics()["policegrid_messages_dropped_total"] == 1


def test_06_a_full_disk_loses_nothing_and_says_nothing_untrue(tiny_disk, make_stack):
    """SQLSTATE 53100 is nobody's fault: no receipt, no quarantine; the message waits until there is room, and then counts once."""
    stack = make_stack(own_cluster=True)
    unit = plain_village(stack)
    worker = stack.speak("grid_worker", unit)
    on_disk = psycopg2.connect(stack.cluster.conninfo("postgres", stack.database))
    on_disk.autocommit = True
    with on_disk.cursor() as cursor:
        cursor.execute(f"create tablespace tiny location '{tiny_disk}'")
        cursor.execute("alter table policegrid.report set tablespace tiny")
    on_disk.close()
    ballast = tiny_disk / "ballast"
    fill(ballast)
    body = report_body()
    worker.publish(stack.topic(unit, "report"), body)
    until(lambda: stack.metrics()["policegrid_batches_unknown_total"] >= 1, "the batch fails")
    assert body["id"] not in worker.receipts and outcomes(stack, body["id"]) == []
    ballast.unlink()
    receipt = worker.wait(lambda: worker.receipts.get(body["id"]), "receipt")[0]
    assert receipt["outcome"] == "accepted"
    assert stack.sql("select (select count(*) from report), (select count(*) from quarantine)") == [(1, 0)]
    assert "53100" in log_of(stack) or "No space left" in log_of(stack)


def fill(path):
    """Until there is no room left."""
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC
