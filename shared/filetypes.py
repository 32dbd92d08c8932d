"""The types of files that people can attach. What is not here is not taken: macros, programs, and formats nobody asked for."""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN = "application/octet-stream"
_OPENXML = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True)
class FileType:
    """A type of file. `declared` are the media types that browsers and programs give it besides its own."""

    name: str
    media_type: str
    extensions: tuple[str, ...]
    declared: tuple[str, ...] = ()


FILE_TYPES: dict[str, FileType] = {
    one.name: one
    for one in (
        FileType("pdf", "application/pdf", ("pdf",)),
        FileType("docx", f"{_OPENXML}.wordprocessingml.document", ("docx",)),
        FileType("xlsx", f"{_OPENXML}.spreadsheetml.sheet", ("xlsx",)),
        FileType("pptx", f"{_OPENXML}.presentationml.presentation", ("pptx",)),
        FileType("jpeg", "image/jpeg", ("jpg", "jpeg"), ("image/pjpeg", "image/jpg")),
        FileType("png", "image/png", ("png",)),
        FileType("csv", "text/csv", ("csv",), ("application/vnd.ms-excel", "application/csv", "text/plain")),
        FileType("txt", "text/plain", ("txt",)),
        FileType("zip", "application/zip", ("zip",), ("application/x-zip-compressed", "application/x-zip")),
    )
}
BY_EXTENSION = {extension: one for one in FILE_TYPES.values() for extension in one.extensions}
BY_MEDIA_TYPE = {one.media_type: one for one in FILE_TYPES.values()}


def file_type_of(name: str) -> FileType | None:
    """The type that a file's name says it has."""
    return BY_EXTENSION.get(name.rpartition(".")[2].lower()) if "." in name else None


def size_text(size: int) -> str:
    """A number of bytes for people: 1.2 MB, of 1,000,000 bytes, as file managers show it."""
    for unit, worth in (("MB", 1_000_000), ("kB", 1000)):
        if size >= worth:
            return f"{size / worth:,.1f} {unit}"
    return f"{size:,} B"
