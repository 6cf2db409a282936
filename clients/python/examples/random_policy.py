"""Steps many rooms with random actions, and says how fast that is.

    python examples/random_policy.py --game arena --envs 256 --secs 5
"""

import argparse
import json
import os
import time

import numpy as np

from greenroom import VectorEnv


def main(argv: list[str] | None = None) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--game", default="arena")
    parser.add_argument("--envs", type=int, default=256)
    parser.add_argument("--agents", type=int)
    parser.add_argument("--bots")
    parser.add_argument("--config", type=json.loads, default={})
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--secs", type=float, default=5.0)
    parser.add_argument("--steps", type=int, help="so many steps, however long they take")
    args = parser.parse_args(argv)

    rng = np.random.default_rng(args.seed)
    with VectorEnv(
        args.game,
        envs=args.envs,
        agents=args.agents,
        bots=args.bots,
        config=args.config,
        seed=args.seed,
        jobs=args.jobs,
    ) as env:
        _, infos = env.reset()
        steps = matches = 0
        choosing = reward = 0.0
        began = time.perf_counter()
        while True:
            chosen = time.perf_counter()
            if steps == args.steps or (args.steps is None and chosen - began > args.secs):
                break
            actions = env.sample(rng, infos["action_mask"])
            choosing += time.perf_counter() - chosen
            _, rewards, terminations, _, infos = env.step(actions)
            reward += float(rewards.sum())
            matches += int(terminations.all(-1).sum())
            steps += 1
        secs = time.perf_counter() - began
        told = {
            "agent_steps_per_sec": steps * env.envs * env.agents / secs,
            "room_steps_per_sec": steps * env.envs / secs,
            "share_choosing": choosing / secs,
            "matches": matches,
            "reward": reward,
        }
    # Of both programs; the other one has ended by now.
    cpu_secs = sum(os.times()[:4])
    print(
        f"{told['agent_steps_per_sec']:,.0f} agent steps/s "
        f"({args.envs} rooms of {env.agents} agents, {steps} steps in {secs:.2f} s, "
        f"{told['share_choosing']:.0%} of it to choose actions; {cpu_secs:.2f} s of CPU time with "
        f"all there was before; {matches} matches over)"
    )
    return told


if __name__ == "__main__":
    main()
