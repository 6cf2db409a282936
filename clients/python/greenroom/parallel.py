"""One room in the manner of PettingZoo's parallel interface: a dict by agent."""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

from . import spaces
from ._process import GreenroomError
from .vector import VectorEnv


class ParallelEnv:
    """One room of a game. Takes what ``VectorEnv`` takes, but ``envs``.

    Agents are ``player_1``, ``player_2`` and so on, as the game numbers its players. ``agents`` are
    those whose match has not ended; once there are none, ``reset()`` begins the next.
    """

    metadata: dict[str, Any] = {"name": "greenroom", "render_modes": []}
    render_mode = None

    def __init__(self, game: str, **settings: Any) -> None:
        if "envs" in settings:
            raise TypeError("this is one room: VectorEnv has many")
        self._env = VectorEnv(game, envs=1, **settings)
        self.possible_agents = [f"player_{1 + place}" for place in range(self._env.agents)]
        self.agents: list[str] = []

    @property
    def unwrapped(self) -> ParallelEnv:
        return self

    @property
    def num_agents(self) -> int:
        return len(self.agents)

    @property
    def max_num_agents(self) -> int:
        return len(self.possible_agents)

    def observation_space(self, agent: str) -> spaces.Space:
        """What an agent sees: an array for each table of the game's state."""
        return self._env.single_observation_space

    def action_space(self, agent: str) -> spaces.Space:
        """What an agent does: a whole number for each control."""
        return self._env.single_action_space

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begins the next match; with a seed, the first from that."""
        observations, infos = self._env.reset(seed)
        self.agents = list(self.possible_agents)
        return self._by_agent(observations), self._by_agent(infos)

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Any]]:
        """All agents act. Of one who is not to act, no action is needed."""
        if not self.agents:
            raise GreenroomError("the match is over: call reset() before the next step")
        rows = np.broadcast_to(self._env._low, self._env.action_shape).copy()
        for agent, action in actions.items():
            rows[0, self._place(agent)] = action
        observations, rewards, terminations, truncations, infos = self._env.step(rows)
        told = (
            self._by_agent(observations),
            {agent: float(rewards[0, self._place(agent)]) for agent in self.agents},
            {agent: bool(terminations[0, self._place(agent)]) for agent in self.agents},
            {agent: bool(truncations[0, self._place(agent)]) for agent in self.agents},
            self._by_agent(infos),
        )
        self.agents = [it for it in self.agents if not (told[2][it] or told[3][it])]
        return told

    def close(self) -> None:
        """Ends the simulator."""
        self._env.close()

    def __enter__(self) -> ParallelEnv:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _place(self, agent: str) -> int:
        return self.possible_agents.index(agent)

    def _by_agent(self, arrays: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
        """Copies; what is of the whole room, everybody has."""

        def of(name: str, array: np.ndarray, place: int) -> Any:
            value = array[0, place].copy() if array.ndim > 1 else array[0]
            # As spaces take it.
            return value.astype(np.int8) if name == "action_mask" else value

        return {
            agent: {name: of(name, array, self._place(agent)) for name, array in arrays.items()}
            for agent in self.agents
        }
