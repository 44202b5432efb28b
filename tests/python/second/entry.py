"""Entries, their links, and the tree over them (docs/format.md, Entry, Tree and head)."""

from hashlib import sha256

from blake3 import blake3

from . import canonical
from .refused import require

ENTRY_MAX = 65_535
PATH_MAX = 63


class Entry:
    """`[1, index, time, prev, statement]`."""

    def __init__(self, data):
        require(isinstance(data, bytes) and len(data) <= ENTRY_MAX, "entry-too-large")
        value = canonical.decode(data)
        require(isinstance(value, list) and len(value) == 5, "not-an-entry")
        version, self.index, self.time, self.prev, self.statement = value
        numbers = all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in (version, self.index, self.time))
        require(numbers and version == 1, "not-an-entry")
        require(isinstance(self.prev, bytes) and len(self.prev) == 32, "not-an-entry")
        require(isinstance(self.statement, bytes), "not-an-entry")
        self.hash = blake3(data).digest()
        self.leaf = sha256(b"\x00" + data).digest()


def link_of_origin(origin):
    """What the first entry links to."""
    return blake3(origin.encode()).digest()


def node(left, right):
    return sha256(b"\x01" + left + right).digest()


def root(leaves):
    """RFC 9162 §2.1.1, as it is defined there: split at the largest power of two below the number."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node(root(leaves[:split]), root(leaves[split:]))


def root_of_path(leaf, index, size, path):
    """The root to which a path leads from a leaf; nothing where its length is not that of the place. Follows the tree's definition
    downwards and not the RFC's loop."""
    if not 0 <= index < size or len(path) > PATH_MAX:
        return None
    turns = []
    while size > 1:
        split = 1 << ((size - 1).bit_length() - 1)
        turns.append(index >= split)
        index, size = (index - split, size - split) if index >= split else (index, split)
    if len(turns) != len(path):
        return None
    found = leaf
    for right, sibling in zip(reversed(turns), path):
        found = node(sibling, found) if right else node(found, sibling)
    return found


def included(leaf, index, size, path, expected):
    """Whether the path leads from the leaf to the root."""
    return root_of_path(leaf, index, size, path) == expected
