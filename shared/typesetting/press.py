"""Sets one document, in a process of its own that gets a folder and ends. Knows typst and the standard library, nothing else.

`python -I press.py FOLDER MAIN TIMESTAMP FONTS…`: the PDF goes to standard output; what is wrong, to standard error.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import typst

# What one document may cost. A letter takes a fiftieth of the time and a tenth of the memory.
CPU_SECONDS, MEMORY, OUTPUT = 20, 1536 * 1024**2, 20 * 1024**2

# To be read in fifty years (ISO 19005-2, level a), and by everybody (ISO 14289-1).
STANDARDS: list[typst.PDFStandard] = ["a-2a", "ua-1"]


def main(folder: str, name: str, timestamp: str, *fonts: str) -> int:
    """Set FOLDER/MAIN. Returns the exit status: 0, or 1 when the template has a mistake."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    data = sys.stdin.buffer.read().decode()
    root = Path(folder)
    nowhere = str(root / "packages")  # a template has no packages: nothing is looked up, nothing downloaded
    compiler = typst.Compiler(
        root=folder,
        font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(fonts)),
        ignore_system_fonts=True,
        sys_inputs={"doc": data},
        package_path=nowhere,
        package_cache_path=nowhere,
    )
    try:
        made = compiler.compile(str(root / name), format="pdf", pdf_standards=STANDARDS, timestamp=int(timestamp))
    except typst.TypstError as error:
        print(error.message, *error.hints, sep="; ", file=sys.stderr)  # noqa: T201 - its one way of saying it
        return 1
    pdf = made if isinstance(made, bytes) else b""
    if not 0 < len(pdf) <= OUTPUT:
        print("the document is empty or too large", file=sys.stderr)  # noqa: T201 - as above
        return 1
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
