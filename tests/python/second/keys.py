"""Which key may say what, at which place of a log (docs/format.md, key; design: Keys and roles)."""

from . import canonical, texts
from .refused import Refused, require
from .statement import is_usable, key_id, signed

ANY, SELF = ("authority",), ("authority", "self")


class Key:
    """A registered key: whose, what for, since and until when."""

    def __init__(self, public, principal, use, grants):
        self.public, self.principal, self.use = public, principal, use
        self.grants = grants  # [(index from which, roles, [who gave them])]
        self.retired, self.compromised, self.withdrawn = None, None, None

    def granted(self, index):
        return next((grant for grant in reversed(self.grants) if grant[0] < index), None)

    def roles(self, index):
        grant = self.granted(index)
        return grant[1] if grant else []


class Registry:
    """The keys of a log, from its own entries and from nothing else."""

    def __init__(self, genesis):
        require(genesis.payload is not None and genesis.payload["kind"] == "genesis", "genesis-invalid")
        body = genesis.payload["body"]
        self.log, self.genesis, self.keys, self.proposals = genesis.id, body, {}, []
        self.principal = f"log:{body['origin']}"
        for own in body["keys"]:
            self.begin(own["public"], self.principal, own["use"], [])
        for registrar in body["registrars"]:
            self.begin(registrar, f"registrar:{key_id(registrar).hex()}", None, [{"role": "registrar"}])
        signer = next(own["public"] for own in body["keys"] if own["use"] == "statement")
        require(genesis.kid == key_id(signer) and genesis.iss == self.principal, "genesis-invalid")
        require(genesis.signed_by(signer), "genesis-invalid")

    def begin(self, public, principal, use, roles):
        require(is_usable(public), "genesis-invalid")
        self.keys[key_id(public)] = Key(public, principal, use, [(0, roles, [])])

    def key_at(self, kid, index, time):
        """The key, if it may speak in an entry at `index` of `time`."""
        key = self.keys.get(kid)
        require(key is not None and not (key.grants[0][0] >= index > 0), "key-unknown")
        if key.compromised:
            reported, since = key.compromised
            require(not (reported < index or since <= time), "key-compromised")
        if key.retired:
            retired, until = key.retired
            require(not (retired < index and until < time), "key-retired")
        return key

    def admit(self, statement, index, time):
        """Refuses a statement that may not stand there. Its signature is somebody else's matter."""
        payload = statement.payload
        require(payload.get("log", self.log) == self.log, "wrong-log")
        if payload["kind"] == "genesis":
            return require(index == 0 and statement.id == self.log, "second-genesis")
        key = self.key_at(statement.kid, index, time)
        require(key.principal == statement.iss, "issuer-mismatch")
        require(entitled(key, statement, index), "role")
        if payload["kind"] == "key":
            self.check_change(payload["body"], key, index)
        return None

    def check_change(self, change, signer, index):
        known = self.keys.get(change["kid"])
        if change["op"] in ("retire", "compromise"):
            return self.check_withdrawal(change["kid"], signer, index)
        public, principal = change["public"], change["principal"]
        require(key_id(public) == change["kid"], "key-thumbprint")
        proof = canonical.encode(["writ/pop/1", self.log, change["kid"], principal])
        require(signed(public, proof, change["pop"]), "key-possession")
        own = principal == self.principal
        taken = known is not None and (known.use is not None or own)
        require(own == ("use" in change) and not taken, "key-of-log")
        if known is not None:
            require(known.principal == principal, "key-other-principal")
            require(not known.retired and not known.compromised, "key-withdrawn")
        old = self.keys.get(change.get("replaces"))
        if "use" in change:
            require(old is not None and old.use == change["use"], "log-key-not-rotated")
        if "replaces" in change:
            require(old is not None and old.principal == principal, "key-not-registered")
        return None

    def check_withdrawal(self, kid, signer, index):
        known = self.keys.get(kid)
        require(known is not None, "key-not-registered")
        if known.use is None:
            return require(signer.use is None, "key-of-log")
        in_force = [other for other in self.keys if self.signs(other, known.use, index)]
        return require(in_force != [kid], "log-key-last")

    def signs(self, kid, use, size):
        """Whether the key may sign for the log at a size: named below it, not withdrawn below it, and not by a key in other hands."""
        key = self.keys.get(kid)
        if key is None or key.use != use or key.grants[0][0] >= size:
            return False
        withdrawn = key.withdrawn is not None and key.withdrawn < size
        return not withdrawn and not self.compromised_behind(kid, size, 0)

    def compromised_behind(self, kid, index, time):
        """Whether the key, or one on whose word it stands, had been reported to be in other hands by then."""
        waiting, seen = [(kid, index, time)], set()
        while waiting:
            kid, index, time = waiting.pop()
            key = self.keys.get(kid)
            if key is None:
                continue
            if key.compromised and key.compromised[1] <= time:
                return True
            grant = key.granted(index)
            if grant and (kid, grant[0]) not in seen:
                seen.add((kid, grant[0]))
                waiting.extend(grant[2])
        return False

    def check_head(self, keys, size):
        """Refuses a head that only keys have signed which may not sign for the log at its size."""
        require(any(self.signs(key_id(key.public), "checkpoint", size) for key in keys), "checkpoint-key")

    def record(self, statement, index, time):
        """Takes in an admitted change of keys."""
        if statement.payload["kind"] != "key":
            return
        change, by = statement.payload["body"], [(statement.kid, index, time)]
        by_log = self.keys[statement.kid].use is not None
        if not by_log and self.needs_several(change):
            by = self.second(change, by[0])
        if not by:
            return
        key = self.keys.get(change["kid"])
        if change["op"] in ("add", "rotate"):
            grant = (index, change.get("roles", []), by)
            if key:
                key.grants.append(grant)
            else:
                self.keys[change["kid"]] = Key(change["public"], change["principal"], change.get("use"), [grant])
        elif change["op"] == "retire":
            key.retired = earlier(key.retired, (index, change.get("accept_until", time)))
        else:
            key.compromised = earlier(key.compromised, (index, change.get("since", time)))
        if change["op"] in ("retire", "compromise") and key.withdrawn is None:
            key.withdrawn = index

    def needs_several(self, change):
        known = self.keys.get(change["kid"])
        roles = change.get("roles", []) + (known.grants[-1][1] if known else [])
        of_log = "use" not in change and known is not None and known.use is not None
        return of_log or any(role["role"] == "registrar" for role in roles)

    def second(self, change, backer):
        """The registrars behind a change once there are enough of them: distinct principals whose keys may still speak."""
        place = next((p for p in self.proposals if p[0] == change), None)
        if place is None:
            place = (change, [])
            self.proposals.append(place)
        place[1].append(backer)
        principals, standing = set(), []
        for kid, *at in place[1]:
            try:
                key = self.key_at(kid, backer[1], backer[2])
            except Refused:
                continue
            if any(r["role"] == "registrar" for r in key.roles(backer[1])) and key.principal not in principals:
                principals.add(key.principal)
                standing.append((kid, *at))
        if len(standing) < self.genesis["threshold"]:
            return None
        self.proposals.remove(place)
        return standing


def earlier(known, stated):
    return known if known and known[1] <= stated[1] else stated


def ways(payload, issuer):
    """`(role, vantages, whom it must cover, how)`: how is `own`, `named`, `open` or `anyone`."""
    body, kind = payload["body"], payload["kind"]
    boundary, imported = ("boundary",), ("imported",)

    def gateway(vantages, principal):
        return ("gateway", vantages, principal, "open")

    if kind in ("key", "principal", "link"):
        return [("registrar", ANY, None, "anyone")]
    if kind == "task":
        if body["op"] == "open":
            return [("authority", ANY, body["owner"], "named")]
        return [("authority", ANY, None, "anyone")]
    if kind == "delegation":
        who = body["delegator"]
        return [("principal", SELF, who, "own"), ("authority", ANY, who, "named"), gateway(imported, who)]
    if kind == "credential":
        return [("authority", ANY, body["holder"], "named"), gateway(imported, body["holder"])]
    if kind == "decision":
        who = body["actor"]
        own = [("pdp", ANY, who, "open")] if body.get("decider", issuer) == issuer else []
        return [*own, gateway(boundary, who), gateway(imported, who)]
    if kind == "approval":
        who = body["approver"]
        return [("principal", SELF, who, "own"), ("approver", SELF, who, "own"), ("approver", ANY, who, "named")]
    if kind == "action":
        who = body["actor"]
        return [("principal", ("self",), who, "own"), gateway(boundary, who), gateway(imported, who)]
    if kind == "revocation":
        who = body.get("revoker", issuer)
        if who != issuer:
            return [("authority", ANY, who, "named"), ("registrar", ANY, None, "anyone")]
        return [("principal", SELF, who, "own"), ("authority", ANY, None, "anyone"), ("registrar", ANY, None, "anyone")]
    if kind == "policy":
        return [("pdp", ANY, None, "anyone"), ("authority", ANY, None, "anyone")]
    return []


def entitled(key, statement, index):
    """Whether some role of the key covers the statement."""
    payload, grants = statement.payload, key.roles(index)
    kind, tenant = payload["kind"], payload["tenant"]
    if kind in ("assertion", "index-root") or (kind == "key" and "use" in payload["body"]):
        return key.use == "statement"
    if kind == "key" and payload["body"]["op"] == "retire" and key.use == "statement":
        return True
    if kind == "correction" and key.use == "statement":
        return True
    if kind in ("stream", "correction"):
        return any(in_tenant(grant, tenant) for grant in grants)
    for role, vantages, principal, how in ways(payload, statement.iss):
        for grant in grants:
            covers = grant["role"] == role and payload["vantage"] in vantages and in_tenant(grant, tenant)
            if covers and speaks_for(key, grant, principal, how):
                return True
    return False


def in_tenant(grant, tenant):
    return tenant in grant.get("tenants", [tenant])


def speaks_for(key, grant, principal, how):
    if how == "anyone":
        return True
    if how == "own":
        return principal == key.principal
    about = grant.get("about", [])
    return (how == "open" and not about) or any(texts.matches(pattern, principal) for pattern in about)
