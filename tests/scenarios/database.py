"""A database for the engine's rows: made by the migrations of a town's, filled with the rows of a scenario when it asks something."""
import json
import subprocess

import psycopg2
import psycopg2.extras

TIME = "to_timestamp(%s::float8 / 1000)"


class Database:
    """Made once a run; `fill` replaces everything."""

    def __init__(self, cluster, program, name="scenario"):
        self.owner = None             # the driver whose rows these are
        self.conninfo = cluster.conninfo("postgres", name)
        with_admin = psycopg2.connect(cluster.conninfo("postgres", "postgres"))
        with_admin.autocommit = True
        with_admin.cursor().execute(f'create database "{name}"')
        with_admin.close()
        subprocess.run([program, "--migrate", "--owner", self.conninfo], check=True, capture_output=True)
        self.connection = psycopg2.connect(self.conninfo, options="-c search_path=policegrid,public -c timezone=Asia/Shanghai")
        self.connection.autocommit = True

    def fill(self, tables, owner):
        """`tables`: {name: {"columns","types","rows"}} in the order of writing. Guards and references are those of the engine's rows."""
        self.owner = owner
        with self.connection.cursor() as cursor:
            cursor.execute("begin; set local session_replication_role = replica")
            cursor.execute("truncate " + ", ".join(f'policegrid."{name}"' for name in tables) + " cascade")
            for name, table in tables.items():
                self.insert(cursor, name, table)
            cursor.execute("commit")

    def insert(self, cursor, name, table):
        if not table["rows"]:
            return
        columns = ", ".join(f'"{c}"' for c in table["columns"])
        cells = ", ".join(TIME if t == "timestamptz" else f"%s::{t}" for t in table["types"])
        psycopg2.extras.execute_values(cursor, f'insert into policegrid."{name}" ({columns}) values %s', table["rows"],
                                       template=f"({cells})", page_size=500)

    def execute(self, sql, parameters):
        """A named question: one row, one column of JSON text; None when nothing is there."""
        with self.connection.cursor() as cursor:
            cursor.execute("deallocate all")
            cursor.execute("prepare question as " + sql.replace("%", "%%"), ())
            cursor.execute("execute question" + (f" ({', '.join(['%s'] * len(parameters))})" if parameters else ""), parameters)
            row = cursor.fetchone()
        value = row[0] if row else None
        return json.loads(value) if isinstance(value, str) else value

    def remove_one(self, table, condition):
        """Takes one row out, behind everybody's back; returns it."""
        with self.connection.cursor() as cursor:
            cursor.execute("begin; set local session_replication_role = replica")
            gone = self.select(f'select * from policegrid."{table}" where {condition} limit 1')[0]
            cursor.execute(f'delete from policegrid."{table}" where id = %s', (gone["id"],))
            cursor.execute("commit")
        return gone

    def view(self, sql):
        return self.select(sql)

    def select(self, sql):
        with self.connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(sql)
            return [dict(row) for row in cursor.fetchall()]

    def close(self):
        self.connection.close()
