"""The plugin on a real broker: who gets in, what passes, and with what stamp. See broker.py."""
import json
import os
import random
import socket
import struct
import time

import pytest

from broker import AREA, CONTROL, OTHER, STAMP, WAIT, Broker, bulk, message_id, stamp_check, stamps, town, until

BASE = f"grid/v1/{AREA}"
VILLAGE = f"{BASE}/tier3/village"


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """A broker with the town loaded, shared by tests that leave it as it is; and its daemon on both sessions."""
    broker = Broker(tmp_path_factory.mktemp("grid"), websockets=True).start()
    broker.bulk = broker.daemon("bulk").login().load(town()).listen()
    yield broker
    broker.close()


@pytest.fixture
def drained(grid):
    """Nothing of an earlier test is left at the daemon."""
    while not grid.bulk.messages.empty():
        grid.bulk.messages.get()
    grid.bulk.kept.clear()
    return grid


def body(**more):
    return {"id": message_id(), **more}


# -- 1 connect --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 5])
def test_11_right_and_wrong_secret(grid, version):
    assert grid.client("head", version=version).connect() == 0
    refused = 5 if version == 4 else 0x87
    for secret in ("wrong", "", "secret-hea", "secret-head2"):
        assert grid.client("head", secret, version=version).connect() == refused
    assert grid.client("nobody", "secret-head", version=version).connect() == refused
    assert grid.client(f"{OTHER}-head", "secret-head", version=version).connect() == refused


@pytest.mark.parametrize("client_id", [f"{AREA}-worker", f"{AREA}-headx", f"{AREA}-hea", "x", f"{AREA}-head/", f"{AREA}-head/+", f"{AREA}-head/#",
                                       f"{AREA}-head/a b", f"{AREA}-head/\u00e9", f"{AREA}-head/" + "x" * 120, f"daemon-{AREA}/bulk"])
def test_12_client_id_is_bound(grid, client_id):
    client = grid.client("head")
    client.mqtt._client_id = client_id.encode()
    assert client.connect() == 5


@pytest.mark.parametrize("client_id", [f"{AREA}-head", f"{AREA}-head/phone", f"{AREA}-head/phone/2"])
def test_13_client_ids_of_the_member(grid, client_id):
    client = grid.client("head")
    client.mqtt._client_id = client_id.encode()
    assert client.connect() == 0


@pytest.mark.parametrize("user", ["", "+", "#", "/", f"{AREA}-+", f"{AREA}-#", f"{AREA}", "daemon-", "daemon-1", f"daemon-{OTHER}", "x" * 300])
def test_14_odd_user_names(grid, user):
    client = grid.client("head")
    client.mqtt.username_pw_set(user, "secret-head")
    client.mqtt._client_id = user.encode() or b"x"
    assert client.connect() == 5


def test_15_anonymous_and_daemon_with_wrong_password(grid):
    client = grid.client("head")
    client.mqtt._username = client.mqtt._password = None
    assert client.connect() == 5
    daemon = grid.daemon("other", version=4, clean=True)
    daemon.mqtt.username_pw_set(f"daemon-{AREA}", "0" * 64)
    assert daemon.connect() == 5


def packet(kind, rest):
    size, length = len(rest), b""
    while size or not length:
        length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
        size >>= 7
    return bytes([kind]) + length + rest


def connect_packet(client_id, user, password):
    fields = b"".join(struct.pack(">H", len(f)) + f for f in (client_id, user, password))
    return packet(0x10, b"\x00\x04MQTT\x04\xc2\x00\x3c" + fields)


def connack(port, packet):
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as s:
        s.sendall(packet)
        s.settimeout(WAIT)
        try:
            return s.recv(64)
        except ConnectionResetError:
            return b""


def test_16_raw_names_with_nul_and_control_characters(grid):
    """paho refuses to send these."""
    good = f"{AREA}-head".encode()
    assert connack(grid.port, connect_packet(good, good, b"secret-head"))[:4] == b"\x20\x02\x00\x00"
    for name in (good + b"\x00", good + b"\x01", good + b"\x7f", b"\x00", good + b"\xff", good[:-1] + b"\x00d"):
        assert connack(grid.port, connect_packet(name, good, b"secret-head"))[:4] != b"\x20\x02\x00\x00"
        assert connack(grid.port, connect_packet(good, name, b"secret-head"))[:4] != b"\x20\x02\x00\x00"
    assert connack(grid.port, connect_packet(good, good, b"x" * 60000)) == b"\x20\x02\x00\x05"


def test_17_flood_of_wrong_secrets_is_one_line_a_window(grid):
    name = f"{AREA}-head".encode()
    for _ in range(300):
        assert connack(grid.port, connect_packet(name, name, b"guess")) == b"\x20\x02\x00\x05"
    line = until("a line", lambda: [l for l in grid.log().splitlines() if "policegrid: last window" in l and "refused secret" in l])
    assert len(line) < 10


# -- 2 enrolment ------------------------------------------------------------------------------------------------------------


def test_21_code_opens_a_restricted_session(drained):
    own = f"{BASE}/member/{AREA}-fresh"
    fresh = drained.client("fresh", "code-fresh").login()
    assert fresh.subscribe(f"{own}/receipt", f"{own}/reply", f"{VILLAGE}/status", f"{BASE}/daemon/mark", "#") == [1, 128, 128, 128, 128]
    fresh.publish(f"{own}/request", body(request="enrol", secret_hash="0" * 64))
    message = drained.bulk.next()
    assert message.topic == f"{own}/request"
    assert stamp_check(message, drained.stamp_key())[1] == f"{AREA}-fresh"
    fresh.publish(f"{own}/query", body(query="self"))
    fresh.publish(f"{VILLAGE}/report", body(kind="hazard"))
    assert json.loads(fresh.next().payload)["code"] == "denied"
    drained.bulk.publish_documents([(f"{own}/receipt", '{"id":"x"}', False), (f"{VILLAGE}/status", "{}", False)])
    assert fresh.next().topic == f"{own}/receipt"
    assert drained.bulk.messages.empty()


def test_22_code_is_spent_once(tmp_path):
    broker = Broker(tmp_path).start()
    try:
        daemon = broker.daemon().login()
        roster = town()
        daemon.load(roster)
        fresh = broker.client("fresh", "code-fresh").login()
        member = roster.members[f"{AREA}-fresh"]
        member["code"], member["secret"] = None, "the-new-secret"
        daemon.load(roster)
        assert broker.client("fresh", "code-fresh", suffix="/b").connect() == 5
        assert broker.client("fresh", "the-new-secret", suffix="/b").connect() == 0
        assert fresh.lost.wait(WAIT), "the enrolling session ends after its grace"
    finally:
        broker.close()


def test_23_code_and_secret_expire(tmp_path):
    broker = Broker(tmp_path).start()
    try:
        roster = town()
        soon = int(time.time() * 1000)
        roster.member("late", ("village", "grid_worker"), code="code-late", code_until=soon - 1)
        roster.member("old", ("village", "grid_worker"), secret="secret-old", secret_until=soon - 1)
        roster.member("turn", ("village", "grid_worker"), secret="secret-new", previous="secret-turn", previous_until=soon + 3600000)
        roster.member("turned", ("village", "grid_worker"), secret="secret-new", previous="secret-turned", previous_until=soon - 1)
        broker.daemon().login().load(roster)
        assert broker.client("late", "code-late").connect() == 5
        assert broker.client("old").connect() == 5
        assert broker.client("turn").connect() == 0
        assert broker.client("turn", "secret-new", suffix="/b").connect() == 0
        assert broker.client("turned").connect() == 5
        assert broker.client("turned", "secret-new").connect() == 0
    finally:
        broker.close()


# -- 3 stamps ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("qos", [0, 1])
def test_31_every_upward_message_is_stamped_once(drained, version, qos):
    before = int(time.time() * 1000)
    head = drained.client("head", suffix="/phone", version=version).login()
    for topic in (f"{VILLAGE}/report", f"{VILLAGE}/action/t-1/accept", f"{BASE}/member/{AREA}-head/query", f"{BASE}/member/{AREA}-head/request"):
        head.publish(topic, body(), qos=qos)
        message = drained.bulk.next()
        received_at, member, client = stamp_check(message, drained.stamp_key())
        assert message.topic == topic and not message.retain
        assert (member, client) == (f"{AREA}-head", f"{AREA}-head/phone")
        assert before <= received_at <= int(time.time() * 1000)


def test_32_forged_stamps_and_other_properties_are_gone(drained):
    worker = drained.client("worker", version=5).login()
    worker.publish(f"{VILLAGE}/report", body(), UserProperty=[(STAMP, f"1 1 {AREA}-head {AREA}-head " + "0" * 64), (STAMP, "x"), ("a", "b")],
                   ResponseTopic=f"{BASE}/member/{AREA}-worker/receipt", CorrelationData=b"\x00\x01\xff", ContentType="application/json",
                   PayloadFormatIndicator=1, MessageExpiryInterval=3600)
    message = drained.bulk.next()
    assert stamp_check(message, drained.stamp_key())[1] == f"{AREA}-worker"
    assert [name for name, _ in message.properties.UserProperty] == [STAMP]
    assert message.properties.CorrelationData == b"\x00\x01\xff"
    assert message.properties.ResponseTopic == f"{BASE}/member/{AREA}-worker/receipt"
    assert message.properties.ContentType == "application/json"
    assert message.properties.PayloadFormatIndicator == 1


def test_33_a_stamp_does_not_fit_another_message(drained):
    head = drained.client("head").login()
    head.publish(f"{VILLAGE}/report", body(kind="a"))
    message = drained.bulk.next()
    stamp_check(message, drained.stamp_key())
    message.payload += b" "
    with pytest.raises(AssertionError):
        stamp_check(message, drained.stamp_key())


@pytest.mark.parametrize("qos", [0, 1])
def test_34_retain_is_stripped(drained, qos):
    head = drained.client("head").login()
    head.publish(f"{VILLAGE}/report", body(), qos=qos, retain=True)
    drained.bulk.next()
    late = drained.daemon(f"late{qos}", version=4, clean=True).login()
    assert late.subscribe(f"{BASE}/+/+/report") == [1]
    late.fence(1)
    late.fence_answer()
    assert late.messages.empty(), "a retained upward message would have come before the fence"


def test_35_empty_and_binary_payloads(drained):
    head = drained.client("head").login()
    for payload in (b"", b"\x00", b"\xff\xfe", b"x" * 70000):
        head.publish(f"{VILLAGE}/report", payload)
        message = drained.bulk.next()
        assert message.payload == payload
        stamp_check(message, drained.stamp_key())


# -- 4 wills ----------------------------------------------------------------------------------------------------------------


def will(topic, retain=False):
    return {"topic": topic, "payload": json.dumps(body(kind="will")), "qos": 1, "retain": retain}


@pytest.mark.parametrize("version", [4, 5])
def test_41_a_members_will_never_reaches_anyone(drained, version):
    """MESSAGE is not called for wills: they would come without a stamp, and RETAIN would stay."""
    cut = drained.client("head", suffix="/cut", version=version, will=will(f"{VILLAGE}/report", retain=True)).login()
    cut.drop()
    until("the broker noticed", lambda: [l for l in drained.log().splitlines() if f"{AREA}-head/cut closed" in l])
    taken = drained.client("head", suffix="/taken", version=version, will=will(f"{VILLAGE}/report", retain=True)).login()
    drained.client("head", suffix="/taken", version=version).login()
    assert taken.lost.wait(WAIT)
    drained.client("head").login().publish(f"{VILLAGE}/report", body(kind="after"))
    message = drained.bulk.next()
    assert json.loads(message.payload)["kind"] == "after"
    late = drained.daemon(f"will{version}", version=4, clean=True).login()
    late.subscribe(f"{BASE}/+/+/report")
    late.fence(1)
    late.fence_answer()
    assert late.messages.empty()


def test_42_the_daemons_will_marks_it_dead(drained):
    wall = drained.client("wall").login()
    assert wall.subscribe(f"{BASE}/daemon/mark") == [1]
    daemon = drained.daemon("dying", version=4, clean=True, will={"topic": f"{BASE}/daemon/mark", "payload": '{"alive":false}', "qos": 1, "retain": True})
    daemon.login().drop()
    assert json.loads(wall.next().payload) == {"alive": False}
    drained.bulk.publish_documents([(f"{BASE}/daemon/mark", "", True)])


def test_43_a_refused_clients_will_is_nothing(drained):
    client = drained.client("head", "wrong", will=will(f"{VILLAGE}/report"))
    assert client.connect() == 5
    drained.bulk.fence(1)
    drained.bulk.fence_answer()
    assert drained.bulk.messages.empty()


# -- 5 refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 5])
def test_51_denied_gets_a_receipt(drained, version):
    worker = drained.client("worker", version=version).login()
    worker.subscribe(f"{BASE}/member/{AREA}-worker/receipt")
    asked = body()
    worker.publish(f"{BASE}/tier2/room/report", asked)
    receipt = json.loads(worker.next().payload)
    assert (receipt["id"], receipt["outcome"], receipt["code"]) == (asked["id"], "rejected", "denied")
    assert " / " in receipt["detail"]
    worker.publish(f"{BASE}/tier2/room/report", b"\xff{")
    receipt = json.loads(worker.next().payload)
    assert "id" not in receipt and receipt["code"] == "denied"
    worker.publish(f"{BASE}/member/{AREA}-head/query", body())
    worker.publish(f"{BASE}/device/camera-1/heartbeat", body())
    worker.publish(f"{BASE}/device/camera-1/event", body())
    assert json.loads(worker.next().payload)["code"] == "denied"
    assert worker.messages.empty(), "heartbeats and queries are exempt"
    assert drained.bulk.messages.empty()


def test_52_qos_2_is_refused(drained):
    worker = drained.client("worker").login()
    worker.subscribe(f"{BASE}/member/{AREA}-worker/receipt")
    worker.publish(f"{VILLAGE}/report", body(), qos=2)
    assert json.loads(worker.next().payload)["code"] == "denied"
    assert drained.bulk.messages.empty()


def test_53_receipts_of_refusals_are_bounded(drained):
    worker = drained.client("worker").login()
    worker.subscribe(f"{BASE}/member/{AREA}-worker/receipt")
    infos = [worker.mqtt.publish(f"{BASE}/tier2/room/report", json.dumps(body()), 1) for _ in range(400)]
    for info in infos:
        info.wait_for_publish(WAIT)
    worker.subscribe(f"{BASE}/daemon/mark")
    assert 40 <= worker.messages.qsize() <= 150


def test_54_the_broker_goes_on_serving_a_denied_client(drained):
    worker = drained.client("worker").login()
    worker.publish(f"{BASE}/tier2/room/report", body())
    worker.publish(f"{VILLAGE}/report", body())
    drained.bulk.next()
    assert not worker.lost.is_set()


# -- 6 topics and filters ---------------------------------------------------------------------------------------------------


def test_61_filters(drained):
    officer = drained.client("officer").login()
    allowed = [f"{BASE}/tier2/room/task/+/+", f"{BASE}/tier2/room/task/#", f"{VILLAGE}/notice/+", f"{BASE}/daemon/mark",
               f"$share/g-1/{VILLAGE}/status", f"{BASE}/tier3/hall/task/+/+"]
    assert officer.subscribe(*allowed) == [1] * len(allowed)
    denied = ["#", "+/#", "$SYS/#", "$SYS/broker/uptime", "$CONTROL/#", CONTROL, f"{BASE}/#", f"{BASE}/+/+/status", f"{VILLAGE}/#", f"{VILLAGE}/notice/#",
              f"{VILLAGE}/report", f"{BASE}/tier1/town/task/+/+", f"grid/v1/{OTHER}/tier2/room/task/+/+", f"{BASE}/member/+/receipt",
              f"$share/g_/{VILLAGE}/status", "$share/g/#", f"$share/g//{VILLAGE}/status", f"$sharefoo/g/{VILLAGE}/status"]
    assert officer.subscribe(*denied) == [128] * len(denied)


def raw_subscribe(port, user, password, text):
    """The SUBACK's code, or b"" when the broker closed."""
    name = user.encode()
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as s:
        s.settimeout(WAIT)
        s.sendall(connect_packet(name + b"/raw", name, password.encode()))
        assert s.recv(4) == b"\x20\x02\x00\x00"
        s.sendall(packet(0x82, b"\x00\x01" + struct.pack(">H", len(text)) + text + b"\x01"))
        try:
            return s.recv(16)[4:]
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize("text", [b"$share/g", b"$share", b"$share/", b"$share//t", b"$share/+/t", b"$share/g/", b"$share/#/t", b"$SYS", b"$", b"/", b"//",
                                  b"\x01", b"a\x00b", b"\xff", b"x" * 65535, b"+/" * 32767, f"{BASE}/tier2/room/status/".encode()])
def test_62_odd_filters(grid, text):
    assert raw_subscribe(grid.port, f"{AREA}-officer", "secret-officer", text) in (b"\x80", b"")
    assert grid.is_alive()


def test_63_only_the_daemon_reads_upward(drained):
    chief = drained.client("chief").login()
    assert chief.subscribe(f"{BASE}/+/+/report", f"{BASE}/+/+/warning", f"{BASE}/+/+/action/+/+", f"{BASE}/admin/+") == [128] * 4


def test_64_control_is_the_daemons(drained):
    root = drained.client("root").login()
    root.subscribe(f"{BASE}/member/{AREA}-root/receipt")
    root.publish(CONTROL, bulk([(f"{VILLAGE}/status", "{}", True)]))
    assert json.loads(root.next().payload)["code"] == "denied"
    root.publish("$CONTROL/dynamic-security/v1", b"{}")
    assert json.loads(root.next().payload)["code"] == "denied"
    assert not root.lost.is_set()


def test_65_sys_is_nobodys(grid):
    """Neither by a filter of its own nor by a wildcard that the broker would let reach it."""
    for name in ("root", "audit", "chief"):
        client = grid.client(name, suffix="/sys").login()
        assert client.subscribe("$SYS/broker/uptime", "$SYS/broker/clients/+", "#") == [128] * 3


def test_66_topics_of_65535_bytes(drained):
    worker = drained.client("worker").login()
    worker.publish("x" * 65535, b"{}", qos=1)
    worker.publish(f"{VILLAGE}/report", body())
    drained.bulk.next()


def test_67_subscriptions_of_a_client_are_bounded(drained):
    head = drained.client("head").login()
    codes = []
    for start in range(0, 1050, 150):
        _, mid = head.mqtt.subscribe([(f"{VILLAGE}/task/all/t{i}", 1) for i in range(start, start + 150)])
        codes += head.answer(mid)
    assert codes == [1] * 1000 + [128] * 50
    assert head.mqtt.is_connected() and not head.lost.is_set()


# -- 7 bulk publish ---------------------------------------------------------------------------------------------------------


def test_71_documents_in_order_with_retain_and_correlation(drained):
    head = drained.client("head", version=5).login()
    head.subscribe(f"{VILLAGE}/task/+/+", f"{BASE}/member/{AREA}-head/receipt")
    documents = [(f"{VILLAGE}/task/all/t{i}", json.dumps({"i": i}), True) for i in range(500)]
    documents.append((f"{BASE}/member/{AREA}-head/receipt", "{}", False, b"\x01\x00\x02"))
    drained.bulk.publish_documents(documents)
    got = [head.next() for _ in range(501)]
    assert [m.topic for m in got] == [d[0] for d in documents]
    assert got[-1].properties.CorrelationData == b"\x01\x00\x02"
    late = drained.client("head", suffix="/late").login()
    late.subscribe(f"{VILLAGE}/task/all/t7")
    assert late.next().retain
    drained.bulk.publish_documents([(topic, "", True) for topic, *_ in documents[:-1]])
    assert [head.next().payload for _ in range(500)] == [b""] * 500
    last = drained.client("head", suffix="/last").login()
    last.subscribe(f"{VILLAGE}/task/+/+", f"{BASE}/daemon/mark")
    assert last.messages.empty()


def test_72_audience_is_held_per_message(drained):
    worker = drained.client("worker").login()
    worker.subscribe(f"{VILLAGE}/task/+/+")
    drained.bulk.publish_documents([(f"{VILLAGE}/task/named/a", "{}", True), (f"{VILLAGE}/task/staff/b", "{}", True)])
    assert worker.next().topic == f"{VILLAGE}/task/staff/b"
    late = drained.client("worker", suffix="/late").login()
    late.subscribe(f"{VILLAGE}/task/+/+")
    assert late.next().topic == f"{VILLAGE}/task/staff/b"
    drained.bulk.publish_documents([(f"{VILLAGE}/task/named/a", "", True), (f"{VILLAGE}/task/staff/b", "", True)])
    assert worker.next().payload == b"" and worker.messages.empty() and late.messages.qsize() <= 1


@pytest.mark.parametrize("name, data", [
    ("foreign area", bulk([(f"{VILLAGE}/status", "{}", False), (f"grid/v1/{OTHER}/tier3/village/status", "{}", False)])),
    ("upward topic", bulk([(f"{VILLAGE}/status", "{}", False), (f"{VILLAGE}/report", "{}", False)])),
    ("presence", bulk([(f"{VILLAGE}/status", "{}", False), (f"{VILLAGE}/presence/{AREA}-head", "{}", True)])),
    ("wildcard", bulk([(f"{VILLAGE}/status", "{}", False), (f"{BASE}/+/x", "", True)])),
    ("sys", bulk([(f"{VILLAGE}/status", "{}", False), ("$SYS/x", "", True)])),
    ("torn", bulk([(f"{VILLAGE}/status", "{}", False), (f"{VILLAGE}/status", "{}", False)])[:-1]),
    ("empty", b""), ("unknown type", b"\xee"), ("answer", b"\x07" + b"\0" * 53), ("bad fence", b"\x06\x00"), ("long ask", b"\x02\x00"),
])
def test_73_what_is_not_the_daemons_is_refused_whole(drained, name, data):
    head = drained.client("head").login()
    head.subscribe(f"{VILLAGE}/status")
    odd = drained.daemon("odd", version=4, clean=True).login()
    odd.mqtt.publish(CONTROL, data, 1)
    assert odd.lost.wait(WAIT), "a daemon that says this starts over"
    drained.bulk.publish_documents([(f"{VILLAGE}/status", '"after"', False)])
    assert head.next().payload == b'"after"'


def test_74_anything_unknown_of_the_area_may_be_cleared(drained):
    drained.bulk.publish_documents([(f"{BASE}/whatever/was/here", "", True), (f"{VILLAGE}/presence/{AREA}-gone", "", True)])
    drained.bulk.fence(3)
    assert drained.bulk.fence_answer()[0] == 3


# -- 8 presence -------------------------------------------------------------------------------------------------------------


def test_81_presence_is_counted_per_member_and_debounced(tmp_path):
    broker = Broker(tmp_path, plugin_options={"presence_ms": 300}).start()
    try:
        broker.daemon().login().load(town())
        chief = broker.client("chief").login()
        chief.subscribe(f"{VILLAGE}/presence/+", f"{BASE}/tier2/room/presence/+")
        one = broker.client("worker", suffix="/1").login()
        message = chief.next()
        assert message.topic == f"{VILLAGE}/presence/{AREA}-worker"
        assert json.loads(message.payload)["connected"] is True
        one.close()
        two = broker.client("worker", suffix="/2").login()
        one = broker.client("worker", suffix="/1").login()
        one.close()
        other = broker.client("officer").login()
        assert chief.next().topic == f"{BASE}/tier2/room/presence/{AREA}-officer", "gone and back at once, and one of two clients left: the member is still there"
        two.close()
        again = broker.client("worker", suffix="/3").login()
        again.close()
        document = json.loads(chief.next().payload)
        assert document["member"] == f"{AREA}-worker" and document["connected"] is False and document["since"].endswith(("+00:00", "Z"))
        broker.client("wall").login()
        broker.client("camera").login()
        broker.client("root").login()
        other.close()
        message = chief.next()
        assert message.topic == f"{BASE}/tier2/room/presence/{AREA}-officer" and json.loads(message.payload)["connected"] is False
        assert chief.messages.empty(), "nothing flickered, and walls, devices and administrators have none"
        late = broker.client("head").login()
        late.subscribe(f"{VILLAGE}/presence/+")
        assert late.next().retain
        assert broker.client("worker").login().subscribe(f"{VILLAGE}/presence/+") == [128]
    finally:
        broker.close()


def test_82_presence_follows_the_roster(tmp_path):
    broker = Broker(tmp_path, plugin_options={"presence_ms": 0}).start()
    try:
        roster = town()
        daemon = broker.daemon().login().load(roster)
        chief = broker.client("chief").login()
        chief.subscribe(f"{VILLAGE}/presence/+", f"{BASE}/tier2/room/presence/+")
        worker = broker.client("worker").login()
        chief.next()
        roster.members[f"{AREA}-worker"]["seats"] = (("room", "grid_worker"),)
        daemon.load(roster)
        moved = [chief.next(), chief.next()]
        assert [(m.topic.split("/")[4], bool(m.payload)) for m in moved] == [("village", False), ("room", True)]
        del roster.members[f"{AREA}-worker"]
        daemon.load(roster)
        message = chief.next()
        assert message.topic.endswith(f"room/presence/{AREA}-worker") and message.payload == b""
        assert worker.lost.wait(WAIT)
    finally:
        broker.close()


# -- 9 websockets -----------------------------------------------------------------------------------------------------------


def test_91_the_same_over_websockets(drained):
    client = drained.client("head", suffix="/ws", websockets=True).login()
    assert client.subscribe(f"{VILLAGE}/task/+/+", "#") == [1, 128]
    client.publish(f"{VILLAGE}/report", body(), retain=True)
    stamp_check(drained.bulk.next(), drained.stamp_key())
    assert drained.client("head", "wrong", websockets=True).connect() == 5


def test_92_a_takeover_and_a_will_over_websockets(drained):
    first = drained.client("head", suffix="/ws2", websockets=True, will=will(f"{VILLAGE}/report", retain=True)).login()
    second = drained.client("head", suffix="/ws2", websockets=True).login()
    assert first.lost.wait(WAIT)
    second.publish(f"{VILLAGE}/report", body(kind="second"))
    assert json.loads(drained.bulk.next().payload)["kind"] == "second"


# -- 10 noise ---------------------------------------------------------------------------------------------------------------


def mqtt_packets(rng):
    """Valid packets of a member who is in, which are then bent."""
    name = f"{AREA}-worker".encode()
    topic = f"{VILLAGE}/report".encode()
    mid = b"\x00\x07"
    yield packet(0x30, struct.pack(">H", len(topic)) + topic + b"{}")
    yield packet(0x32, struct.pack(">H", len(topic)) + topic + mid + b"{}")
    yield packet(0x34, struct.pack(">H", len(topic)) + topic + mid + b"{}")
    yield packet(0x62, mid)
    yield packet(0x82, mid + struct.pack(">H", len(topic)) + topic + b"\x01")
    yield packet(0xA2, mid + struct.pack(">H", len(topic)) + topic)
    yield packet(0xC0, b"")
    yield packet(0xE0, b"")
    yield connect_packet(name, name, b"secret-worker")
    yield packet(0xF0, b"\x00\x00")
    yield bytes(rng.randrange(256) for _ in range(rng.randrange(1, 40)))


def test_101_noise_leaves_the_broker_serving(drained):
    """A client that is let in and then sends bent packets; POLICEGRID_NOISE says how many connections."""
    rng = random.Random(20261121)
    name = f"{AREA}-worker".encode()
    for _ in range(int(os.environ.get("POLICEGRID_NOISE", "400"))):
        packets = list(mqtt_packets(rng))
        data = connect_packet(name + b"/%d" % rng.randrange(5), name, b"secret-worker")
        for _ in range(rng.randrange(1, 12)):
            bent = bytearray(rng.choice(packets))
            for _ in range(rng.choice((0, 0, 1, 1, 2, 5))):
                bent[rng.randrange(len(bent))] = rng.randrange(256)
            data += bent
        with socket.create_connection(("127.0.0.1", drained.port), timeout=WAIT) as s:
            try:
                s.sendall(data)
                if rng.randrange(2):
                    s.settimeout(WAIT)
                    s.recv(4096)
            except (ConnectionResetError, BrokenPipeError):
                pass
    assert drained.is_alive()
    drained.client("head").login().publish(f"{VILLAGE}/report", body(kind="last"))
    message = drained.bulk.wait_for(lambda m: b'"last"' in m.payload)
    assert all(len(stamps(m)) == 1 and not m.retain for m in drained.bulk.kept + [message])
