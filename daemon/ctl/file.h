/*
 * File: whole files in and out. Secrets are written so that nobody else can read them at any moment, and a crash leaves the old
 * file or the new one, never half of it.
 */
#ifndef POLICEGRID_CTL_FILE_H
#define POLICEGRID_CTL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads at most `limit` bytes; "-" = standard input. malloc'ed and NUL-terminated; NULL with errno (EFBIG beyond the limit). */
char *file_read(const char *path, size_t limit, size_t *ret_n);
/* Writes a new file beside it with `mode`, syncs, renames over `path`. False with errno. */
bool file_replace(const char *path, const void *data, size_t n_data, mode_t mode);
bool file_exists(const char *path);

#endif
