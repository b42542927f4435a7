"""The town as a program sees it: connection.json, and members who speak MQTT the way a phone does.

A phone keeps what it sends until its receipt comes, and repeats it with the same id (after 5 s, backing off): a receipt is the town's
promise, the broker's acknowledgement is not.
"""
import json
import secrets
import threading
import time

import paho.mqtt.client as mqtt


def message_id():
    """A UUIDv7 (RFC 9562): an id that carries its date."""
    value = bytearray(int(time.time() * 1000).to_bytes(6, "big") + secrets.token_bytes(10))
    value[6] = value[6] & 0x0F | 0x70
    value[8] = value[8] & 0x3F | 0x80
    text = value.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class Rejected(Exception):
    """The town said no."""

    def __init__(self, receipt):
        super().__init__(f"{receipt.get('code')}: {receipt.get('detail')}")
        self.receipt = receipt


class Capture:
    """Every message of the play, a JSON line each: {"topic","payload","retain"}."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8") if path else None
        self.lock = threading.Lock()

    def write(self, topic, payload, retain=None):
        if not self.file:
            return
        text = payload.decode("utf-8") if isinstance(payload, bytes) else payload
        line = {"topic": topic, "payload": json.loads(text) if text else ""}
        if retain is not None:
            line["retain"] = bool(retain)
        with self.lock:
            if not self.file.closed:
                self.file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self):
        if self.file:
            with self.lock:
                self.file.close()


class Town:
    """connection.json, and who is in it."""

    def __init__(self, path, capture):
        with open(path, encoding="utf-8") as file:
            self.connection = json.load(file)
        self.area = self.connection["area"]
        self.members = self.connection["members"]
        self.capture = capture
        self.phones = []

    def member(self, role, unit=None):
        for member, seat in self.members.items():
            if seat["role"] == role and unit in (None, seat["unit"]):
                return member
        raise LookupError(f"{role} {unit or ''}")

    def phone(self, role, unit=None, filters=(), **more):
        member = self.member(role, unit)
        return self.connect(member, self.members[member], filters, **more)

    def connect(self, member, seat, filters=(), **more):
        phone = Phone(self, member, seat, filters, **more)
        self.phones.append(phone)
        return phone

    def close(self):
        for phone in self.phones:
            phone.close()


class Phone:
    """One member's session. `documents` holds the latest of every topic it reads; `on_document` is told of each."""

    def __init__(self, town, member, seat, filters=(), on_document=None, captures=False):
        self.town, self.member, self.secret = town, member, seat["secret"]
        self.unit, self.tier = seat.get("unit", ""), seat.get("tier", 0)
        self.base = f"grid/v1/{town.area}"
        self.on_document, self.captures = on_document, captures
        self.documents, self.receipts, self.replies = {}, {}, {}
        self.changed = threading.Condition()
        self.connected = self.thrown_out_at = None
        self.filters = [f"member/{member}/receipt"] + ([f"member/{member}/reply"] if seat["role"] not in ("device", "gateway", "shop") else []) + list(filters)
        self.subscribed = 0
        self.client = mqtt.Client(client_id=f"{member}/demo-{secrets.token_hex(4)}", clean_session=None, protocol=mqtt.MQTTv5)
        self.client.username_pw_set(member, self.secret)
        self.client.on_connect, self.client.on_disconnect = self._on_connect, self._on_disconnect
        self.client.on_message, self.client.on_subscribe = self._on_message, self._on_subscribe
        self.client.connect(town.connection["mqtt"]["host"], town.connection["mqtt"]["port"], keepalive=60)
        self.client.loop_start()
        self.wait(lambda: self.connected is not None and self.subscribed == len(self.filters), 15, f"{member} connected")

    # what the library tells, on its own thread

    def _on_connect(self, client, _userdata, _flags, reason, _properties=None):
        with self.changed:
            self.connected = reason.value < 128
            self.thrown_out_at = None if self.connected else self.thrown_out_at
            self.refused = str(reason) if reason.value >= 128 else None
            self.changed.notify_all()
        if reason.value < 128:
            options = mqtt.SubscribeOptions(qos=1, retainAsPublished=True)
            for tail in self.filters:  # one by one, in order
                client.subscribe(f"{self.base}/{tail}", options=options)

    def _on_subscribe(self, _client, _userdata, _mid, reasons, _properties=None):
        with self.changed:
            if any(reason.value >= 128 for reason in reasons):
                self.connected = False
            self.subscribed += 1
            self.changed.notify_all()

    def _on_disconnect(self, _client, _userdata, _reason, _properties=None):
        with self.changed:
            self.thrown_out_at = time.monotonic()
            self.changed.notify_all()

    def _on_message(self, _client, _userdata, message):
        tail = message.topic[len(self.base) + 1:]
        receipt, reply = tail.endswith("/receipt"), tail.endswith("/reply")
        if self.captures or receipt or reply:
            self.town.capture.write(message.topic, message.payload, message.retain)
        document = json.loads(message.payload) if message.payload else None
        with self.changed:
            if receipt:
                self.receipts[document.get("id")] = document
            elif reply:
                self.replies[document.get("id")] = document
            else:
                self.documents[tail] = document
            self.changed.notify_all()
        if self.on_document and not (receipt or reply):
            self.on_document(tail, document)

    # what a member does

    def wait(self, condition, seconds, what):
        """Until the condition holds; returns its value."""
        end = time.monotonic() + seconds
        with self.changed:
            while not (value := condition()):
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(what)
                self.changed.wait(left)
            return value

    def publish(self, tail, body):
        text = json.dumps(body, ensure_ascii=False)
        self.town.capture.write(f"{self.base}/{tail}", text, False)
        self.client.publish(f"{self.base}/{tail}", text, qos=1)

    def send(self, tail, body, seconds=60):
        """Send and wait for the receipt; the same message again after 5 s, 10 s, …"""
        body = {"id": message_id(), **body}
        end, pause = time.monotonic() + seconds, 5
        while True:
            self.publish(tail, body)
            try:
                return self.wait(lambda: self.receipts.pop(body["id"], None), min(pause, max(0.1, end - time.monotonic())), "receipt")
            except TimeoutError:
                if time.monotonic() >= end:
                    raise TimeoutError(f"no receipt: {tail}") from None
                pause *= 2

    def do(self, tail, body):
        """Send; an exception when it is rejected."""
        receipt = self.send(tail, body)
        if receipt["outcome"] != "accepted":
            raise Rejected(receipt)
        return receipt

    def act(self, target, verb, **body):
        """A verb on a task, escalation or notice, spoken as the own unit."""
        return self.do(f"tier{self.tier}/{self.unit}/action/{target}/{verb}", body)

    def ask(self, query, **body):
        """A question; the reply's data."""
        body = {"id": message_id(), "query": query, **body}
        for _ in range(3):
            self.publish(f"member/{self.member}/query", body)
            try:
                reply = self.wait(lambda: self.replies.pop(body["id"], None), 10, "reply")
                if "data" not in reply:
                    raise Rejected(reply)
                return reply["data"]
            except TimeoutError:
                continue
        raise TimeoutError(f"no reply: {query}")

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
