#!/usr/bin/env python3
"""A small backend: makes a match, watches it, decides it, and takes its result home.

    cargo run --release -- serve                     # in another terminal
    python3 examples/backend/backend.py

It speaks to the operations address over HTTP and needs nothing but Python's standard library.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid


class Refused(Exception):
    """The server did not do it."""

    def __init__(self, status, error, message):
        super().__init__(f"{error} ({status}): {message}")
        self.status, self.error = status, error


class Greenroom:
    """The operations address of a server."""

    TRIES = 4

    def __init__(self, url, token=None):
        self.url, self.token = url.rstrip("/"), token

    def get(self, path):
        return self._ask("GET", path, None, {})

    def post(self, path, **body):
        # One key for all tries: a try whose answer was lost is not done once more.
        return self._ask("POST", path, body, {"Idempotency-Key": str(uuid.uuid4())})

    def _ask(self, method, path, body, headers):
        headers = {"Content-Type": "application/json", **headers}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        for attempt in range(1, self.TRIES + 1):
            request = urllib.request.Request(self.url + path, data, headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=15) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as failed:
                told = json.load(failed)
                refused = Refused(failed.code, told["error"], told["message"])
                # Only these say that nothing was done and that it may go better later.
                if failed.code not in (429, 503) or attempt == self.TRIES:
                    raise refused from None
            except (urllib.error.URLError, OSError) as broken:
                if attempt == self.TRIES:
                    sys.exit(f"{self.url} cannot be reached: {broken}")
            time.sleep(0.1 * 2**attempt)


def wait_for_players(server, room, count, patience):
    """Watches the room until so many players are in it."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        seen = server.get(f"/v1/rooms/{room}")
        if len(seen.get("players", [])) >= count or seen["state"] in ("over", "failed"):
            return seen
        time.sleep(0.05)
    return seen


def main():
    parser = argparse.ArgumentParser(description="Makes, watches and decides a match of connect4.")
    parser.add_argument("--url", default="http://127.0.0.1:9464", help="the server's --ops address")
    parser.add_argument("--token-file", help="the server's --ops-token-file")
    parser.add_argument("--players", type=int, default=0, help="wait for so many before deciding")
    parser.add_argument("--patience", type=float, default=30, help="seconds to wait for them")
    args = parser.parse_args()
    token = open(args.token_file).read().strip() if args.token_file else None
    server = Greenroom(args.url, token)

    made = server.post("/v1/rooms", game="connect4", options={"turn_secs": 60})
    room = made["room"]
    kept = server.post(f"/v1/rooms/{room}/reserve", seats=2, expires_ms=60_000)
    # Each player joins with a code of their own: nobody else gets these seats.
    print(f"room {room} has {made['seats']} seats, kept by {' '.join(kept['codes'])}", flush=True)

    seen = wait_for_players(server, room, args.players, args.patience)
    players = [player["player"] for player in seen.get("players", [])]
    print(f"players: {players}")
    if len(players) < args.players:
        server.post(f"/v1/rooms/{room}/end", result={"winner": None, "reason": "nobody came"})
    else:
        server.post(f"/v1/rooms/{room}/announce", text="The referee is here.")
        standing = server.post(f"/v1/rooms/{room}/signal", word="standing")["reply"]
        print(f"standing: {json.dumps(standing)}")
        winner = players[0] if players else None
        server.post(f"/v1/rooms/{room}/signal", word={"award": {"winner": winner}})

    ended = server.get(f"/v1/rooms/{room}")
    while ended["state"] not in ("over", "failed"):
        time.sleep(0.05)
        ended = server.get(f"/v1/rooms/{room}")
    print(f"result: {json.dumps(ended['result'])}")


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(f"the server refused: {refused}")
    except BrokenPipeError:
        os._exit(1)
