#include "plugin/counter.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <string.h>

#include "proto/text.h"

static const struct {
        const char *word;
        bool told; /* a refusal or something rare: worth a line */
} words[COUNT_KINDS] = {
        [COUNT_CONNECTED] = {"connected", false},
        [COUNT_ENROLLING] = {"enrolling", true},
        [COUNT_REFUSED_NAME] = {"refused name", true},
        [COUNT_REFUSED_ROSTER] = {"refused without roster", true},
        [COUNT_REFUSED_UNKNOWN] = {"refused unknown member", true},
        [COUNT_REFUSED_SECRET] = {"refused secret", true},
        [COUNT_REFUSED_CLIENT] = {"refused client id", true},
        [COUNT_DENIED_PUBLISH] = {"denied publish", true},
        [COUNT_DENIED_SUBSCRIBE] = {"denied subscribe", true},
        [COUNT_DENIED_RECEIVE] = {"withheld deliveries", false},
        [COUNT_DENIED_WILL] = {"denied will", true},
        [COUNT_DENIED_QOS] = {"denied QoS 2", true},
        [COUNT_BUSY] = {"busy", true},
        [COUNT_UNSTAMPED] = {"unstampable", true},
        [COUNT_KICKED] = {"kicked", true},
        [COUNT_PRUNED] = {"pruned offline sessions", true},
        [COUNT_DOCUMENTS] = {"documents", false},
        [COUNT_CONTROL_REFUSED] = {"control messages refused", true},
        [COUNT_RECEIPTS] = {"receipts", false},
        [COUNT_RECEIPTS_WITHHELD] = {"receipts withheld", true},
};

static bool anything_to_tell(const Counters *counters) {
        for (size_t i = 0; i < COUNT_KINDS; i++)
                if (words[i].told && counters->total[i] != counters->told[i])
                        return true;
        return false;
}

void counter_tell(Counters *counters, int64_t now_ms) {
        if (now_ms < counters->window_end)
                return;
        counters->window_end = now_ms + COUNTER_WINDOW_MS;
        if (!anything_to_tell(counters))
                return;
        _cleanup_text_ Text text = TEXT_INIT(2048);
        for (size_t i = 0; i < COUNT_KINDS; i++)
                if (counters->total[i] != counters->told[i])
                        text_append_format(&text, "; %s %llu", words[i].word, (unsigned long long)(counters->total[i] - counters->told[i]));
        for (size_t i = 1; i < ACCESS_ANSWER_COUNT; i++)
                if (counters->reason[i] != 0)
                        text_append_format(&text, "; by %s %llu", access_answer_name((AccessAnswer)i), (unsigned long long)counters->reason[i]);
        mosquitto_log_printf(MOSQ_LOG_NOTICE, "policegrid: last window%s", text_string(&text));
        memcpy(counters->told, counters->total, sizeof counters->told);
        memset(counters->reason, 0, sizeof counters->reason);
}
