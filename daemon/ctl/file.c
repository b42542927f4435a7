#include "ctl/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *stream_read(FILE *stream, size_t limit, size_t *ret_n)
{
        char *data = malloc(limit + 2);
        size_t n;

        if (data == NULL)
                return NULL;
        n = fread(data, 1, limit + 1, stream);
        if (ferror(stream) || n > limit) {
                errno = ferror(stream) ? EIO : EFBIG;
                free(data);
                return NULL;
        }
        data[n] = '\0';
        *ret_n = n;
        return data;
}

char *file_read(const char *path, size_t limit, size_t *ret_n)
{
        FILE *stream;
        char *data;
        int kept;

        if (strcmp(path, "-") == 0)
                return stream_read(stdin, limit, ret_n);
        stream = fopen(path, "re");
        if (stream == NULL)
                return NULL;
        data = stream_read(stream, limit, ret_n);
        kept = errno;
        fclose(stream);
        errno = kept;
        return data;
}

static bool bytes_write(int fd, const char *data, size_t n_data)
{
        while (n_data > 0) {
                ssize_t written = write(fd, data, n_data);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written < 0)
                        return false;
                data += written;
                n_data -= (size_t)written;
        }
        return true;
}

bool file_replace(const char *path, const void *data, size_t n_data, mode_t mode)
{
        char beside[4096];
        int fd, kept;

        if ((size_t)snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= sizeof beside) {
                errno = ENAMETOOLONG;
                return false;
        }
        fd = mkstemp(beside); /* 0600 from the start */
        if (fd < 0)
                return false;
        if (bytes_write(fd, data, n_data) && fchmod(fd, mode) == 0 && fsync(fd) == 0 && rename(beside, path) == 0) {
                close(fd);
                return true;
        }
        kept = errno;
        close(fd);
        unlink(beside);
        errno = kept;
        return false;
}

bool file_exists(const char *path)
{
        struct stat status;

        return lstat(path, &status) == 0;
}
