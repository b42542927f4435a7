"""The editors' schema of playbooks and the engine's own parser say the same of what both can know."""
import copy
import json
import re

import jsonschema
import pytest

from stack import ROOT

SCHEMA = json.loads((ROOT / "deploy/playbooks/schema/playbook.json").read_text(encoding="utf-8"))
MISTAKES = json.loads((ROOT / "tests/unit/model/playbook_mistakes.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
FILES = sorted((ROOT / "deploy/playbooks").glob("*.json"))


def changed(mistake):
    tree = copy.deepcopy(MISTAKES["base"])
    *path, last = mistake["at"].split("/")
    at = tree
    for part in path:
        at = at[int(part)] if isinstance(at, list) else at[part]
    if isinstance(at, list):
        at[int(last)] = mistake["is"]
    else:
        at.pop(last, None)
        if "is" in mistake:
            at[last] = mistake["is"]
    return tree


def test_the_schema_is_one():
    VALIDATOR.check_schema(SCHEMA)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_deployed_playbook_passes(path):
    VALIDATOR.validate(json.loads(path.read_text(encoding="utf-8")))


def test_the_base_of_the_mistakes_and_adding_playbooks_pass():
    VALIDATOR.validate(MISTAKES["base"])
    adding = {"playbook": "also", "version": 1, "adds": True, "when": {"warning": {}}, "inform": [{"tier": 1}]}
    VALIDATOR.validate(adding)
    assert not VALIDATOR.is_valid({**adding, "steps": {}})
    assert not VALIDATOR.is_valid({k: v for k, v in adding.items() if k != "inform"})


@pytest.mark.parametrize("mistake", [m for m in MISTAKES["mistakes"] if m["schema"]],
                         ids=lambda m: f"{m['at']}={json.dumps(m.get('is'), ensure_ascii=False)[:40]}")
def test_what_a_shape_can_show_is_refused(mistake):
    assert not VALIDATOR.is_valid(changed(mistake))


def test_most_mistakes_are_shapes():
    """A schema that grew blind would still refuse nothing wrongly: so many it must see."""
    assert sum(m["schema"] for m in MISTAKES["mistakes"]) >= 125


README = (ROOT / "deploy/playbooks/README.md").read_text(encoding="utf-8")


def test_the_manual_names_every_file_and_every_row():
    for path in FILES:
        assert f"| `{path.name}` |" in README, path.name
    table = README.split("## From the field to the files")[1].split("\n## ")[0]
    rows = {line[2:5]: line for line in table.splitlines() if line.startswith("| M")}
    assert sorted(rows) == [f"M{n:02}" for n in range(1, 46)]
    for row, line in rows.items():
        for name in re.findall(rf"`({row}-[a-z0-9-]+)`", line):
            assert (ROOT / f"tests/scenarios/{name}.scenario").is_file(), name
        assert f"`{row}-" in line, f"{row} has no scenario"
    for path in (ROOT / "tests/scenarios").glob("M*.scenario"):
        assert f"`{path.stem}`" in rows[path.stem[:3]], f"{path.stem} is not in the table"


def test_the_manual_names_every_word_of_the_language():
    for word in SCHEMA["$defs"]["step"]["properties"]:
        assert f"`{word}`" in README, word
