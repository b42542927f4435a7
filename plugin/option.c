#include "plugin/option.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(const char *name, const char *why) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "policegrid: option %s: %s", name, why);
        return false;
}

/* A secret that others may read is no secret: it would be the daemon's password and the stamp's key. */
static bool secret_file_is_private(int fd) {
        struct stat info;
        return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & S_IRWXO) == 0;
}

/* One line of 64 hex digits. */
static bool secret_read(const char *path, const char *name, uint8_t ret[static SECRET_FILE_BYTES]) {
        char text[SECRET_FILE_BYTES * 2 + 8] = {0};
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return complain(name, strerror(errno));
        bool is_private = secret_file_is_private(fd);
        ssize_t n = read(fd, text, sizeof text - 1);
        close(fd);
        if (!is_private)
                return complain(name, "the file must be a regular one that others cannot read (chmod o=)");
        size_t digits = n > 0 ? strcspn(text, "\r\n") : 0, n_bytes = 0;
        bool good = digits == SECRET_FILE_BYTES * 2 && strspn(text + digits, "\r\n") == (size_t)n - digits &&
                    sodium_hex2bin(ret, SECRET_FILE_BYTES, text, digits, NULL, &n_bytes, NULL) == 0 && n_bytes == SECRET_FILE_BYTES;
        sodium_memzero(text, sizeof text);
        return good ? true : complain(name, "the file must hold 64 hexadecimal digits on one line");
}

static bool area_read(Plugin *plugin, const char *code, const char *path, const char *name) {
        if (!area_is_valid(code, strlen(code)))
                return complain(name, "secret_{area}: the area is 2 to 12 digits");
        if (plugin->n_areas == AREAS_MAX || plugin_find_area(plugin, code, strlen(code)) != NULL)
                return complain(name, "too many areas, or one twice");
        uint8_t secret[SECRET_FILE_BYTES];
        if (!secret_read(path, name, secret))
                return false;
        Area *area = &plugin->areas[plugin->n_areas];
        snprintf(area->code, sizeof area->code, "%s", code);
        stamp_key_derive(secret, area->stamp_key);
        char password[65];
        daemon_password_derive(secret, password);
        crypto_hash_sha256(area->daemon_secret, (const uint8_t *)password, strlen(password));
        sodium_memzero(secret, sizeof secret);
        sodium_memzero(password, sizeof password);
        area->presence = map_new();
        if (area->presence == NULL)
                return complain(name, "out of memory");
        area->generation = 1;
        plugin->n_areas++;
        return true;
}

static bool number_read(const char *value, uint64_t low, uint64_t high, uint64_t *ret) {
        char *end = NULL;
        errno = 0;
        unsigned long long number = strtoull(value, &end, 10);
        if (errno != 0 || end == value || *end != '\0' || value[0] == '-' || number < low || number > high)
                return false;
        *ret = number;
        return true;
}

static bool directory_read(Plugin *plugin, const char *value) {
        size_t n = strlen(value);
        if (n == 0 || value[0] != '/' || n + 64 > sizeof plugin->options.snapshot_dir)
                return complain("snapshot_dir", "an absolute path of at most 440 characters is needed");
        snprintf(plugin->options.snapshot_dir, sizeof plugin->options.snapshot_dir, "%s", value);
        return true;
}

static bool one_read(Plugin *plugin, const char *name, const char *value) {
        uint64_t number;
        if (strncmp(name, "secret_", 7) == 0)
                return area_read(plugin, name + 7, value, name);
        if (strcmp(name, "snapshot_dir") == 0)
                return directory_read(plugin, value);
        if (strcmp(name, "busy_messages") == 0) {
                if (!number_read(value, 1, 10000000, &plugin->options.busy_messages))
                        return complain(name, "a number from 1 to 10000000 is needed");
                return true;
        }
        if (strcmp(name, "presence_ms") == 0) {
                if (!number_read(value, 0, 600000, &number))
                        return complain(name, "milliseconds from 0 to 600000 are needed");
                plugin->options.presence_ms = (int64_t)number;
                return true;
        }
        return complain(name, "unknown");
}

bool option_read(Plugin *plugin, const struct mosquitto_opt *options, int n_options) {
        plugin->options = (Options){.busy_messages = 100000, .presence_ms = 3000};
        for (int i = 0; i < n_options; i++)
                if (options[i].key == NULL || options[i].value == NULL || !one_read(plugin, options[i].key, options[i].value))
                        return false;
        if (plugin->n_areas == 0)
                return complain("secret_{area}", "at least one is needed");
        if (plugin->options.snapshot_dir[0] == '\0')
                return complain("snapshot_dir", "needed: without it no member gets in after a restart of the broker alone");
        return true;
}
