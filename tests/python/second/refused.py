"""Why something does not count."""


class Refused(Exception):
    """Bytes that are not what they should be. `code` is the first verifier's name for it where there is one."""

    def __init__(self, code, detail=""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class Unknown(Refused):
    """A payload of a form that this verifier does not know: kept opaque in an entry that is already logged."""


def require(holds, code, detail=""):
    """Refuses unless `holds`."""
    if not holds:
        raise Refused(code, detail)
