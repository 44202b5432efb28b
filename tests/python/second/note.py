"""Signed notes and checkpoints (docs/format.md, Tree and head)."""

import base64
import binascii
import re
from hashlib import sha256

from . import texts
from .canonical import INTEGER_MAX
from .refused import Refused, require
from .statement import signed

NOTE_MAX = 262_144
SIGNATURES_MAX = 64
NAME_MAX = 255
LOG, WITNESS = 1, 4


def unbase64(text, code):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(code, text) from None
    # One spelling: no stray bits in the last character.
    require(base64.b64encode(data).decode() == text, code)
    return data


def decoded(data, code):
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refused(code) from None


def decimal(text, code):
    """A number of one spelling."""
    require(bool(re.fullmatch(r"0|[1-9][0-9]{0,19}", text)) and text.isascii(), code, text)
    return int(text)


def check_name(name):
    holds = 1 <= texts.size(name) <= NAME_MAX
    require(holds and not any(texts.is_control(c) or c in texts.WHITE_SPACE or c == "+" for c in name), "key-name-character")


class Key:
    """A verifier key: `name+id+base64(type, public key)`."""

    def __init__(self, name, kind, public):
        self.name, self.kind, self.public = name, kind, public
        self.id = sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]

    @classmethod
    def parse(cls, text):
        parts = text.split("+", 2)
        require(len(parts) == 3 and bool(re.fullmatch(r"[0-9a-f]{8}", parts[1])), "verifier-key-form")
        check_name(parts[0])
        material = unbase64(parts[2], "verifier-key-form")
        require(material[:1] in (b"\x01", b"\x04"), "verifier-key-type")
        require(len(material) == 33, "verifier-key-length")
        key = cls(parts[0], material[0], material[1:])
        require(key.id.hex() == parts[1], "verifier-key-id")
        return key


class Note:
    """A text and the signature lines under it."""

    def __init__(self, data):
        require(len(data) <= NOTE_MAX, "note-too-large")
        text = decoded(data, "note-not-utf8")
        require(not any(c < " " and c != "\n" for c in text), "note-control-character")
        require(text.endswith("\n"), "note-unterminated")
        split = text.rfind("\n\n")
        require(split >= 0, "note-no-blank-line")
        self.text, lines = text[: split + 1], text[split + 2 :].split("\n")[:-1]
        require(bool(lines), "note-unsigned")
        require(len(lines) <= SIGNATURES_MAX, "note-too-many-signatures")
        self.lines = [signature_line(line) for line in lines]

    def times_of(self, key):
        """For each line by this key its time, or zero. Refuses the note if one of them is not good."""
        found = []
        for name, key_id, signature in self.lines:
            if (name, key_id) == (key.name, key.id):
                message, time = self.text.encode(), 0
                if key.kind == WITNESS:
                    time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
                    message = f"cosignature/v1\ntime {time}\n".encode() + message
                good = len(signature) == 64 and time < 2**63 and signed(key.public, message, signature)
                require(good, "note-signature-invalid", key.name)
                found.append(time)
        return found


def signature_line(line):
    match = re.fullmatch(r"— ([^ ]+) ([^ ]+)", line)
    require(bool(match), "note-signature-line", line)
    check_name(match[1])
    material = unbase64(match[2], "note-signature-line")
    require(len(material) > 4, "note-signature-line")
    return match[1], material[:4], material[4:]


class Checkpoint:
    """Origin, size and root: the three lines of a head."""

    def __init__(self, text):
        lines = text.split("\n")
        require(len(lines) == 4 and lines[3] == "", "checkpoint-line-missing")
        self.origin = lines[0]
        try:
            texts.origin(self.origin)
        except Refused:
            raise Refused("checkpoint-origin", lines[0]) from None
        self.size = decimal(lines[1], "checkpoint-size")
        require(self.size <= INTEGER_MAX, "checkpoint-size-too-large")
        self.root = unbase64(lines[2], "checkpoint-root")
        require(len(self.root) == 32, "checkpoint-root")
        require(self.size > 0 or self.root == sha256(b"").digest(), "checkpoint-empty-root")
