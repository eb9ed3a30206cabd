"""What the project holds: the findings that every valid variant has to bring to a client's gate, in the contract's full shapes
(sections 5.4 to 5.6)."""

import uuid

PAT = "pat_8d1f0a61e1de4f2d9c7a"
PROJECT = "5f0c2a7e-7f55-4f0e-9d0e-2f6f0d3e6b11"
CLI_APP = "cli0app0of0this0instance"
BRANCH = "main"
FAMILIES = ("sast", "sca", "iac", "secret", "cicd", "container")
OPEN_STATES = ("to_verify", "confirmed")
CLOSED_STATES = ("resolved", "ignored")
SEVERITIES = ("critical", "high", "medium", "low")
COUNTS = {"sast": 112, "sca": 13, "iac": 5, "secret": 3, "cicd": 2, "container": 11}
"""Open rows of the scanned branch: one family needs a second page of 100, and some have one full page of ten and a rest."""

RULES = (
    ("SQL injection through string concatenation", "CWE-89", "A03:2021"),
    ("Path traversal – unchecked file name", "CWE-22", "A01:2021"),
    ("Weak hash « MD5 »", "CWE-328", "A02:2021"),
)


def identifier(*parts):
    """A UUID that is the same for the same parts."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, parts))))


def rows(family, counts):
    """All rows of a family: the open ones of the branch, some closed ones, and some of another branch."""
    count = counts.get(family, COUNTS[family])
    found = [row(family, number, BRANCH, OPEN_STATES[number % 2]) for number in range(count)]
    if count:
        found += [row(family, count + number, BRANCH, state) for number, state in enumerate(CLOSED_STATES * 2)]
        found += [row(family, count + 10 + number, "release/2.x", "to_verify") for number in range(3)]
    return found


def expected(counts):
    """The open rows of the branch by family and severity, `unrated` for those without one."""
    table = {}
    for family in FAMILIES:
        cells = table.setdefault(family, {})
        for element in rows(family, counts):
            base = element.get("base", element)
            if base["branch"] == BRANCH and base["currentState"] in OPEN_STATES:
                word = base["currentSeverity"] or "unrated"
                cells[word] = cells.get(word, 0) + 1
    return table


def row(family, number, branch, state):
    """One row in its family's shape."""
    if family == "container":
        return container_row(number, branch, state)
    base = base_of(family, number, branch, state)
    if family == "sca":
        return sca_row(number, base)
    flow = {"id": identifier(family, "flow", number), "nameHighlight": "name", "line": number + 1, "language": "python",
            "code": [{"line": number + 1, "content": "value = input()"}], "type": "source", "order": 1}
    return {"dataFlowItems": [flow], "autofixRecords": [], "base": base}


def base_of(family, number, branch, state):
    """The part that five families share."""
    name, cwe, owasp = RULES[number % len(RULES)]
    severity = SEVERITIES[number % 4]
    rule = {"id": identifier(family, "rule", number % len(RULES)), "name": name, "shortDescription": name,
            "description": f"**{name}**\nwhat it means", "howToPrevent": "check the input., use a library.", "cwe": [cwe],
            "cweArray": None, "owaspTop10": [owasp], "severity": severity.upper(), "language": "python", "vulnerabilityType": family}
    snippet = {"id": identifier(family, "snippet", number), "vulnerableStartLine": number + 1, "vulnerableEndLine": number + 1,
               "startLine": number + 1, "endLine": number + 2, "code": [{"line": number + 1, "content": f"line {number}"}],
               "language": "python", "fixAnalysis": None, "fixAnalysisDescription": None}
    change = {"id": identifier(family, "change", number), "type": "state", "value": state, "date": "2026-01-01T10:00:00.000Z",
              "userId": None, "user": None}
    return {
        "id": identifier(family, branch, number), "projectId": PROJECT, "branch": branch, "currentState": state,
        "currentSeverity": severity, "currentPriority": "urgent", "createdAt": "2026-01-01T10:00:00.000Z",
        "updateAt": "2026-01-02T10:00:00.000Z", "timeToFix": None, "contextualExplanation": None, "language": "Python",
        "path": f"src/{family}/module_{number}.py", "vulnerableStartLine": number + 1, "vulnerableEndLine": number + 2,
        "vulnerabilityType": family, "vulnerability": rule, "historyItems": {"items": [change]}, "codeSnippets": [snippet],
        "scoringSource": "static", "cvss4Vector": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        "cvss4BaseScore": 9.3, "cvss4EnvironmentalScore": 2.3, "cvss4EnvironmentalVector": None, "epssScore": None,
        "epssPercentile": None, "exploitabilityScore": 0.35, "exploitabilityVerdict": "theoretical", "priorityScore": 20.8,
    }


def sca_row(number, base):
    """A vulnerable package: no rule, no line, a manifest. The last of every thirteen has no severity, as an advisory without a
    score has none."""
    if number % 13 == 12:
        base["currentSeverity"] = None
    base.update(path="", language="", vulnerableStartLine=0, vulnerableEndLine=0, vulnerability=None, cvss4BaseScore=None,
                cvss4Vector=None, cvss4EnvironmentalScore=None, codeSnippets=[], epssScore=0.002, epssPercentile=0.41)
    name = f"package-{number}"
    library = {"id": identifier("library", number), "projectId": PROJECT, "packageName": name, "packageVersion": "0.3.1",
               "fileName": "web/package-lock.json", "ecosystem": "npm", "path": ["web", name]}
    metadata = {
        "cve": f"CVE-2024-{1000 + number}", "ghsaId": f"GHSA-aaaa-bbbb-{number:04}", "internalId": "", "summary": f"{name} is weak",
        "details": "details", "severityGh": "MODERATE", "schemaVersion": "1.6.0", "modifiedAt": "", "publishedAt": "",
        "githubReviewedAt": "", "nvdPublishedAt": "", "aliases": [{"id": "1", "alias": f"CVE-2024-{1000 + number}"}],
        "cwes": [{"id": "1", "cweId": "CWE-74"}], "references": [{"id": "1", "type": "WEB", "url": "https://host.example/advisory"}],
        "severities": [],
        "packages": [{"id": "1", "ecosystem": "npm", "packageName": name, "introduced": "0", "fixed": "0.7.0", "fixAvailable": True}],
    }
    autofix = {"cveId": metadata["cve"], "vulnerablePackage": name, "vulnerableVersion": "0.3.1", "recommendedProposedVersion": "0.7.0",
               "installCommand": f"npm install {name}@0.7.0", "hasFixAvailable": True}
    score = None if base["currentSeverity"] is None else 5.3
    return {"base": base, "library": library, "cvssScore": score, "metadata": metadata, "autofixRecords": [autofix]}


def container_row(number, branch, state):
    """A vulnerable package of an image: flat."""
    severity = SEVERITIES[number % 4]
    cve = f"CVE-2023-{4000 + number}"
    return {
        "id": identifier("container", branch, number), "vulnerabilityIdentifier": cve, "currentState": state,
        "currentSeverity": severity, "currentPriority": "urgent", "fixedVersion": "1.2.13-2", "branch": branch,
        "scoringSource": "static", "cvss4BaseScore": 9.8, "epssScore": 0.7, "epssPercentile": 0.99, "priorityScore": 88.4,
        "package": {"name": f"library{number}", "version": "1.2.13-1"},
        "vuln": {"vulnerabilityId": cve, "pkgName": "", "installedVersion": "", "title": f"overflow {number}", "description": "long",
                 "severity": severity.upper(), "type": "", "class": "os-pkgs", "target": "demo:1 (debian 12)", "cweIds": ["CWE-190"]},
    }
