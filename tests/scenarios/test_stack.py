"""Scenarios that name the driver `stack`, through the real broker, daemon and PostgreSQL."""
import pytest

from driver_stack import StackDriver
from test_scenarios import SCENARIOS, play, servers, start_of  # noqa: F401  (a fixture)


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if "stack" in s.drivers], ids=lambda s: s.file.removesuffix(".scenario"))
def test_stack(scenario, servers):  # noqa: F811
    driver = StackDriver(scenario.organisation, start_of(scenario), servers)
    try:
        play(scenario, driver)
    finally:
        driver.close()
