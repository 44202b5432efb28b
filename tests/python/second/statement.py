"""Statements: the envelope, the signature, and the payload inside (docs/format.md, Statement)."""

from blake3 import blake3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hashlib import sha256

from . import canonical, kinds, texts
from .refused import Refused, Unknown, require

STATEMENT_MAX = 65_000
P = 2**255 - 19
# Encodings of the eight points of small order (RFC 8032's curve), the sign bit aside.
SMALL_ORDER = {
    0,
    1,
    P - 1,
    2707385501144840649318225287225658788936804267575313519463743609750303402022,
    55188659117513257062467267217118295137698188065244968500265048394206261417927,
}


def key_id(public):
    """RFC 9679 thumbprint of an Ed25519 key."""
    return sha256(bytes.fromhex("a3010120062158") + b"\x20" + public).digest()


def coordinate(encoding):
    """The y that a point's encoding holds; nothing where it is written in another than the canonical way."""
    y = int.from_bytes(encoding, "little") & (2**255 - 1)
    return y if y < P else None


def is_usable(point):
    """Whether a point is canonical and not of small order."""
    y = coordinate(point)
    return y is not None and y not in SMALL_ORDER


def is_on_curve(y):
    """Whether some x makes -x² + y² = 1 + d·x²·y² true."""
    d = -121665 * pow(121666, -1, P)
    x_squared = (y * y - 1) * pow(d * y * y + 1, -1, P) % P
    return x_squared == 0 or pow(x_squared, (P - 1) // 2, P) == 1


def check_public_key(public):
    """Refuses what is no key: no point, one of small order, a second spelling of a point."""
    require(len(public) == 32, "key-length")
    y = int.from_bytes(public, "little") & (2**255 - 1)
    require(is_on_curve(y), "key-invalid")
    require(y % P not in SMALL_ORDER, "key-weak")
    require(coordinate(public) is not None, "key-not-canonical")


def signed(public, message, signature):
    """Whether the signature is the key's, with the strict checks: neither key nor commitment of small order."""
    if not (is_usable(public) and is_usable(signature[:32])):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class Statement:
    """A statement taken apart. `payload` is nothing where its form is unknown, and `unknown` then says why."""

    def __init__(self, data):
        require(len(data) <= STATEMENT_MAX, "statement-too-large")
        parts = canonical.decode(data, tagged=True)
        require(isinstance(parts, list) and len(parts) == 4, "not-cose-sign1")
        protected, unprotected, payload, signature = parts
        shape = isinstance(protected, bytes) and isinstance(unprotected, dict) and isinstance(payload, bytes)
        require(shape and isinstance(signature, bytes), "not-cose-sign1")
        require(not unprotected, "unprotected-header")
        self.data, self.id = data, blake3(data).digest()
        self.kid, self.iss, self.sub = header(protected)
        require(len(signature) == 64, "signature-length")
        self.signature = signature
        self.signed_bytes = canonical.encode(["Signature1", protected, b"", payload])
        value = canonical.decode(payload)
        self.payload, self.unknown = value, None
        try:
            kinds.check_payload(value)
        except Unknown as unknown:
            self.payload, self.unknown = None, unknown
            return
        require(kinds.subject(value) == self.sub, "subject-mismatch")

    def signed_by(self, public):
        return signed(public, self.signed_bytes, self.signature)


def header(protected):
    """Key id, issuer and subject."""
    value = canonical.decode(protected)
    require(isinstance(value, dict) and list(value) == [1, 3, 4, 15], "protected-header")
    require(value[1] in (-19, -8) and not isinstance(value[1], bool), "algorithm")
    require(value[3] == "application/writ+cbor", "protected-header", "content type")
    require(isinstance(value[4], bytes) and len(value[4]) == 32, "protected-header", "kid")
    claims = value[15]
    require(isinstance(claims, dict) and list(claims) == [1, 2], "protected-header", "claims")
    try:
        texts.uri(claims[1])
    except Refused:
        raise Refused("issuer", str(claims[1])) from None
    require(isinstance(claims[2], str), "protected-header", "sub")
    return value[4], claims[1], claims[2]
