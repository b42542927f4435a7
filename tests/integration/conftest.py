"""One PostgreSQL cluster a run, one broker and daemon a test module (or a test, where it breaks things)."""
import itertools
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from stack import Cluster, Stack

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def workspace():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="policegrid-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(workspace):
    cluster = Cluster(workspace / "postgresql")
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def make_stack(workspace, cluster):
    """A function that makes stacks; they are stopped after the test, and a daemon that leaks or crashes fails it."""
    made = []

    def make(load=True, own_cluster=False, **options):
        number = next(_numbers)
        where = workspace / f"stack-{number}"
        where.mkdir()
        base = cluster
        if own_cluster:
            base = Cluster(where / "postgresql")
            base.start()
        stack = Stack(where / "grid", base, name=f"grid{number}", **options)
        made.append((stack, base if own_cluster else None))
        stack.migrate()
        stack.start_broker()
        stack.start_daemon()
        if load:
            stack.load()
        return stack

    yield make
    failures = []
    for stack, own in made:
        try:
            stack.stop()
        except (AssertionError, TimeoutError) as error:
            failures.append(error)
        if own:
            own.stop()
    if failures:
        raise failures[0]


@pytest.fixture(scope="module")
def jiezhou(workspace, cluster):
    """A loaded stack shared by the tests of a module that do not break it."""
    number = next(_numbers)
    stack = Stack(workspace / f"stack-{number}", cluster, name=f"grid{number}")
    stack.migrate()
    stack.start_broker()
    stack.start_daemon()
    stack.load()
    yield stack
    stack.stop()


@pytest.fixture
def tiny_disk(workspace):
    """A file system of 1 MB that PostgreSQL may write to; only root can make one."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tiny-", dir=workspace))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip(f"cannot mount a small file system here: {mounted.stderr.strip()}")
    subprocess.run(["chown", "postgres:postgres", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # a failed test leaves files open
