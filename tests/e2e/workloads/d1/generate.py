#!/usr/bin/env python3
"""D1 data: the Wisconsin breast cancer set that comes inside scikit-learn (569 rows, 30 columns) as
CSV on standard output. A row's own SHA-256 decides whether it is for training or for the test.
"""
import hashlib

from sklearn.datasets import load_breast_cancer

TEST_SHARE = 77  # of 256


def split(row: str) -> str:
    return "test" if hashlib.sha256(row.encode()).digest()[0] < TEST_SHARE else "train"


def main() -> None:
    bunch = load_breast_cancer()
    print(",".join([name.replace(" ", "_") for name in bunch.feature_names] + ["y", "split"]))
    for features, label in zip(bunch.data, bunch.target):
        row = ",".join(f"{value:.6g}" for value in features)
        print(f"{row},{label},{split(row)}")


if __name__ == "__main__":
    main()
