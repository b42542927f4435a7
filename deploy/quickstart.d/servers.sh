# shellcheck shell=bash
# The three servers: each under a keeper of its own (quickstart.d/keep), as an unprivileged user, in a session of its own.

pids_of() { # name → "keeper server" as far as they live and are ours
        local file=$servers/run/$1.pid
        [ -s "$file" ] || return 1
        read -r keeper server <"$file" || return 1
        [ -d "/proc/$keeper" ] && tr '\0' ' ' 2>/dev/null <"/proc/$keeper/cmdline" | grep -qF -- "$(readlink -f "$servers")/run/$1.pid"
}

servers_are_running() {
        local name keeper server
        for name in postgres broker daemon; do
                pids_of $name || return 1
        done
}

keep() { # name, user, signal, command…
        local name=$1 user=$2 signal=$3
        shift 3
        : >"$servers/run/$name.pid"
        give "$user" "$servers/run/$name.pid"
        (
                exec 9>&-
                cd "$servers" || exit 1
                if [ "$EUID" -eq 0 ]; then
                        exec setsid setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- env -i HOME=/ PATH="$PATH" LANG=C.UTF-8 \
                                "$servers/bin/keep" "$servers/run/$name.pid" "$signal" "$@"
                fi
                exec setsid "$servers/bin/keep" "$servers/run/$name.pid" "$signal" "$@"
        ) </dev/null >>"$log/$name.log" 2>&1 &
        disown
}

# Until the condition holds; fails when the keeper has gone or the time is over.
await() { # name, seconds, command…
        local name=$1 until=$((SECONDS + $2)) keeper server
        shift 2
        until "$@" >/dev/null 2>&1; do
                if [ $SECONDS -ge $until ] || { [ -s "$servers/run/$name.pid" ] && ! pids_of "$name"; }; then
                        tail -n 15 "$log/$name.log" >&2
                        die "$name 没有起来,日志的末尾见上: $log/$name.log" "$name did not come up; the end of its log is above: $log/$name.log"
                fi
                sleep 0.1
        done
}

keeper_end() { # name, seconds
        local keeper='' server='' until=$((SECONDS + $2))
        if pids_of "$1"; then
                kill -TERM "$keeper" 2>/dev/null || true
                while pids_of "$1" && [ $SECONDS -lt $until ]; do sleep 0.1; done
                if pids_of "$1"; then kill -KILL "$keeper" 2>/dev/null || true; fi
        elif [ -s "$servers/run/$1.pid" ]; then
                read -r keeper server <"$servers/run/$1.pid" || true
        fi
        # a keeper that was killed leaves its server behind
        if [ -n "$server" ] && [ -d "/proc/$server" ] && server_is "$1" "$server"; then
                kill -TERM "$server" 2>/dev/null || true
                until=$((SECONDS + 15))
                while [ -d "/proc/$server" ] && [ $SECONDS -lt $until ]; do sleep 0.1; done
                [ ! -d "/proc/$server" ] || kill -KILL "$server" 2>/dev/null || true
        fi
        [ ! -e "$servers/run/$1.pid" ] || : >"$servers/run/$1.pid"
}

# Whether that process is this state folder's server, not another that got its number.
server_is() {
        tr '\0' ' ' 2>/dev/null <"/proc/$2/cmdline" | grep -qF -- "$(readlink -f "$servers")/"
}

# Keepers of this folder whose pid file is gone: somebody removed the state folder while it was in use.
keepers_stray() {
        grep -lzF -- "$(readlink -m "$servers")/run/" /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3 | while read -r pid; do
                [ "$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -cx "$(readlink -m "$servers")/bin/keep")" = 0 ] || echo "$pid"
        done
}

strays_end() {
        local pid until=$((SECONDS + 30))
        for pid in $(keepers_stray); do kill -TERM "$pid" 2>/dev/null || true; done
        while [ -n "$(keepers_stray)" ] && [ $SECONDS -lt $until ]; do sleep 0.2; done
        for pid in $(keepers_stray); do kill -KILL "$pid" 2>/dev/null || true; done
}

servers_stop() {
        if [ -d "$servers/run" ]; then
                keeper_end daemon 30
                keeper_end broker 15
                keeper_end postgres 60
        fi
        strays_end
}

servers_stop_asked() {
        local name running='' keeper server
        for name in postgres broker daemon; do
                ! pids_of $name || running=yes
                [ ! -s "$servers/run/$name.pid" ] || running=yes
        done
        if [ -z "$running" ] && [ -z "$(keepers_stray)" ]; then
                say "没有在运行: $state" "nothing runs: $state"
                return
        fi
        servers_stop
        say "已停止,数据都在 $state。" "stopped; the data stays in $state."
}

servers_status() {
        local keeper server
        if servers_are_running; then
                say "在运行: $connection" "running: $connection"
        else
                say "没有在运行: $state" "not running: $state"
                exit 1
        fi
}

servers_prepare() {
        step "状态文件夹" "state folder"
        users_prepare
        servers_stop
        passwords_prepare
        ports_prepare
        binaries_copy
        local file=$connection
        # until the town is loaded, nobody should find half a connection file
        [ -f "$file" ] || file=$state/connection.part
        "$ctl" --connection "$file" init --state "$servers/grid" --area "$area" --templates "$root/deploy" --rewrite \
                --plugin "$servers/bin/mosquitto_policegrid.so" --playbooks "$servers/playbooks" \
                --database "host=127.0.0.1 port=$(port_of postgres) dbname=policegrid user=policegrid_daemon password=$(password_of daemon)" \
                --reader "host=127.0.0.1 port=$(port_of postgres) dbname=policegrid user=policegrid_reader password=$(password_of reader)" \
                --mqtt-port "$(port_of mqtt)" --websocket-port "$(port_of websocket)" --http-port "$(port_of http)" >/dev/null ||
                die "配置没有写成" "the configuration could not be written"
        give "$grid_user" "$servers/grid"
}

superuser() { # command… of PostgreSQL, as superuser of the private cluster
        PGPASSWORD=$(password_of superuser) "$postgres_bin/$1" -h 127.0.0.1 -p "$(port_of postgres)" -U postgres "${@:2}"
}

cluster_make() {
        local data=$servers/postgres/data secret=$servers/postgres/superuser
        rm -rf "$data.new"
        (umask 077; password_of superuser >"$secret")
        give "$database_user" "$servers/postgres"
        (cd "$servers" && as_user "$database_user" "$postgres_bin/initdb" -D "$data.new" -U postgres -E UTF8 --locale=C.UTF-8 \
                --auth-host=scram-sha-256 --auth-local=scram-sha-256 --pwfile="$secret" >>"$log/initdb.log" 2>&1) ||
                die "数据库集群没有建成,见 $log/initdb.log" "the database cluster could not be made; see $log/initdb.log"
        rm -f "$secret"
        printf "include_dir = 'conf.d'\n" >>"$data.new/postgresql.conf"
        mv "$data.new" "$data"
}

database_start() {
        step "数据库 PostgreSQL" "database (PostgreSQL)"
        local data=$servers/postgres/data
        postgres_bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
        [ -f "$data/PG_VERSION" ] || cluster_make
        mkdir -p "$data/conf.d"
        install -m 600 "$root/deploy/postgresql.conf" "$data/conf.d/policegrid.conf"
        give "$database_user" "$servers/postgres"
        keep postgres "$database_user" INT "$postgres_bin/postgres" -D "$data" -c port="$(port_of postgres)" -c listen_addresses=127.0.0.1 -c unix_socket_directories=
        await postgres 60 superuser psql -d postgres -qAtc 'select 1'
        superuser psql -d postgres -qAtc "select 1 from pg_database where datname = 'policegrid'" | grep -q 1 ||
                superuser createdb policegrid || die "数据库没有建成" "the database could not be made"
        PGPASSWORD=$(password_of superuser) logged migrate.log "$build/daemon/policegridd" --migrate \
                --owner "host=127.0.0.1 port=$(port_of postgres) dbname=policegrid user=postgres" || {
                tail -n 15 "$log/migrate.log" >&2
                die "数据库迁移失败,见 $log/migrate.log" "the migrations failed; see $log/migrate.log"
        }
        superuser psql -d policegrid -q >/dev/null <<SQL || die "数据库角色没有设好" "the database roles could not be set"
alter role policegrid_daemon login password '$(password_of daemon)';
alter role policegrid_reader login password '$(password_of reader)';
SQL
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1"); }

broker_start() {
        step "消息服务器 Mosquitto" "broker (Mosquitto)"
        keep broker "$grid_user" TERM /usr/sbin/mosquitto -c "$servers/grid/mosquitto.conf"
        await broker 30 listens "$(port_of mqtt)"
}

is_ready() { $python -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)' "http://127.0.0.1:$(port_of http)/readyz"; }

daemon_start() {
        step "守护进程 policegridd" "daemon (policegridd)"
        keep daemon "$grid_user" TERM "$servers/bin/policegridd" --config "$servers/grid/policegridd.conf"
        await daemon 90 is_ready
}
