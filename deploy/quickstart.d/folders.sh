# shellcheck shell=bash
# Where things are and whom they belong to.
#
#   state/connection.json, secrets, ports, log/   the caller's
#   state/servers/                                what the servers need: bin/, playbooks/, postgres/, grid/
#
# Started by root, the servers run as `postgres` and `policegrid`. Where these cannot enter the state folder (a checkout under
# /root), state/servers is a link to a folder under /var/lib/policegrid-quickstart that belongs to this state folder.

outside=/var/lib/policegrid-quickstart

folders_prepare() {
        mkdir -p "$state" "$log" || die "建不了文件夹 $state;用 --state 换一个" "cannot make the folder $state; choose another with --state"
        [ -O "$state" ] || [ "$EUID" -eq 0 ] || die "$state 属于别的用户;用 --state 换一个" "$state belongs to another user; choose another with --state"
        chmod 700 "$log"
}

as_user() { # user, command…
        local user=$1
        shift
        if [ "$EUID" -eq 0 ]; then
                setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- env -i HOME=/ PATH="$PATH" LANG=C.UTF-8 "$@"
        else
                "$@"
        fi
}

# Folders outside whose state folder is gone or has another one now; what may still run there is stopped first.
outside_tidy() {
        local folder owner
        for folder in "$outside"/*/; do
                [ -f "$folder/state-folder" ] || continue
                owner=$(cat "$folder/state-folder")
                [ "$(readlink -f "$owner/servers")" != "$(readlink -f "$folder")" ] || continue
                (servers=$(readlink -f "$folder") && servers_stop)
                rm -rf -- "$folder"
        done
}

servers_folder() {
        [ ! -d "$servers/" ] || return 0
        rm -f "$servers"
        if [ "$EUID" -ne 0 ] || { as_user "$grid_user" test -x "$state" && as_user "$database_user" test -x "$state"; }; then
                mkdir -p "$servers"
                return
        fi
        mkdir -p "$outside"
        chmod 755 "$outside"
        outside_tidy
        local folder
        folder=$(mktemp -d "$outside/XXXXXXXX")
        chmod 755 "$folder"
        printf '%s\n' "$state" >"$folder/state-folder"
        ln -s "$folder" "$servers"
        say "      (服务的数据在 $folder:它们进不了 $state)" "      (the servers' data is in $folder: they cannot enter $state)"
}

users_prepare() {
        grid_user=$(id -un)
        database_user=$grid_user
        if [ "$EUID" -eq 0 ]; then
                grid_user=policegrid
                database_user=postgres
                id "$grid_user" >/dev/null 2>&1 || useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "$grid_user" ||
                        die "建不了系统用户 $grid_user" "cannot make the system user $grid_user"
        fi
        servers_folder
        servers=$(readlink -f "$servers")
        mkdir -p "$servers/bin" "$servers/playbooks" "$servers/run" "$servers/grid" "$servers/postgres"
        chmod 755 "$servers" "$servers/bin" "$servers/playbooks" "$servers/run"
        chmod 700 "$servers/grid" "$servers/postgres"
}

give() { # user, path: whole trees, only where root shares them out
        [ "$EUID" -ne 0 ] || chown -R -h "$1:" "$2"
}

# What the servers run is copied: a rebuild does not pull it from under them, and the checkout may be out of their reach.
binaries_copy() {
        local file
        for file in "$build/daemon/policegridd" "$build/plugin/mosquitto_policegrid.so" "$here/keep"; do
                install -m 755 "$file" "$servers/bin/.new"
                mv -f "$servers/bin/.new" "$servers/bin/$(basename "$file")"
        done
        rm -f "$servers"/playbooks/*.json
        install -m 644 "$root"/deploy/playbooks/*.json "$servers/playbooks/"
}

# Three passwords of the private cluster, made once.
passwords_prepare() {
        local file=$state/passwords
        if [ ! -f "$file" ]; then
                (umask 077; $python -c 'import secrets
for name in ("superuser", "daemon", "reader"): print(name, secrets.token_hex(16))' >"$file.new")
                mv "$file.new" "$file"
        fi
}

password_of() { awk -v name="$1" '$1 == name {print $2}' "$state/passwords"; }

# Ports on loopback, chosen once, kept, and chosen again only when somebody else has taken them.
ports_prepare() {
        $python - "$state/ports" <<'PY' || die "找不到空闲端口" "no free ports"
import os, random, socket, sys

def free(port):
    # below the range of outgoing connections, which could take the port of a server that is started again
    port = port or random.randrange(15000, 30000)
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return None
        return s.getsockname()[1]

path, ports = sys.argv[1], {}
if os.path.exists(path):
    ports = {name: int(port) for name, port in (line.split() for line in open(path))}
for name in ("mqtt", "websocket", "http", "postgres"):
    port = free(ports.get(name, 0))
    while port is None or port in [p for n, p in ports.items() if n != name]:
        port = free(0)
    ports[name] = port
with open(path + ".new", "w") as f:
    f.writelines(f"{name} {port}\n" for name, port in ports.items())
os.rename(path + ".new", path)
PY
}

port_of() { awk -v name="$1" '$1 == name {print $2}' "$state/ports"; }
