"""Reads questions from standard input, one JSON document a line, and answers each on standard output.

{"trust": text, "bundle": hex}, {"trust": text, "checkpoint": text, "entries": [hex…]} or {"reader": name, "bytes": hex}
{"ok": true, "standing": "++-+"} or {"ok": false, "code": name}
"""

import json
import sys

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
    "omission": omission.omission,
    "public-key": check_public_key,
    "receipt": receipt.receipt,
    "statement": known_statement,
    "tile": proof.tile,
    "tile-path": proof.tile_path,
    "tlog-proof": proof.tlog_proof,
    "transparent": receipt.transparent,
    "trust-file": Trust,
    "verifier-key": lambda data: note.Key.parse(data.decode()),
}


def standing(question):
    if "reader" in question:
        READERS[question["reader"]](bytes.fromhex(question["bytes"]))
        return ""
    trust = Trust(question["trust"].encode())
    if "bundle" in question:
        return log.check_bundle(bytes.fromhex(question["bundle"]), trust)
    entries = [bytes.fromhex(entry) for entry in question["entries"]]
    return log.check_log(question["checkpoint"].encode(), entries, trust)


def answer(question):
    try:
        return {"ok": True, "standing": standing(question)}
    except Refused as refused:
        return {"ok": False, "code": refused.code}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
