"""Which texts of the Python code people read: for Babel, see babel.cfg.

Texts are the first argument of `_`, `translate`, `message`, `Said`, `Amiss` and every Problem, the second of FieldError, and
each Problem's title.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from shared import problems

# function → which of its arguments is the text
_SAYING: dict[str, int] = {
    "_": 0,
    "message": 0,
    "translate": 0,
    "FieldError": 1,
    "Said": 0,
    "Amiss": 0,
    **{name: 0 for name, one in vars(problems).items() if isinstance(one, type) and issubclass(one, problems.Problem)},
}
Found = tuple[int, None, str, list[str]]


def extract_python(
    fileobj: IO[bytes],
    keywords: Iterable[str],  # noqa: ARG001 - Babel passes these three by name; what says a text is told above
    comment_tags: Iterable[str],  # noqa: ARG001
    options: Mapping[str, Any],  # noqa: ARG001
) -> Iterator[Found]:
    """The texts of one file, as Babel's extractors give them: line, function, text, comments."""
    for node in ast.walk(ast.parse(fileobj.read())):
        texts: Iterable[ast.expr] = ()
        if isinstance(node, ast.Call):
            at = _SAYING.get(_name(node.func))
            texts = node.args[at : at + 1] if at is not None else ()
        elif isinstance(node, ast.ClassDef):
            texts = _titles(node)
        for text in texts:
            for line, written in _constants(text):
                yield line, None, written, []


def _constants(text: ast.expr) -> Iterator[tuple[int, str]]:
    """The text itself, or both of `a if … else b`; a text that is a variable was marked where it is written."""
    if isinstance(text, ast.IfExp):
        yield from _constants(text.body)
        yield from _constants(text.orelse)
    elif isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value:
        yield text.lineno, text.value


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _titles(made: ast.ClassDef) -> Iterator[ast.expr]:
    """The title in the body of a kind of Problem, alone or in `status, name, title = …`."""
    for statement in made.body:
        if not (any(_name(base) in _SAYING for base in made.bases) or made.name in _SAYING):
            continue
        if isinstance(statement, ast.AnnAssign) and _name(statement.target) == "title" and statement.value:
            yield statement.value
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple):
            names = [_name(target) for target in statement.targets[0].elts]
            if "title" in names and isinstance(statement.value, ast.Tuple):
                yield statement.value.elts[names.index("title")]
