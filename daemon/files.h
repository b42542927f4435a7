/*
 * Files: what the daemon reads at its start and on SIGHUP besides its configuration: the area's secret, the bootstrap file, the
 * playbooks.
 */
#ifndef POLICEGRID_DAEMON_FILES_H
#define POLICEGRID_DAEMON_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/stamp.h"

#define FILE_BYTES_MAX ((size_t)4 << 20)

typedef struct FileText {
        char *name;      /* without the folder, owned */
        char *text;      /* owned, NUL-terminated */
        size_t n;
} FileText;

typedef struct FileTexts {
        FileText *items;
        size_t n;
} FileTexts;
void file_texts_deinit(FileTexts *files);

/* 64 hex digits and at most a line end. false with a reason. */
bool file_read_secret(const char *path, uint8_t ret[static SECRET_FILE_BYTES], char *ret_why, size_t n_why);
/* Whole file of at most FILE_BYTES_MAX bytes; caller frees *ret_text. false with a reason. */
bool file_read(const char *path, char **ret_text, size_t *ret_n, char *ret_why, size_t n_why);
/* Every `*.json` of the folder, by name. Unreadable ones are told in ret_why ("" = none) and left out. */
void folder_read(const char *path, FileTexts *ret, char *ret_why, size_t n_why);

#endif
