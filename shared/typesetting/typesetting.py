"""From a template and data to the bytes of a PDF: the same bytes each time, as long as programs and fonts are the same.

A template gets data as JSON and nothing else: no text of anybody is ever read as Typst. It is set in a process of its own, with
little time and memory, in a folder that holds nothing but what it needs.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

PRESS = Path(__file__).parent / "press.py"
FONTS = ("pylopdf_fonts_jp", "noto_cjk_sans_jp_regular")
SECONDS = 30.0
# A process asks for one paper at a time: its other requests must not wait for several.
_ONE_AT_A_TIME = threading.Lock()


class Unset(Exception):
    """The template could not be set. The text is for operators; it may quote the template, not the data."""


def set_sources(
    main: str, sources: Mapping[str, str], doc: Mapping[str, Any], images: Mapping[str, bytes], at: datetime
) -> bytes:
    """The PDF of the template `main` among these (name → text), with `doc` as data and these images beside it. Raises Unset."""
    with TemporaryDirectory(prefix="madoguchi-document-") as folder:
        for name, source in sources.items():
            Path(folder, f"{name}.typ").write_text(source, encoding="utf-8")
        for name, content in images.items():
            Path(folder, name).write_bytes(content)
        fonts = [str(files(package)) for package in FONTS]
        command = [sys.executable, "-I", str(PRESS), folder, f"{main}.typ", str(int(at.timestamp()))]
        with _ONE_AT_A_TIME:
            try:
                done = subprocess.run(
                    [*command, *fonts], input=orjson.dumps(doc), capture_output=True, timeout=SECONDS, check=False, env={}
                )
            except subprocess.TimeoutExpired:
                raise Unset("setting it took too long") from None
    if done.returncode != 0:
        says = done.stderr.decode(errors="replace").strip().splitlines()
        raise Unset(says[0][:300] if says else f"the process that sets it ended with {done.returncode}")
    return done.stdout
