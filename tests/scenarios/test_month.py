"""A synthetic month of Jiezhou, and its statistics against a count made from the event log by SQL alone (reconcile.sql)."""
import pathlib
import time
from datetime import datetime, timedelta

from driver import ZONE, to_ms
from driver_engine import EngineDriver
from driver_stack import StackDriver
from month import Month
from test_scenarios import servers  # noqa: F401  (a fixture)

START = datetime(2026, 6, 1, tzinfo=ZONE)
END = datetime(2026, 7, 1, tzinfo=ZONE)
COUNT = (pathlib.Path(__file__).parent / "reconcile.sql").read_text(encoding="utf-8")
FAMILIES = ("reports.", "tasks.", "cases.", "work.issued", "work.completed", "work.escalated", "warnings", "hazards.")


def from_log(source):
    """`source`: a driver, or a database: whatever has `view`."""
    sql = COUNT.replace(":from", str(to_ms(START))).replace(":until", str(to_ms(END)))
    return {(r["unit"], r["figure"]): r["amount"] for r in source.view(sql)}


def from_statistics(source):
    rows = source.view("select unit, figure, amount from policegrid.month_figure where month = '2026-06'")
    return {(r["unit"], r["figure"]): r["amount"] for r in rows if r["figure"].startswith(FAMILIES) and r["amount"] != 0
            and r["figure"] != "work.completed_in_time"}


def total(figures, name):
    return sum(amount for (_, figure), amount in figures.items() if figure == name)


def differing(log, statistics):
    return {key: (log.get(key), statistics.get(key)) for key in log.keys() | statistics.keys() if log.get(key) != statistics.get(key)}


def reconcile(month, driver):
    """Statistics = log, figure by figure and unit by unit; log = what people were told was accepted."""
    source = driver.loaded() if driver.name == "engine" else driver
    log, statistics = from_log(source), from_statistics(source)
    wrong = differing(log, statistics)
    assert not wrong, f"{len(wrong)} figures differ (log, statistics): {dict(list(wrong.items())[:10])}"
    for kind in ("incident", "hazard", "dispute", "patrol", "visit"):
        assert total(log, f"reports.{kind}") == month.told[f"reports.{kind}"]
    assert total(log, "warnings") == month.told["warnings"]
    assert total(log, "hazards.checked") >= total(log, "hazards.found_at") >= total(log, "hazards.notices") > 0
    assert 0 < total(log, "hazards.rectified") <= total(log, "hazards.found")
    return log


def check_size(log):
    assert total(log, "reports.incident") == 60
    assert total(log, "reports.hazard") == 500
    assert total(log, "reports.dispute") == 40
    assert total(log, "warnings") >= 4
    assert total(log, "work.escalated") > 20
    assert total(log, "hazards.checked") > 400


def test_a_month_on_the_engine(servers):  # noqa: F811
    began = time.monotonic()
    driver = EngineDriver("jiezhou", START, servers)
    try:
        month = Month(driver).run()
        took = time.monotonic() - began
        check_size(reconcile(month, driver))
        print(f"month: {took:.1f} s on the engine, {time.monotonic() - began - took:.1f} s to count, {sum(month.told.values())} messages")
        offline = [r for r in driver.relation("device_event") if r["online"] is False]
        assert len(driver.relation("duty")) >= 10 and len(driver.relation("duty_round")) > 300
        assert {r["device"] for r in offline} == {"camera-01", "alarm-01", "panic-01"} and len(offline) >= 5
    finally:
        driver.close(prove=False)
    assert took < 60


def test_a_row_that_is_missing_is_found(servers):  # noqa: F811
    """The comparison compares: a report taken out of the table behind the log's back is seen, and nothing else is."""
    driver = EngineDriver("jiezhou", START, servers)
    try:
        Month(driver, share=0.05).run()
        database = driver.loaded()
        assert not differing(from_log(database), from_statistics(database))
        unit = database.remove_one("report", "kind = 'patrol' and reality = 'Actual'")["unit"]
        wrong = differing(from_log(database), from_statistics(database))
        assert (unit, "reports.patrol") in wrong and all(u == unit and f.startswith("reports.patrol") for u, f in wrong)
    finally:
        driver.close(prove=False)


def test_a_month_through_the_real_stack(servers):  # noqa: F811
    """Every hour of it through broker, daemon and PostgreSQL; at least a hundred times as fast as the town's own clock."""
    driver = StackDriver("jiezhou", START, servers)
    try:
        began = time.monotonic()
        month = Month(driver).run()
        took = time.monotonic() - began
        check_size(reconcile(month, driver))
    finally:
        driver.close()
    factor = timedelta(days=30).total_seconds() / took
    print(f"month: {took:.0f} s through the real stack, {factor:.0f} times the town's pace, {sum(month.told.values())} messages")
    assert factor >= 100
