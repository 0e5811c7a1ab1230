#!/usr/bin/env python3
"""House rules that a formatter does not know: lengths, dead files, READMEs, leftovers."""
import ast
import re
from pathlib import Path

import house

line_columns_max = 100
function_lines_max = 70
CODE = (".cpp", ".hpp", ".py", ".sh", ".cmake", "CMakeLists.txt", "/dev", "/.ci/run")
TEXT = CODE + (".md", ".json", ".yml")
README_HEADINGS = ("What", "In/Out", "Sees", "Files", "Change")
LEFTOVER = re.compile(r"\b(?:FIXME|TODO|XXX)\b(?!\(#\d+\))")
# The project speaks of itself only: no paths of somebody's machine, no package-registry hosts.
FOREIGN = re.compile(
    r"/(?:home|Users)/[a-z]|/root/\.|/work/(?:main|shared)/|\bdeb\.debian\.|\bregistry\.[a-z]+\."
    r"|\b(?:npmjs|pypi|rubygems)\.(?:org|com)|\bstatic\.crates\.io")


def texts():
    for path in house.files(""):
        name = "/" + house.shown(path)
        if name.endswith(TEXT) and name != "/tools/check_tidy.py":
            try:
                yield path, house.shown(path), path.read_text().splitlines()
            except UnicodeDecodeError:
                yield path, house.shown(path), ["\N{REPLACEMENT CHARACTER}"]


def check_lines():
    for path, name, lines in texts():
        code = ("/" + name).endswith(CODE)
        for number, line in enumerate(lines, 1):
            if code and len(line) > line_columns_max:
                yield f"{name}:{number}: {len(line)} columns, at most {line_columns_max}"
            if LEFTOVER.search(line):
                yield f"{name}:{number}: a leftover mark needs its issue: TODO(#12)"
            if FOREIGN.search(line):
                yield f"{name}:{number}: names a machine's path or a package registry"
            if line != line.rstrip() and not name.endswith(".md"):
                yield f"{name}:{number}: space at the end of the line"
            if line == "\N{REPLACEMENT CHARACTER}":
                yield f"{name}: is not UTF-8"


def cpp_functions(lines: list[str]):
    """(first line, length) of what begins and ends in the first column, as the formatter puts it.
    clang-tidy measures exactly; this is the quick look."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "}" and start is not None:
            yield start, number - start + 1
            start = None
        elif re.match(r"[A-Za-z_\[~:]", line):
            start = number


def check_functions():
    for path in house.files(".cpp", ".hpp"):
        for start, length in cpp_functions(path.read_text().splitlines()):
            if length > function_lines_max:
                yield f"{house.shown(path)}:{start}: a function of {length} lines, at most 70"
    for path in house.files(".py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > function_lines_max:
                    yield f"{house.shown(path)}:{node.lineno}: {node.name} has {length} lines"


def check_headers():
    for path in house.files(".hpp"):
        text = path.read_text()
        if not text.startswith("//"):
            yield f"{house.shown(path)}: a header opens with a comment that states its promise"
        if "#pragma once" not in text:
            yield f"{house.shown(path)}: no #pragma once"


# What a line in the first column of an anonymous namespace begins to define.
OWN_TYPE = re.compile(r"(?:struct|class|enum class|enum)\s+(\w+)|using\s+(\w+)\s*=")
OWN_VALUE = re.compile(r"(?:constexpr|const|constinit|thread_local)\b[^(={]*?\b(\w+)\s*[={;\[]")
OWN_FUNCTION = re.compile(r"(?!using|namespace|static_assert|template|R?\"|\))[^()=]*?(::)?\b(\w+)\(")


def own_names(text: str) -> set[str]:
    """Of a file's anonymous namespaces."""
    names = set()
    for inner in re.findall(r"^namespace \{\n(.*?)^\}  // namespace$", text,
                            re.DOTALL | re.MULTILINE):
        for line in re.findall(r"^\w.*", inner, re.MULTILINE):
            if found := OWN_TYPE.match(line) or OWN_VALUE.match(line):
                names.add(next(filter(None, found.groups())))
            elif (found := OWN_FUNCTION.match(line)) and not found[1]:
                names.add(found[2])
    return names


def check_own_names():
    """The files of a target are compiled together: a second function of a name would be another
    overload there, and the compiler could choose it without a word. The programs of tests are
    many to a folder, and theirs it finds."""
    first = {}
    for path in house.files(".cpp"):
        if house.shown(path).startswith(("tests/", "bench/")):
            continue
        for name in sorted(own_names(path.read_text())):
            other = first.setdefault((path.parent, name), path)
            if other != path:
                yield f"{house.shown(path)}: {other.name} has a name of its own too: {name}"


FOREACH = re.compile(r"foreach\((\w+) ([\w\s]+?)\)(.*?)endforeach", re.DOTALL)


def unrolled(listing: str) -> str:
    """The text of a CMakeLists.txt with the body of each plain foreach() written out."""
    for variable, values, body in FOREACH.findall(listing):
        listing += "".join(body.replace(f"${{{variable}}}", value) for value in values.split())
    return listing


def check_built():
    """Every .cpp is in a target: a test that is not built looks alive and is dead."""
    for path in house.files(".cpp"):
        folder = path.parent
        named = False
        while not named and folder != house.ROOT.parent:
            listing = folder / "CMakeLists.txt"
            wanted = re.escape(path.relative_to(folder).as_posix())
            named = listing.exists() and bool(re.search(rf"(?<![\w/]){wanted}\b",
                                                         unrolled(listing.read_text())))
            folder = folder.parent
        if not named:
            yield f"{house.shown(path)}: is in no CMake target"
    for path in house.files("_test.py"):
        if path.name not in (path.parent / "CMakeLists.txt").read_text():
            yield f"{house.shown(path)}: is in no CMakeLists.txt"


def folders_with_readme() -> set[Path]:
    folders = {path.parent for path in house.files("CMakeLists.txt")
               if "mayfly_layer(" in path.read_text()}
    folders |= {house.ROOT / name for name in ("cli", "tests", "bench", "tools")}
    return folders - {house.ROOT}


def check_readmes():
    for folder in sorted(folders_with_readme()):
        readme = folder / "README.md"
        if not readme.exists():
            yield f"{house.shown(folder)}/: has no README.md"
            continue
        text = readme.read_text()
        missing = [heading for heading in README_HEADINGS
                   if not re.search(rf"^[\s#*`]*{heading}\b", text, re.MULTILINE)]
        if missing:
            yield f"{house.shown(readme)}: lacks the headings {', '.join(missing)}"


def main() -> None:
    house.exit_with("check_tidy", [*check_lines(), *check_functions(), *check_headers(),
                                   *check_own_names(), *check_built(), *check_readmes()])


if __name__ == "__main__":
    main()
