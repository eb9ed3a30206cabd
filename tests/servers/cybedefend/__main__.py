"""An independent server of CybeDefend's API, written from the wire contract alone, with Python's standard library alone.

It shares no code with scangate's client or sandbox, so that it shows whether the client takes every answer that the contract
allows. Run the folder: `python3 tests/servers/cybedefend`. It reads one command a line from its standard input and answers each
with one line of JSON; at the end of the input it ends.

    {"open": {"framing": "chunked"}}   starts a variant on three free ports of the loopback; answers with its `id`, the addresses,
                                       the credentials, and the `expected` open rows by family and severity
    {"close": 0}                       ends it; answers with the `requests` that came, in order, the `complaints` about them, and
                                       the number of `tokens` that were given
"""

import http.server
import json
import sys
import threading

import handlers
import platform_state
import truth
from variant import Variant


class Servers:
    """The three servers of one variant."""

    def __init__(self, switches):
        self.state = platform_state.State(Variant.of(switches))
        self.servers = []
        for handler in (handlers.Api, handlers.Identity, handlers.Storage):
            bound = type(handler.__name__, (handler,), {"state": self.state})
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), bound)
            server.daemon_threads = True
            self.state.urls[handler.server_name] = f"http://127.0.0.1:{server.server_port}"
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            self.servers.append(server)

    def described(self, number):
        """What a driver needs to run a client against the variant."""
        return {"id": number, "api": self.state.base("api"), "auth": self.state.base("auth"), "pat": truth.PAT,
                "project": truth.PROJECT, "branch": truth.BRANCH, "expected": truth.expected(self.state.variant.count)}

    def close(self):
        """Ends the servers, and says what they saw."""
        for server in self.servers:
            server.shutdown()
            server.server_close()
        with self.state.lock:
            return {"requests": self.state.requests, "complaints": self.state.complaints, "tokens": len(self.state.tokens)}


def main():
    """Serves until the input ends."""
    running = []
    for line in sys.stdin:
        command = json.loads(line)
        if "open" in command:
            running.append(Servers(command["open"]))
            answered = running[-1].described(len(running) - 1)
        else:
            answered = running[command["close"]].close()
        print(json.dumps(answered), flush=True)


if __name__ == "__main__":
    main()
