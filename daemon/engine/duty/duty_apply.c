/* Facts of duties and rounds: they alone change them. */
#include <assert.h>
#include <string.h>

#include "engine/facts.h"
#include "proto/json.h"

/* {"fact":"duty","name","set":{…}}: made when there is none of that name. */
static void apply_duty(const FactContext *context, const cJSON *fact) {
        const char *name = json_string(fact, "name");
        Duty *duty = state_duty(context->state, name);
        if (duty)
                return fact_patch(context, duty, json_object(fact, "set"));
        cJSON *key = cJSON_CreateObject();
        json_add_string(key, "name", name);
        fact_make(context, OBJECT_DUTY, key, json_object(fact, "set"));
        cJSON_Delete(key);
}

/* {"fact":"rounds_opened","duty","set","common","rounds":[{…}]} */
static void apply_opened(const FactContext *context, const cJSON *fact) {
        const cJSON *round, *common = json_object(fact, "common");
        fact_patch(context, state_duty(context->state, json_string(fact, "duty")), json_object(fact, "set"));
        cJSON_ArrayForEach(round, json_array(fact, "rounds"))
                fact_make(context, OBJECT_ROUND, common, round);
}

/* {"fact":"round_met","round","set"} */
static void apply_met(const FactContext *context, const cJSON *fact) {
        Round *round = state_round(context->state, json_string(fact, "round"));
        assert(round);
        fact_patch(context, round, json_object(fact, "set"));
}

static Round *touch(const FactContext *context, const cJSON *id) {
        Round *round = state_round(context->state, id->valuestring);
        assert(round);
        state_touch(context->state, round, context->seq);
        return round;
}

/* {"fact":"rounds_closed","duty","set","missed":[ids],"met":[ids],"cleared":[ids]} */
static void apply_closed(const FactContext *context, const cJSON *fact) {
        const cJSON *id;
        fact_patch(context, state_duty(context->state, json_string(fact, "duty")), json_object(fact, "set"));
        cJSON_ArrayForEach(id, json_array(fact, "missed")) {
                Round *round = touch(context, id);
                round->state = ROUND_MISSED;
                round->closed_at = context->at;
        }
        cJSON_ArrayForEach(id, json_array(fact, "met"))
                touch(context, id)->closed_at = context->at;
        cJSON_ArrayForEach(id, json_array(fact, "cleared"))
                touch(context, id)->object.live = false;
}

/* {"fact":"rounds_waived","duty","rounds":[ids]}: open ones ask for nothing more, all leave memory. */
static void apply_waived(const FactContext *context, const cJSON *fact) {
        const cJSON *id;
        cJSON_ArrayForEach(id, json_array(fact, "rounds")) {
                Round *round = touch(context, id);
                if (round->closed_at == TIMESTAMP_NONE) {
                        round->state = round->state == ROUND_OPEN ? ROUND_WAIVED : round->state;
                        round->closed_at = context->at;
                }
                round->object.live = false;
        }
}

const FactRule duty_fact_rules[] = {
        {"duty", apply_duty}, {"rounds_opened", apply_opened}, {"round_met", apply_met}, {"rounds_closed", apply_closed},
        {"rounds_waived", apply_waived}, {NULL, NULL},
};
