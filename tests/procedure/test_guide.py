"""What helps to write a procedure: the guide's example, the skeleton, the language's schema for editors, images beside a file."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator
from ruamel.yaml import YAML

from deploy.commands.procedure_files import SCHEMA_FILE, SKELETON, differences, language_schema
from shared.procedure.fields import ShownField
from shared.procedure.files import Unreadable, checked, procedure_files, read
from tests.site import KOEN, PROCEDURES

ROOT = PROCEDURES.parent
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def beside_the_offices(folder: Path, name: str, text: str) -> Path:
    (folder / "offices.yaml").write_text((PROCEDURES / "offices.yaml").read_text())
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def test_the_guides_example_is_fine(tmp_path: Path) -> None:
    example, stages, messages = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/procedures.md").read_text(), re.DOTALL)
    assert list(map(str, checked(beside_the_offices(tmp_path, "kenshu-josei", example)))) == []
    in_stages = re.sub(r"(?m)^review:\n", stages, example)
    assert list(map(str, checked(beside_the_offices(tmp_path, "kenshu-josei", in_stages)))) == []
    assert in_stages.count("two-person") == 1
    off = [str(one) for one in checked(beside_the_offices(tmp_path, "kenshu-josei", example + messages))]
    assert [one.split(": ", 1)[1] for one in off] == [
        "warning: messages.correction-reminded.to: nobody is told: messages correction-reminded are off"
    ]


def test_the_skeleton_is_fine_as_it_is(tmp_path: Path) -> None:
    assert checked(beside_the_offices(tmp_path, "my-own", SKELETON.format(name="my-own", file="my-own.yaml"))) == []


def test_the_languages_published_schema_is_up_to_date() -> None:
    assert (ROOT / SCHEMA_FILE).read_text() == language_schema(), "madoguchi procedure export > " + SCHEMA_FILE


@pytest.mark.parametrize("path", procedure_files(PROCEDURES), ids=lambda path: path.stem)
def test_an_editor_finds_nothing_wrong_with_what_is_shipped(path: Path) -> None:
    assert path.read_text().startswith(f"# yaml-language-server: $schema=../{SCHEMA_FILE}\n")
    written = json.loads(json.dumps(YAML(typ="safe").load(path.read_text()), default=str))
    errors = [
        (error.message, error.instance_path) for error in Draft202012Validator(json.loads(language_schema())).iter_errors(written)
    ]
    assert errors == []


def test_what_differs_is_told_field_by_field() -> None:
    old = read(PROCEDURES / f"{KOEN}.yaml").definition()
    new = json.loads(json.dumps(old))
    fields = new["form"][0]["fields"]
    fields[0]["max"] = 100
    gone = fields.pop(1)["key"]
    assert list(differences(old, old)) == []
    told = list(differences(old, new))
    assert told[0] == "~ form.行事.fields.event.max: 200 → 100"
    assert [line.split(":")[0] for line in told[1:]] == [f"- form.行事.fields.{gone}"]


def with_an_image(folder: Path, name: str) -> Path:
    text = SKELETON.format(name="my-own", file="my-own.yaml")
    image = f"      - {{type: image, image: {name}, label: {{ja: 図, en: Figure}}}}\n      - {{key: begins"
    return beside_the_offices(folder, "my-own", text.replace("      - {key: begins", image, 1))


def test_an_image_beside_the_file_becomes_part_of_what_is_published(tmp_path: Path) -> None:
    (tmp_path / "plan.png").write_bytes(PNG)
    shown = read(with_an_image(tmp_path, "plan.png")).form[1].fields[0]
    assert isinstance(shown, ShownField)
    assert base64.b64decode(shown.image.removeprefix("data:image/png;base64,")) == PNG


@pytest.mark.parametrize(("content", "says"), [(None, "there is no file plan.png"), (b"<svg/>", "neither a PNG nor a JPEG")])
def test_an_image_that_is_none_is_told_with_its_line(tmp_path: Path, content: bytes | None, says: str) -> None:
    if content is not None:
        (tmp_path / "plan.png").write_bytes(content)
    path = with_an_image(tmp_path, "plan.png")
    with pytest.raises(Unreadable, match=says) as raised:
        read(path)
    assert "plan.png" in path.read_text().splitlines()[raised.value.mistakes[0].line - 1]
