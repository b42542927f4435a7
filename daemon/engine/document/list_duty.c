#include "engine/document/list_duty.h"

#include <string.h>

#include "engine/duty/duty_definition.h"
#include "proto/json.h"
#include "proto/timestamp.h"

/* ---- shifts ---- */

/* Shifts that have not ended, the soonest first: `,"shifts":[…]`. */
static void add_shifts(const ListContext *context, Text *text, Shift *const *shifts, size_t n) {
        int64_t after = INT64_MIN;
        size_t n_added = 0;
        text_append_string(text, ",\"shifts\":[");
        while (n_added < LIST_SHIFTS_MAX) {
                const Shift *next = NULL;
                for (size_t i = 0; i < n; i++) {
                        int64_t key = shifts[i]->starts_at;
                        if (shifts[i]->ends_at > context->now && key > after && (!next || key < next->starts_at))
                                next = shifts[i];
                }
                if (!next)
                        break;
                for (size_t i = 0; i < n && n_added < LIST_SHIFTS_MAX; i++) {
                        if (shifts[i]->starts_at != next->starts_at || shifts[i]->ends_at <= context->now)
                                continue;
                        text_append_format(text, "%s{\"shift\":\"%s\"", n_added++ > 0 ? "," : "", shifts[i]->id);
                        list_add_text(text, "roster", shifts[i]->roster);
                        list_add_text(text, "unit", shifts[i]->unit);
                        list_add_text(text, "slot", shifts[i]->slot);
                        list_add_time(context, text, "starts_at", shifts[i]->starts_at);
                        list_add_time(context, text, "ends_at", shifts[i]->ends_at);
                        text_append_string(text, ",\"members\":");
                        json_append(text, shifts[i]->members);
                        text_append_char(text, '}');
                }
                after = next->starts_at;
        }
        text_append_char(text, ']');
}

/* ---- duties ---- */

typedef struct Progress { uint32_t targets, quota, done, met; int64_t starts_at, ends_at; } Progress;

static void progress_add(Progress *progress, const Round *round) {
        progress->targets++;
        progress->quota += round->wanted;
        progress->done += round->done < round->wanted ? round->done : round->wanted;
        progress->met += round->state == ROUND_MET;
        progress->starts_at = round->starts_at;
        progress->ends_at = round->ends_at;
}

/* The round that is open now, added up over the unit's targets. */
static Progress progress_of(const State *state, const Duty *duty, const Unit *unit) {
        Round *const *rounds;
        size_t n = state_rounds_of_unit(state, unit->id, &rounds);
        Progress progress = {0};
        for (size_t i = 0; i < n; i++)
                if (rounds[i]->closed_at == TIMESTAMP_NONE && strcmp(rounds[i]->duty, duty->name) == 0)
                        progress_add(&progress, rounds[i]);
        return progress;
}

static void add_title(Text *text, const Duty *duty) {
        const cJSON *title = json_object(duty->definition, "title");
        const char *zh = json_string(title, "zh"), *en = json_string(title, "en");
        text_append_format(text, "{\"duty\":\"%s\"", duty->name);
        list_add_text(text, "title", zh ? zh : en ? en : duty->name);
        list_add_text(text, "title_en", en ? en : zh ? zh : duty->name);
}

static void add_progress(const ListContext *context, Text *text, const Progress *progress) {
        text_append_format(text, ",\"targets\":%u,\"met\":%u,\"quota\":%u,\"done\":%u", progress->targets, progress->met, progress->quota, progress->done);
        list_add_time(context, text, "starts_at", progress->starts_at);
        list_add_time(context, text, "ends_at", progress->ends_at);
}

static bool concerns(const Duty *duty, const Unit *unit, const Progress *progress) {
        const DutyDefinition definition = {.units = json_object(duty->definition, "units")}; /* all that is asked of it */
        return progress->targets > 0 || (duty->state == DUTY_ACTIVE && duty_passes_unit(&definition, unit));
}

void list_duty_of_unit(const ListContext *context, const Unit *unit, Text *text) {
        Shift *const *shifts;
        ListEntries entries;
        size_t total = 0, cursor = 0, n = state_shifts_of_unit(context->state, unit->id, &shifts);
        bool full = false;
        add_shifts(context, text, shifts, n);
        list_open(&entries, text);
        for (const Duty *duty; (duty = state_next_duty(context->state, &cursor));) {
                Progress progress = progress_of(context->state, duty, unit);
                if (!concerns(duty, unit, &progress) || (++total, full))
                        continue;
                list_entry_start(&entries);
                add_title(text, duty);
                if (progress.targets > 0)
                        add_progress(context, text, &progress);
                list_add_time(context, text, "next_at", duty->next_at);
                text_append_char(text, '}');
                full = !list_entry_end(&entries);
        }
        list_close(&entries, total);
        text_append_format(text, ",\"total\":%zu", total);
}

void list_duty_of_member(const ListContext *context, const Member *member, Text *text) {
        Shift *const *shifts;
        Round *const *rounds;
        ListEntries entries;
        size_t total = 0, n = state_shifts_of_member(context->state, member->id, &shifts);
        bool full = false;
        add_shifts(context, text, shifts, n);
        list_open(&entries, text);
        n = state_rounds_of_member(context->state, member->id, &rounds);
        for (size_t i = 0; i < n; i++) {
                const Duty *duty = state_duty(context->state, rounds[i]->duty);
                if (rounds[i]->closed_at != TIMESTAMP_NONE || !duty || (++total, full))
                        continue;
                Progress progress = {0};
                progress_add(&progress, rounds[i]);
                list_entry_start(&entries);
                add_title(text, duty);
                list_add_text(text, "unit", rounds[i]->unit);
                add_progress(context, text, &progress);
                text_append_char(text, '}');
                full = !list_entry_end(&entries);
        }
        list_close(&entries, total);
        text_append_format(text, ",\"total\":%zu", total);
}
