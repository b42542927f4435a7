/*
 * Files. Everything is read whole and at once: these are small, and reading happens at the start and on a person's request only.
 */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void file_texts_deinit(FileTexts *files) {
        for (size_t i = 0; i < files->n; i++) {
                free(files->items[i].name);
                free(files->items[i].text);
        }
        free(files->items);
        *files = (FileTexts){0};
}

static bool file_read_whole(int fd, char *buffer, size_t n) {
        size_t at = 0;

        while (at < n) {
                ssize_t got = read(fd, buffer + at, n - at);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return false;
                at += (size_t)got;
        }
        return true;
}

bool file_read(const char *path, char **ret_text, size_t *ret_n, char *ret_why, size_t n_why) {
        struct stat status;
        char *text = NULL;
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || fstat(fd, &status) != 0) {
                snprintf(ret_why, n_why, "%s: %s", path, strerror(errno));
        } else if (!S_ISREG(status.st_mode) || (uintmax_t)status.st_size > FILE_BYTES_MAX) {
                snprintf(ret_why, n_why, "%s: no file of at most %zu bytes", path, FILE_BYTES_MAX);
        } else if ((text = malloc((size_t)status.st_size + 1)) == NULL) {
                abort();
        } else if (!file_read_whole(fd, text, (size_t)status.st_size)) {
                snprintf(ret_why, n_why, "%s: cannot be read to its end", path);
                free(text);
                text = NULL;
        } else {
                text[status.st_size] = 0;
                *ret_text = text;
                *ret_n = (size_t)status.st_size;
        }
        if (fd >= 0)
                close(fd);
        return text != NULL;
}

bool file_read_secret(const char *path, uint8_t ret[static SECRET_FILE_BYTES], char *ret_why, size_t n_why) {
        char *text;
        size_t n, n_secret;
        bool ok;

        if (!file_read(path, &text, &n, ret_why, n_why))
                return false;
        while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
                n--;
        ok = n == 2 * SECRET_FILE_BYTES && sodium_hex2bin(ret, SECRET_FILE_BYTES, text, n, NULL, &n_secret, NULL) == 0 &&
             n_secret == SECRET_FILE_BYTES;
        if (!ok)
                snprintf(ret_why, n_why, "%s: not 64 hex digits", path);
        sodium_memzero(text, n);
        free(text);
        return ok;
}

static int is_json(const struct dirent *entry) {
        size_t n = strlen(entry->d_name);

        return n > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 5, ".json") == 0;
}

void folder_read(const char *path, FileTexts *ret, char *ret_why, size_t n_why) {
        struct dirent **entries = NULL;
        int n = scandir(path, &entries, is_json, alphasort);
        char name[1024], why[256];

        *ret = (FileTexts){0};
        ret_why[0] = 0;
        if (n < 0) {
                snprintf(ret_why, n_why, "%s: %s", path, strerror(errno));
                return;
        }
        ret->items = calloc((size_t)n + 1, sizeof *ret->items);
        if (!ret->items)
                abort();
        for (int i = 0; i < n; i++) {
                FileText *file = &ret->items[ret->n];

                snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
                if (file_read(name, &file->text, &file->n, why, sizeof why) && (file->name = strdup(entries[i]->d_name)))
                        ret->n++;
                else
                        snprintf(ret_why, n_why, "%s", why);
                free(entries[i]);
        }
        free(entries);
}
