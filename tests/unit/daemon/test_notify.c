/* Notify: what systemd hears, on a socket in the file system and on an abstract one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "notify.h"

static int listen_on(const char *name) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
        size_t n = strlen(name);

        memcpy(address.sun_path, name, n);
        if (name[0] == '@')
                address.sun_path[0] = 0;
        assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)), 0);
        return fd;
}

static void hear(const char *name) {
        char text[64] = "";
        int fd = listen_on(name);

        setenv("NOTIFY_SOCKET", name, 1);
        notify_send("READY=1");
        assert_int_equal(recv(fd, text, sizeof text - 1, MSG_DONTWAIT), 7);
        assert_string_equal(text, "READY=1");
        unsetenv("NOTIFY_SOCKET");
        close(fd);
}

static void test_both_kinds_of_socket(void **state) {
        char path[64], abstract[64];

        (void)state;
        snprintf(path, sizeof path, "/tmp/notify-%d", (int)getpid());
        snprintf(abstract, sizeof abstract, "@policegrid-notify-%d", (int)getpid());
        hear(path);
        unlink(path);
        hear(abstract);
}

static void test_nobody_listens(void **state) {
        (void)state;
        unsetenv("NOTIFY_SOCKET");
        notify_send("READY=1");
        setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
        notify_send("READY=1");
        setenv("NOTIFY_SOCKET", "relative", 1);
        notify_send("READY=1");
        unsetenv("NOTIFY_SOCKET");
}

static void test_watchdog(void **state) {
        char pid[32];

        (void)state;
        unsetenv("WATCHDOG_USEC");
        assert_int_equal(notify_watchdog_ms(), 0);
        setenv("WATCHDOG_USEC", "30000000", 1);
        assert_int_equal(notify_watchdog_ms(), 15000); /* twice as often as asked for */
        setenv("WATCHDOG_PID", "1", 1);
        assert_int_equal(notify_watchdog_ms(), 0);
        snprintf(pid, sizeof pid, "%d", (int)getpid());
        setenv("WATCHDOG_PID", pid, 1);
        assert_int_equal(notify_watchdog_ms(), 15000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_both_kinds_of_socket),
                cmocka_unit_test(test_nobody_listens),
                cmocka_unit_test(test_watchdog),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
