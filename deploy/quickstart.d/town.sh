# shellcheck shell=bash
# The town itself: its organisation, its catalogue and its members, made once.

town_load() {
        step "组织、目录和成员(解州)" "organisation, catalogue and members (Jiezhou)"
        if [ ! -f "$connection" ]; then
                local part=$state/connection.part
                if [ "$("$ctl" --connection "$part" --json organisation show 2>>"$log/town.log" | $python -c 'import json, sys; print((json.load(sys.stdin) or {}).get("organisation") and 1 or 0)' 2>/dev/null || echo 0)" != 1 ]; then
                        "$ctl" --connection "$part" --lang "$language" organisation apply "$town" >>"$log/town.log" 2>&1 || town_fail
                fi
                if [ "$("$ctl" --connection "$part" --json catalogue show 2>>"$log/town.log" | $python -c 'import json, sys; print((json.load(sys.stdin) or {}).get("version", 0))' 2>/dev/null || echo 0)" = 0 ]; then
                        "$ctl" --connection "$part" --lang "$language" catalogue apply "$catalogue" >>"$log/town.log" 2>&1 || town_fail
                fi
                "$ctl" --connection "$part" --lang "$language" --timeout 120 member import "$town" --secrets "$part" >>"$log/town.log" 2>&1 || town_fail
                mv "$part" "$connection"
        fi
        say "      $(json_get "$connection" 'len(j["members"])') 个成员" "      $(json_get "$connection" 'len(j["members"])') members"
}

town_fail() {
        tail -n 5 "$log/town.log" >&2
        die "组织、目录或成员没有载入,见 $log/town.log" "the organisation, its catalogue or its members could not be loaded; see $log/town.log"
}
