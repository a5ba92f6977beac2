"""Make ReaPack's ``index.xml`` from the header of the package.

``python tools/reapack_index.py --url 'https://host/$commit/$path' --commit HASH`` adds the present
version to ``index.xml``, or replaces it; earlier versions stay. The header has the tags of
ReaPack's packaging documentation, and the index the form of its index documentation (version 1).
In the URL ``$path``, ``$commit`` and ``$version`` are filled in.
"""

from __future__ import annotations

import argparse
import datetime
import re
import string
import sys
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "actions" / "DrumGain.lua"
NAME = "DrumGain"
_TAG = re.compile(r"^(?:--|#) @(\w+) ?(.*)$")
_MORE = re.compile(r"^(?:--|#)(?:  +(.*)|)$")
_PROVIDED = re.compile(r"^(?:\[(?P<option>main|nomain)\] )?(?P<pattern>\S.*)$")


@dataclass
class Header:
    """The tags of a script: name -> text, lines joined."""

    tags: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, tag: str) -> str:
        if not self.tags.get(tag):
            raise SystemExit(f"the header has no @{tag}")
        return self.tags[tag]


def header(text: str) -> Header:
    """The header at the start of a script, as reapack-index reads it."""
    found = Header()
    tag = ""
    for line in text.splitlines():
        begun = _TAG.match(line)
        more = _MORE.match(line)
        if begun:
            tag = begun[1]
            found.tags[tag] = begun[2].strip()
        elif tag and more:
            found.tags[tag] = f"{found.tags[tag]}\n{more[1] or ''}".strip("\n")
        else:
            break
    return found


def provided(package: Path, text: str) -> Iterator[tuple[Path, bool]]:
    """The files of the ``@provides`` lines, and whether each is an action."""
    for line in text.splitlines():
        rule = _PROVIDED.match(line.strip())
        if rule is None:
            raise SystemExit(f"@provides {line!r} is not understood")
        files = sorted(package.parent.glob(rule["pattern"]))
        if not files:
            raise SystemExit(f"@provides {rule['pattern']!r}: there is no such file")
        for file in files:
            yield file, rule["option"] == "main"


def rtf(markdown: str) -> str:
    """The text of ``@about`` in the rich text format: paragraphs, and headings in bold."""
    parts = []
    for paragraph in re.split(r"\n\s*\n", markdown.strip()):
        line = " ".join(paragraph.split())
        title = re.sub(r"^#+ ", "", line)
        escaped = "".join(
            f"\\{sign}" if sign in "\\{}" else sign if sign.isascii() else f"\\u{ord(sign)}?"
            for sign in title
        )
        parts.append(f"{{\\pard \\b {escaped}\\b0 \\par}}" if title != line else f"{escaped}\\par")
    return "{\\rtf1 {\\fonttbl {\\f0 Helvetica;}} \\f0\\fs24 " + "\n".join(parts) + "}"


def version_element(package: Path, url: str, commit: str, time: str) -> ET.Element:
    """The element of the present version, with a source for each file."""
    head = header(package.read_text("utf-8"))
    made = ET.Element("version", name=head["version"], author=head["author"], time=time)
    ET.SubElement(made, "changelog").text = head["changelog"]
    template = string.Template(url)
    for file, is_action in provided(package, head["provides"]):
        place = file.relative_to(package.parent).as_posix()
        source = ET.SubElement(made, "source", file=place)
        if is_action:
            source.set("main", "main")
        path = urllib.parse.quote(file.relative_to(package.parents[1]).as_posix())
        source.text = template.substitute(path=path, commit=commit, version=head["version"])
    return made


def index(before: str | None, package: Path, version: ET.Element) -> str:
    """The text of the index: that of ``before`` (None: a new one) with this version."""
    head = header(package.read_text("utf-8"))
    root = ET.fromstring(before) if before else ET.Element("index", version="1", name=NAME)
    category = root.find("category")
    if category is None:
        category = ET.SubElement(root, "category", name=package.parent.name)
    entry = category.find("reapack")
    if entry is None:
        entry = ET.SubElement(category, "reapack", name=package.name, type="script")
    entry.set("desc", head["description"])
    for old in [*entry.findall("metadata"), *entry.findall("version")]:
        if old.tag == "metadata" or old.get("name") == version.get("name"):
            entry.remove(old)
    about = ET.Element("metadata")
    ET.SubElement(about, "description").text = rtf(head["about"])
    entry.insert(0, about)
    entry.append(version)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def main(arguments: list[str]) -> int:
    """Write the index."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", required=True, help="of a file, with $path, $commit, $version")
    parser.add_argument("--commit", default="main", help="what $commit is (default: main)")
    now = datetime.datetime.now(datetime.UTC)
    parser.add_argument("--time", default=f"{now:%Y-%m-%dT%H:%M:%SZ}", help="of the release")
    parser.add_argument("--output", type=Path, default=ROOT / "index.xml")
    given = parser.parse_args(arguments)
    if not re.match(r"https?://", given.url) or "$path" not in given.url:
        parser.error("--url: expected http(s)://... with $path")
    before = given.output.read_text("utf-8") if given.output.exists() else None
    made = version_element(PACKAGE, given.url, given.commit, given.time)
    given.output.write_text(index(before, PACKAGE, made), "utf-8", newline="\n")
    print(f"{given.output}: {NAME} {made.get('name')}, {len(made.findall('source'))} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
