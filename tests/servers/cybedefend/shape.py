"""Turns a row in the contract's full shape into the variant's: other wrappers, nulls, gaps, numbers as text, other cases."""

from variant import ABSENT

SKELETON = ("id", "currentSeverity", "currentState", "branch", "base")


def row(element, variant):
    """The row as this variant sends it."""
    inner = dict(element.get("base", element))
    outer = {key: value for key, value in element.items() if key != "base"} if "base" in element else {}
    is_container = "base" not in element
    spell(inner, variant)
    inner = without_optional(inner, variant)
    outer = without_optional(outer, variant)
    if is_container and variant.container == "base":
        own = ("package", "vuln", "fixedVersion", "vulnerabilityIdentifier")
        outer = {key: inner.pop(key) for key in own if key in inner}
    wrapped = variant.container == "base" if is_container else variant.wrapped
    shaped = {**outer, "base": inner} if wrapped else {**inner, **outer}
    return shaped


def spell(base, variant):
    """Severity, state, branch and the two fields whose type varies."""
    if base["currentSeverity"] is None:
        put(base, "currentSeverity", variant.unrated)
    if variant.words == "UPPER":
        for key in ("currentSeverity", "currentState"):
            if isinstance(base.get(key), str):
                base[key] = base[key].upper()
    put(base, "branch", {"null": None, "absent": ABSENT}.get(variant.row_branch, base["branch"]))
    if variant.history == "array" and "historyItems" in base:
        base["historyItems"] = base["historyItems"]["items"]


def put(fields, key, value):
    """Sets a field, or takes it out."""
    if value == ABSENT:
        fields.pop(key, None)
    else:
        fields[key] = value


def without_optional(fields, variant):
    """The fields less those that the variant makes null or leaves out."""
    if variant.autofix == "strings" and "autofixRecords" in fields:
        fields = {**fields, "autofixRecords": ["upgrade to 0.7.0"]}
    if variant.optional_fields == "null":
        return {key: value if key in SKELETON else None for key, value in fields.items()}
    if variant.optional_fields == "absent":
        return {key: value for key, value in fields.items() if key in SKELETON}
    return fields


def document(value, variant):
    """A whole answer: its numbers in the variant's type, and unheard-of fields in every object."""
    if isinstance(value, dict):
        changed = {key: document(item, variant) for key, item in value.items()}
        if variant.extra_fields:
            changed["experimental"] = {"cohort": "b", "weights": [1, None, {"deep": True}]}
        return changed
    if isinstance(value, list):
        return [document(item, variant) for item in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    return {"float": float, "string": str}.get(variant.numbers, lambda number: number)(value)
