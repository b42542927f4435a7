"""The PostgreSQL cluster and the databases of a run of scenarios, made when the first scenario asks for them."""
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from stack import BUILD, Cluster  # noqa: E402

from database import Database  # noqa: E402


class Servers:
    def __init__(self):
        self.folder = self.cluster = self.engine_database = None

    def workspace(self):
        if self.folder is None:
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="policegrid-scenarios-"))
            self.folder.chmod(0o711)
        return self.folder

    def database(self):
        """For the engine's rows."""
        if self.engine_database is None:
            self.cluster = Cluster(self.workspace() / "postgresql", fsync=False)
            self.cluster.start()
            self.engine_database = Database(self.cluster, str(BUILD / "daemon/policegridd"))
        return self.engine_database

    def close(self):
        if self.engine_database:
            self.engine_database.close()
        if self.cluster:
            self.cluster.stop()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
