"""The schema: what the engine's tables are, what no state can be, who may do what, what dashboards see, how it is migrated."""
import itertools
import subprocess

import psycopg2
import pytest

from stack import AREA, Cluster
from store_probe import PROGRAM, Probe, connect, eventually, migrate, sql
from store_rows import CASE, NEXT, RUNG, TASK, UNIT, WARNING, build_town, insert, rung, rung_event, task, warning

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(workspace):
    cluster = Cluster(workspace / "schema-postgresql")
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def empty(server):
    name = f"schema{next(_numbers)}"
    sql(server, "postgres", f"create database {name}")
    return name


@pytest.fixture
def database(server, empty):
    done = migrate(server, empty)
    assert done.returncode == 0, done.stderr
    return empty


# ---- migrations ----

def test_migrating_twice_changes_nothing(server, empty):
    assert migrate(server, empty).returncode == 0
    before = sql(server, empty, "select * from policegrid.schema_version order by version")
    assert len(before) >= 3 and before[0][0] == 1
    again = migrate(server, empty)
    assert again.returncode == 0 and "applied" not in again.stderr
    assert sql(server, empty, "select * from policegrid.schema_version order by version") == before


def test_migrating_as_owner_without_other_rights(server, empty):
    assert migrate(server, "postgres").returncode == 0  # makes the roles, as an administrator would
    sql(server, "postgres", "drop schema policegrid cascade")
    sql(server, "postgres", "alter role policegrid_owner login")
    sql(server, "postgres", f"alter database {empty} owner to policegrid_owner")
    done = migrate(server, empty, user="policegrid_owner")
    assert done.returncode == 0, done.stderr
    assert sql(server, empty, "select count(*) from task_status", user="policegrid_reader") == [(0,)]


def test_newer_database_is_refused(server, database):
    version = sql(server, database, "insert into policegrid.schema_version values (999, 'x', 'x') returning version")
    assert version == [(999,)]
    done = migrate(server, database)
    assert done.returncode == 2 and "newer" in done.stderr


def test_changed_migration_is_refused(server, database):
    sql(server, database, "update policegrid.schema_version set digest = 'other' where version = 2")
    done = migrate(server, database)
    assert done.returncode == 3 and "0002" in done.stderr


def test_failed_migration_leaves_nothing_of_itself(server, empty):
    """One that runs into a view which is already there is undone whole, and can be repeated."""
    assert migrate(server, "postgres").returncode == 0  # makes the roles
    sql(server, empty, "create schema policegrid authorization policegrid_owner; create view policegrid.warning_progress as select 1 as x")
    assert migrate(server, empty).returncode == 3
    assert sql(server, empty, "select max(version), to_regclass('policegrid.task_status')::text from policegrid.schema_version") == [(2, None)]
    sql(server, empty, "drop view policegrid.warning_progress")
    assert migrate(server, empty).returncode == 0


def test_everything_belongs_to_the_owner(server, database):
    """Also when a superuser migrates: functions of maintenance run with the rights of whoever owns them."""
    owners = sql(server, database, "select distinct relowner::regrole::text from pg_class where relnamespace = 'policegrid'::regnamespace"
                                   " union select distinct proowner::regrole::text from pg_proc where pronamespace = 'policegrid'::regnamespace")
    assert owners == [("policegrid_owner",)]


def test_no_server_is_told(server):
    done = subprocess.run([PROGRAM, "migrate", "host=127.0.0.1 port=1 dbname=x user=x"], capture_output=True, text=True)
    assert done.returncode == 1 and "policegridd --migrate" in done.stderr


def test_migrations_at_once_wait_for_each_other(server, empty):
    runs = [subprocess.Popen([PROGRAM, "migrate", server.conninfo("postgres", empty)], stderr=subprocess.PIPE) for _ in range(3)]
    assert [(run.communicate()[1], run.returncode)[1] for run in runs] == [0, 0, 0]


# ---- the tables are the engine's ----

def test_tables_are_those_that_the_engine_describes(server, database):
    described = [line.split("\t") for line in subprocess.run([PROGRAM, "columns"], capture_output=True, text=True).stdout.splitlines()]
    names = {"timestamp with time zone": "timestamptz"}
    real = {}
    for table, column, kind in sql(server, database, "select table_name, column_name, data_type from information_schema.columns"
                                                     " where table_schema = 'policegrid' order by table_name, ordinal_position"):
        real.setdefault(table, []).append((column, names.get(kind, kind)))
    for table in dict.fromkeys(line[0] for line in described):
        assert real[table] == [(line[1], line[2]) for line in described if line[0] == table], table
        key = [row[0] for row in sql(server, database,
               "select a.attname from pg_index i cross join unnest(i.indkey) with ordinality k(n, at)"
               " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n"
               " where i.indisprimary and i.indrelid = ('policegrid.' || %s)::regclass order by k.at", table)]
        assert key == [line[1] for line in described if line[0] == table and line[3] == "1"], table


def test_everything_is_described_in_both_languages(server, database):
    for name, text in sql(server, database, "select c.relname, obj_description(c.oid) from pg_class c"
                                            " where c.relnamespace = 'policegrid'::regnamespace and c.relkind in ('r', 'p', 'v')"
                                            " and not c.relispartition"):
        if name == "schema_version" or text:
            assert text and " / " in text and any(ord(c) > 0x4E00 for c in text), name
        else:
            pytest.fail(f"{name} has no comment")


# ---- a small town, by hand ----

def open_town(server, database):
    connection = connect(server, database)
    connection.autocommit = False
    build_town(connection.cursor())
    connection.commit()
    return connection


@pytest.fixture
def town(server, database):
    connection = open_town(server, database)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def standing_town(server):
    """For tests that undo what they do."""
    sql(server, "postgres", "create database standing")
    assert migrate(server, "standing").returncode == 0
    connection = open_town(server, "standing")
    yield connection
    connection.close()


@pytest.fixture
def undone(standing_town):
    yield standing_town.cursor()
    standing_town.rollback()


def refused(cursor, statement):
    """The statement, or at the latest the commit, fails with a constraint of the schema's."""
    with pytest.raises(psycopg2.IntegrityError) as error:
        cursor.execute(*statement)
        cursor.execute("set constraints all immediate")
    assert not isinstance(error.value, psycopg2.errors.NotNullViolation)


ENDED = dict(ended_at="now", live=False)
WRONG = {
    "state word": task(state="done"),
    "ended without a time": task(state="closed"),
    "a time without an end": task(ended_at="now"),
    "out of memory while open": task(live=False),
    "suspended without a way back": task(state="suspended"),
    "a way back without suspension": task(resume_state="issued"),
    "completed without a time": task(state="completed"),
    "in progress without a start": task(state="in_progress"),
    "accepted without a time": task(state="accepted"),
    "number": task(number="26-1"),
    "unknown unit": task(unit="nowhere"),
    "unknown handler": task(handler="nowhere"),
    "unknown assignee": task(assignee="m2"),
    "unknown case": task(case_id=NEXT),
    "unknown predecessor": task(follows=NEXT),
    "its own predecessor": task(follows=TASK),
    "unknown escalation": task(escalation=NEXT),
    "tier": task(tier=4),
    "card": task(card="blue"),
    "severity": task(severity="severe"),
    "audience": task(audience="public"),
    "state revision beyond revision": task(state_revision=2),
    "body that is no object": task(body="[]"),
    "warning: active and ended": warning(id=NEXT, identifier="w-2", identifiers='["w-2"]', ended_at="now"),
    "warning: the same identifier": warning(id=NEXT),
    "member: a code without an end": insert("member", area=AREA, id="m2", revoked=False, made_at="now", changed_seq=1, enrolment="a" * 64),
    "member: a secret that is no hash": insert("member", area=AREA, id="m2", revoked=False, made_at="now", changed_seq=1, secret="hunter2"),
    "member: revoked, but when": insert("member", area=AREA, id="m2", revoked=True, made_at="now", changed_seq=1),
    "seat: no unit for an officer": insert("seat", area=AREA, id=NEXT, member="m1", role="officer", ended=False, changed_seq=1),
    "seat: role": insert("seat", area=AREA, id=NEXT, member="m1", unit="room", role="boss", ended=False, changed_seq=1),
    "unit: its own parent": (UNIT, (AREA, "x", 2, "x", "x", "x")),
    "unit: parent unknown": (UNIT, (AREA, "x", 2, "y", "x", "x")),
    "outcome: rejected without a code": insert("outcome", area=AREA, sender="m", id="i", body_hash="h", seq=1, at="now", outcome="rejected",
                                               late=False, masked=False, epoch=1),
    "outcome: accepted with a code": insert("outcome", area=AREA, sender="m", id="i", body_hash="h", seq=1, at="now", outcome="accepted",
                                            code="x", late=False, masked=False, epoch=1),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_states_are_impossible(undone, name):
    undone.execute("savepoint before")
    undone.execute(*task(number="2026-0009"))
    undone.execute("set constraints all immediate")
    undone.execute("rollback to before")
    refused(undone, WRONG[name])


def test_a_task_does_not_end_with_an_open_escalation(town):
    cursor = town.cursor()
    cursor.execute(*task(escalation=RUNG))
    cursor.execute(*rung())
    town.commit()
    with pytest.raises(psycopg2.errors.CheckViolation):
        cursor.execute("update policegrid.task set state = 'closed', ended_at = now(), live = false")


def test_one_open_task_per_key(town):
    cursor = town.cursor()
    cursor.execute(*task(dedup="device:d1"))
    # in one transaction an ended one and its successor may stand in either order
    cursor.execute(*task(id=NEXT, number="2026-0002", dedup="device:d1"))
    cursor.execute("update policegrid.task set state = 'closed', ended_at = now() where id = %s", (TASK,))
    town.commit()
    with pytest.raises(psycopg2.IntegrityError):
        cursor.execute(*task(id=RUNG, number="2026-0003", dedup="device:d1"))
        town.commit()


def test_one_open_escalation_per_task(town):
    cursor = town.cursor()
    cursor.execute(*task())
    cursor.execute(*rung(id=NEXT, level=2, from_unit="room", to_unit="command"))
    cursor.execute(*rung(state="passed_up", passed_to=NEXT, **ENDED))
    town.commit()
    with pytest.raises(psycopg2.IntegrityError):
        cursor.execute(*rung(id=CASE))
        town.commit()


@pytest.mark.parametrize("changes", [dict(state="done"), dict(ended_at="now"), dict(state="resolved"), dict(state="accepted"),
                                     dict(state="passed_up", **ENDED), dict(passed_to=RUNG), dict(to_unit="village"), dict(level=0),
                                     dict(task=NEXT), dict(to_unit="nowhere"), dict(cause="boredom"), dict(live=False)])
def test_wrong_escalations_are_impossible(undone, changes):
    undone.execute(*task())
    undone.execute("savepoint before")
    undone.execute(*rung())
    undone.execute("rollback to before")
    refused(undone, rung(**changes))


def test_logs_only_grow_whoever_asks(server, database, town):
    cursor = town.cursor()
    cursor.execute(*task())
    cursor.execute(*rung())
    cursor.execute(*rung_event())
    cursor.execute(*insert("task_event", area=AREA, task=TASK, seq=1, ordinal=0, at="now", member="m1", verb="issue", to_state="issued"))
    cursor.execute(*insert("event", area=AREA, seq=1, at="now", kind="x", sender="m1", fact_schema=1, facts="[]"))
    cursor.execute(*insert("outcome", area=AREA, sender="m", id="i", body_hash="h", seq=1, at="now", outcome="accepted", late=False,
                           masked=False, epoch=1))
    cursor.execute(*insert("private_text", area=AREA, id=NEXT, owner_kind="task", owner_id=TASK, at="now", erase_at="now", words="x"))
    town.commit()
    changes = {"event": "kind = 'y'", "outcome": "detail = 'y'", "task_event": "verb = 'y'", "escalation_event": "state = 'accepted'",
               "private_text": "words = 'y'"}
    for table, change in changes.items():
        for user in ("policegrid_daemon", "postgres") if table != "private_text" else ("policegrid_daemon",):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                sql(server, database, f"update policegrid.{table} set {change}", user=user)
            if user == "policegrid_daemon" or table not in ("outcome",):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    sql(server, database, f"delete from policegrid.{table}", user=user)
    partition = sql(server, database, "select tableoid::regclass::text from policegrid.event")[0][0]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        sql(server, database, f"update {partition} set kind = 'y'")


def test_playbook_versions_are_immutable(server, database):
    sql(server, database, "insert into policegrid.playbook values (%s, repeat('a', 64), 'p', 1, 't', 't', '{}', true, 'm1', now(), 1)", AREA)
    sql(server, database, "update policegrid.playbook set is_current = false")
    with pytest.raises(psycopg2.IntegrityError):
        sql(server, database, "update policegrid.playbook set body = '[]'")


VIEWS = ["duty_list", "task_list", "result_list", "assessment", "task_status", "unit_status", "warning_progress", "escalation_status", "escalation_history"]


def test_least_privilege(server, database):
    tables = [row[0] for row in sql(server, database, "select c.relname from pg_class c where c.relnamespace = 'policegrid'::regnamespace"
                                                      " and c.relkind in ('r', 'p')")]
    for table in tables:
        for right in ("select", "insert", "update", "delete", "truncate"):
            has = sql(server, database, "select has_table_privilege('policegrid_reader', 'policegrid.' || %s, %s),"
                                        " has_table_privilege('policegrid_daemon', 'policegrid.' || %s, %s)", table, right, table, right)[0]
            assert has[0] is False, (table, right)
            if right in ("delete", "truncate"):
                assert has[1] is False, (table, right)
    for view in VIEWS:
        assert sql(server, database, f"select count(*) from {view}", user="policegrid_reader")
    for user in ("policegrid_reader", "policegrid_daemon"):
        for forbidden in ("create table policegrid.x (x integer)", "create table x (x integer)", "drop table policegrid.task",
                          "alter table policegrid.event disable trigger all", "set role policegrid_owner"):
            with pytest.raises(psycopg2.Error):
                sql(server, database, forbidden, user=user)
    for forbidden in ("select policegrid.retention_apply('1')", "select policegrid.partitions_ensure(3)", "select policegrid.writer_check('1', 1)"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            sql(server, database, forbidden, user="policegrid_reader")


# ---- what dashboards see ----

def one(cursor, query):
    cursor.execute(query)
    rows = cursor.fetchall()
    assert len(rows) == 1, rows
    return dict(zip([column.name for column in cursor.description], rows[0]))


def test_views_tell_the_story(town):
    cursor = town.cursor()
    cursor.execute(*task(state="suspended", resume_state="accepted", accepted_at="now", accept_by="yesterday", card="red", escalation=NEXT))
    cursor.execute(*rung(id=NEXT, level=2, from_unit="room", to_unit="command", opened_by="m2", accept_by="yesterday"))
    cursor.execute(*rung(state="passed_up", passed_to=NEXT, outcome="passed_up", opened_at="yesterday", **ENDED))
    cursor.execute(*rung_event())
    cursor.execute(*rung_event(seq=6, state="passed_up", by_member="m2", reason="hard"))
    cursor.execute(*rung_event(escalation=NEXT, seq=6, ordinal=1, level=2, from_unit="room", to_unit="command", by_member="m2"))
    cursor.execute(*task(id=CASE, number="2026-0002", accept_by="yesterday"))
    cursor.execute(*task(id=RUNG, number="2026-0003", reality="Test", state="closed", origin_type="member", **ENDED))
    town.commit()

    row = one(cursor, "select * from policegrid.task_status where number = '2026-0001'")
    assert (row["title"], row["result"], row["overdue"], row["escalation_level"], row["escalation_state"], row["warning"]) == \
        ("入户提醒", {"households": 3}, False, 2, "open", WARNING)
    assert one(cursor, "select overdue, escalation, closed_at from policegrid.task_status where number = '2026-0002'") == \
        {"overdue": True, "escalation": None, "closed_at": None}
    assert one(cursor, "select warning, closed_at is not null as closed from policegrid.task_status where number = '2026-0003'") == \
        {"warning": None, "closed": True}

    row = one(cursor, f"select * from policegrid.escalation_status where escalation = '{RUNG}'")
    assert (row["level"], row["state"], row["open"], row["by"], row["ended_by"], row["outcome"], row["number"], row["overdue"]) == \
        (1, "passed_up", False, "daemon", "m2", "passed_up", "2026-0001", False)
    assert one(cursor, "select overdue, ended_by from policegrid.escalation_status where open") == {"overdue": True, "ended_by": None}
    cursor.execute("select seq, level, action, by, reason, outcome from policegrid.escalation_history order by seq, ordinal")
    assert cursor.fetchall() == [(5, 1, "open", "daemon", None, None), (6, 1, "passed_up", "m2", "hard", "passed_up"),
                                 (6, 2, "open", "m2", None, None)]

    row = one(cursor, "select * from policegrid.unit_status where unit = 'village'")
    assert (row["total"], row["open"], row["issued"], row["suspended"], row["overdue"], row["red"], row["escalated"], row["closed"]) == \
        (2, 2, 1, 1, 1, 1, 1, 0)  # the test's task counts in no statistic
    assert one(cursor, "select escalations_open, escalations_total from policegrid.unit_status where unit = 'command'") == \
        {"escalations_open": 1, "escalations_total": 1}

    row = one(cursor, "select * from policegrid.warning_progress")
    assert (row["warning"], row["event"], row["headline"], row["units"], row["tasks"], row["accepted"], row["escalated"],
            row["escalations_open"], row["overdue"], row["acknowledged"]) == (WARNING, "fraud", "预警", 1, 2, 1, 1, 1, 1, 0)


# ---- plans ----

def test_empty_tables_do_not_lead_sessions_to_bad_plans(server, database, town):
    """A session keeps the plans that it made while the tables were empty: each key's check must read one entry, not all."""
    probe = Probe(server.conninfo("policegrid_daemon", database))
    try:
        probe.ready()
        for _ in range(10):
            probe.ask("fill", 100)
            assert probe.write()[0] == "committed"
        probe.ask("lookup", "task", "00000000-0000-7000-9000-000000000900")
        assert probe.until("looked_up")[1] == "ok" and len(probe.rows("task")) == 1
        probe.stop()
    finally:
        probe.kill()
    eventually(lambda: sql(server, database, "select sum(idx_scan) >= 2000 from pg_stat_user_indexes where relname = 'task'")[0][0],
               "statistics arrive")
    assert sql(server, database, "select indexrelname, idx_scan, idx_tup_read from pg_stat_user_indexes"
                                 " where idx_tup_read > 2 * idx_scan + 100") == []


def test_looking_up_a_warning_reads_none_but_its_own(server, database, town):
    probe = Probe(server.conninfo("policegrid_daemon", database))
    try:
        probe.ready()
        cursor = town.cursor()
        for i in range(300):
            cursor.execute(*warning(id=f"00000000-0000-7000-a000-{i:012}", identifier=f"x-{i}", identifiers=f'["x-{i}", "y-{i}"]'))
        town.commit()
        for i in range(100):
            for key in (f"x-{i}", f"y-{i}", f"00000000-0000-7000-a000-{i:012}"):
                probe.ask("lookup", "warning", key)
                assert probe.until("looked_up")[1] == "ok"
                assert [row[2] for row in probe.rows("warning")] == [f"x-{i}"]
        probe.stop()
    finally:
        probe.kill()
    eventually(lambda: sql(server, database, "select sum(idx_scan) >= 300 from pg_stat_user_indexes where relname = 'warning'")[0][0],
               "statistics arrive")
    assert sql(server, database, "select indexrelname, idx_scan, idx_tup_read from pg_stat_user_indexes"
                                 " where relname = 'warning' and idx_tup_read > 2 * idx_scan + 100") == []
    assert sql(server, database, "select seq_tup_read < 100 from pg_stat_user_tables where relname = 'warning'") == [(True,)]
