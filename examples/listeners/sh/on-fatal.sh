#!/bin/sh
# Runs a command when a process is given up (FATAL): on-fatal.sh COMMAND [ARGUMENT...]
# The command finds the names in PROCESS and GROUP. Needs head -c and iconv.
#
# Standard output is the protocol: the command's goes to stderr, and answers are written by printf, because echo would
# add a newline.

payload=$(mktemp) || exit 1
trap 'rm -f "$payload"' EXIT
trap 'exit 143' TERM

# Reads $1 characters into the file; fails at the end of input. len counts characters of UTF-8, head counts bytes: so read as
# many bytes as characters are missing, again and again, and in the end what the last character still lacks.
read_payload() {
	: >"$payload"
	missing=$1
	size=0
	while [ "$missing" -gt 0 ]; do
		head -c "$missing" >>"$payload"
		size=$((size + missing))
		[ "$(wc -c <"$payload")" -eq "$size" ] || return 1
		missing=$(($1 - $(LC_ALL=C tr -d '\200-\277' <"$payload" | wc -c)))
	done
	until iconv -f UTF-8 -t UTF-8 "$payload" >/dev/null 2>&1; do
		head -c 1 >>"$payload"
		size=$((size + 1))
		[ "$(wc -c <"$payload")" -eq "$size" ] || return 1
	done
}

# Prints the value of token $1 in the line $2.
token() {
	for word in $2; do
		case $word in "$1":*) printf '%s' "${word#*:}" ;; esac
	done
}

set -f
while printf 'READY\n' && read -r header && read_payload "$(token len "$header")"; do
	if [ "$(token eventname "$header")" = PROCESS_STATE_FATAL ]; then
		event=$(cat "$payload")
		PROCESS=$(token processname "$event") GROUP=$(token groupname "$event") "$@" >&2 </dev/null ||
			echo "$1 failed with status $?" >&2
	fi
	printf 'RESULT 2\nOK'
done
exit 0
