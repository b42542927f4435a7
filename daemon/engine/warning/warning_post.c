#include "engine/warning/warning_post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"
#include "engine/warning/warning_posting.h"
#include "proto/json.h"
#include "proto/mask.h"
#include "proto/timestamp.h"

#define PARAMETERS_MAX 16

/* ---- whom ---- */

typedef struct Told { const Unit **items; size_t n; } Told;

static bool is_told(const Told *told, const Unit *unit) {
        for (size_t i = 0; i < told->n; i++)
                if (told->items[i] == unit)
                        return true;
        return false;
}

/* Everybody whom any of the selectors finds, in their order; a unit that has its fill of notices is left out (I13). */
static void find_told(Decision *decision, const cJSON *selectors, const SelectorContext *context, Told *ret) {
        const cJSON *selector;
        *ret = (Told){.items = posting_array(organisation_count_units(context->organisation))};
        cJSON_ArrayForEach(selector, selectors) {
                cJSON *one = cJSON_CreateArray();
                size_t n;
                cJSON_AddItemReferenceToArray(one, (cJSON *)selector);
                const Unit **units = selector_units(one, context, &n);
                for (size_t i = 0; i < n; i++)
                        if (!is_told(ret, units[i]) && posting_unit_has_room(decision, units[i]))
                                ret->items[ret->n++] = units[i];
                free(units);
                cJSON_Delete(one);
        }
}

/* ---- the same again ---- */

static const char *gateway_of(const Organisation *organisation, const char *id) {
        const Device *device = id ? organisation_device(organisation, id) : NULL;
        return device && device->gateway[0] ? device->gateway : id;
}

static const char *key_value(const Organisation *organisation, const WorkOrigin *origin, const char *name) {
        if (strcmp(name, "device") == 0)
                return origin->device;
        if (strcmp(name, "gateway") == 0)
                return gateway_of(organisation, origin->device);
        return strcmp(name, "place") == 0 ? origin->place : origin->unit->id;
}

/* "" when the step has no key and no device speaks, or a value is missing. */
static void make_key(const Organisation *organisation, const Playbook *playbook, const Step *step, const WorkOrigin *origin,
                     char ret[static 128]) {
        const cJSON *name;
        size_t n = 0;
        ret[0] = '\0';
        if (!step->dedup && origin->device)
                n = (size_t)snprintf(ret, 128, "device:%s", origin->device);
        cJSON_ArrayForEach(name, step->dedup) {
                const char *value = key_value(organisation, origin, name->valuestring);
                if (!value || n > 60) { /* three names of 32 do not fit; two and the playbook do */
                        ret[0] = '\0';
                        return;
                }
                n += (size_t)snprintf(ret + n, 128 - n, "%s%s:%s", n == 0 ? "" : " ", name->valuestring, value);
        }
        if (n > 0)
                snprintf(ret + n, 128 - n, " %.20s.%.12s", playbook_name(playbook), step->name);
}

/* A warning's own playbook may warn others: the receipt speaks of the one that was sent. */
static void say_created(Decision *decision, const char *id, size_t n_units) {
        if (json_has(decision->created, "warning"))
                return;
        decision_created(decision, "warning", id);
        decision_created_int(decision, "units", (int64_t)n_units);
}

static bool raise_count(Decision *decision, const char *key) {
        const Warning *warning = state_warning_by_dedup(decision->state, key);
        if (!warning)
                return false;
        cJSON *fact = fact_new("warning_raised");
        json_add_string(fact, "warning", warning->id);
        json_add_int(cJSON_AddObjectToObject(fact, "set"), "raised", (int64_t)warning->raised + 1);
        decision_fact(decision, fact);
        say_created(decision, warning->id, (size_t)cJSON_GetArraySize(warning->units));
        return true;
}

/* ---- the message: CAP 1.2 under its own names, as a commander's would be ---- */

static void add_pair(cJSON *array, const char *name, const char *value) {
        cJSON *pair = cJSON_CreateObject();
        json_add_string(pair, "valueName", name);
        json_add_string(pair, "value", value);
        cJSON_AddItemToArray(array, pair);
}

/* What is known of it: device, place, and what the device or the report counted. Numbers and codes; masked like everything free. */
static void add_parameters(cJSON *info, const WorkOrigin *origin) {
        cJSON *parameters = cJSON_CreateArray();
        const cJSON *field;
        if (origin->device)
                add_pair(parameters, "device", origin->device);
        if (origin->place)
                add_pair(parameters, "place", origin->place);
        cJSON_ArrayForEach(field, origin->fields) {
                char value[64];
                if (json_is_whole(field))
                        snprintf(value, sizeof(value), "%.0f", field->valuedouble);
                else if (cJSON_IsString(field))
                        snprintf(value, sizeof(value), "%.40s", field->valuestring);
                else
                        continue;
                mask_text(value);
                if (cJSON_GetArraySize(parameters) < PARAMETERS_MAX)
                        add_pair(parameters, field->string, value);
        }
        if (cJSON_GetArraySize(parameters) > 0)
                cJSON_AddItemToObject(info, "parameter", parameters);
        else
                cJSON_Delete(parameters);
}

static void add_area(cJSON *info, const WorkOrigin *origin, const Place *place, const Told *told, bool english) {
        cJSON *area = cJSON_CreateObject(), *geocodes;
        const char *unit = english ? origin->unit->title_en : origin->unit->title_zh;
        char words[300];
        snprintf(words, sizeof(words), "%s%s%s", unit, place ? " " : "", place ? (english ? place->title_en : place->title_zh) : "");
        json_add_string(area, "areaDesc", words);
        geocodes = cJSON_AddArrayToObject(area, "geocode");
        for (size_t i = 0; i < told->n; i++)
                add_pair(geocodes, "unit", told->items[i]->id);
        cJSON_AddItemToArray(cJSON_AddArrayToObject(info, "area"), area);
}

/* What its two infos, zh and en, are made of. */
typedef struct Words {
        const Playbook *playbook;
        const Step *step;
        const WorkOrigin *origin;
        const Place *place;    /* NULL when none */
        const Told *told;
        Severity severity;
        int64_t expires;
        int offset;            /* of the town's zone, minutes */
} Words;

static cJSON *make_info(const Words *words, bool english) {
        const Warn *warn = &words->step->warn;
        const char *instruction = english ? warn->instruction_en : warn->instruction_zh;
        cJSON *info = cJSON_CreateObject();
        json_add_string(info, "language", english ? "en" : "zh-CN");
        cJSON_AddItemToArray(cJSON_AddArrayToObject(info, "category"), cJSON_CreateString("Security"));
        json_add_string(info, "event", english ? playbook_title_en(words->playbook) : playbook_title_zh(words->playbook));
        json_add_string(info, "urgency", "Immediate");
        json_add_string(info, "severity", severity_name(words->severity));
        json_add_string(info, "certainty", "Observed");
        add_pair(cJSON_AddArrayToObject(info, "eventCode"), "policegrid", playbook_name(words->playbook));
        json_add_time(info, "expires", words->expires, words->offset);
        json_add_string(info, "headline", english ? warn->headline_en : warn->headline_zh);
        if (instruction[0])
                json_add_string(info, "instruction", instruction);
        add_parameters(info, words->origin);
        add_area(info, words->origin, words->place, words->told, english);
        return info;
}

static cJSON *make_message(const Decision *decision, const Words *words, const char *id) {
        cJSON *cap = cJSON_CreateObject(), *infos;
        json_add_string(cap, "identifier", id);
        json_add_string(cap, "sender", decision->sender);
        json_add_time(cap, "sent", decision->at, words->offset);
        json_add_string(cap, "status", reality_name(words->origin->reality));
        json_add_string(cap, "msgType", "Alert");
        json_add_string(cap, "scope", "Restricted");
        json_add_string(cap, "restriction", "policegrid");
        infos = cJSON_AddArrayToObject(cap, "info");
        cJSON_AddItemToArray(infos, make_info(words, false));
        cJSON_AddItemToArray(infos, make_info(words, true));
        return cap;
}

static cJSON *make_columns(const Decision *decision, const Words *words, const char *id, const char *key) {
        cJSON *set = cJSON_CreateObject();
        json_add_string(set, "id", id);
        json_add_string(set, "identifier", id);
        cJSON_AddItemToArray(cJSON_AddArrayToObject(set, "identifiers"), cJSON_CreateString(id));
        json_add_string(set, "sender", decision->sender);
        json_add_string(set, "unit", words->origin->unit->id);
        json_add_string(set, "event_code", playbook_name(words->playbook));
        json_add_string(set, "state", "active");
        json_add_string(set, "severity", severity_name(words->severity));
        json_add_string(set, "reality", reality_name(words->origin->reality));
        json_add_int(set, "sent", decision->at);
        json_add_int(set, "expires", words->expires);
        json_add_int(set, "posted_at", decision->at);
        json_add_int(set, "revision", 1);
        cJSON_AddItemToObject(set, "units", posting_units(words->told->items, words->told->n));
        json_add_int(cJSON_AddObjectToObject(set, "timers"), timer_kind_name(TIMER_EXPIRE), words->expires);
        json_add_string(set, "origin_type", words->origin->type);
        json_add_string(set, "origin_id", words->origin->id);
        if (key[0])
                json_add_string(set, "dedup", key);
        return set;
}

size_t warning_post(Decision *decision, const Playbook *playbook, const Step *step, const WorkOrigin *origin, const SelectorContext *context) {
        char key[128], id[UUID_LENGTH + 1];
        Told told;
        if (!origin->unit)
                return 0;
        make_key(context->organisation, playbook, step, origin, key);
        if (raise_count(decision, key))
                return 1;
        find_told(decision, step->warn.to, context, &told);
        Severity severity = step->warn.severity != SEVERITY_UNKNOWN ? step->warn.severity : origin->severity;
        const Words words = {.playbook = playbook, .step = step, .origin = origin, .told = &told,
                             .place = origin->place ? organisation_place(context->organisation, origin->place) : NULL,
                             .severity = severity != SEVERITY_UNKNOWN ? severity : SEVERITY_MODERATE,
                             .expires = decision->at + step->warn.lasts_ms, .offset = organisation_offset_minutes(context->organisation)};
        if (told.n > 0) {
                decision_uuid(decision, id);
                cJSON *fact = fact_new("warning_posted");
                cJSON_AddItemToObject(fact, "set", make_columns(decision, &words, id, key));
                cJSON_AddItemToObject(fact, "cap", make_message(decision, &words, id));
                decision_fact(decision, fact);
                say_created(decision, id, told.n);
        }
        free(told.items);
        return told.n;
}
