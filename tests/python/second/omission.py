"""Omissions: proof that the log's signed answer is wrong about an entry (docs/format.md, Omission). Only their form."""

from .log import closed, is_hash
from .refused import require

OMISSION_MAX = 8_388_608
ENTRIES_MAX = 64


def omission(data):
    require(len(data) <= OMISSION_MAX, "omission-too-large")
    value = closed(data, "omission-digest")
    require(isinstance(value, list) and len(value) == 7 and value[0] == "writ/omission/1", "not-an-omission")
    _, term, index, checkpoint, assertion, entries, _ = value
    require(isinstance(term, bytes) and len(term) == 16, "invalid-field")
    require(isinstance(index, int) and not isinstance(index, bool) and index >= 0, "invalid-field")
    require(isinstance(checkpoint, str) and isinstance(assertion, bytes) and isinstance(entries, list), "not-an-omission")
    require(len(entries) <= ENTRIES_MAX, "omission-too-many-entries")
    for proved in entries:
        require(isinstance(proved, list) and len(proved) == 2 and isinstance(proved[0], bytes), "not-an-omission")
        require(isinstance(proved[1], list) and all(map(is_hash, proved[1])), "not-an-omission")
