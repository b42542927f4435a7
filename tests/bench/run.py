#!/usr/bin/python3
"""Benchmarks of the main road, beside the bare broker and the bare database in the same run. Prints a table; judges nothing.

  tests/bench/run.py [--warnings N] [--json FILE]

Three contestants, the same machine, the same minute, durable commit (fsync on) wherever there is a database:
  grid      a commander posts warnings, 27 villages receive their task documents (QoS 1)
  broker    the same number of distinct retained publishes of the same size through a broker without plugin
  database  the same rows, one warning a transaction, into bare copies of the tables
Each at 20 and 200 warnings a second, back to back (one at a time), and at full load (64 under way).
"""
import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("POLICEGRID_BUILD", ROOT / "build-bench"))
os.environ["POLICEGRID_BUILD"] = str(BUILD)
sys.path.insert(0, str(ROOT / "tests/integration"))

from stack import AREA, BASE, Cluster, Stack, free_port, wait_connect  # noqa: E402  (after the path is known)

TABLES = {"event": "seq", "outcome": "seq", "warning": "changed_seq", "notice": "changed_seq", "work_case": "changed_seq",
          "task": "changed_seq", "task_event": "seq"}
PATHS = [("paced 20/s", 20, 0), ("paced 200/s", 200, 0), ("back to back", 0, 1), ("full load", 0, 64)]


def say(text):
    print(text, file=sys.stderr, flush=True)


def build():
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(BUILD), str(ROOT), "--buildtype=release", "-Db_ndebug=false"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(BUILD), "--quiet", "all", "tests/bench/load"], check=True)


def load(mode, spec, folder):
    path = folder / "spec.json"
    path.write_text(json.dumps(spec, ensure_ascii=False), encoding="utf-8")
    done = subprocess.run([str(BUILD / "tests/bench/load"), mode, str(path)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{mode}: {done.stderr}")
    return json.loads(done.stdout)


def warning_body(stack):
    ident = f"{datetime.date.today():%Y%m%d}-00000000"
    body = {"id": ident, **stack.warning(identifier=ident)}
    body["info"][0]["headline"] = "bench-00000000 防范电信诈骗"
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def run_grid(stack, count, rate, window, number, folder):
    root = stack.root()
    commander = stack.member("commander", root)
    subscribers = []
    for unit in stack.villages():
        reader = next((m for m, d in stack.members.items() if d["unit"] == unit and d["role"] in ("grid_worker", "grid_head")), None)
        subscribers.append({"user": reader, "secret": stack.members[reader]["secret"], "filter": stack.topic(unit, "task/+/+")})
    return load("grid", {"port": stack.port, "count": count, "rate": rate, "window": window, "first": number * 1000000, "body": warning_body(stack),
                         "publisher": {"user": commander, "secret": stack.members[commander]["secret"], "topic": stack.topic(root, "warning"),
                                       "receipt": f"{BASE}/member/{commander}/receipt"},
                         "subscribers": subscribers}, folder)


class BareBroker:
    def __init__(self, folder):
        self.port = free_port()
        (folder / "bare").mkdir()
        config = folder / "bare.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        config.write_text(f"{user}listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {folder}/bare/\n"
                          "autosave_interval 5\nset_tcp_nodelay true\nmax_queued_messages 1000000\nlog_type none\n", encoding="utf-8")
        self.process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", str(config)], stderr=subprocess.DEVNULL)
        wait_connect(self.port, self.process, "bare broker")

    def run(self, count, rate, window, number, size, folder):
        subscribers = [{"topic": f"bare/v{i}/task/t", "filter": f"bare/v{i}/task/+"} for i in range(27)]
        body = "bench-00000000" + "x" * max(0, size - 14)
        return load("broker", {"port": self.port, "count": count, "rate": rate, "window": window, "first": number * 1000000, "body": body, "publisher": {},
                               "subscribers": subscribers}, folder)


def database_spec(stack, count):
    """The rows of `count` warnings, as arrays of text by column, and the statements that insert them into bare copies."""
    statements, per_seq = [], {}
    for number, (table, seq) in enumerate(TABLES.items()):
        columns = stack.sql("""select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a
                               where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum""",
                            f"policegrid.{table}")
        stack.sql(f"drop table if exists bench_{table}; create table bench_{table} (like policegrid.{table} including all excluding generated)")
        names = ", ".join(c for c, _ in columns)
        arguments = ", ".join(f"${i + 1}::{t}[]" for i, (_, t) in enumerate(columns))
        statements.append(f"insert into policegrid.bench_{table} ({names}) select * from unnest({arguments})")
        arrays = ", ".join(f"array_agg({c}::text)::text" for c, _ in columns)
        for row in stack.sql(f"select {seq}, {arrays} from policegrid.{table} where {seq} in "
                             "(select changed_seq from policegrid.warning order by changed_seq desc limit %s) group by 1", count):
            per_seq.setdefault(row[0], []).append([number, *row[1:]])
    return statements, [per_seq[s] for s in sorted(per_seq)]


def run_database(stack, statements, batches, rate, folder):
    for table in TABLES:
        stack.sql(f"truncate bench_{table}")
    return load("database", {"conninfo": stack.cluster.conninfo("postgres", stack.database), "tables": statements, "batches": batches,
                             "rate": rate}, folder)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--warnings", type=int, default=1000, help="warnings at full load (default 1000); a fifth of it otherwise")
    arguments.add_argument("--json", help="write the figures to this file too")
    options = arguments.parse_args()
    build()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="policegrid-bench-"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "postgresql")
    cluster.start()
    stack = Stack(folder / "grid", cluster)
    results, bare = {}, None
    try:
        stack.migrate()
        stack.start_broker()
        stack.start_daemon()
        say("loading Jiezhou 加载解州")
        stack.load()
        bare = BareBroker(folder)
        size = None
        for number, (name, rate, window) in enumerate(PATHS):
            count = options.warnings if window > 1 else max(100, options.warnings // 5)
            say(f"{name}: {count} warnings")
            grid = run_grid(stack, count, rate, window or 10**6, number + 1, folder)
            size = size or document_size(stack)
            broker = bare.run(count, rate, window or 10**6, number + 1, size, folder)
            statements, batches = database_spec(stack, min(count, 300))
            database = run_database(stack, statements, batches, rate, folder)
            results[name] = {"grid": grid, "broker": broker, "database": database}
    finally:
        if bare:
            bare.process.terminate()
            bare.process.wait()
        stack.stop()
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
    show(results, size)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(results, indent=1), encoding="utf-8")


def document_size(stack):
    phone = stack.speak("commander", stack.root())
    phone.subscribe(stack.topic(stack.villages()[0], "task/+/+"))
    document = phone.wait(lambda: next((p for t, p, *_ in phone.messages if "/task/" in t and p), None), "a task document")
    phone.stop()
    stack.phones.remove(phone)
    return len(document)


def show(results, size):
    print(f"area {AREA}, 27 villages, QoS 1, fsync on, task document {size} bytes, topics under {BASE}")
    print(f"{'':14}{'':>10}{'tasks/s':>10}{'p50 ms':>10}{'p99 ms':>10}{'of bare':>10}")
    for name, row in results.items():
        for who, r in row.items():
            tasks = (r["warnings"] * 27) / r["seconds"]
            own = row["grid"]["warnings"] * 27 / row["grid"]["seconds"]
            ratio = f"{own / tasks:.2f}" if who != "grid" else ""
            print(f"{name if who == 'grid' else '':14}{who:>10}{tasks:>10.0f}{r['p50_ms']:>10.2f}{r['p99_ms']:>10.2f}{ratio:>10}")


if __name__ == "__main__":
    main()
