"""Fork proofs: two heads by one key that cannot both be true (docs/format.md, Fork proof)."""

from . import canonical
from .entry import PATH_MAX, node
from .log import closed, is_hash
from .note import LOG, Checkpoint, Key, Note
from .refused import require
from .statement import is_usable

FORK_MAX = 614_400


def fork(data):
    """Refuses a file that proves no fork by the key that it names."""
    require(len(data) <= FORK_MAX, "fork-too-large")
    value = closed(data, "fork-digest")
    require(isinstance(value, list) and len(value) == 7 and value[0] == "writ/fork/1", "not-a-fork")
    _, named, first, second, root, path, _ = value
    require(all(isinstance(text, str) for text in (named, first, second)) and is_hash(root), "not-a-fork")
    require(isinstance(path, list) and len(path) <= PATH_MAX and all(map(is_hash, path)), "not-a-fork")
    key = Key.parse(named)
    require(key.kind == LOG and is_usable(key.public), "fork-key-not-the-logs")
    smaller, larger = (head(text, key) for text in (first, second))
    require(0 < smaller.size <= larger.size, "proof-first-beyond-second")
    before, after = roots(smaller.size, larger.size, list(path), root)
    require((before, after) == (root, larger.root), "proof-root-mismatch")
    require(smaller.root != root, "fork-heads-consistent")


def head(text, key):
    note = Note(text.encode())
    checkpoint = Checkpoint(note.text)
    require(checkpoint.origin == key.name, "fork-key-not-the-logs")
    require(bool(note.times_of(key)), "note-not-by-trusted-key")
    return checkpoint


def roots(first, second, path, root):
    """The roots at both sizes to which a consistency path leads, by the definition of RFC 9162 §2.1.4.1 read backwards."""
    found = both(first, second, path, root)
    require(not path, "proof-length")
    return found


def both(first, second, path, root):
    if first == second:
        if root is not None:
            return root, root
        require(bool(path), "proof-length")
        same = path.pop()
        return same, same
    require(bool(path), "proof-length")
    split = 1 << ((second - 1).bit_length() - 1)
    beside = path.pop()
    if first <= split:
        before, left = both(first, split, path, root)
        return before, node(left, beside)
    before, right = both(first - split, second - split, path, None)
    return node(beside, before), node(beside, right)
