"""Trust files: whose keys a verifier believes (docs/format.md, Trust file)."""

import re

from .note import LOG, WITNESS, Checkpoint, Key, decimal, decoded
from .refused import Refused, require
from .statement import is_usable

TRUST_MAX = 262_144
ITEMS_MAX = 128


class Trust:
    """Log keys, witnesses, groups of these, the quorum asked for, and the genesis pinned."""

    def __init__(self, data):
        require(len(data) <= TRUST_MAX, "trust-too-large")
        text = decoded(data, "trust-not-utf8")
        require(not any((c < " " and c not in "\t\n") or c == "\x7f" for c in text), "trust-control-character")
        self.logs, self.witnesses, self.groups = [], {}, {}
        self.quorum, self.genesis, self.members = None, None, set()
        for line in text.split("\n"):
            words = [word for word in re.split(r"[ \t]", line) if word]
            if words and not words[0].startswith("#"):
                read = {"log": self.log, "witness": self.witness, "group": self.group, "quorum": self.only, "genesis": self.pin}
                require(words[0] in read, "trust-keyword", words[0])
                read[words[0]](words[1:])
        require(self.quorum is not None, "trust-no-quorum")

    def log(self, words):
        require(1 <= len(words) <= 2, "trust-form")
        require(len(self.logs) < ITEMS_MAX, "trust-too-many")
        self.logs.append(self.key(words[0], LOG))

    def witness(self, words):
        require(2 <= len(words) <= 3, "trust-form")
        require(len(self.witnesses) < ITEMS_MAX, "trust-too-many")
        self.define(words[0])
        self.witnesses[words[0]] = self.key(words[1], WITNESS)

    def group(self, words):
        require(len(words) >= 3, "trust-form")
        require(len(self.groups) < ITEMS_MAX, "trust-too-many")
        name, wanted, members = words[0], words[1], words[2:]
        for member in members:
            self.check_known(member)
            require(member not in self.members, "trust-second-membership", member)
            self.members.add(member)
        named = {"all": len(members), "any": 1}
        threshold = named[wanted] if wanted in named else decimal(wanted, "trust-threshold")
        require(1 <= threshold <= len(members), "trust-threshold")
        self.define(name)
        self.groups[name] = (threshold, members)

    def only(self, words):
        require(len(words) == 1, "trust-form")
        require(self.quorum is None, "trust-second-quorum")
        if words[0] != "none":
            self.check_known(words[0])
        self.quorum = words[0]

    def pin(self, words):
        require(len(words) == 1, "trust-form")
        require(self.genesis is None, "trust-second-genesis")
        require(bool(re.fullmatch(r"[0-9a-f]{64}", words[0])), "trust-genesis")
        self.genesis = bytes.fromhex(words[0])

    def key(self, text, kind):
        key = Key.parse(text)
        require(key.kind == kind, "trust-key-kind")
        known = [*self.logs, *self.witnesses.values()]
        require(key.public not in {other.public for other in known}, "trust-duplicate-key")
        require((key.name, key.id) not in {(other.name, other.id) for other in known}, "trust-duplicate-key-id")
        return key

    def define(self, name):
        require(name != "none", "trust-reserved-name")
        require(name not in self.witnesses and name not in self.groups, "trust-duplicate-name")

    def check_known(self, name):
        require(name in self.witnesses or name in self.groups, "trust-unknown-name", name)

    def met(self, name, cosigned):
        """Whether a witness, or as many members of a group as it asks for, have cosigned."""
        if name == "none":
            return True
        if name in self.witnesses:
            return name in cosigned
        wanted, members = self.groups[name]
        return sum(self.met(member, cosigned) for member in members) >= wanted

    def head(self, note):
        """The head that the note is, the keys pinned for its origin that signed it, and the names of the witnesses that did."""
        checkpoint = Checkpoint(note.text)
        logs = [key for key in self.logs if key.name == checkpoint.origin]
        require(bool(logs), "checkpoint-unknown-origin", checkpoint.origin)
        for key in [*logs, *self.witnesses.values()]:
            require(is_usable(key.public), "note-key-unusable")
        # A log states the time of a checkpoint in a cosignature of its own; it counts for nobody else.
        for key in logs:
            note.times_of(Key(key.name, WITNESS, key.public))
        by_log = [key for key in logs if note.times_of(key)]
        cosigned = {name for name, key in self.witnesses.items() if note.times_of(key)}
        require(bool(by_log), "note-not-by-trusted-key")
        return checkpoint, by_log, cosigned

    def check(self, note):
        """The checkpoint that the note is, with the quorum asked for, and the keys pinned for its origin that signed it."""
        checkpoint, by_log, cosigned = self.head(note)
        require(self.met(self.quorum, cosigned), "checkpoint-quorum-not-met")
        return checkpoint, by_log
