"""Assessment and exams: the mark beside the month's figures, counted by hand here; what is about a person goes to whom it concerns."""
import itertools

import pytest

from stack import AREA
from store_probe import filled_town, sql
from store_rows import build_town, insert, task

M1, M2, EXAMINER = "140802100-a", "140802100-b", "140802100-x"
_ids = itertools.count(1)
CASE = "00000000-0000-7000-8000-0000000000c{}"


def ident(number):
    return f"00000000-0000-7000-8000-0000000002{number:02x}"


def add(cursor, **changes):
    number = next(_ids)
    cursor.execute(*task(**{"id": ident(number), "number": f"2026-1{number:03d}", "born": number, "kind": "patrol", "body": "{}", **changes}))
    return ident(number)


def ended(at, **more):
    return dict(state="closed", outcome="done", ended_at=at, completed_at=at, accepted_at=more.pop("accepted_at", at), **more)


def assessment(cursor, number, unit, mark, issued="2026-11-01T08:00:00+08", **changes):
    cursor.execute(*insert("work_case", area=AREA, id=CASE.format(number), number=f"2026-200{number}", origin_type="duty", origin_id="assessment",
                           reality="Actual", results="{}", visits="{}", opened_at=issued, timers="{}", live=True, born=number + 50, changed_seq=1))
    common = dict(kind="assessment", case_id=CASE.format(number), origin_type="duty", origin_id="assessment", issued_at=issued)
    add(cursor, step="self", unit=unit, **{**common, **ended("2026-11-02T10:00:00+08", body='{"result": {"self": 95}}'), **changes})
    if mark is not None:
        add(cursor, step="mark", unit="room", handler="room", tier=2, **common, **ended("2026-11-04T10:00:00+08",
            body=f'{{"result": {{"mark": {mark}, "reason": "timely"}}}}'))


def exam(cursor, number, member, score, topic="fraud", at="now", **changes):
    cursor.execute(*insert("report", **{**dict(area=AREA, id=ident(0x80 + number), number=f"2026-3{number:03d}", kind="exam", unit="room", sender=EXAMINER,
                           state="recorded", severity="Minor", reality="Actual", received_at=at, ended_at=at, revision=1, state_revision=1,
                           fields=f'{{"examined": "{member}", "topic": "{topic}", "score": {score}}}', timers="{}", live=False, born=300 + number,
                           changed_seq=1), **changes}))


@pytest.fixture(scope="module")
def town(workspace):
    with filled_town(workspace / "training-postgresql", fill) as (cluster, probe):
        yield cluster, probe


def fill(cursor):
    build_town(cursor)
    for member in (M1, M2, EXAMINER):
        cursor.execute("insert into policegrid.member (area, id, revoked, made_at, changed_seq) values (%s, %s, false, now(), 2)", (AREA, member))
    cursor.execute(*insert("organisation", area=AREA, version=1, title="解州", title_en="Jiezhou", utc_offset=480, body='{"units": []}',
                           is_current=True, applied_by=M1, applied_at="now", changed_seq=1))
    # October of the village: asked to accept four times, in time twice; asked to finish three times, in time once
    first = add(cursor, accept_by="2026-10-01T00:00:00+08", finish_by="2026-10-05", **ended("2026-10-04", accepted_at="2026-09-30"))
    add(cursor, accept_by="2026-10-31T23:59:59+08", finish_by="2026-11-02", **ended("2026-11-01T12:00:00+08", accepted_at="2026-10-31"))
    add(cursor, accept_by="2026-10-10", finish_by="2026-10-12", **ended("2026-10-20", accepted_at="2026-10-11"))
    add(cursor, accept_by="2026-10-15", finish_by="2026-10-16")
    # not asked: cancelled before; another month; an exercise; another unit
    add(cursor, accept_by="2026-10-15", finish_by="2026-10-16", state="cancelled", outcome="cancelled", ended_at="2026-10-14")
    add(cursor, accept_by="2026-11-01T00:00:00+08", finish_by="2026-11-01T00:00:00+08")
    add(cursor, accept_by="2026-10-15", finish_by="2026-10-16", reality="Exercise")
    add(cursor, accept_by="2026-10-15", finish_by="2026-10-16", unit="room", handler="room", tier=2)
    for ordinal, at in enumerate(["2026-10-03", "2026-10-04", "2026-11-04"]):
        cursor.execute(*insert("task_event", area=AREA, task=first, seq=9, ordinal=ordinal, at=at, member=M1, verb="return"))
    for number, (at, state) in enumerate([("2026-10-31T23:59:59+08", "recorded"), ("2026-11-01T00:00:00+08", "recorded")]):
        exam(cursor, 20 + number, M1, 1, kind="diary", unit="village", at=at, fields='{"visits": 3}')
    assessment(cursor, 1, "village", 86)
    assessment(cursor, 2, "village", None, issued="2026-12-01T08:00:00+08", state="expired", outcome="expired", body="{}", completed_at=None)
    assessment(cursor, 3, "room", 50, reality="Exercise")
    exam(cursor, 1, M1, 60, at="2026-03-01")
    exam(cursor, 2, M1, 91, at="2026-04-01")
    exam(cursor, 3, M2, 75, at="2026-04-02")
    exam(cursor, 4, M2, 10, at="2025-04-02")
    exam(cursor, 5, M2, 0, at="2026-04-02", reality="Exercise")


def test_the_mark_beside_the_figures(town):
    answer = town[1].query("assessment", AREA, "{village}", "2026-10", None)
    assert answer["total"] == 1
    row = answer["assessments"][0]
    assert (row["unit"], row["assessor"], row["state"], row["self"], row["mark"], row["reason"]) == ("village", "room", "assessed", 95, 86, "timely")
    assert (row["accept_asked"], row["accepted_in_time"], row["finish_asked"], row["finished_in_time"]) == (4, 2, 3, 1)
    assert (row["results"], row["returned"], row["reports"]) == (2, 2, 1)


def test_a_month_without_a_mark_says_so(town):
    row = town[1].query("assessment", AREA, "{village}", "2026-11", None)["assessments"][0]
    assert row["state"] == "none" and "mark" not in row and "self" not in row


def test_assessments_by_month_and_unit(town):
    assert [a["month"] for a in town[1].query("assessment", AREA, "{village,room}", None, None)["assessments"]] == ["2026-11", "2026-10"]  # no exercise
    assert town[1].query("assessment", AREA, "{command}", None, None)["total"] == 0
    assert sql(town[0], "town", "select unit, mark from assessment where month = '2026-10'", user="policegrid_reader") == [("village", 86)]


def ask_exams(town, units="{}", who="nobody", since="2026-01-01", until="2027-01-01", person=None):
    return town[1].query("exams", AREA, units, who, since, until, person, None)


def test_exams_of_each_person(town):
    answer = ask_exams(town, units="{room}")
    assert answer["members"] == [{"member": M1, "exams": 2, "average": 75.5, "lowest": 60, "latest": 91},
                                 {"member": M2, "exams": 1, "average": 75.0, "lowest": 75, "latest": 75}]
    assert [e["score"] for e in answer["exams"]] == [75, 91, 60]
    assert [m["member"] for m in ask_exams(town, units="{room}", person=M2)["members"]] == [M2]


def test_exams_are_told_to_whom_they_concern(town):
    assert ask_exams(town)["total"] == 0
    assert ask_exams(town, units="{village}")["total"] == 0
    assert {e["member"] for e in ask_exams(town, who=M1)["exams"]} == {M1}


def test_reports_about_a_person_are_not_for_everybody_of_the_unit(town):
    report = ident(0x81)
    for personal, scores, who, seen in [("{exam}", "{}", "nobody", False), ("{exam}", "{room}", "nobody", True), ("{exam}", "{}", M1, True),
                                        ("{exam}", "{}", M2, False), ("{exam}", "{}", EXAMINER, True), ("{}", "{}", "nobody", True)]:
        answer = town[1].query("report", AREA, report, "{room}", who, "{}", personal, scores)
        assert (answer is not None) == seen, (personal, scores, who)
        found = town[1].query("reports", AREA, "{room}", who, None, "exam", "{}", 500, personal, scores)
        assert (report in [r["id"] for r in found["reports"]]) == seen
