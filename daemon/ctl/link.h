/*
 * Link: one MQTT 5 session to the town's broker, driven from the caller's own loop (nothing happens between calls). It does not
 * reconnect by itself: exchange.c decides when and what to repeat.
 */
#ifndef POLICEGRID_CTL_LINK_H
#define POLICEGRID_CTL_LINK_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Link Link;
/* Called from within link_pump. Everything borrowed. */
typedef void (*LinkOnMessage)(void *userdata, const char *topic, const void *payload, size_t n_payload, bool retained);

/* The client id is `{member}/ctl-…` with random letters, the session ends with the connection. NULL when memory is exhausted. */
Link *link_new(const char *host, int port, const char *member, const char *secret, LinkOnMessage on_message, void *userdata);
Link *link_free(Link *link); /* says goodbye where connected */
typedef enum LinkOutcome {
        LINK_OK = 0,
        LINK_REFUSED,     /* the broker answered and does not let this member in */
        LINK_UNREACHABLE, /* no answer, or cut */
        LINK_DENIED,      /* this subscription was refused */
} LinkOutcome;
/* Connect and subscribe to `filters`, waiting at most timeout_ms. May be called again after the link was cut. */
LinkOutcome link_open(Link *link, const char *const *filters, size_t n_filters, int timeout_ms);
/* Subscribe to more on an open link. */
LinkOutcome link_subscribe(Link *link, const char *const *filters, size_t n_filters, int timeout_ms);
bool link_is_open(const Link *link);
/* QoS 1. False when the link is cut. */
bool link_publish(Link *link, const char *topic, const char *payload, size_t n_payload);
/* Read and write for at most timeout_ms; returns early after something happened. False when the link is cut. */
bool link_pump(Link *link, int timeout_ms);
/* Milliseconds of a clock that only runs forward. */
long long link_clock_ms(void);

#endif
