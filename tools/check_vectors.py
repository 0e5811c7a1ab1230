#!/usr/bin/env python3
"""Each file below tests/vectors is listed once in a MANIFEST.tsv above it, with its own SHA-256."""
import csv
import hashlib
from pathlib import Path

import house

NAME = "MANIFEST.tsv"
COLUMNS = ("file", "sha256", "license")


def listed(manifest: Path):
    """Findings about one manifest, and (file, digest) of each of its rows."""
    rows, findings = [], []
    with manifest.open(newline="") as text:
        table = csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
        if missing := [name for name in COLUMNS if name not in (table.fieldnames or [])]:
            return [], [f"{house.shown(manifest)}: lacks the columns {', '.join(missing)}"]
        for row in table:
            where = f"{house.shown(manifest)}: {row['file']}"
            if not row["license"]:
                findings.append(f"{where}: has no licence")
            rows.append((manifest.parent / row["file"], row["sha256"], row.get("bytes"), where))
    return rows, findings


def check():
    folder = house.ROOT / "tests" / "vectors"
    seen = set()
    for manifest in sorted(folder.rglob(NAME)):
        rows, findings = listed(manifest)
        yield from findings
        for path, digest, size, where in rows:
            if path in seen:
                yield f"{where}: is listed twice"
            seen.add(path)
            if not path.is_file():
                yield f"{where}: there is no such file"
                continue
            contents = path.read_bytes()
            if hashlib.sha256(contents).hexdigest() != digest:
                yield f"{where}: is not the file with this SHA-256"
            elif size not in (None, str(len(contents))):
                yield f"{where}: has {len(contents)} bytes, not {size}"
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != NAME and path not in seen:
            yield f"{house.shown(path)}: is in no {NAME}: say where it comes from and its licence"


if __name__ == "__main__":
    house.exit_with("check_vectors", check())
