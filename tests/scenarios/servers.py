"""The PostgreSQL cluster and the databases of a run of scenarios, made when the first scenario asks for them."""
import itertools
import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from stack import BUILD, Cluster  # noqa: E402

from clock import Clock  # noqa: E402
from database import Database  # noqa: E402


class ClockedCluster(Cluster):
    """A cluster that lives by the test's clock."""

    clock = None

    def start(self):
        before = dict(os.environ)
        os.environ.update(self.clock.environment())
        try:
            super().start()
        finally:
            os.environ.clear()
            os.environ.update(before)


class Servers:
    def __init__(self):
        self.folder = self.cluster = self.engine_database = self.the_clock = None
        self.numbers = itertools.count(1)

    def number(self):
        return next(self.numbers)

    def workspace(self):
        if self.folder is None:
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="policegrid-scenarios-"))
            self.folder.chmod(0o711)
        return self.folder

    def clock(self):
        if self.the_clock is None:
            self.the_clock = Clock(self.workspace())
        return self.the_clock

    def real_cluster(self):
        if self.cluster is None:
            self.cluster = ClockedCluster(self.workspace() / "postgresql", fsync=False)
            self.cluster.clock = self.clock()
            self.cluster.start()
        return self.cluster

    def database(self):
        """For the engine's rows."""
        if self.engine_database is None:
            self.engine_database = Database(self.real_cluster(), str(BUILD / "daemon/policegridd"))
        return self.engine_database

    def close(self):
        if self.engine_database:
            self.engine_database.close()
        if self.cluster:
            self.cluster.stop()
        if self.the_clock:
            self.the_clock.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
