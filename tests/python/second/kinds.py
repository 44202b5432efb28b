"""The kinds of statements: their fields, types and rules (docs/format.md, Payload, Kinds). The field set is closed."""

from . import texts as t
from .refused import Refused, Unknown, require

LIST_MAX = 1024


def words(*allowed):
    def check(value):
        t.text(value)
        if value not in allowed:
            raise Unknown("unknown-value", value)

    return check


def many(item, most=LIST_MAX):
    """A list that must be absent where it is empty."""

    def check(value):
        require(isinstance(value, list), "other-form", "no list")
        require(value, "other-form", "an empty list")
        require(len(value) <= most, "invalid-field", "too many")
        for part in value:
            item(part)

    return check


def some(item, most=LIST_MAX):
    """A required list: it may be empty."""

    def check(value):
        require(isinstance(value, list) and len(value) <= most, "invalid-field", "list")
        for part in value:
            item(part)

    return check


def true(value):
    require(value is True, "other-form", "absent where it is not true")


def fields(required, optional=None):
    """A map with these fields and no others."""
    optional = optional or {}

    def check(value):
        require(isinstance(value, dict), "other-form", "no map")
        for key, part in value.items():
            t.text(key)
            kind = required.get(key) or optional.get(key)
            if kind is None:
                raise Unknown("unknown-field", key)
            kind(part)
        for key in required:
            require(key in value, "missing-field", key)

    return check


def named(item):
    """A map from names to something, absent where it is empty."""

    def check(value):
        require(isinstance(value, dict) and value, "other-form", "map")
        for key, part in value.items():
            t.name(key)
            item(part)

    return check


def ordered(body, first, last):
    if first in body and last in body:
        require(body[first] <= body[last], "invalid-field", last)


def goes_with(body, field, holds):
    require((field in body) == holds, "invalid-field", field)


id32 = t.octets(32, 32)
id16 = t.octets(16, 16)
blob = t.octets(0, 2**32)
time = t.whole
principal = t.uri
digest = fields({"alg": t.name, "canon": t.name, "value": t.octets(16, 64)})
action_name = fields({"name": t.line}, {"class": t.name, "class_source": t.uri})
quantities = named(t.quantity)
use = words("checkpoint", "statement", "receipt")
role = fields(
    {"role": words("principal", "authority", "pdp", "approver", "gateway", "registrar")},
    {"about": many(t.pattern), "tenants": many(t.tenant)},
)


def limit(value):
    fields({}, {"max": t.quantity, "min": t.quantity, "in": some(t.quantity, 2**32)})(value)
    require(value, "invalid-field", "a limit without a bound")
    require(all(t.is_number(value[k]) for k in ("max", "min") if k in value), "invalid-field", "a word as bound")


grant = fields({"actions": some(t.pattern), "resources": some(t.pattern)}, {"limits": named(limit)})
external = fields({"external": fields({"system": t.uri, "ref": t.line}, {"digest": digest})})


def scope(value):
    if isinstance(value, dict):
        return external(value)
    return some(grant)(value)


def genesis(body):
    use_of = [key["use"] for key in body["keys"]]
    require(sorted(use_of) == ["checkpoint", "receipt", "statement"], "invalid-field", "keys")
    publics = [key["public"] for key in body["keys"]] + body["registrars"]
    require(len(set(publics)) == len(publics), "invalid-field", "keys stand twice")
    require(1 <= body["threshold"] <= len(body["registrars"]), "invalid-field", "threshold")


def key(body):
    registers = body["op"] in ("add", "rotate")
    for field in ("public", "principal", "pop"):
        goes_with(body, field, registers)
    require(("roles" in body or "use" in body) == registers, "invalid-field", "roles")
    require(not ("roles" in body and "use" in body), "invalid-field", "use")
    goes_with(body, "replaces", body["op"] == "rotate")
    require("accept_until" not in body or body["op"] == "retire", "invalid-field", "accept_until")
    require("since" not in body or body["op"] == "compromise", "invalid-field", "since")
    for given in body.get("roles", []):
        require(given["role"] != "authority" or "about" in given, "invalid-field", "about")


def link(body):
    require(body["from"] != body["to"], "invalid-field", "to")
    ordered(body, "not_before", "expires")


def task(body):
    goes_with(body, "owner", body["op"] == "open")
    goes_with(body, "stage", body["op"] == "stage")
    require("plan" not in body or body["op"] == "open", "invalid-field", "plan")


def delegation(body):
    require(body["delegator"] != body["delegatee"] or "credential" in body, "invalid-field", "delegatee")
    ordered(body, "not_before", "expires")


def decision(body):
    ordered(body, "requested_at", "evaluated_at")
    ordered(body, "evaluated_at", "valid_until")


def action(body):
    goes_with(body, "attempt", body["phase"] == "outcome")
    goes_with(body, "outcome", body["phase"] != "attempt")
    ordered(body, "attempted_at", "completed_at")


TARGETS = {"delegation": "ref", "credential": "ref", "approval": "ref", "key": "key", "task": "task", "principal": "principal"}


def revocation(body):
    target = body["target"]
    require(set(target) - {"kind"} == {TARGETS[target["kind"]]}, "invalid-field", "target")


def stream(body):
    require("previous" not in body or body["op"] == "open", "invalid-field", "previous")
    goes_with(body, "next", body["op"] in ("heartbeat", "close"))
    goes_with(body, "void", body["op"] == "void")


def row(value):
    require(isinstance(value, list) and len(value) == 2, "invalid-field", "row")
    id16(value[0])
    some(t.whole, 2**32)(value[1])


def assertion(body):
    terms = [term for term, _ in body["rows"]]
    require(all(a < b for a, b in zip(terms, terms[1:])), "invalid-field", "rows")
    for _, indexes in body["rows"]:
        require(all(a < b for a, b in zip(indexes, indexes[1:])), "invalid-field", "rows")
        require(not indexes or indexes[-1] < body["size"], "invalid-field", "rows")


def anything(body):
    """Nothing more to hold."""


KINDS = {
    "genesis": (
        {
            "origin": t.origin,
            "nonce": t.octets(16, 32),
            "keys": some(fields({"use": use, "public": id32}), 2**32),
            "registrars": some(id32),
            "threshold": t.whole,
            "parameters": fields({"heartbeat": t.whole, "clock_ahead": t.whole}, {"dev": true}),
        },
        {"predecessor": fields({"log": id32, "size": t.whole, "root": id32})},
        genesis,
    ),
    "key": (
        {"op": words("add", "rotate", "retire", "compromise"), "kid": id32},
        {
            "public": id32,
            "principal": principal,
            "roles": many(role),
            "use": use,
            "replaces": id32,
            "accept_until": time,
            "since": time,
            "proposal": blob,
            "pop": t.octets(64, 64),
        },
        key,
    ),
    "principal": (
        {
            "id": principal,
            "type": words("human", "service", "agent", "workflow", "tool", "gateway"),
            "status": words("active", "suspended", "offboarded"),
        },
        {
            "format": t.name,
            "iss": t.uri,
            "instance": t.line,
            "version": t.line,
            "sub_profile": t.name,
            "owner": principal,
            "shared": true,
            "since": time,
        },
        anything,
    ),
    "link": ({"from": principal, "to": principal}, {"evidence": digest, "not_before": time, "expires": time}, link),
    "task": (
        {"op": words("open", "stage", "suspend", "complete", "cancel", "fail")},
        {
            "owner": principal,
            "intent": digest,
            "plan": fields({"actions": some(t.pattern), "resources": some(t.pattern)}, {"stages": many(t.name)}),
            "stage": t.name,
            "effective_at": time,
            "cause": t.line,
        },
        task,
    ),
    "delegation": (
        {"delegator": principal, "delegatee": principal},
        {
            "on_behalf_of": principal,
            "parents": many(t.reference),
            "presented_credential": t.foreign,
            "scope": scope,
            "not_before": time,
            "expires": time,
            "max_depth": t.whole,
            "use_limit": t.whole,
            "audience": many(t.uri),
            "stage": t.name,
            "credential": t.foreign,
            "decision": t.reference,
            "approval": t.reference,
            "autonomy": words("human", "supervised", "autonomous"),
            "enforcement": words("none", "login", "gateway", "in-app"),
            "bridge": t.reference,
            "inherited": true,
            "presented": fields({"chain": some(principal), "source_order": t.name}, {"truncated": true}),
            "evidence": many(fields({"kind": t.name, "digest": digest}, {"location": t.line})),
        },
        delegation,
    ),
    "credential": (
        {"op": words("issue", "authenticate", "exchange"), "credential": t.foreign, "holder": principal},
        {
            "issuer": principal,
            "type": t.name,
            "delegation": t.reference,
            "exchanged": t.foreign,
            "not_before": time,
            "expires": time,
            "audience": many(t.uri),
            "resources": many(t.line),
            "session": t.line,
            "binding": t.line,
            "methods": many(t.name),
            "source": t.name,
            "waiver": t.reference,
        },
        lambda body: ordered(body, "not_before", "expires"),
    ),
    "decision": (
        {
            "ruling": words("permit", "deny", "indeterminate"),
            "actor": principal,
            "action": action_name,
            "resources": some(t.line),
            "evaluated_at": time,
        },
        {
            "quantities": quantities,
            "request": digest,
            "delegation": t.reference,
            "credential": t.foreign,
            "approval": t.reference,
            "decider": principal,
            "requested_at": time,
            "valid_until": time,
            "use_limit": t.whole,
            "reason": t.line,
            "policy": fields({"engine": t.name}, {"id": t.line, "revision": t.line, "rules": many(t.line)}),
            "context": digest,
            "inputs": named(time),
            "revocations_at": time,
            "risk": t.line,
            "obligations": many(t.line),
            "granularity": t.name,
            "basis": t.name,
            "cached_age": t.whole,
            "pep": principal,
            "fail_mode": t.name,
            "retry_of": t.reference,
        },
        decision,
    ),
    "approval": (
        {
            "approver": principal,
            "requester": principal,
            "action": action_name,
            "resources": some(t.line),
            "scope": words("exact", "template"),
            "approved_at": time,
        },
        {
            "request": digest,
            "request_ref": t.foreign,
            "approved_until": time,
            "use_limit": t.whole,
            "supersedes": t.reference,
            "break_glass": true,
            "review_by": time,
        },
        lambda body: ordered(body, "approved_at", "approved_until"),
    ),
    "action": (
        {
            "phase": words("attempt", "outcome", "both"),
            "actor": principal,
            "action": action_name,
            "resources": some(t.line),
            "attempted_at": time,
        },
        {
            "attempt": t.reference,
            "quantities": quantities,
            "request": digest,
            "delegation": t.reference,
            "decision": t.reference,
            "approval": t.reference,
            "credential": t.foreign,
            "tool": principal,
            "completed_at": time,
            "outcome": words("completed", "failed", "suppressed", "denied"),
            "error": t.line,
            "effects": many(fields({"kind": t.name, "target": t.line}, {"external": true, "reversible": t.boolean})),
            "compensates": t.reference,
            "retry_of": t.reference,
            "try_number": t.whole,
        },
        action,
    ),
    "revocation": (
        {"target": fields({"kind": words(*TARGETS)}, {"ref": t.reference, "key": id32, "task": t.line, "principal": principal})},
        {"revoker": principal, "effective_at": time, "cause": t.name, "note": t.line},
        revocation,
    ),
    "policy": (
        {"engine": t.name, "id": t.line, "revision": t.line, "digest": digest, "effective_from": time},
        {"supersedes": t.reference},
        anything,
    ),
    "stream": (
        {"op": words("open", "heartbeat", "close", "void")},
        {"previous": id16, "next": t.whole, "void": many(t.whole)},
        stream,
    ),
    "assertion": ({"size": t.whole, "root": id32, "rows": some(row, 65_536)}, {}, assertion),
    "index-root": ({"size": t.whole, "root": id32, "method": blob}, {}, anything),
    "correction": ({"about": t.reference, "note": t.line}, {"replacement": t.reference}, anything),
}


def extension(value):
    if isinstance(value, list):
        return [extension(part) for part in value]
    if isinstance(value, dict):
        return [(t.text(key), extension(part)) for key, part in value.items()]
    return require(isinstance(value, (bool, int, str)), "invalid-field", "ext")


def extensions(value):
    require(isinstance(value, dict) and value, "other-form", "ext")
    for key, part in value.items():
        t.uri(key)
        extension(part)


def seen(value):
    require(isinstance(value, list) and len(value) == 2, "invalid-field", "seen")
    t.whole(value[0])
    id32(value[1])


COMMON = (
    {
        "v": t.whole,
        "kind": t.text,
        "tenant": t.tenant,
        "at": time,
        "vantage": words("authority", "boundary", "self", "imported"),
    },
    {
        "log": id32,
        "stream": id16,
        "seq": t.whole,
        "seen": seen,
        "task": t.line,
        "trace": fields({"trace_id": id16, "span_id": t.octets(8, 8)}),
        "refs": many(t.foreign),
        "source": fields({"format": t.name, "id": t.line, "part": t.name, "digest": id32, "adapter": t.line}),
        "attachments": many(
            fields({"name": t.line, "media_type": t.line, "size": t.whole, "digest": id32, "salted": t.boolean})
        ),
        "ext": extensions,
    },
)


def check_payload(payload):
    """Refuses what is no payload of this format; [`Unknown`] where it may be one of a later format."""
    require(isinstance(payload, dict), "other-form", "payload")
    require("v" in payload and "kind" in payload, "missing-field", "v, kind")
    t.whole(payload["v"])
    t.text(payload["kind"])
    if payload["v"] != 1:
        raise Unknown("unknown-version", str(payload["v"]))
    if payload["kind"] not in KINDS:
        raise Unknown("unknown-kind", payload["kind"])
    required, optional, rule = KINDS[payload["kind"]]
    fields({**COMMON[0], "body": fields(required, optional)}, COMMON[1])(payload)
    goes_with(payload, "log", payload["kind"] != "genesis")
    require(("stream" in payload) == ("seq" in payload), "invalid-field", "seq")
    imported = payload["vantage"] == "imported"
    goes_with(payload, "source", imported)
    require(not (imported and "stream" in payload), "invalid-field", "stream")
    require(payload["kind"] != "stream" or "stream" in payload, "invalid-field", "stream")
    require(payload["kind"] != "task" or "task" in payload, "invalid-field", "task")
    rule(payload["body"])


def subject(payload):
    """What a statement is about: its `sub`."""
    body, kind = payload["body"], payload["kind"]
    if "task" in payload:
        return payload["task"]
    simple = {
        "genesis": "origin",
        "principal": "id",
        "link": "from",
        "delegation": "delegatee",
        "credential": "holder",
        "decision": "actor",
        "action": "actor",
        "approval": "requester",
        "policy": "id",
    }
    if kind in simple:
        return body[simple[kind]]
    if kind == "key":
        return body.get("principal", body["kid"].hex())
    if kind == "correction":
        return t.hex_or(body["about"])
    if kind == "revocation":
        named_by = body["target"][TARGETS[body["target"]["kind"]]]
        return named_by if isinstance(named_by, str) else t.hex_or(named_by)
    if kind in ("stream", "assertion", "index-root"):
        return kind
    raise Refused("invalid-field", "a task without a task")
