/* io.write: rows into a file.
 *
 * They are written to a file beside it, which takes its name when the run has ended by itself:
 * whoever looks, even after a crash, finds the old file or the whole new one, never a part.
 */
#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE 700 /* realpath */
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    struct sink sink;
    char *name;    /* the path as the user wrote it, in quotation marks */
    char *path;    /* absolute, links resolved */
    char *partial; /* what is written to until then; NULL where the rows go straight to path */
    bool is_whole; /* all input was seen and is on the disk */
    bool is_claimed;
    bool is_refused;   /* another node has claimed the path */
    struct file *next; /* in `claimed` */
};

/* The files that nodes of this process write; two nodes for one would overwrite each other. */
static pthread_mutex_t claims = PTHREAD_MUTEX_INITIALIZER;
static struct file *claimed;

static bool claim(struct file *file) {
    pthread_mutex_lock(&claims);
    struct file *other = claimed;
    while (other && strcmp(other->path, file->path) != 0) other = other->next;
    if (!other) {
        file->next = claimed;
        claimed = file;
        file->is_claimed = true;
    }
    pthread_mutex_unlock(&claims);
    return file->is_claimed;
}

static void unclaim(struct file *file) {
    if (!file->is_claimed) return;
    pthread_mutex_lock(&claims);
    struct file **link = &claimed;
    while (*link != file) link = &(*link)->next;
    *link = file->next;
    pthread_mutex_unlock(&claims);
}

/* The path without links: of the file, or where there is none yet, of its folder and its name in
 * there. To be freed; NULL with errno. */
static char *resolved(const char *path) {
    char *whole = realpath(path, NULL);
    if (whole || errno != ENOENT) return whole;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (!*name) return NULL;
    char *folder = slash ? strndup(path, (size_t)(name - path)) : strdup(".");
    char *place = folder ? realpath(folder, NULL) : NULL;
    if (place) whole = malloc(strlen(place) + strlen(name) + sizeof "/");
    if (whole) strcat(strcat(strcpy(whole, place), "/"), name);
    int error = errno;
    free(place);
    free(folder);
    errno = error;
    return whole;
}

/* A new file beside the path; its descriptor, or -1 with errno. */
static int open_partial(struct file *file) {
    size_t size = strlen(file->path) + sizeof ".01234567.partial";
    file->partial = malloc(size);
    if (!file->partial) return -1;
    int descriptor;
    do {
        uint32_t suffix;
        if (getrandom(&suffix, sizeof suffix, 0) != sizeof suffix) return -1;
        snprintf(file->partial, size, "%s.%08x.partial", file->path, suffix);
        descriptor = open(file->partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (descriptor < 0 && errno == EEXIST);
    if (descriptor < 0) {
        int error = errno;
        free(file->partial);
        file->partial = NULL;
        errno = error;
    }
    return descriptor;
}

/* The descriptor to write to, or -1 with errno. */
static int open_target(struct file *file, bool append) {
    struct stat old;
    bool exists = stat(file->path, &old) == 0;
    if (exists && S_ISDIR(old.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    if (exists && !S_ISREG(old.st_mode)) { /* a device or a pipe has no name to take over */
        return open(file->path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    }
    if (!claim(file)) {
        file->is_refused = true;
        return -1;
    }
    if (append) return open(file->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (exists && access(file->path, W_OK)) return -1; /* a rename would not ask */
    int descriptor = open_partial(file);
    /* The new file keeps who may read the old one. */
    if (descriptor >= 0 && exists && fchmod(descriptor, old.st_mode & 0777)) {
        int error = errno;
        close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
}

static pipes_status open_file(struct file *file, const pipes_value *args) {
    struct sink *sink = &file->sink;
    char *path = io_path(sink->host, sink->node, &args[0]);
    if (!path) return PIPES_FATAL;
    sink->name = file->name = io_quoted(path);
    if (file->name) file->path = resolved(path);
    int descriptor = file->path ? open_target(file, args[1].integer != 0) : -1;
    const char *why = descriptor < 0 ? strerror(errno) : NULL;
    free(path);
    if (!why) return sink_open(sink, descriptor);
    if (file->is_refused) why = "another node writes it already";
    return io_fail(sink->host, sink->node, NULL, "can't write %s: %s",
                   file->name ? file->name : "a file", why);
}

pipes_status write_open(const pipes_host *host, pipes_node *node, const pipes_value *args,
                        size_t count, void **state) {
    (void)count;
    struct file *file = calloc(1, sizeof *file);
    if (!file) return io_fail(host, node, NULL, "no memory");
    file->sink.host = host;
    file->sink.node = node;
    file->sink.file = file->sink.wake = -1;
    file->sink.text.non_finite = non_finite_of(&args[2]);
    pipes_status status = open_file(file, args);
    if (status == PIPES_OK) {
        *state = file;
    } else {
        write_close(file);
    }
    return status;
}

pipes_status write_process(void *state, pipes_call *call, const pipes_batch *batch) {
    struct file *file = state;
    return sink_rows(&file->sink, call, batch);
}

/* All rows were seen. Before the file takes its name its content must have reached the disk, or a
 * power failure could leave the name on an empty file. Whoever reads a pipe learns now that it has
 * ended: perhaps it is what the rest of the run waits for. */
pipes_status write_flush(void *state, pipes_call *call) {
    struct file *file = state;
    int descriptor = file->sink.file;
    /* A pipe has no disk. */
    int error = fsync(descriptor) && errno != EINVAL && errno != EROFS ? errno : 0;
    if (close(descriptor) && !error) error = errno;
    file->sink.file = -1;
    if (error) {
        return io_fail(file->sink.host, file->sink.node, call, "can't write %s: %s", file->name,
                       strerror(error));
    }
    file->is_whole = true;
    return PIPES_OK;
}

void write_interrupt(void *state) {
    struct file *file = state;
    wake_up(file->sink.wake);
}

/* A new name is on the disk once its folder is. */
static void sync_folder(const char *path) {
    char *folder = strndup(path, (size_t)(strrchr(path, '/') - path + 1));
    int descriptor = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (descriptor >= 0) {
        (void)!fsync(descriptor); /* not every file system can */
        close(descriptor);
    }
    free(folder);
}

/* Gives the file its name, or removes it where the run did not end by itself: close comes when all
 * of it has. */
static void settle_partial(struct file *file) {
    struct sink *sink = &file->sink;
    if (!file->is_whole || sink->host->stopping(sink->node)) {
        unlink(file->partial);
    } else if (rename(file->partial, file->path)) {
        char text[4096 + 512];
        snprintf(text, sizeof text, "can't rename \"%s\" to \"%s\": %s", file->partial, file->path,
                 strerror(errno));
        sink->host->log(sink->node, PIPES_ERROR, text, strlen(text));
    } else {
        sync_folder(file->path);
    }
}

void write_close(void *state) {
    struct file *file = state;
    if (file->partial) settle_partial(file);
    if (file->sink.file >= 0) close(file->sink.file);
    sink_close(&file->sink);
    unclaim(file);
    free(file->partial);
    free(file->path);
    free(file->name);
    free(file);
}
