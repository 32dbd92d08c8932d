"""`python -m deploy.one.mailbox [--host …] --smtp-port … --http-port … --folder … [--most …]`: run the mailbox until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import uvicorn

from deploy.one.mailbox.mails import Mails
from deploy.one.mailbox.smtp import protocol
from deploy.one.mailbox.web import create_app
from deploy.one.ports import LOOPBACK


async def serve(host: str, smtp_port: int, http_port: int, folder: Path, most: int) -> None:
    """Catch and show until a signal ends it."""
    mails = Mails(folder, most)
    smtp = await asyncio.get_running_loop().create_server(lambda: protocol(mails), host, smtp_port)
    web = uvicorn.Server(
        uvicorn.Config(
            create_app(mails),
            host=host,
            port=http_port,
            access_log=False,
            log_level="info",
            timeout_graceful_shutdown=2,
        )
    )
    try:
        await web.serve()
    finally:
        smtp.close()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="Catch mails and show them.")
    parser.add_argument("--host", default=LOOPBACK, help="the address to listen at")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where the mails are kept, one .eml file each")
    parser.add_argument("--most", type=int, default=sys.maxsize, help="of more mails than that the oldest go")
    options = parser.parse_args()
    asyncio.run(serve(options.host, options.smtp_port, options.http_port, options.folder, options.most))


if __name__ == "__main__":
    main()
