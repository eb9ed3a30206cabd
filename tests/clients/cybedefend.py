#!/usr/bin/env python3
"""An independent client of CybeDefend's API, written from the wire contract alone, with Python's standard library alone.

It shares no code with scangate's client or sandbox, so that it shows whether the sandbox keeps the contract. It reads
CYBEDEFEND_API_URL, CYBEDEFEND_AUTH_ENDPOINT, CYBEDEFEND_PAT and CYBEDEFEND_PROJECT_ID, scans one folder (and an image, if named),
and prints one JSON object: the scan, the findings of all six families, the policy's verdict, and what its requests met.
"""

import argparse
import io
import json
import os
import sys
import time
import urllib.parse
import zipfile

from exchange import Refused, send

FAMILIES = ("sast", "sca", "iac", "secret", "cicd", "container")
TERMINAL = ("completed", "completed_degraded", "failed")
OPEN = ("to_verify", "confirmed")


class Client:
    """The API behind a token that is renewed when it ends."""

    def __init__(self, api, auth, pat):
        self.api = api.rstrip("/")
        self.auth = auth.rstrip("/")
        self.pat = pat
        apps = json.loads(send("GET", f"{self.api}/client-apps")[0])
        self.app = apps["cli"]["appId"]
        self.resource = apps.get("logtoResource") or self.api
        self.token = None
        self.renew_at = 0.0
        self.exchanges = 0

    def exchange(self):
        """Trades the PAT for an access token that is taken to live ten minutes at most."""
        form = urllib.parse.urlencode({
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "client_id": self.app,
            "subject_token": self.pat,
            "subject_token_type": "urn:logto:token-type:personal_access_token",
            "resource": self.resource,
        }).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = json.loads(send("POST", f"{self.auth}/oidc/token", headers, form)[0])
        self.token = reply["access_token"]
        self.renew_at = time.monotonic() + min(reply.get("expires_in") or 600, 600) - 60
        self.exchanges += 1

    def call(self, method, path, query=(), body=None):
        """One call of the API, with one renewal on a 401."""
        url = f"{self.api}{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        data = None if body is None else json.dumps(body).encode()
        for attempt in (1, 2):
            if self.token is None or time.monotonic() >= self.renew_at:
                self.exchange()
            headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
            if data is not None:
                headers["Content-Type"] = "application/json"
            try:
                return json.loads(send(method, url, headers, data)[0])
            except Refused as refused:
                if refused.status != 401 or attempt == 2:
                    raise
                self.token = None
        raise AssertionError("not reached")


def archive(folder):
    """The folder as a zip of file entries with relative names."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as writer:
        for root, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                path = os.path.join(root, name)
                writer.write(path, os.path.relpath(path, folder).replace(os.sep, "/"))
    return target.getvalue()


def upload(url, body):
    """Puts the archive into the storage: no Authorization header, the exact length, always application/zip."""
    headers = {"Content-Type": "application/zip", "Content-Length": str(len(body))}
    if urllib.parse.urlsplit(url).hostname == "storage.googleapis.com":
        headers["x-goog-if-generation-match"] = "0"
        headers["x-goog-content-length-range"] = "0,5368709120"
    send("PUT", url, headers, body)


def wait(client, project, scan, pause, states):
    """Polls until the scan has ended, and notes the states on the way."""
    for _ in range(2000):
        status = client.call("GET", f"/project/{project}/scan/{scan}")
        if status["state"] not in states:
            states.append(status["state"])
        if status["state"].lower() in TERMINAL:
            return status
        time.sleep(pause)
    raise SystemExit("the scan did not end")


def read(family, element):
    """What a gate needs from one element of a list."""
    if family == "container":
        package = element.get("package") or {}
        return {
            "id": element["id"], "severity": element.get("currentSeverity"), "state": element.get("currentState"),
            "title": (element.get("vuln") or {}).get("title"), "rule": element.get("vulnerabilityIdentifier"),
            "path": package.get("name"), "line": 0,
        }
    base = element["base"]
    found = {"id": base["id"], "severity": base.get("currentSeverity"), "state": base.get("currentState")}
    if family == "sca":
        metadata, library = element.get("metadata") or {}, element.get("library") or {}
        rule = metadata.get("cve") or metadata.get("ghsaId")
        return {**found, "title": metadata.get("summary"), "rule": rule, "path": library.get("fileName"), "line": 0}
    rule = base.get("vulnerability") or {}
    return {
        **found, "title": rule.get("name"), "rule": rule.get("id"), "path": base.get("path"),
        "line": base.get("vulnerableStartLine"),
    }


def findings(client, project, family, branch, size):
    """Every open finding of a family on a branch, page by page, each once."""
    seen, pages, total, page = {}, 0, 0, 1
    while page <= 1000:
        query = [("pageNumber", page), ("pageSizeNumber", size), ("page", page), ("limit", size), ("sort", "currentSeverity"),
                 ("order", "asc"), ("branch", branch)] + [("status", state) for state in OPEN]
        reply = client.call("GET", f"/project/{project}/results/{family}", query)
        reply = reply[0] if isinstance(reply, list) else reply
        pages += 1
        total = reply["total"]
        before = len(seen)
        for element in reply["vulnerabilities"]:
            found = read(family, element)
            seen.setdefault(found["id"], found)
        if page >= reply["totalPages"] or len(seen) == before:
            break
        page += 1
    return {"total": total, "pages": pages, "findings": list(seen.values())}


def policy(client, project, scan, pause):
    """The policy's verdict. NOT_STARTED is believed only after a while, since the evaluation is asynchronous."""
    status, not_started = {}, 0
    for _ in range(2000):
        status = client.call("GET", f"/projects/{project}/scans/{scan}/evaluation-status")
        not_started += status["status"] == "NOT_STARTED"
        if status["status"] in ("COMPLETED", "FAILED") or not_started > 40:
            break
        time.sleep(pause)
    violations, page = [], 1
    while True:
        query = [("page", page), ("limit", 50)]
        reply = client.call("GET", f"/projects/{project}/scans/{scan}/violations", query)
        violations += reply["violations"]
        if len(violations) >= reply["total"] or not reply["violations"]:
            break
        page += 1
    blocking = [row for row in violations if row["actionTaken"] == "BLOCK" and not row.get("acknowledged")]
    return {"status": status["status"], "violations": len(violations), "blocking": len(blocking)}


def main():
    """The whole flow."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder")
    arguments.add_argument("--branch", default="main")
    arguments.add_argument("--image")
    arguments.add_argument("--pause", type=float, default=5.0, help="seconds between two polls")
    arguments.add_argument("--page-size", type=int, default=100)
    options = arguments.parse_args()

    project = os.environ["CYBEDEFEND_PROJECT_ID"]
    client = Client(os.environ["CYBEDEFEND_API_URL"], os.environ["CYBEDEFEND_AUTH_ENDPOINT"], os.environ["CYBEDEFEND_PAT"])
    started = client.call("POST", f"/project/{project}/scan/start", body={"branch": options.branch, "sourceType": "cli"})
    scan = started["scanId"]
    upload(started["url"], archive(options.folder))
    states = []
    status = wait(client, project, scan, options.pause, states)
    if options.image:
        body = {"imageToScan": options.image, "branch": options.branch}
        image = client.call("POST", f"/project/{project}/scan/container/start", body=body)
        wait(client, project, image["scanId"], options.pause, [])
    summary = {
        "scan": scan,
        "state": status["state"],
        "states": states,
        "error": status.get("errorMessage"),
        "families": {family: findings(client, project, family, options.branch, options.page_size) for family in FAMILIES},
        "policy": policy(client, project, scan, options.pause),
        "exchanges": client.exchanges,
    }
    json.dump(summary, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
