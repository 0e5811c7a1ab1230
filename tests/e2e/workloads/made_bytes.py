"""Bytes made by counting: SHA-256 over a seed and a counter, the same on every machine.

Test data is made, never downloaded, and never drawn from a random source that may change.
"""
import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class MadeBytes:
    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._blocks = 0
        self._left = b""

    def _word(self) -> int:
        """The next 32 bits."""
        if len(self._left) < 4:
            block = self._seed + b"/" + str(self._blocks).encode()
            self._left = hashlib.sha256(block).digest()
            self._blocks += 1
        word, self._left = int.from_bytes(self._left[:4], "big"), self._left[4:]
        return word

    def below(self, bound: int) -> int:
        """A number 0 .. bound-1, each equally often: words past the last whole multiple are
        thrown away."""
        fair = (1 << 32) - ((1 << 32) % bound)
        while True:
            word = self._word()
            if word < fair:
                return word % bound

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def distinct_below(self, bound: int, count: int) -> list[int]:
        """`count` different numbers below `bound`, in shuffled order."""
        numbers = list(range(bound))
        for i in range(count):
            j = i + self.below(bound - i)
            numbers[i], numbers[j] = numbers[j], numbers[i]
        return numbers[:count]
