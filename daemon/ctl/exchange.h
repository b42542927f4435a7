/*
 * Exchange: send one message and wait for its receipt or reply, repeating it with the same id until that comes (invariant I2).
 */
#ifndef POLICEGRID_CTL_EXCHANGE_H
#define POLICEGRID_CTL_EXCHANGE_H

#include <cjson/cJSON.h>

#include "ctl/context.h"

/*
 * Send `body` to grid/v1/{area}/{tail}. An `id` is put into it where it has none. Waits context->timeout_s; 0 and *ret (owned
 * by the caller), or EXIT_CONNECTION / EXIT_TIMEOUT, complained about with the id, so that the same can be sent again.
 */
int exchange_send(Context *context, const char *tail, cJSON *body, cJSON **ret);
/* Ask the query `name` with the fields of `body` (consumed; may be NULL). 0 and the reply's `data` (owned by the caller), or an
 * exit code, complained about; EXIT_REJECTED where the query was refused. */
int exchange_query(Context *context, const char *name, cJSON *body, cJSON **ret);
/* The same, and show what came: as JSON with --json or where `print` is NULL, else as `print` does. 0 or an exit code. */
typedef void DataPrint(const Context *context, const cJSON *data);
int exchange_query_show(Context *context, const char *name, cJSON *body, DataPrint *print);
/* The same, connecting first as a commander where nobody else was chosen. `body` is consumed. */
int exchange_ask(Context *context, const char *name, cJSON *body, DataPrint *print);
/* The array `name` in a reply's data ({"total","truncated","tasks":[…]}); NULL when there is none. */
const cJSON *reply_list(const cJSON *data, const char *name);
/* Send, print the receipt in the chosen form, and return the exit code. `ret` may be NULL; else *ret is the receipt, or NULL. */
int exchange_command(Context *context, const char *tail, cJSON *body, cJSON **ret);
/* The same as an administrator, connecting first; `body` is consumed. */
int exchange_administer(Context *context, const char *tail, cJSON *body);
/* Connect as an administrator, ask the query `name` and print its data as JSON. An exit code. */
int exchange_show(Context *context, const char *name);
/* Print JSON: on one line with --json, else indented. */
void data_print(const Context *context, const cJSON *data);
/* Print a receipt; returns EXIT_DONE or EXIT_REJECTED. */
int receipt_print(const Context *context, const cJSON *receipt);

#endif
