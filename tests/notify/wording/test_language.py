"""The language of templates, and what no value can do."""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.wording.compiling import Link, MissingPlaceholders, Text, compile_template
from services.notify.wording.language import TemplateError

SUBJECT = "【((kind))】((name))"
BODY = """# ((name))

((name)) 様

((note))

次の点：
((points))

* ((points))
* 受付番号 ((number))

> ((note))

[申請](https://example.go.jp/applications/((number))) と [こちら](((address)))
((yes??急ぎです。))
((link))
"""
VALUES = {
    "kind": "受付",
    "name": "窓口 花子",
    "note": "",
    "points": ["日付", "氏名"],
    "number": "R 1",
    "address": "https://a.example/",
    "yes": "yes",
    "link": Link("https://madoguchi.example/x?a=1&b=2"),
}
MEAN = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "a\r\nBcc: all@example.com",
            "a\u2028Cc: x@example.com\n\n# Heading",
            "<a href='https://evil.example'>x</a>",
            "[click](https://evil.example)",
            "https://evil.example",
            '" onclick="x',
            "javascript:alert(1)",
            "((name)) ((yes??x))",
            "\n\n* bullet\n1. one\n> quote\n---",
            "\ue0000\ue001",
            "\u202egnp.exe",
        ]
    ),
)

MEAN_LIST = st.lists(MEAN, min_size=1, max_size=3)


class Seen(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.around_lists: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.around_lists |= set(self.open) if tag in {"ul", "ol", "p", "h1"} else set()
        if tag not in {"meta", "br", "hr"}:
            self.open.append(tag)
        assert {name for name, _ in attrs} <= {"style", "href", "class", "role", "align", "lang", "charset", "name", "content"}
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def filled(values: dict[str, Any], channel: str = "email", language: str = "ja") -> Text:
    return compile_template(SUBJECT, BODY, channel, language).fill(VALUES | values)


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "name": MEAN,
            "note": MEAN,
            "number": MEAN,
            "address": MEAN,
            "kind": MEAN,
            "points": st.lists(MEAN, min_size=1, max_size=3),
        }
    )
)
def test_no_value_adds_a_header_a_recipient_a_tag_or_a_link(values: dict[str, Any]) -> None:
    text, plain = filled(values), filled(dict.fromkeys(values, "x") | {"points": ["x"] * 3})
    assert len(text.subject.splitlines()) <= 1
    mail = EmailMessage(policy=SMTP)
    mail["To"], mail["Subject"] = "a@example.com", text.subject
    mail.set_content(text.body)
    sent = mail.as_bytes().partition(b"\r\n\r\n")[0]
    assert {line.partition(b":")[0].lower() for line in sent.split(b"\r\n") if not line.startswith(b" ")} == {
        *(b"to", b"subject", b"content-type", b"content-transfer-encoding", b"mime-version")
    }
    seen, expected = Seen(text.html), Seen(plain.html)
    # a value breaks lines, and an empty one leaves its paragraph out; nothing else is more or less
    loose = {"br", "p", "li", "ul"}
    assert [tag for tag in seen.tags if tag not in loose] == [tag for tag in expected.tags if tag not in loose]
    assert seen.tags.count("ul") <= expected.tags.count("ul")
    application, address, link = seen.links
    assert re.fullmatch(r"https://example\.go\.jp/applications/[\w.~%-]*", application, re.ASCII)
    assert address == "#" or re.fullmatch(r"https?://[!-~]+", address)
    assert link == VALUES["link"]
    assert not {"\u202e", "\ue000", "\r", "\0"} & set(text.body + text.html + text.subject)


PIECES = [
    *("# ", "- ", "> ", "^ ", "1. ", "---", "\n", "\n\n", "  ", "[", "]", "(", "((a))", "((f??x\n\n- y))"),
    *("<b>", "&lt;", "`", "**", "https://a.example/((a))", "[x](https://a.example)", "[x](javascript:x)"),
    *("![x](http://a)", "<https://b.example>", "\\", "a", "あ"),
]
WRITTEN = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)


@settings(max_examples=200, deadline=None)
@given(WRITTEN, st.one_of(MEAN, MEAN_LIST))
def test_whatever_is_written_the_page_has_only_what_we_make_and_each_tag_is_closed(body: str, value: Any) -> None:
    try:
        compiled = compile_template("s", body, "email")
    except TemplateError:
        return
    seen = Seen(compiled.fill({"a": value, "f": "yes"}).html)
    assert set(seen.tags) <= {
        *("html", "head", "style", "meta", "title", "body", "table", "tbody", "tr", "td", "p", "br", "hr", "a", "ul", "ol", "li"),
        *("blockquote", "h1", "h2", "h3", "h4", "h5", "h6"),
    }
    assert all(link.startswith(("https://a.example", "https://b.example", "http://a")) for link in seen.links)
    assert seen.open == []
    assert "p" not in seen.around_lists


def test_a_list_is_bullets_in_a_mail_and_commas_in_a_line() -> None:
    text = filled({})
    assert "次の点：\n\n- 日付\n- 氏名\n\n- 日付\n- 氏名\n- 受付番号 R 1\n" in text.body
    assert text.html.count("<li") == 5
    assert text.subject == "【受付】窓口 花子"
    assert filled({"name": ["甲", "乙"]}).subject == "【受付】甲、乙"
    assert filled({"name": ["A", "B", "C"]}, language="en").subject == "【受付】A, B and C"
    assert "次の点：\n日付、氏名\n" in filled({}, "sms").body


def test_markdown_becomes_html_whose_styles_are_in_its_tags_and_everything_else_stays_text() -> None:
    text = compile_template("s", "# T\n\n**a** <b> ![i](http://x)\n\n1. a\n2. b\n\n---\n\n^ in\n\n`c`", "email").fill({})
    for tag in ("<h1 style=", "<ol style=", "<hr style=", "<blockquote style=", '<html lang="ja">'):
        assert tag in text.html
    for inert in ("**a** &lt;b&gt;", "`c`"):
        assert inert in text.html
    assert "prefers-color-scheme: dark" in text.html
    assert text.body.startswith("T\n====")


def test_a_condition_shows_its_text_when_the_value_says_yes() -> None:
    compiled = compile_template("((Is It??Now))", "a((is_it?? **b**\n\n* c))", "email")
    for yes in (True, "yes", "Y", "1", "show"):
        assert compiled.fill({"is-it": yes}).body == "a **b**\n\n- c\n"
    for no in (False, "no", "", "maybe", 0):
        assert compiled.fill({"IS IT": no}).body == "a\n"
    assert compiled.placeholders == ("Is It",)


def test_names_are_compared_without_case_spaces_hyphens_and_underscores() -> None:
    compiled = compile_template("", "((First name)) ((first_name)) ((LAST-NAME))", "sms")
    assert compiled.placeholders == ("First name", "LAST-NAME")
    assert compiled.fill({"firstname": "a", "last name": "b", "more": "c"}).body == "a a b"
    with pytest.raises(MissingPlaceholders) as lacks:
        compiled.fill({"firstname": None})
    assert lacks.value.names == ("First name", "LAST-NAME")


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        ("a ((b", 1, 3),
        ("a\n ((b) c))", 2, 2),
        ("a\nb ((c??((d))))", 2, 3),
        ("a (( )) b", 1, 3),
        ("a)) b", 1, 2),
        ("((??x))", 1, 1),
        ("a\n\n\ue000", 3, 1),
        ("((" + "a" * 101 + "))", 1, 1),
    ],
)
def test_what_is_wrong_with_a_template_is_said_with_its_place(body: str, line: int, column: int) -> None:
    with pytest.raises(TemplateError) as wrong:
        compile_template("s", body, "email")
    assert (wrong.value.line, wrong.value.column) == (line, column)


def test_single_brackets_are_brackets() -> None:
    assert compile_template("", "(a) (see (b) (c (((d))))) :-)", "sms").fill({"d": "x"}).body == "(a) (see (b) (c (x))) :-)"
