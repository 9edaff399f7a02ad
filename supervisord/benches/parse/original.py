"""Reads a configuration file with Supervisor itself; prints nanoseconds, peak KiB and the outcome."""
import contextlib
import io
import sys
import time

from supervisor.options import ServerOptions

options = ServerOptions()
complaint = io.StringIO()
start = time.perf_counter_ns()
try:
    with contextlib.redirect_stderr(complaint):
        options.realize(args=["-c", sys.argv[1], "-n"], doc="")
    groups = options.process_group_configs
    processes = sum(len(group.process_configs) for group in groups)
    outcome = "%d processes in %d groups" % (processes, len(groups))
except SystemExit:
    outcome = " ".join(complaint.getvalue().split())[:48]
except Exception as error:  # some mistakes end it with a traceback
    outcome = " ".join(("%s: %s" % (type(error).__name__, error)).split())[:48]
nanoseconds = time.perf_counter_ns() - start
with open("/proc/self/status") as status:
    peak = next(line.split()[1] for line in status if line.startswith("VmHWM:"))
print(nanoseconds, peak, outcome)
