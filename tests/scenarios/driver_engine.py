"""The engine alone, behind a pipe (engine_host.c), with a clock that stands still until it is moved.

Questions and views are asked of PostgreSQL: the rows that the engine has written so far are put into a database of their own, made by
the same migrations as a town's. A scenario that asks for none needs no database.
"""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import wire_check  # noqa: E402

from driver import ROOT, SETTING_UP, Driver, from_ms, playbook_texts, secret_hash, select_words, to_ms  # noqa: E402

BUILD = pathlib.Path(os.environ.get("POLICEGRID_BUILD", ROOT / "build-test"))
CASTS = {"integer": int, "bigint": int, "boolean": lambda cell: cell in ("t", "true"), "jsonb": json.loads, "timestamptz": lambda cell: from_ms(int(cell))}


class EngineDriver(Driver):
    name = "engine"

    def __init__(self, organisation, start, servers=None, without=()):
        super().__init__(organisation, start - SETTING_UP)
        self.servers = servers        # where the database is made when the first question comes; None where there may be none
        self.retained, self.messages, self.next, self.table_names = {}, [], None, None
        self.changes = self.filled = 0 # what may have changed rows, and what the database has of it
        self.traffic = []             # what the schemas are held against: accepted messages up, everything down
        self.process = subprocess.Popen([str(BUILD / "tests/scenarios/engine_host")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, encoding="utf-8")
        self.do("start", area=self.area)
        secret = "0" * 32
        self.file("bootstrap", json.dumps({"area": self.area, "utc_offset": "+08:00", "members": [
            {"role": "admin", "secret_hash": secret_hash(secret)}]}))
        self.admin = self.rows("member")[0]["id"]
        self.members[self.admin] = {"role": "admin", "unit": "", "secret": secret}
        for text in playbook_texts():
            if json.loads(text)["playbook"] not in without:
                self.file("playbook", text)
        self.set_up()
        self.advance(start)

    def do(self, verb, **more):
        self.changes += verb not in ("rows", "tables", "query", "prove")
        line = json.dumps({"do": verb, "at": to_ms(self.now), **more}, ensure_ascii=False)
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("engine_host: " + self.process.stderr.read()[-4000:])
        answer = json.loads(answer)
        self.next = answer["next"]
        for document in answer["documents"]:
            self.keep(document)
        return answer

    def file(self, verb, text):
        answer = self.do(verb, text=text)
        if "code" in answer:
            raise RuntimeError(f"{verb}: {answer['code']}: {answer['detail']}")

    def keep(self, document):
        topic = document["topic"].removeprefix(self.base + "/")
        payload = json.loads(document["payload"]) if document.get("payload") else None
        self.traffic.append({"topic": document["topic"], "payload": payload, "retain": document["retain"]})
        if not document["retain"]:
            self.messages.append((topic, payload))
        elif payload is None:
            self.retained.pop(topic, None)
        else:
            self.retained[topic] = payload

    # -- what a driver offers ------------------------------------------------------------------------------------------------
    def say(self, member, topic, body):
        n = len(self.messages)
        self.do("say", member=member, topic=f"{self.base}/{topic}", body=json.dumps(body, ensure_ascii=False))
        receipts = [p for t, p in self.messages[n:] if t == f"member/{member}/receipt" and p.get("id") == body.get("id")]
        if not receipts or receipts[-1]["outcome"] == "accepted":
            self.traffic.append({"topic": f"{self.base}/{topic}", "payload": body, "retain": False})
        return receipts[-1] if receipts else None

    def query(self, member, body):
        plan = self.do("query", member=member, topic=f"{self.base}/member/{member}/query", body=json.dumps(body, ensure_ascii=False))
        if "code" in plan:
            return {"code": plan["code"]}
        return {"data": self.loaded().execute(plan["sql"], plan["parameters"])}

    def advance(self, moment):
        self.now = moment
        self.do("pass")

    def rows(self, table):
        answer = self.do("rows", table=table)
        casts = [CASTS.get(t, str) for t in answer["types"]]
        return [{c: None if cell is None else cast(cell) for c, cast, cell in zip(answer["columns"], casts, row)} for row in answer["rows"]]

    def tables(self):
        return self.do("tables")["tables"]

    def relation(self, name, words=None):
        if self.table_names is None:
            self.table_names = self.tables()
        return self.rows(name) if name in self.table_names else self.view(select_words(name, words))

    def view(self, sql):
        return self.loaded().select(sql)

    def loaded(self):
        """The database with the rows as they are now, and with the scenario's time as its own."""
        if self.servers is None:
            raise RuntimeError("this scenario needs a database")
        database = self.servers.database()
        self.servers.clock().set(self.now)
        if database.owner is not self or self.filled != self.changes:
            database.fill({t: self.do("rows", table=t) for t in self.tables()}, self)
            self.filled = self.changes
        return database

    def documents(self):
        return self.retained

    def notes(self):
        return self.messages

    def restart(self):
        self.do("restart")

    def until(self, predicate, what):
        value = predicate()
        if not value:
            raise TimeoutError(what)
        return value

    def close(self, prove=True):
        """The proofs of engine_host, then its end."""
        try:
            if prove:
                self.do("prove")
                faults = wire_check.check(self.traffic)
                assert not faults, faults[:5]
        finally:
            self.process.stdin.close()
            code = self.process.wait(60)
            why = self.process.stderr.read()
            self.process.stdout.close()
            self.process.stderr.close()
        if code != 0:
            raise RuntimeError(f"engine_host ended with {code}: {why[-4000:]}")
