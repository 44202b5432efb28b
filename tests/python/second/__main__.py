"""Reads questions from standard input, one JSON document a line, and answers each on standard output.

{"trust": text, "bundle": hex}, {"trust": text, "checkpoint": text, "entries": [hex…]}: held against the keys pinned
{"reader": name, "bytes": hex}: of the form, and nothing more
{"reader": "omission", "bytes": hex, "trust": text}: proved
{"reader": "receipt" or "transparent", "bytes": hex}, for the former with "statement": hex, and with either
    "public": hex, under that key, or "trust", "checkpoint" and "entries", under the keys of that log: proved
{"ok": true, "standing": text} or {"ok": false, "code": name}
"""

import json
import sys
from functools import lru_cache

from . import fork, log, note, omission, proof, receipt
from .entry import Entry
from .refused import Refused
from .statement import Statement, check_public_key
from .trust import Trust


def known_statement(data):
    unknown = Statement(data).unknown
    if unknown:
        raise unknown


READERS = {
    "batch": proof.batch,
    "bundle": log.parts,
    "checkpoint": lambda data: note.Checkpoint(data.decode()),
    "entry": Entry,
    "entry-bundle": proof.entry_bundle,
    "fork": fork.fork,
    "note": note.Note,
    "omission": omission.parts,
    "public-key": check_public_key,
    "receipt": receipt.Receipt,
    "statement": known_statement,
    "tile": proof.tile,
    "tile-path": proof.tile_path,
    "tlog-proof": proof.tlog_proof,
    "transparent": lambda data: known_statement(receipt.transparent(data)[0]),
    "trust-file": Trust,
    "verifier-key": lambda data: note.Key.parse(data.decode()),
}


@lru_cache(maxsize=1)
def whole(checkpoint, entries, trust):
    """A whole log. Many questions are about the same one."""
    return log.whole_log(checkpoint.encode(), list(map(bytes.fromhex, entries)), Trust(trust.encode()))


def proved(question):
    """What a receipt or an omission proves."""
    data = bytes.fromhex(question["bytes"])
    if question["reader"] == "omission":
        return omission.check(data, Trust(question["trust"].encode()))
    if question["reader"] == "transparent":
        statement, proof = receipt.transparent(data)
    else:
        statement, proof = bytes.fromhex(question["statement"]), receipt.Receipt(data)
    root = proof.root(statement)
    if "public" in question:
        proof.check_signed(root, bytes.fromhex(question["public"]))
        return root.hex()
    head, read = whole(question["checkpoint"], tuple(question["entries"]), question["trust"])
    confirmed = proof.check(statement, read.registry, head)
    return f"{root.hex()} {'under the head' if confirmed else 'under another head'}"


def standing(question):
    if "public" in question or ("reader" in question and "trust" in question):
        return proved(question)
    if "reader" in question:
        READERS[question["reader"]](bytes.fromhex(question["bytes"]))
        return ""
    if "bundle" in question:
        return log.check_bundle(bytes.fromhex(question["bundle"]), Trust(question["trust"].encode()))
    _, read = whole(question["checkpoint"], tuple(question["entries"]), question["trust"])
    return log.marks(read)


def answer(question):
    try:
        return {"ok": True, "standing": standing(question)}
    except Refused as refused:
        return {"ok": False, "code": refused.code}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
