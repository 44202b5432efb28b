"""A second verifier of writ's bundles and logs, for tests alone.

Written from docs/format.md, on other libraries than the first one (cbor2, cryptography, blake3), so that both go wrong together only
where the format's description does. It decides whether bytes hold together and which statements count; it judges nothing.
"""
