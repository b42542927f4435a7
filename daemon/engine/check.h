/*
 * Check: says where in a configuration file (organisation, calendar, form, playbook) something is wrong, and why, in zh and en.
 * The first refusal wins. Words of the file are repeated only where they look like names, so that a detail is safe to show.
 */
#ifndef POLICEGRID_ENGINE_CHECK_H
#define POLICEGRID_ENGINE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cjson/cJSON.h>

typedef struct Check {
        char *detail;       /* borrowed; "place: 中文 / English" */
        size_t n_detail;
        bool failed;
        char path[128];     /* where we are: `units[3].links[0]` */
        size_t n_path;
} Check;

void check_init(Check *check, char *detail, size_t n_detail);
/* Always returns false, for `return check_fail(…)`. */
bool check_fail(Check *check, const char *zh, const char *en);
/* The same with a word of the file behind both sentences. */
bool check_fail_word(Check *check, const char *zh, const char *en, const char *word);
/* Go down into a member or an element; the mark brings check_leave back. */
size_t check_enter(Check *check, const char *name);
size_t check_enter_index(Check *check, size_t index);
void check_leave(Check *check, size_t mark);

/* Whether `object` is an object whose members are all in `names` (NULL-terminated). */
bool check_keys(Check *check, const cJSON *object, const char *const *names);
/* `[a-z0-9][a-z0-9_-]{0,31}`: names of types, kinds, steps, codes; `dots` allows `.` between (mediation.people). */
bool check_is_name(const char *text);
bool check_is_dotted_name(const char *text);
/* Member `name` of `object` as a name; NULL after a refusal; with `required` false an absent member gives "". */
const char *check_name(Check *check, const cJSON *object, const char *name, bool required);
/* `{"zh","en"}`, at most 120 characters each; defaults where absent. */
bool check_title(Check *check, const cJSON *object, const char *fallback, const char **ret_zh, const char **ret_en);
/* The same of member `name`. */
bool check_phrase(Check *check, const cJSON *object, const char *name, const char *fallback, const char **ret_zh, const char **ret_en);
/* A whole number within bounds. */
bool check_int(Check *check, const cJSON *item, int64_t min, int64_t max, int64_t *ret);
/* Whether `array` (a member that may be absent) is an array of at most `max` elements. */
bool check_array(Check *check, const cJSON *item, int max);

#endif
