"""What a statement is found by (docs/format.md, Terms)."""

from blake3 import blake3

from . import canonical


def term(name, *parts):
    """A term's id."""
    return blake3(canonical.encode(["writ/term/1", name, *parts])).digest()[:16]


CITED = {
    "delegation": ("parents", "decision", "approval", "bridge"),
    "credential": ("delegation", "waiver"),
    "decision": ("delegation", "approval", "retry_of"),
    "approval": ("supersedes",),
    "action": ("attempt", "delegation", "decision", "approval", "compensates", "retry_of"),
    "policy": ("supersedes",),
    "correction": ("about", "replacement"),
}
CITED_FOREIGN = {
    "delegation": ("presented_credential",),
    "credential": ("exchanged",),
    "decision": ("credential",),
    "approval": ("request_ref",),
    "action": ("credential",),
}
CARRIED = {"delegation": ("credential",), "credential": ("credential",)}
PRINCIPALS = {
    "principal": ("owner",),
    "task": ("owner",),
    "delegation": ("delegator", "delegatee", "on_behalf_of"),
    "credential": ("holder", "issuer"),
    "decision": ("actor", "decider", "pep"),
    "approval": ("approver", "requester"),
    "action": ("actor", "tool"),
    "revocation": ("revoker",),
}


def values(body, names):
    for name in names:
        if name in body:
            value = body[name]
            # Of lists only `parents` is a list of references; a reference may be a list itself.
            yield from value if name == "parents" else [value]


def terms(statement):
    """The ids of all terms of a statement of a known form."""
    payload, kind, body = statement.payload, statement.payload["kind"], statement.payload["body"]
    tenant, found = payload["tenant"], set()

    def add(name, *parts):
        found.add(term(name, *parts))

    def foreign(name, *parts):
        add(name, *parts)
        add("foreign", parts[-1])

    def registers(principal):
        add("registration", principal)
        add("principal", principal)

    add("kind", kind)
    add("signer", statement.kid)
    add("principal", statement.iss)
    if "task" in payload:
        add("task", tenant, payload["task"])
    if "trace" in payload:
        add("trace", payload["trace"]["trace_id"])
    if "stream" in payload:
        add("slot", statement.kid, tenant, payload["stream"], payload["seq"])
    if "source" in payload:
        source = payload["source"]
        add("source", tenant, source["format"], source["id"], source["part"])
    for carried in [*payload.get("refs", []), *values(body, CARRIED.get(kind, ()))]:
        foreign("named", kind, tenant, *carried)
    for principal in values(body, PRINCIPALS.get(kind, ())):
        add("principal", principal)
    for cited in values(body, CITED.get(kind, ())):
        if isinstance(cited, list) and len(cited) == 3:
            foreign("citing-foreign", kind, tenant, *cited)
        else:
            add("citing", kind, cited if isinstance(cited, bytes) else cited[1])
    for cited in values(body, CITED_FOREIGN.get(kind, ())):
        foreign("citing-foreign", kind, tenant, *cited)
    if kind in ("decision", "approval", "action"):
        add("action", body["action"]["name"])
        for resource in body["resources"]:
            add("resource", resource)
        if "request" in body:
            add("request", tenant, *(body["request"][part] for part in ("alg", "canon", "value")))
    if kind == "decision":
        add("ruling", body["ruling"])
        policy = body.get("policy", {})
        if "id" in policy and "revision" in policy:
            add("revision", tenant, policy["engine"], policy["id"], policy["revision"])
    if kind == "policy":
        add("policy", tenant, body["engine"], body["id"])
        add("revision", tenant, body["engine"], body["id"], body["revision"])
    if kind == "task":
        add("task-state", tenant, payload["task"])
    if kind == "key":
        for field in ("kid", "replaces"):
            if field in body:
                add("key", body[field])
        if body["op"] in ("add", "rotate"):
            registers(body["principal"])
    if kind == "principal":
        registers(body["id"])
    if kind == "link":
        registers(body["from"])
        registers(body["to"])
    if kind == "revocation":
        withdraws(body["target"], tenant, add, foreign)
    return found


def withdraws(target, tenant, add, foreign):
    if "ref" in target:
        if isinstance(target["ref"], list) and len(target["ref"]) == 3:
            foreign("withdrawn-foreign", tenant, *target["ref"])
        else:
            add("withdrawn", target["ref"] if isinstance(target["ref"], bytes) else target["ref"][1])
    if "key" in target:
        add("withdrawn-key", target["key"])
    if "task" in target:
        add("withdrawn-task", tenant, target["task"])
    if "principal" in target:
        add("withdrawn-principal", target["principal"])
        add("principal", target["principal"])
