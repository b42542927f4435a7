"""The language itself: what cannot be read is refused with file and line, and an expectation that does not hold fails."""
from datetime import datetime

import pytest

from driver import ZONE
from driver_engine import EngineDriver
from language import Moment, Reference, ScenarioError, read_scenario
from play import Play
from values import holds, length_of, moment_of, value_at

HEAD = 'scenario M31 "title" "标题"\n'
NOW = datetime(2026, 6, 1, 9, tzinfo=ZONE)


def read(text):
    return read_scenario("x.scenario", HEAD + text)


@pytest.mark.parametrize("text, why", [
    ('a is officer at "x', "not closed"), ("repeat 3\npass 1 minute", "an empty block"), ("for v in a\n    restart\n  restart", "nothing stands above"),
    ("a says x={1,}", "Expecting"), ("drivers engine broker", "drivers are")])
def test_what_cannot_be_read_is_refused(text, why):
    with pytest.raises(ScenarioError, match=why):
        read(text)


def test_a_scenario_begins_with_its_row():
    with pytest.raises(ScenarioError, match="begins with"):
        read_scenario("x.scenario", "scenario thirty-one\n")


def test_statements_pairs_and_blocks():
    scenario = read('# no statement\nhead complete call\n   result.outcome="holds" n=3 at=@+1d who=$call.unit list=["$call", 1] -> refused form\n'
                    "for v in a b\n  repeat 2\n    pass 1 minute\nrestart\n")
    act, loop, last = scenario.statements
    assert act.words == ["head", "complete", "call"] and act.outcome == ["refused", "form"] and act.line == 3
    assert [(p.key, p.value) for p in act.pairs] == [("result.outcome", "holds"), ("n", 3), ("at", Moment("+1d")),
                                                    ("who", Reference("call", "unit")), ("list", [Reference("call", ""), 1])]
    assert loop.block[0].block[0].words == ["pass", "1", "minute"] and last.words == ["restart"]


def test_moments_paths_and_comparisons():
    assert moment_of("09:30", NOW) == NOW.replace(minute=30) and moment_of("+1d2h", NOW).day == 2 and moment_of("soon", NOW) is None
    assert length_of("90s").total_seconds() == 90 and length_of("1x") is None
    assert value_at({"a": [{"b": 1}]}, "a[0].b") == 1 and value_at({"a": []}, "a[0].b") is not None
    assert holds("2026-06-01T09:00:00.4+08:00", "=", NOW) and not holds("2026-06-01T09:00:02+08:00", "=", NOW)
    assert holds([{"id": "x", "n": 1}], "~", {"id": "x"}) and not holds([{"id": "y"}], "~", {"id": "x"})
    assert holds(3, ">=", 3) and not holds(None, ">=", 0) and holds(None, "=", None) and not holds(True, "=", 1)


@pytest.fixture(scope="module")
def driver():
    driver = EngineDriver("jiezhou", NOW)
    yield driver
    driver.close()


PLAY = "button is device panic-01\nchief is commander at jiezhou\n"


@pytest.mark.parametrize("text, why", [
    ("button signals panic -> refused state", "expected refused state"), ("chief reports weather", "expected accepted"),
    ("chief reports weather -> refused form", "expected refused form"), ("expect 99 unit tier=3", "fit, not 99"),
    ("find task t kind=nothing", "fit, not 1"), ("find unit village tier=3", "fit, not 1"), ("check nobody state=open", "nothing is called"),
    ("find unit root id=jiezhou\ncheck root tier=2", "tier = 2, but 1"), ("document tier1/jiezhou/notice/x", "there, but nothing"),
    ("no document tier1/jiezhou/status", "there is"), ("notified chief", "told"), ("pass until 2026-01-01T00:00", "no time to come"),
    ("nobody accept x", "nobody is called"), ("chief dances", "what does dances mean"), ("chief accept nothing", "nothing is called"),
    ("boss is commander at village-02", "is new"), ("chief asks nonsense", "expected an answer")])
def test_what_does_not_hold_fails(driver, text, why):
    with pytest.raises(ScenarioError, match=why):
        Play(read(PLAY + text), driver).run()
