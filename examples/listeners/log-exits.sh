#!/bin/sh
# An event listener in POSIX shell: says on stderr, which is its log, which process exited.
#
#   [eventlistener:log-exits]
#   command=/path/to/log-exits.sh
#   events=PROCESS_STATE_EXITED
#
# Stdout belongs to the protocol. printf, because echo would add a newline to the answer.
while printf 'READY\n' && read -r header; do
	length=${header##*len:}
	payload=$(dd bs=1 count="$length" 2>/dev/null)
	printf '%s\n' "$payload" >&2
	printf 'RESULT 2\nOK'
done
