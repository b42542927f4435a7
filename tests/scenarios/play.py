"""Plays a scenario on a driver: members act, time passes, expectations are looked at. The first one that does not hold ends it."""
import json
from dataclasses import dataclass

from expectations import TABLES, Expectations, Thing
from language import Pair, ScenarioError, resolve_marks
from values import as_text, moment_of, resolved, set_at, value_at

VERBS = {"accept", "assign", "start", "progress", "complete", "verify", "return", "decline", "escalate", "resolve", "transfer", "extend",
         "suspend", "grant", "refuse", "resume", "cancel", "reopen", "remind", "supervise", "seen", "comment", "dispatch", "merge",
         "dismiss", "ack"}
ROLES = {"commander", "officer", "auxiliary", "grid_head", "grid_worker", "volunteer", "partner", "gateway", "shop", "dashboard", "admin",
         "security_admin", "auditor"}
UNITS_OF_TIME = {"second": "s", "minute": "m", "hour": "h", "day": "d", "week": "w"}


@dataclass
class Actor:
    member: str
    unit: str
    device: str = ""


class Play(Expectations):
    def __init__(self, scenario, driver):
        self.scenario, self.driver = scenario, driver
        self.actors, self.things, self.words = {}, {}, {}
        self.receipt = self.reply = self.last = None
        self.statement = None

    def run(self):
        self.run_block(self.scenario.statements)

    def run_block(self, statements):
        for statement in statements:
            self.statement = statement
            try:
                self.run_statement(statement)
            except (TimeoutError, AssertionError, KeyError, IndexError, RuntimeError) as error:
                raise ScenarioError(f"{statement.file}:{statement.line}: {type(error).__name__}: {error}") from error

    def run_statement(self, statement):
        first = statement.words[0]
        handler = getattr(self, "do_" + first.replace("-", "_"), None)
        if handler:
            return handler(statement)
        second = statement.words[1] if len(statement.words) > 1 else ""
        if second == "is":
            return self.declare(statement)
        if self.put(first) not in self.actors:
            statement.fail(f"nobody is called {first}")
        actor = self.actors[self.put(first)]
        handler = getattr(self, "act_" + second, None)
        if handler:
            return handler(statement, actor)
        if second in VERBS:
            return self.act_on_thing(statement, actor)
        return statement.fail(f"what does {second} mean?")

    # -- names -----------------------------------------------------------------------------------------------------------------
    def put(self, word):
        """`$name` in a word: a word of a loop, a thing's id, a unit."""
        for name in sorted(set(self.words) | set(self.things) | set(self.actors), key=len, reverse=True):
            if "$" + name in word:
                word = word.replace("$" + name, str(self.lookup(name, "")))
        return word

    def lookup(self, name, path):
        if name in self.words:
            return self.words[name]
        if name in self.actors:
            return getattr(self.actors[name], path or "member")
        if name not in self.things:
            self.statement.fail(f"nothing is called {name}")
        thing = self.things[name]
        return thing.target if not path else value_at(self.row(thing), path)

    def value(self, value):
        if isinstance(value, str):   # `$sort-$name.unit`: words of loops first, they may make up a name
            for name in sorted(self.words, key=len, reverse=True):
                value = value.replace("$" + name, str(self.words[name]))
            value = resolve_marks(value)
        value = resolved(value, self.lookup, self.driver.now)
        return self.put(value) if isinstance(value, str) else value

    def pairs(self, statement, skip=()):
        return [Pair(self.put(p.key), p.operator, self.value(p.value)) for p in statement.pairs if p.key not in skip]

    def body(self, statement, skip=()):
        body = {}
        for pair in self.pairs(statement, skip):
            set_at(body, pair.key, as_text(pair.value))
        return body

    def word_after(self, statement, mark, fallback=None):
        words = statement.words
        return self.put(words[words.index(mark) + 1]) if mark in words[2:] else fallback

    def declare(self, statement):
        """NAME is [new] ROLE at UNIT [number] · NAME is device ID"""
        name, _, *words = statement.words
        if words[0] == "device":
            member, device = self.driver.member_of_device(words[1]), words[1]
            if member is None:
                kind = "gateway" if self.driver.devices[device]["kind"] == "gateway" else "device"
                member = self.driver.hire([{"unit": self.driver.devices[device]["unit"], "role": kind, "device": device}])[0]
            self.actors[self.put(name)] = Actor(member, self.driver.devices[device]["unit"], device)
        else:
            self.declare_member(statement, self.put(name), words)
        self.driver.watch(self.actors[self.put(name)])

    def declare_member(self, statement, name, words):
        new = words[0] == "new"
        role, unit = words[new], self.put(words[words.index("at") + 1]) if "at" in words else ""
        if role not in ROLES:
            statement.fail(f"no role {role}")
        seat = {"role": role, **self.body(statement)}
        if role not in ("admin", "security_admin", "auditor") or unit:
            seat["unit"] = unit
        member = None if new else self.driver.admin if role == "admin" and not unit else \
            self.driver.member(role, unit, int(words[-1]) - 1 if words[-1].isdigit() else 0)
        if member is None and not new:
            statement.fail(f"no {role} at {unit}: is new?")
        self.actors[name] = Actor(member or self.driver.hire([seat])[0], unit)

    # -- acts ------------------------------------------------------------------------------------------------------------------
    def say(self, statement, member, topic, body):
        self.last = (member, topic, {"id": self.driver.message_id(), **body})
        self.receipt = self.driver.say(*self.last)
        self.judge(statement)

    def judge(self, statement):
        """What stands after `->`: accepted when nothing does."""
        wanted, receipt = statement.outcome or ["accepted"], self.receipt
        said = {"refused": receipt["outcome"] == "rejected" and receipt.get("code") == (wanted + [""])[1],
                "accepted": receipt["outcome"] == "accepted", "late": receipt["late"], "masked": receipt["masked"],
                "repeat": receipt["repeat"]}
        if not said.get(wanted[0]):
            statement.fail(f"expected {' '.join(wanted)}, got {json.dumps(receipt, ensure_ascii=False)}")
        name = self.word_after(statement, "as")
        if name and receipt.get("created"):
            self.name_created(name, receipt["created"])

    def name_created(self, name, created):
        """`as NAME`: what was made first by this message; `NAME.task` and so on for the rest."""
        for table, ident in created.items():
            if isinstance(ident, str):
                thing = Thing(TABLES.get(table, table), {"id": ident})
                self.things.setdefault(f"{name}.{table}", thing)
                if f"{name}.{table}" == f"{name}.{next(iter(created))}":
                    self.things[name] = thing

    def act_reports(self, statement, actor):
        """ACTOR reports KIND [for UNIT] [as NAME] field=value…: pairs are fields but for these members of a report."""
        body = {"kind": self.put(statement.words[2])}
        for pair in self.pairs(statement):
            own = pair.key.split(".")[0] in ("severity", "status", "place", "device", "note", "occurred_at", "contact", "fields", "seat")
            set_at(body, pair.key if own else "fields." + pair.key, as_text(pair.value))
        self.say(statement, actor.member, self.driver.topic(self.word_after(statement, "for", actor.unit), "report"), body)

    def act_warns(self, statement, actor):
        """ACTOR warns [as NAME] code=… to=[units] severity=… and any member of CAP or of its info."""
        given = self.body(statement)
        code, to = given.pop("code", "notice"), given.pop("to", [])
        info = {"language": "zh-CN", "category": ["Security"], "event": code, "urgency": "Expected", "severity": "Moderate",
                "certainty": "Likely", "headline": "警情提示", "description": "请各单位注意。",
                "eventCode": [{"valueName": "policegrid", "value": code}]}
        info.update({k: given.pop(k) for k in list(given) if k in ("severity", "instruction", "headline", "description", "expires", "audience",
                                                                    "responseType", "urgency", "certainty")})
        to = to if isinstance(to, list) else [to]
        if to:
            info["area"] = [{"areaDesc": "辖区", "geocode": [g if isinstance(g, dict) else {"valueName": "unit", "value": g} for g in to]}]
        body = {"identifier": self.driver.message_id(), "sender": "command", "sent": as_text(self.driver.now), "status": "Actual",
                "msgType": "Alert", "scope": "Restricted", "restriction": "仅限本辖区", "info": [info], **given}
        self.say(statement, actor.member, self.driver.topic(self.word_after(statement, "for", actor.unit), "warning"), body)

    def act_issues(self, statement, actor):
        """ACTOR issues NAME [to UNIT] title=…: a task by hand; the sender chooses its id."""
        name, unit = self.put(statement.words[2]), self.word_after(statement, "for", actor.unit)
        ident = self.driver.uuid()
        body = {"title": name, "to": self.word_after(statement, "to", unit), **self.body(statement)}
        self.say(statement, actor.member, self.driver.topic(unit, f"action/{ident}/issue"), body)
        self.things[name] = Thing("task", {"id": ident})

    def act_on_thing(self, statement, actor):
        """ACTOR VERB THING [for UNIT] key=value…"""
        _, verb, name = statement.words[:3]
        name = self.put(name) if self.put(name) in self.things else name
        if name not in self.things:
            statement.fail(f"nothing is called {name}")
        unit = self.word_after(statement, "for", actor.unit)
        topic = self.driver.topic(unit, f"action/{self.things[name].target}/{verb}")
        self.say(statement, actor.member, topic, self.body(statement))

    def act_signals(self, statement, actor):
        """DEVICE signals EVENT [for DEVICE] field=value…"""
        body = {"event": self.put(statement.words[2])}
        for pair in self.pairs(statement):
            set_at(body, pair.key if pair.key in ("severity", "status") else "fields." + pair.key, as_text(pair.value))
        self.say(statement, actor.member, f"device/{self.word_after(statement, 'for', actor.device)}/event", body)

    def act_beats(self, statement, actor):
        """DEVICE beats [for DEVICE] [state=fault]: a heartbeat owes no receipt."""
        device = self.word_after(statement, "for", actor.device)
        self.driver.say(actor.member, f"device/{device}/heartbeat", {"state": "ok", **self.body(statement)})

    def act_requests(self, statement, actor):
        body = {"request": self.put(statement.words[2]), **self.body(statement)}
        self.say(statement, actor.member, f"member/{actor.member}/request", body)

    def act_orders(self, statement, actor):
        self.say(statement, actor.member, f"admin/{self.put(statement.words[2])}", self.body(statement))

    def act_asks(self, statement, actor):
        """ACTOR asks QUERY key=value…; the answer is looked at by `answer`. `-> refused CODE` when it is not to be answered."""
        body = {"id": self.driver.message_id(), "query": self.put(statement.words[2]), **self.body(statement)}
        self.reply = self.driver.query(actor.member, body)
        wanted = statement.outcome[1] if statement.outcome[:1] == ["refused"] else None
        if self.reply.get("code") != wanted:
            statement.fail(f"expected {wanted or 'an answer'}, got {self.reply}")

    def act_repeats(self, statement, _actor):
        """ACTOR repeats: the last message once more, as it was."""
        self.receipt = self.driver.say(*self.last)
        self.judge(statement)

    # -- time, life ------------------------------------------------------------------------------------------------------------
    def do_pass(self, statement):
        """pass 2 minutes · pass until MOMENT"""
        words = [self.put(w) for w in statement.words[1:]]
        if words[0] == "until":
            named = statement.words[2]  # `$call.not_before` is a column, not the thing's id with something behind it
            moment = self.moment(named if named.startswith("$") and "." in named else words[1])
            if moment is not None and ":" in words[1] and "T" not in words[1] and moment <= self.driver.now:
                moment = moment_of(words[1], moment_of("+1d", self.driver.now))
        else:
            moment = moment_of("+" + "".join(n + UNITS_OF_TIME[u.rstrip("s")] for n, u in zip(words[::2], words[1::2])), self.driver.now)
        if moment is None or moment < self.driver.now:
            statement.fail(f"no time to come: {' '.join(words)}")
        self.driver.advance(moment)

    def moment(self, word):
        if word.startswith("$"):
            name, _, path = word[1:].partition(".")
            return self.lookup(name, path)
        return moment_of(word.lstrip("@"), self.driver.now)

    def do_restart(self, _statement):
        """The daemon ends and begins anew."""
        self.driver.restart()

    def do_playbook(self, statement):
        """playbook {…}: one of the scenario's own."""
        self.driver.order("playbook-apply", {"playbook": json.loads(statement.words[1])})

    def do_catalogue(self, statement):
        """catalogue {section: {name: item}}: the area's catalogue with these items, one version on."""
        catalogue = json.loads(self.driver.catalogue) if self.driver.catalogue else \
            {"catalogue": self.driver.organisation["organisation"], "version": 0}
        for section, items in json.loads(statement.words[1]).items():
            catalogue.setdefault(section, {}).update(items)
        catalogue["version"] += 1
        self.driver.catalogue = json.dumps(catalogue, ensure_ascii=False)
        self.driver.order("catalogue-apply", {"catalogue": catalogue})

    def do_organisation(self, statement):
        """organisation-change {list: [items]}: the organisation file with these entries more, one version on."""
        for name, items in json.loads(statement.words[1]).items():
            if isinstance(items, dict):
                self.driver.organisation.setdefault(name, {}).update(items)
            else:
                self.driver.organisation[name] += items
        self.driver.change_organisation()

    # -- blocks ----------------------------------------------------------------------------------------------------------------
    def do_for(self, statement):
        """for NAME in WORD…"""
        name, words = statement.words[1], [self.put(w) for w in statement.words[3:]]
        for word in self.units(words):
            self.words[name] = word
            self.run_block(statement.block)
        del self.words[name]

    def units(self, words):
        """`villages` stands for every unit of tier 3, `rooms` for those of tier 2."""
        tiers = {"villages": 3, "rooms": 2}
        return [u for w in words for u in ([u for u, t in self.driver.tiers.items() if t == tiers[w]] if w in tiers else [w])]

    def do_repeat(self, statement):
        """repeat N: `$round` counts from 1."""
        for number in range(int(statement.words[1])):
            self.words["round"] = number + 1
            self.run_block(statement.block)
        del self.words["round"]
