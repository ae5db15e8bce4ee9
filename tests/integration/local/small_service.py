"""The smallest service process: says on its ops port who it is, and remembers how it was started."""

import json
import os
import sys
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

import uuid_utils.compat


class Ops(BaseHTTPRequestHandler):
    """Answers every path alike."""

    def do_GET(self) -> None:
        """What the tests ask about this process."""
        answer = {
            "pid": os.getpid(),
            "session": os.getsid(0),
            "environment": dict(os.environ),
            "argv": sys.argv,
            "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),  # noqa: PTH208 - numbers
            "ids": [str(uuid.uuid4()), str(uuid_utils.compat.uuid4())],
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Silent."""


def main() -> None:
    """Serve until a signal ends it."""
    print("small service started", flush=True)
    HTTPServer(("127.0.0.1", int(os.environ["OPS_PORT"])), Ops).serve_forever()
