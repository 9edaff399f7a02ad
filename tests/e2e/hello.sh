#!/bin/sh
# A fixture that issue-565.conf names and the distribution of Supervisor 4.3.0 lacks: ten lines, one a second.
for n in 1 2 3 4 5 6 7 8 9 10; do
	echo "The Øresund bridge ends in Malmö - $n"
	sleep 1
done
