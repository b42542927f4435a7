/*
 * Notify: sd_notify(3) without the library: datagrams to NOTIFY_SOCKET. Without that variable, every call does nothing.
 */
#ifndef POLICEGRID_DAEMON_NOTIFY_H
#define POLICEGRID_DAEMON_NOTIFY_H

#include <stdint.h>

/* `state` as in sd_notify(3): "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=…". Never blocks; failures are nobody's business. */
void notify_send(const char *state);
/* How often systemd wants to hear WATCHDOG=1, ms (half of WATCHDOG_USEC); 0 = not at all. */
uint64_t notify_watchdog_ms(void);

#endif
