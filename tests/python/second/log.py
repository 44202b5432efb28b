"""Bundles and whole logs: whether they hold together, and which of their statements count."""

from blake3 import blake3

from . import canonical, note
from .entry import Entry, included, link_of_origin, root
from .keys import Registry
from .refused import Refused, require
from .statement import Statement
from .terms import terms

BUNDLE_MAX = 64 * 1024 * 1024
ENTRIES_MAX = 4096


class Log:
    """Entries in their order, each looked at in its place."""

    def __init__(self, origin, genesis=None):
        self.origin, self.pinned = origin, genesis
        self.registry, self.last, self.seen, self.standing, self.statements = None, None, set(), [], []

    def take(self, data):
        """Refuses what no honest log holds. What only does not count is noted in `standing`."""
        entry = Entry(data)
        self.check_order(entry)
        statement = Statement(entry.statement)
        require(statement.id not in self.seen, "statement-repeated")
        if self.registry is None:
            require(entry.index == 0, "genesis-missing")
            self.begin(statement, entry)
            stands = True
        else:
            stands = self.stands(statement, entry)
        self.seen.add(statement.id)
        self.standing.append((stands, statement, entry))
        self.statements.append((entry.index, statement))
        self.last = entry

    def check_order(self, entry):
        last = self.last
        if last is None:
            return None
        require(last.index < entry.index, "entry-order")
        require(last.time <= entry.time, "time-backwards")
        return require(last.index + 1 != entry.index or entry.prev == last.hash, "link-broken")

    def begin(self, statement, entry):
        require(statement.unknown is None, "genesis-invalid")
        self.registry = Registry(statement)
        require(self.pinned in (None, statement.id), "wrong-genesis")
        require(self.registry.genesis["origin"] == self.origin, "wrong-origin")
        require(entry.prev == link_of_origin(self.origin), "link-broken")

    def stands(self, statement, entry):
        try:
            key = self.registry.key_at(statement.kid, entry.index, entry.time)
            require(statement.signed_by(key.public), "signature-invalid")
            if statement.unknown:
                raise statement.unknown
            self.registry.admit(statement, entry.index, entry.time)
        except Refused:
            return False
        self.registry.record(statement, entry.index, entry.time)
        return True


def whole_log(checkpoint, entries, trust):
    """A whole log against its checkpoint: the head, and what was read."""
    head, signers = trust.check(note.Note(checkpoint))
    require(len(entries) == head.size, "entries-incomplete")
    log = Log(head.origin, trust.genesis)
    for index, data in enumerate(entries):
        require(Entry(data).index == index, "index-wrong")
        log.take(data)
    require(root([Entry(data).leaf for data in entries]) == head.root, "entries-incomplete")
    require(log.registry is not None, "genesis-missing")
    log.registry.check_head(signers, head.size)
    return head, log


def proved_log(head, signers, proved, trust):
    """Entries that lead to a head, each looked at in its place."""
    log, last = Log(head.origin, trust.genesis), -1
    for entry_data, path in proved:
        entry = Entry(entry_data)
        require(last < entry.index, "bundle-order")
        last = entry.index
        require(included(entry.leaf, entry.index, head.size, path, head.root), "proof")
    for entry_data, _ in proved:
        log.take(entry_data)
    require(log.registry is not None, "genesis-missing")
    log.registry.check_head(signers, head.size)
    return log


def check_bundle(data, trust):
    """A bundle against the keys pinned. The mark of each statement."""
    subject, checkpoint, proved, assertions = parts(data)
    head, signers = trust.check(note.Note(checkpoint.encode()))
    log = proved_log(head, signers, proved, trust)
    check_assertions(assertions, head, log)
    require(subject in log.seen, "subject-missing")
    return marks(log)


def parts(data):
    """Subject, checkpoint, entries with their paths, assertions: a bundle's form, and the digest at its end."""
    require(len(data) <= BUNDLE_MAX, "bundle-too-large")
    value = closed(data, "bundle-digest")
    require(isinstance(value, list) and len(value) == 6 and value[0] == "writ/bundle/1", "not-a-bundle")
    _, subject, checkpoint, entries, assertions, _ = value
    require(is_hash(subject) and isinstance(checkpoint, str), "not-a-bundle")
    require(isinstance(entries, list) and isinstance(assertions, list), "not-a-bundle")
    require(len(entries) <= ENTRIES_MAX, "bundle-too-many-entries")
    for proved in entries:
        require(isinstance(proved, list) and len(proved) == 2 and isinstance(proved[0], bytes), "not-a-bundle")
        require(isinstance(proved[1], list) and all(map(is_hash, proved[1])), "not-a-bundle")
    require(all(isinstance(assertion, bytes) for assertion in assertions), "not-a-bundle")
    return subject, checkpoint, entries, assertions


def closed(data, code):
    """The value of a file that ends in the digest of all bytes before."""
    require(len(data) > 34 and data[-34:-32] == b"\x58\x20" and blake3(data[:-32]).digest() == data[-32:], code)
    return canonical.decode(data)


def is_hash(value):
    return isinstance(value, bytes) and len(value) == 32


def check_assertions(assertions, head, log):
    """The log's own word on who answers to which terms must be signed, of this head, and true of the entries at hand."""
    rows = {}
    for data in assertions:
        for term, indexes in asserted(data, head, log.registry):
            require(term not in rows, "assertion-invalid")
            rows[term] = indexes
    for index, statement in log.statements:
        if statement.payload is not None:
            listed = {term for term, indexes in rows.items() if index in indexes}
            require(listed == terms(statement) & set(rows), "assertion-false")


def asserted(data, head, registry):
    """The rows of an answer that the log signed about a head."""
    statement = Statement(data)
    require(statement.unknown is None and statement.payload["kind"] == "assertion", "assertion-invalid")
    require(registry.signs(statement.kid, "statement", head.size), "assertion-invalid")
    key = registry.keys[statement.kid]
    require(key.principal == statement.iss, "assertion-invalid")
    require(statement.signed_by(key.public) and statement.payload["log"] == registry.log, "assertion-invalid")
    body = statement.payload["body"]
    require((body["size"], body["root"]) == (head.size, head.root), "assertion-invalid")
    return body["rows"]


def marks(log):
    """For each statement `+` where it counts, `-` where it does not, `!` where a key behind it was in other hands by then."""
    return "".join(mark(log.registry, *placed) for placed in log.standing)


def mark(registry, stands, statement, entry):
    if not stands:
        return "-"
    return "!" if registry.compromised_behind(statement.kid, entry.index, entry.time) else "+"
