"""Learns connect4 against a bot that drops anywhere: a small network, policy gradients, numpy alone.

    python examples/learn_connect4.py --updates 40

It starts by winning half of its matches, and ends by winning nine of ten. The same seed
learns the same: rooms, bots and the network all follow from it.
"""

import argparse
import os
import time

# The matrices are small: threads for them would only wait for each other, and have rooms wait.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402

from greenroom import VectorEnv  # noqa: E402

HIDDEN = 96
DISCOUNT = 0.97
STEP = 3e-3


class Network:
    """Scores of the seven columns for each board: one hidden layer, trained by Adam."""

    def __init__(self, inputs: int, outputs: int, rng: np.random.Generator) -> None:
        def weights(rows: int, columns: int) -> np.ndarray:
            return (rng.standard_normal((rows, columns)) / np.sqrt(rows)).astype(np.float32)

        self.parts = [
            weights(inputs, HIDDEN),
            np.zeros(HIDDEN, np.float32),
            0.1 * weights(HIDDEN, outputs),
            np.zeros(outputs, np.float32),
        ]
        self.means = [np.zeros_like(part) for part in self.parts]
        self.squares = [np.zeros_like(part) for part in self.parts]
        self.updates = 0

    def chances(self, boards: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How likely each column is chosen, and the hidden layer."""
        first, first_bias, second, second_bias = self.parts
        hidden = np.maximum(boards @ first + first_bias, 0)
        scores = np.where(mask, hidden @ second + second_bias, -1e9)
        chances = np.exp(scores - scores.max(-1, keepdims=True))
        return chances / chances.sum(-1, keepdims=True), hidden

    def learn(
        self, boards: np.ndarray, mask: np.ndarray, columns: np.ndarray, worth: np.ndarray
    ) -> None:
        """Makes columns likelier by what they were worth."""
        chances, hidden = self.chances(boards, mask)
        # Of the log of the chance, and a little of the entropy, so that it goes on trying.
        slope = -chances
        slope[np.arange(len(columns)), columns] += 1
        slope *= worth[:, None]
        logs = np.log(chances + 1e-8)
        slope -= 0.01 * chances * (logs - (chances * logs).sum(-1, keepdims=True))
        slope /= len(columns)
        below = (slope @ self.parts[2].T) * (hidden > 0)
        slopes = [boards.T @ below, below.sum(0), hidden.T @ slope, slope.sum(0)]
        self.updates += 1
        for part, mean, square, one in zip(self.parts, self.means, self.squares, slopes):
            mean += 0.1 * (one - mean)
            square += 0.001 * (one * one - square)
            of_mean, of_square = 1 - 0.9**self.updates, 1 - 0.999**self.updates
            part += STEP * (mean / of_mean) / (np.sqrt(square / of_square) + 1e-8)


class Board:
    """What the network sees: its own discs and the other's, in 84 places."""

    def __init__(self, env: VectorEnv) -> None:
        columns = env.columns["state"]
        self.cells = [at for name, at in columns.items() if name.startswith("board.")]
        self.first = columns["players.0"]

    def __call__(self, observations: dict[str, np.ndarray]) -> np.ndarray:
        state = observations["state"][:, 0]
        # The agent is player 1; whoever moves first has disc 1.
        mine = np.where(state[:, self.first] == 1, 1, 2)[:, None]
        cells = state[:, self.cells]
        return np.concatenate([cells == mine, cells == 3 - mine], -1).astype(np.float32)


def choose(chances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A column for each board, by their chances."""
    thresholds = rng.random((len(chances), 1), np.float32) * chances.sum(-1, keepdims=True)
    return np.minimum((chances.cumsum(-1) < thresholds).sum(-1), chances.shape[-1] - 1)


def play(
    env: VectorEnv, network: Network, board: Board, rng: np.random.Generator, steps: int
) -> tuple[dict[str, np.ndarray], float]:
    """Plays; returns the moves of whole matches with what came of them, and the share of wins."""
    observations, infos = env.reset()
    boards, masks, columns, rewards, ends, begins = [], [], [], [], [], []
    ended = np.zeros(env.envs, bool)
    for _ in range(steps):
        now, mask = board(observations), infos["action_mask"][:, 0]
        chosen = choose(network.chances(now, mask)[0], rng)
        boards.append(now), masks.append(mask), columns.append(chosen)
        # After an end the step begins the next match, and what was chosen means nothing.
        begins.append(ended)
        observations, reward, terminations, _, infos = env.step(chosen[:, None, None])
        ended = terminations[:, 0]
        rewards.append(reward[:, 0]), ends.append(ended)
    worth = np.zeros((steps, env.envs), np.float32)
    whole = np.zeros((steps, env.envs), bool)
    after, known = np.zeros(env.envs, np.float32), np.zeros(env.envs, bool)
    for step in reversed(range(steps)):
        after = rewards[step] + DISCOUNT * np.where(ends[step], 0, after)
        known = known | ends[step]
        worth[step], whole[step] = after, known & ~begins[step]
    moves = {
        "boards": np.stack(boards)[whole],
        "mask": np.stack(masks)[whole],
        "columns": np.stack(columns)[whole],
        "worth": worth[whole],
    }
    last = np.stack(rewards)[np.stack(ends)]
    return moves, float((last > 0).mean())


def main(argv: list[str] | None = None) -> tuple[float, float]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=40)
    parser.add_argument("--envs", type=int, default=256)
    parser.add_argument("--bot", default="random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args(argv)

    rng = np.random.default_rng(args.seed)
    began = time.perf_counter()
    with VectorEnv(
        "connect4", envs=args.envs, agents=1, bots=args.bot, seed=args.seed
    ) as env:
        board = Board(env)
        network = Network(2 * len(board.cells), env.controls[0].values, rng)
        shares = []
        for update in range(args.updates):
            moves, share = play(env, network, board, rng, steps=48)
            shares.append(share)
            worth = moves.pop("worth")
            moves["worth"] = (worth - worth.mean()) / (worth.std() + 1e-6)
            for _ in range(4):
                some = rng.integers(0, len(worth), min(len(worth), 4096))
                network.learn(**{name: array[some] for name, array in moves.items()})
            if not args.quiet and update % 10 == 0:
                print(f"update {update}: {share:.1%} won ({time.perf_counter() - began:.1f} s)")
        _, share = play(env, network, board, rng, steps=96)
    print(
        f"won {shares[0]:.1%} of its matches before learning, {share:.1%} after "
        f"({args.updates} updates, {time.perf_counter() - began:.1f} s)"
    )
    return shares[0], share


if __name__ == "__main__":
    main()
