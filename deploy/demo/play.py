#!/usr/bin/python3
"""One warning's whole road, played so that a person can watch it: from command's post to the last village's answer.

The town is real: its broker, daemon and database are those that quickstart started. The demo only speaks for the members and puts a
playbook with clocks in seconds in force; the playbook of deploy/playbooks is put back at the end.
"""
import argparse
import hashlib
import json
import secrets
import sys
import threading
import time

import books
from town import Capture, Rejected, Town

SILENT, ASKING = "village-10", "village-23"        # who does not answer, and who asks for help
UNFINISHED = ("village-05", "village-06", "village-12")  # accept, and are not done when the warning is withdrawn
BRIEF = "village-03"                                # whose first result is too thin
PAUSE, BREATH = 1.5, 0.7                            # s before each scene, and between what people do, for whoever watches
SECONDS = {"accept": "PT30S", "finish": "PT10M", "verify": "PT10M", "hours": "always", "remind": "PT18S"}


class Play:
    def __init__(self, options):
        self.language = options.lang
        self.began = time.monotonic()
        self.lock = threading.Lock()
        self.town = Town(options.connection, Capture(options.capture))
        self.playbook_file = options.playbook
        self.silence = threading.Event()
        self.seen, self.units = {}, {}
        self.warning = None

    # ---- words ----

    def say(self, zh, en, indent="   "):
        with self.lock:
            print(f"{time.monotonic() - self.began:6.1f}s {indent}{zh if self.language == 'zh' else en}", flush=True)

    def scene(self, zh, en):
        time.sleep(PAUSE)
        with self.lock:
            print(flush=True)
        self.say(zh, en, indent="")

    def breathe(self):
        time.sleep(BREATH)

    def name(self, unit):
        """A unit's title in the language of the play."""
        entry = self.units.get(unit, {})
        return entry.get("title" if self.language == "zh" else "title_en") or unit

    # ---- what the wall shows ----

    def on_document(self, tail, document):
        levels = tail.split("/")
        if document is None or len(levels) != 5 or not self.warning:
            return
        if levels[2] == "task" and document.get("origin", {}).get("id") == self.warning:
            self.on_task(document)
        elif levels[2] == "escalation" and document["unit"] in (SILENT, ASKING):
            key = (tail, document["state"])
            if key not in self.seen:
                self.seen[key] = True
                self.say(f"  上报 {document['number']} {self.name(document['from'])} → {self.name(document['to'])}: {document['state']}({document['cause']})",
                         f"  escalation {document['number']} {self.name(document['from'])} → {self.name(document['to'])}: {document['state']} ({document['cause']})")

    def on_task(self, document):
        card, before = document.get("card", "none"), self.seen.get(document["id"])
        self.seen[document["id"]] = card
        if card == before or card == "none" or document["state"] in ("cancelled", "closed"):
            return
        if card == "yellow":
            self.say(f"  黄牌 {self.name(document['unit'])} 任务 {document['number']}:催办", f"  yellow card: {self.name(document['unit'])}, task {document['number']}: reminded")
        elif card == "red":
            self.say(f"  红牌 {self.name(document['unit'])} 任务 {document['number']}:督办", f"  red card: {self.name(document['unit'])}, task {document['number']}: supervised")

    # ---- who plays ----

    def enter(self):
        self.scene("登场:指挥员、大屏、4 个警务室、27 个村的网格员", "Enter: a commander, the wall, 4 police rooms, the grid workers of 27 villages")
        self.admin = self.town.phone("admin")
        self.commander = self.town.phone("commander", self.root())
        units = self.units = {unit["id"]: unit for unit in self.commander.ask("units")["units"]}
        self.villages = sorted(u for u, unit in units.items() if unit["tier"] == 3)
        self.above = {u: units[units[u].get("staffed_by", u)]["parent"] for u in self.villages}
        self.wall = self.town.phone("dashboard", filters=["+/+/task/+/+", "+/+/escalation/+/+", "+/+/notice/+", "+/+/status", "daemon/mark"],
                                    on_document=self.on_document, captures=True)
        self.rooms = {u: self.town.phone("officer", u) for u, unit in units.items() if unit["type"] == "room"}
        self.workers = {u: self.town.phone("grid_worker", u, filters=[f"tier3/{u}/task/+/+", f"tier3/{u}/notice/+"]) for u in self.villages}
        self.say(f"{len(self.town.phones)} 个会话在线", f"{len(self.town.phones)} sessions are connected")

    def root(self):
        return next(seat["unit"] for seat in self.town.members.values() if seat["role"] == "commander" and seat["tier"] == 1)

    def upper(self, unit):
        """Who verifies a village's work and takes what it cannot solve."""
        return self.rooms.get(self.above[unit], self.commander)

    # ---- the playbook in force ----

    def playbook_apply(self, text):
        current = [p["version"] for p in self.admin.ask("playbooks")["playbooks"] if p["name"] == text["playbook"]]
        text = {**text, "version": max(current, default=0) + 1}
        self.admin.do("admin/playbook-apply", {"playbook": text})

    def playbook_hurry(self):
        with open(self.playbook_file, encoding="utf-8") as file:
            self.original = json.load(file)
        quick = json.loads(json.dumps(self.original))
        step = quick["steps"]["tell"]
        step["clocks"] = {"*": SECONDS}
        for rung in step["ladder"]:
            rung["clocks"] = {"accept": "PT5M"}
        self.playbook_apply(quick)
        self.say("演示用预案生效:时限以秒计", "the demo's playbook is in force: clocks run in seconds")

    # ---- scenes ----

    def alert(self, kind, severity, headline, units=None, instruction=None, references=None):
        geocode = [{"valueName": "tier", "value": "3"}] if units is None else [{"valueName": "unit", "value": u} for u in units]
        identifier = f"demo-{secrets.token_hex(8)}"
        info = {"language": "zh-CN", "category": ["Security"], "event": "电信诈骗", "eventCode": [{"valueName": "policegrid", "value": "telecom-fraud"}],
                "urgency": "Immediate", "severity": severity, "certainty": "Observed", "headline": headline,
                "area": [{"areaDesc": "解州镇各村", "geocode": geocode}]}
        if instruction:
            info["instruction"] = instruction
        body = {"identifier": identifier, "sent": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()), "status": "Actual", "msgType": kind,
                "scope": "Restricted", "restriction": "警网内部", "info": [info]}
        if references:
            body["references"] = [references]
        receipt = self.commander.do(f"tier1/{self.commander.unit}/warning", body)
        return identifier, receipt

    def task_of(self, unit, seconds=20):
        worker = self.workers[unit]
        return worker.wait(lambda: next((d for t, d in worker.documents.items() if d and "/task/" in t and d["origin"]["id"] == self.warning), None),
                           seconds, f"the task of {unit}")

    def post(self):
        self.scene("一、指挥室发布电信诈骗预警", "I. Command posts a telecom-fraud warning")
        began = time.monotonic()
        self.identifier, receipt = self.alert("Alert", "Moderate", "冒充客服退款诈骗高发,请入户提醒")
        self.warning = receipt["created"]["warning"]
        self.say(f"已受理并落库({(time.monotonic() - began) * 1000:.0f} 毫秒)", f"accepted: committed ({(time.monotonic() - began) * 1000:.0f} ms)")
        self.tasks = {unit: self.task_of(unit) for unit in self.villages}
        self.say(f"{len(self.tasks)} 个村都有了任务({(time.monotonic() - began) * 1000:.0f} 毫秒)",
                 f"{len(self.tasks)} villages have their task ({(time.monotonic() - began) * 1000:.0f} ms)")

    def work(self):
        self.scene(f"二、各村签收、入户、办结;{self.name(SILENT)} 没有动静", f"II. The villages accept, go from door to door, complete; {self.name(SILENT)} is silent")
        accepting = [u for u in self.villages if u != SILENT]
        for unit in accepting:
            self.workers[unit].act(self.tasks[unit]["id"], "accept")
            time.sleep(0.1)
        self.say(f"{len(accepting)} 个村已签收", f"{len(accepting)} villages have accepted")
        self.ask_for_help()
        completing = [u for u in accepting if u != ASKING and u not in UNFINISHED]
        for number, unit in enumerate(completing):
            result = {"households": 40 + number * 7 % 90, "dissuaded": number % 5}
            if unit == BRIEF:
                result = {"households": 1, "dissuaded": 0}
            self.workers[unit].act(self.tasks[unit]["id"], "complete", result=result)
            time.sleep(0.1)
        self.say(f"{len(completing)} 个村已办结,结果都是数字", f"{len(completing)} villages have completed, with counted results")
        self.completed = completing

    def ask_for_help(self):
        self.scene(f"三、{self.name(ASKING)} 上报求助,警务室再上报", f"III. {self.name(ASKING)} asks for help; its room passes it up")
        task, room = self.tasks[ASKING]["id"], self.upper(ASKING)
        self.workers[ASKING].act(task, "escalate", reason="needs-police", note="对方态度强硬,请派民警")
        self.say(f"{self.name(ASKING)} 上报:needs-police", f"{self.name(ASKING)} escalates: needs-police")
        self.breathe()
        room.act(task, "accept")
        self.breathe()
        room.act(task, "escalate", reason="needs-command")
        self.breathe()
        self.commander.act(task, "accept")
        self.breathe()
        self.say(f"{self.name(room.unit)} 签收后再上报,指挥室已接手", f"{self.name(room.unit)} accepted it and passed it up; command has taken it over")

    def verify(self):
        self.scene("四、上级核查,结案;一个结果太简单,被退回重做", "IV. The tier above verifies and closes; one result is too brief and goes back")
        brief = self.tasks[BRIEF]["id"]
        self.upper(BRIEF).act(brief, "return", reason="brief")
        self.workers[BRIEF].act(brief, "complete", result={"households": 87, "dissuaded": 2})
        for unit in self.completed:
            self.upper(unit).act(self.tasks[unit]["id"], "verify")
        self.say(f"{len(self.completed)} 个任务已结案", f"{len(self.completed)} tasks are closed")

    def silent_village(self):
        self.scene(f"五、{self.name(SILENT)} 一直沉默:催办、督办、自动上报警务室", f"V. {self.name(SILENT)} stays silent: reminded, supervised, escalated to its room by itself")
        task, room = self.tasks[SILENT]["id"], self.upper(SILENT)
        self.wall.wait(lambda: any(t.startswith(f"tier{room.tier}/{room.unit}/escalation/") and d and d["task"] == task and d["state"] == "open"
                                   for t, d in self.wall.documents.items()), 90, "the silent village's escalation")
        self.breathe()
        room.act(task, "accept")
        self.breathe()
        room.act(task, "resolve", result={"households": 35, "dissuaded": 1})
        self.say(f"{self.name(room.unit)} 派人上门,已解决", f"{self.name(room.unit)} went there itself and solved it")
        self.breathe()
        late = self.workers[SILENT].act(task, "complete", result={"households": 5, "dissuaded": 0})
        self.say(f"{self.name(SILENT)} 随后补报:留存并计数,状态不变(late = {late.get('late')})",
                 f"{self.name(SILENT)} reports after all: kept and counted, state unchanged (late = {late.get('late')})")

    def command_resolves(self):
        self.scene(f"六、指挥室解决 {self.name(ASKING)} 的上报", f"VI. Command resolves what {self.name(ASKING)} asked for")
        self.commander.act(self.tasks[ASKING]["id"], "resolve", result={"households": 52, "dissuaded": 6})
        self.say("已解决", "resolved")

    def update(self):
        self.scene(f"七、更新预警:程度升为 Severe,{self.name(UNFINISHED[0])} 不再需要", f"VII. Update: the severity becomes Severe, {self.name(UNFINISHED[0])} is no longer concerned")
        staying = [u for u in self.villages if u != UNFINISHED[0]]
        self.identifier, _ = self.alert("Update", "Severe", "冒充客服退款诈骗升级:出现线下取款", staying, "重点提醒独居老人,不要向陌生人交付现金", self.identifier)
        dropped = self.tasks[UNFINISHED[0]]["id"]
        self.wall.wait(lambda: any(d and t.endswith(dropped) and d["state"] == "cancelled" for t, d in self.wall.documents.items()), 20, "the dropped village's cancellation")
        for unit in UNFINISHED[1:]:
            self.workers[unit].act(self.warning, "ack")
        self.say(f"{self.name(UNFINISHED[0])} 的任务已撤销;其余在办的村再次确认", f"the task of {self.name(UNFINISHED[0])} is cancelled; those still at work acknowledge again")

    def cancel(self):
        self.scene("八、解除预警:没办完的随之撤销,办结的保留", "VIII. Cancel: what is not done goes with it, what is done stays")
        self.alert("Cancel", "Minor", "预警解除", references=self.identifier)
        left = self.tasks[UNFINISHED[1]]["id"]
        self.wall.wait(lambda: any(d and t.endswith(left) and d["state"] == "cancelled" for t, d in self.wall.documents.items()), 20, "the cancellation")
        self.say("已解除", "withdrawn")

    def revoke(self):
        self.scene("九、丢了一部手机:撤销后立刻断开,再也进不来", "IX. A phone is lost: revoked, it is thrown out at once and stays out")
        secret = secrets.token_hex(16)
        receipt = self.admin.do("admin/member-add", {"unit": self.villages[0], "role": "grid_worker", "secret_hash": hashlib.sha256(secret.encode()).hexdigest()})
        member, seat = receipt["created"]["member"], {"secret": secret, "role": "grid_worker", "tier": 3, "unit": self.villages[0]}
        phone = self.town.connect(member, seat)
        began = time.monotonic()
        self.admin.do("admin/member-revoke", {"member": member})
        phone.wait(lambda: phone.thrown_out_at, 10, "the revoked phone is thrown out")
        self.say(f"{(phone.thrown_out_at - began) * 1000:.0f} 毫秒后断开", f"cut off after {(phone.thrown_out_at - began) * 1000:.0f} ms")
        phone.wait(lambda: phone.connected is False, 30, "the revoked phone is refused")
        phone.close()
        self.say("重连被拒绝", "its reconnect is refused")

    # ---- the books ----

    def books(self):
        self.scene("对账:PostgreSQL 与留存主题各读一遍", "The books: once from PostgreSQL, once from retained topics")
        stored, shown = books.from_postgres(self.town, self.warning), books.from_topics(self.town, self.warning)
        zh = self.language == "zh"
        tasks = ("单位", "编号", "状态", "牌", "入户", "劝阻") if zh else ("unit", "number", "state", "card", "households", "dissuaded")
        escalations = ("编号", "级", "自", "至", "状态", "起因", "理由", "结果") if zh else ("number", "level", "from", "to", "state", "cause", "reason", "outcome")
        for which, (rows, climbs) in (("PostgreSQL", stored), ("留存主题" if zh else "retained topics", shown)):
            with self.lock:
                print(f"\n{which}: {len(rows)} {'个任务' if zh else 'tasks'}, {len(climbs)} {'次上报' if zh else 'escalations'}")
                print("\n".join(books.table(tasks, rows)))
                print("\n".join(books.table(escalations, climbs)))
        counts = {}
        for row in stored[0]:
            counts[row[2]] = counts.get(row[2], 0) + 1
        states = ", ".join(f"{state} {count}" for state, count in sorted(counts.items()))
        households, dissuaded = sum(row[4] for row in stored[0]), sum(row[5] for row in stored[0])
        self.scene(f"合计: {states}; 入户 {households},劝阻 {dissuaded}", f"Sum: {states}; households {households}, dissuaded {dissuaded}")
        agree = [tuple(row) for row in stored[0]] == shown[0] and [tuple(row) for row in stored[1]] == shown[1]
        if agree and len(stored[0]) == len(self.villages):
            self.say("两本账一致。", "Both books agree.", indent="")
            return 0
        for name, index in (("tasks", 0), ("escalations", 1)):
            for row in sorted(set(map(tuple, stored[index])) ^ set(shown[index])):
                self.say(f"不一致 {name}: {row}", f"differs, {name}: {row}")
        self.say("两本账不一致!", "The books do not agree!", indent="")
        return 1

    def run(self):
        self.enter()
        self.playbook_hurry()
        try:
            self.post()
            self.work()
            self.verify()
            self.silent_village()
            self.command_resolves()
            self.update()
            self.cancel()
            self.revoke()
            return self.books()
        finally:
            self.playbook_apply(self.original)
            self.town.close()
            self.town.capture.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connection", required=True)
    parser.add_argument("--playbook", required=True)
    parser.add_argument("--capture")
    parser.add_argument("--ctl")
    parser.add_argument("--lang", choices=("zh", "en"), default="en")
    play = Play(parser.parse_args())
    try:
        return play.run()
    except (Rejected, TimeoutError, LookupError, OSError) as error:
        play.say(f"演示中断: {error}", f"The demo broke off: {error}", indent="")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
