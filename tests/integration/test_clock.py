"""I9: a wall clock that leaps. Broker and daemon run by a clock of their own, which a file puts an hour ahead."""
import subprocess

import pytest

from stack import BASE, BUILD, WAIT
from test_daemon import until
from test_invariants import parent_of, plain_village, post, quick_playbook

CLOCK = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *ret) {
        int result = (int)syscall(SYS_clock_gettime, id, ret);

        if (id == CLOCK_REALTIME && access(getenv("CLOCK_AHEAD"), F_OK) == 0)
                ret->tv_sec += 3600;
        return result;
}
"""


@pytest.fixture
def leap(tmp_path, make_stack):
    """A stack, and the file whose existence puts its machine's clock an hour ahead."""
    source, library, ahead = tmp_path / "clock.c", tmp_path / "clock.so", tmp_path / "ahead"
    source.write_text(CLOCK, encoding="ascii")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    preload = [str(library)]
    if b"__asan_init" in (BUILD / "daemon/policegridd").read_bytes():
        asan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
        preload.insert(0, asan)
    stack = make_stack()
    stack.stop_daemon()
    stack.broker.terminate()
    stack.broker.wait(WAIT)
    stack.env.update(LD_PRELOAD=":".join(preload), CLOCK_AHEAD=str(ahead))
    stack.start_broker()
    stack.start_daemon()
    return stack, ahead


def test_timers_stand_still_until_a_departed_clock_is_confirmed(leap):
    stack, ahead = leap
    quick_playbook(stack, accept="PT30M", finish="P1D")
    unit = plain_village(stack)
    _, task = post(stack, stack.speak("commander", stack.root()), unit)
    worker = stack.speak("grid_worker", unit)
    ahead.touch()
    # Messages go on; the deadline is past by the new clock, and is not believed.
    for _ in range(3):
        assert worker.send(stack.topic(unit, "report"), {"kind": "hazard", "fields": {}})["outcome"] == "accepted"
    until(lambda: stack.ready()[1]["clock"] is False, "the departure is seen")
    assert stack.ready()[0] == 503
    assert worker.send(stack.topic(unit, "report"), {"kind": "hazard", "fields": {}})["outcome"] == "accepted"
    assert stack.sql("select count(*) from escalation where task = %s", task) == [(0,)]
    assert stack.sql("select card from task where id = %s", task) == [("none",)]
    # Confirmed, the new time is the time, and what is due is done.
    receipt = stack.speak("admin", "").send(f"{BASE}/admin/clock-confirm", {})
    assert receipt["outcome"] == "accepted", receipt
    until(lambda: stack.ready()[0] == 200, "ready again")
    opened = until(lambda: stack.sql("select to_unit from escalation where task = %s order by level", task), "the deadline is acted upon")
    assert opened[0] == (parent_of(stack, unit),)
