"""The three servers of one variant: the API, the identity provider and the object storage."""

import http.server
import io
import json
import urllib.parse
import zipfile

import answer
import lists
import policies
import shape
import truth

FORM = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "client_id": truth.CLI_APP,
    "subject_token": truth.PAT,
    "subject_token_type": "urn:logto:token-type:personal_access_token",
}
SOURCE_TYPES = ("manual", "cli", "github", "gitlab", "jetbrains", "vscode")
TIME = "2026-01-01T10:00:00.000Z"
HTML = b"<!DOCTYPE html><html><head><title>%d</title></head><body><h1>nginx</h1></body></html>"


class Handler(http.server.BaseHTTPRequestHandler):
    """What the three have in common. A subclass is made for each variant, with its `state`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30
    state = None
    server_name = ""

    def log_message(self, *_):
        """Requests are kept in the state; standard error stays for what goes wrong here."""

    def handle(self):
        """Serves one connection. A client may leave it at any moment."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def do_any(self):
        """Reads one request, answers it, and keeps what it was."""
        target = urllib.parse.urlsplit(self.path)
        self.query = urllib.parse.parse_qsl(target.query, keep_blank_values=True, strict_parsing=False)
        self.body = self.read_body()
        self.cut = False
        self.seen = {"server": self.server_name, "method": self.command, "path": target.path, "query": self.query, "status": 0}
        with self.state.lock:
            self.state.requests.append(self.seen)
            if self.headers.get("Host") != urllib.parse.urlsplit(self.state.urls[self.server_name]).netloc:
                self.complain(f"the host is {self.headers.get('Host')}")
            for name in ("User-Agent", "Accept"):
                if not self.headers.get(name):
                    self.complain(f"no {name}")
            status, headers, body = self.decide(target.path)
            self.seen["status"] = status
        answer.send(self, self.state.variant, status, headers, body, self.cut)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_any

    def read_body(self):
        """The request's body by its stated length; a chunked one is read as nothing, and complained of where it matters."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def complain(self, text):
        """Notes what the client did wrong, and where."""
        self.state.complain(f"{self.server_name}: {self.command} {self.path.partition('?')[0]}: {text}")

    def reply(self, status, value, place=None):
        """An answer as JSON, or the fault that stands in for it."""
        variant = self.state.variant
        fault = self.state.fault(place) if place else None
        if fault and fault.get("cut"):
            self.cut = True
        elif fault and ("merge" in fault or "drop" in fault):
            value = {**value, **fault.get("merge", {})}
            value = {key: item for key, item in value.items() if key not in fault.get("drop", ())}
        elif fault:
            return self.fault_reply(fault)
        headers = [("Content-Type", variant.content_type)] if variant.content_type else []
        return status, headers, answer.encoded(value, variant)

    def fault_reply(self, fault):
        """The answer that a fault spells out. A body that is a string goes out as it is."""
        status, body = fault["status"], fault.get("body", "")
        text = isinstance(body, str)
        headers = [("Content-Type", "text/html" if text else "application/json"), *fault.get("headers", {}).items()]
        return status, headers, body.encode() if text else answer.encoded(body, self.state.variant)

    def gateway_error(self, status, message):
        """Error shape B, the gateway's (section 7)."""
        return self.reply(status, {"message": message, "statusCode": status, "timestamp": TIME, "path": self.seen["path"]})

    def bad_request(self, message):
        """Error shape A."""
        body = {"timestamp": TIME, "service": "gateway", "method": self.command, "message": [message], "code": 400}
        return self.reply(400, body)


class Identity(Handler):
    """The identity provider: section 1.3."""

    server_name = "auth"

    def decide(self, path):
        """The exchange, or the refusals that the provider's source shows."""
        if self.headers.get("Authorization"):
            self.complain("an Authorization header")
        if path != self.state.variant.auth_prefix + "/oidc/token" or self.command != "POST":
            self.complain("no such address here")
            return 404, [("Content-Type", "text/html")], HTML % 404
        if self.headers.get_content_type() != "application/x-www-form-urlencoded":
            self.complain(f"the content type is {self.headers.get('Content-Type')}")
        form = urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True)
        if len(form) != len(dict(form)) or set(dict(form)) != {*FORM, "resource"}:
            self.complain(f"the fields are {sorted(name for name, _ in form)}")
        for name, wanted in {**FORM, "resource": self.state.resource()}.items():
            if dict(form).get(name) != wanted:
                return self.refused(name)
        variant = self.state.variant
        reply = {"access_token": self.state.new_token(), "token_type": "Bearer", "scope": ""}
        if variant.token_reply == "minimal":
            reply = {"access_token": reply["access_token"]}
        shape.put(reply, "expires_in", variant.expires_in)
        return self.reply(200, reply, "token")

    def refused(self, field):
        """The identity provider's own error shape, D."""
        if field == "client_id":
            return self.reply(400, {"code": "oidc.invalid_client", "error_description": "invalid client"})
        error = "invalid_target" if field == "resource" else "invalid_grant"
        body = {"error": error, "error_description": f"{field} not found", "code": f"oidc.{error}", "message": "refused"}
        return self.reply(400, body)


class Storage(Handler):
    """The object storage behind signed addresses: section 3.1, step 2."""

    server_name = "storage"

    def decide(self, path):
        """Takes an archive once, as a strict storage does."""
        state, variant = self.state, self.state.variant
        scan = next((scan for scan, known in state.scans.items() if known["address"] == self.path), None)
        if scan is None or self.command != "PUT":
            self.complain("not the signed address")
            return self.xml(403, "SignatureDoesNotMatch")
        fault = state.fault("upload")
        if fault:
            return self.fault_reply(fault)
        wanted = {"Content-Type": "application/zip", "Authorization": None, "Transfer-Encoding": None, "Content-Encoding": None}
        is_gcs = variant.storage == "gcs"
        wanted["x-goog-if-generation-match"] = "0" if is_gcs else None
        wanted["x-goog-content-length-range"] = "0,5368709120" if is_gcs else None
        for name, value in wanted.items():
            if self.headers.get(name) != value:
                self.complain(f"{name} is {'set' if name == 'Authorization' else self.headers.get(name)}")
                return self.xml(403, "SignatureDoesNotMatch")
        if self.headers.get("Content-Length") != str(len(self.body)):
            return self.xml(411, "MissingContentLength")
        if state.scans[scan]["stored"] is not None and is_gcs:
            return self.xml(412, "PreconditionFailed")
        self.inspect()
        state.scans[scan]["stored"] = len(self.body)
        return variant.storage_status, [("ETag", '"0123"')], b""

    def inspect(self):
        """Complains unless the archive is what section 3.2 asks for."""
        try:
            entries = zipfile.ZipFile(io.BytesIO(self.body)).infolist()
        except zipfile.BadZipFile as error:
            self.complain(f"no zip: {error}")
            return
        for entry in entries:
            if entry.is_dir() or entry.filename.startswith(("/", "./")) or "\\" in entry.filename:
                self.complain(f"the archive holds {entry.filename}")

    def xml(self, status, code):
        """Error shape E."""
        body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>refused</Message></Error>'
        return status, [("Content-Type", "application/xml")], body.encode()


class Api(Handler):
    """The API: sections 1.2 and 3 to 6."""

    server_name = "api"

    def decide(self, path):
        """Finds the route behind the prefix, and asks for the bearer where one is due."""
        variant, prefix = self.state.variant, self.state.variant.prefix
        if not path.startswith(prefix + "/"):
            self.complain("outside the API's own path")
            return 404, [("Content-Type", "text/html")], HTML % 404
        path = path[len(prefix):]
        if self.headers.get("X-API-Key"):
            return self.gateway_error(410, "API keys are gone")
        if self.command == "GET" and self.body:
            self.complain("a GET with a body")
        if variant.redirect and self.command == "GET":
            if not path.startswith("/moved/"):
                origin = self.state.urls["auth"] if variant.redirect == "other-origin" else ""
                return 307, [("Location", f"{origin}{prefix}/moved{self.path[len(prefix):]}")], b""
            path = path[len("/moved"):]
        if (self.command, path) == ("GET", "/client-apps"):
            return self.client_apps()
        if not self.state.admits(self.headers.get("Authorization")):
            return self.gateway_error(401, "Unauthorized")
        fault = self.state.fault("api")
        return self.fault_reply(fault) if fault else self.route([part for part in path.split("/") if part])

    def client_apps(self):
        """Section 1.2, which is open to everyone."""
        if self.headers.get("Authorization"):
            self.complain("an Authorization header")
        apps = {"cli": {"appId": truth.CLI_APP}}
        if self.state.variant.client_apps == "all":
            apps.update(vscode={"appId": "vscode0app"}, intellij={"appId": "intellij0app"})
        shape.put(apps, "logtoResource", self.state.variant.logto_resource)
        return self.reply(200, apps, "client-apps")

    def route(self, parts):
        """The calls behind the bearer."""
        match (self.command, *parts):
            case ("GET" | "POST", "project" | "projects", project, *_) if project != truth.PROJECT:
                return self.gateway_error(404, "Project not found")
            case ("POST", "project", _, "scan", "start"):
                return self.start()
            case ("POST", "project", _, "scan", "container", "start"):
                return self.start_image()
            case ("GET", "project", _, "scan", scan):
                return self.scan(scan)
            case ("GET", "project", _, "results", family) if family in truth.FAMILIES:
                return self.results(family)
            case ("GET", "project", _):
                return self.reply(200, {"projectId": truth.PROJECT, "name": "demo", "referenceBranch": None, "sastEnabled": True})
            case ("GET", "projects", _, *rest):
                found = policies.reply(rest, self.query, self.state)
                return self.reply(200, found, "policy") if found else self.gateway_error(404, "Not found")
        self.complain("no such address")
        return self.gateway_error(404, f"Cannot {self.command} {self.seen['path']}")

    def start_body(self, *more):
        """The fields of a start, or None for a body that is not as documented. `more` are fields that this start alone has."""
        try:
            body = json.loads(self.body or b"{}")
        except ValueError:
            body = None
        if self.body and self.headers.get_content_type() != "application/json":
            self.complain(f"the content type is {self.headers.get('Content-Type')}")
        known = {"branch", "sourceType", *more}
        if body is None or set(body) - known or body.get("sourceType", "cli") not in SOURCE_TYPES:
            self.complain(f"the body is {self.body}")
            return None
        return body

    def start_image(self):
        """Section 3.4: an image that the platform fetches itself, so that there is nothing to upload."""
        body = self.start_body("imageToScan", "vulnerabilityTypes")
        if body is None or not body.get("imageToScan"):
            return self.bad_request("imageToScan should not be empty")
        scan, _ = self.state.new_scan()
        self.state.scans[scan]["stored"] = 0
        reply = {"scanId": scan, "success": True, "message": "Scan started"}
        return self.reply(self.state.variant.start_status, reply, "start")

    def start(self):
        """Section 3.1, step 1."""
        variant = self.state.variant
        if self.start_body() is None:
            return self.bad_request("property should not exist")
        scan, url = self.state.new_scan()
        reply = {"url": url, "scanId": scan}
        others = {"success": True, "message": "Scan started", "detectedLanguages": ["Python"]}
        if variant.start_reply != "minimal":
            reply.update(others if variant.start_reply == "all" else dict.fromkeys(others))
        return self.reply(variant.start_status, reply, "start")

    def scan(self, scan):
        """Section 4."""
        state, variant = self.state, self.state.variant
        if scan not in state.scans:
            return self.gateway_error(404, "Scan not found")
        if variant.unknown_polls:
            variant.unknown_polls -= 1
            return self.gateway_error(404, "Scan not found")
        name = state.state_of(scan)
        reply = {"id": scan, "name": "scan", "state": name, "language": ["Python"], "projectId": truth.PROJECT, "private": False,
                 "createAt": TIME, "updatedAt": TIME, "containers": [], "progress": variant.progress, "step": "scanning"}
        reply[variant.created_key] = reply.pop("createAt")
        optional = {"initializerUserId": truth.identifier("user"), "scanType": "full", "startTime": TIME, "endTime": TIME,
                    "errorMessage": None, "errorCode": None, "errorCategory": None}
        if variant.scan_fields == "all":
            reply["containers"] = [{"id": "1", "status": "done", "createdAt": TIME, "startedAt": TIME, "finishedAt": TIME, "scanId": scan}]
            reply.update(optional)
        elif variant.scan_fields == "nulls":
            reply.update(dict.fromkeys(optional), containers=None, step=None, progress=None, language=None)
        elif variant.scan_fields == "state":
            reply = {"id": scan, "state": name}
        rows = sum(sum(cells.values()) for cells in truth.expected(variant.count).values())
        shape.put(reply, "vulnerabilityDetected", rows if variant.detected is True else variant.detected)
        return self.reply(200, shape.document(reply, variant), "scan")

    def results(self, family):
        """Section 5."""
        variant = self.state.variant
        for key, _ in self.query:
            if "[" in key or key in ("severity", "priority"):
                self.complain(f"the filter {key}")
        refused = variant.refused_families.get(family)
        if refused == 403:
            return self.reply(403, {"statusCode": 403, "message": f"{family} is not in your plan"})
        if refused:
            return self.gateway_error(refused, "Not found")
        scan = self.state.last_scan
        try:
            page = lists.page(family, self.query, self.state, scan and (scan, variant.states[-1]))
        except lists.BadQuery as error:
            self.complain(str(error))
            return self.bad_request(str(error))
        return self.gateway_error(page, "no such page") if isinstance(page, int) else self.reply(200, page, family)
