/*
 * Notify. The protocol is one datagram of NAME=VALUE lines to an AF_UNIX socket, whose name may be abstract (leading `@`).
 */
#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify_send(const char *state) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        const char *path = POLICEGRID_SYSTEMD ? getenv("NOTIFY_SOCKET") : NULL;
        size_t n = path ? strlen(path) : 0;

        if (n < 2 || n >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
                return;
        memcpy(address.sun_path, path, n);
        if (path[0] == '@')
                address.sun_path[0] = 0;
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return;
        if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0) {
                /* systemd will notice the silence */
        }
        close(fd);
}

uint64_t notify_watchdog_ms(void) {
        const char *period = POLICEGRID_SYSTEMD ? getenv("WATCHDOG_USEC") : NULL;
        const char *process = getenv("WATCHDOG_PID");

        if (!period || (process && strtoll(process, NULL, 10) != (long long)getpid()))
                return 0;
        return strtoull(period, NULL, 10) / 2000;
}
