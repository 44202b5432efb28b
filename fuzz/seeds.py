"""Makes seeds for every target out of the golden vectors: what holds, and what is refused.

python3 fuzz/seeds.py VECTORS CORPUS
"""

import hashlib
import json
import pathlib
import sys

# Which target reads what a vector's reader reads.
TARGETS = {
    "batch": ["batch"],
    "bundle": ["bundle"],
    "checkpoint": ["checkpoint"],
    "entry": ["entry"],
    "entry-bundle": ["tiles"],
    "fork": ["fork"],
    "note": ["checkpoint"],
    "omission": ["omission"],
    "receipt": ["receipt"],
    "statement": ["statement", "batch"],
    "tile": ["tiles"],
    "tile-path": ["tiles"],
    "tlog-proof": ["proof"],
    "transparent": ["receipt"],
    "trust-file": ["trust"],
    "verifier-key": ["checkpoint"],
}
# Under which name a vector that holds keeps its bytes or its text, and who reads them.
FIELDS = {
    "bundle": "bundle",
    "entry": "entry",
    "file": "trust-file",
    "fork": "fork",
    "note": "note",
    "omission": "omission",
    "proof": "tlog-proof",
    "public_key": "public-key",
    "receipt": "receipt",
    "statement": "statement",
    "transparent": "transparent",
}
TEXTS = {"file", "note", "proof"}
# Larger ones slow the fuzzer down more than they teach it.
SEED_MAX = 16 * 1024


def seeds(vector):
    """`(reader, bytes)` of all that a vector holds."""
    if "reader" in vector:
        runs = vector.get("runs", [{"hex": vector.get("bytes", ""), "times": 1}])
        yield vector["reader"], b"".join(bytes.fromhex(run["hex"]) * run["times"] for run in runs)
    for field, reader in FIELDS.items():
        if isinstance(vector.get(field), str):
            yield reader, vector[field].encode() if field in TEXTS else bytes.fromhex(vector[field])


def signatures(data):
    """Right signatures of each of the target's keys, and published ones of odd kinds: who signs, what is changed, the message."""
    for who in range(4):
        yield bytes([who]) + bytes(96) + b"message"
    for line in (data / "cctv.txt").read_text().splitlines()[1:]:
        _, key, signature, message = line.split(" ", 3)
        yield b"\x80" + bytes.fromhex(key + signature) + message.encode()
    cases = (data / "speccheck.txt").read_text().splitlines()[1:]
    for message, key, signature in zip(*[iter(line.split("=")[1] for line in cases)] * 3):
        yield b"\x80" + bytes.fromhex(key + signature + message)


def write(corpus, target, data):
    folder = pathlib.Path(corpus) / target
    folder.mkdir(parents=True, exist_ok=True)
    if len(data) <= SEED_MAX:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def main(vectors, corpus):
    for data in signatures(pathlib.Path(__file__).parent.parent / "hotkey" / "tests" / "data"):
        write(corpus, "signature", data)
    for path in sorted(pathlib.Path(vectors).rglob("*.json")):
        for reader, data in seeds(json.loads(path.read_text())):
            for target in TARGETS.get(reader, []) + ["scanner"]:
                write(corpus, target, data)


main(*sys.argv[1:])
