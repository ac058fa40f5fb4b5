/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pattern: a regular expression, searched anywhere in a text.
 *
 *     struct pattern_error error;
 *     if (pattern_compile(&p, STR("^/static/|\\.png$"), &error) == 0)
 *             ... pattern_found(&p, path) ...
 *
 * The language is that of Python's `re`, on bytes: . [a-z] [^a-z] \d \w \s \b and their capitals,
 * * + ? {m,n} and their lazy forms (which change nothing in a yes or no), | ( ) (?: ) (?P<name> ),
 * ^ $ \A \Z, (?i) (?s) (?m), \x41 and the other escapes. What can't be searched in linear time, or
 * changes what is found by how it is found, is an error: references, looking around, atomic groups.
 * A letter beyond ASCII is the bytes that it is written in. {m\,n} is {m,n}, for lists with commas.
 *
 * All of a pattern lies in the caller's struct. Compiling needs little stack and no allocation;
 * searching needs no recursion, and looks at each byte once and at most at all states for it, so
 * that no pattern and no text is slow. Guests use it; any thread, signal-safe.
 */
#pragma once

#include "base/str.h"

enum {
	PATTERN_STATES = 256, /* more is "too large" */
	PATTERN_CLASSES = 24, /* distinct sets of bytes */
	PATTERN_NESTING = 16, /* groups within groups */
};

struct pattern_state {
	uint8_t op, arg;
	int16_t to; /* relative */
};

struct pattern {
	uint16_t n;
	uint8_t n_classes;
	bool anchored;	   /* can only begin where the text does */
	bool skips;	   /* never matches nothing, and so begins with one of `first` */
	bool literal;	   /* its states are bytes in a row: just a text to be found */
	uint8_t first[32]; /* bit sets of bytes, as are the classes */
	uint8_t class[PATTERN_CLASSES][32];
	struct pattern_state state[PATTERN_STATES];
};

struct pattern_error {
	size_t at;	  /* byte of the text, from 0 */
	const char *says; /* static */
};

/* 0, or -1 and `error`; then the pattern is not to be used. */
int pattern_compile(struct pattern *p, struct str text, struct pattern_error *error);

bool pattern_found(const struct pattern *p, struct str text);

/* How many states a search visits: what it costs, for tests. */
uint64_t pattern_steps(const struct pattern *p, struct str text);
