"""Values of scenarios against what the system says: paths into rows and documents, moments, comparisons."""
import re
from datetime import datetime, timedelta

from driver import ZONE
from language import Moment, Reference

STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
LENGTH = re.compile(r"(\d+)([smhdw])")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
MISSING = object()


def length_of(text):
    """`1d2h` as a timedelta; None when it is none."""
    parts = LENGTH.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        return None
    return timedelta(seconds=sum(int(n) * SECONDS[u] for n, u in parts))


def moment_of(text, now):
    """`09:30` or `09:30:05` of today, `2026-06-01T09:30`, `+2h`, `-1d`: an instant; None when it is none of these."""
    if text[:1] in ("+", "-") and length_of(text[1:]) is not None:
        return now + length_of(text[1:]) * (1 if text[0] == "+" else -1)
    if re.fullmatch(r"\d\d:\d\d(:\d\d)?", text):
        hour, minute, *second = map(int, text.split(":"))
        return now.replace(hour=hour, minute=minute, second=second[0] if second else 0, microsecond=0)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZONE)
    except ValueError:
        return None


def value_at(value, path):
    """What stands at `a.b[0].c`; MISSING when nothing does."""
    for name, index in STEP.findall(path):
        if index:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else MISSING
        else:
            value = value.get(name, MISSING) if isinstance(value, dict) else MISSING
        if value is MISSING:
            return MISSING
    return value


def set_at(body, path, value):
    """Put a value at `a.b` of a body, making what is missing on the way."""
    *way, last = path.split(".")
    for name in way:
        body = body.setdefault(name, {})
    body[last] = value


def as_instant(value):
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) and len(value) >= 19 else None
    except ValueError:
        return None


def equal(actual, expected):
    if isinstance(expected, datetime):
        instant = as_instant(actual)
        return instant is not None and abs((instant - expected).total_seconds()) < 1
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(equal(actual.get(k), v) for k, v in expected.items())
    if isinstance(expected, list):
        return isinstance(actual, list) and len(actual) == len(expected) and all(map(equal, actual, expected))
    if isinstance(expected, bool) or isinstance(actual, bool) or expected is None or actual is None:
        return actual is expected
    if isinstance(expected, (int, float)) and not isinstance(actual, (str, list, dict, datetime)):
        return actual == expected
    return str(actual) == str(expected)


def contains(actual, expected):
    """`~`: a list has such an element, a text has such a part, an object has such members."""
    if isinstance(actual, list):
        return any(equal(item, expected) for item in actual)
    if isinstance(actual, str):
        return str(expected) in actual
    return isinstance(actual, dict) and (equal(actual, expected) or expected in actual)


def ordered(actual, expected):
    if isinstance(expected, datetime):
        return as_instant(actual), expected
    return float(actual), float(expected)


def holds(found, operator, expected):
    """Whether what was found fits; `*` stands for anything but nothing."""
    nothing = found is MISSING or found is None
    actual = None if nothing else found
    if operator == "=":
        return not nothing if expected == "*" else equal(actual, expected)
    if operator == "!=":
        return not equal(actual, expected)
    if nothing:
        return False
    if operator == "~":
        return contains(actual, expected)
    left, right = ordered(actual, expected)
    return left >= right if operator == ">=" else left <= right


def resolved(value, lookup, now):
    """References and moments put in, at any depth. `lookup(name, path)` knows the names."""
    if isinstance(value, Reference):
        return lookup(value.name, value.path)
    if isinstance(value, Moment):
        return moment_of(value.text, now)
    if isinstance(value, dict):
        return {k: resolved(v, lookup, now) for k, v in value.items()}
    if isinstance(value, list):
        return [resolved(v, lookup, now) for v in value]
    return value


def as_text(value):
    """A value as it travels: instants in RFC 3339."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dict):
        return {k: as_text(v) for k, v in value.items()}
    if isinstance(value, list):
        return [as_text(v) for v in value]
    return value
