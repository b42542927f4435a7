"""The daemon between a real broker and a real database: what is acknowledged when, what is published, how it starts and ends."""
import json
import os
import re
import select
import signal
import socket
import subprocess
import time

import paho.mqtt.client as mqtt
import pytest

from stack import AREA, BASE, BUILD, WAIT, message_id
from test_invariants import post, quick_playbook


def until(predicate, what, timeout=WAIT):
    """Until predicate() is true, looking again after every turn of the clock; its value is returned."""
    end = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        assert time.monotonic() < end, what
        select.select([], [], [], 0.02)


def log_of(stack):
    return (stack.folder / "daemon.log").read_text(encoding="utf-8", errors="replace")


def mark_of(phone):
    return phone.documents.get(f"{BASE}/daemon/mark")


def report(stack, ident, unit=None):
    """A diary entry of a village's worker: topic and body."""
    unit = unit or plain_village(stack)
    return stack.topic(unit, "report"), {"id": ident, "kind": "diary", "fields": {"visits": 1}}


def plain_village(stack):
    return next(u["id"] for u in stack.organisation["units"] if u["tier"] == 3 and not u.get("staffed_by"))


def outcomes(stack, ident):
    return stack.sql("select outcome, code from outcome where id = %s", ident)


class HeldCommit:
    """An uncommitted row with a message's key: the batch that holds the message is written up to its outcome and no further."""

    def __init__(self, stack, member, ident):
        import psycopg2
        self.connection = psycopg2.connect(stack.cluster.conninfo("postgres", stack.database))
        self.member, self.ident = member, ident

    def __enter__(self):
        self.connection.cursor().execute(
            "insert into policegrid.outcome (area, sender, id, body_hash, seq, at, outcome, late, masked, epoch)"
            " values (%s, %s, %s, 'x', 999999999, now(), 'accepted', false, false, 1)", (AREA, self.member, self.ident))
        return self

    def wait_blocked(self):
        until(lambda: self.blocked() > 0, "no batch waits for the row")

    def blocked(self):
        cursor = self.connection.cursor()
        cursor.execute("select count(*) from pg_locks where not granted and locktype = 'transactionid'")
        return cursor.fetchone()[0]

    def __exit__(self, *_):
        self.connection.rollback()
        self.connection.close()


# ---- I1, I3, I4 ------------------------------------------------------------------------------------------------------------


def test_01_no_acknowledgement_before_the_commit(make_stack):
    """I1: a daemon killed while its commit waits gets the message again, though its sender does not repeat it."""
    stack = make_stack()
    phone = stack.speak("grid_worker", plain_village(stack))
    ident = message_id()
    with HeldCommit(stack, phone.member, ident) as held:
        topic, body = report(stack, ident)
        phone.publish(topic, body).wait_for_publish(WAIT)
        held.wait_blocked()
        for _ in range(5):
            stack.ready()  # its loop has turned: whatever it would write, it has written
        stack.kill_daemon()
    stack.start_daemon()
    receipt = phone.wait(lambda: phone.receipts.get(ident), "receipt")[0]
    assert outcomes(stack, ident) and receipt["id"] == ident
    assert len(outcomes(stack, ident)) == 1


def test_02_acknowledged_after_the_commit(make_stack):
    """The other half of I1: what was committed and flushed is not delivered again after a restart."""
    stack = make_stack()
    phone = stack.speak("grid_worker", plain_village(stack))
    topic, body = report(stack, message_id())
    phone.send(topic, body)
    until(lambda: stack.metrics()["policegrid_burst_messages"] == 0, "the burst ends")
    stack.stop_daemon()
    stack.start_daemon()
    assert stack.metrics()["policegrid_outcomes_repeated_total"] == 0


def test_03_a_repeat_gets_the_first_outcome(make_stack):
    """I3, across a restart: memory does not know the id any more, the database does."""
    stack = make_stack()
    phone = stack.speak("grid_worker", plain_village(stack))
    topic, body = report(stack, message_id())
    first = phone.send(topic, body)
    stack.stop_daemon()
    stack.start_daemon()
    again = phone.send(topic, body, receipts=2)
    assert again["repeat"] is True and again["outcome"] == first["outcome"] and again["event"] == first["event"]
    other = phone.send(topic, {**body, "fields": {"visits": 2}}, receipts=3)
    assert (other["outcome"], other["code"]) == ("rejected", "id_reused")
    assert len(outcomes(stack, body["id"])) == 1


def test_04_committed_while_the_broker_was_away(make_stack):
    """I4: documents of a batch that committed without a broker are there after it is back, and the mark says so."""
    stack = make_stack()
    command = stack.speak("commander", stack.root())
    watch = stack.phone(stack.member("commander", stack.root()), subscribe=[f"{BASE}/+/+/task/+/+", f"{BASE}/daemon/mark"])
    ident = message_id()
    with HeldCommit(stack, command.member, ident) as held:
        command.publish(stack.topic(stack.root(), "warning"), {"id": ident, **stack.warning()}).wait_for_publish(WAIT)
        held.wait_blocked()
        stack.kill_broker()
        until(lambda: stack.ready()[1]["broker"] is False, "the loss is seen")
    until(lambda: outcomes(stack, ident) == [("accepted", None)], "the batch commits without a broker")
    stack.start_broker()
    for unit in stack.villages():
        watch.task(unit)
    seq = stack.sql("select seq from outcome where id = %s", ident)[0][0]
    watch.wait(lambda: (mark_of(watch) or {}).get("seq", -1) >= seq and mark_of(watch)["alive"], "mark")


# ---- start and end ---------------------------------------------------------------------------------------------------------


def test_05_clean_end_and_mark(make_stack):
    """SIGTERM: exit code 0, a mark that says where it stood; the next start finds the broker as it should be and reads nothing."""
    stack = make_stack()
    watch = stack.phone(stack.member("commander", stack.root()), subscribe=[f"{BASE}/daemon/mark"])
    assert watch.wait(lambda: mark_of(watch), "mark")["alive"] is True
    stack.stop_daemon(expect=0)
    last = watch.wait(lambda: mark_of(watch) and not mark_of(watch)["alive"] and mark_of(watch), "last mark")
    assert last["seq"] == stack.sql("select max(seq) from area")[0][0]
    stack.start_daemon()
    watch.wait(lambda: mark_of(watch)["alive"] and mark_of(watch)["epoch"] > last["epoch"], "mark of the next epoch")
    assert stack.metrics()["policegrid_surveys_total"] == 0


def test_06_will_after_a_kill(make_stack):
    """A killed daemon's will tells that everything is stale; its successor compares every document."""
    stack = make_stack()
    watch = stack.phone(stack.member("commander", stack.root()), subscribe=[f"{BASE}/daemon/mark"])
    watch.wait(lambda: mark_of(watch) and mark_of(watch)["alive"], "mark")
    stack.kill_daemon()
    watch.wait(lambda: mark_of(watch) == {"alive": False}, "will")
    stack.start_daemon()
    watch.wait(lambda: mark_of(watch).get("alive"), "mark")
    metrics = until(lambda: stack.metrics()["policegrid_surveys_total"] == 1 and stack.metrics(), "survey")
    assert metrics["policegrid_republished_total"] == 0 and metrics["policegrid_cleared_total"] == 0


def test_07_sigterm_finishes_the_batch_in_work(make_stack):
    stack = make_stack()
    phone = stack.speak("grid_worker", plain_village(stack))
    ident = message_id()
    with HeldCommit(stack, phone.member, ident) as held:
        topic, body = report(stack, ident)
        phone.publish(topic, body).wait_for_publish(WAIT)
        held.wait_blocked()
        stack.daemon.terminate()
    assert stack.daemon.wait(WAIT) == 0
    assert phone.wait(lambda: phone.receipts.get(ident), "receipt")
    assert len(outcomes(stack, ident)) == 1


def test_08_readiness_follows_its_conditions(make_stack):
    stack = make_stack(load=False, own_cluster=True)
    status, document = stack.ready()
    assert status == 200 and all(document[k] for k in ("ready", "lock", "database", "broker", "state", "roster", "clock", "timers"))
    stack.kill_broker()
    until(lambda: stack.ready()[0] == 503 and stack.ready()[1]["broker"] is False, "broker")
    assert stack.ready()[1]["lock"] is True
    stack.start_broker()
    until(lambda: stack.ready()[0] == 200, "ready again")
    stack.cluster.kill()
    until(lambda: stack.ready()[0] == 503 and stack.ready()[1]["lock"] is False, "database")
    stack.cluster.start()
    until(lambda: stack.ready()[0] == 200, "ready again")


def test_09_a_second_writer_waits(make_stack):
    """I7: one writer. The second polls for the lock, touches neither broker nor rows, and takes over when the first ends."""
    stack = make_stack(load=False)
    epoch = stack.ready()[1]["epoch"]
    text = stack.config.read_text(encoding="utf-8").replace(f"port = {stack.http_port}", "port = 0")
    second_config = stack.folder / "second.conf"
    second_config.write_text(text, encoding="utf-8")
    with open(stack.folder / "second.log", "ab") as log:
        second = subprocess.Popen([str(BUILD / "daemon/policegridd"), "--config", str(second_config)], stderr=log, stdout=log, env=stack.env)
    try:
        until(lambda: stack.sql("select count(*) from pg_stat_activity where datname = %s and usename = 'policegrid_daemon'",
                                stack.database)[0][0] >= 4, "the second is connected")
        assert stack.ready()[0] == 200 and stack.ready()[1]["epoch"] == epoch
        stack.stop_daemon()
        until(lambda: "ready area=" in (stack.folder / "second.log").read_text(encoding="utf-8"), "the second takes over")
        assert stack.sql("select epoch from writer")[0][0] == epoch + 1
    finally:
        second.terminate()
        assert second.wait(WAIT) == 0


# ---- configuration ---------------------------------------------------------------------------------------------------------


def run(*arguments, **environment):
    return subprocess.run([str(BUILD / "daemon/policegridd"), *arguments], capture_output=True, text=True, timeout=WAIT,
                          env=dict(os.environ, **environment))


def test_10_help_in_two_languages():
    english, chinese = run("--help", LC_ALL="C.UTF-8"), run("--help", LC_ALL="zh_CN.UTF-8")
    assert english.returncode == chinese.returncode == 0
    options = re.findall(r"^;?([a-z_]+) = ", english.stdout, re.M)
    assert len(options) > 20 and options == re.findall(r"^;?([a-z_]+) = ", chinese.stdout, re.M)
    assert "division code" in english.stdout and "区划代码" in chinese.stdout


@pytest.mark.parametrize("arguments", [[], ["--config"], ["--nonsense"], ["--migrate"], ["--config", "a", "b"]])
def test_11_wrong_arguments(arguments):
    done = run(*arguments)
    assert done.returncode == 1 and "Usage" in done.stderr


def test_12_wrong_configuration(tmp_path):
    config = tmp_path / "policegridd.conf"
    config.write_text("[area]\ncode = 140802100\nsecret_file = /nonexistent\n[database]\nconninfo = x\n[broker]\nprot = 1\n", encoding="utf-8")
    done = run("--config", str(config), "--check-config")
    assert done.returncode == 2 and f"{config}:7: broker.prot: no such option" in done.stderr
    config.write_text("[area]\ncode = 140802100\nsecret_file = /nonexistent\n[database]\nconninfo = x\n", encoding="utf-8")
    assert run("--config", str(config), "--check-config").returncode == 0
    done = run("--config", str(config))
    assert done.returncode == 2 and "/nonexistent" in done.stderr


def test_13_a_port_that_is_taken(make_stack):
    stack = make_stack(load=False)
    done = run("--config", str(stack.config))
    assert done.returncode == 3 and "cannot listen" in done.stderr


def test_14_a_database_that_was_never_migrated(make_stack, cluster):
    stack = make_stack(load=False)
    config = stack.folder / "empty.conf"
    text = stack.config.read_text(encoding="utf-8").replace(f"dbname={stack.database}", "dbname=postgres")
    config.write_text(text.replace(f"port = {stack.http_port}", "port = 0"), encoding="utf-8")
    done = run("--config", str(config))
    assert done.returncode == 4, done.stderr


def test_15_sighup_reads_configuration_and_playbooks(make_stack):
    stack = make_stack()
    playbook = json.loads((stack.playbooks / "telecom-fraud.json").read_text(encoding="utf-8"))
    before = stack.sql("select version from playbook where name = 'telecom-fraud' and is_current")[0][0]
    playbook["version"] = before + 1
    (stack.playbooks / "telecom-fraud.json").write_text(json.dumps(playbook), encoding="utf-8")
    (stack.playbooks / "broken.json").write_text("{\"playbook\":", encoding="utf-8")
    stack.daemon_options = {"log.level": "debug", "broker.keepalive_s": "90"}
    stack.write_config()
    os.kill(stack.daemon.pid, signal.SIGHUP)
    until(lambda: stack.sql("select version from playbook where name = 'telecom-fraud' and is_current") == [(before + 1,)], "new version")
    until(lambda: "playbook refused file=broken.json" in log_of(stack), "refusal is told")
    assert "configuration reloaded needs_restart=broker.keepalive_s" in log_of(stack)
    assert stack.ready()[0] == 200


# ---- answers ---------------------------------------------------------------------------------------------------------------


def test_16_queries(make_stack):
    stack = make_stack()
    member = stack.member("grid_worker", plain_village(stack))
    phone = stack.phone(member)
    reply = phone.query("self")
    assert reply["query"] == "self" and "data" in reply, reply
    assert member in json.dumps(reply["data"])
    refused = phone.query("no-such-query")
    assert refused["code"] and " / " in refused["detail"]
    refused = phone.query("quarantine")
    assert refused["code"] in ("denied", "forbidden", "seat")


def test_17_correlation_data_comes_back(make_stack):
    from stack import properties_publish
    stack = make_stack()
    member = stack.member("grid_worker", plain_village(stack))
    phone = stack.phone(member, protocol=mqtt.MQTTv5)
    topic, body = report(stack, message_id())
    phone.publish(topic, body, properties=properties_publish(CorrelationData=b"\x00\x01abc"))
    phone.wait(lambda: phone.receipts.get(body["id"]), "receipt")
    properties = next(p for t, _, _, p in phone.messages if t.endswith("/receipt"))
    assert properties.CorrelationData == b"\x00\x01abc"


def test_18_metrics_and_health(make_stack):
    stack = make_stack(load=False)
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/", 404), ("/healthz/x", 404)):
        with socket.create_connection(("127.0.0.1", stack.http_port), timeout=WAIT) as s:
            s.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            assert f" {status} ".encode() in s.makefile("rb").readline()
    with socket.create_connection(("127.0.0.1", stack.http_port), timeout=WAIT) as s:
        s.sendall(b"POST /healthz HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
        assert b" 405 " in s.makefile("rb").readline()
    metrics = stack.metrics()
    assert metrics["policegrid_ready"] == 1 and metrics["policegrid_roster_version"] == metrics["policegrid_roster_held"]


# ---- I14: in work at two crashes -------------------------------------------------------------------------------------------


def test_19_in_work_at_two_crashes(make_stack):
    """A message that was in work when the daemon died twice goes to quarantine; its neighbour, in work once, is done."""
    stack = make_stack()
    phone = stack.speak("grid_worker", plain_village(stack))
    ident = message_id()
    topic, body = report(stack, ident)
    with HeldCommit(stack, phone.member, ident) as held:
        phone.publish(topic, body).wait_for_publish(WAIT)
        held.wait_blocked()
        stack.kill_daemon()
        until(lambda: held.blocked() == 0, "the dead writer's backend leaves")
        stack.start_daemon(wait=False)
        held.wait_blocked()
        stack.kill_daemon()
        until(lambda: held.blocked() == 0, "the dead writer's backend leaves")
    stack.start_daemon()
    receipt = phone.wait(lambda: phone.receipts.get(ident), "receipt")[0]
    assert (receipt["outcome"], receipt["code"]) == ("rejected", "internal")
    assert stack.sql("select message_id from quarantine") == [(ident,)]
    once = phone.send(*report(stack, message_id()))
    assert once.get("code") != "internal"
    stack.stop_daemon()
    stack.start_daemon()
    assert stack.metrics()["policegrid_suspects"] == 0


# ---- I9: the backlog is drained before timers fire ---------------------------------------------------------------------------


def test_20_a_long_backlog_is_drained_before_timers_fire(make_stack):
    """An answer given in time stands behind many other messages when the daemon comes back after the deadline."""
    stack = make_stack(daemon_options={"broker.receive_maximum": "1", "limits.burst_messages": "1"})
    quick_playbook(stack, accept="PT8S", finish="P1D")
    unit = plain_village(stack)
    _, task = post(stack, stack.speak("commander", stack.root()), unit)
    worker = stack.speak("grid_worker", unit)
    due = stack.sql("select extract(epoch from accept_by)::float8 from task where id = %s", task)[0][0]
    stack.stop_daemon()
    for _ in range(60):
        worker.publish(*report(stack, message_id(), unit))
    ident = message_id()
    worker.publish(stack.topic(unit, f"action/{task}/accept"), {"id": ident}).wait_for_publish(WAIT)
    assert time.time() < due
    until(lambda: time.time() > due + 0.2, "the deadline passes")
    stack.start_daemon()
    assert worker.wait(lambda: worker.receipts.get(ident), "receipt")[0]["outcome"] == "accepted"
    assert stack.sql("select count(*) from escalation where task = %s", task) == [(0,)]
    assert stack.sql("select state from task where id = %s", task) == [("accepted",)]


# ---- the connection to the broker --------------------------------------------------------------------------------------------


def test_21_a_unix_socket_to_the_broker(make_stack):
    stack = make_stack()
    stack.stop_daemon()
    stack.daemon_options = {"broker.socket": str(stack.folder / "broker.sock"), "broker.port": "1"}
    stack.write_config()
    with open(stack.broker_config, "a", encoding="utf-8") as config:
        config.write(f"listener 0 {stack.folder}/broker.sock\n")
    stack.kill_broker()
    stack.start_broker()
    stack.start_daemon()
    phone = stack.speak("grid_worker", plain_village(stack))
    assert phone.send(*report(stack, message_id()))["outcome"]


def test_22_a_frozen_broker_does_not_freeze_the_daemon(make_stack):
    """Its kernel still takes connections: the daemon waits for a CONNACK, answers health checks meanwhile, and gets in afterwards."""
    stack = make_stack()
    stack.stop_daemon()
    os.kill(stack.broker.pid, signal.SIGSTOP)
    try:
        stack.start_daemon(wait=False)
        document = until(lambda: answers(stack) and stack.ready()[1]["state"] and stack.ready()[1], "state loaded")
        assert document["broker"] is False and document["lock"] is True
        stack.daemon.terminate()
        assert stack.daemon.wait(WAIT) == 0
        stack.start_daemon(wait=False)
        until(lambda: answers(stack) and stack.ready()[1]["state"], "state loaded")
    finally:
        os.kill(stack.broker.pid, signal.SIGCONT)
    until(lambda: stack.ready()[0] == 200, "ready")


def answers(stack):
    try:
        socket.create_connection(("127.0.0.1", stack.http_port), timeout=1).close()
        return True
    except OSError:
        return False


def test_23_bursts_of_one_and_of_many_come_to_the_same(make_stack):
    """How messages fall into batches changes nothing: every id has one outcome, in the order in which its sender spoke."""
    for size in ("1", "512"):
        stack = make_stack(daemon_options={"limits.burst_messages": size})
        phone = stack.speak("grid_worker", plain_village(stack))
        idents = [message_id() for _ in range(100)]
        for ident in idents:
            phone.publish(*report(stack, ident))
        phone.wait(lambda: all(i in phone.receipts for i in idents), "receipts")
        rows = stack.sql("select id from outcome where sender = %s order by seq", phone.member)
        assert [r[0] for r in rows] == idents
        assert stack.metrics()["policegrid_outcomes_repeated_total"] == 0


def test_24_a_waiting_writer_ends_at_once(make_stack):
    """SIGTERM while another holds the lock, and while there is no database at all."""
    stack = make_stack(load=False)
    config = stack.folder / "waiting.conf"
    text = stack.config.read_text(encoding="utf-8").replace(f"port = {stack.http_port}", "port = 0")
    config.write_text(text, encoding="utf-8")
    nowhere = stack.folder / "nowhere.conf"
    nowhere.write_text(text.replace(f"port={stack.cluster.port}", "port=1"), encoding="utf-8")
    for path, words in ((config, "another writer has it"), (nowhere, "waiting for the database")):
        waiting = subprocess.Popen([str(BUILD / "daemon/policegridd"), "--config", str(path)], stderr=subprocess.PIPE, env=stack.env, text=True)
        said = ""
        while words not in said:
            line = waiting.stderr.readline()
            assert line, said
            said += line
        waiting.terminate()
        assert waiting.wait(WAIT) == 0
        waiting.stderr.close()
    assert stack.ready()[0] == 200


# ---- systemd -----------------------------------------------------------------------------------------------------------------


def test_25_systemd_is_told(make_stack):
    """sd_notify(3): the watchdog at half its period, reload and end."""
    stack = make_stack(load=False)
    stack.stop_daemon()
    stack.env["WATCHDOG_USEC"] = "400000"
    stack.start_daemon()
    stack.notify.settimeout(WAIT)

    def told(word):
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            if word in stack.notify.recv(4096).split(b"\n"):
                return True
        return False

    assert all(told(b"WATCHDOG=1") for _ in range(3))
    stack.daemon.send_signal(signal.SIGHUP)
    assert told(b"RELOADING=1") and told(b"READY=1")
    stack.daemon.terminate()
    assert told(b"STOPPING=1")


def test_26_a_second_sigterm_changes_nothing(make_stack):
    stack = make_stack(load=False)
    for _ in range(5):
        stack.daemon.terminate()
        end = time.monotonic() + WAIT
        while stack.daemon.poll() is None:
            assert time.monotonic() < end
            stack.daemon.send_signal(signal.SIGTERM)
        assert stack.daemon.returncode == 0
        stack.start_daemon()
