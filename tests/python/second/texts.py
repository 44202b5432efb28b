"""Texts, references and patterns (docs/format.md, Texts, References, Patterns)."""

import re
import unicodedata

from .canonical import INTEGER_MAX
from .refused import Refused, require

WHITE_SPACE = set("\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000") | {chr(c) for c in range(0x2000, 0x200B)}
LINE_MAX = 2048
SEGMENTS_MAX = 64


def is_control(char):
    return unicodedata.category(char) == "Cc"


def size(text):
    return len(text.encode())


def text(value):
    require(isinstance(value, str), "invalid-field", "no text")
    return value


def line(value):
    text(value)
    require(1 <= size(value) <= LINE_MAX and not any(map(is_control, value)), "invalid-field", "line")


def name(value):
    require(bool(re.fullmatch(r"[a-z0-9._-]{1,64}", text(value))), "invalid-field", "name")


def tenant(value):
    require(bool(re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text(value))), "invalid-field", "tenant")


def uri(value):
    scheme, colon, rest = text(value).partition(":")
    holds = re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) and colon and rest and size(value) <= LINE_MAX
    require(bool(holds) and not any(is_control(c) or c in WHITE_SPACE for c in rest), "invalid-field", "uri")


def origin(value):
    holds = 1 <= size(text(value)) <= 255
    require(holds and not any(is_control(c) or c in WHITE_SPACE or c == "+" for c in value), "invalid-field", "origin")


def is_decimal(value):
    match = re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", value)
    if not match or size(value) > 64 or not value.isascii():
        return False
    return bool(match[2]) or int(match[1]) > INTEGER_MAX


def quantity(value):
    if isinstance(value, int) and not isinstance(value, bool):
        return
    line(value)


def is_number(value):
    return isinstance(value, int) or is_decimal(value)


def foreign(value):
    require(isinstance(value, list) and len(value) == 3, "invalid-field", "foreign ref")
    name(value[0])
    uri(value[1])
    line(value[2])


def reference(value):
    if isinstance(value, bytes):
        return require(len(value) == 32, "invalid-field", "id")
    require(isinstance(value, list), "invalid-field", "reference")
    if len(value) == 2:
        return require(all(isinstance(p, bytes) and len(p) == 32 for p in value), "invalid-field", "reference")
    return foreign(value)


def segments(value):
    """`(separator before, text)` for each segment."""
    found, before = [], ""
    for piece in re.findall(r"([^:/]*)([:/]|$)", value):
        found.append((before, piece[0]))
        before = piece[1]
        if not before:
            break
    return found


def pattern(value):
    require(1 <= size(text(value)) <= LINE_MAX and not any(map(is_control, value)), "invalid-field", "pattern")
    parts = segments(value)
    require(len(parts) <= SEGMENTS_MAX, "invalid-field", "pattern")
    for number, (_, part) in enumerate(parts):
        last = number == len(parts) - 1
        star = "*" not in part or part == "*" or (part == "**" and last)
        require(star and part not in (".", ".."), "invalid-field", "pattern")
        require(not re.search(r"%(?!2A|25)", part), "invalid-field", "pattern")


def matches(pattern_text, name_text):
    names = segments(name_text)
    if any(part in (".", "..") for _, part in names):
        return False
    wanted = segments(pattern_text)
    for number, (separator, part) in enumerate(wanted):
        if part == "**":
            return number >= len(names) or names[number][0] == separator
        if number >= len(names) or names[number][0] != separator:
            return False
        literal = re.sub(r"%2A|%25", lambda m: "*" if m[0] == "%2A" else "%", part)
        if part != "*" and literal != names[number][1]:
            return False
    return len(names) == len(wanted)


def whole(value):
    require(isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= INTEGER_MAX, "invalid-field", "integer")


def boolean(value):
    require(isinstance(value, bool), "invalid-field", "boolean")


def octets(least, most):
    def check(value):
        require(isinstance(value, bytes) and least <= len(value) <= most, "invalid-field", f"{least} to {most} bytes")

    return check


def hex_or(value):
    """How a reference is written where a text must name it."""
    if isinstance(value, bytes):
        return value.hex()
    if len(value) == 2:
        return f"{value[0].hex()}/{value[1].hex()}"
    if len(value) == 3:
        return f"{value[0]}:{value[2]}"
    raise Refused("invalid-field", "reference")
