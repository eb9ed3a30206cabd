"""One HTTP exchange, as the clients beside this file make them: no redirect is followed, and what is no success is an exception."""

import urllib.error
import urllib.request


class Refused(Exception):
    """An answer outside 2xx, redirects included."""

    def __init__(self, status, body, headers=None):
        super().__init__(f"HTTP {status}: {body[:300]!r}")
        self.status = status
        self.headers = headers or {}


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would turn a POST into a GET, and could carry a credential elsewhere."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirects)


def send(method, url, headers=None, body=None):
    """One exchange: the bytes of the answer and its headers, or Refused."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with OPENER.open(request, timeout=30) as reply:
            return reply.read(), reply.headers
    except urllib.error.HTTPError as error:
        raise Refused(error.code, error.read(), error.headers) from None
