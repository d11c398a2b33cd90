#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/// Writes all of a text; a reader that goes away is no error.
static void csystem_write_all(int descriptor, const char *text, size_t count) {
    while (count > 0) {
        ssize_t written = write(descriptor, text, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        text += written;
        count -= (size_t)written;
    }
}

int csystem_page(const char *command, const char *text, size_t count) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    // Ctrl-C belongs to the pager while it runs.
    struct sigaction ignored = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGINT, &ignored, &before);
    pid_t child = fork();
    if (child == 0) {
        // Only calls that are safe between fork and exec.
        dup2(ends[0], 0);
        signal(SIGINT, SIG_DFL);
        signal(SIGPIPE, SIG_DFL);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    int failure = child < 0 ? errno : 0;
    close(ends[0]);
    if (child > 0) csystem_write_all(ends[1], text, count);
    close(ends[1]);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    sigaction(SIGINT, &before, NULL);
    if (failure) return failure;
    return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? ENOENT : 0;
}
