"""How long things are kept: what is due goes, what is younger stays, audit records stay six months whatever anybody configures."""
import itertools
import json

import psycopg2
import pytest

from stack import AREA, Cluster
from store_probe import migrate, sql
from store_rows import CASE, NEXT, RUNG, TASK, build_town, insert, task

_numbers = itertools.count(1)
PERIODS = {"notes": 90, "contacts": 30, "quarantine": 90, "devices": 400, "audit": 365}


@pytest.fixture(scope="module")
def server(workspace):
    cluster = Cluster(workspace / "retention-postgresql")
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def database(server):
    name = f"retention{next(_numbers)}"
    sql(server, "postgres", f"create database {name}")
    done = migrate(server, name)
    assert done.returncode == 0, done.stderr
    return name


def apply(server, database, **changes):
    """As the maintainer does: with the daemon's role."""
    return sql(server, database, "select policegrid.retention_apply(%s, %s::jsonb)", AREA, json.dumps({**PERIODS, **changes}),
               user="policegrid_daemon")[0][0]


def days(server, database, table, column="at", where="true"):
    return [row[0] for row in sql(server, database, f"select extract(day from now() - {column})::integer from policegrid.{table}"
                                                    f" where {where} order by 1")]


def fill(server, database, statement, ages):
    for age in ages:
        sql(server, database, statement, AREA, age)


def test_words_go(server, database):
    put = ("insert into policegrid.private_text values (%s, gen_random_uuid(), '{}', 'x', null, now() - make_interval(days => %s),"
           " now() + interval '1000 d', 'w')")
    fill(server, database, put.format("task"), [1, 29, 89, 91])
    fill(server, database, put.format("contact"), [1, 29, 31, 89])
    sql(server, database, "insert into policegrid.private_text values (%s, gen_random_uuid(), 'task', 'x', null, now() - interval '2 d',"
                          " now() - interval '1 s', 'w')", AREA)
    assert apply(server, database) == 4
    assert days(server, database, "private_text", where="words is not null and owner_kind = 'task'") == [1, 29, 89]
    assert days(server, database, "private_text", where="words is not null and owner_kind = 'contact'") == [1, 29]
    assert sql(server, database, "select count(*) from policegrid.private_text") == [(9,)]  # that there was something stays
    assert apply(server, database, notes=20) == 2


def test_audit_goes_when_it_is_due_and_never_before_six_months(server, database):
    put = ("insert into policegrid.event (area, seq, at, kind, sender, fact_schema, facts)"
           " select %s, d, now() - make_interval(days => d), 'x', 'm1', 1, '[]' from unnest(array[%s]) d")
    fill(server, database, put, [1, 182, 184, 364, 366, 900])
    assert apply(server, database) == 2
    assert days(server, database, "event") == [1, 182, 184, 364]
    for short in (0, 1, 182):
        with pytest.raises(psycopg2.errors.InvalidParameterValue):
            apply(server, database, audit=short)
    assert apply(server, database, audit=183) == 2
    assert days(server, database, "event") == [1, 182]


def test_no_period_may_be_left_out(server, database):
    for name in PERIODS:
        with pytest.raises(psycopg2.errors.InvalidParameterValue):
            apply(server, database, **{name: None})


def test_who_was_shown_a_contact_is_kept_as_long_as_the_log(server, database):
    cursor = psycopg2.connect(server.conninfo("postgres", database))
    with cursor, cursor.cursor() as town:
        build_town(town)
        town.execute(*task())
        town.execute(*insert("private_text", area=AREA, id=NEXT, owner_kind="contact", owner_id=CASE, at="now", erase_at="now"))
        town.execute(*insert("report", area=AREA, id=RUNG, number="2026-0009", kind="appointment", unit="village", sender="m1", state="dispatched",
                             severity="Unknown", reality="Actual", received_at="now", revision=1, state_revision=1, fields="{}", timers="{}", live=True,
                             born=1, changed_seq=1))
        town.execute(*insert("contact", area=AREA, id=NEXT, owner=RUNG, unit="village", kept_at="now", erase_at="now", erased_at="now", timers="{}",
                             live=False, born=1, changed_seq=1))
        for seq, age in ((1, 10), (2, 364), (3, 366)):
            town.execute("insert into policegrid.contact_grant values (%s, %s, %s, now() - make_interval(days => %s), 'm1', null, %s)",
                         (AREA, NEXT, seq, age, TASK))
    cursor.close()
    assert apply(server, database) == 1
    assert days(server, database, "contact_grant") == [10, 364]
    for statement in ("update policegrid.contact_grant set member = 'm2'", "delete from policegrid.contact_grant"):
        for user in ("policegrid_daemon", "postgres"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                sql(server, database, statement, user=user)


def test_quarantine_loses_its_contents_first(server, database):
    put = ("insert into policegrid.quarantine (area, at, received_at, sender, topic, payload, why)"
           " select %s, now() - make_interval(days => d), now(), 'm', 't', '\\x00', 'w' from unnest(array[%s]) d")
    fill(server, database, put, [1, 89, 91, 364, 366])
    assert apply(server, database) == 4  # three lose their contents, the oldest goes
    assert days(server, database, "quarantine", where="payload is not null") == [1, 89]
    assert days(server, database, "quarantine") == [1, 89, 91, 364]


def test_device_history_keeps_how_each_device_stood(server, database):
    sql(server, database, "insert into policegrid.unit values (%s, 'v', 'x', 1, null, null, 'v', 'v', null, '[]', null, 1, true, 1)", AREA)
    for device in ("a", "b"):
        sql(server, database, "insert into policegrid.device values (%s, %s, 'camera', 'v', null, 0, true, 1)", AREA, device)
    for device, seq, age in (("a", 1, 900), ("a", 2, 500), ("a", 3, 401), ("a", 4, 10), ("b", 5, 800)):
        sql(server, database, "insert into policegrid.device_event (area, device, seq, ordinal, at, what, online, fault)"
                              " values (%s, %s, %s, 0, now() - make_interval(days => %s), 'online', true, false)", AREA, device, seq, age)
    assert apply(server, database) == 2
    assert days(server, database, "device_event", where="device = 'a'") == [10, 401]
    assert days(server, database, "device_event", where="device = 'b'") == [800]


def test_another_area_is_left_alone(server, database):
    sql(server, database, "insert into policegrid.private_text values ('999999', gen_random_uuid(), 'task', 'x', null, now() - interval '900 d',"
                          " now() - interval '800 d', 'w')")
    sql(server, database, "insert into policegrid.event (area, seq, at, kind, sender, fact_schema, facts)"
                          " values ('999999', 1, now() - interval '2000 d', 'x', 'm1', 1, '[]')")
    assert apply(server, database) == 0


def test_nobody_deletes_by_hand(server, database):
    """Neither the daemon's role, nor the owner for what is younger than half a year, though he say that it is retention."""
    sql(server, database, "insert into policegrid.event (area, seq, at, kind, sender, fact_schema, facts)"
                          " values (%s, 1, now() - interval '100 d', 'x', 'm1', 1, '[]')", AREA)
    for user in ("policegrid_daemon", "postgres"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            sql(server, database, "select set_config('policegrid.retention', 'on', false); delete from policegrid.event", user=user)


def test_words_may_go_and_not_change(server, database):
    sql(server, database, "insert into policegrid.private_text values (%s, %s, 'contact', 'x', 'u', now(), now() + interval '1 d', 'w')", AREA, NEXT)
    for change in ("words = 'other'", "owner_id = 'y'", "owner_kind = 'task', words = null", "at = now() - interval '1 d'"):
        for user in ("policegrid_daemon", "postgres"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                sql(server, database, f"update policegrid.private_text set {change}", user=user)
    sql(server, database, "update policegrid.private_text set words = null", user="policegrid_daemon")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        sql(server, database, "update policegrid.private_text set words = 'again'", user="policegrid_daemon")


# ---- the ledger's own guards ----

CARD = ("insert into policegrid.points_holder (area, card, unit, joined_at, balance, reserved, entries, periods, honours, day_points, timers, live,"
        " born, changed_seq) values (%s, '1001', 'v', now(), %s, %s, 0, '{}', '{}', 0, '{}', true, 1, 1)")
ENTRY = ("insert into policegrid.points_entry (area, card, number, seq, at, period, kind, points, balance, origin_type, origin_id, by_member)"
         " values (%s, '1001', %s, 1, now(), '2026-11', %s, %s, %s, 'member', 'm1', 'm1')")


@pytest.fixture
def card(server, database):
    sql(server, database, "insert into policegrid.unit values (%s, 'v', 'x', 1, null, null, 'v', 'v', null, '[]', null, 1, true, 1)", AREA)
    sql(server, database, CARD, AREA, 10, 5)
    return database


@pytest.mark.parametrize("balance, reserved", [(-1, -1), (-1, 0), (5, 6), (5, -1)])
def test_a_balance_is_never_below_zero(server, card, balance, reserved):
    with pytest.raises(psycopg2.errors.CheckViolation):
        sql(server, card, "update policegrid.points_holder set balance = %s, reserved = %s", balance, reserved)


@pytest.mark.parametrize("entries", [[(1, "base", 5, 6)], [(2, "base", 5, 5)], [(1, "base", 5, 5), (2, "redeem", -3, 3)],
                                     [(1, "base", 5, 5), (3, "redeem", -3, 2)], [(1, "redeem", -3, -3)], [(1, "base", -3, 0)],
                                     [(1, "base", 5, 5), (2, "redeem", 3, 8)], [(1, "honour", 5, 5)], [(1, "gift", 5, 5)]])
def test_an_entry_follows_from_the_one_before(server, card, entries):
    connection = psycopg2.connect(server.conninfo("postgres", card))
    with pytest.raises(psycopg2.IntegrityError):
        with connection, connection.cursor() as cursor:
            for entry in entries:
                cursor.execute(ENTRY, (AREA, *entry))
    connection.close()
    assert sql(server, card, "select count(*) from policegrid.points_entry") == [(0,)]


def test_the_ledger_only_grows(server, card):
    sql(server, card, ENTRY, AREA, 1, "base", 5, 5)
    for statement in ("update policegrid.points_entry set points = 50", "delete from policegrid.points_entry", "truncate policegrid.points_entry"):
        for user in ("policegrid_daemon", "postgres"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                sql(server, card, statement, user=user)
