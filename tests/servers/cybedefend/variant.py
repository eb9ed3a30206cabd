"""What a platform may do differently within its contract, and what it must not do: the switches of this server.

A variant is a JSON object; a key that it leaves out has the default here. The defaults together are the answer that the contract
shows first. Switches in the last group break the contract, for showing that a client fails closed.
"""

import dataclasses

ABSENT = "absent"
"""The value of a switch that leaves a field out altogether, where `None` sends a null."""


@dataclasses.dataclass
class Variant:
    """One way to answer. Sections are those of the wire contract."""

    # How bytes travel. HTTP leaves all of this to a server.
    http: str = "1.1"
    """The version in the status line: `1.1`, or `1.0` with its connections that end after each answer."""
    connection: str = "keep"
    """`keep`; `close`, announced and done; or `drop`, done without a word."""
    framing: str = "length"
    """How a body's end is told: `length`, `chunked`, or `close`."""
    gzip: bool = False
    """Compress bodies for a client that accepts it."""
    header_names: str = "Title-Case"
    """`Title-Case`, `lower` or `UPPER`."""
    reason: bool = True
    """Whether the status line has a reason phrase."""
    interim: bool = False
    """Send `103 Early Hints` before each answer."""
    content_type: str = "application/json; charset=utf-8"
    """The type of JSON answers; empty sends none."""
    json_layout: str = "compact"
    """`compact`; `crlf`, indented over lines that end in CR LF; or `escaped`, all but ASCII as escapes."""
    prefix: str = ""
    """A path before all of the API's own, such as `/security/api`."""
    auth_prefix: str = ""
    """The same of the identity provider."""
    redirect: str = ""
    """Answer each GET of the API first with a 307 to the same place: `same-origin`, or `other-origin`."""

    # Section 1: client apps and tokens.
    client_apps: str = "all"
    """`all`, or `cli`, the one app that this flow needs."""
    logto_resource: object = ABSENT
    """The audience that `/client-apps` names."""
    token_reply: str = "all"
    """`all`, or `minimal`: the access token, and `expires_in` unless that is absent too."""
    expires_in: object = 600
    token_calls: int = 0
    """Calls after which a token answers 401, whatever it promised; 0 for no limit."""

    # Section 3: start and storage.
    start_status: int = 200
    start_reply: str = "minimal"
    """`minimal`, the address and the id; `all`; or `nulls`, the other fields null."""
    storage: str = "s3"
    """`s3`; or `gcs`, whose address says `storage.googleapis.com` and whose signature covers two more headers."""
    storage_status: int = 200

    # Section 4: the scan.
    states: list = dataclasses.field(default_factory=lambda: ["completed"])
    """The states of successive polls after the upload; the last one stays."""
    unknown_polls: int = 0
    """Polls that answer 404 before the scan is known."""
    scan_fields: str = "required"
    """`required`; `all`; `nulls`, all that is not required null; or `state`, the id and the state alone."""
    progress: object = 100
    created_key: str = "createAt"
    detected: object = ABSENT
    """`vulnerabilityDetected`; `true` for the real number."""

    # Section 5: lists. A page size of 0 is the client's own.
    envelope: str = "object"
    """`object`, or `array` around one object."""
    optional_fields: str = "present"
    """What is no part of the answer's skeleton: `present`, `null` or `absent`. Severities and states stay."""
    echoes: str = "present"
    """The filters that a list repeats, and the counts by family: `present`, `null` or `absent`."""
    numbers: str = "number"
    """`number`, `float` or `string`, for every count, line and score."""
    words: str = "lower"
    """The case of severities and states: `lower` or `UPPER`."""
    history: str = "object"
    """`historyItems`: `object` or `array`."""
    autofix: str = "objects"
    """`autofixRecords`: `objects` or `strings`."""
    container: str = "flat"
    """Rows of the container family: `flat`, or base-wrapped as the others."""
    wrapped: bool = True
    """Rows of the other families: base-wrapped, or flat as they once were."""
    extra_fields: bool = False
    """Fields that nobody has heard of, in every object."""
    page_size_limit: int = 100
    """Larger pages are cut to this without a word."""
    paging: str = "both"
    """Which keys count: `both`, `pageNumber` (and `pageSizeNumber`), `page` (and `limit`), or `documented`, each family's own."""
    total: object = "present"
    """`total`: `present`, `null`, `absent`, or a number to claim."""
    total_pages: object = "present"
    beyond: str = "empty"
    """A page behind the last: `empty`, `last` again, or a status such as `404`."""
    empty_total_pages: int = 0
    """What an empty list says of its pages."""
    status_filter: str = "exact"
    """`exact`, or `ignored`: rows of every state, whatever was asked."""
    branch_filter: str = "exact"
    """`exact`, or `ignored`: rows of every branch, whatever was asked."""
    scan_info: object = "same"
    """`scanProjectInfo`: `same`, `null`, `absent`, `id` for the scan's id alone, or `other` for another scan's."""
    unrated: object = None
    """The severity of a row that has none: null, `absent`, or a word such as `unknown` or the empty one."""
    row_branch: str = "present"
    """`branch` in rows: `present`, `null` or `absent`."""
    refused_families: dict = dataclasses.field(default_factory=dict)
    """Families that are not there, and the status that says so."""
    late_rows: int = 0
    """Pages, of all families together, that are served while half of all rows are still on their way."""
    late_scan_info: int = 0
    """Pages that are served while `scanProjectInfo` is still another scan's."""
    count: dict = dataclasses.field(default_factory=dict)
    """How many open rows a family has, where the default does not fit."""

    # Section 6: policies.
    policy: str = "none"
    """`none`, `warn`, `block` or `acknowledged`."""

    # Beyond the contract, or trouble on the way.
    faults: list = dataclasses.field(default_factory=list)
    """Answers in place of the real ones: objects with `at` (`client-apps`, `token`, `start`, `upload`, `scan`, a family, or `api`
    for every call behind the bearer), `after` and `times` (how many answers stay as they are before it, and how many it spoils; 0
    for all), and either `status`, `headers` and `body`; or `merge` and `drop`, fields to set in the real answer and to take out of
    it; or `cut`, to end the connection in the middle of it."""

    @classmethod
    def of(cls, switches):
        """The variant with these switches; a name that is none is an error."""
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = set(switches) - known
        if unknown:
            raise ValueError(f"no such switch: {', '.join(sorted(unknown))}")
        return cls(**switches)
