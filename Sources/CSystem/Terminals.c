#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

int csystem_terminal_columns(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int csystem_terminal_rows(int descriptor) {
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

int csystem_open_terminal(int columns, int rows, int *controller, int *terminal) {
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    if (openpty(controller, terminal, NULL, NULL, &size) != 0) return errno;
    fcntl(*controller, F_SETFD, FD_CLOEXEC);
    fcntl(*terminal, F_SETFD, FD_CLOEXEC);
    return 0;
}

int csystem_resize_terminal(int controller, int columns, int rows) {
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    return ioctl(controller, TIOCSWINSZ, &size) == 0 ? 0 : errno;
}

int csystem_spawn_on_terminal(
    const char *path, char *const arguments[], char *const environment[], const char *folder, int terminal,
    pid_t *process) {
    pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) {
        // Only calls that are safe between fork and exec.
        setsid();
        ioctl(terminal, TIOCSCTTY, 0);
        for (int descriptor = 0; descriptor < 3; descriptor++) dup2(terminal, descriptor);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        signal(SIGINT, SIG_DFL);
        signal(SIGPIPE, SIG_DFL);
        if (folder && chdir(folder) != 0) _exit(127);
        execve(path, arguments, environment);
        _exit(127);
    }
    *process = child;
    return 0;
}
