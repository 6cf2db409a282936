"""The package against a real simulator. GREENROOM_SIM says where it is."""

import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "examples")]

import learn_connect4  # noqa: E402
import random_policy  # noqa: E402
from greenroom import GreenroomError, ParallelEnv, VectorEnv  # noqa: E402

SHORT = {"max_players": 4, "time_limit_secs": 5}


def play(steps: int, **settings):
    """What came of playing by chance."""
    rng = np.random.default_rng(3)
    with VectorEnv("arena", envs=6, seed=9, config=SHORT, **settings) as env:
        told = [env.reset()]
        told += [env.step(env.sample(rng)) for _ in range(steps)]
        return told


class Vector(unittest.TestCase):
    def test_shapes_are_those_of_rooms_agents_rows_and_columns(self):
        with VectorEnv("arena", envs=3, agents=2, bots="hunter:2", config=SHORT) as env:
            observations, infos = env.reset()
            columns = env.columns["ships"]
            self.assertEqual(observations["ships"].shape, (3, 2, 4, len(columns)))
            self.assertEqual(observations["state"].shape, (3, 2, len(env.columns["state"])))
            self.assertEqual(observations["ships"].dtype, np.float32)
            players = observations["ships"][..., columns["player"]]
            np.testing.assert_array_equal(players, np.broadcast_to([1, 2, 3, 4], (3, 2, 4)))
            self.assertEqual([it.name for it in env.controls], ["thrust", "turn", "fire"])
            self.assertEqual(env.action_shape, (3, 2, 3))
            observations, rewards, terminations, truncations, infos = env.step(
                np.zeros(env.action_shape, int)
            )
            for array in (rewards, terminations, truncations, infos["to_act"]):
                self.assertEqual(array.shape, (3, 2))
            for agent in range(2):
                seen = {name: array[0, agent] for name, array in observations.items()}
                self.assertTrue(env.single_observation_space.contains(seen))

    def test_the_same_actions_have_the_same_come_of_them(self):
        one, other = play(200, jobs=1), play(200, jobs=3)
        hashes = set()
        for first, second in zip(one, other):
            for name, array in first[0].items():
                np.testing.assert_array_equal(array, second[0][name])
            np.testing.assert_array_equal(first[-1]["hash"], second[-1]["hash"])
            hashes |= set(first[-1]["hash"].tolist())
        # A match of each of six rooms was over, and they were different ones.
        self.assertEqual(len(hashes - {0}), 6)

    def test_an_end_is_shown_before_the_next_match_begins(self):
        told = play(160)
        ended = [at for at, it in enumerate(told) if at and it[2].any()]
        self.assertEqual(ended, [149])
        tick = [told[at][-1]["tick"][0] for at in (149, 150)]
        episode = [told[at][-1]["episode"][0] for at in (149, 150)]
        self.assertEqual((tick, episode), ([150, 1], [0, 1]))
        self.assertFalse(told[150][1].any())

    def test_a_seed_begins_anew(self):
        rng = np.random.default_rng(1)
        with VectorEnv("arena", envs=2, seed=5, config=SHORT) as env:
            first, _ = env.reset()
            env.step(env.sample(rng))
            second, infos = env.reset()
            self.assertEqual(infos["episode"].tolist(), [1, 1])
            again, _ = env.reset(seed=5)
            np.testing.assert_array_equal(first["ships"], again["ships"])
            self.assertFalse(np.array_equal(first["ships"], second["ships"]))

    def test_each_view_is_of_one_player(self):
        with VectorEnv("swarm", envs=2, agents=3, config={"max_players": 9}) as env:
            observations, _ = env.reset()
            self.assertFalse(env.hello["shared"])
            pellets = observations["pellets"]
            self.assertFalse(np.array_equal(pellets[0, 0], pellets[0, 1]))

    def test_a_step_in_two_halves_is_the_same_step(self):
        with VectorEnv("connect4", envs=4, agents=1, bots="random") as env:
            env.reset()
            with self.assertRaises(GreenroomError):
                env.receive()
            env.send(np.full(env.action_shape, 3))
            with self.assertRaises(GreenroomError):
                env.send(np.full(env.action_shape, 3))
            observations, *_ = env.receive()
            cell = env.columns["state"]["board.cells.0.3"]
            self.assertTrue((observations["state"][..., cell] > 0).all())


class Mistakes(unittest.TestCase):
    def test_what_the_simulator_says_is_the_exception(self):
        with self.assertRaisesRegex(GreenroomError, "there is no game `go`"):
            VectorEnv("go")
        with self.assertRaisesRegex(GreenroomError, "--config"):
            VectorEnv("arena", config={"tick_hz": 0})
        with self.assertRaisesRegex(GreenroomError, "GREENROOM_SIM"):
            VectorEnv("arena", binary="no-such-simulator")
        with self.assertRaisesRegex(GreenroomError, "exit code 2"):
            VectorEnv("arena", every=-1)

    def test_a_wrong_action_ends_it(self):
        with VectorEnv("arena", envs=2) as env:
            env.reset()
            actions = np.zeros(env.action_shape, np.int32)
            actions[1, 2, 1] = 101
            with self.assertRaisesRegex(GreenroomError, "player 3: `turn` is 101: choose -100"):
                env.step(actions)
            with self.assertRaisesRegex(GreenroomError, "closed"):
                env.step(actions)

    def test_actions_of_another_shape_or_kind_are_refused_before_they_are_sent(self):
        with VectorEnv("arena", envs=2) as env:
            env.reset()
            with self.assertRaises(ValueError):
                env.step(np.zeros((2, 3), np.int32))
            with self.assertRaises(TypeError):
                env.step(np.zeros(env.action_shape))
            env.step(np.zeros(env.action_shape, np.int32))

    def test_the_simulator_ends_with_the_program_that_started_it(self):
        program = (
            "from greenroom import VectorEnv; import os\n"
            "env = VectorEnv('arena')\n"
            "print(env._process._child.pid, flush=True)\n"
            "os.kill(os.getpid(), 9)"
        )
        path = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
        killed = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            timeout=60,
        )
        # Whoever inherits its output keeps the pipe open, so all that had it are gone.
        pid = int(killed.stdout)
        try:
            for _ in range(1000):
                os.kill(pid, 0)
                if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                    return
                subprocess.run(["sleep", "0.01"], check=True)
        except (ProcessLookupError, FileNotFoundError):
            return
        self.fail("it goes on")


class Parallel(unittest.TestCase):
    def test_a_match_by_agent_from_its_beginning_to_its_end(self):
        with ParallelEnv("connect4", seed=3) as env:
            self.assertEqual(env.possible_agents, ["player_1", "player_2"])
            for match in range(2):
                observations, infos = env.reset()
                total = dict.fromkeys(env.possible_agents, 0.0)
                moves = 0
                space = env.action_space("player_1")
                space.seed(match)
                while env.agents:
                    self.assertEqual(sum(infos[it]["to_act"] for it in env.agents), 1)
                    actions = {}
                    for agent in env.agents:
                        self.assertTrue(env.observation_space(agent).contains(observations[agent]))
                        if infos[agent]["to_act"]:
                            actions[agent] = space.sample(infos[agent]["action_mask"])
                    observations, rewards, terminations, truncations, infos = env.step(actions)
                    for agent, reward in rewards.items():
                        total[agent] += reward
                    moves += 1
                self.assertTrue(7 <= moves <= 42, moves)
                self.assertTrue(all(terminations.values()))
                self.assertEqual(sum(total.values()), 0)
                with self.assertRaises(GreenroomError):
                    env.step({})

    def test_a_match_that_is_cut_off_is_no_end_of_it(self):
        with ParallelEnv("arena", steps_max=5, config=SHORT) as env:
            env.reset(seed=1)
            for _ in range(5):
                _, _, terminations, truncations, _ = env.step(
                    {agent: env.action_space(agent).sample() for agent in env.agents}
                )
            self.assertTrue(all(truncations.values()) and not any(terminations.values()))
            self.assertEqual(env.agents, [])


class Examples(unittest.TestCase):
    def test_what_the_readme_shows_runs(self):
        text = (HERE.parent / "README.md").read_text()
        blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        self.assertEqual(len(blocks), 2)
        for block in blocks:
            exec(compile(block, "README.md", "exec"), {})

    def test_a_random_policy_plays_matches(self):
        told = random_policy.main(
            ["--envs=16", "--steps=160", f"--config={json.dumps(SHORT)}"]
        )
        self.assertEqual(told["matches"], 16)

    def test_who_learns_wins_far_more_often(self):
        before, after = learn_connect4.main(["--quiet", "--updates=40", "--seed=1"])
        self.assertLess(before, 0.65)
        self.assertGreater(after, 0.85)


if __name__ == "__main__":
    unittest.main()
