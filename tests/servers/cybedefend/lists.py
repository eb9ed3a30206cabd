"""The lists of findings (sections 5.2 and 5.3): filters, order, pages and the envelope around them."""

import math

import shape
import truth
from variant import ABSENT

PAGE_KEYS = {"pageNumber": ("pageNumber", "pageSizeNumber"), "page": ("page", "limit")}
DOCUMENTED = {"sca": ("pageNumber", "page"), "container": ("page",)}
SORTS = ("currentState", "currentSeverity", "currentPriority", "language", "createdAt", "updateAt", "updatedAt", "currentCVSS")
FILTERS = {
    "status": (*truth.OPEN_STATES, *truth.CLOSED_STATES),
    "severity": truth.SEVERITIES,
    "priority": ("critical_urgent", "urgent", "normal", "low", "very_low"),
}


class BadQuery(Exception):
    """A value that the documentation rules out, which answers 400."""


def page(family, query, state, scan):
    """One page of a family, as JSON, or the status that this variant gives a page behind the last. `query` is a list of pairs;
    `scan` the last scan's id and state, or None."""
    variant = state.variant
    number, size = position(family, query, variant)
    looks, state.looks = state.looks, state.looks + 1
    filters = {name: chosen(query, name) for name in FILTERS}
    found = selected(truth.rows(family, variant.count), filters, query, variant)
    if looks < variant.late_rows:
        found = found[::2]
    pages = math.ceil(len(found) / size) or variant.empty_total_pages
    if number > max(pages, 1):
        if variant.beyond == "last":
            number = pages
        elif variant.beyond != "empty":
            return int(variant.beyond)
    rows = [shape.row(element, variant) for element in found[(number - 1) * size:number * size]]
    reply = {"projectId": truth.PROJECT, "projectName": "demo", "page": number, "limit": size}
    shape.put(reply, "total", claimed(variant.total, len(found)))
    shape.put(reply, "totalPages", claimed(variant.total_pages, pages))
    reply["vulnerabilities"] = rows
    echoes = {"sort": last(query, "sort"), "order": last(query, "order"), "language": None, **filters,
              "vulnCountByType": {name: len(truth.rows(name, variant.count)) for name in truth.FAMILIES}}
    if variant.echoes != "absent":
        reply.update({key: None for key in echoes} if variant.echoes == "null" else echoes)
    shape.put(reply, "scanProjectInfo", scan_info(variant, scan, looks))
    reply = shape.document(reply, variant)
    return [reply] if variant.envelope == "array" else reply


def claimed(switch, real):
    """What a count's switch makes of the real count."""
    return {"present": real, "null": None, ABSENT: ABSENT}.get(switch, switch)


def last(query, name):
    """The last value of a key, or None."""
    return next((value for key, value in reversed(query) if key == name), None)


def chosen(query, name):
    """The values of a filter; one that is not documented is refused. Keys in brackets are not read at all."""
    values = [value for key, value in query if key == name]
    for value in values:
        if value not in FILTERS[name]:
            raise BadQuery(f"each value in {name} must be one of: {', '.join(FILTERS[name])}")
    return values


def position(family, query, variant):
    """The page's number and size, from the keys that count here."""
    dialects = {"both": ("pageNumber", "page"), "documented": DOCUMENTED.get(family, ("pageNumber",))}
    number, size = 1, 10
    for dialect in dialects.get(variant.paging, (variant.paging,)):
        number_key, size_key = PAGE_KEYS[dialect]
        number = whole(query, number_key, number)
        size = whole(query, size_key, size)
    if last(query, "sort") not in (None, *SORTS) or last(query, "order") not in (None, "asc", "desc", "ASC", "DESC"):
        raise BadQuery("sort or order must be a valid enum value")
    return number, min(size, variant.page_size_limit)


def whole(query, key, default):
    """A number of at least 1, or the default."""
    text = last(query, key)
    if text is None:
        return default
    if not text.isdigit() or int(text) < 1:
        raise BadQuery(f"{key} must not be less than 1")
    return int(text)


def selected(rows, filters, query, variant):
    """The rows that the filters leave, the worst first, in an order that does not change."""
    branch = last(query, "branch")
    kept = []
    for element in rows:
        base = element.get("base", element)
        if filters["status"] and variant.status_filter == "exact" and base["currentState"] not in filters["status"]:
            continue
        if branch and variant.branch_filter == "exact" and base["branch"] != branch:
            continue
        # The API compares with the four levels alone, so that a filter loses rows that have none.
        if filters["severity"] and base["currentSeverity"] not in filters["severity"]:
            continue
        kept.append(element)

    def rank(element):
        base = element.get("base", element)
        severity = base["currentSeverity"]
        return truth.SEVERITIES.index(severity) if severity in truth.SEVERITIES else len(truth.SEVERITIES), base["id"]

    return sorted(kept, key=rank)


def scan_info(variant, scan, looks):
    """`scanProjectInfo`, which is about the project's last scan, or still about the one before."""
    if variant.scan_info in (ABSENT, "null") or scan is None:
        return ABSENT if variant.scan_info == ABSENT else None
    if variant.scan_info == "other" or looks < variant.late_scan_info:
        scan = (truth.identifier("another scan"), "completed")
    if variant.scan_info == "id":
        return {"scanId": scan[0]}
    return {"scanId": scan[0], "state": scan[1], "createAt": "2026-01-01T10:00:00.000Z", "scanType": "full"}
