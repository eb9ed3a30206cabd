#!/usr/bin/env python3
"""An independent client of BestDefense's API, written from the wire contract alone, with Python's standard library alone.

It shares no code with scangate's client or sandbox, so that it shows whether the sandbox keeps the contract. It reads
SCANGATE_BESTDEFENSE_API_URL and BD_API_TOKEN, has one site scanned, and prints one JSON object: the report, the counts, the alerts,
and what its requests met.
"""

import argparse
import json
import os
import sys
import time
import urllib.parse

from exchange import Refused, send

WORDS = {"critical": 4, "high": 3, "medium": 2, "low": 1, "informational": 0}
STOPPED = ("failed", "failure", "error", "errored", "cancelled", "canceled", "aborted", "timeout", "timed_out", "expired")


class Client:
    """The API behind an organisation's token."""

    def __init__(self, base, token):
        self.base = base.rstrip("/")
        self.token = token.strip()
        self.waits = 0

    def call(self, method, path, body=None):
        """One call; the whole answer. Told to wait, it waits and calls again."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        while True:
            try:
                answer = json.loads(send(method, f"{self.base}{path}", headers, data)[0])
                break
            except Refused as refused:
                pause = refused.headers.get("Retry-After", "")
                if refused.status != 429 or not pause.isdigit() or self.waits > 5:
                    raise
                self.waits += 1
                time.sleep(min(int(pause), 60))
        if answer.get("success") is False:
            raise Refused(200, str(answer.get("error") or answer.get("message")))
        return answer


def find_site(client, host):
    """The id of the one site of this name."""
    sites = client.call("GET", "/api/sites")["data"]["sites"]
    ids = [site["id"] for site in sites if site["hostname"].lower() == host.lower()]
    if len(ids) != 1:
        raise SystemExit(f"{len(ids)} sites are named {host}; there are {sorted(site['hostname'] for site in sites)}")
    return ids[0]


def create(client, site, intensity):
    """Starts a report; its id stands at the root of the answer and is a text or a number."""
    options = {"vortexType": "analog", "testingType": "web", "scanIntensity": intensity}
    body = {"options": {"security": {"enabled": True, "options": options}}}
    report = client.call("POST", f"/api/report/create/for-target/{urllib.parse.quote(site, safe='')}", body)["id"]
    if isinstance(report, bool) or not isinstance(report, (str, int)) or report == "":
        raise SystemExit(f"no id in the answer: {report!r}")
    return str(report)


def wait(client, report, pause):
    """Polls until the report is completed; how often that took."""
    for looks in range(1, 2001):
        data = client.call("GET", f"/api/report/{report}/progress")["data"]
        if str(data.get("status")).lower() in STOPPED:
            raise SystemExit(f"the report has ended as {data['status']}")
        if data["isCompleted"] in (True, "true", 1):
            return looks
        if data["isCompleted"] not in (False, "false", 0):
            raise SystemExit(f"isCompleted is {data['isCompleted']!r}")
        time.sleep(pause)
    raise SystemExit("the report was never completed")


def security(client, report, pause):
    """The number of the security report, which may come a little later than the completion."""
    for _ in range(10):
        part = client.call("GET", f"/api/report/{report}/overview")["data"].get("security")
        if part and str(part["id"]).isdigit():
            return part["id"]
        time.sleep(pause)
    raise SystemExit("the report has no security part")


def counts(data):
    """The counts by severity: the object whose keys are the vendor's words."""
    for name in ("riskSummary", "risk_summary", "risks", "riskCounts", "riskLevels"):
        if isinstance(data.get(name), dict):
            return {word.lower(): int(count) for word, count in data[name].items()}
    raise SystemExit(f"no counts among {sorted(data)}")


def alerts(data):
    """Every alert, and of a group of alerts every instance."""
    found = []
    for alert in data.get("alerts") or []:
        severity = str(alert.get("severity") or alert.get("riskdesc")).split(" (")[0].lower()
        assert severity in WORDS, alert
        for place in alert.get("instances") or [alert]:
            found.append({
                "name": alert.get("name") or alert.get("alert"), "severity": severity, "cwe": int(alert.get("cweId") or alert.get("cweid")),
                "url": place.get("url") or place.get("uri"), "parameter": place.get("parameter") or place.get("param"),
                "is_accepted": bool(alert.get("isAccepted")),
            })
    return found


def main():
    """The whole flow."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("host")
    arguments.add_argument("--intensity", default="quick")
    arguments.add_argument("--pause", type=float, default=30.0, help="seconds between two polls")
    options = arguments.parse_args()

    client = Client(os.environ["SCANGATE_BESTDEFENSE_API_URL"], os.environ["BD_API_TOKEN"])
    report = create(client, find_site(client, options.host), options.intensity)
    looks = wait(client, report, options.pause)
    data = client.call("GET", f"/api/report/vortex/{security(client, report, options.pause)}/alerts")["data"]
    summary = {"report": report, "looks": looks, "counts": counts(data), "alerts": alerts(data), "waits": client.waits}
    json.dump(summary, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
