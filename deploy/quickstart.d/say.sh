# shellcheck shell=bash
# Words for people, in one language; progress; failures that say what to do.

case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in zh*) language=zh ;; *) language=en ;; esac
steps=7
step_number=0
step_began=


say() { if [ "$language" = zh ]; then printf '%s\n' "$1"; else printf '%s\n' "$2"; fi; }

# A step begins: "[3/7] database …". The one before it is told how long it took.
step() {
        [ -z "$step_began" ] || printf '      %s s\n' $((SECONDS - step_began))
        step_number=$((step_number + 1))
        step_began=$SECONDS
        say "[$step_number/$steps] $1" "[$step_number/$steps] $2"
}

# Run with output into a log of the state folder.
logged() {
        local file=$log/$1
        shift
        "$@" >>"$file" 2>&1
}

die() {
        say "quickstart: $1" "quickstart: $2" >&2
        exit 1
}

# On EXIT while starting: whatever was started is stopped; a start that failed says where to look.
failed() {
        local code=$?
        trap - EXIT
        [ $code -ne 0 ] || return 0
        say "没有启动成功,已停下已启动的服务。日志在 $log" "It could not be started; what had been started was stopped. Logs: $log" >&2
        servers_stop
        exit $code
}

interrupted() {
        trap - EXIT
        trap '' INT TERM HUP
        say "中断,正在停止…" "interrupted, stopping…" >&2
        servers_stop
        exit 130
}

# An expression over the JSON file, as Python sees it: j is the document.
json_get() { $python -c 'import json, sys; j = json.load(open(sys.argv[1], encoding="utf-8")); print(eval(sys.argv[2]))' "$1" "$2"; }
