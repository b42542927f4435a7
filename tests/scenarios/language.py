"""The language of scenarios: text in, statements out. What statements do is in play.py; nothing here knows a driver.

A line is a statement. A line that is indented deeper than a statement goes on with it, or, under `for` and `repeat`, stands in its
block. `#` at the beginning of a line is a comment. Words are separated by blanks; `key=value` are pairs.
"""
import json
import re
from dataclasses import dataclass, field

PAIR = re.compile(r"([A-Za-z_][\w.\[\]-]*)(=|!=|>=|<=|~)(.*)", re.S)
BLOCKS = ("for", "repeat")


class ScenarioError(Exception):
    """Something in a scenario's text that cannot be read, or an expectation that does not hold; says file and line."""


@dataclass(frozen=True)
class Reference:
    """`$name` or `$name.path`: what is bound to a name, or a column of it."""
    name: str
    path: str


@dataclass(frozen=True)
class Moment:
    """`@09:30`, `@2026-06-01T09:30`, `@+1d2h`: an instant of the town's clock."""
    text: str


@dataclass
class Pair:
    key: str
    operator: str
    value: object


@dataclass
class Statement:
    file: str
    line: int
    words: list          # strings
    pairs: list          # Pairs, in their order
    outcome: list        # words after `->`
    block: list = field(default_factory=list)

    def fail(self, why):
        raise ScenarioError(f"{self.file}:{self.line}: {why}")


@dataclass
class Scenario:
    file: str
    row: str             # M31
    title: str
    zh: str
    drivers: list
    organisation: str
    start: str           # 2026-06-01T09:00
    statements: list


def split_words(text, fail):
    """Words at blanks, but not inside quotes or brackets."""
    words, word, depth, quoted, index = [], "", 0, False, 0
    while index < len(text):
        char = text[index]
        if quoted and char == "\\" and index + 1 < len(text):
            word += text[index:index + 2]
            index += 2
            continue
        if char == '"':
            quoted = not quoted
        elif not quoted and char in "{[":
            depth += 1
        elif not quoted and char in "}]":
            depth -= 1
        if char.isspace() and not quoted and depth == 0:
            if word:
                words.append(word)
            word = ""
        else:
            word += char
        index += 1
    if quoted or depth:
        fail("a quote or bracket is not closed")
    return words + [word] if word else words


def read_value(text, fail):
    """A value of a pair: JSON, a number, a word, a reference, a moment."""
    if text[:1] in ("{", "[", '"'):
        try:
            return resolve_marks(json.loads(text))
        except ValueError as error:
            return fail(f"{text}: {error}")
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if text in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text]
    return resolve_marks(text)


def resolve_marks(value):
    """Strings that begin with `$` or `@` stand for something, inside JSON too."""
    if isinstance(value, dict):
        return {key: resolve_marks(item) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve_marks(item) for item in value]
    if isinstance(value, str) and value.startswith("@"):
        return Moment(value[1:])
    if isinstance(value, str) and re.fullmatch(r"\$[\w-]+(\.[\w.\[\]]+)?", value):
        name, _, path = value[1:].partition(".")
        return Reference(name, path)
    return value


def read_statement(file, line, text):
    statement = Statement(file, line, [], [], [])
    words = split_words(text, statement.fail)
    target = statement.words
    for word in words:
        pair = PAIR.fullmatch(word)
        if word == "->":
            target = statement.outcome
        elif pair and target is statement.words:
            statement.pairs.append(Pair(pair[1], pair[2], read_value(pair[3], statement.fail)))
        else:
            target.append(json.loads(word) if word.startswith('"') else word)
    if not statement.words:
        statement.fail("a statement begins with a word")
    return statement


def join_lines(text):
    """[(line number, indentation, text)] without comments and empty lines."""
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare and not bare.startswith("#"):
            lines.append((number, len(line) - len(line.lstrip(" ")), bare))
    return lines


def read_block(file, lines, index, indentation):
    """Statements of one depth; returns them and the index of the first line that is not theirs."""
    statements = []
    while index < len(lines) and lines[index][1] >= indentation:
        number, depth, text = lines[index]
        if depth > indentation:
            raise ScenarioError(f"{file}:{number}: nothing stands above this indented line")
        index += 1
        block = text.split()[0] in BLOCKS
        if not block:
            while index < len(lines) and lines[index][1] > indentation:
                text += " " + lines[index][2]
                index += 1
        statement = read_statement(file, number, text)
        if block:
            if index >= len(lines) or lines[index][1] <= indentation:
                statement.fail("an empty block")
            statement.block, index = read_block(file, lines, index, lines[index][1])
        statements.append(statement)
    return statements, index


def read_scenario(file, text):
    statements, index = read_block(file, lines := join_lines(text), 0, 0)
    assert index == len(lines)
    scenario = Scenario(file, "", "", "", ["engine"], "jiezhou", "2026-06-01T09:00", [])
    for statement in statements:
        head = statement.words[0]
        if head == "scenario":
            scenario.row, scenario.title, scenario.zh = (statement.words[1:] + ["", ""])[:3]
        elif head == "drivers":
            scenario.drivers = statement.words[1:]
        elif head == "organisation" and not statement.words[1].startswith("{"):
            scenario.organisation = statement.words[1]
        elif head == "start":
            scenario.start = statement.words[1]
        else:
            scenario.statements.append(statement)
    if not re.fullmatch(r"M\d\d", scenario.row) or not scenario.title or not scenario.zh:
        raise ScenarioError(f"{file}:1: a scenario begins with: scenario M00 \"title\" \"标题\"")
    if not set(scenario.drivers) <= {"engine", "stack"} or not scenario.drivers:
        raise ScenarioError(f"{file}:1: drivers are engine and stack")
    return scenario
