#pragma once

/// A line editor over libedit's wide interface: UTF-8 in and out, several lines in one input, paste as one piece.
///
/// It is C because libedit's settings take variable arguments and its callbacks find their owner through libedit.
/// Texts are UTF-8 and end in zero. Nothing here prints except what the user edits.

#include <stdbool.h>

/// One editor on standard input and output; clibedit_free gives it back.
typedef struct clibedit_editor clibedit_editor;

/// What ended the reading of an input.
typedef enum {
    /// The user finished the input.
    CLIBEDIT_LINE,
    /// The user left, or standard input ended.
    CLIBEDIT_END,
    /// The user pressed Ctrl-C.
    CLIBEDIT_INTERRUPTED,
    /// The system failed; errno tells why.
    CLIBEDIT_FAILED,
} clibedit_event;

/// What a signal that interrupted waiting for a key was about.
typedef enum {
    CLIBEDIT_NO_SIGNAL,
    CLIBEDIT_RESIZED,
    CLIBEDIT_WAS_INTERRUPTED,
} clibedit_signal;

/// What the Tab key did.
typedef enum {
    /// Nothing fits: a beep.
    CLIBEDIT_NOTHING,
    /// The input was changed.
    CLIBEDIT_CHANGED,
    /// Something was printed below the input, which is drawn again.
    CLIBEDIT_PRINTED,
} clibedit_completion;

/// What the editor asks of its owner; context is handed back as it was given.
typedef struct {
    void *context;
    /// Completes the text before the cursor; may call clibedit_replace.
    clibedit_completion (*complete)(void *context, const char *text_before_cursor);
    /// Whether Enter begins another line because the text is not whole yet.
    bool (*is_unfinished)(void *context, const char *text);
    /// A pasted text as it is to be inserted; allocated by malloc, freed by the editor; NULL inserts nothing.
    char *(*clean_paste)(void *context, const char *text);
    /// Takes note of signals that came.
    clibedit_signal (*take_signal)(void *context);
} clibedit_callbacks;

/// Makes an editor, or returns NULL when libedit cannot use the terminal. Sets the locale's character type.
clibedit_editor *clibedit_make(const char *program, clibedit_callbacks callbacks);
/// Gives the editor back and the terminal as it was.
void clibedit_free(clibedit_editor *editor);
/// Reads one input. *text is allocated by malloc and belongs to the caller; it is NULL unless the event is a line.
/// The prompt may hold escape sequences between \1 bytes.
clibedit_event clibedit_read(clibedit_editor *editor, const char *prompt, char **text);
/// Replaces characters before the cursor by a text; only while completing.
void clibedit_replace(clibedit_editor *editor, int character_count, const char *text);
/// Adds an input to what the arrow keys and Ctrl-R find.
void clibedit_remember(clibedit_editor *editor, const char *text);
/// Asks for a line without showing it; allocated by malloc, NULL when nothing was entered.
char *clibedit_read_hidden(const char *prompt);
