"""What runs between plugin and daemon: fences behind everything queued, outstanding work counted, `busy` when the bound is reached."""
import json
import threading
import time

import pytest

from broker import AREA, Broker, message_id, stamp_check, town, until

BASE = f"grid/v1/{AREA}"
VILLAGE = f"{BASE}/tier3/village"


@pytest.fixture
def make(tmp_path):
    made = []

    def new(**options):
        made.append(Broker(tmp_path / f"broker{len(made)}", **options))
        return made[-1].start()

    yield new
    for broker in made:
        broker.close()


def body(**more):
    return {"id": message_id(), **more}


def test_1_a_fence_counts_and_tells_the_time(make):
    broker = make()
    daemon = broker.daemon().login().load(town()).listen()
    before = int(time.time() * 1000)
    daemon.fence(41)
    token, instance, counter, at = daemon.fence_answer()
    assert (token, counter) == (41, 0) and instance != 0 and before <= at <= int(time.time() * 1000)
    head = broker.client("head").login()
    for _ in range(3):
        head.publish(f"{VILLAGE}/report", body())
    daemon.fence(42)
    assert daemon.fence_answer()[:3] == (42, instance, 3)


def test_2_urgent_and_bulk_are_counted_apart(make):
    broker = make()
    daemon = broker.daemon("bulk").login().load(town()).listen()
    urgent = broker.daemon("urgent").login()
    broker.client("chief").login().publish(f"{BASE}/tier1/town/warning", body())
    broker.client("camera").login().publish(f"{BASE}/device/camera-1/event", body())
    broker.client("camera", suffix="/2").login().publish(f"{BASE}/device/camera-1/heartbeat", body())
    broker.client("root").login().publish(f"{BASE}/admin/member-add", body())
    urgent.fence(1)
    assert urgent.fence_answer()[2] == 3
    daemon.fence(1)
    assert daemon.fence_answer()[2] == 1


class Recorder:
    """Puts everything that a daemon's session receives into one list, in order."""

    def __init__(self, daemon):
        self.seen, self.news = [], threading.Condition()
        daemon.mqtt.on_message = self.on_message

    def on_message(self, client, userdata, message):
        with self.news:
            self.seen.append(message)
            self.news.notify_all()

    def wait_for(self, count):
        with self.news:
            assert self.news.wait_for(lambda: sum(m.topic.startswith("$CONTROL") for m in self.seen) >= count, 60)


@pytest.mark.parametrize("receive_maximum", [5, 20, 1000])
def test_3_a_fence_comes_behind_everything_queued_before(make, receive_maximum):
    """Under load, with a queue behind the window: each message stamped not later than a fence's time came before its answer."""
    broker = make()
    broker.daemon().login().load(town()).listen().close()
    heads = [broker.client("head", suffix=f"/{i}").login() for i in range(4)]
    for i in range(300):
        heads[i % 4].mqtt.publish(f"{VILLAGE}/report", json.dumps(body(i=i)), 1)
    daemon = broker.daemon(receive_maximum=receive_maximum)
    recorder = Recorder(daemon)
    daemon.login()
    for i in range(60):
        for head in heads:
            for _ in range(5):
                head.mqtt.publish(f"{VILLAGE}/report", json.dumps(body()), 1)
        daemon.fence(i)
    recorder.wait_for(60)
    for head in heads:
        head.publish(f"{VILLAGE}/report", body())
    daemon.fence(60)
    recorder.wait_for(61)
    fences, newest = [], 0
    for number, message in enumerate(recorder.seen):
        if message.topic.startswith("$CONTROL"):
            fences.append((number, int.from_bytes(message.payload[25:33], "big")))
    assert [int.from_bytes(recorder.seen[n].payload[1:9], "big") for n, _ in fences] == list(range(61))
    for number, at in fences:
        for later in recorder.seen[number + 1:]:
            if not later.topic.startswith("$CONTROL"):
                received_at = stamp_check(later, broker.stamp_key())[0]
                assert received_at >= at, "a message received before the fence's time came after its answer"
                newest = max(newest, received_at)
    assert sum(not m.topic.startswith("$CONTROL") for m in recorder.seen) == 300 + 60 * 20 + 4


def test_4_busy_when_the_bound_is_reached(make):
    broker = make(plugin_options={"busy_messages": 5})
    daemon = broker.daemon("bulk").login().load(town()).listen()
    head = broker.client("head", version=5).login()
    head.subscribe(f"{BASE}/member/{AREA}-head/receipt")
    for _ in range(5):
        head.publish(f"{VILLAGE}/report", body())
    asked = body()
    head.publish(f"{VILLAGE}/report", asked, CorrelationData=b"abc")
    receipt = head.next()
    document = json.loads(receipt.payload)
    assert (document["id"], document["code"]) == (asked["id"], "busy")
    assert receipt.properties.CorrelationData == b"abc"
    chief = broker.client("chief").login()
    chief.subscribe(f"{BASE}/member/{AREA}-chief/receipt")
    chief.publish(f"{BASE}/tier1/town/warning", body())
    daemon.fence(1)
    _, instance, counter, _ = daemon.fence_answer()
    assert counter == 5
    daemon.fence(2, instance + 1, counter)
    daemon.fence_answer()
    head.publish(f"{VILLAGE}/report", body())
    assert json.loads(head.next().payload)["code"] == "busy", "a fence of another run drains nothing"
    daemon.fence(3, instance, counter)
    daemon.fence_answer()
    head.publish(f"{VILLAGE}/report", body())
    daemon.fence(4, instance, counter)
    assert daemon.fence_answer()[2] == 6
    assert head.messages.empty()
    assert chief.messages.empty(), "urgent work has a bound of its own"


def test_5_busy_while_the_daemon_is_away(make):
    broker = make(plugin_options={"busy_messages": 20})
    daemon = broker.daemon("bulk").login().load(town()).listen()
    daemon.close()
    head = broker.client("head").login()
    head.subscribe(f"{BASE}/member/{AREA}-head/receipt")
    for _ in range(25):
        head.publish(f"{VILLAGE}/report", body())
    assert [json.loads(head.next().payload)["code"] for _ in range(5)] == ["busy"] * 5
    back = broker.daemon("bulk").login()
    for _ in range(20):
        back.next()
    back.fence(1)
    _, instance, counter, _ = back.fence_answer()
    back.fence(2, instance, counter)
    back.fence_answer()
    head.publish(f"{VILLAGE}/report", body())
    back.next()


def test_6_a_batch_of_many_documents_reaches_many_subscribers(make):
    broker = make()
    roster = town()
    for i in range(27):
        roster.unit(f"v{i}", 3, "room")
        roster.member(f"m{i}", (f"v{i}", "grid_head"), secret=f"secret-m{i}")
    daemon = broker.daemon().login().load(roster)
    members = [broker.client(f"m{i}").login() for i in range(27)]
    for i, member in enumerate(members):
        member.subscribe(f"{BASE}/tier3/v{i}/task/+/+")
    text = json.dumps({"x": "y" * 250})
    daemon.publish_documents([(f"{BASE}/tier3/v{i}/task/all/t{n}", text, True) for n in range(100) for i in range(27)])
    for i, member in enumerate(members):
        assert [member.next().topic for _ in range(100)] == [f"{BASE}/tier3/v{i}/task/all/t{n}" for n in range(100)]
