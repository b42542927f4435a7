"""Kill -9 of daemon, broker and database at random moments under traffic (I1–I4, I7, I10, I14).

Members work all the time: command posts warnings, villages accept, progress and complete. A killer waits for a random number of
further receipts, kills one of the three, starts it again. When enough were killed and everybody has the receipts that they wait for,
the books are compared: what was acknowledged, what the database holds, what the broker shows.
"""
import os
import random
import threading

from stack import WAIT, BASE, message_id

KILLS = int(os.environ.get("CRASH_KILLS", "24"))
SEED = int(os.environ.get("CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)


class Books:
    """What the members sent and what they were told."""

    def __init__(self):
        self.lock = threading.Condition()
        self.sent = {}       # (sender, id) -> kind
        self.receipts = {}   # (sender, id) -> receipt
        self.count = 0
        self.stopping = False
        self.failures = []

    def wrote(self, sender, ident, kind):
        with self.lock:
            self.sent[(sender, ident)] = kind

    def told(self, sender, ident, receipt):
        with self.lock:
            self.receipts[(sender, ident)] = receipt
            self.count += 1
            self.lock.notify_all()

    def wait_more(self, n):
        with self.lock:
            target = self.count + n
            assert self.lock.wait_for(lambda: self.count >= target or self.failures, WAIT * 4), "traffic has stopped"
            assert not self.failures, self.failures


def command_post(stack, books, village_sets, rng):
    phone = stack.speak("commander", stack.root())
    number = 0
    while not books.stopping:
        number += 1
        ident = message_id()
        units = rng.choice(village_sets)
        info = {"headline": f"第{number}号预警", "area": [{"areaDesc": "some villages",
                                                     "geocode": [{"valueName": "unit", "value": u} for u in units]}]}
        books.wrote(phone.member, ident, "warning")
        receipt = phone.send(stack.topic(stack.root(), "warning"), {"id": ident, **stack.warning(info=info)}, timeout=WAIT * 4)
        books.told(phone.member, ident, receipt)


def village(stack, books, unit):
    phone = stack.speak("grid_worker", unit)
    phone.subscribe(stack.topic(unit, "task/+/+"))
    done = set()
    verbs = {"issued": "accept", "accepted": "start", "in_progress": "complete"}
    while True:
        def next_work():
            if books.stopping:
                return "stop"
            return next(((d["id"], d["state"]) for d in list(phone.documents.values())
                         if isinstance(d, dict) and d.get("state") in verbs and (d.get("id"), d["state"]) not in done), None)
        work = phone.wait(next_work, "work", timeout=WAIT * 8)
        if work == "stop":
            return
        done.add(work)
        task, state = work
        body = {"id": message_id()}
        if verbs[state] == "complete":
            body["result"] = {"households": 10, "dissuaded": 1}
        books.wrote(phone.member, body["id"], verbs[state])
        receipt = phone.send(stack.topic(unit, f"action/{task}/{verbs[state]}"), body, timeout=WAIT * 4)
        books.told(phone.member, body["id"], receipt)


def guarded(books, function, *arguments):
    def run():
        try:
            function(*arguments)
        except Exception as error:  # the thread's failure is the test's
            with books.lock:
                books.failures.append(repr(error))
                books.lock.notify_all()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def kill_one(stack, what):
    if what == "daemon":
        stack.kill_daemon()
        stack.start_daemon(wait=False)
    elif what == "broker":
        stack.kill_broker()
        stack.start_broker()
    else:
        stack.cluster.kill()
        stack.cluster.start()


def check_books(stack, books):
    rows = stack.sql("select sender, id, outcome, seq from outcome")
    outcomes = {(s, i): (o, n) for s, i, o, n in rows}
    assert len(outcomes) == len(rows)
    missing = [k for k, r in books.receipts.items() if k not in outcomes]
    assert not missing, f"acknowledged by a receipt and not in the database: {missing[:5]}"
    for key, receipt in books.receipts.items():
        assert outcomes[key][0] == receipt["outcome"], (key, receipt, outcomes[key])
    unanswered = [k for k in books.sent if k not in books.receipts]
    assert not unanswered, f"sent and never answered: {unanswered[:5]}"

    doubles = stack.sql("select sender, message_id, count(*) from event where message_id is not null group by 1, 2 having count(*) > 1")
    assert not doubles, f"happened twice: {doubles[:5]}"
    events = {(s, i) for s, i in stack.sql("select sender, message_id from event where message_id is not null")}
    lost = [k for k, (o, _) in outcomes.items() if o == "accepted" and k not in events]
    assert not lost, f"accepted without an event: {lost[:5]}"
    gaps = stack.sql("""select s from generate_series(1, (select max(seq) from event)) s
                        where not exists (select from event e where e.seq = s) and not exists (select from outcome o where o.seq = s)""")
    assert not gaps, f"holes in the sequence: {gaps[:5]}"

    accepted = sum(1 for k, r in books.receipts.items() if books.sent[k] == "warning" and r["outcome"] == "accepted")
    assert stack.sql("select count(*) from warning")[0][0] == accepted
    uneven = stack.sql("""select w.id, jsonb_array_length(w.units), count(t.id), count(distinct t.unit) from warning w
                          left join task t on t.origin_id = w.id::text group by w.id, w.units
                          having count(t.id) <> jsonb_array_length(w.units) or count(distinct t.unit) <> count(t.id)""")
    assert not uneven, f"warnings with missing or double tasks: {uneven[:5]}"
    twice = stack.sql("""select task, to_state, count(*) from task_event where verb in ('accept', 'start', 'complete') and from_state <> to_state
                         group by 1, 2 having count(*) > 1""")
    assert not twice, f"transitions that happened twice: {twice[:5]}"


def check_broker(stack):
    """What the broker shows is what the database holds (I4, I10)."""
    phone = stack.speak("commander", stack.root())
    want = {str(t): (s, r) for t, s, r in stack.sql("select id, state, revision from task")}
    phone.subscribe(f"{BASE}/+/+/task/+/+")

    def same():
        have = {d["id"]: (d["state"], d["revision"]) for t, d in phone.documents.items() if "/task/" in t}
        return have == want
    phone.wait(same, f"agreement on {len(want)} tasks")
    return len(want)


def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(make_stack):
    rng = random.Random(SEED)
    print(f"crash: seed {SEED}")
    stack = make_stack(own_cluster=True)
    villages = stack.villages()
    busy = villages[:6]
    books = Books()
    threads = [guarded(books, command_post, stack, books, [busy, busy[:3], busy[3:]], rng)]
    threads += [guarded(books, village, stack, books, unit) for unit in busy]
    order = ["daemon", "broker", "postgresql"] * (KILLS // 3 + 1)
    rng.shuffle(order)
    killed = {"daemon": 0, "broker": 0, "postgresql": 0}
    for what in order[:KILLS]:
        books.wait_more(rng.randrange(1, 25))
        kill_one(stack, what)
        killed[what] += 1
    books.wait_more(20)
    with books.lock:
        books.stopping = True
    for phone in list(stack.phones):
        with phone.condition:
            phone.condition.notify_all()
    for thread in threads:
        thread.join(WAIT * 4)
        assert not thread.is_alive(), "a member still waits for a receipt"
    assert not books.failures, books.failures
    check_books(stack, books)
    tasks = check_broker(stack)
    quarantined = stack.sql("select count(*) from quarantine")[0][0]
    print(f"crash: {sum(killed.values())} kills {killed}, {len(books.sent)} messages sent, {len(books.receipts)} receipts, {tasks} tasks, "
          f"{quarantined} quarantined, 0 lost, 0 twice")
    accepted = sum(1 for r in books.receipts.values() if r["outcome"] == "accepted")
    assert accepted > KILLS and killed == {k: order[:KILLS].count(k) for k in killed}
