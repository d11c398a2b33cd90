#define _GNU_SOURCE
#include "CLibEdit.h"

#include "Text.h"

#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

/// Pastes longer than this are cut: libedit's drawing is quadratic in the length.
#define CLIBEDIT_LONGEST_PASTE (1 << 16)
/// Inputs that the arrow keys find.
#define CLIBEDIT_HISTORY_SIZE 2000

/// Keys that no keyboard sends here: our functions push them so that libedit's own functions run.
#define CLIBEDIT_KEY_FINISH L"\x1c"
#define CLIBEDIT_KEY_OLDER L"\x1d"
#define CLIBEDIT_KEY_NEWER L"\x1e"

struct clibedit_editor {
    EditLine *line;
    HistoryW *history;
    wchar_t *prompt;
    clibedit_callbacks callbacks;
    bool was_interrupted;
};

static clibedit_editor *clibedit_owner(EditLine *line) {
    void *owner = NULL;
    el_wget(line, EL_CLIENTDATA, &owner);
    return owner;
}

static wchar_t *clibedit_prompt(EditLine *line) { return clibedit_owner(line)->prompt; }

// Keys

/// Follows a text over the screen: the row and column behind it, where lines end after the last column.
static void clibedit_follow(const wchar_t *text, const wchar_t *end, int columns, int *row, int *column) {
    bool is_hidden = false;
    for (; text < end && *text; text++) {
        if (*text == L'\1') is_hidden = !is_hidden;
        if (is_hidden) continue;
        int width = wcwidth(*text);
        if (*text == L'\n') {
            (*row)++;
            *column = 0;
        } else if (width > 0) {
            if (*column + width > columns) {
                (*row)++;
                *column = 0;
            }
            *column += width;
        }
    }
}

/// Draws the input anew after the window changed: terminals have moved its lines to their new width already.
static void clibedit_redraw(clibedit_editor *editor) {
    el_resize(editor->line);
    struct winsize size;
    int row = 0, column = 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        const LineInfoW *info = el_wline(editor->line);
        clibedit_follow(editor->prompt, editor->prompt + wcslen(editor->prompt), size.ws_col, &row, &column);
        clibedit_follow(info->buffer, info->cursor, size.ws_col, &row, &column);
    }
    if (row > 0) printf("\x1b[%dA", row);
    printf("\r\x1b[J");
    fflush(stdout);
    el_wset(editor->line, EL_REFRESH);
}

/// Waits for input with signals let through only while waiting, so that none is missed; false when Ctrl-C came.
static bool clibedit_wait(clibedit_editor *editor, int descriptor) {
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGWINCH);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    bool goes_on = true;
    for (;;) {
        clibedit_signal signal = editor->callbacks.take_signal(editor->callbacks.context);
        if (signal == CLIBEDIT_WAS_INTERRUPTED) {
            goes_on = false;
            break;
        }
        if (signal == CLIBEDIT_RESIZED) clibedit_redraw(editor);
        struct pollfd input = {.fd = descriptor, .events = POLLIN};
        int count = ppoll(&input, 1, NULL, &before);
        if (count >= 0 || errno != EINTR) break;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return goes_on;
}

/// One byte: 1, 0 at the end of the input, -1 on an error or Ctrl-C.
static int clibedit_read_byte(clibedit_editor *editor, int descriptor, unsigned char *byte) {
    for (;;) {
        if (!clibedit_wait(editor, descriptor)) {
            editor->was_interrupted = true;
            errno = EINTR;
            return -1;
        }
        ssize_t count = read(descriptor, byte, 1);
        if (count >= 0) return (int)count;
        if (errno != EINTR && errno != EAGAIN) return -1;
    }
}

static int clibedit_get_character(EditLine *line, wchar_t *character) {
    clibedit_editor *editor = clibedit_owner(line);
    FILE *stream = NULL;
    el_wget(line, EL_GETFP, 0, &stream);
    int descriptor = fileno(stream);
    unsigned char byte;
    int status = clibedit_read_byte(editor, descriptor, &byte);
    if (status != 1) return status;
    int following = clibedit_following(byte);
    *character = clibedit_first_bits(byte);
    for (; following > 0; following--) {
        status = clibedit_read_byte(editor, descriptor, &byte);
        if (status != 1) return status;
        if ((byte & 0xC0) != 0x80) {
            *character = 0xFFFD;
            return 1;
        }
        *character = (*character << 6) | (byte & 0x3F);
    }
    return 1;
}

// Functions bound to keys

static char *clibedit_text(EditLine *line, bool only_before_cursor) {
    const LineInfoW *info = el_wline(line);
    const wchar_t *end = only_before_cursor ? info->cursor : info->lastchar;
    return clibedit_narrow(info->buffer, (size_t)(end - info->buffer));
}

static unsigned char clibedit_on_tab(EditLine *line, wint_t key) {
    (void)key;
    clibedit_editor *editor = clibedit_owner(line);
    char *text = clibedit_text(line, true);
    if (!text) return CC_ERROR;
    clibedit_completion what = editor->callbacks.complete(editor->callbacks.context, text);
    free(text);
    if (what == CLIBEDIT_CHANGED) return CC_REFRESH;
    return what == CLIBEDIT_PRINTED ? CC_REDISPLAY : CC_REFRESH_BEEP;
}

static unsigned char clibedit_on_enter(EditLine *line, wint_t key) {
    (void)key;
    clibedit_editor *editor = clibedit_owner(line);
    char *text = clibedit_text(line, false);
    bool is_unfinished = text && editor->callbacks.is_unfinished(editor->callbacks.context, text);
    free(text);
    if (is_unfinished && el_winsertstr(line, L"\n") == 0) return CC_REFRESH;
    el_wpush(line, CLIBEDIT_KEY_FINISH);
    return CC_NORM;
}

static unsigned char clibedit_on_newline(EditLine *line, wint_t key) {
    (void)key;
    return el_winsertstr(line, L"\n") == 0 ? CC_REFRESH : CC_ERROR;
}

/// Moves the cursor a line up or down at its column; false where there is none.
static bool clibedit_move_line(EditLine *line, int direction) {
    const LineInfoW *info = el_wline(line);
    const wchar_t *start = info->cursor;
    while (start > info->buffer && start[-1] != L'\n') start--;
    long column = info->cursor - start;
    const wchar_t *target;
    if (direction < 0) {
        if (start == info->buffer) return false;
        target = start - 1;
        while (target > info->buffer && target[-1] != L'\n') target--;
    } else {
        target = info->cursor;
        while (target < info->lastchar && *target != L'\n') target++;
        if (target == info->lastchar) return false;
        target++;
    }
    while (column-- > 0 && target < info->lastchar && *target != L'\n') target++;
    el_cursor(line, (int)(target - info->cursor));
    return true;
}

static unsigned char clibedit_on_up(EditLine *line, wint_t key) {
    (void)key;
    if (clibedit_move_line(line, -1)) return CC_REFRESH;
    el_wpush(line, CLIBEDIT_KEY_OLDER);
    return CC_NORM;
}

static unsigned char clibedit_on_down(EditLine *line, wint_t key) {
    (void)key;
    if (clibedit_move_line(line, 1)) return CC_REFRESH;
    el_wpush(line, CLIBEDIT_KEY_NEWER);
    return CC_NORM;
}

/// Reads up to ESC [ 201 ~ and inserts what stands before it in one piece.
static unsigned char clibedit_on_paste(EditLine *line, wint_t key) {
    (void)key;
    static const wchar_t end[] = L"\x1b[201~";
    const size_t end_count = sizeof end / sizeof *end - 1;
    clibedit_editor *editor = clibedit_owner(line);
    wchar_t *pasted = malloc((CLIBEDIT_LONGEST_PASTE + end_count) * sizeof *pasted);
    if (!pasted) return CC_ERROR;
    size_t count = 0;
    wchar_t character;
    bool is_closed = false;
    while (!is_closed && el_wgetc(line, &character) == 1) {
        if (count == CLIBEDIT_LONGEST_PASTE) {
            // The rest is read and dropped; the last characters are kept to find the end.
            memmove(pasted + count - end_count, pasted + count - end_count + 1, (end_count - 1) * sizeof *pasted);
            count--;
        }
        pasted[count++] = character;
        is_closed = count >= end_count && wmemcmp(pasted + count - end_count, end, end_count) == 0;
    }
    if (is_closed) count -= end_count;
    char *text = clibedit_narrow(pasted, count);
    free(pasted);
    char *clean = text ? editor->callbacks.clean_paste(editor->callbacks.context, text) : NULL;
    wchar_t *wide = clean ? clibedit_widen(clean) : NULL;
    bool is_inserted = wide && el_winsertstr(line, wide) == 0;
    free(text);
    free(clean);
    free(wide);
    return is_inserted ? CC_REFRESH : CC_REFRESH_BEEP;
}

// Making and reading

static void clibedit_bind(EditLine *line, const wchar_t *key, const wchar_t *function) {
    el_wset(line, EL_BIND, key, function, NULL);
}

static void clibedit_bind_keys(EditLine *line) {
    el_wset(line, EL_ADDFN, L"notebook-complete", L"Complete", clibedit_on_tab);
    el_wset(line, EL_ADDFN, L"notebook-enter", L"Finish, or begin another line", clibedit_on_enter);
    el_wset(line, EL_ADDFN, L"notebook-newline", L"Begin another line", clibedit_on_newline);
    el_wset(line, EL_ADDFN, L"notebook-up", L"Line above, or older input", clibedit_on_up);
    el_wset(line, EL_ADDFN, L"notebook-down", L"Line below, or newer input", clibedit_on_down);
    el_wset(line, EL_ADDFN, L"notebook-paste", L"Insert a paste", clibedit_on_paste);
    clibedit_bind(line, CLIBEDIT_KEY_FINISH, L"ed-newline");
    clibedit_bind(line, CLIBEDIT_KEY_OLDER, L"ed-prev-history");
    clibedit_bind(line, CLIBEDIT_KEY_NEWER, L"ed-next-history");
    clibedit_bind(line, L"^I", L"notebook-complete");
    clibedit_bind(line, L"^J", L"notebook-enter");
    clibedit_bind(line, L"^M", L"notebook-enter");
    clibedit_bind(line, L"\\e\n", L"notebook-newline");
    clibedit_bind(line, L"\\e\r", L"notebook-newline");
    clibedit_bind(line, L"\\e[200~", L"notebook-paste");
    clibedit_bind(line, L"\\e[A", L"notebook-up");
    clibedit_bind(line, L"\\eOA", L"notebook-up");
    clibedit_bind(line, L"\\e[B", L"notebook-down");
    clibedit_bind(line, L"\\eOB", L"notebook-down");
    clibedit_bind(line, L"^R", L"em-inc-search-prev");
    clibedit_bind(line, L"\\e[3~", L"ed-delete-next-char");
    clibedit_bind(line, L"\\e[H", L"ed-move-to-beg");
    clibedit_bind(line, L"\\e[F", L"ed-move-to-end");
    clibedit_bind(line, L"\\e[1;5D", L"ed-prev-word");
    clibedit_bind(line, L"\\e[1;5C", L"em-next-word");
}

/// libedit drops everything beyond ASCII in a locale that is not UTF-8.
static void clibedit_choose_locale(void) {
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) setlocale(LC_CTYPE, "C.UTF-8");
}

clibedit_editor *clibedit_make(const char *program, clibedit_callbacks callbacks) {
    clibedit_choose_locale();
    clibedit_editor *editor = calloc(1, sizeof *editor);
    if (!editor) return NULL;
    editor->callbacks = callbacks;
    editor->history = history_winit();
    editor->line = el_init(program, stdin, stdout, stderr);
    if (!editor->line || !editor->history) {
        clibedit_free(editor);
        return NULL;
    }
    HistEventW event;
    history_w(editor->history, &event, H_SETSIZE, CLIBEDIT_HISTORY_SIZE);
    history_w(editor->history, &event, H_SETUNIQUE, 1);
    el_wset(editor->line, EL_CLIENTDATA, editor);
    el_wset(editor->line, EL_PROMPT_ESC, clibedit_prompt, L'\1');
    el_wset(editor->line, EL_EDITOR, L"emacs");
    el_wset(editor->line, EL_SIGNAL, 0);
    el_wset(editor->line, EL_HIST, history_w, editor->history);
    el_wset(editor->line, EL_GETCFN, clibedit_get_character);
    clibedit_bind_keys(editor->line);
    return editor;
}

void clibedit_free(clibedit_editor *editor) {
    if (!editor) return;
    if (editor->line) el_end(editor->line);
    if (editor->history) history_wend(editor->history);
    free(editor->prompt);
    free(editor);
}

clibedit_event clibedit_read(clibedit_editor *editor, const char *prompt, char **text) {
    static const char paste_on[] = "\x1b[?2004h", paste_off[] = "\x1b[?2004l";
    *text = NULL;
    free(editor->prompt);
    editor->prompt = clibedit_widen(prompt);
    if (!editor->prompt) return CLIBEDIT_FAILED;
    editor->was_interrupted = false;
    fputs(paste_on, stdout);
    fflush(stdout);
    // libedit would do so at the first key only; what is typed before would be the kernel's, which erases bytes.
    el_wset(editor->line, EL_PREP_TERM, 1);
    int count = 0;
    errno = 0;
    const wchar_t *line = el_wgets(editor->line, &count);
    int failure = errno;
    fputs(paste_off, stdout);
    fflush(stdout);
    if (editor->was_interrupted) {
        el_reset(editor->line);
        return CLIBEDIT_INTERRUPTED;
    }
    if (!line || count <= 0) {
        errno = failure;
        return count < 0 ? CLIBEDIT_FAILED : CLIBEDIT_END;
    }
    while (count > 0 && line[count - 1] == L'\n') count--;
    *text = clibedit_narrow(line, (size_t)count);
    return *text ? CLIBEDIT_LINE : CLIBEDIT_FAILED;
}

void clibedit_replace(clibedit_editor *editor, int character_count, const char *text) {
    wchar_t *wide = clibedit_widen(text);
    if (!wide) return;
    if (character_count > 0) el_wdeletestr(editor->line, character_count);
    el_winsertstr(editor->line, wide);
    free(wide);
}

void clibedit_remember(clibedit_editor *editor, const char *text) {
    wchar_t *wide = clibedit_widen(text);
    if (!wide) return;
    HistEventW event;
    history_w(editor->history, &event, H_ENTER, wide);
    free(wide);
}

char *clibedit_read_hidden(const char *prompt) {
    struct termios before, hidden;
    if (tcgetattr(STDIN_FILENO, &before) != 0) return NULL;
    hidden = before;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    hidden.c_lflag |= ECHONL;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    fputs(prompt, stdout);
    fflush(stdout);
    char *text = NULL;
    size_t size = 0;
    ssize_t count = getline(&text, &size, stdin);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    clearerr(stdin);
    if (count > 0 && text[count - 1] == '\n') text[--count] = 0;
    if (count > 0) return text;
    free(text);
    return NULL;
}
