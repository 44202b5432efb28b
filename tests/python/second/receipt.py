"""COSE receipts and the statements that carry one (docs/format.md, Receipt)."""

from hashlib import sha256

import cbor2

from . import canonical, texts
from .entry import PATH_MAX, root_of_path
from .refused import Refused, require
from .statement import Statement, signed

RECEIPT_MAX = 8_192
NIL = b"\xf6"
RECEIPTS, STRUCTURE, PROOFS, PLACE = 394, 395, 396, -2003986805
INCLUSION = -1


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


class Receipt:
    """A receipt taken apart. What it proves is for `check` to say."""

    def __init__(self, data):
        require(len(data) <= RECEIPT_MAX, "receipt-too-large")
        require(data[:1] == canonical.SIGN1, "not-a-receipt")
        try:
            parts = cbor2.loads(data[1:])
        except (cbor2.CBORError, ValueError, RecursionError, OverflowError, MemoryError, TypeError, KeyError) as error:
            raise Refused("cbor", str(error)) from None
        require(isinstance(parts, list) and len(parts) == 4 and parts[2] is None, "not-a-receipt")
        self.protected, unprotected, _, self.signature = parts
        require(isinstance(self.protected, bytes) and isinstance(self.signature, bytes), "not-a-receipt")
        # All but the absent payload is canonical by itself, and so is the whole if nothing else stands in it.
        front, back = map(canonical.encode, (self.protected, self.signature))
        written = b"\x84" + front + canonical.encode(unprotected) + NIL + back
        require(written == data[1:], "cbor", "another spelling than the canonical one")
        canonical.decode(canonical.encode(unprotected))
        self.kid, (self.iss, self.sub), self.place = header(canonical.decode(self.protected))
        require(len(self.signature) == 64, "signature-length")
        self.size, index, self.path = proof_in(unprotected)
        require(index == self.place[1], "receipt-index")

    def root(self, statement):
        """The root to which the statement, put into the signed place, leads by the path."""
        leaf = sha256(b"\x00" + canonical.encode([*self.place, statement])).digest()
        root = root_of_path(leaf, self.place[1], self.size, self.path)
        require(root is not None, "proof-length")
        return root

    def check_signed(self, root, public):
        """RFC 9052 §4.4, with the root as the detached payload."""
        message = canonical.encode(["Signature1", self.protected, b"", root])
        require(signed(public, message, self.signature), "receipt-signature-invalid")

    def check(self, statement, registry, head):
        """Whether it proves that the log of these keys holds the statement. Whether the head is of the size that it claims."""
        require(self.iss == registry.principal, "receipt-wrong-log")
        require(self.sub == Statement(statement).sub, "receipt-wrong-subject")
        root, key = self.root(statement), registry.keys.get(self.kid)
        require(key is not None and key.use == "receipt", "receipt-key-unknown")
        require(not key.compromised, "receipt-key-compromised")
        _, index, time, _ = self.place
        if key.grants[0][0] < index:
            registry.key_at(self.kid, index, time)
        self.check_signed(root, key.public)
        require((head.size == self.size) == (head.root == root), "receipt-other-head")
        return head.size == self.size


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
    return value[4], (claims[1], claims[2]), place


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
    """A statement that carries its receipt: its bytes without, and the receipt."""
    parts = canonical.decode(data, tagged=True)
    require(isinstance(parts, list) and len(parts) == 4, "not-transparent")
    carried = parts[1]
    require(isinstance(carried, dict) and list(carried) == [RECEIPTS], "not-transparent")
    receipts = carried[RECEIPTS]
    require(isinstance(receipts, list) and len(receipts) == 1 and isinstance(receipts[0], bytes), "not-transparent")
    return canonical.SIGN1 + canonical.encode([parts[0], {}, parts[2], parts[3]]), Receipt(receipts[0])
