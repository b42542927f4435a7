#include "plugin/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((off_t)128 << 20)

typedef struct Job {
        struct Job *next;
        SnapshotResult result;
        ControlRosterBegin begin;
        char *bytes; /* owned */
        size_t n_bytes;
} Job;

typedef struct JobQueue {
        Job *first, **last;
} JobQueue;

struct Snapshot {
        char directory[512];
        pthread_t thread;
        bool running;
        pthread_mutex_t lock; /* guards what follows */
        pthread_cond_t wake;
        JobQueue waiting, done;
        bool stop;
        atomic_uint n_done; /* so that a tick without news takes no lock */
};

static void queue_push(JobQueue *queue, Job *job) {
        job->next = NULL;
        *queue->last = job;
        queue->last = &job->next;
}

static Job *queue_pop(JobQueue *queue) {
        Job *job = queue->first;
        if (job == NULL)
                return NULL;
        queue->first = job->next;
        if (queue->first == NULL)
                queue->last = &queue->first;
        return job;
}

static void job_free(Job *job) {
        if (job->bytes != NULL)
                sodium_memzero(job->bytes, job->n_bytes);
        free(job->bytes);
        roster_free(job->result.roster);
        free(job);
}

static bool write_all(int fd, const char *data, size_t n) {
        while (n > 0) {
                ssize_t written = write(fd, data, n);
                if (written < 0 && errno == EINTR)
                        continue;
                if (written <= 0)
                        return false;
                data += written;
                n -= (size_t)written;
        }
        return true;
}

static bool directory_sync(const char *directory) {
        int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return false;
        bool synced = fsync(fd) == 0;
        close(fd);
        return synced;
}

/* Written beside, synced, renamed: a reader finds the old file or the new one, whole. */
static bool file_replace(const char *directory, const char *area, const char *data, size_t n) {
        char path[640], beside[648];
        snprintf(path, sizeof path, "%s/%s.roster", directory, area);
        snprintf(beside, sizeof beside, "%s.new", path);
        int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return false;
        bool written = write_all(fd, data, n) && fsync(fd) == 0;
        int error = errno;
        close(fd);
        if (written && rename(beside, path) == 0)
                return directory_sync(directory);
        if (!written)
                errno = error;
        return false;
}

static const char *outcome_words(int outcome) {
        switch (outcome) {
        case ROSTER_E_LIMIT:
                return "a limit is exceeded";
        case ROSTER_E_DUPLICATE:
                return "a unit, member or device stands in it twice";
        case ROSTER_E_REFERENCE:
                return "it refers to what is not there";
        case ROSTER_E_HASH:
                return "torn: its hash is wrong";
        case ROSTER_E_TIER:
                return "a unit's parent is of the wrong tier";
        case ROSTER_E_AREA:
                return "it is another area's";
        default:
                return "malformed";
        }
}

static void job_run(const Snapshot *snapshot, Job *job) {
        SnapshotResult *result = &job->result;
        int r = roster_decode(job->bytes, job->n_bytes, result->area, &result->roster);
        if (r != 0) {
                snprintf(result->why, sizeof result->why, "%s", outcome_words(r));
                return;
        }
        if (roster_epoch(result->roster) != job->begin.epoch || roster_version(result->roster) != job->begin.version ||
            memcmp(roster_hash(result->roster), job->begin.hash, ROSTER_HASH_BYTES) != 0) {
                result->roster = roster_free(result->roster);
                snprintf(result->why, sizeof result->why, "it is not what was announced");
                return;
        }
        if (!file_replace(snapshot->directory, result->area, job->bytes, job->n_bytes))
                snprintf(result->why, sizeof result->why, "not written to %.80s: %.40s", snapshot->directory, strerror(errno));
}

static void *worker(void *userdata) {
        Snapshot *snapshot = userdata;
        pthread_mutex_lock(&snapshot->lock);
        for (;;) {
                Job *job = queue_pop(&snapshot->waiting);
                if (job == NULL) {
                        if (snapshot->stop)
                                break;
                        pthread_cond_wait(&snapshot->wake, &snapshot->lock);
                        continue;
                }
                pthread_mutex_unlock(&snapshot->lock);
                job_run(snapshot, job);
                pthread_mutex_lock(&snapshot->lock);
                queue_push(&snapshot->done, job);
                atomic_fetch_add(&snapshot->n_done, 1);
        }
        pthread_mutex_unlock(&snapshot->lock);
        return NULL;
}

/* The broker's signals stay with the broker's thread. */
static bool worker_start(Snapshot *snapshot) {
        if (snapshot->running)
                return true;
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        snapshot->running = pthread_create(&snapshot->thread, NULL, worker, snapshot) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return snapshot->running;
}

Snapshot *snapshot_new(const char *directory) {
        Snapshot *snapshot = calloc(1, sizeof *snapshot);
        if (snapshot == NULL)
                return NULL;
        snprintf(snapshot->directory, sizeof snapshot->directory, "%s", directory);
        pthread_mutex_init(&snapshot->lock, NULL);
        pthread_cond_init(&snapshot->wake, NULL);
        snapshot->waiting.last = &snapshot->waiting.first;
        snapshot->done.last = &snapshot->done.first;
        return snapshot;
}

Snapshot *snapshot_free(Snapshot *snapshot) {
        if (snapshot == NULL)
                return NULL;
        if (snapshot->running) {
                pthread_mutex_lock(&snapshot->lock);
                snapshot->stop = true;
                pthread_cond_signal(&snapshot->wake);
                pthread_mutex_unlock(&snapshot->lock);
                pthread_join(snapshot->thread, NULL);
        }
        for (Job *job; (job = queue_pop(&snapshot->done)) != NULL;)
                job_free(job);
        pthread_cond_destroy(&snapshot->wake);
        pthread_mutex_destroy(&snapshot->lock);
        free(snapshot);
        return NULL;
}

bool snapshot_submit(Snapshot *snapshot, const char *area, const char *client_id, const ControlRosterBegin *begin, Text *bytes) {
        Job *job = calloc(1, sizeof *job);
        if (job == NULL || !worker_start(snapshot)) {
                free(job);
                return false;
        }
        snprintf(job->result.area, sizeof job->result.area, "%s", area);
        snprintf(job->result.client_id, sizeof job->result.client_id, "%s", client_id);
        job->begin = *begin;
        job->n_bytes = bytes->n;
        job->bytes = text_steal(bytes);
        pthread_mutex_lock(&snapshot->lock);
        queue_push(&snapshot->waiting, job);
        pthread_cond_signal(&snapshot->wake);
        pthread_mutex_unlock(&snapshot->lock);
        return true;
}

bool snapshot_collect(Snapshot *snapshot, SnapshotResult *ret) {
        if (atomic_load(&snapshot->n_done) == 0)
                return false;
        pthread_mutex_lock(&snapshot->lock);
        Job *job = queue_pop(&snapshot->done);
        atomic_fetch_sub(&snapshot->n_done, 1);
        pthread_mutex_unlock(&snapshot->lock);
        *ret = job->result;
        job->result.roster = NULL;
        job_free(job);
        return true;
}

static Roster *load_open(int fd, const char *area, char *why, size_t n_why) {
        struct stat info;
        if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > FILE_BYTES_MAX || (info.st_mode & S_IWOTH) != 0) {
                snprintf(why, n_why, "it is no private file of a fit size");
                return NULL;
        }
        size_t size = (size_t)info.st_size, n = 0;
        char *data = malloc(size + 1);
        ssize_t got = 1;
        while (data != NULL && n < size && (got = read(fd, data + n, size - n)) > 0)
                n += (size_t)got;
        Roster *roster = NULL;
        int r = data == NULL ? ROSTER_E_LIMIT : roster_decode(data, n, area, &roster);
        if (r != 0)
                snprintf(why, n_why, "%s", outcome_words(r));
        if (data != NULL)
                sodium_memzero(data, size);
        free(data);
        return roster;
}

Roster *snapshot_load(const char *directory, const char *area, char *why, size_t n_why) {
        char path[640];
        why[0] = '\0';
        snprintf(path, sizeof path, "%s/%s.roster", directory, area);
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
        if (fd < 0) {
                if (errno != ENOENT)
                        snprintf(why, n_why, "%s", strerror(errno));
                return NULL;
        }
        Roster *roster = load_open(fd, area, why, n_why);
        close(fd);
        return roster;
}
