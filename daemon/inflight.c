/*
 * Inflight. Layout: a header and two tables of entries, `work` (now) and `suspects` (from crashes). `n_work` is set to 0 before the
 * table is changed and to its length after, so that a kill in between leaves a list that is short, never one that is wrong.
 */
#include "inflight.h"

#include <assert.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define INFLIGHT_MAGIC 0x70676966u
#define INFLIGHT_LAYOUT 1u

typedef struct Suspect {
        InflightHash hash;
        uint8_t crashes;   /* 0 = free */
        uint8_t parsing;
        uint8_t reserved[6];
} Suspect;

typedef struct InflightFile {
        uint32_t magic, layout;
        uint32_t n_work, is_parsing;
        InflightHash parsing;
        InflightHash work[INFLIGHT_MAX];
        uint32_t n_suspects, reserved;
        Suspect suspects[INFLIGHT_MAX];
} InflightFile;

struct Inflight {
        InflightFile *file; /* mapped */
};

#define barrier() __asm__ volatile("" ::: "memory") /* same machine, same mapping: the compiler is all that must keep order */

void inflight_hash(const char *topic, const void *payload, size_t n_payload, const char *stamp, InflightHash *ret) {
        crypto_generichash_state state;
        uint64_t n_topic = strlen(topic);

        crypto_generichash_init(&state, NULL, 0, sizeof ret->bytes);
        crypto_generichash_update(&state, (const uint8_t *)&n_topic, sizeof n_topic);
        crypto_generichash_update(&state, (const uint8_t *)topic, n_topic);
        crypto_generichash_update(&state, payload, n_payload);
        if (stamp)
                crypto_generichash_update(&state, (const uint8_t *)stamp, strlen(stamp));
        crypto_generichash_final(&state, ret->bytes, sizeof ret->bytes);
}

static Suspect *inflight_find(const Inflight *inflight, const InflightHash *hash) {
        InflightFile *file = inflight->file;

        for (uint32_t i = 0; i < file->n_suspects; i++)
                if (file->suspects[i].crashes > 0 && memcmp(&file->suspects[i].hash, hash, sizeof *hash) == 0)
                        return &file->suspects[i];
        return NULL;
}

static Suspect *inflight_place(Inflight *inflight) {
        InflightFile *file = inflight->file;

        for (uint32_t i = 0; i < file->n_suspects; i++)
                if (file->suspects[i].crashes == 0)
                        return &file->suspects[i];
        return file->n_suspects < INFLIGHT_MAX ? &file->suspects[file->n_suspects++] : NULL;
}

static void inflight_suspect(Inflight *inflight, const InflightHash *hash, bool parsing) {
        Suspect *suspect = inflight_find(inflight, hash);

        if (!suspect && (suspect = inflight_place(inflight)))
                *suspect = (Suspect){.hash = *hash};
        if (!suspect)
                return;
        if (suspect->crashes < UINT8_MAX)
                suspect->crashes++;
        suspect->parsing |= parsing;
}

static void inflight_take_stock(Inflight *inflight) {
        InflightFile *file = inflight->file;

        if (file->magic != INFLIGHT_MAGIC || file->layout != INFLIGHT_LAYOUT || file->n_work > INFLIGHT_MAX ||
            file->n_suspects > INFLIGHT_MAX || file->is_parsing > 1) {
                memset(file, 0, sizeof *file);
                file->magic = INFLIGHT_MAGIC;
                file->layout = INFLIGHT_LAYOUT;
                return;
        }
        for (uint32_t i = 0; i < file->n_work; i++)
                inflight_suspect(inflight, &file->work[i], false);
        if (file->is_parsing)
                inflight_suspect(inflight, &file->parsing, true);
        file->n_work = file->is_parsing = 0;
}

Inflight *inflight_open(const char *path) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                return NULL;
        Inflight *inflight = calloc(1, sizeof *inflight);
        if (!inflight)
                abort();
        void *map = MAP_FAILED;

        if (ftruncate(fd, sizeof(InflightFile)) == 0 && posix_fallocate(fd, 0, sizeof(InflightFile)) == 0)
                map = mmap(NULL, sizeof(InflightFile), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (map == MAP_FAILED) {
                free(inflight);
                return NULL;
        }
        inflight->file = map;
        inflight_take_stock(inflight);
        return inflight;
}

Inflight *inflight_close(Inflight *inflight) {
        if (!inflight)
                return NULL;
        inflight->file->n_work = inflight->file->is_parsing = 0;
        munmap(inflight->file, sizeof(InflightFile));
        free(inflight);
        return NULL;
}

unsigned inflight_crashes(const Inflight *inflight, const InflightHash *hash, bool *ret_parsing) {
        const Suspect *suspect = inflight ? inflight_find(inflight, hash) : NULL;

        *ret_parsing = suspect && suspect->parsing;
        return suspect ? suspect->crashes : 0;
}

size_t inflight_count(const Inflight *inflight) {
        size_t n = 0;

        if (inflight)
                for (uint32_t i = 0; i < inflight->file->n_suspects; i++)
                        n += inflight->file->suspects[i].crashes > 0;
        return n;
}

void inflight_parse_begin(Inflight *inflight, const InflightHash *hash) {
        if (!inflight)
                return;
        inflight->file->parsing = *hash;
        barrier();
        inflight->file->is_parsing = 1;
        barrier();
}

void inflight_parse_end(Inflight *inflight) {
        if (!inflight)
                return;
        barrier();
        inflight->file->is_parsing = 0;
}

void inflight_work(Inflight *inflight, const InflightHash *hashes, size_t n) {
        if (!inflight)
                return;
        if (n > INFLIGHT_MAX)
                n = INFLIGHT_MAX;
        inflight->file->n_work = 0;
        barrier();
        if (n > 0)
                memcpy(inflight->file->work, hashes, n * sizeof *hashes);
        barrier();
        inflight->file->n_work = (uint32_t)n;
        barrier();
}

void inflight_forget(Inflight *inflight, const InflightHash *hash) {
        Suspect *suspect = inflight ? inflight_find(inflight, hash) : NULL;

        if (suspect)
                suspect->crashes = 0;
        if (inflight)
                while (inflight->file->n_suspects > 0 && inflight->file->suspects[inflight->file->n_suspects - 1].crashes == 0)
                        inflight->file->n_suspects--;
}
