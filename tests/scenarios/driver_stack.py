"""The real stack: broker with the plugin, daemon, PostgreSQL; all by the test's clock (clock.c). Members speak MQTT."""
import json
import pathlib
import sys
from datetime import timedelta

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from stack import BUILD, WAIT, Stack  # noqa: E402

import psycopg2.extras  # noqa: E402

from driver import SETTING_UP, Driver, select_words  # noqa: E402

LEAP = timedelta(hours=3)               # at most, at once: a longer one the daemon would take for its own absence
AFTER = timedelta(milliseconds=20)      # what is due at an instant is due by then
PATIENCE = min(WAIT, 20.0)
SEEN = ["task/+/+", "escalation/+/+", "notice/+", "list/+", "status", "device/+"]
OPTIONS = {"limits.clock_departure_s": 86400, "limits.status_ms": 100}


class StackDriver(Driver):
    name = "stack"

    def __init__(self, organisation, start, servers):
        super().__init__(organisation, start - SETTING_UP)
        self.clock, self.phones = servers.clock(), {}
        self.clock.set(self.now)
        self.lag = timedelta(0)         # how far the clock is ahead of what the scenario says
        number = servers.number()
        self.stack = Stack(servers.workspace() / f"stack-{number}", servers.real_cluster(), name=f"scenario{number}",
                           organisation=organisation, daemon_options=OPTIONS)
        self.stack.env.update(self.clock.environment(BUILD / "daemon/policegridd"))
        self.connection = None
        self.stack.migrate()
        self.stack.start_broker()
        self.stack.start_daemon()
        self.admin = self.stack.sql("select id from member where area = %s order by id limit 1", self.area)[0][0]
        self.members[self.admin] = {"role": "admin", "unit": "", "secret": self.stack.admin_secret}
        self.set_up()
        root = next(u["id"] for u in self.organisation["units"] if not u.get("parent"))
        self.observer = self.open_phone(self.member("commander", root), [f"tier{t}/+/{f}" for t in (1, 2, 3) for f in SEEN])
        self.advance(start)

    def open_phone(self, member, filters):
        self.stack.members[member] = self.members[member]
        return self.stack.phone(member, subscribe=[f"{self.base}/{f}" for f in filters])

    def phone(self, member):
        if member not in self.phones:
            data = self.members[member]
            filters = [f"member/{member}/list/+"]
            if data["role"] == "gateway":
                filters.append(f"gateway/{data['device']}/notify")
            self.phones[member] = self.open_phone(member, filters)
        return self.phones[member]

    # -- what a driver offers ------------------------------------------------------------------------------------------------
    def say(self, member, topic, body):
        phone = self.phone(member)
        if topic.endswith("/heartbeat"):
            phone.publish(f"{self.base}/{topic}", body)
            return None
        if topic.startswith("device/"):
            phone.subscribe(f"{self.base}/member/{member}/receipt")
        return phone.send(f"{self.base}/{topic}", body, receipts=len(phone.receipts.get(body["id"], ())) + 1)

    def query(self, member, body):
        phone = self.phone(member)
        return phone.query(body["query"], **{k: v for k, v in body.items() if k not in ("id", "query")})

    def advance(self, moment):
        while self.now < moment:
            step = min(moment, self.now + LEAP)
            self.lag = self.clock.now() - self.now + AFTER
            self.now = step
            self.clock.set(step + self.lag)
            self.settle()

    def settle(self):
        """A message that changes nothing: by its receipt, what was due before it has been done (I9)."""
        receipt = self.say(self.admin, f"member/{self.admin}/request", {"id": self.message_id(), "request": "nothing"})
        assert receipt["code"] == "unknown_kind", receipt

    def select(self, sql):
        if self.connection is None:
            self.connection = psycopg2.connect(self.stack.cluster.conninfo("postgres", self.stack.database),
                                               options="-c search_path=policegrid,public -c timezone=Asia/Shanghai")
            self.connection.autocommit = True
        with self.connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(sql)
            return [dict(row) for row in cursor.fetchall()]

    view = select

    def relation(self, name, words=None):
        return self.select(select_words(name, words))

    rows = relation

    def documents(self):
        documents = {}
        for phone in [self.observer, *self.phones.values()]:
            with phone.condition:
                documents.update({t.removeprefix(self.base + "/"): d for t, d in phone.documents.items()})
        return documents

    def notes(self):
        notes = []
        for phone in self.phones.values():
            with phone.condition:
                notes += [(t.removeprefix(self.base + "/"), json.loads(p)) for t, p, *_ in phone.messages if t.endswith("/notify")]
        return notes

    def watch(self, actor):
        self.phone(actor.member)

    def restart(self):
        self.stack.stop_daemon()
        self.stack.start_daemon()

    def until(self, predicate, what):
        """Looked at again after whatever reaches the observer, at least every 50 ms."""
        tries = int(PATIENCE / 0.05)
        for _ in range(tries):
            value = predicate()
            if value:
                return value
            with self.observer.condition:
                self.observer.condition.wait(0.05)
        raise TimeoutError(what)

    def close(self, prove=True):
        if self.connection:
            self.connection.close()
        self.stack.stop()
