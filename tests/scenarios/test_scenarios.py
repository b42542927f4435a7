"""Every scenario of this folder on every driver that it names; `pytest -k M31` runs one."""
import pathlib
from datetime import datetime

import pytest

from driver import ZONE
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
