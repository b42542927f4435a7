"""A real broker with the plugin, members who speak MQTT, and a small daemon that speaks the control protocol (proto/control.h).

For tests of the plugin alone: no database, no policegridd. Everything on loopback under a temporary folder, on free ports; every wait is
for an event, its bound only decides when a test has failed.
"""
import hashlib
import json
import os
import pathlib
import queue
import secrets
import select
import signal
import socket
import struct
import subprocess
import threading
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from stack import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("POLICEGRID_BUILD", ROOT / "build-test"))
WAIT = float(os.environ.get("POLICEGRID_WAIT", "30"))
AREA = "140802100"
OTHER = "420625102"
CONTROL = "$CONTROL/policegrid/v1"
STAMP = "policegrid-stamp"

ROLES = ["", "commander", "officer", "auxiliary", "grid_head", "grid_worker", "volunteer", "partner", "device", "gateway", "shop",
         "dashboard", "admin", "security_admin", "auditor"]
PUBLISH, ASK, BEGIN, CHUNK, COMMIT, FENCE, HELD = range(1, 8)
NONE = 0xFFFFFFFF
OPEN_FROM, OPEN_UNTIL = -(1 << 63), (1 << 63) - 1


def message_id():
    """A UUIDv7 (RFC 9562)."""
    b = bytearray(int(time.time() * 1000).to_bytes(6, "big") + secrets.token_bytes(10))
    b[6] = (b[6] & 0x0F) | 0x70
    b[8] = (b[8] & 0x3F) | 0x80
    h = b.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def hash_of(secret):
    return hashlib.sha256(secret.encode()).digest()


def until(what, condition, wait=WAIT):
    """Asks again until the condition holds; for what no event tells."""
    end = time.monotonic() + wait
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        select.select([], [], [], 0.02)
    raise TimeoutError(what)


class Roster:
    """An organisation to be encoded as proto/roster_code.c reads it."""

    def __init__(self, area=AREA):
        self.area = area
        self.units = []      # (id, tier, parent index, staffed_by index)
        self.members = {}    # id -> dict
        self.bindings = {}   # device -> (unit index, gateway member id or None)

    def unit(self, name, tier, parent=None, staffed_by=None):
        index = {u[0]: i for i, u in enumerate(self.units)}
        self.units.append((name, tier, NONE if parent is None else index[parent], NONE if staffed_by is None else index[staffed_by]))

    def member(self, letters, *seats, secret=None, previous=None, code=None, device="", **until_ms):
        """Each seat: (unit or None, role). Returns the member's id."""
        name = f"{self.area}-{letters}"
        self.members[name] = {"seats": seats, "secret": secret, "previous": previous, "code": code, "device": device, **until_ms}
        return name

    def contents(self):
        index = {u[0]: i for i, u in enumerate(self.units)}
        numbers = {name: i for i, name in enumerate(self.members)}
        out = text16(self.area) + struct.pack(">III", len(self.units), len(self.members), len(self.bindings))
        for name, tier, parent, staffed_by in self.units:
            out += text16(name) + struct.pack(">BII", tier, parent, staffed_by)
        for name, m in self.members.items():
            parts = [(1, m["secret"], m.get("secret_until", OPEN_UNTIL)), (2, m["previous"], m.get("previous_until", OPEN_UNTIL)),
                     (4, m["code"], m.get("code_until", OPEN_UNTIL))]
            flags = sum(bit for bit, secret, _ in parts if secret) | (8 if m["device"] else 0)
            out += text16(name) + bytes([flags])
            for _, secret, end in parts:
                if secret:
                    out += hash_of(secret) + struct.pack(">q", end)
            if m["device"]:
                out += text16(m["device"])
            out += bytes([len(m["seats"])])
            for seat in m["seats"]:
                unit, role, since, end = (*seat, OPEN_FROM, OPEN_UNTIL)[:4] if len(seat) == 2 else seat
                out += struct.pack(">IBqq", NONE if unit is None else index[unit], ROLES.index(role), since, end)
        for device in sorted(self.bindings):
            unit, gateway = self.bindings[device]
            out += text16(device) + struct.pack(">II", index[unit], NONE if gateway is None else numbers[gateway])
        return out

    def encode(self, epoch, version):
        """(bytes, hash of the contents)."""
        contents = self.contents()
        data = b"PGROSTR1" + struct.pack(">QQ", epoch, version) + contents
        return data + blake(data), blake(contents)


def text16(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def blake(data, key=b""):
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


def town(area=AREA):
    """Town, two police rooms, two villages; a member of each kind that the tests speak of. Secrets are `secret-{letters}`."""
    roster = Roster(area)
    roster.unit("town", 1)
    roster.unit("room", 2, "town")
    roster.unit("roomtwo", 2, "town")
    roster.unit("village", 3, "room")
    roster.unit("hall", 3, "roomtwo", staffed_by="room")
    for letters, unit, role in (("chief", "town", "commander"), ("officer", "room", "officer"), ("head", "village", "grid_head"),
                                ("worker", "village", "grid_worker"), ("other", "roomtwo", "officer"), ("wall", "town", "dashboard"),
                                ("root", None, "admin"), ("audit", None, "auditor")):
        roster.member(letters, (unit, role), secret=f"secret-{letters}")
    roster.member("camera", ("village", "device"), secret="secret-camera", device="camera-1")
    roster.member("fresh", ("village", "grid_worker"), code="code-fresh")
    return roster


class Broker:
    """One mosquitto with the plugin, in a folder of its own."""

    def __init__(self, folder, areas=(AREA,), persistence=True, websockets=False, extra="", plugin_options=None, queued=1000000):
        self.folder = pathlib.Path(folder)
        for name in ("persistence", "roster"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.websocket_port = free_port() if websockets else None
        self.secrets = {}
        self.process = None
        lines = ["user root" if os.geteuid() == 0 else "", "per_listener_settings false", "allow_anonymous false",
                 f"persistence {'true' if persistence else 'false'}", f"persistence_location {self.folder}/persistence/",
                 "set_tcp_nodelay true", "max_inflight_messages 20", f"max_queued_messages {queued}", "max_queued_bytes 268435456",
                 "message_size_limit 2097152", "log_dest stderr", "log_type error", "log_type warning", "log_type notice",
                 "log_type information", extra, f"listener {self.port} 127.0.0.1"]
        if websockets:
            lines += [f"listener {self.websocket_port} lo", "protocol websockets"]
        lines += [f"plugin {BUILD / 'plugin/mosquitto_policegrid.so'}", f"plugin_opt_snapshot_dir {self.folder}/roster"]
        for area in areas:
            path = self.folder / f"secret-{area}"
            self.secrets[area] = secrets.token_bytes(32)
            path.write_text(self.secrets[area].hex() + "\n", encoding="ascii")
            path.chmod(0o600)
            lines.append(f"plugin_opt_secret_{area} {path}")
        lines += [f"plugin_opt_{k} {v}" for k, v in (plugin_options or {}).items()]
        self.config = self.folder / "mosquitto.conf"
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.clients = []

    def snapshot(self, area=AREA):
        return self.folder / "roster" / f"{area}.roster"

    def start(self, wait=True):
        env = dict(os.environ)
        if b"__asan_init" in (BUILD / "plugin/mosquitto_policegrid.so").read_bytes():
            env["LD_PRELOAD"] = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
            env["ASAN_OPTIONS"] = "detect_leaks=0"
        with open(self.folder / "broker.log", "ab") as log:
            self.process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(self.config)], stdout=log, stderr=log, env=env)
        if wait:
            until("broker listens", self.listens)
        return self

    def listens(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"broker ended with {self.process.returncode}: {self.log()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def log(self):
        return (self.folder / "broker.log").read_text(encoding="utf-8", errors="replace")

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        """Clean: persistence is written."""
        if self.process is None:
            return
        self.process.terminate()
        code = self.process.wait(WAIT)
        self.process = None
        assert code == 0, f"broker ended with {code}: {self.log()[-3000:]}"

    def kill(self):
        self.process.kill()
        self.process.wait(WAIT)
        self.process = None

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def close(self):
        for client in self.clients:
            client.abandon()
        self.stop()

    def stamp_key(self, area=AREA):
        return blake(b"policegrid v1 stamp", self.secrets[area])

    def daemon_password(self, area=AREA):
        return blake(b"policegrid v1 daemon password", self.secrets[area]).hex()

    def client(self, user, secret=None, suffix="", **options):
        """A member; secret defaults to `secret-{letters}` as in town()."""
        name = user if "-" in user else f"{AREA}-{user}"
        letters = name.split("-", 1)[1]
        client = Client(self.websocket_port if options.get("websockets") else self.port, name, f"secret-{letters}" if secret is None else secret, name + suffix, **options)
        self.clients.append(client)
        return client

    def daemon(self, session="bulk", area=AREA, **options):
        daemon = Daemon(self, area, session, **options)
        self.clients.append(daemon)
        return daemon


class Client:
    """A paho client whose events are queues."""

    def __init__(self, port, user, password, client_id, version=4, clean=True, expiry=0, will=None, receive_maximum=None, websockets=False):
        self.version, self.port, self.clean, self.user = version, port, clean, user
        self.messages, self.answers, self.lost = queue.Queue(), {}, threading.Event()
        self.kept = []
        self.connected = queue.Queue()
        options = {"clean_session": clean} if version == 4 else {}
        self.mqtt = mqtt.Client(client_id, protocol=mqtt.MQTTv5 if version == 5 else mqtt.MQTTv311,
                                transport="websockets" if websockets else "tcp", **options)
        if websockets:
            self.mqtt.ws_set_options(path="/")
        self.mqtt.username_pw_set(user, password)
        self.mqtt.max_inflight_messages_set(1000)
        if will:
            self.mqtt.will_set(**will)
        self.properties = None
        if version == 5:
            self.properties = Properties(PacketTypes.CONNECT)
            self.properties.SessionExpiryInterval = expiry
            if receive_maximum:
                self.properties.ReceiveMaximum = receive_maximum
        self.mqtt.on_connect = self.on_connect
        self.mqtt.on_message = lambda client, userdata, message: self.messages.put(message)
        self.mqtt.on_subscribe = lambda client, userdata, mid, granted, properties=None: self.put(mid, granted)
        self.mqtt.on_publish = lambda client, userdata, mid: self.put(("publish", mid), True)
        self.mqtt.on_disconnect = self.on_disconnect
        self.running = False

    def on_connect(self, client, userdata, flags, code, properties=None):
        self.session_present = bool(flags.get("session present")) if isinstance(flags, dict) else False
        self.connected.put(code.value if hasattr(code, "value") else code)

    def on_disconnect(self, client, userdata, code, properties=None):
        self.lost.set()
        # a client that was refused or thrown out does not come back by itself
        client.disconnect()

    def put(self, mid, value):
        self.answers.setdefault(mid, queue.Queue()).put(value)

    def answer(self, mid):
        return self.answers.setdefault(mid, queue.Queue()).get(timeout=WAIT)

    def connect(self):
        """The CONNACK's code; None when the broker closed without one."""
        self.lost.clear()
        options = {"clean_start": self.clean, "properties": self.properties} if self.version == 5 else {}
        self.mqtt.connect("127.0.0.1", self.port, keepalive=60, **options)
        self.mqtt.loop_start()
        self.running = True
        try:
            code = self.connected.get(timeout=WAIT)
        except queue.Empty:
            return None
        return code

    def login(self):
        code = self.connect()
        assert code == 0, f"{self.user}: CONNACK {code}"
        return self

    def subscribe(self, *filters):
        """The granted QoS or failure codes, one a filter."""
        codes = []
        for name in filters:
            _, mid = self.mqtt.subscribe(name, 1)
            codes += [c.value if hasattr(c, "value") else c for c in self.answer(mid)]
        return codes

    def publish(self, topic, body, qos=1, retain=False, **properties):
        """Waits for the PUBACK. Bodies that are dicts become JSON."""
        payload = json.dumps(body) if isinstance(body, dict) else body
        made = None
        if self.version == 5 and properties:
            made = Properties(PacketTypes.PUBLISH)
            for name, value in properties.items():
                setattr(made, name, value)
        info = self.mqtt.publish(topic, payload, qos, retain, properties=made)
        info.wait_for_publish(WAIT)
        return info

    def next(self, wait=WAIT):
        return self.messages.get(timeout=wait)

    def wait_for(self, condition, wait=WAIT):
        """The first message that fits; the others are kept in self.kept."""
        end = time.monotonic() + wait
        while True:
            message = self.messages.get(timeout=max(0.01, end - time.monotonic()))
            if condition(message):
                return message
            self.kept.append(message)

    def close(self):
        self.mqtt.disconnect()
        self.lost.wait(WAIT)
        self.stop_loop()

    def drop(self):
        """The line is cut: no DISCONNECT is sent."""
        self.stop_loop()
        sock = self.mqtt.socket()
        if sock:
            sock.close()

    def stop_loop(self):
        if self.running:
            self.running = False
            self.mqtt.loop_stop()

    def abandon(self):
        try:
            self.mqtt.disconnect()
        except OSError:
            pass
        self.stop_loop()


class Daemon(Client):
    """The daemon's end of the control protocol."""

    def __init__(self, broker, area=AREA, session="bulk", version=5, expiry=0xFFFFFFFF, clean=False, **options):
        user = f"daemon-{area}"
        super().__init__(broker.port, user, broker.daemon_password(area), f"{user}/{session}", version=version, expiry=expiry, clean=clean, **options)
        self.area, self.broker, self.version_given = area, broker, 0
        self.control = queue.Queue()
        self.mqtt.on_message = self.on_message

    def on_message(self, client, userdata, message):
        (self.control if message.topic == CONTROL else self.messages).put(message)

    def say(self, data):
        return self.publish(CONTROL, data)

    def listen(self):
        base = f"grid/v1/{self.area}"
        codes = self.subscribe(f"{base}/+/+/warning", f"{base}/+/+/report", f"{base}/+/+/action/+/+", f"{base}/device/+/+",
                               f"{base}/member/+/query", f"{base}/member/+/request", f"{base}/admin/+")
        assert codes == [1] * 7
        return self

    def held(self):
        """(status, epoch, version, members, hash) of the next HELD."""
        data = self.control.get(timeout=WAIT).payload
        kind, status, epoch, version, members = struct.unpack(">BBQQI", data[:22])
        assert kind == HELD
        return status, epoch, version, members, data[22:]

    def ask(self):
        self.say(bytes([ASK]))
        return self.held()

    def send_roster(self, roster, epoch=1, version=None, data=None, digest=None, chunk=65536):
        """Sends it and returns the HELD."""
        if version is None:
            self.version_given += 1
            version = self.version_given
        made, contents_hash = roster.encode(epoch, version)
        data = made if data is None else data
        digest = contents_hash if digest is None else digest
        pieces = [data[i:i + chunk] for i in range(0, len(data), chunk)]
        self.say(struct.pack(">BQQII", BEGIN, epoch, version, len(data), len(pieces)) + digest)
        for i, piece in enumerate(pieces):
            self.say(struct.pack(">BQII", CHUNK, version, i, len(piece)) + piece)
        self.say(struct.pack(">BQ", COMMIT, version))
        return self.held()

    def load(self, roster, **options):
        status, *_ = self.send_roster(roster, **options)
        assert status == 1, status
        return self

    def publish_documents(self, documents):
        """Each: (topic, payload, retain[, correlation])."""
        self.say(bulk(documents))

    def fence(self, token, instance=0, counter=0):
        self.say(struct.pack(">BQQQq", FENCE, token, instance, counter, 0))

    def fence_answer(self):
        data = self.control.get(timeout=WAIT).payload
        kind, token, instance, counter, at = struct.unpack(">BQQQq", data)
        assert kind == FENCE
        return token, instance, counter, at


def bulk(documents):
    out = bytes([PUBLISH])
    for topic, payload, retain, *rest in documents:
        payload = payload.encode() if isinstance(payload, str) else payload
        out += bytes([(1 if retain else 0) | (2 if rest else 0)]) + text16(topic)
        if rest:
            out += struct.pack(">H", len(rest[0])) + rest[0]
        out += struct.pack(">I", len(payload)) + payload
    return out


def stamps(message):
    """Values of the stamp properties of a message as a v5 subscriber sees them."""
    pairs = getattr(message.properties, "UserProperty", []) if message.properties else []
    return [value for name, value in pairs if name == STAMP]


def stamp_check(message, key):
    """(received_at, member, client) when the stamp is whole; an AssertionError else."""
    (value,) = stamps(message)
    form, received_at, member, client, mac = value.split(" ")
    assert form == "1"
    parts = struct.pack(">Q", int(received_at))
    for part in (member.encode(), client.encode(), message.topic.encode(), message.payload):
        parts += struct.pack(">Q", len(part)) + part
    assert blake(parts, key).hex() == mac
    return int(received_at), member, client
