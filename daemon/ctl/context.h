/*
 * Context: what every command is given: language, output form, whom we speak as, and the link once it is open.
 */
#ifndef POLICEGRID_CTL_CONTEXT_H
#define POLICEGRID_CTL_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <cjson/cJSON.h>

#include "ctl/connection.h"
#include "ctl/exit_code.h"
#include "ctl/language.h"
#include "ctl/link.h"

#define TIMEOUT_S_DEFAULT 60
#define ZONE_MINUTES_DEFAULT 480 /* Beijing time, the whole country's */

typedef struct Context {
        Language language;
        bool json;                   /* machine-readable output: receipts and replies as they came, one a line */
        const char *connection_file; /* --connection, NULL = look in the usual places */
        const char *as;              /* --as, NULL = the command's usual role */
        int timeout_s;
        int zone_minutes;            /* east of UTC: times are read and shown in it */
        bool receipts_only;          /* no replies: an enrolling session may read its receipt and nothing else */
        Connection connection;       /* after context_connect */
        Link *link;                  /* owned; NULL before */
        char awaited[65];            /* id of the message whose answer we wait for; "" = none */
        cJSON *answer;               /* owned: that answer, once it is here */
        LinkOnMessage on_document;   /* further messages (watch); NULL = none wanted */
        void *document_userdata;
} Context;

/* Sentence on standard error, "policegridctl: …". */
void context_complain(const Context *context, const char *zh, const char *en, ...);
/* Load the connection file and choose the member. 0 or an exit code, complained about. */
int context_choose(Context *context, Role role_default);
/* The same, then connect and subscribe to the own receipts and replies and to `filters`. 0 or an exit code. */
int context_connect(Context *context, Role role_default, const char *const *filters, size_t n_filters);
/* Subscribe to more on the open link; kept for reconnecting. 0 or EXIT_CONNECTION, complained about. */
int context_subscribe(Context *context, const char *const *filters, size_t n_filters);
/* Connect anew after the link was cut, same filters. 0 or an exit code, silent. */
int context_reconnect(Context *context);
void context_deinit(Context *context);
/* Unix ms. */
int64_t context_now_ms(void);

#endif
