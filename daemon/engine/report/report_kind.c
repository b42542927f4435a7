/* Kinds of report: data of the area's catalogue (`report_kinds`), and those of an area that has not written its own down yet. */
#include "engine/report/report.h"

#include <string.h>

#include "engine/playbook/form.h"
#include "engine/points/points_rule.h"
#include "proto/json.h"

/* What an area without `report_kinds` may report; their fields are counts and codes of any name. */
static const struct { const char *name; bool wants_answer; } BASIC_KINDS[] = {
        {"dispute", true}, {"hazard", true},   {"incident", true},  {"dumping", true}, {"need", true},      {"appointment", true}, {"counts", false},
        {"diary", false},  {"sortie", false},  {"patrol", false},   {"visit", false},  {"rescue", false},   {"lesson", false},     {"training", false},
        {"service", false}, {"handin", false}, {"check", false},    {"presence", false}, {"deployment", false},
};

static bool find_basic(const char *name, ReportKind *ret) {
        for (size_t i = 0; i < sizeof BASIC_KINDS / sizeof BASIC_KINDS[0]; i++)
                if (strcmp(BASIC_KINDS[i].name, name) == 0) {
                        *ret = (ReportKind){.wants_answer = BASIC_KINDS[i].wants_answer};
                        return true;
                }
        return false;
}

bool report_kind_find(const Catalogue *catalogue, const char *name, ReportKind *ret) {
        if (!catalogue_section(catalogue, "report_kinds"))
                return find_basic(name, ret);
        const cJSON *kind = catalogue_report_kind(catalogue, name);
        if (!kind)
                return false;
        *ret = (ReportKind){.wants_answer = json_bool(kind, "answer", false), .contact = json_bool(kind, "contact", false),
                            .form = json_object(kind, "form")};
        return true;
}

/* ---- the section ---- */

static bool check_flag(Check *check, const cJSON *kind, const char *name) {
        const cJSON *flag = cJSON_GetObjectItemCaseSensitive(kind, name);
        if (!flag || cJSON_IsBool(flag))
                return true;
        check_enter(check, name);
        return check_fail(check, "应为真假值", "must be true or false");
}

static bool check_form(Check *check, const cJSON *kind, const Organisation *organisation) {
        const cJSON *form = cJSON_GetObjectItemCaseSensitive(kind, "form");
        size_t mark = check_enter(check, "form");
        if (form && (!form_check(check, form, NULL) || (organisation && !form_fits(check, form, organisation))))
                return false;
        check_leave(check, mark);
        return true;
}

static bool check_points(Check *check, const cJSON *kind) {
        const cJSON *points = cJSON_GetObjectItemCaseSensitive(kind, "points");
        size_t mark = check_enter(check, "points");
        if (points && !points_rule_check(check, points, json_object(kind, "form")))
                return false;
        check_leave(check, mark);
        return true;
}

static bool check_kind(Check *check, const cJSON *kind, const Organisation *organisation) {
        static const char *const names[] = {"title", "answer", "contact", "sensitive", "form", "points", NULL};
        const char *zh, *en;
        if (!check_is_name(kind->string))
                return check_fail(check, "名称须为小写字母、数字、-、_，至多32个", "must be a name: a-z, 0-9, -, _, at most 32");
        return check_keys(check, kind, names) && check_title(check, kind, kind->string, &zh, &en) && check_flag(check, kind, "answer") &&
               check_flag(check, kind, "contact") && check_flag(check, kind, "sensitive") && check_form(check, kind, organisation) &&
               check_points(check, kind);
}

/* Playbooks that start from such a report still can. */
static bool check_starters(Check *check, const cJSON *kind, const PlaybookSet *playbooks) {
        size_t cursor = 0, mark = check_enter(check, "form");
        for (const Playbook *playbook; (playbook = playbook_set_next(playbooks, &cursor));)
                if (!playbook_fits_form(check, playbook, kind->string, json_object(kind, "form")))
                        return false;
        check_leave(check, mark);
        return true;
}

bool report_playbook_check(const Catalogue *catalogue, const Playbook *playbook, char *ret_detail, size_t n_detail) {
        Check check;
        check_init(&check, ret_detail, n_detail);
        const cJSON *kind;
        cJSON_ArrayForEach(kind, catalogue_section(catalogue, "report_kinds")) {
                size_t mark = check_enter(&check, "when.report.fields");
                if (!playbook_fits_form(&check, playbook, kind->string, json_object(kind, "form")))
                        return false;
                check_leave(&check, mark);
        }
        return true;
}

bool report_catalogue_check(Check *check, const cJSON *section, const Organisation *organisation, const PlaybookSet *playbooks) {
        const cJSON *kind;
        cJSON_ArrayForEach(kind, section) {
                size_t mark = check_enter(check, kind->string);
                if (!check_kind(check, kind, organisation) || (playbooks && !check_starters(check, kind, playbooks)))
                        return false;
                check_leave(check, mark);
        }
        return true;
}
