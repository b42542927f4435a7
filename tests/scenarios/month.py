"""A synthetic month of Jiezhou: what happens in the town, and what its people do about it. Knows no driver.

Everything is drawn from one seed. What happens (incidents, inspections, disputes, patrols, warnings, alarms, failing devices) is planned
beforehand; what people do is read from the retained documents, as their phones would: they accept, fill in the form that the task
carries, verify, return, agree to joint work, answer what climbs; some stay silent. `told` counts what was accepted, for the comparison.
"""
import calendar
import collections
import json
import random
from datetime import datetime, timedelta

from driver import ROOT, ZONE

HOUR = timedelta(hours=1)
WORKING_HOURS = range(8, 20, 2)
WORKERS = ("officer", "auxiliary", "grid_head", "grid_worker", "partner", "commander")
OPEN = ("issued", "accepted", "in_progress")
SILENT = 0.06            # of the tasks, nobody answers until they have climbed
DEVICES = {"panic-01": None, "alarm-01": "gateway-01", "camera-01": "gateway-01", "gateway-01": None}
OUTAGES = (("camera-01", 3, 9), ("alarm-01", 8, 14), ("camera-01", 15, 30), ("panic-01", 20, 7), ("alarm-01", 26, 5))  # device, day, hours


class Month:
    def __init__(self, driver, year=2026, month=6, seed=1, share=1.0):
        """`share` of everything that is planned: 0.1 is a tenth."""
        self.driver, self.random = driver, random.Random(seed)
        self.first = datetime(year, month, 1, tzinfo=ZONE)
        self.days = calendar.monthrange(year, month)[1]
        self.units = {u["id"]: u for u in driver.organisation["units"]}
        self.villages = [u for u, t in driver.tiers.items() if t == 3]
        self.told = collections.Counter()
        self.refused = collections.Counter()
        self.silent, self.seen = set(), set()
        self.plan = self.make_plan(share)

    # -- what happens ----------------------------------------------------------------------------------------------------------
    def make_plan(self, share):
        """[(instant, what, words)] in order of time."""
        plan = []
        for number, what in ((60, "incident"), (500, "inspection"), (40, "dispute"), (60, "visit"), (6, "alarm"), (3, "drill")):
            plan += [(self.some_time(what), what, i) for i in range(round(number * share))]
        for day in range(self.days):
            plan += [(self.at(day, 17), "patrol", v) for v in self.villages if self.random.random() < share]
            plan += [(self.at(day, hour), "beats", day * 24 + hour) for hour in range(24)]
        plan += [(self.at(day, 9), "warning", day) for day in range(2, self.days, 7)]
        return sorted(plan, key=lambda p: (p[0], p[1], str(p[2])))

    def at(self, day, hour, minute=0):
        return self.first + timedelta(days=day, hours=hour, minutes=minute)

    def some_time(self, what):
        hours = (8, 17) if what in ("inspection", "visit", "drill") else (0, 23)
        return self.at(self.random.randrange(self.days), self.random.randint(*hours), self.random.randrange(60))

    def run(self):
        self.prepare()
        now, index = self.first, 0
        while now < self.first + timedelta(days=self.days):
            now += HOUR
            while index < len(self.plan) and self.plan[index][0] < now:
                moment, what, word = self.plan[index]
                self.driver.advance(max(moment, self.driver.now))
                getattr(self, "happens_" + what)(word)
                index += 1
            self.driver.advance(now)
            if now.hour in WORKING_HOURS:
                self.work()
        return self

    def prepare(self):
        """The town's standing duties are in force. Devices speak each hour here, so they are missed after two."""
        catalogue = json.loads((ROOT / "deploy/catalogue/jiezhou.json").read_text(encoding="utf-8"))
        self.driver.order("catalogue-apply", {"catalogue": {**catalogue, "version": catalogue["version"] + 1}})
        for device in self.driver.organisation["devices"]:
            device["silence"] = "PT2H"
        self.driver.change_organisation()
        self.speakers = {}
        for device in DEVICES:
            member = self.driver.member_of_device(device)
            if member is None and DEVICES[device] is None:
                kind = "gateway" if self.driver.devices[device]["kind"] == "gateway" else "device"
                member = self.driver.hire([{"unit": self.driver.devices[device]["unit"], "role": kind, "device": device}])[0]
            self.speakers[device] = member

    def say(self, what, member, topic, body):
        receipt = self.driver.say(member, topic, {"id": self.driver.message_id(), **body})
        if receipt is None or receipt["outcome"] == "accepted":
            self.told[what] += 1
        else:
            self.refused[f"{what}: {receipt['code']}"] += 1
        return receipt

    def somebody(self, unit, roles=WORKERS):
        """A working member of a unit, or of the room that staffs it, in the order of the roles."""
        unit = self.units[unit].get("staffed_by") or unit
        return next((m for role in roles for m in [self.driver.member(role, unit)] if m), None)

    def report(self, kind, unit, fields, **more):
        member = self.somebody(unit, ("auxiliary", "officer", "grid_worker", "grid_head", "commander"))
        counted = "" if more.get("status") else f"reports.{kind}"
        return self.say(counted or f"exercise.{kind}", member, self.driver.topic(unit, "report"), {"kind": kind, "fields": fields, **more})

    def happens_incident(self, _number):
        kind = self.random.choice(["quarrel", "quarrel", "fight", "theft", "traffic", "help", "noise", "telecom-fraud"])
        self.report("incident", self.random.choice(self.villages), {"kind": kind, "people": self.random.randint(1, 6)}, severity="Moderate")

    def happens_inspection(self, _number):
        self.report("hazard", self.random.choice(self.villages), {"kind": self.random.choice(["fire", "gas", "wiring", "exit"]), "hazards": 1})

    def happens_dispute(self, _number):
        kind = self.random.choice(["neighbour", "family", "land", "debt", "labour", "traffic"])
        self.report("dispute", self.random.choice(self.villages), {"kind": kind, "source": self.random.choice(["canvassed", "call", "visit"])})

    def happens_visit(self, _number):
        self.report("visit", self.random.choice(self.villages), {"households": self.random.randint(1, 40), "opinions": 0})

    def happens_patrol(self, village):
        self.report("patrol", village, {"people": self.random.randint(2, 6), "minutes": self.random.choice([30, 45, 60]),
                                        "dissuaded": self.random.randint(0, 3)})

    def happens_warning(self, day):
        now = self.driver.now.isoformat(timespec="seconds")
        body = {"identifier": f"month-{day}", "sender": "command", "sent": now, "status": "Actual", "msgType": "Alert", "scope": "Restricted",
                "restriction": "仅限本辖区", "info": [{"language": "zh-CN", "category": ["Security"], "event": "telecom-fraud", "urgency": "Expected",
                                                    "severity": "Moderate", "certainty": "Likely", "headline": "防范电信诈骗",
                                                    "description": "入户宣传。", "eventCode": [{"valueName": "policegrid", "value": "telecom-fraud"}]}]}
        root = next(u for u in self.units if not self.units[u].get("parent"))
        self.say("warnings", self.driver.member("commander", root), self.driver.topic(root, "warning"), body)

    def happens_alarm(self, _number):
        self.say("alarms", self.speakers["panic-01"], "device/panic-01/event", {"event": "panic"})

    def happens_drill(self, number):
        if number % 2:
            self.say("drills", self.speakers["panic-01"], "device/panic-01/event", {"event": "panic", "status": "Exercise"})
        else:
            self.report("patrol", self.villages[number], {"people": 9}, status="Exercise")

    def happens_beats(self, hour):
        for device, gateway in DEVICES.items():
            if any(device == name and (day - 1) * 24 <= hour < (day - 1) * 24 + hours for name, day, hours in OUTAGES):
                continue
            self.driver.say(self.speakers[gateway or device], f"device/{device}/heartbeat", {"state": "ok"})

    # -- what people do ----------------------------------------------------------------------------------------------------------
    def work(self):
        for topic, document in sorted(self.driver.documents().items(), key=lambda item: (str(item[1].get("number")) if isinstance(item[1], dict) else "", item[0])):
            parts = topic.split("/")
            if len(parts) < 4 or not parts[0].startswith("tier"):
                continue
            if parts[2] == "task":
                self.work_on_task(parts[1], document)
            elif parts[2] == "escalation":
                self.answer_escalation(parts[1], document)

    def act(self, unit, member, target, verb, **body):
        return self.say(verb, member, self.driver.topic(unit, f"action/{target}/{verb}"), body)

    def work_on_task(self, unit, task):
        begins = task.get("not_before")
        if begins and datetime.fromisoformat(begins) > self.driver.now:
            return
        member = self.somebody(unit)
        if task["id"] not in self.seen:
            self.seen.add(task["id"])
            if self.random.random() < SILENT:
                self.silent.add((task["id"], unit))
        if member is None or task.get("part") == "informed" or (task["id"], unit) in self.silent:
            return
        if task["state"] == "completed" and task.get("part") == "lead":
            self.judge(unit, task)
        elif task["state"] in OPEN and task.get("part") != "lead":
            self.agree(unit, member, task)
        elif task["state"] in OPEN:
            self.carry_on(unit, member, task)

    def carry_on(self, unit, member, task):
        """Some accept and do it the next time they look, most do it at once."""
        if task["state"] == "issued" and self.random.random() < 0.3:
            self.act(unit, member, task["id"], "accept")
        elif self.random.random() < 0.8:
            result = self.fill(task.get("form", []), task)
            receipt = self.act(unit, member, task["id"], "complete", **({"result": result} if result else {}))
            if receipt["outcome"] == "accepted" and receipt.get("code") != "late":
                self.told["completed." + task["kind"]] += 1

    def agree(self, unit, member, task):
        mine = next((p for p in task.get("participants", []) if p.get("unit") == unit), {})
        if mine.get("state") in ("issued", "accepted"):
            self.act(unit, member, task["id"], "complete")

    def judge(self, unit, task):
        """The unit above looks at it: one of eight is sent back."""
        works = self.units[unit].get("staffed_by") or unit
        above = self.units[works].get("parent")
        member = above and self.somebody(above, ("officer", "commander", "grid_head"))
        if not member:
            return
        if task["revision"] < 6 and self.random.random() < 0.125:
            self.act(above, member, task["id"], "return", reason="brief")
        else:
            self.act(above, member, task["id"], "verify")

    def answer_escalation(self, unit, escalation):
        """Half are taken on by the unit above and solved, half are sent back to who should have done it."""
        member = self.somebody(unit, ("officer", "commander", "partner", "grid_head", "auxiliary"))
        state = escalation.get("state")
        if member is None or state not in ("open", "accepted"):
            return
        task = escalation["task"] if isinstance(escalation.get("task"), str) else escalation.get("task", {}).get("id", "")
        self.silent -= {s for s in self.silent if s[0] == task}
        if state == "open" and self.random.random() < 0.5:
            self.act(unit, member, escalation["id"], "return", reason="brief")
        elif state == "open":
            self.act(unit, member, escalation["id"], "accept")

    def fill(self, form, task):
        """A result that fits: hazards are found in three of ten, what was found is set right by and by."""
        result = {}
        for entry in form:
            if entry.get("optional") and self.random.random() < 0.4:
                continue
            kind = entry["type"]
            if kind == "int":
                result[entry["name"]] = self.number(entry, result)
            elif kind in ("choice", "dict"):
                result[entry["name"]] = self.choice(entry)["code"]
            elif kind == "place":
                places = [p["id"] for p in self.driver.organisation["places"] if p["kind"] == entry.get("place")]
                if places:
                    result[entry["name"]] = self.random.choice(places)
        return result

    def choice(self, entry):
        """The first is the usual one."""
        choices = entry["choices"]
        return choices[0] if self.random.random() < 0.6 else self.random.choice(choices)

    def number(self, entry, result):
        low, high = (bound if isinstance(bound, int) else result.get(bound["of"], 0) for bound in (entry["min"], entry["max"]))
        if entry["name"] == "hazards":
            return self.random.randint(1, 5) if self.random.random() < 0.3 else max(low, 0)
        if entry["name"] == "left":
            return 0 if self.random.random() < 0.8 else min(1, high)
        return self.random.randint(low, max(low, min(high, low + 20)))
