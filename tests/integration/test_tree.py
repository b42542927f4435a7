"""The tree itself: what each room includes, that each has a README, and that every row of tests/mutants still names its rule."""
import pathlib
import re
import subprocess
import tomllib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = [pathlib.Path(p) for p in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n") if p]

# Which rooms of ours a room may include (README.md, "Arrows"), and which headers of the world outside belong to one room alone.
ARROWS = {
    "proto": {"proto"},
    "plugin": {"plugin", "proto"},
    "daemon/engine": {"engine", "proto"},
    "daemon/store": {"store", "engine", "proto"},
    "daemon/bus": {"bus", "engine", "proto"},
    "daemon/http": {"http", "proto"},
    "daemon/ctl": {"ctl", "engine", "proto"},
}
OUTSIDE = {
    "uv.h": {"daemon", "daemon/store", "daemon/bus", "daemon/http"},
    "libpq-fe.h": {"daemon/store"},
    "mosquitto.h": {"plugin", "daemon/bus", "daemon/ctl"},
    "mosquitto_plugin.h": {"plugin"},
    "mosquitto_broker.h": {"plugin"},
    "microhttpd.h": {"daemon/http"},
    "libxml/": {"daemon/ctl"},
}
ROOMS = ["proto", "plugin", "daemon/engine", "daemon/store", "daemon/bus", "daemon/http", "daemon/ctl", "daemon"]


def room_of(path):
    return next((room for room in ROOMS if path.is_relative_to(room)), None)


def includes(path):
    return re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', (ROOT / path).read_text(encoding="utf-8"), re.M)


@pytest.mark.parametrize("room", ROOMS)
def test_room_includes_only_what_it_may(room):
    seen = 0
    for path in FILES:
        if path.suffix not in (".c", ".h") or room_of(path) != room:
            continue
        for name in includes(path):
            seen += 1
            first = name.split("/")[0]
            if "/" in name and first in {"proto", "plugin", "engine", "store", "bus", "http", "ctl"} and room in ARROWS:
                assert first in ARROWS[room], f"{path} includes {name}"
            for outside, rooms in OUTSIDE.items():
                if name == outside or (outside.endswith("/") and name.startswith(outside)):
                    assert room in rooms, f"{path} includes {name}"
    assert seen > 0, room


def test_every_folder_has_a_readme():
    plain = {"tests/fuzz/corpus", "proto/schema", "deploy/manual"}  # what is in them is told by the README above
    folders = {path.parent for path in FILES if len(path.parts) > 1 and path.parts[0] != ".ci"}
    missing = [str(f) for f in sorted(folders)
               if not (ROOT / f / "README.md").is_file()
               and not any(f.is_relative_to(p) for p in plain) and not (ROOT / f.parent / "README.md").is_file()]
    assert missing == []


def mutants():
    return tomllib.loads((ROOT / "tests/mutants/mutants.toml").read_text(encoding="utf-8"))["mutant"]


@pytest.mark.parametrize("row", mutants(), ids=lambda row: row["id"])
def test_mutant_names_its_rule_once(row):
    """A row whose text has moved takes nothing out: it would be found only when tests/mutants/run is run, which takes an hour."""
    assert (ROOT / row["file"]).read_text(encoding="utf-8").count(row["find"]) == 1
