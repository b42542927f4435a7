/*
 * Counters. One table row a metric; codes and log levels have labels.
 */
#include "counters.h"

#include <stddef.h>

#include "log.h"

typedef struct Metric { const char *name, *help; size_t offset; } Metric;

#define COUNTER(name, field, help) {name, help, offsetof(Counters, field)}

static const Metric metrics[] = {
        COUNTER("messages_dropped_total", dropped, "messages without a valid stamp or upward topic"),
        COUNTER("outcomes_accepted_total", accepted, "messages accepted"),
        COUNTER("outcomes_rejected_total", rejected, "messages rejected"),
        COUNTER("outcomes_repeated_total", repeated, "repeats answered with their first outcome"),
        COUNTER("batches_total", batches, "batches committed"),
        COUNTER("batches_refused_total", batches_refused, "batches that the database refused"),
        COUNTER("batches_unknown_total", batches_unknown, "batches whose commit was not confirmed"),
        COUNTER("rows_total", rows, "rows written"),
        COUNTER("documents_total", documents, "documents handed to the broker"),
        COUNTER("timers_total", timers, "timers fired"),
        COUNTER("timers_put_off_total", timers_put_off, "timers that the database refused, tried again a minute later"),
        COUNTER("quarantined_total", quarantined, "messages put into quarantine"),
        COUNTER("queries_total", queries, "queries answered"),
        COUNTER("queries_refused_total", queries_refused, "queries refused"),
        COUNTER("latency_milliseconds_sum", latency_ms, "from receipt by the broker to commit"),
        COUNTER("latency_milliseconds_count", n_latency, "messages in latency_milliseconds_sum"),
        COUNTER("write_milliseconds_sum", write_ms, "waiting for commits"),
        COUNTER("surveys_total", surveys, "times that the broker's contents were read"),
        COUNTER("republished_total", republished, "retained documents found missing or different"),
        COUNTER("cleared_total", cleared, "retained documents found that nobody knows"),
        COUNTER("broker_lost_total", broker_lost, "connections to the broker lost"),
        COUNTER("database_lost_total", database_lost, "connections to the database lost"),
        COUNTER("horizon_impatient_total", horizon_impatient, "times that timers stopped waiting for the backlog"),
};

static void print_number(Text *text, const char *name, const char *type, const char *help, int64_t value) {
        text_append_format(text, "# HELP policegrid_%s %s\n# TYPE policegrid_%s %s\npolicegrid_%s %lld\n", name, help, name, type, name,
                           (long long)value);
}

static void print_labels(const Counters *counters, Text *text) {
        text_append_string(text, "# HELP policegrid_messages_total messages read\n# TYPE policegrid_messages_total counter\n");
        text_append_format(text, "policegrid_messages_total{session=\"urgent\"} %llu\npolicegrid_messages_total{session=\"bulk\"} %llu\n",
                           (unsigned long long)counters->messages[HORIZON_URGENT], (unsigned long long)counters->messages[HORIZON_BULK]);
        text_append_string(text, "# HELP policegrid_rejected_total rejections by code\n# TYPE policegrid_rejected_total counter\n");
        for (int code = CODE_NONE + 1; code < CODE_COUNT; code++)
                text_append_format(text, "policegrid_rejected_total{code=\"%s\"} %llu\n", code_name((Code)code),
                                   (unsigned long long)counters->codes[code]);
        text_append_string(text, "# HELP policegrid_log_lines_total log lines by level\n# TYPE policegrid_log_lines_total counter\n");
        for (int level = 0; level < LOG_LEVEL_COUNT; level++)
                text_append_format(text, "policegrid_log_lines_total{level=\"%s\"} %llu\n", log_level_name((LogLevel)level),
                                   (unsigned long long)log_count((LogLevel)level));
}

void counters_print(const Counters *counters, const Gauges *gauges, Text *ret) {
        for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
                print_number(ret, metrics[i].name, "counter", metrics[i].help,
                             (int64_t) * (const uint64_t *)((const char *)counters + metrics[i].offset));
        print_labels(counters, ret);
        print_number(ret, "ready", "gauge", "1 when /readyz says so", gauges->ready);
        print_number(ret, "epoch", "gauge", "epoch of this writer", (int64_t)gauges->epoch);
        print_number(ret, "seq", "gauge", "sequence of the latest event", (int64_t)gauges->seq);
        print_number(ret, "roster_version", "gauge", "version of the roster", (int64_t)gauges->roster_version);
        print_number(ret, "roster_held", "gauge", "version of the roster that the broker holds", (int64_t)gauges->roster_held);
        print_number(ret, "next_due_milliseconds", "gauge", "until the next timer", gauges->next_due_ms);
        print_number(ret, "burst_messages", "gauge", "messages in work", (int64_t)gauges->in_burst);
        print_number(ret, "suspects", "gauge", "messages that were in work at a crash", (int64_t)gauges->suspects);
        print_number(ret, "clock_offset_milliseconds", "gauge", "PostgreSQL's clock minus ours", gauges->clock_offset_ms);
}
