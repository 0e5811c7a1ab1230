#!/usr/bin/env python3
"""Every shell block in the documentation is run by tests/e2e/docs_test.py or says why not, and
every relative link leads somewhere.

The line above a block says it: <!-- run -->, <!-- run: exit 5 -->, or <!-- not run: reason -->.
"""
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

import house

MARK = re.compile(r"^<!-- (?:(run)(?:: exit (\d+))?|not run: (.+)) -->$")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass
class Block:
    line: int
    text: str
    mark: re.Match | None  # None: the line above says nothing

    @property
    def is_run(self) -> bool:
        return self.mark is not None and self.mark[1] == "run"

    @property
    def exit_status(self) -> int:
        return int(self.mark[2] or 0) if self.mark else 0


def documents() -> list[Path]:
    folder = house.ROOT / "docs"
    return [house.ROOT / "README.md", house.ROOT / "CONTRIBUTING.md",
            *sorted(folder.rglob("*.md"))]


def shell_blocks(document: Path) -> list[Block]:
    blocks: list[Block] = []
    inside, above = None, ""
    for number, line in enumerate(document.read_text().splitlines(), 1):
        if inside is not None:
            if line.strip() == "```":
                inside.text = textwrap.dedent(inside.text)
                blocks.append(inside)
                inside = None
            else:
                inside.text += line + "\n"
        elif line.strip() == "```sh":
            inside = Block(number, "", MARK.match(above.strip()))
        if line.strip():
            above = line
    return blocks


def check():
    for document in documents():
        name = house.shown(document)
        if not document.exists():
            yield f"{name}: missing"
            continue
        for block in shell_blocks(document):
            if block.mark is None:
                yield f"{name}:{block.line}: say <!-- run --> or <!-- not run: why --> above it"
        for number, line in enumerate(document.read_text().splitlines(), 1):
            for link in LINK.findall(line):
                target = link.split("#")[0]
                if target and "://" not in target and not (document.parent / target).exists():
                    yield f"{name}:{number}: the link {link} leads nowhere"


if __name__ == "__main__":
    house.exit_with("check_docs", check())
