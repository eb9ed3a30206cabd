"""Policy evaluation (section 6), whose paths are plural."""

import truth

TIME = "2026-01-01T10:00:00.000Z"


def reply(parts, query, state):
    """The answer to a path behind `/projects/{project}`, or None where there is none."""
    kind = state.variant.policy
    found = [] if kind == "none" else [violation(kind, state.last_scan)]
    match parts:
        case ["scans", scan, "evaluation-status"] if scan in state.scans:
            return {"hasEvaluation": True, "evaluationId": truth.identifier("evaluation"), "status": "COMPLETED", "progress": 100,
                    "message": "done", "startedAt": TIME, "completedAt": TIME}
        case ["scans", scan, "violations"] if scan in state.scans:
            number = int(dict(query).get("page", "1"))
            return {"violations": found if number == 1 else [], "total": len(found), "page": number, "limit": 50}
        case ["scans", scan, "compliance"] if scan in state.scans:
            blocking = int(kind == "block")
            result = {"compliant": not blocking, "exitCode": blocking, "blockingViolationsCount": blocking,
                      "warningViolationsCount": len(found) - blocking, "totalViolationsCount": len(found), "evaluatedAt": TIME,
                      "evaluatedPoliciesCount": 1, "breakingRulesCount": blocking}
            return {"scanId": scan, "projectId": truth.PROJECT, "status": "COMPLETED", "result": result}
        case ["effective-policies"]:
            return {"effectiveConfig": {}, "appliedPolicies": [{"id": truth.identifier("policy"), "name": "default"}]}
    return None


def violation(kind, scan):
    """One violation: a block, a warning, or a block that someone has acknowledged."""
    action = "WARN" if kind == "warn" else "BLOCK"
    rule = {"id": truth.identifier("policy rule"), "name": "No critical", "description": "", "type": "severity", "value": "CRITICAL",
            "action": action, "operator": "eq", "criteria": []}
    return {"id": truth.identifier("violation"), "policyId": truth.identifier("policy"), "projectId": truth.PROJECT, "scanId": scan,
            "organizationId": truth.identifier("organization"), "actionTaken": action, "affectedVulnerabilitiesCount": 3, "rule": rule,
            "affectedVulnerabilities": [], "acknowledged": kind == "acknowledged", "acknowledgedAt": None,
            "acknowledgementReason": None, "createdAt": TIME, "updatedAt": TIME}
