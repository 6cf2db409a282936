"""All rooms and all agents at once, as arrays."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, Mapping

import numpy as np

from . import spaces
from ._process import GreenroomError, Process

Observations = dict[str, np.ndarray]
Infos = dict[str, np.ndarray]


@dataclass(frozen=True)
class Control:
    """Something that an agent decides in each step: a whole number."""

    name: str
    low: int
    high: int
    #: Its part of ``infos["action_mask"]``, if some of its values are not always allowed.
    mask: slice | None

    @property
    def values(self) -> int:
        """How many it has."""
        return self.high - self.low + 1


class VectorEnv:
    """Many rooms of a game, stepped at once on all cores.

    :param game: its name, as ``greenroom-sim`` knows it.
    :param envs: rooms.
    :param agents: players of each room who learn; ``None``: all seats without a bot.
    :param bots: bots of the game that play, too: ``"hunter:4"``.
    :param config: the game's options.
    :param seed: what all chance comes from.
    :param every: ticks of a step; 0: those between two frames of the game.
    :param steps_max: steps after which a match is cut off; 0: never.
    :param rows_max: rows that are seen of a table of which the game does not say how many.
    :param rows: the same for single tables.
    :param jobs: threads; 0: one for each core.
    :param binary: the simulator, of Greenroom or of your own games.
    """

    def __init__(
        self,
        game: str,
        *,
        envs: int = 1,
        agents: int | None = None,
        bots: str | None = None,
        config: Mapping[str, Any] | None = None,
        seed: int = 1,
        every: int = 0,
        steps_max: int = 0,
        rows_max: int = 64,
        rows: Mapping[str, int] | None = None,
        jobs: int = 0,
        binary: str | os.PathLike[str] | None = None,
    ) -> None:
        args = [f"--game={game}", f"--envs={envs}", f"--config={json.dumps(dict(config or {}))}"]
        args += [f"--seed={seed}", f"--every={every}", f"--steps-max={steps_max}"]
        args += [f"--rows-max={rows_max}", f"--jobs={jobs}"]
        args += [f"--rows={table}={count}" for table, count in (rows or {}).items()]
        args += [f"--agents={agents}"] if agents is not None else []
        args += [f"--bots={bots}"] if bots else []
        self._process = Process(binary, args)
        hello = self._process.hello
        #: What the simulator says of the game; ``hello["game"]`` is its schema.
        self.hello: dict[str, Any] = hello
        self.envs: int = hello["envs"]
        self.agents: int = hello["agents"]
        self.controls = [_control(control) for control in hello["controls"]]
        self._fields: list[dict[str, Any]] = hello["fields"]
        self._record_bytes: int = hello["record_bytes"]
        seen = [field for field in self._fields if field["kind"] == "observation"]
        #: For each table the place of each of its columns in the last axis of its array.
        self.columns: dict[str, dict[str, int]] = {
            field["name"]: {column["name"]: at for at, column in enumerate(field["columns"])}
            for field in seen
        }
        #: What one agent sees.
        self.single_observation_space = spaces.Dict({it["name"]: _box(it) for it in seen})
        #: What one agent does.
        self.single_action_space = _action_space(self.controls)
        self._low = np.array([control.low for control in self.controls], np.int32)
        self._high = np.array([control.high for control in self.controls], np.int32)
        self._asked = 0

    @property
    def action_shape(self) -> tuple[int, int, int]:
        """Of the actions of all: rooms, agents, controls."""
        return (self.envs, self.agents, len(self.controls))

    def reset(self, seed: int | None = None) -> tuple[Observations, Infos]:
        """Begins the next match in each room; with a seed, the first from that."""
        self._settle()
        self._process.reset(seed)
        observations, _, _, _, infos = self._receive()
        return observations, infos

    def step(
        self, actions: np.ndarray
    ) -> tuple[Observations, np.ndarray, np.ndarray, np.ndarray, Infos]:
        """All agents act. Returns observations, rewards, terminations, truncations and infos.

        A room whose match has ended begins another one in the next step, whatever the actions.
        """
        self.send(actions)
        return self.receive()

    def send(self, actions: np.ndarray) -> None:
        """Begins a step. While it is made there is time for something else."""
        if self._asked:
            raise GreenroomError("a step is being made: call receive() before the next")
        actions = np.asarray(actions)
        if actions.dtype.kind not in "iub":
            raise TypeError(f"actions are whole numbers, not {actions.dtype}")
        if actions.size != np.prod(self.action_shape):
            raise ValueError(f"actions have the shape {self.action_shape}, not {actions.shape}")
        self._process.step(np.ascontiguousarray(actions, np.int32).reshape(-1))
        self._asked = 1

    def receive(self) -> tuple[Observations, np.ndarray, np.ndarray, np.ndarray, Infos]:
        """Waits for the step that was begun."""
        if not self._asked:
            raise GreenroomError("no step is being made: call send() first")
        self._asked = 0
        return self._receive()

    def sample(
        self, rng: np.random.Generator, mask: np.ndarray | None = None
    ) -> np.ndarray:
        """Actions by chance; with ``infos["action_mask"]``, of those that are allowed."""
        shape = self.action_shape
        # Faster than integers with bounds of their own, and 53 bits are enough for all of them.
        width = self._high.astype(np.float64) - self._low + 1
        actions = ((rng.random(shape) * width).astype(np.int64) + self._low).astype(np.int32)
        for place, control in enumerate(self.controls):
            if mask is not None and control.mask is not None:
                likes = rng.random((*shape[:2], control.values), np.float32)
                likes *= mask[:, :, control.mask]
                actions[:, :, place] = control.low + likes.argmax(-1)
        return actions

    def close(self) -> None:
        """Ends the simulator."""
        self._process.close()

    def __enter__(self) -> VectorEnv:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _settle(self) -> None:
        if self._asked:
            self.receive()

    def _receive(self) -> tuple[Observations, np.ndarray, np.ndarray, np.ndarray, Infos]:
        buffer = self._process.records(self.envs * self._record_bytes)
        observations: Observations = {}
        rest: Infos = {}
        for field in self._fields:
            seen = field["kind"] == "observation"
            array = self._view(buffer, field, seen)
            (observations if seen else rest)[field["name"]] = array
        rewards, terminations = rest.pop("rewards"), rest.pop("terminations")
        truncated = rest.pop("truncated")
        truncations = np.broadcast_to(truncated[:, None], terminations.shape)
        return observations, rewards, terminations, truncations, rest

    def _view(self, buffer: np.ndarray, field: dict[str, Any], seen: bool) -> np.ndarray:
        """A field of all records, without a copy: each step has a buffer of its own."""
        dtype, shape = np.dtype(field["dtype"]), list(field["shape"])
        strides = [dtype.itemsize] * len(shape)
        for axis in range(len(shape) - 2, -1, -1):
            strides[axis] = strides[axis + 1] * shape[axis + 1]
        if seen:
            # What all see is there once.
            strides[0] = 0 if shape[0] == 1 else self.hello["view_bytes"]
            shape[0] = self.agents
        return np.ndarray(
            (self.envs, *shape), dtype, buffer.data, field["offset"], (self._record_bytes, *strides)
        )


def _control(control: Mapping[str, Any]) -> Control:
    name, low, high, first = control["name"], control["low"], control["high"], control.get("mask")
    mask = None if first is None else slice(first, first + high - low + 1)
    return Control(name, low, high, mask)


def _box(field: Mapping[str, Any]) -> spaces.Space:
    shape = tuple(field["shape"][1:])
    inf = float("inf")
    low = np.array([-inf if it["low"] is None else it["low"] for it in field["columns"]])
    high = np.array([inf if it["high"] is None else it["high"] for it in field["columns"]])
    if field["columns"] and field["columns"][0]["name"] == "present":
        # A row that is not there is all zeros.
        low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
    bounds = [np.broadcast_to(it.astype(np.float32), shape) for it in (low, high)]
    return spaces.Box(bounds[0], bounds[1], shape, np.float32)


def _action_space(controls: list[Control]) -> spaces.Space:
    if len(controls) == 1:
        return spaces.Discrete(controls[0].values, start=controls[0].low)
    values = np.array([control.values for control in controls])
    return spaces.MultiDiscrete(values, start=np.array([control.low for control in controls]))
