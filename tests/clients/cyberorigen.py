#!/usr/bin/env python3
"""An independent client of CyberOrigen's API, written from the wire contract alone, with Python's standard library alone.

It shares no code with scangate's client or sandbox, so that it shows whether the sandbox keeps the contract. It reads
SCANGATE_CYBERORIGEN_API_URL and either CYBERORIGEN_API_KEY or CYBERORIGEN_USERNAME and CYBERORIGEN_PASSWORD (with
CYBERORIGEN_MFA_CODE, if the account has a second factor), scans one target, and prints one JSON object: the scan, its findings, the
controls, and what its requests met.
"""

import argparse
import json
import os
import sys
import time
import urllib.parse

from exchange import Refused, send

ENDED = ("completed", "failed", "cancelled", "canceled", "stopped")
CLOSED = ("resolved", "false_positive", "accepted", "accepted_risk", "risk_accepted", "ignored")


class Client:
    """The API behind a key, or behind a token that is refreshed before it ends, and after so many calls at the latest."""

    def __init__(self, base, key, most_calls):
        self.base = base.rstrip("/")
        self.key = key
        self.most_calls = most_calls
        self.calls_left = 0
        self.token = None
        self.lifetime = None
        self.refresh_at = 0.0
        self.logins = 0
        self.refreshes = 0
        self.remaining = []

    def send(self, method, url, headers, body=None):
        """One exchange; the decoded answer. Notes what is left of the rate limit."""
        text, said = send(method, url, {"Accept": "application/json", **headers}, body)
        if said.get("X-RateLimit-Remaining") is not None:
            self.remaining.append(int(said["X-RateLimit-Remaining"]))
        return json.loads(text)

    def health(self):
        """The health endpoint lives at the origin, without the API's version."""
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(self.base))
        return self.send("GET", f"{origin}/api/health", {})["status"]

    def take(self, reply):
        """Keeps a token for eight tenths of its life."""
        assert reply["token_type"].lower() == "bearer", reply
        self.token = reply["access_token"]
        self.lifetime = reply["expires_in"]
        self.refresh_at = time.monotonic() + 0.8 * self.lifetime
        self.calls_left = self.most_calls

    def log_in(self):
        """One login. It is never tried again here: five refused ones lock the account."""
        fields = {"username": os.environ["CYBERORIGEN_USERNAME"], "password": os.environ["CYBERORIGEN_PASSWORD"]}
        if os.environ.get("CYBERORIGEN_MFA_CODE"):
            fields["mfa_code"] = os.environ["CYBERORIGEN_MFA_CODE"]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self.logins += 1
        self.take(self.send("POST", f"{self.base}/auth/token", form, urllib.parse.urlencode(fields).encode()))

    def refresh(self):
        """Trades the token, which has to be good, for a new one."""
        self.take(self.send("POST", f"{self.base}/auth/refresh", {"Authorization": f"Bearer {self.token}"}))
        self.refreshes += 1

    def authorisation(self):
        """The one header that lets a call in."""
        if self.key:
            return {"X-API-Key": self.key}
        if self.token is None:
            self.log_in()
        elif time.monotonic() >= self.refresh_at or self.calls_left == 0:
            try:
                self.refresh()
            except Refused as refused:
                if refused.status != 401 or self.logins > 1:
                    raise
                self.log_in()
        self.calls_left -= 1
        return {"Authorization": f"Bearer {self.token}"}

    def call(self, method, path, body=None):
        """One call of the API, with one more login on a 401."""
        data = None if body is None else json.dumps(body).encode()
        media = {} if body is None else {"Content-Type": "application/json"}
        for is_last in (False, True):
            try:
                return self.send(method, f"{self.base}{path}", {**self.authorisation(), **media}, data)
            except Refused as refused:
                if refused.status != 401 or self.key or is_last or self.logins > 1:
                    raise
                self.token = None
        raise AssertionError("not reached")


def pages(client, path, size):
    """All rows of a list, and how many pages they came on."""
    found, page = [], 1
    while page <= 1000:
        reply = client.call("GET", f"{path}?" + urllib.parse.urlencode({"page": page, "per_page": size}))
        if isinstance(reply, list):
            return reply, page
        items = reply["items"]
        found += items
        per_page, total = reply["per_page"], reply["total"]
        is_last = page >= reply["pages"] if reply.get("pages") is not None else page * per_page >= total
        if is_last or len(items) < per_page:
            return found, page
        page += 1
    raise SystemExit("the list does not end")


def wait(client, scan, pause):
    """Polls until the scan has ended; it, and the states on the way."""
    states = []
    for _ in range(2000):
        detail = client.call("GET", f"/scans/{scan}")
        if detail["status"] not in states:
            states.append(detail["status"])
        if detail["status"].lower() in ENDED:
            return detail, states
        time.sleep(pause)
    raise SystemExit(f"the scan did not end: {states}")


def read(row):
    """What a gate needs from one finding."""
    state = str(row["status"]).lower().replace(" ", "_").replace("-", "_")
    return {
        "title": row["title"], "severity": str(row["severity"]).lower(), "cvss": row.get("cvss_score"), "cve": row.get("cve_id"),
        "asset": row.get("asset"), "port": row.get("port"), "state": state, "is_open": state not in CLOSED,
    }


def main():
    """The whole flow."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("target")
    arguments.add_argument("--scan-type", default="full")
    arguments.add_argument("--framework", action="append", default=[])
    arguments.add_argument("--pause", type=float, default=15.0, help="seconds between two polls")
    arguments.add_argument("--page-size", type=int, default=100)
    arguments.add_argument("--refresh-after", type=int, default=1000, help="calls with one token")
    options = arguments.parse_args()

    client = Client(os.environ["SCANGATE_CYBERORIGEN_API_URL"], os.environ.get("CYBERORIGEN_API_KEY"), options.refresh_after)
    health = client.health()
    order = {"target": options.target, "scan_type": options.scan_type, "frameworks": options.framework, "authorized": True}
    scan = client.call("POST", "/scans", order)["id"]
    detail, states = wait(client, scan, options.pause)
    found, count = pages(client, f"/scans/{scan}/findings", options.page_size)
    controls = pages(client, "/controls", options.page_size)[0] if options.framework else []
    summary = {
        "health": health, "scan": scan, "states": states, "progress": detail.get("progress"), "counted": detail.get("vulnerabilities_found"),
        "pages": count, "findings": [read(row) for row in found], "controls": len(controls), "logins": client.logins,
        "refreshes": client.refreshes, "lifetime": client.lifetime, "remaining": client.remaining,
    }
    json.dump(summary, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
