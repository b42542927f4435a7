"""Every scenario of this folder on every driver that it names; `pytest -k M31` runs one."""
import copy
import json
import pathlib
from datetime import datetime

import pytest

from driver import ZONE, playbook_texts
from driver_engine import EngineDriver
from language import ScenarioError, read_scenario
from play import Play
from servers import Servers

FOLDER = pathlib.Path(__file__).resolve().parent
SCENARIOS = [read_scenario(path.name, path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.scenario"))]


def start_of(scenario):
    return datetime.fromisoformat(scenario.start).replace(tzinfo=ZONE)


def play(scenario, driver):
    """A failure is the scenario's line and reason, without the way through the program."""
    why = None
    try:
        Play(scenario, driver).run()
    except ScenarioError as error:
        why = str(error)
    if why:
        pytest.fail(why, pytrace=False)


@pytest.fixture(scope="session")
def servers():
    servers = Servers()
    yield servers
    servers.close()


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if "engine" in s.drivers], ids=lambda s: s.file.removesuffix(".scenario"))
def test_engine(scenario, servers):
    driver = EngineDriver(scenario.organisation, start_of(scenario), servers)
    passed = False
    try:
        play(scenario, driver)
        passed = True
    finally:
        driver.close(prove=passed)


def fails(scenario, servers, without=()):
    """Why the scenario fails on the engine, with these playbooks taken out; and the playbooks of the tasks that it names."""
    driver = EngineDriver(scenario.organisation, start_of(scenario), servers, without)
    why, played = None, Play(scenario, driver)
    try:
        played.run()
    except ScenarioError as error:
        why = str(error)
    named = {thing.target for thing in played.things.values() if thing.table == "task"}
    kinds = {task["kind"] for task in driver.rows("task") if task["id"] in named}
    driver.close(prove=False)
    return why, kinds


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if "engine" in s.drivers], ids=lambda s: s.file.removesuffix(".scenario"))
def test_fails_without_its_mechanism(scenario, servers):
    """A scenario that passes with a playbook of its taken out, or its own piece of catalogue, shows nothing."""
    names = {json.loads(text)["playbook"] for text in playbook_texts()}
    why, kinds = fails(scenario, servers)
    assert why is None
    for name in sorted(kinds & names):
        assert fails(scenario, servers, {name})[0], f"{scenario.file} passes without the playbook {name}"
    bare = copy.copy(scenario)
    bare.statements = [s for s in scenario.statements if s.words[0] not in ("catalogue", "playbook")]
    if len(bare.statements) < len(scenario.statements):
        assert fails(bare, servers)[0], f"{scenario.file} passes without its own configuration"


def test_every_row_has_a_scenario():
    """And at least twelve, of different rows, go through the real stack."""
    rows = {s.row for s in SCENARIOS}
    assert rows == {f"M{n:02}" for n in range(1, 46)}, f"missing: {sorted({f'M{n:02}' for n in range(1, 46)} - rows)}"
    assert len({s.row for s in SCENARIOS if "stack" in s.drivers}) >= 12
