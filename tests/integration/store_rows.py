"""A small town by hand: statements that insert rows as the engine writes them. Times are PostgreSQL's words ('now', 'yesterday')."""
from stack import AREA

UNIT = "insert into policegrid.unit values (%s, %s, 'x', %s, %s, null, %s, %s, null, '[]', null, 1, true, 1)"
CASE, WARNING, TASK, RUNG, NEXT = (f"00000000-0000-7000-8000-00000000000{n}" for n in range(1, 6))


def insert(table, **values):
    columns = ", ".join(values)
    return f"insert into policegrid.{table} ({columns}) values ({', '.join(['%s'] * len(values))})", list(values.values())


def task(**changes):
    row = dict(area=AREA, id=TASK, number="2026-0001", case_id=CASE, kind="fraud", step="tell", unit="village", tier=3, handler="village",
               origin_type="warning", origin_id=WARNING, origin_unit="command", state="issued", severity="Severe", reality="Actual",
               audience="staff", revision=1, state_revision=1, base_at="now", issued_at="now", card="none", hops=0, raised=0, returns=0,
               late=0, unlisted=False, brief='{"title": "入户提醒", "title_en": "tell"}', body='{"result": {"households": 3}}', timers="{}",
               live=True, born=1, changed_seq=1)
    row.update(changes)
    return insert("task", **row)


def rung(**changes):
    row = dict(area=AREA, id=RUNG, task=TASK, from_unit="village", to_unit="room", level=1, state="open", cause="accept",
               opened_by="daemon", opened_at="now", revision=1, state_revision=1, timers="{}", live=True, born=1, changed_seq=1)
    row.update(changes)
    return insert("escalation", **row)


def rung_event(**changes):
    row = dict(area=AREA, escalation=RUNG, seq=5, ordinal=0, task=TASK, level=1, from_unit="village", to_unit="room", state="open",
               cause="accept", by_member="daemon", at="now")
    row.update(changes)
    return insert("escalation_event", **row)


def warning(**changes):
    row = dict(area=AREA, id=WARNING, identifier="w-1", sender="m1", unit="command", event_code="telecom-fraud", state="active",
               severity="Severe", reality="Actual", sent="now", posted_at="now", revision=1, identifiers='["w-1"]',
               units='["village", "room"]', cap='{"info": [{"event": "fraud", "headline": "预警"}]}', timers="{}", live=True, born=1,
               changed_seq=1)
    row.update(changes)
    return insert("warning", **row)


def build_town(cursor):
    """Command, room and village; one member; one warning and the case that came of it."""
    for unit, tier, parent in [("command", 1, None), ("room", 2, "command"), ("village", 3, "room")]:
        cursor.execute(UNIT, (AREA, unit, tier, parent, unit, unit))
    cursor.execute("insert into policegrid.member (area, id, revoked, made_at, changed_seq) values (%s, 'm1', false, now(), 1)", (AREA,))
    cursor.execute(*warning())
    cursor.execute(*insert("work_case", area=AREA, id=CASE, number="2026-0001", origin_type="warning", origin_id=WARNING,
                           origin_unit="command", reality="Actual", results="{}", visits="{}", opened_at="now", timers="{}", live=True,
                           born=1, changed_seq=1))
