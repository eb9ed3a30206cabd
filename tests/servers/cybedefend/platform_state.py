"""What one variant's three servers share: its tokens, scans and addresses, and what they saw."""

import threading

import truth


class State:
    """The life of one variant. Handlers hold `lock` for as long as they decide an answer."""

    def __init__(self, variant):
        self.variant = variant
        self.lock = threading.Lock()
        self.urls = {}
        self.tokens = {}
        self.scans = {}
        self.last_scan = None
        self.met = {}
        self.looks = 0
        self.requests = []
        self.complaints = []

    def complain(self, text):
        """Notes that a client did what the contract does not allow."""
        self.complaints.append(text)

    def base(self, server):
        """The base address of `api` or `auth`, as a client is told it."""
        prefix = {"api": self.variant.prefix, "auth": self.variant.auth_prefix}.get(server, "")
        return self.urls[server] + prefix

    def resource(self):
        """The audience that tokens are minted for."""
        named = self.variant.logto_resource
        return named if named not in ("absent", "", None) else self.base("api")

    def fault(self, place):
        """The fault that stands in for this place's next answer, or None."""
        for number, fault in enumerate(self.variant.faults):
            if fault["at"] != place:
                continue
            met = self.met[number] = self.met.get(number, 0) + 1
            if met > fault.get("after", 0) and (not fault.get("times") or met <= fault.get("after", 0) + fault["times"]):
                return fault
        return None

    def new_token(self):
        """A token that is not like any before it."""
        token = f"eyJhbGciOiJSUzI1NiJ9.{truth.identifier('token', len(self.tokens))}.signature"
        self.tokens[token] = 0
        return token

    def admits(self, authorization):
        """Whether a call behind the bearer is let through, which spends one of the token's calls."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme != "Bearer" or token not in self.tokens:
            return False
        self.tokens[token] += 1
        return not self.variant.token_calls or self.tokens[token] <= self.variant.token_calls

    def new_scan(self):
        """The id and the signed address of a new scan."""
        scan = truth.identifier("scan", len(self.scans))
        if self.variant.storage == "gcs":
            signed = "content-type%3Bhost%3Bx-goog-content-length-range%3Bx-goog-if-generation-match"
            path = f"/storage.googleapis.com/uploads/{scan}.zip?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-SignedHeaders={signed}"
            path += "&X-Goog-Credential=robot%40project.iam%2F20260101%2Fauto&X-Goog-Signature=00ff00ff00ff"
        else:
            path = f"/uploads/{scan}.zip?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=content-type%3Bhost"
            path += "&X-Amz-Credential=AKIA%2F20260101%2Fgra&x-id=PutObject&X-Amz-Signature=a1b2c3d4e5f6"
        self.scans[scan] = {"address": path, "stored": None, "polls": 0}
        self.last_scan = scan
        return scan, self.urls["storage"] + path

    def state_of(self, scan):
        """The state of a scan at its next poll. It waits for its archive, and then goes through the variant's states."""
        known = self.scans[scan]
        if known["stored"] is None:
            return "queued"
        position = min(known["polls"], len(self.variant.states) - 1)
        known["polls"] += 1
        return self.variant.states[position]
