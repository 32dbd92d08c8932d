"""The page a mail is: one table of a readable width, the style sheet in its tags, light or dark as its reader has it."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

import css_inline

from services.notify.wording.markup import mark

_CSS = (Path(__file__).parent / "mail.css").read_text(encoding="utf-8")
_INLINER = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{title}</title>
<style>{css}</style>
</head>
<body>
<table role="presentation" class="frame" align="center"><tr><td class="page">
{header}{body}{footer}
</td></tr></table>
</body>
</html>
"""


def page(language: str, body: str, header: str, footer: str) -> str:
    """A mail's marked HTML with its styles inlined; the subject's slot is its title."""
    return _INLINER.inline(
        _PAGE.format(
            language=escape(language),
            title=mark(0, "s"),
            css=_CSS,
            header=f'<div class="letterhead">{header}</div>' if header else "",
            body=body,
            footer=f'<div class="letterfoot">{footer}</div>' if footer else "",
        )
    )


@cache
def opening(tag: str, *, inlined: bool) -> str:
    """The opening of a tag that a value brings (a list, an item, a link), as the others of its kind are in the page."""
    if not inlined:
        return f"<{tag}>"
    return css_inline.inline_fragment(f"<{tag}></{tag}>", _CSS).removesuffix(f"</{tag}>")
