"""Omissions: proof that the log's signed answer is wrong about an entry (docs/format.md, Omission)."""

from .log import asserted, closed, is_hash, proved_log
from .note import Note
from .refused import require
from .terms import terms

OMISSION_MAX = 8_388_608
ENTRIES_MAX = 64


def parts(data):
    """Term, index, checkpoint, assertion, entries with their paths: an omission's form, and the digest at its end."""
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
    return term, index, checkpoint, assertion, entries


def check(data, trust):
    """How the log's answer is wrong: `left-out` or `wrongly-listed`. Asks for no witness, since the log signed against itself."""
    term, index, checkpoint, assertion, entries = parts(data)
    head, signers, _ = trust.head(Note(checkpoint.encode()))
    log = proved_log(head, signers, entries, trust)
    rows = dict(asserted(assertion, head, log.registry))
    said = dict(log.statements).get(index)
    require(said is not None and said.payload is not None, "omission-entry-missing")
    listed, raised = index in rows.get(term, ()), term in terms(said)
    require(term in rows and listed != raised, "omission-unfounded")
    return "left-out" if raised else "wrongly-listed"
