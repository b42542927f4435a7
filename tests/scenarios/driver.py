"""What every driver of scenarios offers, and what they have in common: the town's clock, message ids, the setting up of an area.

A driver runs one area. `say`, `query` and `advance` act; `rows`, `documents`, `notes` and `view` show what has come of it.
"""
import hashlib
import json
import pathlib
from datetime import datetime, timedelta, timezone

ROOT = pathlib.Path(__file__).resolve().parents[2]
ZONE = timezone(timedelta(hours=8))
SETTING_UP = timedelta(hours=1)   # before a scenario begins


def to_ms(moment):
    return int(moment.timestamp() * 1000)


def from_ms(ms):
    return datetime.fromtimestamp(ms / 1000, ZONE)


def secret_hash(secret):
    return hashlib.sha256(secret.encode()).hexdigest()


def read_organisation(name):
    return json.loads((ROOT / f"deploy/organisations/{name}.json").read_text(encoding="utf-8"))


def read_catalogue(name):
    """The catalogue's text without its standing duties, which a scenario names where it is about them; None where the area has none."""
    path = ROOT / f"deploy/catalogue/{name}.json"
    if not path.exists():
        return None
    catalogue = json.loads(path.read_text(encoding="utf-8"))
    catalogue.pop("duties", None)
    return json.dumps(catalogue, ensure_ascii=False)


def playbook_texts():
    return [path.read_text(encoding="utf-8") for path in sorted((ROOT / "deploy/playbooks").glob("*.json")) if path.name != "schema.json"]


def seats_wanted(organisation):
    """One body of member-import for each seat that the organisation file wants filled."""
    seats = []
    for want in organisation["seats_wanted"]:
        units = [want["unit"]] if "unit" in want else [u["id"] for u in organisation["units"] if u["type"] == want["type"]]
        for unit in units:
            seat = {"unit": unit, "role": want["role"], **{k: want[k] for k in ("position", "device") if want.get(k)}}
            seats += [dict(seat) for _ in range(want.get("count", 1))]
    return seats


def select_words(name, words):
    """SQL for the rows of a view whose text columns are these words."""
    conditions = [f"""\"{column}\" = '{word.replace("'", "''")}'""" for column, word in (words or {}).items()]
    return f'select * from policegrid."{name}"' + (" where " + " and ".join(conditions) if conditions else "")


class Driver:
    """Base. `now` is the town's time; `members` is {id: {"role", "unit", "position", "device", "secret"}} in order of hiring."""

    name = ""

    def __init__(self, organisation, start):
        self.organisation = read_organisation(organisation)
        self.catalogue = read_catalogue(organisation)
        self.area = self.organisation["area"]
        self.base = f"grid/v1/{self.area}"
        self.tiers = {u["id"]: u["tier"] for u in self.organisation["units"]}
        self.devices = {d["id"]: d for d in self.organisation.get("devices", [])}
        self.now = start
        self.members = {}
        self.admin = None
        self.n_messages = 0

    # -- to be made by a driver ----------------------------------------------------------------------------------------------
    def say(self, member, topic, body):
        """Publish a body (a dict, with its id) under the root; its receipt, or None for what owes none."""
        raise NotImplementedError

    def query(self, member, body):
        """The reply to a question: {"data"} or {"code"}."""
        raise NotImplementedError

    def advance(self, moment):
        """Time passes until that moment; whatever was due has happened."""
        raise NotImplementedError

    def rows(self, table):
        """Rows of a table as dictionaries: times as datetimes, JSON as Python, numbers as numbers."""
        raise NotImplementedError

    def view(self, sql):
        """Rows of an SQL query over the tables and views, as dictionaries."""
        raise NotImplementedError

    def relation(self, name, words=None):
        """Rows of a table or a view; of a view perhaps only those whose columns are these words."""
        raise NotImplementedError

    def documents(self):
        """{topic under the root: retained document}"""
        raise NotImplementedError

    def notes(self):
        """[(topic under the root, payload)] of what is not retained."""
        raise NotImplementedError

    def watch(self, actor):
        """An actor of the scenario: what it may read is to be seen by documents() and notes()."""

    def restart(self):
        raise NotImplementedError

    def until(self, predicate, what):
        """The predicate's value as soon as it is true; raises TimeoutError."""
        raise NotImplementedError

    # -- in common -------------------------------------------------------------------------------------------------------------
    def message_id(self):
        self.n_messages += 1
        return f"{self.now:%Y%m%d}-{self.n_messages}"

    def uuid(self):
        """An id for what a sender makes; like everything here the same in every run."""
        self.n_messages += 1
        return f"00000000-0000-7000-8000-{self.n_messages:012x}"

    def topic(self, unit, rest):
        return f"tier{self.tiers[unit]}/{unit}/{rest}"

    def member(self, role, unit, skip=0):
        found = [m for m, d in self.members.items() if d["role"] == role and d["unit"] == unit]
        return found[skip] if skip < len(found) else None

    def member_of_device(self, device):
        return next((m for m, d in self.members.items() if d.get("device") == device), None)

    def order(self, verb, body):
        """Said by the administrator; must be accepted."""
        receipt = self.say(self.admin, f"admin/{verb}", {"id": self.message_id(), **body})
        assert receipt["outcome"] == "accepted", receipt
        return receipt

    def hire(self, seats):
        """Members for these seats, in their order."""
        made = []
        for start in range(0, len(seats), 200):
            part = seats[start:start + 200]
            secrets = [f"secret-{self.area}-{len(self.members) + i:04}-{'x' * 16}" for i in range(len(part))]
            receipt = self.order("member-import", {"members": [{**s, "secret_hash": secret_hash(k)} for s, k in zip(part, secrets)]})
            for member, seat, secret in zip(receipt["created"]["members"], part, secrets):
                self.members[member] = {"unit": "", **seat, "secret": secret}
                made.append(member)
        return made

    def change_organisation(self):
        """The changed organisation file, one version on."""
        self.organisation["version"] += 1
        self.order("organisation-apply", {"organisation": self.organisation})
        self.tiers = {u["id"]: u["tier"] for u in self.organisation["units"]}
        self.devices = {d["id"]: d for d in self.organisation.get("devices", [])}

    def set_up(self):
        """The organisation, its members, its catalogue."""
        self.order("organisation-apply", {"organisation": self.organisation})
        self.hire(seats_wanted(self.organisation))
        if self.catalogue:
            self.order("catalogue-apply", {"catalogue": json.loads(self.catalogue)})
