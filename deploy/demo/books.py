"""The books at the end: the same table once from PostgreSQL and once from retained topics, and whether they agree."""
import psycopg2
import psycopg2.extras

TASKS = """select unit, number, state, card, coalesce((result->>'households')::int, 0), coalesce((result->>'dissuaded')::int, 0)
             from task_status where area = %s and warning = %s order by unit, number"""
ESCALATIONS = """select number, level, from_unit, to_unit, state, cause, coalesce(reason, ''), coalesce(outcome, '')
                   from escalation_status where area = %s and warning = %s order by number, level"""
PROGRESS = "select * from warning_progress where area = %s and warning = %s"


def from_postgres(town, warning):
    with psycopg2.connect(town.connection["postgres"]["conninfo"]) as database, database.cursor() as cursor:
        cursor.execute(TASKS, (town.area, warning))
        tasks = cursor.fetchall()
        cursor.execute(ESCALATIONS, (town.area, warning))
        escalations = cursor.fetchall()
    database.close()
    return tasks, escalations


def progress(town, warning):
    with psycopg2.connect(town.connection["postgres"]["conninfo"]) as database, \
            database.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(PROGRESS, (town.area, warning))
        row = cursor.fetchone()
    database.close()
    return row


def from_topics(town, warning):
    """A session that has seen nothing reads what is retained. The mark is subscribed to last: when it is here, all else is."""
    reader = town.phone("dashboard", filters=["+/+/task/+/+", "+/+/escalation/+/+", "daemon/mark"])
    reader.wait(lambda: "daemon/mark" in reader.documents, 30, "daemon/mark")
    tasks, escalations = [], []
    numbers = {}
    for tail, document in reader.documents.items():
        levels = tail.split("/")
        if len(levels) != 5 or document is None or levels[2] != "task" or document.get("origin", {}).get("id") != warning:
            continue
        result = document.get("result") or {}
        numbers[document["id"]] = document["number"]
        tasks.append((document["unit"], document["number"], document["state"], document.get("card", "none"), result.get("households", 0),
                      result.get("dissuaded", 0)))
    for tail, document in reader.documents.items():
        levels = tail.split("/")
        if len(levels) == 5 and document is not None and levels[2] == "escalation" and document["task"] in numbers:
            escalations.append((document["number"], document["level"], document["from"], document["to"], document["state"], document["cause"],
                                document.get("reason") or "", document.get("outcome") or ""))
    reader.close()
    return sorted(tasks), sorted(escalations)


def width(text):
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


def table(headings, rows):
    """Lines of a table; a Chinese character is two columns wide."""
    cells = [headings] + [[str(cell) for cell in row] for row in rows]
    widths = [max(width(row[i]) for row in cells) for i in range(len(headings))]
    return ["  " + "  ".join(cell + " " * (widths[i] - width(cell)) for i, cell in enumerate(row)).rstrip() for row in cells]
