#!/usr/bin/env python3
"""Posts each unexpected exit and each FATAL to a URL, as JSON: webhook.py URL

While the URL cannot be reached it answers FAIL, so that the daemon keeps the event and sends it again.
"""
import json
import sys
import time
import urllib.request

# The protocol is UTF-8, whatever the locale says, and len counts characters, as read() of a text stream does.
sys.stdin.reconfigure(encoding="utf-8", newline="\n")


def tokens(line):
    return dict(token.split(":", 1) for token in line.split() if ":" in token)


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def events():
    """Yields name and payload of each event, until the daemon is gone."""
    while True:
        say("READY\n")
        header = tokens(sys.stdin.readline())
        if "len" not in header:
            return
        payload = sys.stdin.read(int(header["len"]))
        if len(payload) < int(header["len"]):
            return
        yield header["eventname"], payload


def post(url, report):
    body = json.dumps(report).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()


for name, payload in events():
    answer = "OK"
    event = tokens(payload.partition("\n")[0])
    is_exit = name == "PROCESS_STATE_EXITED" and event.get("expected") == "0"
    if is_exit or name == "PROCESS_STATE_FATAL":
        try:
            post(sys.argv[1], {"event": name, **event})
        except OSError as error:
            print(f"cannot post to {sys.argv[1]}: {error}", file=sys.stderr, flush=True)
            time.sleep(1)  # the event comes back at once
            answer = "FAIL"
    say(f"RESULT {len(answer)}\n{answer}")
