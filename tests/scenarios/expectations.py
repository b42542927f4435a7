"""What a scenario expects: rows, documents, alerts, receipts, answers. The names that it speaks of are the play's (play.py)."""
from dataclasses import dataclass

from language import Pair
from values import MISSING, as_text, holds, value_at

KEYS = {"notice": ("warning", "unit"), "device_status": ("device",), "task_part": ("task", "unit"), "area": ("area",)}
TABLES = {"case": "work_case", "device": "device_status"}


@dataclass
class Thing:
    """A row of a table, known by its key, that a scenario has given a name."""
    table: str
    key: dict

    @property
    def target(self):
        return self.key.get("id") or self.key.get("warning") or next(iter(self.key.values()))


class Expectations:
    """Each `do_` is a statement; the first that does not hold fails it."""

    def relation(self, name, pairs=()):
        """Rows; `pairs` may narrow them beforehand, where the driver can."""
        words = {p.key: p.value for p in pairs if p.operator == "=" and isinstance(p.value, str) and p.value != "*" and p.key.isidentifier()}
        return self.driver.relation(name[6:] if name.startswith("table:") else TABLES.get(name, name), words)

    def fitting(self, rows, pairs):
        return [row for row in rows if all(holds(value_at(row, p.key), p.operator, p.value) for p in pairs)]

    def key_of(self, table, row):
        return {column: row[column] for column in KEYS.get(TABLES.get(table, table), ("id",))}

    def row(self, thing):
        rows = [r for r in self.relation(thing.table) if all(r[k] == v for k, v in thing.key.items())]
        return rows[0] if rows else MISSING

    def do_find(self, statement):
        """find TABLE NAME key=value…: the one row that fits and has no name yet gets this one."""
        table, name = statement.words[1], self.put(statement.words[2])
        pairs = self.pairs(statement)
        taken = [t.key for n, t in self.things.items() if t.table == TABLES.get(table, table) and "." not in n]

        def found():
            rows = [r for r in self.fitting(self.relation(table), pairs) if self.key_of(table, r) not in taken]
            return rows if len(rows) == 1 else None

        rows = self.expect(found, lambda: self.describe(table, pairs))
        self.things[name] = Thing(TABLES.get(table, table), self.key_of(table, rows[0]))

    def do_check(self, statement):
        """check NAME column=value…"""
        name = self.put(statement.words[1])
        if name not in self.things:
            statement.fail(f"nothing is called {name}")
        self.check_at(lambda: self.row(self.things[name]), self.pairs(statement))

    def do_expect(self, statement):
        """expect N TABLE key=value… · expect none TABLE key=value…: how many rows fit, of a table or view (`table:device` as it is called)."""
        number = 0 if statement.words[1] == "none" else int(statement.words[1])
        table, pairs = statement.words[2], self.pairs(statement)
        self.expect(lambda: len(self.fitting(self.relation(table, pairs), pairs)) == number, lambda: self.describe(table, pairs, number))

    def do_document(self, statement):
        """document TOPIC key=value… · document of NAME [at UNIT]: what stands retained there."""
        topic = self.topic_of(statement)
        self.check_at(lambda: self.document(topic), self.pairs(statement))

    def do_no(self, statement):
        """no document TOPIC"""
        topic = self.topic_of(statement, 1)
        self.expect(lambda: self.document(topic) is MISSING, lambda: f"there is {topic}")

    def topic_of(self, statement, shift=0):
        words = [self.put(w) for w in statement.words[1 + shift:]]
        if words[0] != "of":
            return words[0]
        thing = self.things[words[1]]
        row, climbing = self.row(thing), thing.table == "escalation"
        unit = words[3] if len(words) > 3 else row["to_unit" if climbing else "unit"]
        kind = {"escalation": "escalation/", "task": "task/", "device_status": "device/"}.get(thing.table, "")
        return (self.driver.topic(unit, kind), "/" + (row["task"] if climbing else thing.target))

    def document(self, topic):
        documents = self.driver.documents()
        if isinstance(topic, str):
            return documents.get(topic, MISSING)
        return next((d for t, d in documents.items() if t.startswith(topic[0]) and t.endswith(topic[1])), MISSING)

    def do_notified(self, statement):
        """notified NAME [times N] key=value…: an adapter was told of this member."""
        words = statement.words
        member, number = self.actors[self.put(words[1])].member, int(words[3]) if "times" in words else None
        pairs = self.pairs(statement) + [Pair("member", "=", member)]

        def told():
            notes = self.fitting([p for t, p in self.driver.notes() if t.endswith("/notify")], pairs)
            return len(notes) == number if number is not None else notes

        self.expect(told, lambda: f"told: {[p for t, p in self.driver.notes() if t.endswith('/notify')][-5:]}")

    def do_answer(self, statement):
        """answer path=value…: of the last question."""
        self.check_at(lambda: self.reply["data"], self.pairs(statement), waits=False)

    def do_receipt(self, statement):
        """receipt path=value…: of the last message."""
        self.check_at(lambda: self.receipt, self.pairs(statement), waits=False)

    def check_at(self, source, pairs, waits=True):
        def wrong():
            found = source()
            return [(p, value_at(found, p.key)) for p in pairs if not holds(value_at(found, p.key), p.operator, p.value)] \
                if found is not MISSING and found is not None else [(Pair("", "=", "there"), MISSING)]

        def words():
            return "; ".join(f"{p.key} {p.operator} {p.value}, but {'nothing' if f is MISSING else f}" for p, f in wrong())

        if waits:
            self.expect(lambda: not wrong(), words)
        elif wrong():
            self.statement.fail(words())

    def expect(self, predicate, words):
        try:
            return self.driver.until(predicate, "")
        except TimeoutError:
            return self.statement.fail(words())

    def describe(self, table, pairs, number=1):
        rows = self.relation(table)
        asked = {p.key for p in pairs}
        shown = [{k: as_text(value_at(r, k)) if value_at(r, k) is not MISSING else None for k in asked} for r in rows[-12:]]
        return f"{len(self.fitting(rows, pairs))} rows of {table} fit, not {number}; {len(rows)} there: {shown}"
