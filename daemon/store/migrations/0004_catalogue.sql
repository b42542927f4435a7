-- The catalogue of an area: what mechanisms need beside organisation and playbooks (report kinds, duties, campaigns, goods…), by version.

create table policegrid.catalogue (
    area        text not null,
    version     bigint not null check (version > 0),
    hash        text not null check (hash ~ '^[0-9a-f]{64}$'),
    is_current  boolean not null,
    body        text not null check (jsonb_typeof(body::jsonb) = 'object'),
    applied_by  text not null,
    applied_at  timestamptz not null,
    changed_seq bigint not null,
    primary key (area, version),
    constraint catalogue_one_current exclude using btree (area with =) where (is_current) deferrable initially deferred
);
create trigger immutable before update on policegrid.catalogue
    for each row execute function policegrid.refuse_rewriting();

grant select, insert, update on policegrid.catalogue to policegrid_daemon;

comment on table policegrid.catalogue is '目录各版本（不可变） / catalogues as applied, by version, immutable';
