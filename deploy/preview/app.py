"""The preview's pages: drawn by the counter's own templates, read and judged by its own functions."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse

import services.intake
from deploy.preview.form import Preview
from services.intake.forms.posted import FormPosted
from services.intake.forms.reading import read_page, text_of, with_rows
from services.intake.forms.shown import WORDS, as_shown, entries
from services.intake.forms.view import shown_page
from shared.identity.callers import Callers
from shared.problems import NotFound
from shared.procedure.form_errors import Wrong, pages_of
from shared.procedure.reading import sections
from shared.procedure.scope import RuleError
from shared.web.app import install_errors
from shared.web.metrics import Requests
from shared.web.pages import Pages, language_of
from shared.web.static import add_static
from shared.web.visitors import own_forms_only

_HERE = Path(__file__).parent
_STYLE = "text/css; charset=utf-8"
_ASSETS = {"preview.js": "text/javascript; charset=utf-8", "preview.css": _STYLE, "noscript.css": _STYLE}
_PAGES = Pages(_HERE / "templates", Path(services.intake.__file__).parent / "templates")
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
)
router = APIRouter()


def create_app(file: Path, base_url: str) -> FastAPI:
    """The preview of one file. It answers only to its own address, so that no other site can ask it for anything."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.preview, app.state.lock = Preview(file), Lock()
    app.state.settings = SimpleNamespace(base_url=base_url)
    app.state.callers = Callers()
    host = base_url.partition("://")[2]

    @app.middleware("http")
    async def frame(request: Request, call_next: Any) -> Response:
        request.state.visitor = None  # nobody signs in here; a cookie of `make run` on the same machine means nothing
        if request.headers.get("host") != host:
            return PlainTextResponse(f"This is {base_url}", 421)
        answer: Response = await call_next(request)
        answer.headers["content-security-policy"] = _POLICY
        answer.headers["x-content-type-options"] = "nosniff"
        answer.headers.setdefault("cache-control", "no-store")
        return answer

    install_errors(app, Requests("preview"))
    add_static(app)
    app.include_router(router, dependencies=[Depends(own_forms_only)])
    return app


def _preview(request: Request) -> Any:
    with request.app.state.lock:
        preview: Preview = request.app.state.preview
        preview.look()
        yield preview


Tried = Annotated[Preview, Depends(_preview)]


@router.get("/")
def start() -> Response:
    """The form's first page."""
    return RedirectResponse("/pages/1", 303)


@router.get("/version")
def version(preview: Tried) -> Response:
    """The version of the file as it is now; the page's script asks."""
    return PlainTextResponse(preview.version)


@router.get("/assets/{name}")
def asset(name: str) -> Response:
    """The preview's own script and style."""
    if name not in _ASSETS:
        raise NotFound
    return Response((_HERE / "static" / name).read_bytes(), media_type=_ASSETS[name])


@router.get("/panel")
def panel(request: Request, preview: Tried, shown: str = "") -> Response:
    """What lint finds, for who has no scripts: it reloads itself, and says when the form beside it is old."""
    return _PAGES.show(request, "preview_panel.html", preview=preview, changed=shown != preview.version)


@router.get("/pages/{number}")
def page(number: int, request: Request, preview: Tried, check: int = 0) -> Response:
    """A page of the form, with what lint finds beside it."""
    language = language_of(request)
    published = preview.published
    if published is None:
        return _show(request, preview, title=preview.file.name, fields=None, steps=[], number=0)
    form = published.procedure.form
    number = min(max(number, 1), len(form))
    failed = ""
    fields, wrong = [], list[Wrong]()
    try:
        wrong = preview.wrong() if check else []
        answers = as_shown(published, preview.answers, check=bool(check))
        fields = shown_page(published, number, answers, language, wrong=wrong)
    except RuleError as error:
        failed = str(error)
    return _show(
        request,
        preview,
        title=published.procedure.title.within(language),
        page_title=form[number - 1].page.within(language),
        fields=fields,
        failed=failed,
        errors=entries(fields, language),
        number=number,
        steps=[one.page.within(language) for one in form],
    )


@router.post("/pages/{number}")
def enter(number: int, preview: Tried, posted: FormPosted) -> Response:
    """Keep what was entered, and go where the pressed button says."""
    published = preview.published
    if published is None or not 1 <= number <= len(published.procedure.form):
        return RedirectResponse("/pages/1", 303)
    preview.enter(read_page(published.procedure.form[number - 1], posted, preview.answers))
    go, _, which = text_of(posted, "go").partition(":")
    if go in {"add", "remove"}:
        key, _, row = which.partition(":")
        preview.enter({key: with_rows(published.procedure, preview.answers, key, row)})
        return RedirectResponse(f"/pages/{number}#{key}", 303)
    if go == "next":
        if any(one.level == "error" and pages_of(published).get(one.key) == number for one in preview.wrong()):
            return RedirectResponse(f"/pages/{number}?check=1", 303)
        last = number == len(published.procedure.form)
        return RedirectResponse("/confirm" if last else f"/pages/{number + 1}", 303)
    return RedirectResponse(f"/pages/{number - 1 if go == 'back' and number > 1 else number}", 303)


@router.get("/confirm")
def confirm(request: Request, preview: Tried) -> Response:
    """What would be filed, what would be said of it, and where it would go."""
    published = preview.published
    if published is None:
        return RedirectResponse("/pages/1", 303)
    language = language_of(request)
    labels = {one.key: one.label.within(language) for one in published.procedure.fields()}
    found, failed, filed = list[Wrong](), "", dict[str, Any]()
    try:
        found, filed = preview.wrong(), preview.to_file()
    except RuleError as error:
        failed = str(error)
    unreadable = {one.key for one in found if one.level == "error"}
    readable = {key: answer for key, answer in filed.items() if key not in unreadable}
    pages = pages_of(published)
    return _show(
        request,
        preview,
        title=published.procedure.title.within(language),
        fields=None,
        failed=failed,
        found=[
            (one.level, f"/pages/{pages.get(one.key, 1)}?check=1#{one.key}", labels.get(one.key, ""), one.within(language))
            for one in found
        ],
        office=preview.office() if not unreadable else "",
        sections=sections(published.procedure, readable, language),
        number=len(published.procedure.form) + 1,
        steps=[one.page.within(language) for one in published.procedure.form],
    )


@router.post("/answers")
def replace(preview: Tried, posted: FormPosted) -> Response:
    """Begin with nothing again, or with the example."""
    if text_of(posted, "with") == "example":
        preview.fill_in()
    else:
        preview.answers = {}
    return RedirectResponse("/pages/1", 303)


def _show(request: Request, preview: Preview, **values: Any) -> Response:
    shown: dict[str, Any] = {"page_title": "", "errors": [], "failed": "", "found": None, "office": "", "sections": []}
    return _PAGES.show(request, "preview.html", preview=preview, **WORDS, **{**shown, **values})
