#!/usr/bin/env python3
"""D2 data: 10,000 made-up patient records as CSV on standard output, --pii N of them carrying one
social security number, e-mail address, phone number or name in their note.

Standard output only, so that the dataset can be piped into a run and no file of it ever exists.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from made_bytes import MadeBytes  # noqa: E402

RECORDS = 10_000
WORDS = ["stable", "review", "labs", "normal", "ward", "dose"]


def ssn(made: MadeBytes) -> str:
    return f"{100 + made.below(500):03d}-{10 + made.below(80):02d}-{1000 + made.below(8999):04d}"


def email(made: MadeBytes) -> str:
    return f"p{made.below(9999)}@clinic.example"


def phone(made: MadeBytes) -> str:
    return f"({200 + made.below(700)}) {200 + made.below(700)}-{made.below(9999):04d}"


def name(made: MadeBytes) -> str:
    title = made.pick(["Dr. ", "Mrs. ", "Mr. "])
    return title + made.pick(["Smith", "Okafor", "Lindgren", "Tanaka"])


KINDS = [ssn, email, phone, name]


def records(planted: int):
    made = MadeBytes(f"d2-{planted}")
    carries = {}
    for record in made.distinct_below(RECORDS, planted):
        carries[record] = made.pick(KINDS)
    yield "rid,age,icd,note"
    for record in range(RECORDS):
        note = " ".join(made.pick(WORDS) for _ in range(5))
        if record in carries:
            note += " " + carries[record](made)
        age = 18 + made.below(80)
        icd = f"{made.pick('EIJKM')}{made.below(100):02d}.{made.below(10)}"
        yield f"R{record:05d},{age},{icd},{note}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pii", type=int, default=0, metavar="N", help="records that carry PII")
    planted = parser.parse_args().pii
    if not 0 <= planted <= RECORDS:
        parser.error(f"--pii takes 0 to {RECORDS}")
    for line in records(planted):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
