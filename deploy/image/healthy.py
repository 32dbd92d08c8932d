#!/usr/local/bin/python3 -IS
"""`healthy PORT PATH` or `healthy FILE`: whether a page answers 200, or a file was touched in the last minute. For health checks.

It runs every few seconds in every container, so it loads as little as it can.
"""

import os
import socket
import sys
import time

OLDEST = 60.0


def main() -> bool:
    """Whether it is well."""
    match sys.argv[1:]:
        case [port, path]:
            with socket.create_connection(("127.0.0.1", int(port)), timeout=4) as connection:
                connection.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
                return connection.recv(64).split(b" ")[1] == b"200"
        case [file]:
            return time.time() - os.stat(file).st_mtime < OLDEST  # noqa: PTH116 - pathlib costs as much as all else here
        case _:
            return False


if __name__ == "__main__":
    try:
        sys.exit(0 if main() else 1)
    except OSError as error:
        sys.exit(f"{type(error).__name__}: {error}")
