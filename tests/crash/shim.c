/* A disk that fails or forgets: preloaded, it stands between a process and the file calls of the C library.

   VECGUARD_SHIM is a file of one page, shared with whoever watches:

       failing   1: writes, syncs and new files whose path contains `where` fail with `error`; first, `after` of them pass
       failed    how many failed
       where     a part of the paths that fail

   VECGUARD_SHIM_LOG, where it is set, is where every change of a file under VECGUARD_SHIM_FOLDER is written down, in
   order: kind (W write, T truncate, S sync, C create, R rename, U unlink), lengths, offset, path, data. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct control {
    volatile int32_t failing, error, after, failed;
    char where[512];
};

struct __attribute__((packed)) record {
    char kind;
    uint32_t path, data;
    int64_t offset;
};

static struct control *control;
static const char *folder;
static int log_file = -1;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void prepare(void) {
    const char *shared = getenv("VECGUARD_SHIM"), *log = getenv("VECGUARD_SHIM_LOG");
    int file = shared ? REAL(open)(shared, O_RDWR | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *page = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        control = page == MAP_FAILED ? NULL : page;
        REAL(close)(file);
    }
    folder = getenv("VECGUARD_SHIM_FOLDER");
    if (log && folder) log_file = REAL(open)(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int path_of(int fd, char *path) {
    char link[64];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    errno = saved;
    if (length <= 0 || path[0] != '/') return 0;
    path[length] = 0;
    return 1;
}

static int refused(const char *path) {
    if (!control || !control->failing || !strstr(path, control->where)) return 0;
    if (__sync_fetch_and_sub(&control->after, 1) > 0) return 0;
    __sync_fetch_and_add(&control->failed, 1);
    errno = control->error;
    return 1;
}

static void note(char kind, const char *path, int64_t offset, const void *data, size_t size) {
    if (log_file < 0 || strncmp(path, folder, strlen(folder))) return;
    int saved = errno;
    struct record head = {kind, (uint32_t)strlen(path), (uint32_t)size, offset};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)path, head.path}, {(void *)data, size}};
    if (REAL(writev)(log_file, parts, 3) != (ssize_t)(sizeof head + head.path + size)) abort();
    errno = saved;
}

static int64_t position(int fd) {
    struct stat stat;
    if (fcntl(fd, F_GETFL) & O_APPEND) return fstat(fd, &stat) ? 0 : stat.st_size;
    return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *data, size_t size) {
    char path[PATH_MAX];
    if (fd == log_file || !path_of(fd, path)) return REAL(write)(fd, data, size);
    if (refused(path)) return -1;
    int64_t offset = position(fd);
    ssize_t done = REAL(write)(fd, data, size);
    if (done > 0) note('W', path, offset, data, (size_t)done);
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
    char path[PATH_MAX];
    int known = path_of(fd, path);
    if (known && refused(path)) return -1;
    ssize_t done = REAL(pwrite64)(fd, data, size, offset);
    if (known && done > 0) note('W', path, offset, data, (size_t)done);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return pwrite64(fd, data, size, offset); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    if (fd == log_file || !path_of(fd, path)) return REAL(writev)(fd, parts, count);
    if (refused(path)) return -1;
    int64_t offset = position(fd);
    ssize_t done = REAL(writev)(fd, parts, count), left = done;
    for (int at = 0; at < count && left > 0; at++) {
        ssize_t size = left < (ssize_t)parts[at].iov_len ? left : (ssize_t)parts[at].iov_len;
        note('W', path, offset, parts[at].iov_base, (size_t)size);
        offset += size, left -= size;
    }
    return done;
}

int ftruncate64(int fd, off64_t size) {
    char path[PATH_MAX];
    struct stat stat;
    int known = path_of(fd, path);
    if (known && !fstat(fd, &stat) && size > stat.st_size && refused(path)) return -1;
    int failed = REAL(ftruncate64)(fd, size);
    if (known && !failed) note('T', path, size, "", 0);
    return failed;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int fsync(int fd) {
    char path[PATH_MAX];
    int known = path_of(fd, path);
    if (known && control && control->error == EIO && refused(path)) return -1;
    int failed = REAL(fsync)(fd);
    if (known && !failed) note('S', path, 0, "", 0);
    return failed;
}

int fdatasync(int fd) {
    char path[PATH_MAX];
    int known = path_of(fd, path);
    if (known && control && control->error == EIO && refused(path)) return -1;
    int failed = REAL(fdatasync)(fd);
    if (known && !failed) note('S', path, 0, "", 0);
    return failed;
}

static int opening(int from, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat stat;
    int fresh = (flags & O_CREAT) && fstatat(from, name, &stat, 0) != 0;
    if (fresh && refused(name)) return -1;
    int fd = REAL(openat64)(from, name, flags, mode);
    if (fd >= 0 && (flags & (O_CREAT | O_TRUNC)) && path_of(fd, path)) {
        if (fresh) note('C', path, 0, "", 0);
        else if (flags & O_TRUNC) note('T', path, 0, "", 0);
    }
    return fd;
}

#define MODE(flags, mode)                                                                                             \
    mode_t mode = 0;                                                                                                  \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                            \
        va_list rest;                                                                                                 \
        va_start(rest, flags);                                                                                        \
        mode = va_arg(rest, mode_t);                                                                                  \
        va_end(rest);                                                                                                 \
    }

int open(const char *name, int flags, ...) { MODE(flags, mode) return opening(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags, mode) return opening(AT_FDCWD, name, flags, mode); }
int openat(int from, const char *name, int flags, ...) { MODE(flags, mode) return opening(from, name, flags, mode); }
int openat64(int from, const char *name, int flags, ...) { MODE(flags, mode) return opening(from, name, flags, mode); }

int rename(const char *old, const char *fresh) {
    int failed = REAL(rename)(old, fresh);
    if (!failed) note('R', old, 0, fresh, strlen(fresh));
    return failed;
}

int unlink(const char *name) {
    int failed = REAL(unlink)(name);
    if (!failed) note('U', name, 0, "", 0);
    return failed;
}
