#!/usr/bin/env python3
"""An independent client of Cybrium's API, written from the wire contract alone, with Python's standard library alone.

It shares no code with scangate's client or sandbox, so that it shows whether the sandbox keeps the contract. It reads
CYBRIUM_API_URL, CYBRIUM_API_KEY and, if set, CYBRIUM_API_KEY_PREVIOUS, has a target scanned or uploads a SARIF file, and prints one
JSON object: the scan, the states on the way, the findings, and what its requests met.
"""

import argparse
import json
import os
import sys
import time
import urllib.parse
import uuid

from exchange import Refused, send

ENDED = ("completed", "complete", "done", "finished", "success", "succeeded")
FAILED = ("failed", "failure", "error", "errored", "timeout", "timed_out", "cancelled", "canceled", "aborted", "stopped", "skipped")
CLOSED = ("false_positive", "accepted_risk", "risk_accepted", "fixed", "resolved", "suppressed", "ignored", "dismissed", "closed")
IDS = ("id", "scan_id", "uuid", "scan_job_id", "job_id")


class Client:
    """The API behind a key, or behind the one before it while a rotation lasts."""

    def __init__(self, base, keys):
        self.base = base.rstrip("/")
        self.keys = [key for key in keys if key]
        self.refused_keys = 0

    def call(self, method, url, body=None, media="application/json"):
        """One call; the decoded answer. Only a refused key is answered by another try, with the key before it."""
        while True:
            headers = {"Authorization": f"Bearer {self.keys[0]}", "Accept": "application/json", "Content-Type": media}
            try:
                return json.loads(send(method, url, headers, body)[0])
            except Refused as refused:
                if refused.status != 401 or len(self.keys) == 1:
                    raise
                self.keys.pop(0)
                self.refused_keys += 1

    def same_origin(self, link):
        """The link as a whole URL, if it leads to no other origin."""
        url = urllib.parse.urljoin(self.base + "/", link)
        if urllib.parse.urlsplit(url)[:2] != urllib.parse.urlsplit(self.base)[:2]:
            raise SystemExit("the next page is on another origin")
        return url


def rows(page):
    """The rows of a page, and the link to the next one."""
    if isinstance(page, list):
        return page, None
    for name in ("results", "items", "findings", "data"):
        if isinstance(page.get(name), list):
            return page[name], page.get("next")
    raise SystemExit("no list in the answer")


def pages(client, url):
    """All rows of a list, and how many pages they came on."""
    found, seen = [], set()
    while url and url not in seen and len(seen) < 1000:
        seen.add(url)
        some, link = rows(client.call("GET", url))
        found += some
        url = client.same_origin(link) if link else None
    if url:
        raise SystemExit("the list leads back to a page that was read")
    return found, len(seen)


def identify(answer):
    """The id of a scan, wherever it stands."""
    for holder in (answer, *(answer.get(name) for name in ("data", "scan", "result"))):
        for name in IDS:
            if isinstance(holder, dict) and isinstance(holder.get(name), (str, int)):
                return str(holder[name])
    raise SystemExit("no id in the answer")


def start(client, target):
    """Has a named target of the workspace scanned."""
    body = json.dumps({"target": target, "scan_type": "full"}).encode()
    return identify(client.call("POST", f"{client.base}/scans/", body))


def upload(client, path):
    """Uploads a SARIF file as the one part of a form."""
    boundary = uuid.uuid4().hex
    with open(path, "rb") as file:
        content = file.read()
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="sarif"; filename="out.sarif"\r\n\r\n'.encode()
    body = head + content + f"\r\n--{boundary}--\r\n".encode()
    answer = client.call("POST", f"{client.base}/scans/upload-sarif/", body, f"multipart/form-data; boundary={boundary}")
    return identify(answer)


def look(client, scan):
    """The scan's state. A scan that is not there yet is looked for in the list."""
    try:
        answer = client.call("GET", f"{client.base}/scans/{urllib.parse.quote(scan, safe='')}/")
    except Refused as refused:
        if refused.status != 404:
            raise
        known, _ = pages(client, f"{client.base}/scans/")
        answer = next((row for row in known if identify(row) == scan), {"status": "unlisted"})
    return str(answer.get("status") or answer.get("state")).lower().replace("-", "_").replace(" ", "_")


def wait(client, scan, pause):
    """Polls until the scan has ended; the states on the way."""
    states = []
    for _ in range(2000):
        state = look(client, scan)
        if state not in states:
            states.append(state)
        if state in ENDED + FAILED:
            return states
        time.sleep(pause)
    raise SystemExit(f"the scan did not end: {states}")


def read(row):
    """What a gate needs from one finding."""
    state = str(row.get("status") or "open").lower()
    return {
        "rule": row.get("rule_id"), "title": row.get("title"), "severity": str(row["severity"]).lower(), "state": state,
        "is_open": state not in CLOSED, "path": row.get("file"), "line": row.get("line"), "cwe": row.get("cwe"),
        "package": (row.get("evidence") or {}).get("package"),
    }


def main():
    """The whole flow."""
    arguments = argparse.ArgumentParser(description=__doc__)
    what = arguments.add_mutually_exclusive_group(required=True)
    what.add_argument("--target")
    what.add_argument("--sarif")
    arguments.add_argument("--pause", type=float, default=5.0, help="seconds between two polls")
    options = arguments.parse_args()

    keys = [os.environ["CYBRIUM_API_KEY"], os.environ.get("CYBRIUM_API_KEY_PREVIOUS")]
    client = Client(os.environ["CYBRIUM_API_URL"], keys)
    scan = start(client, options.target) if options.target else upload(client, options.sarif)
    states = wait(client, scan, options.pause)
    place = "scans/findings" if client.base.endswith("/api") else "findings"
    found, count = pages(client, f"{client.base}/{place}/?" + urllib.parse.urlencode({"scan": scan}))
    summary = {
        "scan": scan, "states": states, "pages": count, "findings": [read(row) for row in found], "refused_keys": client.refused_keys,
    }
    json.dump(summary, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
