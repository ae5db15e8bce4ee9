"""Start a program that cannot outlive its starter: `python -I -S leash.py SIGNAL PARENT UID GID program [argument...]`.

The kernel sends SIGNAL (a number) when the starter dies, however it dies. UID and GID other than `-` are taken
before the program runs. A file of its own and not a `preexec_fn`, because that is unsafe beside threads, and not a
`user=` of subprocess, because the leash must be put on after the change of user, which would take it off again.
Standard library only: it runs without site-packages, in about 15 ms.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def put_on(signal_number: int, parent: int) -> None:
    """Tie this process to its parent; exits at once when the parent died before the knot was tied."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(1)


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main() -> None:
    """Drop privileges if asked, put the leash on, become the program."""
    signal_number, parent, uid, gid, *program = sys.argv[1:]
    if uid != "-":
        _become(int(uid), int(gid))
    put_on(int(signal_number), int(parent))
    os.execv(program[0], program)  # noqa: S606 - becoming a fixed program without a shell is the point


if __name__ == "__main__":
    main()
