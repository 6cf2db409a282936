"""The little of Gymnasium's spaces that is needed here, under the same names."""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np


class Space:
    """What a value may be."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng()

    def seed(self, seed: int | None = None) -> None:
        """What samples come from."""
        self._rng = np.random.default_rng(seed)

    def sample(self) -> Any:
        """Any value of it."""
        raise NotImplementedError

    def contains(self, value: Any) -> bool:
        """Whether it is one."""
        raise NotImplementedError

    def __contains__(self, value: Any) -> bool:
        return self.contains(value)


class Box(Space):
    """Arrays of numbers between a least and a greatest."""

    def __init__(self, low: Any, high: Any, shape: Any = None, dtype: Any = np.float32) -> None:
        super().__init__()
        self.shape = tuple(np.shape(low) if shape is None else shape)
        self.dtype = np.dtype(dtype)
        self.low = np.broadcast_to(np.asarray(low, self.dtype), self.shape)
        self.high = np.broadcast_to(np.asarray(high, self.dtype), self.shape)

    def sample(self) -> np.ndarray:
        low = np.where(np.isfinite(self.low), self.low, -1.0)
        high = np.where(np.isfinite(self.high), self.high, np.maximum(low, 0.0) + 1.0)
        return self._rng.uniform(low, high).astype(self.dtype)

    def contains(self, value: Any) -> bool:
        value = np.asarray(value)
        fits = value.shape == self.shape
        return fits and bool(np.all((value >= self.low) & (value <= self.high)))

    def __repr__(self) -> str:
        return f"Box({self.shape}, {self.dtype})"


class Discrete(Space):
    """``n`` whole numbers from ``start`` on."""

    def __init__(self, n: int, start: int = 0) -> None:
        super().__init__()
        self.n, self.start, self.shape, self.dtype = n, start, (), np.dtype(np.int64)

    def sample(self, mask: np.ndarray | None = None) -> int:
        if mask is not None and np.any(mask):
            return self.start + int(self._rng.choice(np.flatnonzero(mask)))
        return int(self._rng.integers(self.start, self.start + self.n))

    def contains(self, value: Any) -> bool:
        return self.start <= int(value) < self.start + self.n

    def __repr__(self) -> str:
        return f"Discrete({self.n}, start={self.start})"


class MultiDiscrete(Space):
    """One whole number of each of several ranges."""

    def __init__(self, nvec: Any, start: Any = 0) -> None:
        super().__init__()
        self.nvec = np.asarray(nvec, np.int64)
        self.start = np.broadcast_to(np.asarray(start, np.int64), self.nvec.shape)
        self.shape, self.dtype = self.nvec.shape, np.dtype(np.int64)

    def sample(self) -> np.ndarray:
        return self._rng.integers(self.start, self.start + self.nvec)

    def contains(self, value: Any) -> bool:
        value = np.asarray(value)
        fits = value.shape == self.shape
        return fits and bool(
            np.all((value >= self.start) & (value < self.start + self.nvec))
        )

    def __repr__(self) -> str:
        return f"MultiDiscrete({self.nvec.tolist()}, start={self.start.tolist()})"


class Dict(Space):
    """Values under names."""

    def __init__(self, spaces: Mapping[str, Space]) -> None:
        super().__init__()
        self.spaces = dict(spaces)

    def seed(self, seed: int | None = None) -> None:
        for place, space in enumerate(self.spaces.values()):
            space.seed(None if seed is None else seed + place)

    def sample(self) -> dict[str, Any]:
        return {name: space.sample() for name, space in self.spaces.items()}

    def contains(self, value: Any) -> bool:
        same = isinstance(value, Mapping) and value.keys() == self.spaces.keys()
        return same and all(space.contains(value[it]) for it, space in self.spaces.items())

    def __getitem__(self, name: str) -> Space:
        return self.spaces[name]

    def __repr__(self) -> str:
        return f"Dict({self.spaces})"
