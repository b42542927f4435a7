-- Roles, schema and the record of migrations. Runs before every migration and changes nothing that is already there, so it may run as
-- a superuser (fresh cluster) or as policegrid_owner (roles and database made by the administrator).
--
-- policegrid_owner   owns everything; migrations run as it.
-- policegrid_daemon  the daemon: inserts and replaces rows; deletes nothing, changes nothing in the logs.
-- policegrid_reader  dashboards: reads the documented views and nothing else.

do $$
begin
    if not exists (select from pg_roles where rolname = 'policegrid_owner') then
        create role policegrid_owner nologin;
    end if;
    if not exists (select from pg_roles where rolname = 'policegrid_daemon') then
        create role policegrid_daemon login;
    end if;
    if not exists (select from pg_roles where rolname = 'policegrid_reader') then
        create role policegrid_reader login;
    end if;
    if not exists (select from pg_namespace where nspname = 'policegrid') then
        create schema policegrid authorization policegrid_owner;
    end if;
    -- so that `select * from task_status` works in plain psql, whoever asks
    if exists (select from pg_database where datname = current_database() and pg_has_role(datdba, 'member')) then
        execute format('alter database %I set search_path = policegrid, public', current_database());
    end if;
end
$$;

set local role policegrid_owner;

comment on schema policegrid is '警格业务数据 / the police-grid work of one or more towns';
grant usage on schema policegrid to policegrid_daemon, policegrid_reader;

create table if not exists policegrid.schema_version (
    version    integer primary key check (version > 0),
    name       text not null,
    digest     text not null,
    applied_at timestamptz not null default now(),
    applied_by text not null default session_user
);
comment on table policegrid.schema_version is '已执行的数据库迁移 / migrations that have been applied; digest = md5 of the file';
grant select on policegrid.schema_version to policegrid_daemon;
