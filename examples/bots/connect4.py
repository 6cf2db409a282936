#!/usr/bin/env python3
"""A bot for connect4 that needs nothing but Python.

    greenroom-sim match --game connect4 --bot-cmd 'mine=python3 examples/bots/connect4.py' \
        --bots mine,random --paired --matches 100

It reads JSON lines and answers each frame with one: `greenroom-sim help match` says what is in them.
Whatever it prints to standard error is for its author: the last of it is in the note if it fails.
"""

import json
import random
import sys

COLUMNS, ROWS = 7, 6


def landing(cells, column):
    """The row where a disc would come to lie; row 0 is the lowest."""
    return next((row for row in range(ROWS) if cells[row][column] == 0), None)


def wins(cells, row, column, disc):
    """Whether a disc dropped there makes four in a line."""

    def run(up, right):
        count, r, c = 0, row + up, column + right
        while 0 <= r < ROWS and 0 <= c < COLUMNS and cells[r][c] == disc:
            count, r, c = count + 1, r + up, c + right
        return count

    lines = ((0, 1), (1, 0), (1, 1), (1, -1))
    return any(1 + run(up, right) + run(-up, -right) >= 4 for up, right in lines)


def choose(cells, disc, chance):
    """Wins if it can, blocks if it must, and else likes the middle."""
    open_columns = [(landing(cells, column), column) for column in range(COLUMNS)]
    open_columns = [(row, column) for row, column in open_columns if row is not None]
    for who in (disc, 3 - disc):
        for row, column in open_columns:
            if wins(cells, row, column, who):
                return column
    return min((column for _, column in open_columns), key=lambda c: abs(c - 3) + chance.random())


def main():
    me, chance = None, random.Random()
    for line in sys.stdin:
        message = json.loads(line)
        if "hello" in message:
            me = message["hello"]["player"]
            # All chance from here: the same seed plays the same match.
            chance = random.Random(message["hello"]["seed"])
        elif "tick" in message:
            state, answer = message["state"], {}
            if state["phase"] == "Playing" and state["turn"] == me:
                disc = 1 + state["players"].index(me)
                column = choose(state["board"]["cells"], disc, chance)
                answer = {"requests": [{"Drop": {"column": column}}]}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
