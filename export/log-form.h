/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log form: how a service wants its log lines, from its settings.
 *
 *     struct log_form form;
 *     log_form_read(&form, &settings, terminal, colour, wrong);     wrong: what made no sense
 *     log_form_write(&form, &out, record, resource);                one line, ended by '\n'
 *
 * ORIEL_LOG_FORMAT, else LOG_FORMAT: json, logfmt, console, text, none. Neither: console where a
 * terminal is, else json. ORIEL_LOG_PROFILE: the keys. A form belongs to one thread.
 *
 * No byte of a record can end a line, or make a terminal act: what isn't UTF-8 becomes U+FFFD in
 * JSON, elsewhere \xNN; control characters and what counts as a line's end somewhere are escapes.
 */
#pragma once

#include "base/out.h"
#include "export/log-line.h"
#include "model/settings.h"

enum log_format { LOG_JSON, LOG_LOGFMT, LOG_CONSOLE, LOG_TEXT, LOG_NONE };

struct log_form {
	enum log_format format;
	const struct log_profile *profile;
	bool colour;
	struct log_clock clock;
	struct log_line line;
};

enum { LOG_WRONG_ROOM = 200 };

/* `wrong` is empty, or one sentence about what was ignored. */
void log_form_read(struct log_form *f, const struct settings *s, bool terminal, bool colour,
		   char wrong[LOG_WRONG_ROOM]);

void log_form_write(struct log_form *f, struct out *o, const struct log_record *record,
		    const struct resource *resource);

bool log_format_is_none(struct str name);

/* ORIEL_LOG_X, else LOG_X; `name` is ORIEL_LOG_X. */
struct str log_setting(const struct settings *s, const char *name);

/* Formats: each is a file of its own. */
void log_write_json(struct out *o, const struct log_line *l);
void log_write_logfmt(struct out *o, const struct log_line *l);
void log_write_text(struct out *o, const struct log_line *l);
