#include "random_town.h"

#include <stdio.h>
#include <string.h>

uint64_t random_next(Random *random) {
        random->state ^= random->state << 13;
        random->state ^= random->state >> 7;
        random->state ^= random->state << 17;
        return random->state;
}

unsigned random_below(Random *random, unsigned n) {
        return (unsigned)(random_next(random) % n);
}

static const char *const units[] = {"town", "court", "east", "west", "e1", "e2", "e3", "w1", "w2", "n1"};
static const int tiers[] = {1, 1, 2, 2, 3, 3, 3, 3, 3, 3};
#define N_UNITS (sizeof units / sizeof units[0])

static size_t unit_index(const char *unit) {
        for (size_t i = 0; i < N_UNITS; i++)
                if (strcmp(units[i], unit) == 0)
                        return i;
        return 0;
}

static const Task *random_task(const Town *town, Random *random) {
        const State *state = engine_state(town->engine);
        size_t cursor = 0, n = 0;
        const Task *found = NULL;
        for (const Task *task; (task = state_next_task(state, &cursor)) != NULL;)
                if (random_below(random, (unsigned)++n) == 0 || (!task_state_is_terminal(task->state) && random_below(random, 8) == 0))
                        found = task;
        return found;
}

/* Any task that ever was, also one that has left memory. */
static const Row *random_archived(const Town *town, Random *random) {
        size_t cursor = 0, n = 0;
        const Row *found = NULL;
        for (Row *row; (row = map_next(town->database.tables[TABLE_TASK], &cursor, NULL)) != NULL;)
                if (*row_cell(TABLE_TASK, row, "live") == 'f' && random_below(random, (unsigned)++n) == 0)
                        found = row;
        return found;
}

/* Work on what has ended long ago: completed late, reopened, commented. */
static bool random_old_action(Town *town, Random *random, char *member, char *topic, char *body, size_t size) {
        static const char *const verbs[] = {"complete", "reopen", "comment", "seen", "accept", "cancel"};
        const Row *row = random_archived(town, random);
        if (row == NULL)
                return false;
        const char *unit = random_below(random, 2) == 0 ? "town" : row_cell(TABLE_TASK, row, "unit");
        size_t index = unit_index(unit);
        snprintf(topic, TOPIC_MAX, "tier%d/%s/action/%s/%s", tiers[index], units[index], row_cell(TABLE_TASK, row, "id"),
                 verbs[random_below(random, 6)]);
        strcpy(member, member_of(units[index], NULL));
        snprintf(body, size, "{'id':'20261123-r%u','note':'x'}", town->n_messages);
        return true;
}

/* Mostly somebody whom it concerns. */
static const char *random_speaker(const Town *town, Random *random, const Task *task) {
        const Unit *unit = organisation_unit(state_organisation(engine_state(town->engine)), task->unit);
        const Escalation *escalation = state_escalation(engine_state(town->engine), task->escalation);
        const cJSON *participants = json_array(task->body, "participants");
        const char *offered = json_string(json_object(task->body, "transfer"), "to");
        switch (random_below(random, 10)) {
        case 0: return units[random_below(random, N_UNITS)];
        case 1: return unit->parent == NULL ? "town" : unit->parent->id;
        case 2: return escalation == NULL ? "town" : escalation->to;
        case 3: return task->origin_unit;
        case 4:
                if (cJSON_GetArraySize(participants) > 0)
                        return json_string(cJSON_GetArrayItem(participants, (int)random_below(random, (unsigned)cJSON_GetArraySize(participants))), "unit");
                return task->handler;
        case 5: return offered == NULL ? task->handler : offered;
        default: return task->unit;
        }
}

static void random_body(const Town *town, Random *random, const Task *task, char *body, size_t size) {
        static const char *const reasons[] = {"partial", "brief", "wrong", "busy", "too-far", "NOT A WORD"};
        char revision[40] = "", note[60] = "";
        if (random_below(random, 4) == 0)
                snprintf(revision, sizeof revision, ",'revision':%lld", (long long)task->state_revision - (random_below(random, 6) == 0));
        if (random_below(random, 5) == 0)
                snprintf(note, sizeof note, ",'note':'电话13800138000'");
        snprintf(body, size,
                 "{'id':'20261123-r%u','reason':'%s','assignee':'%s','to':'%s','until':'%s','checklist':['doors','lights'],"
                 "'result':{%s},'outcome':'settled'%s%s}",
                 town->n_messages, reasons[random_below(random, 6)], member_of(units[random_below(random, N_UNITS)], NULL),
                 units[random_below(random, N_UNITS)], iso(town->now + (int64_t)random_below(random, 96) * HOUR),
                 strcmp(task->kind, "fraud") == 0   ? "'households':20,'dissuaded':2"
                 : strcmp(task->step, "look") == 0  ? (random_below(random, 2) ? "'found':3" : "'found':0")
                 : strcmp(task->step, "mend") == 0  ? (random_below(random, 2) ? "'left':0" : "'left':1")
                 : strcmp(task->kind, "joint") == 0 ? "'result':'agreed'"
                                                    : "'n':1",
                 revision, note);
}

static void random_action(Town *town, Random *random, const Task *task, char *member, char *topic, char *body, size_t size) {
        static const Verb common[] = {VERB_ACCEPT, VERB_ACCEPT, VERB_START, VERB_COMPLETE, VERB_COMPLETE, VERB_VERIFY, VERB_ESCALATE,
                                      VERB_RESOLVE, VERB_RETURN, VERB_TRANSFER, VERB_GRANT, VERB_SUSPEND, VERB_EXTEND, VERB_RESUME};
        Verb verb = random_below(random, 3) == 0 ? (Verb)(VERB_ISSUE + 1 + random_below(random, VERB_COUNT - VERB_ISSUE - 1))
                                                 : common[random_below(random, sizeof common / sizeof common[0])];
        const char *unit = random_speaker(town, random, task);
        const char *target = random_below(random, 20) == 0 && *task->escalation != '\0' ? task->escalation : task->id;
        size_t index = unit_index(unit);
        snprintf(topic, TOPIC_MAX, "tier%d/%s/action/%s/%s", tiers[index], units[index], target, verb_name(verb));
        strcpy(member, member_of(units[index], random_below(random, 3) == 0 ? "grid_worker" : NULL));
        random_body(town, random, task, body, size);
}

static void random_warning(Town *town, Random *random, char *member, char *topic, char *body, size_t size) {
        static const char *const codes[] = {"fraud", "chain", "joint", "other"};
        static const char *const severities[] = {"Minor", "Severe", "Extreme"};
        const char *code = codes[random_below(random, 4)];
        char references[128] = "";
        const char *type = "Alert";
        if (town->n_messages > 50 && random_below(random, 3) == 0) {
                size_t cursor = 0;
                const Warning *warning, *found = NULL;
                while ((warning = state_next_warning(engine_state(town->engine), &cursor)) != NULL)
                        if (found == NULL || random_below(random, 3) == 0)
                                found = warning;
                if (found != NULL) {
                        type = random_below(random, 3) == 0 ? "Cancel" : "Update";
                        code = found->event_code;
                        snprintf(references, sizeof references, ",'references':'%s'", found->identifier);
                }
        }
        strcpy(member, member_of("town", "commander"));
        strcpy(topic, "tier1/town/warning");
        snprintf(body, size,
                 "{'id':'20261123-r%u','identifier':'R%u','sent':'%s','status':'%s','msgType':'%s','scope':'Public'%s,'info':[{'event':'%s',"
                 "'urgency':'Immediate','severity':'%s','certainty':'Observed','headline':'注意','instruction':'第%u号','expires':'%s',"
                 "'eventCode':[{'valueName':'policegrid','value':'%s'}]%s}]}",
                 town->n_messages, town->n_messages, iso(town->now), random_below(random, 5) == 0 ? "Exercise" : "Actual", type, references,
                 code, severities[random_below(random, 3)], random_below(random, 3), iso(town->now + DAY + random_below(random, 90) * HOUR), code,
                 random_below(random, 2) ? ",'area':[{'areaDesc':'x','geocode':[{'valueName':'unit','value':'e1'},{'valueName':'unit','value':'w2'}]}]" : "");
}

static void random_device(const Town *town, Random *random, char *topic, char *body, size_t size) {
        static const char *const events[] = {"panic", "fault", "restored", "offline", "intruder"};
        if (random_below(random, 3) == 0) {
                strcpy(topic, "device/panic-1/heartbeat");
                snprintf(body, size, "{'state':'%s'}", random_below(random, 3) == 0 ? "fault" : "ok");
        } else
                snprintf(body, size, "{'id':'20261123-r%u','event':'%s'}", town->n_messages, events[random_below(random, 5)]);
}

/* Standing duties that come, change and go: rounds of villages and of members, misses told above or asked again. */
static void random_catalogue(Town *town, Random *random, char *member, char *topic, char *body, size_t size) {
        static const char *const duties[] = {
                "'patrol':{'start':'2026-11-01T06:00','rrule':'FREQ=DAILY;BYHOUR=6,14,22','units':{'tier':3},'met_by':{'report':'patrol'},'on_miss':'digest'}",
                "'days':{'start':'2026-11-02T00:00','rrule':'FREQ=WEEKLY;BYDAY=MO,TH','for_each':'member','roles':['grid_worker','grid_head'],"
                "'met_by':{'report':'patrol','count':2,'distinct':'day'}}",
                "'shops':{'start':'2026-11-01T08:00','rrule':'FREQ=DAILY','workdays':true,'for_each':'place','places':{'kind':'shop'},'lasts':'PT5H',"
                "'met_by':{'report':'patrol','count':2},'on_miss':'task'}",
                "'briefing':{'start':'2026-11-01T08:00','rrule':'FREQ=HOURLY;INTERVAL=8','units':{'tier':2}}",
        };
        size_t n = (size_t)snprintf(body, size, "{'id':'20261123-r%u','catalogue':{'catalogue':'town','version':%u,'duties':{", town->n_messages,
                                    town->n_messages + 1);
        bool first = true;
        for (size_t i = 0; i < sizeof duties / sizeof duties[0]; i++)
                if (random_below(random, 4) > 0) {
                        n += (size_t)snprintf(body + n, size - n, "%s%s", first ? "" : ",", duties[i]);
                        first = false;
                }
        /* the other sections of the town stay as they are */
        snprintf(body + n, size - n, "},%s}", strstr(TOWN_CATALOGUE, "'points'"));
        strcpy(topic, "admin/catalogue-apply");
        strcpy(member, town->admin);
}

static void random_patrol(Town *town, Random *random, char *member, char *topic, char *body, size_t size) {
        size_t index = 4 + random_below(random, 6);
        snprintf(topic, TOPIC_MAX, "tier%d/%s/report", tiers[index], units[index]);
        strcpy(member, member_of(units[index], random_below(random, 2) ? "grid_worker" : NULL));
        snprintf(body, size, "{'id':'20261123-r%u','kind':'patrol','occurred_at':'%s'%s}", town->n_messages,
                 iso(town->now - (int64_t)random_below(random, 30) * HOUR), random_below(random, 2) ? ",'place':'shop-1'" : "");
}

/* Past months, with a wrong unit, a month that has not ended and one that comes twice among them. */
static void random_figures(const Town *town, Random *random, char *member, char *topic, char *body, size_t size) {
        strcpy(topic, "admin/figures-import");
        strcpy(member, random_below(random, 9) == 0 ? member_of("town", "commander") : town->admin);
        snprintf(body, size, "{'id':'20261123-r%u','figures':['criminal','order'],'rows':[['%s','2025-%02u',%u,null],['%s','202%u-%02u',%u,%u]]}",
                 town->n_messages, units[random_below(random, N_UNITS)], 1 + random_below(random, 12), random_below(random, 50),
                 random_below(random, 9) == 0 ? "nowhere" : units[random_below(random, N_UNITS)], 5 + random_below(random, 2),
                 1 + random_below(random, 13), random_below(random, 50), random_below(random, 50));
}

void random_command(Town *town, Random *random, Command *ret) {
        char member[MEMBER_MAX + 1], topic[TOPIC_MAX + 1], body[4096];
        const Task *task = random_task(town, random);
        unsigned kind = random_below(random, 100);
        town->n_messages++;
        town->now += random_below(random, 6) == 0 ? (int64_t)random_below(random, 5 * 3600) * SECOND : (int64_t)random_below(random, 60) * SECOND;
        if (kind >= 92 && random_old_action(town, random, member, topic, body, sizeof body)) {
                command_make(town, member, topic, body, ret);
                return;
        }
        if (kind >= 84 && kind < 92) {
                random_points(town, random, member, topic, body, sizeof body);
                command_make(town, member, topic, body, ret);
                return;
        }
        if (kind == 83) {
                random_figures(town, random, member, topic, body, sizeof body);
                command_make(town, member, topic, body, ret);
                return;
        }
        if (town->n_messages % 90 == 7) {
                random_catalogue(town, random, member, topic, body, sizeof body);
        } else if (town->n_messages % 8 == 1) {
                random_patrol(town, random, member, topic, body, sizeof body);
        } else if (task == NULL || kind < 4) {
                random_warning(town, random, member, topic, body, sizeof body);
        } else if (kind < 9) {
                char id[UUID_LENGTH + 1];
                size_t index = random_below(random, N_UNITS), to = random_below(random, N_UNITS);
                uuid_make(town->now, "random", town->n_messages, 0, id);
                snprintf(topic, sizeof topic, "tier%d/%s/action/%s/issue", tiers[index], units[index], id);
                strcpy(member, member_of(units[index], NULL));
                snprintf(body, sizeof body, "{'id':'20261123-r%u','title':'去%u','to':'%s','finish_by':'%s','severity':'%s'}", town->n_messages,
                         town->n_messages, units[to], iso(town->now + (int64_t)random_below(random, 70) * HOUR), random_below(random, 2) ? "Severe" : "Minor");
        } else if (kind < 12) {
                strcpy(topic, "device/panic-1/event");
                strcpy(member, member_of("e1", "device"));
                random_device(town, random, topic, body, sizeof body);
        } else if (kind < 15) {
                strcpy(topic, "tier3/e1/report");
                strcpy(member, member_of("e1", "grid_worker"));
                snprintf(body, sizeof body, "{'id':'20261123-r%u','kind':'hazard','fields':{'n':%u},'note':'水管'}", town->n_messages, random_below(random, 9));
        } else {
                random_action(town, random, task, member, topic, body, sizeof body);
        }
        command_make(town, member, topic, body, ret);
}
