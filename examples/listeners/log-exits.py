#!/usr/bin/env python3
"""An event listener without any library: says on stderr, which is its log, which process exited.

    [eventlistener:log-exits]
    command=/path/to/log-exits.py
    events=PROCESS_STATE_EXITED
"""
import sys


def tokens(line):
    return dict(token.split(":", 1) for token in line.split())


while True:
    print("READY", flush=True)
    header = sys.stdin.readline()
    if not header:  # the daemon is gone
        break
    # len counts characters, and so does read() of a text stream.
    payload = sys.stdin.read(int(tokens(header)["len"]))
    event = tokens(payload)
    how = "as expected" if event["expected"] == "1" else "unexpectedly"
    print(f"{event['groupname']}:{event['processname']} exited {how}", file=sys.stderr, flush=True)
    print("RESULT 2\nOK", end="", flush=True)
