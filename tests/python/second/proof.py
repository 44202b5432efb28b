"""Proofs and tiles as they travel (docs/format.md, Tree and head; C2SP tlog-proof and tlog-tiles)."""

import re

from . import canonical
from .canonical import INTEGER_MAX
from .entry import PATH_MAX
from .note import Checkpoint, Note, decimal, decoded, unbase64
from .refused import require

EXTRA_MAX = 65_536
BATCH_MAX = 4_096
TILE_WIDTH = 256
NUMBER_GROUPS_MAX = 7


def tlog_proof(data):
    text = decoded(data, "tlog-proof-not-utf8")
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    require(lines[0] == "c2sp.org/tlog-proof@v1", "tlog-proof-version")
    lines = lines[1:]
    if lines and lines[0].startswith("extra "):
        require(len(unbase64(lines.pop(0)[6:], "tlog-proof-extra")) <= EXTRA_MAX, "tlog-proof-extra-too-large")
    require(bool(lines) and lines[0].startswith("index "), "tlog-proof-index")
    require(decimal(lines.pop(0)[6:], "tlog-proof-index") <= INTEGER_MAX, "tlog-proof-index")
    require(len(lines) <= PATH_MAX, "tlog-proof-too-many-hashes")
    for line in lines:
        require(len(unbase64(line, "tlog-proof-hash")) == 32, "tlog-proof-hash")
    require(bool(blank), "tlog-proof-no-checkpoint")
    Checkpoint(Note(checkpoint.encode()).text)


def tile(data):
    require(0 < len(data) <= TILE_WIDTH * 32 and len(data) % 32 == 0, "tile-length")


def tile_path(data):
    match = re.fullmatch(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", decoded(data, "tile-path"))
    require(bool(match) and match[0].isascii(), "tile-path")
    level, groups, width = match[1], match[2].replace("x", "").split("/"), match[3]
    require(level == "entries" or int(level) <= 63, "tile-path")
    require(len(groups) == 1 or groups[0] != "000", "tile-path")
    require(len(groups) <= NUMBER_GROUPS_MAX and int("".join(groups)) < 2**64, "tile-path")
    require(width is None or int(width) < TILE_WIDTH, "tile-path")


def entry_bundle(data):
    entries = []
    while data:
        require(len(data) >= 2, "entry-bundle-truncated")
        size = int.from_bytes(data[:2], "big")
        require(len(data) >= 2 + size, "entry-bundle-truncated")
        entries.append(data[2 : 2 + size])
        data = data[2 + size :]
    require(1 <= len(entries) <= TILE_WIDTH, "entry-bundle-count")


def batch(data):
    """A CBOR sequence: canonical items one after the other."""
    count = 0
    while data:
        count += 1
        require(count <= BATCH_MAX, "batch-too-many")
        end = item_length(data)
        canonical.decode(data[:end], tagged=data[:1] == canonical.SIGN1)
        data = data[end:]
    require(count > 0, "batch-empty")


def item_length(data):
    """How many bytes the first item takes, by its heads alone."""
    at, waiting = 0, 1
    while waiting:
        waiting -= 1
        require(at < len(data), "cbor", "cut short")
        major, info = data[at] >> 5, data[at] & 31
        require(info < 28, "cbor", "no definite length")
        extra = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
        argument = int.from_bytes(data[at + 1 : at + 1 + extra], "big") if extra else info
        at += 1 + extra
        if major in (2, 3):
            at += argument
        elif major in (4, 5, 6):
            waiting += argument * (2 if major == 5 else 1)
            require(waiting <= len(data), "cbor", "cut short")
    require(at <= len(data), "cbor", "cut short")
    return at
