/* Fails, or ends the process at, the n-th change of a file below a folder. For LD_PRELOAD.
 *
 * fault_begin() reads FAULT_FOLDER, FAULT_AT (1 is the next change), FAULT_ERRNO (0: SIGKILL; -1: a
 * write of half the bytes; -2: SIGKILL after such a write), FAULT_ALWAYS (fail from then on), and
 * creates the file FAULT_MARK when it fires. Without FAULT_AT nothing fails. fault_count() returns
 * how many changes there were; with a negative FAULT_ERRNO, how many writes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static char folder[4096], mark[4096];
static long at, always;
static int number;
static atomic_long count;

static const char *text(const char *name) { const char *found = getenv(name); return found ? found : ""; }

void fault_begin(void) {
    count = 0;
    strncpy(folder, text("FAULT_FOLDER"), sizeof folder - 1);
    strncpy(mark, text("FAULT_MARK"), sizeof mark - 1);
    number = atoi(text("FAULT_ERRNO"));
    always = *text("FAULT_ALWAYS") != 0;
    at = atol(text("FAULT_AT"));
}

long fault_count(void) { return count; }

/* Return the error for a change of this path; 0 where it may happen, negative for half a write. */
static int fault(const char *path, int is_write) {
    if (at <= 0 || (number < 0 && !is_write) || !path || strncmp(path, folder, strlen(folder))) return 0;
    long now = ++count;
    if (now != at && !(always && now > at)) return 0;
    long made = syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT, 0644);
    if (made >= 0) syscall(SYS_close, made);
    if (number == 0) kill(getpid(), SIGKILL);
    return number;
}

static const char *path_of(int descriptor, char *buffer) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, buffer, 4095);
    if (length < 0) return NULL;
    buffer[length] = 0;
    return buffer;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)
#define FAIL_IF(path) \
    do { int error = fault(path, 0); if (error > 0) { errno = error; return -1; } } while (0)

ssize_t write(int descriptor, const void *bytes, size_t length) {
    REAL(ssize_t, "write", int, const void *, size_t);
    char buffer[4096];
    if (at > 0) {
        int error = fault(path_of(descriptor, buffer), 1);
        if (error > 0) { errno = error; return -1; }
        if (error < 0 && length > 1) length /= 2;
        if (error == -2) { real(descriptor, bytes, length); kill(getpid(), SIGKILL); }
    }
    return real(descriptor, bytes, length);
}

int fsync(int descriptor) {
    REAL(int, "fsync", int);
    char buffer[4096];
    if (at > 0) FAIL_IF(path_of(descriptor, buffer));
    return real(descriptor);
}

int ftruncate64(int descriptor, off64_t length) {
    REAL(int, "ftruncate64", int, off64_t);
    char buffer[4096];
    if (at > 0) FAIL_IF(path_of(descriptor, buffer));
    return real(descriptor, length);
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    FAIL_IF(to);
    return real(from, to);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    FAIL_IF(path);
    return real(path, mode);
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    FAIL_IF(path);
    return real(path);
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { \
            va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); \
        } \
        REAL(int, #name, const char *, int, ...); \
        if ((flags & O_ACCMODE) != O_RDONLY) FAIL_IF(path); \
        return real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
