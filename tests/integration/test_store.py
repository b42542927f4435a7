"""The store against a real PostgreSQL: one writer, what becomes of batches, questions, quarantine, maintenance, stopping."""
import itertools
import os
import secrets
import subprocess
import time

import psycopg2
import pytest

from stack import AREA, Cluster
from store_probe import Probe, Tunnel, connect, eventually, migrate, sql

T = 1795248000123  # 2026-11-21T08:00:00.123Z
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(workspace):
    cluster = Cluster(workspace / "store-postgresql")
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def database(server):
    name = f"store{next(_numbers)}"
    sql(server, "postgres", f"create database {name}")
    done = migrate(server, name)
    assert done.returncode == 0, done.stderr
    return name


@pytest.fixture
def probe(server, database):
    """A function that starts stores; whoever is left at the end is killed."""
    probes = []

    def start(port=None, **options):
        conninfo = server.conninfo("policegrid_daemon", database)
        if port:
            conninfo = conninfo.replace(f"port={server.port}", f"port={port}")
        probes.append(Probe(conninfo, **options))
        return probes[-1]

    yield start
    for p in probes:
        p.kill()


def area(seq):
    return ("area", AREA, seq, "{}")


def outcome(id, seq=1, sender="m1", detail=None):
    return ("outcome", AREA, sender, id, "hash", seq, T, "accepted", None, detail, "f", "f", '{"task": "x"}', 3, seq, 1)


def playbook(hash, current="t", changed=1, body="{}"):
    return ("playbook", AREA, hash * 64, "fraud", 1, "题", "title", body, current, "daemon", T, changed)


def event(seq, at=T):
    return ("event", AREA, seq, at, "warning", "m1", "command", f"id-{seq}", 1, '[{"fact": "x"}]')


def writer_pid(server, database):
    rows = sql(server, "postgres", "select pid from pg_stat_activity where datname = %s and application_name = %s", database,
               f"policegridd/{AREA}/writer")
    return rows[0][0] if rows else None


# ---- one writer ----

def test_epoch_grows_and_lock_is_handed_over(probe):
    first = probe()
    assert first.ready() == 1
    second = probe()
    eventually(lambda: state(second) == "waiting", "the second waits")
    first.stop()
    assert second.ready() == 2
    assert second.write(area(1))[0] == "committed"
    second.stop()


def state(p):
    p.ask("state")
    return p.until("state")[1]


def test_areas_do_not_wait_for_each_other(probe):
    first, second = probe(), probe(area="140829100")
    assert first.ready() == 1
    assert second.ready() == 1
    # nor does an area whose digits are the other's with zeros in front
    assert probe(area="0140829100").ready() == 1


def test_frozen_writer_is_replaced_and_leaves(probe):
    first, second = probe(), probe()
    leader, waiter = (first, second) if eventually(lambda: state(first) == "ready" or state(second) == "ready", "ready") and \
        state(first) == "ready" else (second, first)
    leader.freeze()
    began = time.monotonic()
    assert waiter.ready() == 2
    assert time.monotonic() - began < 10
    assert waiter.write(area(7))[0] == "committed"
    leader.ask("row", *area(8))
    leader.ask("write")
    leader.thaw()
    assert leader.until("written")[1] == "unknown"
    leader.until("lost")
    assert "has written since" in leader.until("fatal")[1]
    leader.stop()
    waiter.stop()
    third = probe()
    assert third.ready() == 3
    assert third.rows("area") == [[AREA, "7", "{}"]]


def test_idle_writer_keeps_its_session(server, database, probe):
    """Pings outrun idle_session_timeout: the same session after several times 1.5 s."""
    first = probe()
    first.ready()
    pid = writer_pid(server, database)
    started = sql(server, "postgres", "select now()")[0][0]
    eventually(lambda: sql(server, "postgres", "select now() > %s + interval '5 s'", started)[0][0], "five seconds")
    assert writer_pid(server, database) == pid
    assert state(first) == "ready"
    first.ask("offset")
    assert abs(int(first.until("offset")[1])) < 1000


def test_writer_frozen_in_mid_batch_is_replaced(server, probe):
    """The server has half a message and no timeout of its own for that: the waiter ends the session."""
    tunnel = Tunnel(server.port)
    first = probe(port=tunnel.port)
    first.ready()
    second = probe()
    eventually(lambda: state(second) == "waiting", "the second waits")
    tunnel.budget = 100_000
    for i in range(50):
        first.ask("row", *outcome(f"id-{i}", detail="x" * 10_000))
    first.ask("write")
    assert tunnel.full.wait(30)
    assert second.ready() == 2
    tunnel.close()
    assert first.until("written")[1] == "unknown"
    assert second.rows("outcome") == []


def test_killed_writer_that_waits_for_a_row_is_replaced(server, database, probe):
    """Its session does not read from the socket meanwhile and would otherwise keep the area's lock for as long as it waits."""
    first = probe()
    first.ready()
    other = hold_outcome(server, database)
    first.ask("row", *outcome("a"))
    first.ask("write")
    await_lock(server, writer_pid(server, database))
    first.kill()
    assert probe().ready() == 2
    other.rollback()
    other.close()


def hold_outcome(server, database):
    """A transaction that holds the key of outcome("a")."""
    other = connect(server, database)
    other.autocommit = False
    with other.cursor() as cursor:
        cursor.execute("insert into policegrid.outcome (area, sender, id, body_hash, seq, at, outcome, late, masked, epoch)"
                       " values (%s, 'm1', 'a', 'h', 1, now(), 'accepted', false, false, 1)", (AREA,))
    return other


def await_lock(server, pid):
    eventually(lambda: sql(server, "postgres", "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s", pid)[0][0],
               "the batch waits for the other's row")


def test_waiters_do_not_pin_vacuum(server, database, probe):
    probe().ready()
    second = probe()
    eventually(lambda: state(second) == "waiting", "the second waits")
    polls = set()

    def look():
        for query_start, xmin, xid, kind, wait in sql(server, "postgres",
                "select query_start, backend_xmin, backend_xid, wait_event_type, a.state from pg_stat_activity a"
                " where datname = %s and application_name like %s and query like %s", database, "%writer", "%terminate_backend%"):
            if wait == "idle":
                assert xmin is None and xid is None
                polls.add(query_start)
            assert kind != "Lock"
        assert sql(server, "postgres", "select count(*) from pg_locks where not granted")[0][0] == 0
        return len(polls) >= 5

    eventually(look, "five polls of the lock")


def test_foreign_epoch_is_fatal(server, database, probe):
    first = probe()
    first.ready()
    sql(server, database, "update policegrid.writer set epoch = epoch + 1")
    assert first.write(area(1))[:2] == ["foreign", "PG001"]
    assert "epoch" in first.until("fatal")[1]
    assert sql(server, database, "select count(*) from policegrid.area")[0][0] == 0
    assert state(first) == "stopped"
    first.stop()


def test_schema_missing_older_newer(server, probe, database):
    sql(server, database, "update policegrid.schema_version set version = version + 100 where version = 3")
    assert "newer" in probe().until("fatal")[1]
    sql(server, database, "delete from policegrid.schema_version where version >= 3")
    assert "--migrate" in probe().until("fatal")[1]
    sql(server, database, "drop schema policegrid cascade")
    last = probe()
    assert "--migrate" in last.until("fatal")[1]
    last.stop()


# ---- what becomes of a batch ----

def test_rows_come_back_as_written(probe):
    words = 'quote " backslash \\ brace {a,b} NULL 枪 \u2028 comma, apostrophe \''
    first = probe()
    first.ready()
    assert first.write(area(5), event(1), playbook("a", body=words))[0] == "committed"
    assert first.write(playbook("a", current="f", changed=2, body=words), playbook("b", changed=2, body=""))[0] == "committed"
    first.stop()
    second = probe()
    second.ready()
    assert second.rows("playbook") == [[AREA, "a" * 64, "fraud", "1", "题", "title", words, "f", "daemon", str(T), "2"],
                                       [AREA, "b" * 64, "fraud", "1", "题", "title", "", "t", "daemon", str(T), "2"]]
    assert second.rows("event") == []  # not of the working set


def test_refused_batches_leave_nothing_and_the_session_lives(server, database, probe):
    first = probe()
    first.ready()
    pid = writer_pid(server, database)
    assert first.write(area(1), outcome("a"))[0] == "committed"
    for row, sqlstate in [(outcome("a"), "23505"), (("area", AREA, "x", "{}"), "22P02"), (("area", AREA, 3, "[]"), "23514"),
                          (("area", AREA, 3, "{"), "22P02"), (("area", AREA, "9" * 30, "{}"), "22003"),
                          (outcome(""), "23514"), (outcome("b" * 65), "23514")]:
        refused = first.write(event(1), row)
        assert refused[:2] == ["refused", sqlstate], refused
    # a constraint that waits for the commit
    assert first.write(playbook("a"), playbook("b"))[:2] == ["refused", "23P01"]
    assert first.write(area(2))[0] == "committed"
    assert writer_pid(server, database) == pid
    assert sql(server, database, "select seq, (select count(*) from policegrid.event), (select count(*) from policegrid.playbook)"
                                 " from policegrid.area") == [(2, 0, 0)]


def test_late_is_no_rejection(probe):
    first = probe()
    first.ready()
    late = list(outcome("a"))
    late[8], late[10] = "late", "t"
    assert first.write(tuple(late))[0] == "committed"
    late[3], late[8] = "b", "stale"
    assert first.write(tuple(late))[:2] == ["refused", "23514"]


def test_refusals_do_not_repeat_the_row(probe):
    first = probe()
    first.ready()
    refused = first.write(outcome("", detail="very secret"))
    assert refused[0] == "refused"
    assert state(first) == "ready"  # what the reason would go on with stands in between
    assert "secret" not in str(refused) + str(first.seen)


def test_killed_backend_is_unknown(server, database, probe):
    first = probe()
    first.ready()
    other = hold_outcome(server, database)
    first.ask("row", *area(1))
    first.ask("row", *outcome("a"))
    first.ask("write")
    pid = writer_pid(server, database)
    await_lock(server, pid)
    sql(server, "postgres", "select pg_terminate_backend(%s)", pid)
    assert first.until("written")[1] == "unknown"
    first.until("lost")
    other.rollback()
    other.close()
    assert first.ready() == 2
    assert first.rows("area") == []
    assert first.write(area(1), outcome("a"))[0] == "committed"


def test_warning_on_commit_is_unknown(server, database, probe):
    """Committed here, but the wait for the synchronous standby was cancelled: PostgreSQL says so in a WARNING."""
    first = probe()
    first.ready()
    configure(server, "synchronous_standby_names", "nobody")
    try:
        first.ask("row", *area(1))
        first.ask("write")
        pid = writer_pid(server, database)
        eventually(lambda: sql(server, "postgres", "select wait_event = 'SyncRep' from pg_stat_activity where pid = %s", pid) == [(True,)],
                   "the commit waits for a standby")
        sql(server, "postgres", "select pg_cancel_backend(%s)", pid)
        written = first.until("written")
        assert written[1] == "unknown" and "warning" in written[3]
        first.until("lost")
    finally:
        configure(server, "synchronous_standby_names", "")
    assert first.ready() == 2
    assert first.rows("area") == [[AREA, "1", "{}"]]


def configure(server, name, value):
    connection = connect(server, "postgres")
    with connection.cursor() as cursor:
        cursor.execute("set synchronous_commit = local")
        cursor.execute(f"alter system set {name} = %s", (value,))
        cursor.execute("select pg_reload_conf()")
    connection.close()
    eventually(lambda: sql(server, "postgres", f"show {name}") == [(value,)], f"{name} = {value}")


def test_full_disk_is_unknown_and_heals(server, database, probe, tiny_disk):
    sql(server, database, f"create tablespace tiny location '{tiny_disk}'")
    sql(server, database, "alter table policegrid.outcome set tablespace tiny")
    first = probe()
    first.ready()
    rows = [outcome(f"id-{i}", detail=secrets.token_hex(60_000)) for i in range(30)]
    written = first.write(area(1), *rows)
    assert written[:2] == ["unknown", "53100"], written
    first.until("lost")
    sql(server, database, "alter table policegrid.outcome set tablespace pg_default")
    first.ready()
    assert first.rows("area") == []
    assert first.write(area(1), *rows)[0] == "committed"
    first.kill()
    sql(server, database, "drop tablespace tiny")


def test_server_restart(server, database, probe):
    first = probe()
    first.ready()
    first.write(area(4))
    server.kill()
    first.until("lost")
    server.start()
    assert first.ready() == 2
    assert first.rows("area") == [[AREA, "4", "{}"]]


def test_calls_without_a_writer_end_unanswered(probe, server):
    first = probe(port=1)
    first.ask("lookup", "outcome", "m1", "a")
    assert first.until("looked_up") == ["looked_up", "failed"]
    assert first.write(area(1))[0] == "unknown"
    first.ask("quarantine", "m1", "a", "t", "p", "23505", "why", T)
    assert first.until("quarantined") == ["quarantined", "failed"]
    first.ask("retry", "1")
    assert first.until("found") == ["found", "\\N"]
    first.stop()


def test_reset_starts_again_without_a_loss(probe):
    first = probe()
    assert first.ready() == 1
    first.ask("reset")
    assert first.ready() == 2
    assert ["lost"] not in [line[:1] for line in first.seen]


def test_row_that_does_not_fit_is_fatal(server, database, probe):
    sql(server, database, "alter table policegrid.area drop constraint area_area_check")
    sql(server, database, "insert into policegrid.area values ('unfit', 1, '{}')")
    sql(server, database, "alter table policegrid.writer drop constraint writer_area_check")
    first = probe(area="unfit")
    assert "by hand" in first.until("fatal")[1]
    first.stop()


# ---- lookups, quarantine, questions ----

def test_lookup_by_key(probe):
    first = probe()
    first.ready()
    first.write(outcome("a"), outcome("b", seq=2))
    first.ask("lookup", "outcome", "m1", "b")
    assert first.until("looked_up")[1] == "ok"
    assert [row[:5] for row in first.rows("outcome")] == [[AREA, "m1", "b", "hash", "2"]]
    first.ask("lookup", "outcome", "m1", "c")
    assert first.until("looked_up")[1] == "ok"
    assert first.rows("outcome") == []
    first.ask("lookup", "outcome", "m1")
    first.until("looked_up")
    assert len(first.rows("outcome")) == 2


def test_warning_is_found_by_any_identifier_of_its_chain(server, database, probe):
    first = probe()
    first.ready()
    ident = "01a1fc0b-e380-7c21-8a52-6f0e94b1d3c7"
    sql(server, database, "set session_replication_role = replica; insert into policegrid.warning (area, id, identifier, sender, unit, state, "
        "severity, reality, sent, posted_at, ended_at, revision, identifiers, units, cap, timers, live, born, changed_seq) values "
        "(%s, %s, 'B2', 'm1', 'town', 'cancelled', 'Severe', 'Actual', now(), now(), now(), 2, '[\"A1\", \"B2\"]', '[]', '{}', '{}', "
        "false, 1, 1)", AREA, ident)
    for key, n in (("A1", 1), ("B2", 1), (ident, 1), ("C3", 0), ("not-a-uuid-but-36-characters-long-xx", 0), ('a"]', 0)):
        first.ask("lookup", "warning", key)
        assert first.until("looked_up")[1] == "ok", key
        assert len(first.rows("warning")) == n, key


def test_quarantine_and_retry(server, database, probe):
    first = probe()
    first.ready()
    first.ask("quarantine", "m1", "id-1", "grid/v1/x", '{"id":"å"}', "23505", "why", T)
    assert first.until("quarantined")[1] == "ok"
    listed = first.query("quarantine", AREA, 10)
    assert listed["total"] == 1 and "payload" not in listed["quarantine"][0]
    number = listed["quarantine"][0]["id"]
    first.ask("retry", number)
    assert first.until("found") == ["found", "m1", "id-1", "grid/v1/x", '{"id":"å"}', str(T)]
    assert first.query("quarantine", AREA, 10)["quarantine"][0]["retries"] == 1
    for entry, there in ((number, "there"), ("999", "not"), ("-1", "not"), (number, "there")):
        first.ask("find", entry)
        assert first.until("answer") == ["answer", there]
    assert first.query("quarantine", AREA, 10)["quarantine"][0]["retries"] == 1  # asking counts no try
    for unknown in ("999", "x", "1; drop table x"):
        first.ask("retry", unknown)
        assert first.until("found") == ["found", "\\N"]
    assert state(first) == "ready"
    # guarded by the epoch as batches are
    sql(server, database, "update policegrid.writer set epoch = epoch + 1")
    first.ask("quarantine", "m1", "id-2", "t", "p", "", "why", T)
    assert first.until("quarantined")[1] == "failed"
    first.ask_at_once(("stop",), ("find", number))
    assert first.until("answer") == ["answer", "none"]


def test_queries_time_out_and_change_nothing(server, database, probe):
    first = probe()
    first.ready()
    other = connect(server, database)
    other.autocommit = False
    with other.cursor() as cursor:
        cursor.execute("lock table policegrid.unit in access exclusive mode")
    assert first.query("units", AREA, "{}") is None
    assert "timeout" in first.why
    other.rollback()
    other.close()
    assert first.query("units", AREA, "{}") == {"units": []}
    assert first.query("task", AREA, "not a uuid", "{}", "{}", "{}", "m1") is None
    pid = sql(server, "postgres", "select pid from pg_stat_activity where datname = %s and application_name like %s", database, "%reader")
    assert len(pid) == 1


def test_query_queue_is_bounded_and_answered_at_stop(server, database, probe):
    first = probe()
    first.ready()
    other = connect(server, database)
    other.autocommit = False
    with other.cursor() as cursor:
        cursor.execute("lock table policegrid.unit in access exclusive mode")
    for _ in range(257):
        first.ask("query", "units", AREA, "{}")
    first.until("full")
    first.ask("stop")
    first.until("closed")
    assert len([line for line in first.seen if line[0] == "reply"]) == 256
    other.rollback()
    other.close()


# ---- stopping, whatever goes on ----

@pytest.mark.parametrize("when", ["at once", "no server", "waiting", "ready", "writing", "looking up"])
def test_stop_closes_everything(server, database, probe, when):
    first = probe()
    if when == "no server":
        first = probe(port=1)
        eventually(lambda: state(first) == "connecting", "connecting")
    elif when == "waiting":
        first.ready()
        first = probe()
        eventually(lambda: state(first) == "waiting", "waiting")
    elif when != "at once":
        first.ready()
    if when == "writing":
        first.ask("row", *area(1))
        first.ask("write")
    elif when == "looking up":
        first.ask("lookup", "outcome", "m1", "a")
    first.stop()
    told = [line[:2] for line in first.seen if line[0] in ("written", "looked_up")]
    assert told == {"writing": [["written", "unknown"]], "looking up": [["looked_up", "failed"]]}.get(when, []) or \
        told in ([["written", "committed"]], [["looked_up", "ok"]])


# ---- maintenance ----

def test_partitions_and_retention(server, database, probe):
    months = sql(server, database, "select count(*) from pg_inherits where inhparent = 'policegrid.event'::regclass")[0][0]
    last = sql(server, database, "select max(inhrelid::regclass::text) from pg_inherits where inhparent = 'policegrid.event'::regclass"
                                 " and inhrelid::regclass::text ~ 'event_2'")[0][0]
    sql(server, database, f"drop table {last}")
    sql(server, database, "insert into policegrid.private_text values (%s, gen_random_uuid(), 'task', 'x', 'u', now() - interval '1 d',"
                          " now() - interval '1 s', 'words'), (%s, gen_random_uuid(), 'task', 'x', 'u', now(), now() + interval '1 d', 'kept')",
        AREA, AREA)
    sql(server, database, "insert into policegrid.outcome (area, sender, id, body_hash, seq, at, outcome, late, masked, epoch)"
                          " select %s, 'm1', d::text, 'h', 1, now() - make_interval(days => d), 'accepted', false, false, 1"
                          " from unnest(array[399, 401]) d", AREA)
    first = probe()
    first.ready()
    eventually(lambda: sql(server, database, "select count(*) from policegrid.outcome")[0][0] == 1, "the outcome of 401 days ago goes")
    assert sql(server, database, "select id from policegrid.outcome") == [("399",)]
    assert sql(server, database, "select words from policegrid.private_text order by erase_at") == [(None,), ("kept",)]
    assert sql(server, database, "select count(*) from pg_inherits where inhparent = 'policegrid.event'::regclass")[0][0] == months
    eventually(lambda: sql(server, "postgres", "select count(*) from pg_stat_activity where application_name like %s", "%maintainer")[0][0]
               == 0, "the maintainer leaves")


def test_an_event_of_any_date_is_kept(server, database, probe):
    first = probe()
    first.ready()
    assert first.write(event(1, at=946684800000), event(2), event(3, at=4102444799999))[0] == "committed"
    assert sql(server, database, "select seq from policegrid.event_other order by seq") in ([(1,), (3,)], [(1,), (2,), (3,)])
