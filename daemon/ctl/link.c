#include "ctl/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <sodium.h>

#include "ctl/secret.h"

struct Link {
        struct mosquitto *client; /* owned; a new one each time: a used one sends its old messages again after it reconnects */
        char id[128];
        char *host, *member, *secret; /* owned */
        int port;
        LinkOnMessage on_message;
        void *userdata;           /* the caller's */
        int connack;              /* -1 = none yet */
        bool open;                /* connected and subscribed */
        bool cut;
        bool suback_denied;
        unsigned subacks_wanted;
};

long long link_clock_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_connect(struct mosquitto *client, void *userdata, int reason, int flags, const mosquitto_property *properties)
{
        Link *link = userdata;

        (void)client, (void)flags, (void)properties;
        link->connack = reason;
}

static void on_disconnect(struct mosquitto *client, void *userdata, int reason, const mosquitto_property *properties)
{
        Link *link = userdata;

        (void)client, (void)reason, (void)properties;
        link->cut = true;
        link->open = false;
}

static void on_subscribe(struct mosquitto *client, void *userdata, int mid, int n_granted, const int *granted)
{
        Link *link = userdata;

        (void)client, (void)mid;
        for (int i = 0; i < n_granted; i++)
                if (granted[i] >= 128)
                        link->suback_denied = true;
        if (link->subacks_wanted > 0)
                link->subacks_wanted--;
}

static void on_message(struct mosquitto *client, void *userdata, const struct mosquitto_message *message)
{
        Link *link = userdata;

        (void)client;
        link->on_message(link->userdata, message->topic, message->payload, (size_t)message->payloadlen, message->retain);
}

static bool client_renew(Link *link)
{
        mosquitto_destroy(link->client);
        link->client = mosquitto_new(link->id, true, link);
        if (link->client == NULL)
                return false;
        mosquitto_int_option(link->client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
        mosquitto_int_option(link->client, MOSQ_OPT_TCP_NODELAY, 1);
        mosquitto_connect_v5_callback_set(link->client, on_connect);
        mosquitto_disconnect_v5_callback_set(link->client, on_disconnect);
        mosquitto_subscribe_callback_set(link->client, on_subscribe);
        mosquitto_message_callback_set(link->client, on_message);
        return mosquitto_username_pw_set(link->client, link->member, link->secret) == MOSQ_ERR_SUCCESS;
}

Link *link_new(const char *host, int port, const char *member, const char *secret, LinkOnMessage on_message_callback, void *userdata)
{
        Link *link = calloc(1, sizeof *link);
        char letters[9];

        mosquitto_lib_init();
        if (link == NULL)
                return NULL;
        secret_letters(letters, 8);
        snprintf(link->id, sizeof link->id, "%s/ctl-%s", member, letters);
        link->host = strdup(host);
        link->member = strdup(member);
        link->secret = strdup(secret);
        link->port = port;
        link->on_message = on_message_callback;
        link->userdata = userdata;
        if (link->host == NULL || link->member == NULL || link->secret == NULL)
                return link_free(link);
        return link;
}

Link *link_free(Link *link)
{
        if (link == NULL)
                return NULL;
        if (link->client != NULL && link->open) {
                mosquitto_disconnect(link->client);
                mosquitto_loop(link->client, 100, 1);
        }
        mosquitto_destroy(link->client);
        free(link->host);
        free(link->member);
        if (link->secret != NULL)
                sodium_memzero(link->secret, strlen(link->secret));
        free(link->secret);
        free(link);
        mosquitto_lib_cleanup();
        return NULL;
}

/* Pump until `*flag` reads other than `unwanted`, the link is cut or the time is over. */
static bool pump_until(Link *link, const int *flag, int unwanted, long long until)
{
        while (*flag == unwanted && !link->cut && link_clock_ms() < until)
                if (mosquitto_loop(link->client, 50, 1) != MOSQ_ERR_SUCCESS)
                        link->cut = true;
        return *flag != unwanted;
}

static LinkOutcome filters_subscribe(Link *link, const char *const *filters, size_t n_filters, long long until)
{
        link->subacks_wanted = (unsigned)n_filters;
        for (size_t i = 0; i < n_filters; i++)
                if (mosquitto_subscribe_v5(link->client, NULL, filters[i], 1, 0, NULL) != MOSQ_ERR_SUCCESS)
                        return LINK_UNREACHABLE;
        while (link->subacks_wanted > 0 && !link->cut && link_clock_ms() < until)
                if (mosquitto_loop(link->client, 50, 1) != MOSQ_ERR_SUCCESS)
                        return LINK_UNREACHABLE;
        if (link->suback_denied)
                return LINK_DENIED;
        return link->subacks_wanted == 0 ? LINK_OK : LINK_UNREACHABLE;
}

LinkOutcome link_open(Link *link, const char *const *filters, size_t n_filters, int timeout_ms)
{
        long long until = link_clock_ms() + timeout_ms;
        LinkOutcome outcome;

        link->connack = -1;
        link->open = link->cut = link->suback_denied = false;
        if (!client_renew(link) || mosquitto_connect(link->client, link->host, link->port, 30) != MOSQ_ERR_SUCCESS)
                return LINK_UNREACHABLE;
        if (!pump_until(link, &link->connack, -1, until))
                return LINK_UNREACHABLE;
        if (link->connack != 0)
                return LINK_REFUSED;
        outcome = filters_subscribe(link, filters, n_filters, until);
        link->open = outcome == LINK_OK;
        return outcome;
}

LinkOutcome link_subscribe(Link *link, const char *const *filters, size_t n_filters, int timeout_ms)
{
        link->suback_denied = false;
        return filters_subscribe(link, filters, n_filters, link_clock_ms() + timeout_ms);
}

bool link_is_open(const Link *link)
{
        return link->open;
}

bool link_publish(Link *link, const char *topic, const char *payload, size_t n_payload)
{
        return link->open && mosquitto_publish_v5(link->client, NULL, topic, (int)n_payload, payload, 1, false, NULL) == MOSQ_ERR_SUCCESS;
}

bool link_pump(Link *link, int timeout_ms)
{
        if (link->cut)
                return false;
        if (mosquitto_loop(link->client, timeout_ms, 1) != MOSQ_ERR_SUCCESS) {
                link->cut = true;
                link->open = false;
        }
        return !link->cut;
}
