"""What the machine allows this process: each connection is an open file, and shells start with few of them."""

import resource


def raise_files() -> None:
    """Let this process, and those it starts, hold as many sockets as the machine allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
