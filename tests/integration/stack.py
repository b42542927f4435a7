"""The real stack for tests: a private PostgreSQL cluster, the broker with the plugin, the daemon; and members who speak MQTT.

Everything runs on loopback under a temporary folder, on free ports, and is stopped by process id. Nothing here sleeps: every wait
is a wait for an event (a message, a line, a process's end) with a bound that only decides when a test has failed.
"""
import hashlib
import json
import os
import pathlib
import secrets
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
import urllib.error

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
import psycopg2

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("POLICEGRID_BUILD", ROOT / "build-test"))
AREA = "140802100"
WAIT = float(os.environ.get("POLICEGRID_WAIT", "60"))
BASE = f"grid/v1/{AREA}"


def free_port():
    """Below the range that outgoing connections take their ports from, so that a server that is stopped can have its port again."""
    while True:
        port = secrets.randbelow(15000) + 15000
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def message_id():
    """A UUIDv7 (RFC 9562)."""
    ms = int(time.time() * 1000)
    b = bytearray(ms.to_bytes(6, "big") + secrets.token_bytes(10))
    b[6] = (b[6] & 0x0F) | 0x70
    b[8] = (b[8] & 0x3F) | 0x80
    h = b.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def secret_hash(secret):
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret():
    return secrets.token_hex(16)


def wait_connect(port, process, what):
    """Until somebody listens on the port; fails at once when the process ends."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            select.select([], [], [], 0.02)
    raise TimeoutError(what)


class Cluster:
    """A PostgreSQL cluster of its own, with fsync on; owned by an unprivileged user."""

    def __init__(self, folder, fsync=True):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.data = self.folder / "data"
        self.process = None
        self.bin = sorted(pathlib.Path("/usr/lib/postgresql").iterdir())[-1] / "bin"
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            for parent in self.folder.parents:
                if str(parent).startswith(tempfile.gettempdir() + "/"):
                    parent.chmod(parent.stat().st_mode | 0o011)
        self.run(["initdb", "-D", str(self.data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N"])
        settings = {
            "listen_addresses": "'127.0.0.1'", "port": self.port, "unix_socket_directories": f"'{self.folder}'",
            "fsync": "on" if fsync else "off", "max_connections": 60, "shared_buffers": "'64MB'", "log_min_messages": "warning",
            "log_lock_waits": "on", "timezone": "'Asia/Shanghai'",
        }
        with open(self.data / "postgresql.auto.conf", "a", encoding="utf-8") as f:
            f.writelines(f"{k} = {v}\n" for k, v in settings.items())

    def run(self, command):
        done = subprocess.run([*self.as_user, str(self.bin / command[0]), *command[1:]], cwd="/", capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stderr}")

    def start(self):
        """After kill -9 the old children may still hold the shared memory for a moment: a start that ends at once is tried again."""
        end = time.monotonic() + WAIT
        while True:
            with open(self.folder / "postgresql.log", "ab") as log:
                self.process = subprocess.Popen([*self.as_user, str(self.bin / "postgres"), "-D", str(self.data)], cwd="/", stdout=log,
                                                stderr=log)
            try:
                return self.wait_ready()
            except psycopg2.OperationalError:
                if self.process.poll() is None or time.monotonic() > end:
                    raise
                select.select([], [], [], 0.1)

    def wait_ready(self):
        end = time.monotonic() + WAIT
        while True:
            try:
                psycopg2.connect(self.conninfo("postgres", "postgres")).close()
                return
            except psycopg2.OperationalError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
                select.select([], [], [], 0.02)

    def conninfo(self, user, database):
        return f"host=127.0.0.1 port={self.port} user={user} dbname={database}"

    def postmaster_pid(self):
        return int((self.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])

    def kill(self):
        """kill -9 of the postmaster; its children leave by themselves."""
        pid = self.postmaster_pid()
        os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            os.kill(self.postmaster_pid(), signal.SIGINT)
            self.process.wait()


class Stack:
    """One area's broker and daemon over a database of a cluster."""

    def __init__(self, folder, cluster, name="grid", organisation="jiezhou", playbooks=None, daemon_options=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.cluster, self.database = cluster, name
        self.port, self.websocket_port, self.http_port = free_port(), free_port(), free_port()
        self.broker = self.daemon = None
        self.members = {}      # member id -> {"secret", "role", "unit", "tier"}
        self.phones = []
        self.daemon_options = daemon_options or {}
        self.state = self.folder / "daemon"
        self.snapshots = self.folder / "roster"
        self.persistence = self.folder / "persistence"
        for d in (self.state, self.snapshots, self.persistence):
            d.mkdir()
        self.playbooks = self.folder / "playbooks"
        shutil.copytree(playbooks or ROOT / "deploy/playbooks", self.playbooks)
        self.organisation = json.loads((ROOT / f"deploy/organisations/{organisation}.json").read_text(encoding="utf-8"))
        self.secret_file = self.folder / "secret"
        self.secret_file.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
        self.secret_file.chmod(0o600)
        self.admin_secret = new_secret()
        self.bootstrap = self.folder / "bootstrap.json"
        self.bootstrap.write_text(json.dumps({"area": AREA, "utc_offset": "+08:00", "members": [
            {"role": "admin", "secret_hash": secret_hash(self.admin_secret)}]}), encoding="utf-8")
        self.env = dict(os.environ, ASAN_OPTIONS="abort_on_error=0:detect_leaks=1", UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1")
        self.write_config()

    # -- configuration ------------------------------------------------------------------------------------------------------

    def write_config(self):
        sections = {
            "area": {"code": AREA, "secret_file": self.secret_file},
            "database": {"conninfo": self.cluster.conninfo("policegrid_daemon", self.database)},
            "broker": {"host": "127.0.0.1", "port": self.port},
            "http": {"port": self.http_port},
            "files": {"playbooks": self.playbooks, "bootstrap": self.bootstrap, "state": self.state},
            "log": {"level": "info"},
        }
        for key, value in self.daemon_options.items():
            section, option = key.split(".")
            sections.setdefault(section, {})[option] = value
        self.config = self.folder / "policegridd.conf"
        self.config.write_text("".join(f"[{s}]\n" + "".join(f"{k} = {v}\n" for k, v in o.items()) for s, o in sections.items()),
                               encoding="utf-8")
        plugin = BUILD / "plugin/mosquitto_policegrid.so"
        user = "user root\n" if os.geteuid() == 0 else ""
        self.broker_config = self.folder / "mosquitto.conf"
        self.broker_config.write_text(f"""{user}per_listener_settings false
allow_anonymous false
persistence true
persistence_location {self.persistence}/
autosave_interval 5
set_tcp_nodelay true
max_inflight_messages 20
max_queued_messages 1000000
max_queued_bytes 268435456
max_packet_size 2097152
log_dest stderr
log_type error
log_type warning
log_type notice
listener {self.port} 127.0.0.1
plugin {plugin}
plugin_opt_secret_{AREA} {self.secret_file}
plugin_opt_snapshot_dir {self.snapshots}
""", encoding="utf-8")

    # -- processes ----------------------------------------------------------------------------------------------------------

    def migrate(self):
        with_admin = psycopg2.connect(self.cluster.conninfo("postgres", "postgres"))
        with_admin.autocommit = True
        with_admin.cursor().execute(f'create database "{self.database}"')
        with_admin.close()
        done = subprocess.run([BUILD / "daemon/policegridd", "--migrate", "--owner",
                               self.cluster.conninfo("postgres", self.database)], env=self.env, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def start_broker(self):
        env = dict(self.env)
        if b"__asan_init" in (BUILD / "plugin/mosquitto_policegrid.so").read_bytes():
            library = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
            env["LD_PRELOAD"] = f"{library}:{env.get('LD_PRELOAD', '')}"
            env["ASAN_OPTIONS"] = "detect_leaks=0"
        with open(self.folder / "broker.log", "ab") as log:
            self.broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(self.broker_config)], stderr=log, stdout=log, env=env)
        wait_connect(self.port, self.broker, "broker")

    def start_daemon(self, wait=True):
        notify = self.folder / "notify"
        notify.unlink(missing_ok=True)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(notify))
        with open(self.folder / "daemon.log", "ab") as log:
            self.daemon = subprocess.Popen([str(BUILD / "daemon/policegridd"), "--config", str(self.config)], stderr=log, stdout=log,
                                           env=dict(self.env, NOTIFY_SOCKET=str(notify)))
        if wait:
            self.wait_ready()

    def wait_ready(self):
        """READY=1 on the notification socket (sd_notify)."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            if select.select([self.notify], [], [], 0.1)[0]:
                if b"READY=1" in self.notify.recv(4096):
                    return
            elif self.daemon.poll() is not None:
                raise RuntimeError(f"daemon ended with {self.daemon.returncode}: {self.log_tail()}")
        raise TimeoutError("daemon: " + self.log_tail())

    def log_tail(self, n=30):
        return "\n".join((self.folder / "daemon.log").read_text(encoding="utf-8", errors="replace").splitlines()[-n:])

    def ready(self):
        """The answer of /readyz: (status, document)."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/readyz", timeout=5) as r:
                return r.status, json.loads(r.read())
        except urllib.error.HTTPError as e:
            return e.code, json.loads(e.read())

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/metrics", timeout=5) as r:
            text = r.read().decode()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line and line[0] != "#"}

    def stop_daemon(self, expect=0):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.terminate()
            code = self.daemon.wait(WAIT)
            assert code == expect, f"daemon ended with {code}: {self.log_tail()}"
        self.daemon = None

    def kill_daemon(self):
        self.daemon.kill()
        self.daemon.wait()

    def kill_broker(self):
        self.broker.kill()
        self.broker.wait()

    def stop(self):
        for phone in self.phones:
            phone.stop()
        self.phones = []
        failure = None
        try:
            self.stop_daemon()
        except (AssertionError, subprocess.TimeoutExpired) as error:
            failure = error
            if self.daemon and self.daemon.poll() is None:
                self.daemon.kill()
        if self.broker and self.broker.poll() is None:
            self.broker.terminate()
            self.broker.wait(WAIT)
        if failure:
            raise failure

    # -- the area -----------------------------------------------------------------------------------------------------------

    def load(self, seats=None):
        """Bootstrap's admin applies the organisation and makes a member for every seat that it wants."""
        admin = self.sql("select id from member where area = %s order by id limit 1", AREA)[0][0]
        self.members[admin] = {"secret": self.admin_secret, "role": "admin", "unit": "", "tier": 0}
        phone = self.phone(admin)
        receipt = phone.send(f"{BASE}/admin/organisation-apply", {"organisation": self.organisation})
        assert receipt["outcome"] == "accepted", receipt
        wanted = seats if seats is not None else self.seats_wanted()
        bodies, secrets_ = [], []
        for seat in wanted:
            secret = new_secret()
            secrets_.append(secret)
            bodies.append({**seat, "secret_hash": secret_hash(secret)})
        tiers = {u["id"]: u["tier"] for u in self.organisation["units"]}
        for start in range(0, len(bodies), 200):
            part = bodies[start:start + 200]
            receipt = phone.send(f"{BASE}/admin/member-import", {"members": part})
            assert receipt["outcome"] == "accepted", receipt
            for member, body, secret in zip(receipt["created"]["members"], part, secrets_[start:]):
                unit = body.get("unit", "")
                self.members[member] = {"secret": secret, "role": body["role"], "unit": unit, "tier": tiers.get(unit, 0)}
        return phone

    def seats_wanted(self):
        seats = []
        for want in self.organisation["seats_wanted"]:
            units = [want["unit"]] if "unit" in want else [u["id"] for u in self.organisation["units"] if u["type"] == want["type"]]
            for unit in units:
                seat = {"unit": unit, "role": want["role"]}
                for key in ("position", "device"):
                    if want.get(key):
                        seat[key] = want[key]
                seats += [dict(seat) for _ in range(want.get("count", 1))]
        return seats

    def member(self, role, unit=None, skip=0):
        found = [m for m, d in self.members.items() if d["role"] == role and (unit is None or d["unit"] == unit)]
        return found[skip]

    def villages(self):
        return [u["id"] for u in self.organisation["units"] if u["tier"] == 3]

    def root(self):
        return next(u["id"] for u in self.organisation["units"] if not u.get("parent"))

    def phone(self, member, **options):
        phone = Phone(self, member, **options)
        self.phones.append(phone)
        phone.start()
        return phone

    def speak(self, role, unit, **options):
        return self.phone(self.member(role, unit), **options)

    def topic(self, unit, rest):
        tier = next(u["tier"] for u in self.organisation["units"] if u["id"] == unit)
        return f"{BASE}/tier{tier}/{unit}/{rest}"

    def warning(self, **changes):
        """A CAP 1.2 warning in JSON that is right in every way, with changes."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S+08:00", time.gmtime(time.time() + 8 * 3600))
        info = {"language": "zh-CN", "category": ["Security"], "event": "telecom-fraud", "urgency": "Expected", "severity": "Moderate",
                "certainty": "Likely", "headline": "防范电信诈骗", "description": "近日本地出现冒充客服诈骗。",
                "eventCode": [{"valueName": "policegrid", "value": "telecom-fraud"}]}
        info.update(changes.pop("info", {}))
        body = {"identifier": message_id(), "sender": "command", "sent": now, "status": "Actual", "msgType": "Alert", "scope": "Restricted", "restriction": "仅限本辖区",
                "info": [info]}
        body.update(changes)
        return body

    def sql(self, query, *parameters, user="postgres"):
        connection = psycopg2.connect(self.cluster.conninfo(user, self.database), options="-c search_path=policegrid,public")
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, parameters)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()


class Phone:
    """A member's client: keeps what arrives, waits for it, and repeats a message with the same id until its receipt comes (I2)."""

    def __init__(self, stack, member, protocol=mqtt.MQTTv311, clean=True, client_id=None, subscribe=(), secret=None):
        self.stack, self.member, self.clean = stack, member, clean
        self.condition = threading.Condition()
        self.messages = []       # (topic, payload bytes, retain, properties)
        self.documents = {}      # topic -> document, retained and live together; cleared ones are absent
        self.receipts = {}       # id -> list of receipts
        self.filters = [f"{BASE}/member/{member}/receipt", f"{BASE}/member/{member}/reply", *subscribe]
        self.connected = threading.Event()
        self.refused = None
        self.disconnects = 0
        self.protocol = protocol
        options = {} if protocol == mqtt.MQTTv5 else {"clean_session": clean}
        self.client = mqtt.Client(client_id or f"{member}/{secrets.token_hex(4)}", protocol=protocol, **options)
        self.client.username_pw_set(member, secret or stack.members[member]["secret"])
        self.client.reconnect_delay_set(min_delay=1, max_delay=1)
        self.client.on_connect = self.on_connect
        self.client.on_disconnect = self.on_disconnect
        self.client.on_message = self.on_message
        self.client.on_subscribe = self.on_subscribe

    def start(self, wait=True):
        if self.protocol == mqtt.MQTTv5:
            self.client.connect("127.0.0.1", self.stack.port, keepalive=60, clean_start=self.clean)
        else:
            self.client.connect("127.0.0.1", self.stack.port, keepalive=60)
        self.client.loop_start()
        if wait and not self.connected.wait(WAIT):
            raise TimeoutError(f"{self.member} did not connect: {self.refused}")

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()

    def on_connect(self, client, _userdata, _flags, code, _properties=None):
        value = getattr(code, "value", code)
        if value:
            with self.condition:
                self.refused = value
                self.condition.notify_all()
            return
        client.subscribe([(f, 1) for f in self.filters] if self.protocol != mqtt.MQTTv5
                         else [(f, mqtt.SubscribeOptions(qos=1)) for f in self.filters])

    def on_subscribe(self, _client, _userdata, _mid, granted, _properties=None):
        with self.condition:
            self.granted = [getattr(g, "value", g) for g in granted]
            self.condition.notify_all()
        self.connected.set()

    def on_disconnect(self, _client, _userdata, _code, _properties=None):
        self.connected.clear()
        with self.condition:
            self.disconnects += 1
            self.condition.notify_all()

    def on_message(self, _client, _userdata, message):
        with self.condition:
            self.messages.append((message.topic, message.payload, message.retain, getattr(message, "properties", None)))
            if message.topic.endswith("/receipt") and message.payload:
                receipt = json.loads(message.payload)
                self.receipts.setdefault(receipt.get("id"), []).append(receipt)
            elif not message.payload:
                self.documents.pop(message.topic, None)
            else:
                try:
                    self.documents[message.topic] = json.loads(message.payload)
                except ValueError:
                    self.documents[message.topic] = message.payload
            self.condition.notify_all()

    def subscribe(self, *filters):
        with self.condition:
            self.granted = None
        self.filters += filters
        self.client.subscribe([(f, 1) for f in filters] if self.protocol != mqtt.MQTTv5
                              else [(f, mqtt.SubscribeOptions(qos=1)) for f in filters])
        self.wait(lambda: self.granted is not None, "suback")
        return self.granted

    def wait(self, predicate, what="message", timeout=WAIT):
        """Until predicate() is true (its value is returned); checked after every event."""
        end = time.monotonic() + timeout
        with self.condition:
            while True:
                value = predicate()
                if value:
                    return value
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{self.member}: no {what}; have {list(self.documents)[:40]}")
                self.condition.wait(left)

    def document(self, topic, predicate=lambda d: True):
        return self.wait(lambda: topic in self.documents and predicate(self.documents[topic]) and self.documents[topic],
                         f"document {topic}")

    def task(self, unit, predicate=lambda d: True):
        """A task document of a unit that fits."""
        start = self.stack.topic(unit, "task/")
        return self.wait(lambda: next((d for t, d in self.documents.items() if t.startswith(start) and predicate(d)), None),
                         f"task of {unit}")

    def publish(self, topic, payload, qos=1, retain=False, properties=None):
        if isinstance(payload, (dict, list)):
            payload = json.dumps(payload, ensure_ascii=False)
        return self.client.publish(topic, payload, qos=qos, retain=retain, **({"properties": properties} if properties else {}))

    def send(self, topic, body, receipts=1, timeout=WAIT, **options):
        """Publish and repeat until the receipt is there; returns it."""
        body = {"id": message_id(), **body}
        text = json.dumps(body, ensure_ascii=False)
        end = time.monotonic() + timeout
        while True:
            self.connected.wait(max(0.0, end - time.monotonic()))
            self.publish(topic, text, **options)
            try:
                return self.wait(lambda: len(self.receipts.get(body["id"], ())) >= receipts and self.receipts[body["id"]][-1],
                                 f"receipt for {topic}", timeout=min(5.0, max(0.1, end - time.monotonic())))
            except TimeoutError:
                if time.monotonic() >= end:
                    raise

    def act(self, unit, target, verb, **body):
        return self.send(self.stack.topic(unit, f"action/{target}/{verb}"), body)

    def query(self, name, **body):
        ident = message_id()
        topic = f"{BASE}/member/{self.member}/reply"
        self.publish(f"{BASE}/member/{self.member}/query", {"id": ident, "query": name, **body})
        return self.wait(lambda: next((r for t, p, *_ in self.messages if t == topic
                                       for r in [json.loads(p)] if r.get("id") == ident), None), f"reply to {name}")


def properties_publish(**values):
    properties = Properties(PacketTypes.PUBLISH)
    for key, value in values.items():
        setattr(properties, key, value)
    return properties
