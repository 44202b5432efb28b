"""COSE receipts and the statements that carry one (docs/format.md, Receipt)."""

import cbor2

from . import canonical, texts
from .entry import PATH_MAX
from .refused import Refused, require
from .statement import Statement

RECEIPT_MAX = 8_192
NIL = b"\xf6"
RECEIPTS, STRUCTURE, PROOFS, PLACE = 394, 395, 396, -2003986805
INCLUSION = -1


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def receipt(data):
    """`(place, [tree size, leaf index, path])` of a receipt's form. Who signed it is not looked at."""
    require(len(data) <= RECEIPT_MAX, "receipt-too-large")
    require(data[:1] == canonical.SIGN1, "not-a-receipt")
    try:
        parts = cbor2.loads(data[1:])
    except (cbor2.CBORError, ValueError, RecursionError, OverflowError, MemoryError, TypeError, KeyError) as error:
        raise Refused("cbor", str(error)) from None
    require(isinstance(parts, list) and len(parts) == 4 and parts[2] is None, "not-a-receipt")
    protected, unprotected, _, signature = parts
    require(isinstance(protected, bytes) and isinstance(signature, bytes), "not-a-receipt")
    # All but the absent payload is canonical by itself, and so is the whole if nothing else stands in it.
    written = b"\x84" + b"".join([*map(canonical.encode, (protected, unprotected)), NIL, canonical.encode(signature)])
    require(written == data[1:], "cbor", "another spelling than the canonical one")
    canonical.decode(canonical.encode(unprotected))
    place = header(canonical.decode(protected))
    require(len(signature) == 64, "signature-length")
    proof = proof_in(unprotected)
    require(proof[1] == place[1], "receipt-index")
    return place, proof


def header(value):
    labels = [1, 4, 15, STRUCTURE, PLACE]
    require(isinstance(value, dict) and list(value) == labels, "receipt-header")
    require(value[1] == -19, "algorithm")
    require(isinstance(value[4], bytes) and len(value[4]) == 32, "receipt-header")
    claims = value[15]
    require(isinstance(claims, dict) and list(claims) == [1, 2] and isinstance(claims[2], str), "receipt-header")
    try:
        texts.uri(claims[1])
    except Refused:
        raise Refused("issuer", str(claims[1])) from None
    require(value[STRUCTURE] == 1 and is_count(value[STRUCTURE]), "receipt-data-structure")
    place = value[PLACE]
    require(isinstance(place, list) and len(place) == 4 and all(map(is_count, place[:3])), "receipt-header")
    require(place[0] == 1 and isinstance(place[3], bytes) and len(place[3]) == 32, "receipt-header")
    return place


def proof_in(unprotected):
    require(isinstance(unprotected, dict) and list(unprotected) == [PROOFS], "receipt-proofs")
    proofs = unprotected[PROOFS]
    require(isinstance(proofs, dict) and list(proofs) == [INCLUSION], "receipt-proofs")
    inclusion = proofs[INCLUSION]
    require(isinstance(inclusion, list) and len(inclusion) == 1 and isinstance(inclusion[0], bytes), "receipt-proofs")
    proof = canonical.decode(inclusion[0])
    require(isinstance(proof, list) and len(proof) == 3 and all(map(is_count, proof[:2])), "receipt-proof")
    size, index, path = proof
    require(index < size and isinstance(path, list), "receipt-proof")
    require(len(path) <= PATH_MAX, "receipt-too-many-hashes")
    require(all(isinstance(part, bytes) and len(part) == 32 for part in path), "receipt-proof")
    return proof


def transparent(data):
    """A statement that carries its receipt: the two, each of its form."""
    parts = canonical.decode(data, tagged=True)
    require(isinstance(parts, list) and len(parts) == 4, "not-transparent")
    carried = parts[1]
    require(isinstance(carried, dict) and list(carried) == [RECEIPTS], "not-transparent")
    receipts = carried[RECEIPTS]
    require(isinstance(receipts, list) and len(receipts) == 1 and isinstance(receipts[0], bytes), "not-transparent")
    receipt(receipts[0])
    known = Statement(canonical.SIGN1 + canonical.encode([parts[0], {}, parts[2], parts[3]]))
    if known.unknown:
        raise known.unknown
