#!/usr/bin/env python3
"""Reads every #include and every mayfly_layer() against the table in docs/architecture.md.

A folder may include its own files, what its row's "may see" column lists, and the third-party
headers of that row's last column. Tests and benchmarks may include anything.
"""
import re
from pathlib import Path

import house

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
LAYER = re.compile(r"mayfly_layer\(\s*(\w+)([^)]*)\)")
# Which library a third-party header belongs to; the table says which folder may use it.
LIBRARY_OF_HEADER = {
    "openssl/": "openssl", "sodium": "libsodium", "seccomp.h": "libseccomp",
    "sqlite3.h": "sqlite3", "httplib.h": "cpp-httplib", "nlohmann/": "nlohmann-json",
    "tss2/": "libtss2", "curl/": "libcurl", "fmt/": "libfmt", "CLI/": "CLI11",
}
# Not third-party: the C++ library has no dot or slash, the C library and Linux these prefixes.
SYSTEM = re.compile(r"^(?:[a-z0-9_]+|[a-z0-9_]+\.h|(?:sys|linux|asm|net|netinet|arpa)/[\w/]+\.h)$")
ANYTHING = ("tests", "bench")
# Headers of templates that take many seconds to read: in these files alone.
READ_ONLY_BY = {
    "cpp-httplib": {"api/server.cpp"},
    "CLI11": {"cli/verb.cpp", "cli/command_line.cpp", "cli/usage_error.cpp"},
}


class Row:
    def __init__(self, folder: str, may_see: str, uses: str) -> None:
        self.folder = folder
        self.may_see = set(re.findall(r"[a-z_]+(?:/[a-z_]+)?", may_see))
        self.uses = set(re.findall(r"[A-Za-z0-9-]+", uses))
        self.everything = may_see.strip() == "everything"


def table() -> dict[str, Row]:
    rows = {}
    for line in (house.ROOT / "docs" / "architecture.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"`[a-z_/]+/`", cells[0]):
            folder = cells[0].strip("`").rstrip("/")
            rows[folder] = Row(folder, cells[2], cells[3])
    return rows


def folder_of(path: str, rows: dict[str, Row]) -> str | None:
    """The longest row that this path lies below: attest/verify before attest."""
    fitting = [folder for folder in rows if path.startswith(folder + "/")]
    return max(fitting, key=len) if fitting else None


def library_of(header: str) -> str | None:
    for prefix, library in LIBRARY_OF_HEADER.items():
        if header.startswith(prefix):
            return library
    return None


def check_include(where: str, row: Row, rows: dict[str, Row], quoted: bool, header: str):
    if not quoted:
        library = library_of(header)
        if library is None:
            if not SYSTEM.match(header):
                yield f"{where}: <{header}> is of no library in tools/check_layers.py"
        elif library not in row.uses:
            yield f"{where}: {row.folder}/ may not use {library}; see docs/architecture.md"
        elif library in READ_ONLY_BY and where.split(":")[0] not in READ_ONLY_BY[library]:
            allowed = " and ".join(sorted(READ_ONLY_BY[library]))
            yield f"{where}: only {allowed} may include <{header}>"
        return
    target = folder_of(header, rows)
    if target is None:
        yield f'{where}: "{header}" is not relative to the root of the project'
    elif target != row.folder and target not in row.may_see and not row.everything:
        yield f"{where}: the arrow {row.folder} -> {target} is not in docs/architecture.md"


def check_sources(rows: dict[str, Row]):
    for path in house.files(".cpp", ".hpp"):
        name = house.shown(path)
        if name.split("/")[0] in ANYTHING:
            continue
        folder = folder_of(name, rows)
        if folder is None:
            yield f"{name}: its folder has no row in docs/architecture.md"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := INCLUDE.match(line):
                yield from check_include(f"{name}:{number}", rows[folder], rows,
                                         match[1] == '"', match[2])


def layer_folder(layer: str, rows: dict[str, Row]) -> str:
    """attest_verify is attest/verify; certificate_sign is a second target of certificate."""
    folder = layer.replace("_", "/", 1)
    return folder if folder in rows else folder.split("/")[0]


def check_targets(rows: dict[str, Row]):
    for path in house.files("CMakeLists.txt"):
        if house.shown(path).startswith("tests/"):
            continue
        for match in LAYER.finditer(path.read_text()):
            layer, body = match[1], match[2]
            folder = layer_folder(layer, rows)
            where = f"{house.shown(path)}: mayfly_layer({layer})"
            if folder not in rows:
                yield f"{where}: no row in docs/architecture.md"
                continue
            may_use = re.search(r"MAY_USE\s+([\w\s]*?)(?:LIBRARIES|SOURCES|$)", body)
            for used in may_use[1].split() if may_use else []:
                target = layer_folder(used, rows)
                if target != folder and target not in rows[folder].may_see:
                    yield f"{where}: {used} is not in its row of docs/architecture.md"


def main() -> None:
    rows = table()
    if len(rows) < 2:
        house.exit_with("check_layers", ["docs/architecture.md: no table of folders found"])
    house.exit_with("check_layers", [*check_sources(rows), *check_targets(rows)])


if __name__ == "__main__":
    main()
