#pragma once

#include <stddef.h>
#include <wchar.h>

/// UTF-8 as wide characters, whatever the locale; allocated by malloc. Bytes that are no UTF-8 become U+FFFD.
wchar_t *clibedit_widen(const char *text);
/// Wide characters as UTF-8; allocated by malloc.
char *clibedit_narrow(const wchar_t *text, size_t count);
/// How many bytes follow the first byte of a UTF-8 character; -1 when it begins none.
int clibedit_following(unsigned char first);
/// Takes a character's bits together: the first byte, then each following one.
wchar_t clibedit_first_bits(unsigned char first);
