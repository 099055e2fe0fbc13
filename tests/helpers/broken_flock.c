/* A preloaded `flock` of file systems without working locks: it fails with FLOCK_ERRNO; 0 accepts
   every lock and keeps nobody out. */
#include <errno.h>
#include <stdlib.h>

int flock(int descriptor, int operation) {
    const char *number = getenv("FLOCK_ERRNO");
    (void)descriptor;
    (void)operation;
    errno = number ? atoi(number) : ENOSYS;
    return errno ? -1 : 0;
}
