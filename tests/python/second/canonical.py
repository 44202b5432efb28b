"""Canonical CBOR: one spelling a value.

Found out by another road than the first verifier's scanner: the bytes are decoded freely, the value is looked at, and then written again.
"""

import cbor2

from .refused import Refused, require

DEPTH_MAX = 16
ITEMS_MAX = 4_000_000
INTEGER_MAX = 2**53 - 1
SIGN1 = b"\xd2"  # tag 18


def decode(data, tagged=False):
    """The value whose one canonical encoding `data` is. With `tagged`, what stands inside tag 18."""
    if tagged:
        require(data[:1] == SIGN1, "not-cose-sign1", "no tag 18")
        data = data[1:]
    try:
        value = cbor2.loads(data)
    except (cbor2.CBORError, ValueError, RecursionError, OverflowError, MemoryError, TypeError, KeyError) as error:
        raise Refused("cbor", str(error)) from None
    # The tag is a level of its own.
    look(value, 1 if tagged else 0, [0])
    # Bytes behind the item are not written again either.
    require(is_sorted(value) and cbor2.dumps(value) == data, "cbor", "another spelling than the canonical one")
    return value


def look(value, depth, count):
    """Refuses what the format has no use for, however it is spelt."""
    count[0] += 1
    require(count[0] <= ITEMS_MAX, "cbor", "too many items")
    if isinstance(value, bool) or isinstance(value, (bytes, str)):
        return
    if isinstance(value, int):
        require(-INTEGER_MAX <= value <= INTEGER_MAX, "cbor", "an integer beyond 2^53 - 1")
        return
    require(isinstance(value, (list, tuple, dict)), "cbor", f"a {type(value).__name__}")
    require(depth < DEPTH_MAX, "cbor", "nested too deep")
    for part in value:
        look(part, depth + 1, count)
        if isinstance(value, dict):
            look(value[part], depth + 1, count)


def is_sorted(value):
    """Whether the keys of every map ascend by their encoding. Keys that stand twice are gone by now, and change the bytes."""
    if isinstance(value, (list, tuple)):
        return all(is_sorted(part) for part in value)
    if isinstance(value, dict):
        keys = [cbor2.dumps(key) for key in value]
        return keys == sorted(keys) and all(is_sorted(part) for part in value.values()) and all(is_sorted(key) for key in value)
    return True


def encode(value):
    """The canonical encoding of integers, texts, byte strings and lists of these."""
    return cbor2.dumps(value)
