"""Writes one HTTP answer byte by byte, in any of the framings and spellings that HTTP allows a server."""

import gzip
import http
import json

LINE_END = b"\r\n"


def encoded(value, variant):
    """A JSON document in the variant's layout."""
    if variant.json_layout == "crlf":
        return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\r\n").encode()
    return json.dumps(value, separators=(",", ":"), ensure_ascii=variant.json_layout == "escaped").encode()


def spelled(name, variant):
    """A header's name in the variant's case."""
    return {"lower": name.lower(), "UPPER": name.upper()}.get(variant.header_names, name)


def send(handler, variant, status, headers, body, cut=False):
    """Writes the answer and settles whether the connection lives on. `headers` is a list of pairs. A cut answer ends in the middle
    of its body."""
    headers = list(headers)
    if body and variant.gzip and "gzip" in handler.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body)
        headers.append(("Content-Encoding", "gzip"))
    framing = "length" if variant.http == "1.0" and variant.framing == "chunked" else variant.framing
    handler.close_connection = variant.http == "1.0" or variant.connection != "keep" or framing == "close"
    if variant.connection == "close" or (framing == "close" and variant.http == "1.1"):
        headers.append(("Connection", "close"))
    if status == 204:
        body, framing = b"", "none"
    if framing == "length":
        headers.append(("Content-Length", str(len(body))))
    elif framing == "chunked":
        headers.append(("Transfer-Encoding", "chunked"))
    written = []
    if variant.interim:
        written += [b"HTTP/1.1 103 Early Hints", LINE_END, b"Link: </style.css>; rel=preload", LINE_END, LINE_END]
    phrase = http.HTTPStatus(status).phrase if variant.reason else ""
    written += [f"HTTP/{variant.http} {status} {phrase}".encode(), LINE_END]
    for name, value in headers:
        written += [f"{spelled(name, variant)}: {value}".encode(), LINE_END]
    written.append(LINE_END)
    framed = chunks(body) if framing == "chunked" else body
    if cut:
        framed, handler.close_connection = framed[:len(framed) // 2], True
    written.append(framed)
    handler.wfile.write(b"".join(written))
    handler.wfile.flush()


def chunks(body):
    """The body in chunks of odd sizes, with an extension and a trailer, both of which a client has to skip."""
    written, size = [], 7
    while body:
        piece, body = body[:size], body[size:]
        written += [f"{len(piece):X};note=1".encode(), LINE_END, piece, LINE_END]
        size = size * 3 + 1
    return b"".join([*written, b"0", LINE_END, b"X-Trailer: end", LINE_END, LINE_END])
