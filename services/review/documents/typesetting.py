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

from shared.procedure.papers import FRAME, imports

HERE = Path(__file__).parent
OWN = HERE / "typst"
FONTS = ("pylopdf_fonts_jp", "noto_cjk_sans_jp_regular")
SECONDS = 30.0
# A process asks for one document at a time: its other requests must not wait for several.
_ONE_AT_A_TIME = threading.Lock()


class Unset(Exception):
    """The template could not be set. The text is for operators; it may quote the template, not the data."""


def own_templates() -> dict[str, str]:
    """What comes with the desk: the frame of all documents, and the letter."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(OWN.glob("*.typ"))}


def set_pdf(
    template: str, templates: Mapping[str, str], doc: Mapping[str, Any], images: Mapping[str, bytes], at: datetime
) -> bytes:
    """The PDF of `template`, with `doc` as data and these images beside it. Raises Unset."""
    own = own_templates()
    sources = own | dict(templates) | {FRAME: own[FRAME]}
    if strange := sorted({one for source in sources.values() for one in imports(source)} - {f"{name}.typ" for name in sources}):
        raise Unset(f"there is no template {', '.join(strange)}")
    if template not in sources:
        raise Unset(f"there is no template {template}")
    with TemporaryDirectory(prefix="madoguchi-document-") as folder:
        for name, source in sources.items():
            Path(folder, f"{name}.typ").write_text(source, encoding="utf-8")
        for name, content in images.items():
            Path(folder, name).write_bytes(content)
        fonts = [str(files(package)) for package in FONTS]
        command = [sys.executable, "-I", str(HERE / "press.py"), folder, f"{template}.typ", str(int(at.timestamp()))]
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
