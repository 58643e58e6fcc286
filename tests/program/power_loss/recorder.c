/* Recorder of changes below a folder, preloaded into the program under test. For each change it
 * appends an entry to a journal, from which tests/program/power_loss/disk.rs computes what a disk
 * may hold after a loss of power. All calls are passed on unchanged.
 *
 * DAYMARK_POWER_ROOT     folder whose changes are recorded, as an absolute path
 * DAYMARK_POWER_JOURNAL  file of the journal
 *
 * entry = kind u8 | fd i32 | number u64 | text length u32 | text      (native byte order)
 *
 *   kind   fd    number    text
 *   O      fd    flags     path            open for reading or writing, of files and folders
 *   W      fd    offset    bytes           write
 *   T      fd    length                    truncate
 *   S      fd                              sync of a file or a folder, after its end
 *   M                      path            mkdir
 *   R                      path NUL path   rename
 *   U                      path            unlink and rmdir
 *
 * A write is recorded before it is passed on and a sync after it has ended, so that no thread syncs
 * a write which the journal has after the sync. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS_MAX 4096
#define PATH_BYTES_MAX 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *paths[FDS_MAX]; /* path of each recorded descriptor */
static int journal = -1;

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

static const char *root(void) {
    const char *given = getenv("DAYMARK_POWER_ROOT");
    return given ? given : "\1";
}

static int is_below(const char *path) {
    size_t length = strlen(root());
    return strncmp(path, root(), length) == 0 && (path[length] == '/' || path[length] == 0);
}

static int is_recorded(int fd) { return fd >= 0 && fd < FDS_MAX && paths[fd] != NULL; }

static void append(char kind, int fd, uint64_t number, const void *text, uint32_t length) {
    typedef ssize_t (*writev_t)(int, const struct iovec *, int);
    int error = errno;
    int32_t wide = fd;
    pthread_mutex_lock(&lock);
    if (journal < 0) {
        typedef int (*open_t)(const char *, int, ...);
        journal = NEXT(open_t, "open64")(getenv("DAYMARK_POWER_JOURNAL"),
                                         O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    struct iovec parts[] = {
        {&kind, 1}, {&wide, 4}, {&number, 8}, {&length, 4}, {(void *)text, length}};
    ssize_t written = NEXT(writev_t, "writev")(journal, parts, 5);
    if (written != (ssize_t)(17 + length)) {
        static const char message[] = "recorder: the journal cannot be written\n";
        if (write(2, message, sizeof message - 1) < 0) _exit(97);
        _exit(97);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
}

/* Copies the absolute path of a name below a recorded folder, or of an absolute name. */
static int absolute(int folder, const char *name, char *path) {
    if (name[0] == '/') return snprintf(path, PATH_BYTES_MAX, "%s", name) < PATH_BYTES_MAX;
    if (!is_recorded(folder)) return 0;
    return snprintf(path, PATH_BYTES_MAX, "%s/%s", paths[folder], name) < PATH_BYTES_MAX;
}

static int opened(int fd, const char *path, int flags) {
    if (fd >= 0 && fd < FDS_MAX && is_below(path)) {
        paths[fd] = strdup(path);
        append('O', fd, (uint64_t)flags, path, (uint32_t)strlen(path));
    }
    return fd;
}

static int open_any(const char *name, const char *path, int flags, mode_t mode) {
    typedef int (*open_t)(const char *, int, ...);
    return opened(NEXT(open_t, name)(path, flags, mode), path, flags);
}

static mode_t mode_of(int flags, va_list rest) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_any("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_any("open64", path, flags, mode);
}

int openat64(int folder, const char *name, int flags, ...) {
    typedef int (*openat_t)(int, const char *, int, ...);
    char path[PATH_BYTES_MAX];
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    int fd = NEXT(openat_t, "openat64")(folder, name, flags, mode);
    return absolute(folder, name, path) ? opened(fd, path, flags) : fd;
}

int close(int fd) {
    typedef int (*close_t)(int);
    if (is_recorded(fd)) {
        free(paths[fd]);
        paths[fd] = NULL;
    }
    return NEXT(close_t, "close")(fd);
}

static off64_t position(int fd) {
    struct stat64 file;
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && flags & O_APPEND && fstat64(fd, &file) == 0) return file.st_size;
    return lseek64(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    typedef ssize_t (*write_t)(int, const void *, size_t);
    if (is_recorded(fd)) append('W', fd, (uint64_t)position(fd), bytes, (uint32_t)count);
    return NEXT(write_t, "write")(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    typedef ssize_t (*writev_t)(int, const struct iovec *, int);
    if (is_recorded(fd)) {
        uint64_t at = (uint64_t)position(fd);
        for (int i = 0; i < count; i++) {
            append('W', fd, at, parts[i].iov_base, (uint32_t)parts[i].iov_len);
            at += parts[i].iov_len;
        }
    }
    return NEXT(writev_t, "writev")(fd, parts, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    typedef ssize_t (*pwrite_t)(int, const void *, size_t, off64_t);
    if (is_recorded(fd)) append('W', fd, (uint64_t)at, bytes, (uint32_t)count);
    return NEXT(pwrite_t, "pwrite64")(fd, bytes, count, at);
}

int ftruncate64(int fd, off64_t length) {
    typedef int (*truncate_t)(int, off64_t);
    if (is_recorded(fd)) append('T', fd, (uint64_t)length, "", 0);
    return NEXT(truncate_t, "ftruncate64")(fd, length);
}

static int synced(const char *name, int fd) {
    typedef int (*sync_t)(int);
    int result = NEXT(sync_t, name)(fd);
    if (result == 0 && is_recorded(fd)) append('S', fd, 0, "", 0);
    return result;
}

int fsync(int fd) { return synced("fsync", fd); }

int fdatasync(int fd) { return synced("fdatasync", fd); }

int mkdir(const char *path, mode_t mode) {
    typedef int (*mkdir_t)(const char *, mode_t);
    int result = NEXT(mkdir_t, "mkdir")(path, mode);
    if (result == 0 && is_below(path)) append('M', -1, 0, path, (uint32_t)strlen(path));
    return result;
}

int rename(const char *from, const char *to) {
    typedef int (*rename_t)(const char *, const char *);
    int result = NEXT(rename_t, "rename")(from, to);
    if (result == 0 && is_below(from)) {
        char both[2 * PATH_BYTES_MAX];
        int length = snprintf(both, sizeof both, "%s%c%s", from, 0, to);
        append('R', -1, 0, both, (uint32_t)length);
    }
    return result;
}

static int removed(int result, const char *path) {
    if (result == 0 && is_below(path)) append('U', -1, 0, path, (uint32_t)strlen(path));
    return result;
}

int unlink(const char *path) {
    typedef int (*unlink_t)(const char *);
    return removed(NEXT(unlink_t, "unlink")(path), path);
}

int rmdir(const char *path) {
    typedef int (*rmdir_t)(const char *);
    return removed(NEXT(rmdir_t, "rmdir")(path), path);
}

int unlinkat(int folder, const char *name, int flags) {
    typedef int (*unlinkat_t)(int, const char *, int);
    char path[PATH_BYTES_MAX];
    int result = NEXT(unlinkat_t, "unlinkat")(folder, name, flags);
    return absolute(folder, name, path) ? removed(result, path) : result;
}
