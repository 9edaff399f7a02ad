"""Supervisor's own end-to-end tests, unmodified, on the programs of a directory: run.py DIRECTORY [TEST...]

They start `sys.executable -m supervisor.supervisord` and the like, so a launcher that starts the programs of the
directory stands for sys.executable. With the directory of the original's scripts it must pass as well.

The tests and their configurations come with Supervisor, and use fixed names in /tmp: one run at a time. What was
not there before is removed afterwards.
"""

import os
import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLASS = "supervisor.tests.test_end_to_end.EndToEndTests"
PROGRAMS = ("supervisord", "supervisorctl", "pidproxy", "echo_supervisord_conf")


def files_in_tmp(fixtures):
    """The logs, pid files and sockets that the configurations name."""
    option = re.compile(r"^(?:logfile|pidfile|file)\s*=\s*(/tmp/\S+)", re.MULTILINE)
    return {Path(name) for conf in fixtures.glob("*.conf") for name in option.findall(conf.read_text("utf-8"))}


def main():
    programs, names = Path(sys.argv[1]).resolve(), sys.argv[2:]
    missing = [name for name in PROGRAMS if not (programs / name).exists()]
    if missing:
        sys.exit("%s has no %s" % (programs, ", ".join(missing)))
    python = Path(sys.executable)

    import supervisor.tests

    fixtures = Path(supervisor.tests.__file__).parent / "fixtures"
    shutil.copy(HERE / "hello.sh", fixtures)
    own = {path for path in files_in_tmp(fixtures) if not path.exists()}
    sys.executable = str(HERE / "python")
    print("programs under test: %s" % programs, flush=True)
    with tempfile.TemporaryDirectory() as directory:
        os.environ.update(
            END_TO_END="1",
            LANG="C.UTF-8",
            # For logs without a name of their own: another daemon that starts would clear those in /tmp.
            TMPDIR=directory,
            # The configurations start their helpers with "python".
            PATH="%s:%s" % (python.parent, os.environ["PATH"]),
            E2E_PYTHON=str(python),
            E2E_PROGRAMS=str(programs),
        )
        os.chdir(directory)
        wanted = ["%s.%s" % (CLASS, name) for name in names] or [CLASS]
        suite = unittest.defaultTestLoader.loadTestsFromNames(wanted)
        result = unittest.TextTestRunner(verbosity=2).run(suite)
        os.chdir("/")
    for path in own:
        path.unlink(missing_ok=True)
    sys.exit(not result.wasSuccessful())


main()
