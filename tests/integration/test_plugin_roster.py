"""The plugin's roster: updates, snapshots, restarts of the broker alone, revocation of live and offline sessions, SIGHUP."""
import json
import os

import pytest

from broker import AREA, CONTROL, OTHER, WAIT, Broker, bulk, message_id, stamp_check, town, until

BASE = f"grid/v1/{AREA}"
VILLAGE = f"{BASE}/tier3/village"


@pytest.fixture
def make(tmp_path):
    """A function that makes brokers, stopped after the test."""
    made = []

    def new(**options):
        folder = tmp_path / f"broker{len(made)}"
        made.append(Broker(folder, **options))
        return made[-1].start()

    yield new
    for broker in made:
        broker.close()


def body(**more):
    return {"id": message_id(), **more}


# -- 1 updates --------------------------------------------------------------------------------------------------------------


def test_11_without_a_roster_only_the_daemon(make):
    broker = make()
    for name in ("chief", "root", "camera"):
        assert broker.client(name).connect() == 5
    assert broker.client("fresh", "code-fresh").connect() == 5
    daemon = broker.daemon().login()
    assert daemon.ask()[:4] == (0, 0, 0, 0)
    daemon.load(town())
    assert broker.client("chief").connect() == 0


def test_12_held_says_what_is_held(make):
    broker = make()
    daemon = broker.daemon().login()
    roster = town()
    data, digest = roster.encode(3, 9)
    assert daemon.send_roster(roster, epoch=3, version=9, chunk=100) == (1, 3, 9, len(roster.members), digest)
    assert daemon.ask() == (1, 3, 9, len(roster.members), digest)
    assert broker.snapshot().read_bytes() == data
    assert broker.snapshot().stat().st_mode & 0o777 == 0o600


def test_13_older_and_different_are_refused(make):
    broker = make()
    daemon = broker.daemon().login()
    roster, changed = town(), town()
    changed.member("more", ("village", "volunteer"), secret="secret-more")
    assert daemon.send_roster(roster, epoch=3, version=9)[0] == 1
    assert daemon.send_roster(roster, epoch=3, version=9)[0] == 1, "the same again is fine"
    for epoch, version in ((3, 8), (2, 10), (3, 9)):
        assert daemon.send_roster(changed, epoch=epoch, version=version)[:3] == (2, 3, 9)
    assert broker.client("more").connect() == 5
    assert daemon.send_roster(changed, epoch=4, version=1)[:3] == (1, 4, 1)
    assert broker.client("more").connect() == 0


def torn(data):
    yield "truncated", data[:-1]
    yield "empty contents", data[:56]
    yield "bit flipped", data[:100] + bytes([data[100] ^ 4]) + data[101:]
    yield "hash flipped", data[:-1] + bytes([data[-1] ^ 1])
    yield "longer", data + b"x"
    yield "no magic", b"X" + data[1:]


def test_14_torn_updates_are_refused_and_the_next_is_taken(make):
    broker = make()
    daemon = broker.daemon().login()
    roster = town()
    version = 1
    for name, data in torn(roster.encode(1, 1)[0]):
        assert daemon.send_roster(roster, epoch=1, version=1, data=data)[0] == 2, name
    assert daemon.send_roster(roster, epoch=1, version=1, digest=b"\0" * 32)[0] == 2
    assert daemon.send_roster(roster, epoch=1, version=2, data=roster.encode(1, 1)[0])[0] == 2
    assert broker.client("chief").connect() == 5
    assert not broker.snapshot().exists()
    assert daemon.send_roster(roster, epoch=1, version=version)[0] == 1
    assert broker.client("chief").connect() == 0
    assert daemon.send_roster(roster, epoch=7, version=7, data=b"torn")[0] == 2
    assert daemon.send_roster(roster, epoch=1, version=2)[:3] == (1, 1, 2), "what was refused does not count as seen"


def test_15_foreign_and_hostile_rosters(make):
    broker = make()
    daemon = broker.daemon().login()
    assert daemon.send_roster(town(OTHER), version=1)[0] == 2

    def refused(change):
        roster = town()
        change(roster)
        assert daemon.send_roster(roster, version=2)[0] == 2

    refused(lambda r: r.units.append(("town", 1, 0xFFFFFFFF, 0xFFFFFFFF)))
    refused(lambda r: r.units.append(("x", 3, 0, 0xFFFFFFFF)))
    refused(lambda r: r.units.append(("x", 2, 99, 0xFFFFFFFF)))
    refused(lambda r: r.units.append(("x", 2, 0, 99)))
    refused(lambda r: r.units.append(("+", 2, 0, 0xFFFFFFFF)))
    refused(lambda r: r.member("x", (None, "officer"), secret="s"))
    refused(lambda r: r.member("x/y", ("room", "officer"), secret="s"))
    refused(lambda r: r.bindings.update({"a/b": ("room", None)}))
    assert daemon.send_roster(town(), version=2)[0] == 1


def test_16_chunks_out_of_order_or_missing(make):
    import struct
    broker = make()
    daemon = broker.daemon().login()
    data, digest = town().encode(1, 1)
    half = len(data) // 2
    begin = struct.pack(">BQQII", 3, 1, 1, len(data), 2) + digest

    def chunk(index, piece, version=1):
        return struct.pack(">BQII", 4, version, index, len(piece)) + piece

    commit = struct.pack(">BQ", 5, 1)
    for says in ([begin, chunk(1, data[half:])], [begin, chunk(0, data[:half]), commit], [begin, chunk(0, data[:half], version=2)],
                 [begin, chunk(0, data[:half]), chunk(1, data[half:] + b"x")]):
        for message in says:
            daemon.say(message)
        assert daemon.held()[0] == 2
    daemon.say(commit)
    for message in (begin, chunk(0, data[:half]), chunk(1, data[half:]), commit):
        daemon.say(message)
    assert daemon.held()[0] == 1


def test_17_areas_share_a_broker_and_nothing_else(make):
    broker = make(areas=(AREA, OTHER))
    here, there = broker.daemon().login().load(town()), broker.daemon(area=OTHER).login().load(town(OTHER))
    here.listen()
    there.listen()
    head, other = broker.client("head").login(), broker.client(f"{OTHER}-head").login()
    head.publish(f"grid/v1/{OTHER}/tier3/village/report", body())
    other.publish(f"grid/v1/{OTHER}/tier3/village/report", body())
    message = there.next()
    assert stamp_check(message, broker.stamp_key(OTHER))[1] == f"{OTHER}-head"
    assert there.messages.empty() and here.messages.empty()
    assert here.subscribe(f"grid/v1/{OTHER}/+/+/report", "grid/v1/+/+/+/report") == [0x87] * 2
    crossed = broker.daemon("x", version=4, clean=True)
    crossed.mqtt.username_pw_set(f"daemon-{AREA}", broker.daemon_password(OTHER))
    assert crossed.connect() == 5


def test_18_documents_behind_a_commit_wait_until_it_is_in_force(make):
    """Whoever reads the receipt of an addition finds the new member let in, of a revocation the old one shut out."""
    import struct
    broker = make()
    roster = town()
    daemon = broker.daemon().login().load(roster)
    chief = broker.client("chief").login()
    chief.subscribe(f"{BASE}/member/{AREA}-chief/receipt")
    for i in range(15):
        roster.member(f"n{i}", ("village", "grid_worker"), secret=f"secret-n{i}")
        roster.members.pop(f"{AREA}-n{i - 1}", None)
        data, digest = roster.encode(1, i + 10)
        daemon.say(struct.pack(">BQQII", 3, 1, i + 10, len(data), 1) + digest)
        daemon.say(struct.pack(">BQII", 4, i + 10, 0, len(data)) + data)
        daemon.mqtt.publish(CONTROL, struct.pack(">BQ", 5, i + 10), 1)
        for n in range(3):
            daemon.mqtt.publish(CONTROL, bulk([(f"{BASE}/member/{AREA}-chief/receipt", str(n), False)]), 1)
        assert [chief.next().payload for _ in range(3)] == [b"0", b"1", b"2"]
        assert broker.client(f"n{i}").connect() == 0
        if i:
            assert broker.client(f"n{i - 1}").connect() == 5
        assert daemon.held()[0] == 1


# -- 2 snapshots ------------------------------------------------------------------------------------------------------------


def test_21_restart_without_daemon(make):
    broker = make()
    broker.daemon().login().load(town())
    broker.kill()
    broker.start()
    assert broker.client("chief").connect() == 0
    assert broker.client("chief", "wrong").connect() == 5
    assert broker.client("head").login().subscribe(f"{VILLAGE}/task/+/+", "#") == [1, 128]


def test_22_bad_snapshots_leave_only_the_daemon(make):
    broker = make()
    broker.daemon().login().load(town())
    good = broker.snapshot().read_bytes()
    foreign = town(OTHER).encode(1, 1)[0]
    for name, data in [("empty", b""), *torn(good), ("foreign", foreign), ("noise", os.urandom(5000))]:
        broker.stop()
        broker.snapshot().write_bytes(data)
        broker.start()
        assert broker.client("chief").connect() == 5, name
        daemon = broker.daemon().login()
        assert daemon.ask()[0] == 0, name
        assert "snapshot refused" in broker.log()
        daemon.close()
    daemon = broker.daemon().login()
    daemon.load(town())
    assert broker.client("chief").connect() == 0


def test_23_a_link_or_a_leftover_is_no_snapshot(make, tmp_path):
    broker = make()
    broker.daemon().login().load(town())
    broker.stop()
    elsewhere = tmp_path / "elsewhere"
    broker.snapshot().rename(elsewhere)
    broker.snapshot().symlink_to(elsewhere)
    broker.start()
    assert broker.client("chief").connect() == 5
    broker.stop()
    broker.snapshot().unlink()
    elsewhere.rename(str(broker.snapshot()) + ".new")
    broker.start()
    assert broker.client("chief").connect() == 5


def test_24_a_folder_that_cannot_be_written_costs_only_the_snapshot(make):
    broker = make()
    (broker.folder / "roster").rmdir()
    daemon = broker.daemon().login()
    assert daemon.send_roster(town())[0] == 1
    assert broker.client("chief").connect() == 0
    assert "not written" in broker.log()


# -- 3 sessions and queues over a restart -----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 5])
def test_31_durable_sessions_of_a_restarted_broker(make, version):
    """Before any password is seen again: queued messages are kept, new ones are queued, for who may read them."""
    broker = make()
    daemon = broker.daemon().login().load(town()).listen()
    options = {"version": version, "clean": False, "expiry": 3600}
    for name in ("head", "worker"):
        member = broker.client(name, suffix="/phone", **options).login()
        assert member.subscribe(f"{VILLAGE}/task/+/+") == [1]
        member.close()
    daemon.publish_documents([(f"{VILLAGE}/task/all/before", "1", False)])
    daemon.fence(1)
    daemon.fence_answer()
    daemon.close()
    broker.stop()
    broker.start()
    daemon = broker.daemon().login()
    daemon.publish_documents([(f"{VILLAGE}/task/all/after", "2", False), (f"{VILLAGE}/task/named/after", "3", False)])
    daemon.fence(1)
    daemon.fence_answer()
    head = broker.client("head", suffix="/phone", **options).login()
    assert head.session_present
    assert [head.next().payload for _ in range(3)] == [b"1", b"2", b"3"]
    worker = broker.client("worker", suffix="/phone", **options).login()
    assert [worker.next().payload for _ in range(2)] == [b"1", b"2"]
    assert worker.messages.empty()


def test_32_the_daemons_queue_survives(make):
    broker = make()
    broker.daemon().login().load(town()).listen().close()
    head = broker.client("head").login()
    asked = [body(n=i) for i in range(50)]
    for message in asked:
        head.publish(f"{VILLAGE}/report", message)
    broker.stop()
    broker.start()
    daemon = broker.daemon().login()
    got = [daemon.next() for _ in asked]
    assert [json.loads(m.payload) for m in got] == asked
    for message in got:
        stamp_check(message, broker.stamp_key())


def test_33_sighup_keeps_everybody(make):
    """BASIC_AUTH is asked again for every session, also for offline ones and for those read from the file."""
    broker = make()
    daemon = broker.daemon().login().load(town())
    options = {"version": 5, "clean": False, "expiry": 3600}
    offline = broker.client("worker", suffix="/offline", **options).login()
    offline.subscribe(f"{VILLAGE}/status")
    offline.close()
    daemon.close()
    broker.stop()
    broker.start()
    daemon = broker.daemon().login()
    gone = broker.client("officer", suffix="/gone", **options).login()
    gone.subscribe(f"{VILLAGE}/status")
    gone.close()
    live = [broker.client("head", suffix=f"/{i}").login() for i in range(20)]
    for client in live:
        client.subscribe(f"{VILLAGE}/status")
    ended = broker.log().count("/offline disconnected"), broker.log().count("/gone disconnected")
    for _ in range(3):
        before = broker.log().count("Reloading config")
        broker.reload()
        until("reloaded", lambda n=before: broker.log().count("Reloading config") > n)
    daemon.publish_documents([(f"{VILLAGE}/status", "{}", False)])
    for client in live:
        assert client.next().payload == b"{}"
        assert not client.lost.is_set()
    assert (broker.log().count("/offline disconnected"), broker.log().count("/gone disconnected")) == ended, \
        "an offline session that is refused would be ended again, and stand in 2.0.11's expiry list twice"
    for name, suffix in (("worker", "/offline"), ("officer", "/gone")):
        back = broker.client(name, suffix=suffix, **options).login()
        assert back.session_present and back.next().payload == b"{}"


# -- 4 revocation -----------------------------------------------------------------------------------------------------------


def test_41_a_live_session_is_closed_at_once(make):
    broker = make(websockets=True)
    roster = town()
    daemon = broker.daemon().login().load(roster).listen()
    worker = broker.client("worker", will={"topic": f"{VILLAGE}/report", "payload": "{}", "qos": 1}).login()
    second = broker.client("worker", suffix="/2", version=5, clean=False, expiry=3600).login()
    third = broker.client("worker", suffix="/3", websockets=True).login()
    head = broker.client("head").login()
    del roster.members[f"{AREA}-worker"]
    daemon.load(roster)
    assert worker.lost.wait(WAIT) and second.lost.wait(WAIT) and third.lost.wait(WAIT)
    assert broker.client("worker").connect() == 5
    head.publish(f"{VILLAGE}/report", body())
    assert json.loads(daemon.next().payload)["id"], "the next message is the head's: no will came"
    assert not head.lost.is_set()


def test_42_a_changed_secret_closes_what_the_old_one_opened(make):
    broker = make()
    roster = town()
    daemon = broker.daemon().login().load(roster)
    old = broker.client("worker").login()
    roster.members[f"{AREA}-worker"].update(secret="another", previous="secret-worker")
    daemon.load(roster)
    new = broker.client("worker", "another", suffix="/new").login()
    assert old.subscribe(f"{VILLAGE}/status") == [1], "rotation overlaps"
    roster.members[f"{AREA}-worker"].update(previous=None)
    daemon.load(roster)
    assert old.lost.wait(WAIT)
    assert not new.lost.is_set()
    assert broker.client("worker").connect() == 5


@pytest.mark.parametrize("version", [4, 5])
def test_43_an_offline_session_gets_nothing_and_loses_its_subscriptions(make, version):
    broker = make()
    roster = town()
    daemon = broker.daemon().login().load(roster)
    options = {"version": version, "clean": False, "expiry": 3600}
    worker = broker.client("worker", **options).login()
    worker.subscribe(f"{VILLAGE}/task/+/+")
    worker.close()
    daemon.publish_documents([(f"{VILLAGE}/task/all/before", "1", False)])
    gone = roster.members.pop(f"{AREA}-worker")
    daemon.load(roster)
    until("pruned", lambda: "pruned offline sessions 1" in broker.log())
    daemon.publish_documents([(f"{VILLAGE}/task/all/during", "2", False)])
    roster.members[f"{AREA}-worker"] = gone
    daemon.load(roster)
    daemon.publish_documents([(f"{VILLAGE}/task/all/after", "3", False)])
    back = broker.client("worker", **options).login()
    assert back.session_present
    back.subscribe(f"{BASE}/daemon/mark")
    payloads = []
    while not back.messages.empty():
        payloads.append(back.messages.get().payload)
    assert b"2" not in payloads and b"3" not in payloads


def test_44_a_seat_that_ends_takes_its_queue_along(make):
    broker = make()
    roster = town()
    daemon = broker.daemon().login().load(roster)
    options = {"version": 4, "clean": False}
    worker = broker.client("worker", **options).login()
    worker.subscribe(f"{VILLAGE}/task/+/+", f"{BASE}/member/{AREA}-worker/receipt")
    worker.close()
    daemon.publish_documents([(f"{VILLAGE}/task/all/before", "1", False), (f"{BASE}/member/{AREA}-worker/receipt", "2", False)])
    roster.members[f"{AREA}-worker"]["seats"] = ()
    daemon.load(roster)
    back = broker.client("worker", **options).login()
    assert back.next().payload == b"2"
    assert back.messages.empty()


def test_45_a_retained_document_is_read_by_the_roster_of_today(make):
    broker = make()
    roster = town()
    daemon = broker.daemon().login().load(roster)
    daemon.publish_documents([(f"{VILLAGE}/task/all/kept", "1", True)])
    worker = broker.client("worker").login()
    worker.subscribe(f"{VILLAGE}/task/+/+")
    assert worker.next().payload == b"1"
    roster.members[f"{AREA}-worker"]["seats"] = (("roomtwo", "grid_worker"),)
    daemon.load(roster)
    assert worker.subscribe(f"{VILLAGE}/task/+/+") == [128]
    daemon.publish_documents([(f"{VILLAGE}/task/all/kept", "2", True), (f"{BASE}/daemon/mark", "{}", False)])
    assert worker.messages.empty()


def test_46_another_member_gets_no_hold_of_a_session(make):
    """Client ids are bound: neither the session, nor its queue, nor a half-received QoS 2 message can be taken over."""
    broker = make()
    daemon = broker.daemon().login().load(town()).listen()
    head = broker.client("head", clean=False).login()
    head.subscribe(f"{VILLAGE}/task/+/+")
    head.close()
    daemon.publish_documents([(f"{VILLAGE}/task/named/x", "1", False)])
    thief = broker.client("worker", clean=False)
    thief.mqtt._client_id = f"{AREA}-head".encode()
    assert thief.connect() == 5
    back = broker.client("head", clean=False).login()
    assert back.next().payload == b"1"


def test_47_update_in_the_middle_of_a_connect_storm(make):
    broker = make()
    roster = town()
    for i in range(300):
        roster.member(f"m{i}", ("village", "grid_worker"), secret=f"secret-m{i}")
    daemon = broker.daemon().login().load(roster)
    clients = [broker.client(f"m{i}") for i in range(150)]
    for i, client in enumerate(clients):
        client.mqtt.connect("127.0.0.1", broker.port)
        client.mqtt.loop_start()
        client.running = True
        if i in (50, 100):
            roster.members.pop(f"{AREA}-m{i + 100}")
            daemon.load(roster)
    assert [c.connected.get(timeout=WAIT) for c in clients] == [0] * len(clients)
    assert broker.client("m150").connect() == 5
    assert broker.client("m299").connect() == 0


def test_48_a_seat_begins_and_ends_by_the_clock(make):
    import time
    broker = make()
    roster = town()
    now = int(time.time() * 1000)
    roster.member("ended", ("village", "grid_worker", now - 2000, now - 1000), secret="secret-ended")
    roster.member("early", ("village", "grid_worker", now + 3600000, now + 7200000), secret="secret-early")
    broker.daemon().login().load(roster)
    for name in ("ended", "early"):
        client = broker.client(name).login()
        assert client.subscribe(f"{VILLAGE}/task/+/+", f"{BASE}/member/{AREA}-{name}/receipt") == [128, 1]


# -- 5 start ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, change", [
    ("no secret file", lambda b: (b.folder / f"secret-{AREA}").unlink()),
    ("short secret", lambda b: (b.folder / f"secret-{AREA}").write_text("abcd\n")),
    ("no hex", lambda b: (b.folder / f"secret-{AREA}").write_text("g" * 64 + "\n")),
    ("two lines", lambda b: (b.folder / f"secret-{AREA}").write_text("a" * 64 + "\nmore\n")),
    ("readable by all", lambda b: (b.folder / f"secret-{AREA}").chmod(0o644)),
    ("unknown option", lambda b: b.config.write_text(b.config.read_text() + "plugin_opt_colour red\n")),
    ("bad number", lambda b: b.config.write_text(b.config.read_text() + "plugin_opt_busy_messages 0\n")),
    ("bad area", lambda b: b.config.write_text(b.config.read_text() + "plugin_opt_secret_town /dev/null\n")),
    ("no folder", lambda b: b.config.write_text(b.config.read_text().replace("plugin_opt_snapshot_dir", "#"))),
    ("relative folder", lambda b: b.config.write_text(b.config.read_text() + "plugin_opt_snapshot_dir here\n")),
])
def test_51_a_bad_option_stops_the_broker(tmp_path, name, change):
    broker = Broker(tmp_path)
    change(broker)
    broker.start(wait=False)
    assert broker.process.wait(WAIT) != 0
    assert "policegrid: option" in broker.log()
    broker.process = None
