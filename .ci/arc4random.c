// Random numbers of the system under the names that glibc has them by from 2.36 on, for libraries that were built with such
// a glibc and run with an older one (.ci/lower-glibc).
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void arc4random_buf(void *bytes, size_t count) {
    uint8_t *rest = bytes;
    while (count > 0) {
        const ssize_t given = getrandom(rest, count, 0);
        if (given < 0) {
            if (errno == EINTR) continue;
            abort(); // as in glibc: nobody may go on with numbers that are not random
        }
        rest += given;
        count -= (size_t)given;
    }
}

EXPORTED uint32_t arc4random(void) {
    uint32_t number;
    arc4random_buf(&number, sizeof number);
    return number;
}

EXPORTED uint32_t arc4random_uniform(uint32_t bound) {
    if (bound < 2) return 0;
    // Numbers below the remainder of 2^32 would come up too often.
    const uint32_t least = -bound % bound;
    uint32_t number;
    do number = arc4random();
    while (number < least);
    return number % bound;
}
